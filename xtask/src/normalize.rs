//! Normalization: what differs from run to run or from machine to machine, and nothing else,
//! gets one spelling before outcomes are grouped.
//!
//! Every rewrite hides something, so there are few, each with its reason and its test. To add one,
//! add an entry to [`REWRITES`] and a test that shows what it does.

use std::path::Path;
use std::sync::LazyLock;

use regex_lite::Regex;

use crate::cases::{PORT, Redaction};
use crate::fixture;
use crate::outcome::{Outcome, Stream};
use crate::process::{End, Ran};
use crate::run::Raw;
use crate::scratch::CWD;
use crate::target::Target;
use crate::text::visible;
use crate::wasmtime::{self, Ending};

/// Where on this machine a run took place, as far as a program can come to see it.
#[derive(Clone, Debug)]
pub struct Places {
    /// Paths and their spellings.
    paths: Vec<(String, &'static str)>,
    /// The port on which the run's peer listened, if it had one.
    port: Option<u16>,
}

impl Places {
    /// `artifacts` is the folder of the cell's program, `cwd` the one in which it ran.
    pub fn new(cwd: &Path, artifacts: &Path, root: &Path) -> Places {
        let mut places = Vec::new();
        for (path, spelling) in [(cwd, "{cwd}"), (artifacts, "{bin}"), (root, "{workspace}")] {
            let plain = visible(path.as_os_str().as_encoded_bytes());
            // Programs also print paths with `{:?}`, which escapes some characters.
            let quoted = format!("{path:?}");
            let quoted = visible(quoted.trim_matches('"').as_bytes());
            if quoted != plain {
                places.push((quoted, spelling));
            }
            places.push((plain, spelling));
        }
        // A path may be the beginning of another; the longer one is meant where it stands.
        places.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        Places { paths: places, port: None }
    }

    /// The same with the port of a peer.
    pub fn at_port(self, port: Option<u16>) -> Places {
        Places { port, ..self }
    }
}

/// The rewrites of visible text, each with its reason.
const REWRITES: &[fn(&str, &Places) -> String] =
    &[paths, thread_ids, library_sources, crate_sources, backtraces, ports];

/// Scratch, build and workspace folders differ from clone to clone.
fn paths(text: &str, places: &Places) -> String {
    places.paths.iter().fold(text.to_string(), |text, (path, spelling)| text.replace(path, spelling))
}

/// std prints the operating system's number of a thread that panics.
fn thread_ids(text: &str, _: &Places) -> String {
    static THREAD: LazyLock<Regex> = LazyLock::new(|| regex(r"(?m)^thread '([^'\n]*)' \(\d+\) "));
    THREAD.replace_all(text, "thread '$1' ").into_owned()
}

/// Paths of the standard library's sources hold the hash of the compiler's commit; where rustup has
/// the component rust-src, they are those of its files instead.
fn library_sources(text: &str, _: &Places) -> String {
    static SOURCES: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"/rustc/[0-9a-f]{40}/|/[^\s'":]*/lib/rustlib/src/rust/"#));
    SOURCES.replace_all(text, "/rustc/{hash}/").into_owned()
}

/// cargo keeps the sources of crates in its home, in a folder named after the registry.
fn crate_sources(text: &str, _: &Places) -> String {
    static SOURCES: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"/[^\s'":]*/registry/src/[^\s'":/]+-[0-9a-f]{16}/"#));
    SOURCES.replace_all(text, "{registry}/").into_owned()
}

/// Backtraces of wasmtime hold offsets, hashes and mangled names.
fn backtraces(text: &str, _: &Places) -> String {
    wasmtime::without_backtrace(text)
}

/// The system chooses another port for each peer. Only as the end of an address, behind its colon:
/// elsewhere the same digits may be a number that just happens to be the port's.
fn ports(text: &str, places: &Places) -> String {
    let Some(port) = places.port else { return text.to_string() };
    let (port, spelled) = (format!(":{port}"), format!(":{PORT}"));
    let mut parts = text.split(&port);
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |text, rest| {
        let ends_there = !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        text + if ends_there { &spelled } else { &port } + rest
    })
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of this file is a regular expression")
}

/// Spells bytes visibly and applies all rewrites, then what the case redacts.
fn text(bytes: &[u8], places: &Places, redact: &[Redaction]) -> String {
    let text = REWRITES.iter().fold(visible(bytes), |text, rewrite| rewrite(&text, places));
    redacted(text, redact)
}

fn redacted(text: String, redact: &[Redaction]) -> String {
    redact.iter().fold(text, |text, redaction| {
        redaction.pattern.replace_all(&text, redaction.with.as_str()).into_owned()
    })
}

/// The outcome of a run on `target`.
pub fn outcome(raw: &Raw, target: Target, places: &Places, redact: &[Redaction]) -> Outcome {
    let (exit, stderr) = end(raw, target);
    let exit = if raw.ran.left_running { format!("{exit}, left processes running") } else { exit };
    let stream = |bytes| {
        let (bytes, cut) = if raw.ran.end == End::TooMuchOutput { beginning(bytes) } else { (bytes, false) };
        Stream { text: text(bytes, places, redact), cut }
    };
    let files = fixture::draw_changes(&raw.changes, CWD);
    Outcome {
        exit: text(exit.as_bytes(), places, redact),
        stdout: stream(&raw.ran.stdout),
        stderr: stream(stderr),
        files: redacted(ports(&paths(&files, places), places), redact),
    }
}

/// The beginning of a stream that was too long, up to the end of a line if there is one, and
/// whether that is not all of it.
fn beginning(bytes: &[u8]) -> (&[u8], bool) {
    const SHOWN: usize = 1024;
    if bytes.len() <= SHOWN {
        return (bytes, false);
    }
    let end = bytes[..SHOWN].iter().rposition(|byte| *byte == b'\n').map_or(SHOWN, |at| at + 1);
    (&bytes[..end], true)
}

/// The outcome of a cell whose program, or a module that it needs, does not build.
pub fn outcome_of_failed_build(error: &str, places: &Places, redact: &[Redaction]) -> Outcome {
    Outcome::does_not_build(&text(error.as_bytes(), places, redact))
}

/// The outcome of a cell whose components do not fit each other.
pub fn outcome_of_misfit(reason: &str, places: &Places, redact: &[Redaction]) -> Outcome {
    Outcome::does_not_compose(&text(reason.as_bytes(), places, redact))
}

/// How a run ended, and what of its stderr belongs to the program: wasmtime's report of a trap or
/// of a refusal is told by the end already.
fn end(raw: &Raw, target: Target) -> (String, &[u8]) {
    let (ran, stderr) = (&raw.ran, raw.ran.stderr.as_slice());
    if let End::Exit(code) = ran.end
        && target.is_wasm()
    {
        match wasmtime::read_end(code, &ran.stdout, stderr) {
            Ending::Exit => {}
            Ending::Trap { what, report_at } => return (format!("trap: {what}"), &stderr[..report_at]),
            Ending::PerhapsRefused(reason) => {
                // What happens just the same without a guest was not the guest's doing.
                let same = |again: &Ran| {
                    (again.end, &again.stdout, &again.stderr) == (ran.end, &ran.stdout, &ran.stderr)
                };
                if raw.without_guest.as_ref().is_some_and(same) {
                    return (format!("refused: {reason}"), &[]);
                }
            }
        }
    }
    (ran.end.to_string(), stderr)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn places() -> Places {
        Places::new(
            Path::new("/clone/target/parallax/scratch/cat.sample.default.native/cwd"),
            Path::new("/clone/target/x86_64-unknown-linux-gnu/example"),
            Path::new("/clone"),
        )
    }

    #[track_caller]
    fn check(bytes: &str, picture: &str) {
        assert_eq!(text(bytes.as_bytes(), &places(), &[]), picture);
    }

    #[test]
    fn paths_of_this_machine() {
        check("at /clone/target/parallax/scratch/cat.sample.default.native/cwd/x\n", "at {cwd}/x\n");
        check("/clone/target/x86_64-unknown-linux-gnu/example/cat\n", "{bin}/cat\n");
        check("/clone/examples/cat/src/main.rs\n", "{workspace}/examples/cat/src/main.rs\n");
        check("/other\n", "/other\n");
    }

    #[test]
    fn paths_in_quotes() {
        let places = Places::new(Path::new("/a \"b\"/cwd"), Path::new("/bin"), Path::new("/root"));
        assert_eq!(
            text(b"{\"/a \\\"b\\\"/cwd/x\"} /a \"b\"/cwd/y\n", &places, &[]),
            "{\"{cwd}/x\"} {cwd}/y\n"
        );
    }

    #[test]
    fn ids_of_threads() {
        check(
            "\nthread 'main' (9111) panicked at a.rs:3:17:\nboom\n",
            "\nthread 'main' panicked at a.rs:3:17:\nboom\n",
        );
        check("\nthread 'main' (7) has overflowed its stack\n", "\nthread 'main' has overflowed its stack\n");
        check("the thread 'main' (7) is mine\n", "the thread 'main' (7) is mine\n");
    }

    #[test]
    fn sources_of_the_library() {
        let hash = "59807616e1b2c3d4e5f60718293a4b5c6d7e8f90";
        check(&format!("at /rustc/{hash}/library/core\n"), "at /rustc/{hash}/library/core\n");
        check(
            "panicked at /home/x/.rustup/toolchains/y/lib/rustlib/src/rust/library/std/src/a.rs:1:2:\n",
            "panicked at /rustc/{hash}/library/std/src/a.rs:1:2:\n",
        );
    }

    #[test]
    fn sources_of_crates() {
        check(
            "panicked at /home/x/.cargo/registry/src/example.org-1949cf8c6b5b557f/dirs-6.0.0/src/lib.rs:1:2:\n",
            "panicked at {registry}/dirs-6.0.0/src/lib.rs:1:2:\n",
        );
    }

    #[test]
    fn port_of_the_peer() {
        let places = places().at_port(Some(40123));
        let check = |bytes: &[u8], picture: &str| assert_eq!(text(bytes, &places, &[]), picture);
        check(b"127.0.0.1:40123 and [::1]:40123\n", "127.0.0.1:{port} and [::1]:{port}\n");
        check(b"http://localhost:40123/:40123", "http://localhost:{port}/:{port}");
        check(
            b"40123 bytes, :401234, :40123a, :4012, 0:40124\n",
            "40123 bytes, :401234, :40123a, :4012, 0:40124\n",
        );
        assert_eq!(text(b"127.0.0.1:40123\n", &places.clone().at_port(None), &[]), "127.0.0.1:40123\n");
    }

    #[test]
    fn redactions_see_visible_text() {
        let redact = [Redaction { pattern: Regex::new(r"\\t(\d+)").unwrap(), with: "<$1>".into() }];
        assert_eq!(text(b"a\t42\n", &places(), &redact), "a<42>\n");
    }

    fn raw(stderr: &str, code: i32, without_guest: Option<(&str, i32)>) -> Raw {
        let ran = |stderr: &str, code| Ran {
            end: End::Exit(code),
            stdout: Vec::new(),
            stderr: stderr.into(),
            left_running: false,
        };
        let without_guest = without_guest.map(|(stderr, code)| ran(stderr, code));
        Raw {
            ran: ran(stderr, code),
            without_guest,
            changes: Vec::new(),
            took: Duration::ZERO,
            plain: String::new(),
            port: None,
        }
    }

    #[test]
    fn a_guest_cannot_feign_a_refusal() {
        let message = "Error: mine\n";
        let guests = raw(message, 1, Some(("Error: failed to run main module\n", 134)));
        assert_eq!(end(&guests, Target::WASIP1), ("exit 1".into(), message.as_bytes()));
        let refused = raw(message, 1, Some((message, 1)));
        assert_eq!(end(&refused, Target::WASIP1), ("refused: mine".into(), b"".as_slice()));
        assert_eq!(end(&raw(message, 1, None), Target::NATIVE), ("exit 1".into(), message.as_bytes()));
    }

    #[test]
    fn too_much_is_cut_at_a_line() {
        let lines = b"yes\n".repeat(1000);
        assert_eq!(beginning(&lines), (&lines[..1024], true));
        assert_eq!(beginning(&lines[1..]), (&lines[1..1024], true));
        assert_eq!(beginning(b"short"), (b"short".as_slice(), false));
        assert_eq!(beginning(&[b'x'; 2000]).0.len(), 1024);
    }

    #[test]
    fn codes_of_native_programs_mean_nothing_special() {
        assert_eq!(end(&raw("", 134, None), Target::NATIVE), ("exit 134".into(), b"".as_slice()));
    }
}
