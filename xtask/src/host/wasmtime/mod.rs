//! wasmtime as a host: its flags, its exit codes and its messages. No other module knows them.

pub mod allowed;
mod trace;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::host::seam::{Call, Compilation, Ending, Host, Traced};
use crate::model::case::Row;
use crate::model::grant::Grant;
use crate::model::outcome::End;
use crate::model::trace::Trace;

/// An installed wasmtime, and the configuration of its compilation cache.
#[derive(Clone, Debug)]
pub struct Wasmtime {
    pub program: PathBuf,
    /// The configuration file of a compilation cache for Parallax only. Without it, wasmtime would compile a
    /// module again for each cell: its default cache is in the home directory, which is the scratch
    /// directory of the cell.
    pub cache_config: PathBuf,
}

/// Returns the contents of the file at [`Wasmtime::cache_config`] for a cache in `directory`.
pub fn cache_config(directory: &Path) -> String {
    // A JSON string is also a TOML string.
    format!("[cache]\ndirectory = {}\n", serde_json::Value::from(directory.to_string_lossy()))
}

/// Whether a path can be a value of `-C`, `-W` or `-S`, as [`Wasmtime::cache_config`] is: a comma ends a value, and cannot
/// be escaped (wasmtime-cli-flags, `src/opt.rs`, `CommaSeparatedParser`).
pub fn can_be_value(path: &Path) -> bool {
    !path.to_string_lossy().contains(',')
}

/// Whether `--dir` can grant a directory under its own name: what is behind `::` would be the name for the guest, so
/// `..::x` would grant `..` (wasmtime-cli, `src/common.rs`, `parse_dirs`).
pub fn can_be_granted(directory: &Path) -> bool {
    directory.to_str().is_some_and(|directory| !directory.contains("::"))
}

impl Host for Wasmtime {
    fn flags(&self, row: &Row) -> Vec<String> {
        flags(row)
    }

    fn argv(&self, call: &Call<'_>) -> Vec<OsString> {
        self.line(call, &[])
    }

    fn typed(&self, call: &Call<'_>) -> Vec<String> {
        let program = call.program.to_string_lossy().into_owned();
        let run = ["wasmtime", "run"].map(String::from).into_iter();
        run.chain(call.flags.iter().cloned()).chain([program]).chain(call.args.iter().cloned()).collect()
    }

    fn argv_without_guest(&self, call: &Call<'_>, stderr: &[u8]) -> Option<Vec<OsString>> {
        Some(self.line(call, &["-W", flag_without_guest(stderr)]))
    }

    /// `wasmtime run` loads the main module first of all, and puts it into its cache. Under [`WITHOUT_INSTANCES`] it then
    /// fails at the first instance, which is that of a preloaded module if there is one. So each module is the main
    /// module once. (wasmtime-cli, `src/commands/run.rs`, `execute`; the key of the cache are the module and the
    /// settings of the compiler, in wasmtime's `src/compile/code_builder.rs`, `HashedEngineCompileEnv`.)
    fn compilations(&self, call: &Call<'_>) -> Vec<Compilation> {
        let preloaded = preloads(call.flags).into_iter().map(|(_, file)| PathBuf::from(file));
        let compilation = |module: PathBuf| Compilation {
            argv: self.line(&Call { program: &module, args: &[], ..*call }, &["-W", WITHOUT_INSTANCES]),
            flags: of_compiler(call.flags),
            by: self.program.clone(),
            module,
        };
        preloaded.chain([call.program.to_path_buf()]).map(compilation).collect()
    }

    fn ending(&self, code: i32, stdout: &[u8], stderr: &[u8]) -> Ending {
        read_end(code, stdout, stderr)
    }

    fn traced(&self, call: &Call<'_>) -> Option<Traced> {
        let (name, value) = trace::VARIABLE;
        Some(Traced { argv: self.line(call, &trace::FLAGS), variable: (name.into(), value.into()) })
    }

    fn trace(&self, stderr: &str) -> Trace {
        trace::read(stderr)
    }

    fn stable_report(&self, text: &str) -> String {
        without_backtrace(text)
    }
}

impl Wasmtime {
    /// Returns the command line that compiles `program` into the file `compiled`, which [`PRECOMPILED`] allows to run.
    pub fn compile(&self, program: &Path, compiled: &Path) -> Vec<OsString> {
        vec![self.program.clone().into(), "compile".into(), "-o".into(), compiled.into(), program.into()]
    }

    /// Returns a command line after which wasmtime on `PATH` has compiled `program`. It fails, as no guest may start.
    pub fn line_without_guest(program: &str) -> String {
        format!("wasmtime run -W max-instances=0 {program}")
    }

    /// Returns the command line of a call, with `more` flags after its own.
    fn line(&self, call: &Call<'_>, more: &[&str]) -> Vec<OsString> {
        let mut cache = OsString::from("cache-config=");
        cache.push(&self.cache_config);
        let mut line: Vec<OsString> = vec![self.program.clone().into(), "run".into(), "-C".into(), cache];
        line.extend(call.flags.iter().map(OsString::from));
        line.extend(more.iter().map(OsString::from));
        line.push(call.program.into());
        line.extend(call.args.iter().map(OsString::from));
        line
    }
}

/// Returns the flags of a row: those for its grant, then its own. Snapshots show these.
pub fn flags(row: &Row) -> Vec<String> {
    let Grant { dirs, env, network, lookup, whole_env, stack } = &row.grant;
    let dirs = dirs.iter().map(|dir| match &dir.guest {
        None => format!("--dir={}", dir.host),
        Some(guest) => format!("--dir={}::{guest}", dir.host),
    });
    let env = env.iter().map(|variable| match &variable.value {
        None => format!("--env={}", variable.name),
        Some(value) => format!("--env={}={value}", variable.name),
    });
    let of_wasi =
        [(*network, "inherit-network"), (*lookup, "allow-ip-name-lookup"), (*whole_env, "inherit-env=y")];
    let of_wasi = of_wasi.into_iter().filter(|(is_granted, _)| *is_granted);
    let of_wasi = of_wasi.flat_map(|(_, flag)| ["-S".to_string(), flag.into()]);
    let stack = stack.iter().flat_map(|bytes| ["-W".to_string(), format!("max-wasm-stack={bytes}")]);
    dirs.chain(env).chain(of_wasi).chain(stack).chain(row.flags.iter().cloned()).collect()
}

/// The flag that allows to run what [`Wasmtime::compile`] has compiled. That starts faster than from the cache, whose
/// files are compressed.
pub const PRECOMPILED: &str = "--allow-precompiled";

/// The trap of a guest whose stack for functions is full.
pub const STACK_EXHAUSTED: &str = "call stack exhausted";

/// What wasmtime says if a program accesses what is not in its memory.
pub const OUT_OF_BOUNDS: &str = "out of bounds memory access";

/// What wasmtime says, in lower case, if a program passes it an address that is not in its memory. That is no trap.
const POINTER_OUT_OF_BOUNDS: &str = "pointer out of bounds";

/// Whether a program ended because it accessed, or let wasmtime access, what is not in its memory.
pub fn is_out_of_bounds(end: &End, stderr: &str) -> bool {
    match end {
        End::Trap(what) => what == OUT_OF_BOUNDS,
        End::Exit(1) => {
            let last = stderr.lines().rfind(|line| !line.trim().is_empty());
            last.is_some_and(|line| line.to_lowercase().contains(POINTER_OUT_OF_BOUNDS))
        }
        _ => false,
    }
}

/// The flag that instantiates a module before the main module.
pub const PRELOAD_FLAG: &str = "--preload";

/// Returns the names and files of the modules that `--preload` flags instantiate before the main module, in
/// the order of the flags.
pub fn preloads(flags: &[String]) -> Vec<(String, String)> {
    let mut flags = flags.iter();
    let mut preloads = Vec::new();
    while let Some(flag) = flags.next() {
        let value = match flag.strip_prefix(PRELOAD_FLAG) {
            Some("") => flags.next().map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        let named = value.and_then(|value| value.split_once('='));
        preloads.extend(named.map(|(name, file)| (name.to_string(), file.to_string())));
    }
    preloads
}

/// Returns a value of `-W` under which no guest runs, for a run that printed `stderr`. If it prints the same
/// again with this flag, the host printed it and not the guest.
fn flag_without_guest(stderr: &[u8]) -> &'static str {
    let is_about_instance = [REPORT, PRELOAD].iter().any(|prefix| stderr.starts_with(prefix.as_bytes()));
    match is_about_instance {
        // The error is about creating an instance, so instances must be allowed. With this little fuel, the
        // guest traps at its first instructions. wasmtime compiles the module again for this flag.
        true => "fuel=1",
        // wasmtime failed before it created an instance, so to refuse instances makes no difference.
        false => WITHOUT_INSTANCES,
    }
}

/// A value of `-W` under which wasmtime compiles a module, and runs nothing.
const WITHOUT_INSTANCES: &str = "max-instances=0";

/// Returns the flags on which the result of the compiler may depend: all except those that only grant something, or
/// name other modules.
fn of_compiler(flags: &[String]) -> Vec<String> {
    const OTHERS: [&str; 4] = ["--dir", "--env", "-S", PRELOAD_FLAG];
    let mut kept = Vec::new();
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        match OTHERS.iter().find_map(|other| flag.strip_prefix(other)) {
            // The value is the next word.
            Some("") => drop(flags.next()),
            Some(value) if value.starts_with('=') || flag.starts_with("-S") => {}
            _ => kept.push(flag.clone()),
        }
    }
    kept
}

/// The exit code of `wasmtime run` after a trap, on Unix: that of an abort.
const TRAPPED: i32 = 134;
/// The exit code after any other error of wasmtime itself.
const FAILED: i32 = 1;
/// The exit code after an invalid command line.
const MISUSED: i32 = 2;

/// The beginning of the report about a failed run. What the guest wrote to stderr comes before it.
const REPORT: &str = "Error: failed to run main module `";

/// The beginning of the report if `-W timeout` ended a guest that was sleeping in a host function.
const DEADLINE: &str = "Error: timed out after deadline has elapsed\n";

/// The beginning of the report about a module of `--preload`.
const PRELOAD: &str = "Error: failed to process preload `";

/// The first cause in a report about a guest that had started, for modules and for components.
const INVOKED: [&str; 2] = ["failed to invoke command default", "failed to invoke `run` function"];

/// Determines how a run ended from its exit code and output.
fn read_end(code: i32, stdout: &[u8], stderr: &[u8]) -> Ending {
    let text = String::from_utf8_lossy(stderr);
    if code == TRAPPED
        && let Some(report_at) = [REPORT, DEADLINE].iter().filter_map(|report| last(stderr, report)).max()
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

/// Returns the offset of the last occurrence of `text`.
fn last(stderr: &[u8], text: &str) -> Option<usize> {
    stderr.windows(text.len()).rposition(|window| window == text.as_bytes())
}

/// Returns the causes in a report, the outermost first. wasmtime numbers them if there are several:
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
/// The frames of the backtrace have numbers, too, which start again at 0.
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

/// Whether this is the text after the number of a frame in a backtrace: `  0x7777 - a.wasm!main`.
fn is_frame(cause: &str) -> bool {
    cause.trim_start().strip_prefix("0x").is_some_and(|rest| rest.contains(" - "))
}

/// Replaces the frames of a wasm backtrace in a report with `{frames}`, and removes the note below them and
/// the backtrace of wasmtime itself. They contain offsets, hashes and mangled names, which change with every
/// build.
fn without_backtrace(text: &str) -> String {
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
        // With debug information, a line with the source location follows each frame.
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
    use crate::model::grant::{Directory, Variable};

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
    fn flags_of_a_grant() {
        let directory =
            |host: &str, guest: Option<&str>| Directory { host: host.into(), guest: guest.map(String::from) };
        let variable =
            |name: &str, value: Option<&str>| Variable { name: name.into(), value: value.map(String::from) };
        let grant = Grant {
            dirs: vec![directory(".", None), directory("data", Some("/d"))],
            env: vec![variable("HOME", None), variable("TZ", Some("UTC"))],
            network: true,
            ..Grant::default()
        };
        let row = Row { grant, flags: vec!["-W".into(), "fuel=1".into()], ..Row::default() };
        let line = "--dir=. --dir=data::/d --env=HOME --env=TZ=UTC -S inherit-network -W fuel=1";
        assert_eq!(flags(&row).join(" "), line);
    }

    #[test]
    fn command_lines() {
        let wasmtime = Wasmtime { program: "/bin/wasmtime".into(), cache_config: "/c.toml".into() };
        let (flags, args) = ([String::from("--dir=.")], [String::from("a b")]);
        let call = Call { flags: &flags, program: Path::new("/p.wasm"), args: &args };
        let plain = ["wasmtime", "run", "--dir=.", "/p.wasm", "a b"];
        assert_eq!(wasmtime.typed(&call), plain);
        let argv = ["/bin/wasmtime", "run", "-C", "cache-config=/c.toml", "--dir=.", "/p.wasm", "a b"];
        assert_eq!(wasmtime.argv(&call), argv);
        let without = wasmtime.argv_without_guest(&call, b"error: x\n").unwrap();
        assert_eq!(&without[5..], ["-W", "max-instances=0", "/p.wasm", "a b"]);
    }

    #[test]
    fn each_module_is_compiled_with_the_flags_of_its_call() {
        let wasmtime = Wasmtime { program: "/bin/wasmtime".into(), cache_config: "/c.toml".into() };
        let flags =
            "--dir=. --dir data -S p3=n -Scli -W simd=n -O opt-level=0 --preload=a=/a.wasm --env A=-W";
        let flags: Vec<_> = flags.split(' ').map(String::from).collect();
        let call = Call { flags: &flags, program: Path::new("/p.wasm"), args: &["-x".into()] };
        let compilations = wasmtime.compilations(&call);
        let modules: Vec<_> = compilations.iter().map(|one| one.module.to_string_lossy()).collect();
        assert_eq!(modules, ["/a.wasm", "/p.wasm"]);
        for one in &compilations {
            assert_eq!(one.flags, ["-W", "simd=n", "-O", "opt-level=0"]);
            let end: [&std::ffi::OsStr; 3] = ["-W".as_ref(), "max-instances=0".as_ref(), one.module.as_ref()];
            assert_eq!(one.argv[one.argv.len() - 3..], end);
        }
    }

    #[test]
    fn traps() {
        let trap = |what: &str, report_at| Ending::Trap { what: what.into(), report_at };
        let report_at = PANIC.find("Error:").unwrap();
        assert_eq!(
            read_end(134, b"", PANIC.as_bytes()),
            trap("wasm `unreachable` instruction executed", report_at)
        );
        assert_eq!(read_end(134, b"out", OVERFLOW.as_bytes()), trap("out of bounds memory access", 0));
        let asleep = "Error: timed out after deadline has elapsed\n\nCaused by:\n    wasm trap: interrupt\n";
        assert_eq!(read_end(134, b"", asleep.as_bytes()), trap("interrupt", 0));
        let garbled = [b"\xff\xfe".as_slice(), OVERFLOW.as_bytes()].concat();
        assert_eq!(read_end(134, b"", &garbled), trap("out of bounds memory access", 2));
    }

    #[test]
    fn exits_of_the_guest() {
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
