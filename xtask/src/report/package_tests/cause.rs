//! Why a test that passes natively does not pass on a wasm target, as far as what it prints shows that.
//!
//! The ids are those of the rules of `why`. A cause is named only if the output proves it; otherwise it is
//! [`CANNOT_TELL`].

use crate::process::End;
use crate::run::libtest::{self, Panic, Verdict};

/// A cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The id of the rule.
    pub id: &'static str,
    /// What the tests with this cause do, after their number, for one and for several.
    pub does: [&'static str; 2],
}

impl Cause {
    /// Returns whether the test is not run here at all, because its author or libtest leaves it out. Then it shows
    /// nothing about this target, neither good nor bad.
    pub fn is_left_out(self) -> bool {
        [SHOULD_PANIC, IGNORED, NOT_COMPILED].contains(&self)
    }

    /// Returns whether the test does not compile here.
    pub fn is_of_build(self) -> bool {
        [CRATE_NOT_SUPPORTED, MODULE_MISSING, DOES_NOT_COMPILE].contains(&self)
    }
}

const fn cause_of(id: &'static str, one: &'static str, several: &'static str) -> Cause {
    Cause { id, does: [one, several] }
}

pub const SHOULD_PANIC: Cause = cause_of(
    "panic-abort",
    "is #[should_panic], which libtest ignores where a panic aborts",
    "are #[should_panic], which libtest ignores where a panic aborts",
);
pub const PANIC_ABORT: Cause = cause_of(
    "panic-abort",
    "catches or expects a panic, which aborts here",
    "catch or expect a panic, which aborts here",
);
pub const NO_THREADS: Cause = cause_of("no-threads", "needs threads", "need threads");
pub const STD_PANICS: Cause = cause_of(
    "std-panics",
    "calls a function of std that panics on this target",
    "call a function of std that panics on this target",
);
pub const STD_UNSUPPORTED: Cause = cause_of(
    "std-unsupported",
    "needs what std does not support here",
    "need what std does not support here",
);
pub const USIZE_32: Cause =
    cause_of("usize-32", "relies on a usize of 64 bits", "rely on a usize of 64 bits");
pub const MEMORY: Cause =
    cause_of("allocation", "needs more memory than there is", "need more memory than there is");
pub const STACK: Cause = cause_of("wasm-stack", "needs a larger stack", "need a larger stack");
pub const TOO_SLOW: Cause = cause_of("limit", "takes longer than --timeout", "take longer than --timeout");
pub const IGNORED: Cause = cause_of(
    "own-code",
    "is ignored for this target by its author",
    "are ignored for this target by their author",
);
pub const NOT_COMPILED: Cause =
    cause_of("own-code", "is left out for this target by a cfg", "are left out for this target by a cfg");
pub const CRATE_NOT_SUPPORTED: Cause = cause_of(
    "crate-not-supported",
    "is in a test binary that does not compile, because of another package",
    "are in test binaries that do not compile, because of another package",
);
pub const MODULE_MISSING: Cause = cause_of(
    "std-missing",
    "is in a test binary that does not compile, because it needs a module of std for another system",
    "are in test binaries that do not compile, because they need a module of std for another system",
);
pub const DOES_NOT_COMPILE: Cause = cause_of(
    "own-code",
    "is in a test binary that does not compile",
    "are in test binaries that do not compile",
);
pub const CANNOT_TELL: Cause =
    cause_of("cannot-tell", "differs for another reason", "differ for another reason");

/// Returns the cause that the compiler's first error shows. It begins with the name of the package if that is not
/// the one whose tests these are.
pub fn of_failure(headline: &str) -> Cause {
    let modules = ["unix", "linux", "windows"].map(|module| format!("cannot find `{module}` in `os`"));
    match headline.starts_with("error") {
        false => CRATE_NOT_SUPPORTED,
        true if modules.iter().any(|text| headline.ends_with(text)) => MODULE_MISSING,
        true => DOES_NOT_COMPILE,
    }
}

/// What is known of a run that failed here, and of the native run.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub verdict: Verdict,
    pub end: End,
    /// The message of the trap that ended the run, if one did.
    pub trap: Option<&'a str>,
    /// What was printed here.
    pub output: &'a str,
    /// What was printed natively.
    pub native: &'a str,
    /// The line of source at which it panicked, if it could be read.
    pub source: Option<&'a str>,
}

/// Returns the cause that the evidence shows.
pub fn cause(evidence: &Evidence<'_>) -> Cause {
    let Evidence { verdict, end, trap, output, native, source } = *evidence;
    match verdict {
        Verdict::ShouldPanic => return SHOULD_PANIC,
        Verdict::Absent => return NOT_COMPILED,
        Verdict::Ignored => return IGNORED,
        Verdict::Passed | Verdict::Failed => {}
    }
    if end == End::TimedOut {
        return TOO_SLOW;
    }
    if trap.is_some_and(|trap| trap.contains("call stack exhausted")) {
        return STACK;
    }
    // std's handler of a failed allocation, which ends the program (library/std/src/alloc.rs).
    if trap.is_some()
        && output
            .lines()
            .any(|line| line.starts_with("memory allocation of ") && line.contains(" bytes failed"))
    {
        return MEMORY;
    }
    let panic = libtest::panic(output);
    if let Some(Panic { at, message }) = &panic {
        // The same panic happened natively, and the test passed nevertheless.
        if trap.is_some() && all_panics(native).any(|other| is_same(&other, at, message)) {
            return PANIC_ABORT;
        }
        if message.starts_with("failed to spawn thread: ") || NO_THREAD_TEXTS.contains(&&**message) {
            return NO_THREADS;
        }
        if at.contains("/library/std/src/") && is_unsupported_text(message) {
            return STD_PANICS;
        }
        if is_of_usize(message, source) {
            return USIZE_32;
        }
    }
    // The message of `io::Error::UNSUPPORTED_PLATFORM`, which only std itself makes.
    if output.contains("operation not supported on this platform") {
        return STD_UNSUPPORTED;
    }
    CANNOT_TELL
}

/// All panics in the output of a run.
fn all_panics(output: &str) -> impl Iterator<Item = Panic> + '_ {
    let mut rest = output;
    std::iter::from_fn(move || {
        let found = libtest::panic(rest)?;
        let at = rest.find(&found.at)? + found.at.len();
        rest = &rest[at..];
        Some(found)
    })
}

/// Whether two panics are the same. Numbers in the message may differ, as in a test with random values.
fn is_same(one: &Panic, at: &str, message: &str) -> bool {
    // std's sources have other paths on other targets.
    let place = |at: &str| at.split_once("/library/").map_or(at, |(_, rest)| rest).to_string();
    let words = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    place(&one.at) == place(at) && words(&one.message) == words(message)
}

/// What std's synchronization panics with where there are no threads (`library/std/src/sys/sync`, `no_threads.rs`).
const NO_THREAD_TEXTS: [&str; 2] = ["condvar wait not supported", "not implementable on this target"];

/// Whether std's panic says that it does not support something.
fn is_unsupported_text(message: &str) -> bool {
    ["not supported", "unsupported", "no filesystem", "can't sleep"].iter().any(|text| message.contains(text))
}

/// Whether a panic that does not happen natively is about the size of `usize`: an arithmetic overflow of the same
/// computation, a capacity that is too large, a number that does not fit, or an assertion about a size of a type.
fn is_of_usize(message: &str, source: Option<&str>) -> bool {
    let first = message.lines().next().unwrap_or_default();
    // A difference that is less than 0 says nothing about the size.
    let grows = ["add", "multiply", "shift left"].map(|what| format!("attempt to {what} with overflow"));
    let is_overflow = grows.iter().any(|message| message == first);
    let is_size = first.starts_with("assertion `left == right` failed")
        && source.is_some_and(|source| source.contains("size_of") || source.contains("usize::BITS"));
    is_overflow || first == "capacity overflow" || first.ends_with("TryFromIntError(())") || is_size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::rules;

    /// The cause if the test panics at this place with this message.
    fn of(at: &str, message: &str, native: &str, source: Option<&str>) -> &'static str {
        let output =
            format!("thread 'main' (1) panicked at {at}:\n{message}\nnote: run with `RUST_BACKTRACE=1`\n");
        let trap = Some("wasm `unreachable` instruction executed");
        let (verdict, end) = (Verdict::Failed, End::Exit(134));
        cause(&Evidence { verdict, end, trap, output: &output, native, source }).id
    }

    #[test]
    fn causes_are_rules() {
        let of_rules =
            [PANIC_ABORT, NO_THREADS, STD_PANICS, STD_UNSUPPORTED, USIZE_32, MEMORY, STACK, TOO_SLOW];
        for cause in of_rules.into_iter().chain([CRATE_NOT_SUPPORTED, MODULE_MISSING, SHOULD_PANIC]) {
            assert!(rules::named(cause.id).is_some(), "{}", cause.id);
        }
    }

    #[test]
    fn causes_have_evidence() {
        let std = "/rustc/58cf/library/std/src/sys/paths/wasi.rs:44:5";
        let own = "src/lib.rs:3:5";
        let failed = "failed to spawn thread: Os { code: 58, kind: Unsupported, message: \"Not supported\" }";
        assert_eq!(of("/x/library/std/src/thread/functions.rs:131:29", failed, "", None), "no-threads");
        assert_eq!(of(std, "not supported by WASI yet", "", None), "std-panics");
        assert_eq!(of(own, "attempt to multiply with overflow", "", None), "usize-32");
        let assertion = "assertion `left == right` failed\n  left: 12\n right: 24";
        assert_eq!(of(own, assertion, "", Some("assert_eq!(size_of::<Vec<u8>>(), 24);")), "usize-32");
        let unsupported = "called `Result::unwrap()` on an `Err` value: Custom { kind: Unsupported, error: \
                           \"operation not supported on this platform\" }";
        assert_eq!(of(own, unsupported, "", None), "std-unsupported");
        let native = "thread 'a' (2) panicked at src/lib.rs:3:5:\nindex 165 of 10\n";
        assert_eq!(of(own, "index 7 of 3", native, None), "panic-abort");
        assert_eq!(
            of("/x/library/std/src/sys/sync/condvar/no_threads.rs:23:9", NO_THREAD_TEXTS[0], "", None),
            "no-threads"
        );
    }

    #[test]
    fn near_misses_have_no_cause() {
        let own = "src/lib.rs:3:5";
        assert_eq!(of(own, "not supported by WASI yet", "", None), "cannot-tell");
        assert_eq!(of(own, "no attempt with overflow", "", None), "cannot-tell");
        let assertion = "assertion `left == right` failed\n  left: 12\n right: 24";
        assert_eq!(of(own, assertion, "", Some("assert_eq!(parse(), 24);")), "cannot-tell");
        let elsewhere = "thread 'a' (2) panicked at src/lib.rs:9:5:\nboom\n";
        assert_eq!(of(own, "boom", elsewhere, None), "cannot-tell");
        let another = "thread 'a' (2) panicked at src/lib.rs:3:5:\nbang\n";
        assert_eq!(of(own, "boom", another, None), "cannot-tell");
        let refused =
            "called `Result::unwrap()` on an `Err` value: Os { code: 44, kind: NotFound, message: \"…\" }";
        assert_eq!(of(own, refused, "", None), "cannot-tell");
    }

    #[test]
    fn errors_of_the_compiler_are_evidence() {
        assert_eq!(
            of_failure("memmap2 0.9.5: error[E0433]: cannot find `unix` in `os`"),
            CRATE_NOT_SUPPORTED
        );
        assert_eq!(of_failure("error[E0433]: cannot find `unix` in `os`"), MODULE_MISSING);
        assert_eq!(of_failure("error[E0425]: cannot find function `unix`"), DOES_NOT_COMPILE);
    }

    #[test]
    fn what_libtest_says_is_evidence() {
        let of = |verdict, end| {
            cause(&Evidence { verdict, end, trap: None, output: "", native: "", source: None })
        };
        let exit = End::Exit(0);
        assert_eq!(of(Verdict::ShouldPanic, exit), SHOULD_PANIC);
        assert_eq!(of(Verdict::Absent, exit), NOT_COMPILED);
        assert_eq!(of(Verdict::Ignored, exit), IGNORED);
        assert_eq!(of(Verdict::Failed, End::TimedOut), TOO_SLOW);
        assert_eq!(of(Verdict::Failed, End::Exit(1)), CANNOT_TELL);
    }
}
