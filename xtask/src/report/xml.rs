//! What the JUnit reports share: how text is escaped in XML, and how the file is written.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::{Result, anyhow};

use crate::exit;
use crate::support::escape::without_controls;

/// Checks that a report can be written to `path`: it is a regular file that may be written, or one can be created there.
/// Called before a run, this saves the user the run.
///
/// # Errors
/// If not. The exit code is [`exit::USAGE`].
pub fn check(path: &Path) -> Result<()> {
    can_write(path).map_err(|error| exit::error(exit::USAGE, message(path, &error)))
}

/// Writes a report.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, xml: &str) -> Result<()> {
    // A program of the run may have put a FIFO there meanwhile, at which opening would wait for ever.
    let written = can_write(path).and_then(|()| fs::write(path, xml));
    written.map_err(|error| anyhow!(message(path, &error)))
}

fn message(path: &Path, error: &io::Error) -> String {
    format!("cannot write {}: {error}\nhelp: name a file with --junit", path.display())
}

fn can_write(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"))
        }
        Ok(_) => File::options().append(true).open(path).map(drop),
        Err(error) if error.kind() == ErrorKind::NotFound => match File::create_new(path) {
            Ok(_) => fs::remove_file(path),
            // A link to a file that does not exist.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Escapes text for XML, in an element or in an attribute.
///
/// Hidden characters except line feeds are spelled, such as `\u{1b}`. With them go all characters that XML does not
/// allow, also as references (XML 1.0, section 2.2, "Characters").
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in without_controls(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            // `]]>` is not allowed in text.
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Which noncharacters are hidden depends on the Unicode of the standard library.
            '\u{fffe}' | '\u{ffff}' => escaped.extend(c.escape_unicode()),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Draws the element of JUnit that says why there is no result.
pub fn error(why: &str) -> String {
    format!("<error message=\"{}\">{}</error>", escape(why.lines().next().unwrap_or_default()), escape(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Char` in XML 1.0, section 2.2.
    fn is_allowed(c: char) -> bool {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    }

    #[test]
    fn no_character_is_left_that_xml_does_not_allow() {
        for c in '\0'..=char::MAX {
            let escaped = escape(&c.to_string());
            assert!(escaped.chars().all(is_allowed), "{c:?}: {escaped:?}");
        }
        assert_eq!(
            escape("\u{1b}[2J]]> \"a\" <b> & \u{fffe}\u{ffff}\n\u{fffd}ü"),
            "\\u{1b}[2J]]&gt; &quot;a&quot; &lt;b&gt; &amp; \\u{fffe}\\u{ffff}\n\u{fffd}ü"
        );
    }

    #[test]
    fn a_report_is_written_only_to_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("report.xml");
        check(&file).unwrap();
        assert!(!file.exists(), "the check has left a file");
        write(&file, "<a/>").unwrap();
        check(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "<a/>");
        for path in [directory.path().into(), directory.path().join("absent/report.xml")] {
            assert!(check(&path).is_err() && write(&path, "").is_err(), "{}", path.display());
        }
        #[cfg(unix)]
        {
            let link = directory.path().join("link");
            std::os::unix::fs::symlink("target.xml", &link).unwrap();
            check(&link).unwrap();
            write(&link, "<b/>").unwrap();
            assert_eq!(fs::read_to_string(directory.path().join("target.xml")).unwrap(), "<b/>");
            assert!(check(Path::new("/dev/null")).is_err());
        }
    }
}
