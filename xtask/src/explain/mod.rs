//! Explains why a program does something else under WASI: finds the rule behind what differs.
//!
//! A rule is only named if what was observed proves it: the two outcomes, the host's trace, the compiler's error. If
//! nothing does, there is no explanation. `rules.rs` lists the rules; the other files decide when they hold, each for
//! one kind of difference.

mod build;
mod change;
mod crates;
mod end;
pub mod evidence;
mod line;
pub mod number;
pub mod recorded;
pub mod rules;
mod streams;

use crate::explain::evidence::{Evidence, Explanation};
use crate::model::verdict::Verdict;

/// Returns the rule behind the difference that the catalogue shows: the end, or the first line with an error, or the
/// first line that differs. Or `None` if nothing proves one.
pub fn explain(evidence: &Evidence<'_>) -> Option<Explanation> {
    let Evidence { native, here, .. } = evidence;
    match Verdict::of(Some(native), here) {
        Verdict::Same | Verdict::NoBaseline => None,
        Verdict::Build(_) => build::explain(evidence),
        Verdict::Abort(_) => end::of_abort(evidence),
        Verdict::Wording => line::of_wording(evidence),
        Verdict::Error(_) if native.end != here.end => end::of_exit_code(evidence),
        Verdict::Error(change) | Verdict::Output { first: change, .. } => change::explain(evidence, &change),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::message::Failure;
    use crate::model::outcome::{ChangeKind, End, FileChange, FileKind, Outcome};
    use crate::model::target::Target;
    use crate::model::trace::{Answer, Trace, WasiCall};

    /// A run that ended with this code or trap, and printed this to stdout and stderr.
    fn run(end: End, stdout: &str, stderr: &str) -> Outcome {
        let mut outcome = Outcome::of_end(end);
        outcome.stdout.text = stdout.into();
        outcome.stderr.text = stderr.into();
        outcome
    }

    fn exit(code: i32, stdout: &str, stderr: &str) -> Outcome {
        run(End::Exit(code), stdout, stderr)
    }

    fn trap(what: &str, stderr: &str) -> Outcome {
        run(End::Trap(what.into()), "", stderr)
    }

    fn failed(interface: &str, function: &str, arguments: &str, error: &str) -> WasiCall {
        WasiCall {
            interface: interface.into(),
            function: function.into(),
            arguments: arguments.into(),
            answer: Some(Answer::Failed(error.into())),
            notes: Vec::new(),
        }
    }

    /// The rule for these outcomes on wasip2, with flags and a trace.
    fn rule(native: &Outcome, here: &Outcome, flags: &[&str], trace: &Trace) -> Option<&'static str> {
        let flags: Vec<_> = flags.iter().map(ToString::to_string).collect();
        let evidence = Evidence {
            target: Target::Wasip2,
            flags: &flags,
            variables: &[("HOME".into(), "/home/me".into())],
            args: &["/etc/b".into()],
            native,
            here,
            package: "own",
            failure: None,
            crates: &[],
            trace: Some(trace),
        };
        explain(&evidence).map(|explanation| explanation.rule.id)
    }

    #[track_caller]
    fn check(native: &Outcome, here: &Outcome, expected: Option<&str>) {
        assert_eq!(rule(native, here, &[], &Trace::default()), expected);
    }

    #[test]
    fn limits_and_memory() {
        let (native, unreachable) = (exit(0, "", ""), "wasm `unreachable` instruction executed");
        let fuel = trap("all fuel consumed by WebAssembly", "");
        assert_eq!(rule(&native, &fuel, &["-W", "fuel=7"], &Trace::default()), Some("limit"));
        check(&native, &fuel, None);
        let large = trap(unreachable, "memory allocation of 2147483647 bytes failed\n");
        check(&native, &large, Some("allocation"));
        assert_eq!(rule(&native, &large, &["-W", "max-memory-size=1"], &Trace::default()), Some("limit"));
        check(&native, &trap(unreachable, "memory allocation of 4096 bytes failed\n"), None);
        let overflow = trap("out of bounds memory access", "");
        let at = |fault| Trace { fault: Some(fault), ..Trace::default() };
        assert_eq!(rule(&native, &overflow, &[], &at(0xffff_fff0)), Some("stack-in-memory"));
        assert_eq!(rule(&native, &overflow, &[], &at(0x12_0000)), None);
        check(&native, &overflow, None);
    }

    #[test]
    fn errors_with_numbers_need_a_call_that_is_the_only_one() {
        let native = exit(0, "", "");
        let shown = |text: &str| exit(1, "", &format!("{text} (os error 44)\n"));
        let here = shown("a/b.txt: No such file or directory");
        let call = |path: &str| {
            failed(
                "wasi:filesystem/types",
                "[method]descriptor.open-at",
                &format!("path=\"{path}\""),
                "no-entry",
            )
        };
        let trace = |paths: &[&str]| Trace {
            calls: paths.iter().map(|path| call(path)).collect(),
            ..Trace::default()
        };
        assert_eq!(rule(&native, &here, &[], &trace(&[])), Some("no-preopen"));
        assert_eq!(rule(&native, &here, &["--dir=."], &trace(&["a/b.txt"])), Some("host-answer"));
        // Another file was looked for before, or wasi-libc made a relative path of an absolute one.
        assert_eq!(rule(&native, &here, &["--dir=."], &trace(&["other.txt"])), None);
        assert_eq!(rule(&native, &here, &["--dir=."], &trace(&["a/b.txt", "a/b.txt"])), None);
        let absolute = shown("/a/b.txt: No such file or directory");
        assert_eq!(rule(&native, &absolute, &["--dir=."], &trace(&["a/b.txt"])), Some("absolute-path"));
        assert_eq!(rule(&native, &absolute, &["--dir=/x"], &trace(&["a/b.txt"])), None);
        // The scratch directory, and a file that is not named.
        let in_cwd = shown("{cwd}/b.txt: No such file or directory");
        assert_eq!(rule(&native, &in_cwd, &["--dir=."], &trace(&["tmp/1/b.txt"])), Some("absolute-path"));
        assert_eq!(rule(&native, &in_cwd, &["--dir=."], &trace(&["tmp/1/c.txt"])), None);
        let unnamed = shown("called: No such file or directory");
        assert_eq!(rule(&native, &unnamed, &["--dir=."], &trace(&["etc/b"])), Some("absolute-path"));
        assert_eq!(rule(&native, &unnamed, &["--dir=."], &trace(&["b"])), None);
        // A variable that the guest sees, or not.
        let settings = trace(&["home/me/.rc"]);
        assert_eq!(rule(&native, &unnamed, &["--dir=.", "--env=HOME"], &settings), Some("absolute-path"));
        assert_eq!(rule(&native, &unnamed, &["--dir=."], &settings), None);
        assert_eq!(rule(&native, &unnamed, &["--dir=.", "--env=HOME"], &trace(&["home/men"])), None);
        let bytes = |name: &str| exit(1, "", &format!("{name}: Illegal byte sequence (os error 25)\n"));
        assert_eq!(rule(&native, &bytes("caf\\xe9"), &["--dir=."], &trace(&[])), Some("not-utf-8"));
        assert_eq!(rule(&native, &bytes("caf\u{fffd}"), &["--dir=."], &trace(&[])), Some("not-utf-8"));
        // The program has escaped a name that is valid.
        assert_eq!(rule(&native, &bytes("caf\\xc3\\xa9"), &["--dir=."], &trace(&[])), Some("libc-answer"));
        // The same error natively, under another number.
        let absent = exit(1, "", "a/b.txt: No such file or directory (os error 2)\n");
        assert_eq!(rule(&absent, &here, &[], &trace(&[])), Some("error-numbers"));
    }

    #[test]
    fn several_errors_must_have_one_reason() {
        let native = exit(0, "", "");
        let std = "lock: operation not supported on this platform\n";
        let number = "a: No such file or directory (os error 44)\n";
        check(&native, &exit(1, "", std), Some("std-unsupported"));
        check(&native, &exit(1, "", &format!("{std}{number}")), None);
        // What a program tolerates is on stdout.
        check(&native, &exit(1, std, number), Some("no-preopen"));
    }

    #[test]
    fn panics() {
        let unreachable = "wasm `unreachable` instruction executed";
        let panic = |place: &str, message: &str| format!("\nthread 'main' panicked at {place}:\n{message}\n");
        let (own, os) = ("src/main.rs:1:1", "called `Result::unwrap()` on an `Err` value: Os { code: ");
        let natively = exit(
            101,
            "",
            &panic(own, &format!("{os}2, kind: NotFound, message: \"No such file or directory\" }}")),
        );
        let here = |number: i32, kind: &str, text: &str| {
            trap(unreachable, &panic(own, &format!("{os}{number}, kind: {kind}, message: \"{text}\" }}")))
        };
        check(&natively, &here(44, "NotFound", "No such file or directory"), Some("panic-abort"));
        // Another error at the same place is no reason to panic natively.
        check(&natively, &here(2, "PermissionDenied", "Permission denied"), Some("libc-answer"));
        let temp =
            panic("/rustc/{hash}/library/std/src/sys/paths/wasi.rs:{line}", "not supported by WASI yet");
        check(&exit(0, "", ""), &trap(unreachable, &temp), Some("std-panics"));
        let wait = panic("/rustc/{hash}/library/std/src/sys/sync/condvar/no_threads.rs:{line}", "no");
        check(&exit(0, "", ""), &trap(unreachable, &wait), Some("no-threads"));
        let parked = |message: &str| {
            panic("{registry}/parking_lot_core-0.9.12/src/thread_parker/wasm.rs:1:1", message)
        };
        check(
            &exit(0, "", ""),
            &trap(unreachable, &parked("Parking not supported on this platform")),
            Some("crate-stub"),
        );
        check(&exit(0, "", ""), &trap(unreachable, &parked("index out of bounds")), None);
        let locale = |message: &str| {
            trap(unreachable, &panic("{registry}/sys-locale-0.3.2/src/wasm.rs:18:5", message))
        };
        let no_javascript = "cannot call wasm-bindgen imported functions on non-wasm targets";
        check(&exit(0, "", ""), &locale(no_javascript), Some("crate-for-browsers"));
        check(&exit(0, "", ""), &locale("cannot call this function on non-wasm targets"), None);
        // A hook of the program hides the message: only what it prints tells whether it is the same panic.
        let frames = Trace { frames: vec!["abort".into(), "__rustc::rust_panic".into()], ..Trace::default() };
        let quiet = |text| trap(unreachable, text);
        assert_eq!(rule(&exit(101, "", "ended\n"), &quiet("ended\n"), &[], &frames), Some("panic-abort"));
        assert_eq!(rule(&exit(101, "", "ended\n"), &quiet("other\n"), &[], &frames), None);
    }

    #[test]
    fn numbers_and_sizes() {
        let lines =
            |native: &str, here: &str, expected| check(&exit(0, native, ""), &exit(0, here, ""), expected);
        lines("usize: 8 bytes\n", "usize: 4 bytes\n", Some("usize-32"));
        lines("cores (usize): 2\n", "cores (usize): 1\n", None);
        lines("as usize: 5368709120\n", "as usize: 1073741824\n", Some("usize-32"));
        lines("memory: 17179869184\n", "memory: 0\n", None);
        lines("sse2: yes\n", "sse2: unsupported\n", None);
        lines("in {cwd}/a\n", "in /a\n", Some("guest-directory"));
        lines("in {cwd}/a\n", "in /b\n", None);
    }

    #[test]
    fn what_does_not_compile() {
        let check = |headline: &str, rendered: &str, package: &str, expected: Option<&str>| {
            let here = Outcome::of_end(End::DoesNotBuild(headline.into()));
            let failure = Failure {
                headline: headline.into(),
                rendered: rendered.into(),
                package: Some(package.into()),
            };
            let native = exit(0, "", "");
            let evidence = Evidence {
                target: Target::Wasip1,
                flags: &[],
                variables: &[],
                args: &[],
                native: &native,
                here: &here,
                package: "own",
                failure: Some(&failure),
                crates: &[],
                trace: None,
            };
            assert_eq!(explain(&evidence).map(|explanation| explanation.rule.id), expected, "{headline}");
        };
        let script = "error: failed to run custom build command for `zstd-sys v2.0.0`";
        check(
            script,
            "error occurred in cc-rs: failed to find tool \"clang\"",
            "zstd-sys 2.0.0",
            Some("no-c-compiler"),
        );
        check(script, "Unable to find libclang", "clang-sys 1.0.0", None);
        let missing = "error[E0433]: cannot find `unix` in `os`";
        check(missing, "use std::os::unix::fs", "own 0.1.0", Some("std-missing"));
        check(missing, "use std::os::unix::fs", "nix 0.1.0", Some("crate-not-supported"));
        check(missing, "use crate::os::unix", "own 0.1.0", None);
        check("error: undefined symbol: getuid", "", "own", Some("undefined-symbol"));
        check("error: undefined symbol: getuid", "", "users 0.11.0", Some("undefined-symbol"));
        // What a build script or a macro says.
        check("error: found an undefined symbol: `x`", "", "own 0.1.0", None);
        check("error[E0080]: attempt to compute `8 * usize::MAX`", "", "other 1.0.0", None);
        check(
            "error[E0658]: use of unstable library feature `wasi_ext`",
            "",
            "own 0.1.0",
            Some("std-unstable"),
        );
        let here = Outcome::of_end(End::DoesNotCompose("nothing exports greet".into()));
        tests::check(&exit(0, "", ""), &here, Some("components"));
    }

    #[test]
    fn what_the_host_denies() {
        let native = exit(0, "", "");
        let trace = |call: WasiCall| Trace { calls: vec![call], ..Trace::default() };
        let denied = trace(failed("wasi:sockets/tcp", "[method]tcp-socket.start-bind", "", "access-denied"));
        let here = exit(1, "", "bind: Permission denied (os error 2)\n");
        assert_eq!(rule(&native, &here, &[], &denied), Some("network-not-granted"));
        // The operating system itself refuses port 80.
        assert_eq!(rule(&native, &here, &["-S", "inherit-network"], &denied), Some("host-answer"));
        let here = exit(1, "", "failed to lookup address information: Non-recoverable error\n");
        let lookup =
            |error| trace(failed("wasi:sockets/ip-name-lookup", "resolve-addresses", "name=\"a\"", error));
        assert_eq!(
            rule(&native, &here, &[], &lookup("permanent-resolver-failure")),
            Some("lookup-not-granted")
        );
        assert_eq!(rule(&native, &here, &[], &lookup("name-unresolvable")), None);
        let opened = |note: &str, function: &str| {
            let mut call = failed("wasi:filesystem/types", function, "path=\"../a\"", "not-permitted");
            call.notes.push(note.into());
            trace(call)
        };
        let here = exit(1, "", "../a: Operation not permitted (os error 63)\n");
        let escape = "a path led outside of the filesystem";
        assert_eq!(rule(&native, &here, &[], &opened(escape, "open-at")), Some("left-preopen"));
        assert_eq!(rule(&native, &here, &[], &opened("other", "open-at")), Some("host-answer"));
        assert_eq!(rule(&native, &here, &[], &opened(escape, "readlink-at")), Some("host-answer"));
    }

    #[test]
    fn what_wasi_libc_makes() {
        let native = exit(0, "", "");
        let here = exit(1, "", "write: I/O error (os error 29)\n");
        let stream = failed(
            "wasi:io/streams",
            "[method]output-stream.blocking-flush",
            "",
            "lastoperationfailed(full)",
        );
        let trace = Trace { calls: vec![stream], ..Trace::default() };
        assert_eq!(rule(&native, &here, &[], &trace), Some("stream-error"));
        assert_eq!(rule(&native, &here, &[], &Trace::default()), None);
        check(&native, &exit(1, "", "chmod: Not supported (os error 58)\n"), Some("libc-unsupported"));
        check(&native, &exit(1, "", "failed to spawn: Not supported (os error 58)\n"), Some("no-threads"));
        check(&native, &exit(1, "", "set: Invalid argument (os error 28)\n"), Some("libc-answer"));
        let aborted =
            |caller: &str| Trace { frames: vec!["abort".into(), caller.into()], ..Trace::default() };
        let here = trap("wasm `unreachable` instruction executed", "");
        assert_eq!(rule(&native, &here, &[], &aborted("__wasilibc_map_socket_error")), Some("libc-aborts"));
        assert_eq!(rule(&native, &here, &[], &aborted("sqlite3_panic")), None);
    }

    #[test]
    fn ends_of_the_host() {
        let native = exit(0, "", "");
        let refused = |reason: &str| Outcome::of_end(End::Refused(reason.into()));
        check(&native, &refused("No such file or directory (os error 2)"), Some("refused"));
        check(&native, &refused("exit with invalid exit status outside of [0..126)"), Some("exit-code"));
        check(&exit(3, "a\n", ""), &exit(1, "a\n", ""), Some("exit-code"));
        check(&exit(3, "a\n", ""), &exit(1, "b\n", ""), None);
        let exhausted = trap("call stack exhausted", "");
        check(&native, &exhausted, Some("wasm-stack"));
        assert_eq!(rule(&native, &exhausted, &["-W", "max-wasm-stack=9"], &Trace::default()), Some("limit"));
        let name = |here: &str| (exit(0, "I am {bin}/cat here\n", ""), exit(0, here, ""));
        let (native, here) = name("I am cat.wasm here\n");
        check(&native, &here, Some("program-name"));
        let (native, here) = name("I am dog.wasm here\n");
        check(&native, &here, None);
    }

    #[test]
    fn modes_of_files() {
        let with = |mode, text: &str| {
            let change = FileChange {
                kind: ChangeKind::Created,
                path: "run".into(),
                mode,
                what: FileKind::Text(text.into()),
            };
            Outcome { files: vec![change], ..exit(0, "", "") }
        };
        check(&with(Some(0o755), "a\n"), &with(None, "a\n"), Some("no-modes"));
        check(&with(Some(0o755), "a\n"), &with(None, "b\n"), None);
    }
}
