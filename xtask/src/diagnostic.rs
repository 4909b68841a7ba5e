//! Diagnostics: what is wrong in a file that the user wrote, where, and how to fix it.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::support::suggest::suggest;

/// An error at one place of a file.
#[derive(Debug)]
pub struct Diagnostic {
    /// What is wrong, without a period.
    pub message: String,
    /// The bytes of the file at which the diagnostic points.
    pub span: Range<usize>,
    /// What the user can do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without help. `span` is in bytes.
    pub fn new(message: impl Into<String>, span: Range<usize>) -> Diagnostic {
        Diagnostic { message: message.into(), span, help: None }
    }

    /// Adds help, or replaces it.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// The diagnostic for an error in the TOML file `text`: of its syntax, or of a type or key. For an
    /// unknown key that is similar to one of `keys`, the help suggests that one.
    pub fn of_toml(text: &str, error: &toml::de::Error, keys: &[&str]) -> Diagnostic {
        let span = error.span().unwrap_or(0..0);
        let diagnostic = Diagnostic::new(error.message().trim(), span.clone());
        if error.message() == "duplicate key" {
            return duplicate(text, diagnostic);
        }
        if error.message().starts_with("unknown field") {
            let written = text.get(span).unwrap_or_default().trim_matches(['"', '\'']);
            if let Some(similar) = suggest(written, keys.iter().copied()) {
                return diagnostic.help(format!("did you mean `{similar}`?"));
            }
        }
        diagnostic
    }
}

/// Completes the diagnostic for a table or key that is in the file twice: which one, and where the first is.
fn duplicate(text: &str, mut diagnostic: Diagnostic) -> Diagnostic {
    let name = text.get(diagnostic.span.clone()).unwrap_or_default().trim_matches(['[', ']', '"', '\'']);
    let start = diagnostic.span.start.min(text.len());
    let at = text[..start].matches('\n').count();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let is_table = |line: &str| line.starts_with('[') && line.trim_matches(['[', ']']).trim() == name;
    let is_key = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='));
    let (noun, first) = match lines.get(at).is_some_and(|line| line.starts_with('[')) {
        true => ("table", lines[..at].iter().position(|line| is_table(line))),
        false => ("key", lines.iter().take(at).rposition(|line| is_key(line))),
    };
    diagnostic.message = format!("duplicate {noun} `{name}`");
    match first {
        Some(first) => {
            diagnostic.help(format!("the first one is in line {}; rename or remove one", first + 1))
        }
        None => diagnostic,
    }
}

/// Draws an error that has no place in a file, such as an error about a directory.
pub fn plain(message: &str) -> String {
    format!("error: {message}")
}

/// Draws the diagnostics of the file `text` as rustc does, each with its line, its column and the text at
/// which it points. `path` is shown as given. A span that ends after the end of the text is shortened.
pub fn draw(path: &Path, text: &str, diagnostics: &[Diagnostic]) -> String {
    let path = path.display().to_string();
    let groups: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| {
            let end = diagnostic.span.end.min(text.len());
            let span = diagnostic.span.start.min(end)..end;
            let snippet = Snippet::source(text).path(&path).annotation(AnnotationKind::Primary.span(span));
            let group = Level::ERROR.primary_title(&diagnostic.message).element(snippet);
            let help = diagnostic.help.as_deref().map(|help| Level::HELP.message(help));
            group.elements(help)
        })
        .collect();
    Renderer::plain().render(&groups)
}
