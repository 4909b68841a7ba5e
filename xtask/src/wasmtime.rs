//! The one file that knows wasmtime's flags and what its messages mean.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The wasmtime to run, and where it keeps what it has compiled.
#[derive(Clone, Debug)]
pub struct Wasmtime {
    pub program: PathBuf,
    /// The configuration of a private compilation cache. Without it wasmtime would compile a module
    /// once a cell, or keep it in the home directory, which is the scratch folder.
    pub cache_config: PathBuf,
}

/// What stands in the file at [`Wasmtime::cache_config`].
pub fn cache_config(directory: &Path) -> String {
    // A JSON string is a TOML string, too.
    format!("[cache]\ndirectory = {}\n", serde_json::Value::from(directory.to_string_lossy()))
}

impl Wasmtime {
    /// The arguments that run `module` with the case's `flags` and `args`.
    pub fn args(&self, flags: &[String], module: &Path, args: &[String]) -> Vec<OsString> {
        let mut line: Vec<OsString> = vec!["run".into(), "-C".into()];
        let mut cache = OsString::from("cache-config=");
        cache.push(&self.cache_config);
        line.push(cache);
        line.extend(flags.iter().map(OsString::from));
        line.push(module.into());
        line.extend(args.iter().map(OsString::from));
        line
    }
}

/// The modules that are instantiated before the main one, in that order: names and files.
pub fn preloads(flags: &[String]) -> Vec<(String, String)> {
    let mut flags = flags.iter();
    let mut preloads = Vec::new();
    while let Some(flag) = flags.next() {
        let value = match flag.strip_prefix("--preload") {
            Some("") => flags.next().map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        let named = value.and_then(|value| value.split_once('='));
        preloads.extend(named.map(|(name, file)| (name.to_string(), file.to_string())));
    }
    preloads
}

/// A flag under which no guest gets to run: whatever is printed then as before, `stderr`, the guest
/// had not printed.
pub fn flag_without_guest(stderr: &[u8]) -> &'static str {
    let of_instances = [REPORT, PRELOAD].iter().any(|begin| stderr.starts_with(begin.as_bytes()));
    match of_instances {
        // An instance is not begun, and without fuel its first instruction traps. For this, wasmtime
        // has to compile the module once more.
        true => "fuel=1",
        // An instance is refused, and wasmtime had ended before that.
        false => "max-instances=0",
    }
}

/// The line that people type for the same, without the private cache.
pub fn plain_line(flags: &[String], module: &str, args: &[String]) -> Vec<String> {
    ["wasmtime", "run"]
        .into_iter()
        .map(String::from)
        .chain(flags.iter().cloned())
        .chain([module.to_string()])
        .chain(args.iter().cloned())
        .collect()
}

/// Who ended a run under wasmtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The guest, by an exit code; or the host in a way that looks the same.
    Exit,
    /// A trap, with wasmtime's words for it and where in stderr its report begins.
    Trap { what: String, report_at: usize },
    /// Perhaps wasmtime itself, before the guest started, with its reason: a guest could have
    /// written the same, so a second run without a guest has to tell.
    PerhapsRefused(String),
}

/// The exit code of `wasmtime run` after a trap, on Unix: that of an abort.
const TRAPPED: i32 = 134;
/// After any other error of its own.
const FAILED: i32 = 1;
/// After a command line that it does not understand.
const MISUSED: i32 = 2;

/// How its report of a failed run begins. What a guest wrote to stderr stands before it.
const REPORT: &str = "Error: failed to run main module `";

/// How its report begins if `-W timeout` has ended a guest that slept in a call of the host.
const DEADLINE: &str = "Error: timed out after deadline has elapsed\n";

/// How its report of a module that is to be linked to the main one begins.
const PRELOAD: &str = "Error: failed to process preload `";

/// How the report of a guest that had started begins, for modules and for components.
const INVOKED: [&str; 2] = ["failed to invoke command default", "failed to invoke `run` function"];

/// Reads the end of a run from its exit code and streams.
pub fn read_end(code: i32, stdout: &[u8], stderr: &[u8]) -> Ending {
    let text = String::from_utf8_lossy(stderr);
    if code == TRAPPED
        && let Some(report_at) = [REPORT, DEADLINE].iter().filter_map(|begin| last(stderr, begin)).max()
        && let Some(what) = causes(&String::from_utf8_lossy(&stderr[report_at..])).last()
    {
        let what = what.strip_prefix("wasm trap: ").unwrap_or(what).to_string();
        return Ending::Trap { what, report_at };
    }
    if stdout.is_empty() && (code == FAILED || code == MISUSED) {
        let message = text.strip_prefix("Error: ").or_else(|| text.strip_prefix("error: "));
        if let Some(message) = message {
            let causes = causes(&text);
            if causes.first().is_some_and(|cause| INVOKED.contains(&cause.as_str())) {
                return Ending::Exit;
            }
            let first = message.lines().next().unwrap_or_default();
            let of_module = text.starts_with(REPORT);
            let reason = match causes.is_empty() {
                true => first.to_string(),
                false if of_module => causes.join(": "),
                false => format!("{first}: {}", causes.join(": ")),
            };
            return Ending::PerhapsRefused(reason);
        }
    }
    Ending::Exit
}

/// Where `begin` stands for the last time.
fn last(stderr: &[u8], begin: &str) -> Option<usize> {
    stderr.windows(begin.len()).rposition(|window| window == begin.as_bytes())
}

/// The causes in a report, outermost first. wasmtime numbers them if there are several:
/// ```text
/// Error: failed to run main module `panic.wasm`
///
/// Caused by:
///     0: failed to invoke command default
///     1: error while executing at wasm backtrace:
///     0:   0x7777 - panic.wasm!abort
/// note: using the `WASMTIME_BACKTRACE_DETAILS=1` environment variable may show …
///     2: wasm trap: wasm `unreachable` instruction executed
/// ```
/// The frames of the backtrace are numbered, too, but their numbers start anew.
fn causes(report: &str) -> Vec<String> {
    let Some((_, list)) = report.split_once("\n\nCaused by:\n") else { return Vec::new() };
    let list = list.split("\n\nStack backtrace:").next().unwrap_or(list);
    let mut causes: Vec<String> = Vec::new();
    for line in list.lines() {
        let Some(line) = line.strip_prefix("    ") else { continue };
        match line.split_once(": ") {
            Some((number, cause)) if number == causes.len().to_string() && !is_frame(cause) => {
                causes.push(cause.to_string());
            }
            _ if causes.is_empty() => causes.push(line.trim().to_string()),
            _ => {}
        }
    }
    causes
}

/// Whether this is what stands behind the number of a backtrace's frame: `  0x7777 - a.wasm!main`.
fn is_frame(cause: &str) -> bool {
    cause.trim_start().strip_prefix("0x").is_some_and(|rest| rest.contains(" - "))
}

/// Puts `{frames}` for the frames of a wasm backtrace in a report, and takes away the note below
/// them and the host's own backtrace. They hold offsets, hashes and mangled names, which change
/// with every build, and for a panic they are the same dozen frames of std each time.
pub fn without_backtrace(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut in_frames = false;
    for line in text.split_inclusive('\n') {
        let words = line.trim();
        if in_frames && words.starts_with("note: using the `WASMTIME_BACKTRACE_DETAILS=1`") {
            continue;
        }
        if in_frames && words.split_once(": ").is_some_and(|(_, cause)| is_frame(cause)) {
            continue;
        }
        // Where debug information is there, a line with the place follows the frame.
        if in_frames && words.starts_with("at ") {
            continue;
        }
        kept.push_str(line);
        in_frames = words.ends_with("error while executing at wasm backtrace:");
        if in_frames {
            kept.push_str("    {frames}\n");
        }
    }
    match kept.split_once("\n\nStack backtrace:\n") {
        Some((before, _)) => format!("{before}\n"),
        None => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANIC: &str = "
thread 'main' (1) panicked at src/main.rs:3:17:
boom
Error: failed to run main module `panic.wasm`

Caused by:
    0: failed to invoke command default
    1: error while executing at wasm backtrace:
    0:   0x7777 - panic.wasm!abort
    1:   0x4498 - panic.wasm!std[a88812da5ee6ad9e]::sys::pal::wasi::helpers::abort_internal
    2:   0x2176 - panic.wasm!std[a88812da5ee6ad9e]::panicking::begin_panic::<&str>::{closure#0}
   10:   0x1012 - panic.wasm!a::main::h1854dee5fd9945b4
note: using the `WASMTIME_BACKTRACE_DETAILS=1` environment variable may show more debugging information
    2: wasm trap: wasm `unreachable` instruction executed
";

    const OVERFLOW: &str = "Error: failed to run main module `a.wasm`

Caused by:
    0: failed to invoke `run` function
    1: error while executing at wasm backtrace:
    0:    0x878 - a.wasm!a::deep::h8fbb9816c7f7789f
note: using the `WASMTIME_BACKTRACE_DETAILS=1` environment variable may show more debugging information
    2: memory fault at wasm address 0x100000178 in linear memory of size 0x110000
    3: wasm trap: out of bounds memory access
";

    const BAD_EXIT: &str = "Error: failed to run main module `a.wasm`

Caused by:
    0: failed to invoke command default
    1: error while executing at wasm backtrace:
    0:   0x776d - a.wasm!__wasi_proc_exit
note: using the `WASMTIME_BACKTRACE_DETAILS=1` environment variable may show more debugging information
    2: exit with invalid exit status outside of [0..126)
";

    #[test]
    fn traps() {
        let trap = |what: &str, report_at| Ending::Trap { what: what.into(), report_at };
        let guests = PANIC.find("Error:").unwrap();
        assert_eq!(
            read_end(134, b"", PANIC.as_bytes()),
            trap("wasm `unreachable` instruction executed", guests)
        );
        assert_eq!(read_end(134, b"out", OVERFLOW.as_bytes()), trap("out of bounds memory access", 0));
        let asleep = "Error: timed out after deadline has elapsed\n\nCaused by:\n    wasm trap: interrupt\n";
        assert_eq!(read_end(134, b"", asleep.as_bytes()), trap("interrupt", 0));
        let garbled = [b"\xff\xfe".as_slice(), OVERFLOW.as_bytes()].concat();
        assert_eq!(read_end(134, b"", &garbled), trap("out of bounds memory access", 2));
    }

    #[test]
    fn an_exit_of_the_guest() {
        assert_eq!(read_end(0, b"", b""), Ending::Exit);
        assert_eq!(read_end(3, b"", b"Error: mine\n"), Ending::Exit);
        assert_eq!(read_end(1, b"", BAD_EXIT.as_bytes()), Ending::Exit);
        assert_eq!(read_end(1, b"began\n", b"Error: mine\n"), Ending::Exit);
        assert_eq!(read_end(134, b"", b"no report\n"), Ending::Exit);
    }

    #[track_caller]
    fn check_reason(code: i32, stderr: &str, reason: &str) {
        assert_eq!(read_end(code, b"", stderr.as_bytes()), Ending::PerhapsRefused(reason.into()));
    }

    #[test]
    fn perhaps_refused() {
        check_reason(
            1,
            "Error: No such file or directory (os error 2)\n",
            "No such file or directory (os error 2)",
        );
        check_reason(
            2,
            "error: unexpected argument '--bogus' found\n\n  tip: to pass\n",
            "unexpected argument '--bogus' found",
        );
        check_reason(
            1,
            "Error: failed to run main module `a.wasm`\n\nCaused by:\n    0: failed to instantiate \"a.wasm\"\n    1: unknown import: `env::memory` has not been defined\n",
            "failed to instantiate \"a.wasm\": unknown import: `env::memory` has not been defined",
        );
        check_reason(
            1,
            "Error: failed to run main module `a.wasm`\n\nCaused by:\n    resource limit exceeded: instance count too high at 2\n",
            "resource limit exceeded: instance count too high at 2",
        );
        check_reason(
            1,
            "Error: failed to open wasm module \"x\"\n\nCaused by:\n    No such file or directory (os error 2)\n\nStack backtrace:\n   0: main\n",
            "failed to open wasm module \"x\": No such file or directory (os error 2)",
        );
    }

    #[test]
    fn preloaded_modules() {
        let flags = ["-W", "fuel=1", "--preload=env=env.wat", "--preload", "a=b=c.wasm", "--preloaded=x=y"];
        let pair = |name: &str, file: &str| (name.to_string(), file.to_string());
        assert_eq!(preloads(&flags.map(String::from)), [pair("env", "env.wat"), pair("a", "b=c.wasm")]);
    }

    #[test]
    fn without_a_guest() {
        assert_eq!(flag_without_guest(b"Error: \"no luck\"\n"), "max-instances=0");
        assert_eq!(flag_without_guest(b"error: unexpected argument\n"), "max-instances=0");
        assert_eq!(flag_without_guest(b"Error: failed to run main module `a.wasm`\n"), "fuel=1");
        assert_eq!(flag_without_guest(b"Error: failed to process preload `a` at `b`\n"), "fuel=1");
    }

    #[test]
    fn backtraces() {
        assert_eq!(
            without_backtrace(BAD_EXIT),
            "Error: failed to run main module `a.wasm`

Caused by:
    0: failed to invoke command default
    1: error while executing at wasm backtrace:
    {frames}
    2: exit with invalid exit status outside of [0..126)
"
        );
        let own = "    0: 0x12 - not a backtrace of wasmtime\n";
        assert_eq!(without_backtrace(own), own);
        assert_eq!(without_backtrace("Error: x\n\nStack backtrace:\n   0: main\n"), "Error: x\n");
    }
}
