//! Normalization: replaces what differs from run to run or from machine to machine, and nothing else,
//! before outcomes are compared.
//!
//! Every rewrite hides something, so there are only a few, each with a reason and a test. To add one,
//! add a function to [`REWRITES`] and a test that shows what it does.

use std::path::Path;
use std::sync::LazyLock;

use regex_lite::Regex;

use crate::discover::directory::{DEEPEST, LONGEST};
use crate::host::seam::{Ending, Host};
use crate::model::case::{MOUNT, PORT, Redaction};
use crate::model::outcome::{self, FileChange, FileKind, Outcome, Stream};
use crate::model::tree::{Change, ChangeKind, Entry, USUAL_MODE};
use crate::process::{self, End, Ran};
use crate::run::cells::Raw;
use crate::run::scratch::CWD;
use crate::support::escape::{visible, with_visible_ends};
use crate::support::hash::fnv_1a;

/// Values that only this machine or this run has, and that a program may print.
#[derive(Clone, Debug)]
pub struct Locals {
    /// Paths, each with the placeholder that replaces it.
    paths: Vec<(String, &'static str)>,
    /// The port on which the run's peer listened, if it had one.
    port: Option<u16>,
}

impl Locals {
    /// `cwd` is the directory in which the cell's program ran, `artifacts` the one in which cargo put the
    /// program, and `root` that of the workspace.
    pub fn new(cwd: &Path, artifacts: &Path, root: &Path) -> Locals {
        let mut locals = Vec::new();
        for (path, placeholder) in [(cwd, "{cwd}"), (artifacts, "{bin}"), (root, "{workspace}")] {
            let plain = visible(path.as_os_str().as_encoded_bytes());
            // Programs also print paths with `{:?}`, which escapes some characters.
            let quoted = format!("{path:?}");
            let quoted = visible(quoted.trim_matches('"').as_bytes());
            if quoted != plain {
                locals.push((quoted, placeholder));
            }
            locals.push((plain, placeholder));
        }
        // A path may be the start of another path, so longer paths are replaced first.
        locals.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        Locals { paths: locals, port: None }
    }

    /// Adds the cell's directory on another mount.
    pub fn with_mount(mut self, mount: &Path) -> Locals {
        let path = visible(mount.as_os_str().as_encoded_bytes());
        let at = self.paths.partition_point(|(other, _)| other.len() >= path.len());
        self.paths.insert(at, (path, MOUNT));
        self
    }

    /// Adds the port of the cell's peer, if it has one.
    pub fn at_port(self, port: Option<u16>) -> Locals {
        Locals { port, ..self }
    }
}

/// The rewrites of visible text, in this order. A search for a regular expression takes seconds in a few
/// megabytes, so each rewrite first looks for a part of what it replaces.
const REWRITES: &[fn(&str, &Locals) -> String] = &[paths, thread_ids, library_sources, crate_sources, ports];

/// The paths of the scratch, build and workspace directories differ from clone to clone.
fn paths(text: &str, locals: &Locals) -> String {
    locals.paths.iter().fold(text.to_string(), |text, (path, placeholder)| text.replace(path, placeholder))
}

/// std prints the id that the operating system gave to a thread that panics or overflows its stack.
fn thread_ids(text: &str, _: &Locals) -> String {
    static THREAD: LazyLock<Regex> = LazyLock::new(|| regex(r"(?m)^thread '([^'\n]*)' \(\d+\) "));
    if !text.contains("thread '") {
        return text.into();
    }
    THREAD.replace_all(text, "thread '$1' ").into_owned()
}

/// Paths of the standard library's sources contain the commit hash of the compiler. If the component
/// rust-src is installed, they are the paths of its files instead. The line and column in such a file change
/// with every release of Rust and say nothing about the program; the file tells which part of std it was.
fn library_sources(text: &str, _: &Locals) -> String {
    static SOURCES: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"/rustc/[0-9a-f]{40}/|/[^\s'":]*/lib/rustlib/src/rust/"#));
    static PLACES: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"(/rustc/\{hash\}/library/[^\s'":]*\.rs):\d+(:\d+)?"#));
    if !text.contains("/rustc/") && !text.contains("/lib/rustlib/src/rust/") {
        return text.into();
    }
    let text = SOURCES.replace_all(text, "/rustc/{hash}/");
    PLACES.replace_all(&text, "$1:{line}").into_owned()
}

/// cargo keeps the sources of crates in its home directory, in a directory named after the registry.
fn crate_sources(text: &str, _: &Locals) -> String {
    static SOURCES: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"/[^\s'":]*/registry/src/[^\s'":/]+-[0-9a-f]{16}/"#));
    if !text.contains("/registry/src/") {
        return text.into();
    }
    SOURCES.replace_all(text, "{registry}/").into_owned()
}

/// The operating system chooses another port for each peer. It is replaced only at the end of an address,
/// after a colon: elsewhere the same digits may be another number.
fn ports(text: &str, locals: &Locals) -> String {
    let Some(port) = locals.port else { return text.to_string() };
    let (port, placeholder) = (format!(":{port}"), format!(":{PORT}"));
    let mut parts = text.split(&port);
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |text, rest| {
        let ends_there = !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        text + if ends_there { &placeholder } else { &port } + rest
    })
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns in this file are valid")
}

/// How the text of an outcome is normalized.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The host of the cell, which knows its own messages.
    pub host: &'a dyn Host,
    /// The values to replace by placeholders.
    pub locals: &'a Locals,
    /// The redactions of the case.
    pub redact: &'a [Redaction],
}

impl Rules<'_> {
    /// Makes all bytes visible, applies all rewrites, and then the redactions of the case.
    fn text(&self, bytes: &[u8]) -> String {
        let text = self.host.stable_report(&visible(bytes));
        self.redacted(REWRITES.iter().fold(text, |text, rewrite| rewrite(&text, self.locals)))
    }

    /// The same for names and contents of files, which contain no messages of std or of a host.
    fn of_file(&self, bytes: &[u8]) -> String {
        self.redacted(ports(&paths(&visible(bytes), self.locals), self.locals))
    }

    fn redacted(&self, text: String) -> String {
        if self.redact.is_empty() {
            return text;
        }
        let redacted = self.redact.iter().fold(text, |text, redaction| {
            redaction.pattern.replace_all(&text, redaction.with.as_str()).into_owned()
        });
        // A space may be the last character of a line only now.
        with_visible_ends(&redacted)
    }

    /// The same for a text of one line: the reason of an end.
    fn line(&self, text: &str) -> String {
        one_line(&self.text(text.as_bytes()))
    }

    /// The same for a name of a file.
    fn name(&self, path: &Path) -> String {
        one_line(&self.of_file(path.as_os_str().as_encoded_bytes()))
    }
}

/// A text that shares a line of the snapshot with other words, so that it must be neither empty nor more
/// than a line. It is empty only if a redaction has removed everything.
fn one_line(text: &str) -> String {
    match text {
        "" => "{redacted}".into(),
        text => text.replace('\n', "\\n"),
    }
}

/// Returns the normalized outcome of a run.
pub fn outcome(raw: &Raw, rules: Rules<'_>) -> Outcome {
    let (end, stderr) = end(raw, rules);
    let stream = |bytes| {
        let (bytes, cut) = if raw.ran.end == End::TooMuchOutput { start_of(bytes) } else { (bytes, false) };
        Stream { text: rules.text(bytes), cut }
    };
    let (first, more) = raw.changes.split_at(raw.changes.len().min(MOST_CHANGES));
    Outcome {
        end,
        left_running: raw.ran.left_running,
        stdout: stream(&raw.ran.stdout),
        stderr: stream(stderr),
        files: first.iter().map(|change| file_change(change, rules)).collect(),
        more_files: (!more.is_empty()).then(|| more_changes(more, rules)),
    }
}

/// How many changes of files an outcome lists. The others are counted and hashed.
const MOST_CHANGES: usize = 100;

fn more_changes(changes: &[Change], rules: Rules<'_>) -> String {
    let listed: String = changes.iter().map(|change| format!("{:?}\n", file_change(change, rules))).collect();
    format!("and {} more changes (FNV-1a {:016x})", changes.len(), fnv_1a(listed.as_bytes()))
}

/// In bytes. Of larger files, only the size and a checksum are shown, to keep snapshots readable.
const LARGEST_SHOWN: usize = 4096;

/// The normalized change, with its path relative to the working directory.
fn file_change(change: &Change, rules: Rules<'_>) -> FileChange {
    let name = |path: &Path| rules.name(path);
    let path = match change.path.strip_prefix(CWD) {
        Ok(inside) => name(inside),
        Err(_) => format!("../{}", name(&change.path)),
    };
    let checksum = |size: u64, hash: u64| FileKind::Summary(format!("{size} bytes, FNV-1a {hash:016x}"));
    let what = match &change.entry {
        Entry::Directory => FileKind::Directory,
        Entry::Link(target) => FileKind::Link(name(target)),
        Entry::Deep => FileKind::Unread(format!("more than {DEEPEST} nested directories")),
        Entry::Long => FileKind::Unread(format!("a path of more than {LONGEST} bytes")),
        Entry::Mount => FileKind::Unread("a mounted file system".into()),
        _ if change.kind == ChangeKind::Removed => FileKind::Removed,
        Entry::Large { size, hash } => checksum(*size, *hash),
        // What is still a copy is no change, unless it is gone.
        Entry::Copy(original) => FileKind::Summary(format!("{} bytes", original.size)),
        Entry::Special => FileKind::Summary("not a file, directory or link".into()),
        Entry::Unreadable => FileKind::Summary("not readable".into()),
        Entry::File { contents, .. } if contents.is_empty() => FileKind::Empty,
        Entry::File { contents, .. } if contents.len() > LARGEST_SHOWN => {
            checksum(contents.len() as u64, fnv_1a(contents))
        }
        Entry::File { contents, .. } => match rules.of_file(contents) {
            redacted if redacted.is_empty() => FileKind::Empty,
            text => FileKind::Text(text),
        },
    };
    let mode = match change.entry {
        Entry::File { mode, .. } if change.kind != ChangeKind::Removed && mode != USUAL_MODE => Some(mode),
        _ => None,
    };
    FileChange { kind: change.kind, path, mode, what }
}

/// The start of a stream that was too long, up to the end of a line if there is one, and whether
/// something was cut off.
fn start_of(bytes: &[u8]) -> (&[u8], bool) {
    const SHOWN: usize = 1024;
    if bytes.len() <= SHOWN {
        return (bytes, false);
    }
    let end = bytes[..SHOWN].iter().rposition(|byte| *byte == b'\n').map_or(SHOWN, |at| at + 1);
    (&bytes[..end], true)
}

/// Returns the outcome of a cell whose program, or a module that it needs, does not build. `error` is the
/// compiler's message.
pub fn outcome_of_failed_build(error: &str, rules: Rules<'_>) -> Outcome {
    Outcome::of_end(outcome::End::DoesNotBuild(rules.line(error)))
}

/// Returns the outcome of a cell whose components cannot be composed. `reason` is the tool's message.
pub fn outcome_of_misfit(reason: &str, rules: Rules<'_>) -> Outcome {
    Outcome::of_end(outcome::End::DoesNotCompose(rules.line(reason)))
}

/// How a run ended, and the part of its stderr that belongs to the program: the host's report of a trap
/// or a refusal is already part of the end.
fn end<'a>(raw: &'a Raw, rules: Rules<'_>) -> (outcome::End, &'a [u8]) {
    let (ran, stderr) = (&raw.ran, raw.ran.stderr.as_slice());
    let end = match ran.end {
        End::Exit(code) => match rules.host.ending(code, &ran.stdout, stderr) {
            Ending::Trap { what, report_at } => {
                return (outcome::End::Trap(rules.line(&what)), &stderr[..report_at]);
            }
            // Output that is exactly the same without a guest is not from the guest.
            Ending::PerhapsRefused(reason)
                if raw.without_guest.as_ref().is_some_and(|again| same(again, ran)) =>
            {
                return (outcome::End::Refused(rules.line(&reason)), &[]);
            }
            Ending::Exit | Ending::PerhapsRefused(_) => outcome::End::Exit(code),
        },
        End::Signal(number) => outcome::End::Signal(process::signal_name(number)),
        End::TimedOut => outcome::End::TimedOut,
        End::TooMuchOutput => outcome::End::TooMuchOutput,
    };
    (end, stderr)
}

fn same(one: &Ran, other: &Ran) -> bool {
    (one.end, &one.stdout, &one.stderr) == (other.end, &other.stdout, &other.stderr)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::host::hosts::Hosts;
    use crate::host::native::Native;
    use crate::host::wasmtime::Wasmtime;
    use crate::model::column::Column;
    use crate::model::target::Target;

    /// The normalized output of a native program that printed `bytes`.
    #[track_caller]
    fn normalized(bytes: &[u8], locals: &Locals, redact: &[Redaction]) -> String {
        let hosts = Hosts { wasmtime: None, native: Native::default() };
        Rules { host: hosts.operating_system(), locals, redact }.text(bytes)
    }

    fn locals() -> Locals {
        Locals::new(
            Path::new("/clone/target/parallax/scratch/cat.sample.default.native/cwd"),
            Path::new("/clone/target/x86_64-unknown-linux-gnu/example"),
            Path::new("/clone"),
        )
    }

    #[track_caller]
    fn check(bytes: &str, expected: &str) {
        assert_eq!(normalized(bytes.as_bytes(), &locals(), &[]), expected);
    }

    #[test]
    fn local_paths() {
        check("at /clone/target/parallax/scratch/cat.sample.default.native/cwd/x\n", "at {cwd}/x\n");
        check("/clone/target/x86_64-unknown-linux-gnu/example/cat\n", "{bin}/cat\n");
        check("/clone/examples/cat/src/main.rs\n", "{workspace}/examples/cat/src/main.rs\n");
        check("/other\n", "/other\n");
    }

    #[test]
    fn quoted_paths() {
        let locals = Locals::new(Path::new("/a \"b\"/cwd"), Path::new("/bin"), Path::new("/root"));
        assert_eq!(
            normalized(b"{\"/a \\\"b\\\"/cwd/x\"} /a \"b\"/cwd/y\n", &locals, &[]),
            "{\"{cwd}/x\"} {cwd}/y\n"
        );
    }

    #[test]
    fn thread_ids_are_removed() {
        check(
            "\nthread 'main' (9111) panicked at a.rs:3:17:\nboom\n",
            "\nthread 'main' panicked at a.rs:3:17:\nboom\n",
        );
        check("\nthread 'main' (7) has overflowed its stack\n", "\nthread 'main' has overflowed its stack\n");
        check("the thread 'main' (7) is mine\n", "the thread 'main' (7) is mine\n");
    }

    #[test]
    fn paths_of_library_sources() {
        let hash = "59807616e1b2c3d4e5f60718293a4b5c6d7e8f90";
        check(&format!("at /rustc/{hash}/library/core\n"), "at /rustc/{hash}/library/core\n");
        check(
            &format!("at /rustc/{hash}/library/a.rs:31, b.rs:4\n"),
            "at /rustc/{hash}/library/a.rs:{line}, b.rs:4\n",
        );
        check(
            "panicked at /any/.rustup/toolchains/y/lib/rustlib/src/rust/library/std/src/a.rs:1:2:\n",
            "panicked at /rustc/{hash}/library/std/src/a.rs:{line}:\n",
        );
    }

    #[test]
    fn paths_of_crate_sources() {
        check(
            "panicked at /any/.cargo/registry/src/example.org-1949cf8c6b5b557f/dirs-6.0.0/src/lib.rs:1:2:\n",
            "panicked at {registry}/dirs-6.0.0/src/lib.rs:1:2:\n",
        );
    }

    #[test]
    fn port_of_the_peer() {
        let locals = locals().at_port(Some(40123));
        let check = |bytes: &[u8], expected: &str| assert_eq!(normalized(bytes, &locals, &[]), expected);
        check(b"127.0.0.1:40123 and [::1]:40123\n", "127.0.0.1:{port} and [::1]:{port}\n");
        check(b"http://localhost:40123/:40123", "http://localhost:{port}/:{port}");
        check(
            b"40123 bytes, :401234, :40123a, :4012, 0:40124\n",
            "40123 bytes, :401234, :40123a, :4012, 0:40124\n",
        );
        assert_eq!(normalized(b"127.0.0.1:40123\n", &locals.clone().at_port(None), &[]), "127.0.0.1:40123\n");
    }

    #[test]
    fn redactions_apply_to_visible_text() {
        let redact = [Redaction { pattern: Regex::new(r"\\t(\d+)").unwrap(), with: "<$1>".into() }];
        assert_eq!(normalized(b"a\t42\n", &locals(), &redact), "a<42>\n");
    }

    /// One of these bytes becomes six characters.
    #[test]
    fn a_megabyte_of_control_characters_is_normalized_quickly() {
        let started = std::time::Instant::now();
        assert_eq!(normalized(&[0x1b; 1 << 20], &locals(), &[]).len(), 6 << 20);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
    }

    #[test]
    fn redactions_leave_no_space_at_the_end_of_a_line() {
        let redact = [Redaction { pattern: Regex::new(r"\d+").unwrap(), with: String::new() }];
        assert_eq!(normalized(b"a 42\n7\nb 1", &locals(), &redact), "a\\x20\n\nb\\x20");
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
            started: std::time::Instant::now(),
            took: Duration::ZERO,
            typed: String::new(),
            port: None,
            doubt: None,
        }
    }

    /// The end of a run on `target`, and the part of its stderr that belongs to the program.
    fn end_of(raw: &Raw, target: Target) -> (String, String) {
        let wasmtime = Wasmtime { program: "wasmtime".into(), cache_config: "c.toml".into() };
        let hosts = Hosts { wasmtime: Some(wasmtime), native: Native::default() };
        let rules = Rules { host: hosts.of(&Column::pinned(target)), locals: &locals(), redact: &[] };
        let (end, stderr) = end(raw, rules);
        (end.to_string(), String::from_utf8_lossy(stderr).into_owned())
    }

    #[test]
    fn guest_cannot_imitate_a_refusal() {
        let message = "Error: mine\n";
        let by_guest = raw(message, 1, Some(("Error: failed to run main module\n", 134)));
        assert_eq!(end_of(&by_guest, Target::Wasip1), ("exit 1".into(), message.into()));
        let refused = raw(message, 1, Some((message, 1)));
        assert_eq!(end_of(&refused, Target::Wasip1), ("refused: mine".into(), "".into()));
        assert_eq!(end_of(&raw(message, 1, None), Target::Native), ("exit 1".into(), message.into()));
    }

    #[test]
    fn file_paths_are_relative_to_the_working_directory() {
        let locals = locals();
        let hosts = Hosts { wasmtime: None, native: Native::default() };
        let rules = Rules { host: hosts.operating_system(), locals: &locals, redact: &[] };
        let change = |kind, path: &str, entry| {
            let FileChange { path, what, .. } =
                file_change(&Change { kind, path: path.into(), entry }, rules);
            (path, what)
        };
        let file = |contents: &str| Entry::File { contents: contents.into(), mode: USUAL_MODE };
        use ChangeKind::{Created, Removed};
        assert_eq!(change(Created, "cwd/a", file("x\n")), ("a".into(), FileKind::Text("x\n".into())));
        assert_eq!(change(Created, "escaped", file("")), ("../escaped".into(), FileKind::Empty));
        assert_eq!(change(Removed, "cwd/a", file("x\n")), ("a".into(), FileKind::Removed));
        assert_eq!(change(Created, "cwd/s", Entry::Directory), ("s".into(), FileKind::Directory));
        let large = FileKind::Summary("4097 bytes, FNV-1a 6d4cfc3a1e8adc8c".into());
        assert_eq!(change(Created, "cwd/big", file(&"a".repeat(4097))), ("big".into(), large));
    }

    #[test]
    fn long_list_of_changes_is_shortened() {
        let change = |number| Change {
            kind: ChangeKind::Created,
            path: format!("cwd/{number:04}").into(),
            entry: Entry::Directory,
        };
        let raw = Raw { changes: (0..1000).map(change).collect(), ..raw("", 0, None) };
        let locals = locals();
        let hosts = Hosts { wasmtime: None, native: Native::default() };
        let rules = Rules { host: hosts.operating_system(), locals: &locals, redact: &[] };
        let outcome = outcome(&raw, rules);
        assert_eq!(outcome.files.len(), 100);
        let more = outcome.more_files.unwrap();
        assert!(more.starts_with("and 900 more changes (FNV-1a "), "{more}");
    }

    #[test]
    fn long_output_is_cut_at_a_line() {
        let lines = b"yes\n".repeat(1000);
        assert_eq!(start_of(&lines), (&lines[..1024], true));
        assert_eq!(start_of(&lines[1..]), (&lines[1..1024], true));
        assert_eq!(start_of(b"short"), (b"short".as_slice(), false));
        assert_eq!(start_of(&[b'x'; 2000]).0.len(), 1024);
    }

    #[test]
    fn native_exit_codes_have_no_special_meaning() {
        assert_eq!(end_of(&raw("", 134, None), Target::Native), ("exit 134".into(), "".into()));
    }
}
