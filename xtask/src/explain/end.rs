//! Programs that end in another way.

use crate::explain::evidence::{Evidence, Explanation};
use crate::explain::rules::{
    ALLOCATION, CRATE_FOR_BROWSERS, CRATE_STUB, EXIT_CODE, LIBC_ABORTS, LIMIT, NO_THREADS, PANIC_ABORT,
    REFUSED, STACK_IN_MEMORY, STD_PANICS, USIZE_32, WASM_STACK,
};
use crate::explain::{change, crates};
use crate::host::wasmtime::{OUT_OF_BOUNDS, STACK_EXHAUSTED, allowed};
use crate::model::os_error::{System, named};
use crate::model::outcome::{End, Outcome};
use crate::model::target::Target;
use crate::model::trace::Trace;
use crate::model::verdict::{self, Change};

/// Explains a program that traps, hangs or is refused, where it exits natively.
pub fn of_abort(evidence: &Evidence<'_>) -> Option<Explanation> {
    match &evidence.here.end {
        End::Refused(reason) => {
            let rule = if reason.contains("with invalid exit status") { &EXIT_CODE } else { &REFUSED };
            Some(Explanation::new(rule, format!("wasmtime says: {reason}")))
        }
        End::Trap(what) => of_trap(evidence, what),
        _ => None,
    }
}

fn of_trap(evidence: &Evidence<'_>, what: &str) -> Option<Explanation> {
    let is_limited = |name: &str| allowed::limits(evidence.flags, name);
    if what.contains("all fuel consumed") && is_limited("fuel")
        || what == "interrupt" && is_limited("timeout")
        || what == STACK_EXHAUSTED && is_limited("max-wasm-stack")
    {
        return Some(Explanation::new(&LIMIT, format!("wasmtime says: {what}")));
    }
    if what == STACK_EXHAUSTED {
        return Some(Explanation::new(&WASM_STACK, format!("wasmtime says: {what}")));
    }
    if what == OUT_OF_BOUNDS {
        return stack_overflow(evidence);
    }
    if !what.contains("unreachable") {
        return None;
    }
    let stderr = &evidence.here.stderr.text;
    if let Some(size) = failed_allocation(stderr) {
        let fact = format!("An allocation of {size} bytes failed.");
        if is_limited("max-memory-size") {
            return Some(Explanation::new(&LIMIT, fact));
        }
        // A smaller one may have failed because the module declares a smaller memory.
        return (size >= LARGE).then(|| Explanation::new(&ALLOCATION, fact));
    }
    match last_panic(evidence.here) {
        Some(panic) => of_panic(evidence, &panic),
        None => without_message(evidence),
    }
}

/// From so many bytes on, an allocation is too large for a memory of 4 GiB that is in use.
const LARGE: u64 = 1 << 30;

/// The size of an allocation that failed, as std says it (`library/alloc/src/alloc.rs`).
fn failed_allocation(stderr: &str) -> Option<u64> {
    let line = line_with(stderr, "memory allocation of ")?;
    line.strip_prefix("memory allocation of ")?.strip_suffix(" bytes failed")?.parse().ok()
}

/// A stack overflow: rustc has the linker put the stack at the beginning of memory, so that what does not fit is below
/// address 0, which as an unsigned number is at the end of 4 GiB.
fn stack_overflow(evidence: &Evidence<'_>) -> Option<Explanation> {
    /// How far below 0 an access counts: frames are not larger.
    const BELOW: u64 = 64 << 20;
    const END: u64 = 1 << 32;
    let fault = evidence.trace?.fault?;
    // The offset in a load or store instruction is added to the address without wrapping around.
    let is_below = (END - BELOW..END + BELOW).contains(&fault);
    is_below.then(|| {
        let offset = i128::from(fault) - i128::from(END);
        Explanation::new(
            &STACK_IN_MEMORY,
            format!("The access that trapped was at {fault:#x}, that is {offset} as a signed number."),
        )
    })
}

/// A panic: the place in the source, and the message.
struct Panic {
    place: String,
    message: String,
}

/// The last panic that an outcome shows.
fn last_panic(outcome: &Outcome) -> Option<Panic> {
    panics(outcome).pop()
}

fn panics(outcome: &Outcome) -> Vec<Panic> {
    let lines: Vec<_> = outcome.stderr.text.lines().collect();
    let panic = |(index, line): (usize, &&str)| {
        let place = line.strip_prefix("thread '")?.split_once("' panicked at ")?.1;
        let message = lines.get(index + 1).copied().unwrap_or_default();
        Some(Panic { place: place.trim_end_matches(':').into(), message: message.into() })
    };
    lines.iter().enumerate().filter_map(panic).collect()
}

fn of_panic(evidence: &Evidence<'_>, panic: &Panic) -> Option<Explanation> {
    let said = format!("The program panicked at {}: {}", panic.place, panic.message);
    if panics(evidence.native).iter().any(|native| is_same(native, panic)) {
        return Some(Explanation::new(&PANIC_ABORT, said));
    }
    let in_std = panic.place.split_once("/library/std/src/").map(|(_, file)| without_line(file));
    // No object may be larger than `isize::MAX`, which natively is far away.
    if panic.message == "capacity overflow" && panic.place.contains("/library/alloc/") {
        return Some(Explanation::new(&USIZE_32, said));
    }
    if WASM_BINDGEN_SAYS.contains(&panic.message.as_str()) {
        return Some(Explanation::new(&CRATE_FOR_BROWSERS, said));
    }
    // A crate chooses such a file by the target: `parking_lot_core-0.9.12/src/thread_parker/wasm.rs`.
    let file_of_crate = panic.place.strip_prefix("{registry}/").and_then(|place| place.rsplit('/').next());
    if file_of_crate
        .is_some_and(|file| ["wasm", "wasi", "unsupported", "stub"].iter().any(|name| file.starts_with(name)))
        && crates::is_about_support(&panic.message)
    {
        return Some(Explanation::new(&CRATE_STUB, said));
    }
    match in_std {
        // Both are panics of `sys/sync/once/no_threads.rs`, with the place of the caller.
        Some("sync/once.rs" | "sync/once_lock.rs" | "sync/lazy_lock.rs")
            if ONCE_SAYS.contains(&panic.message.as_str()) =>
        {
            Some(Explanation::new(&NO_THREADS, said))
        }
        Some(file)
            if file.contains("no_threads")
                || file.starts_with("thread/")
                || file.starts_with("sys/sync/") =>
        {
            Some(Explanation::new(&NO_THREADS, said))
        }
        // Code that is only compiled where std has no implementation of its own.
        Some(file) if file.contains("/wasi") || file.contains("unsupported") => {
            Some(Explanation::new(&STD_PANICS, said))
        }
        // The program does not expect an error, so the cause is that of the error.
        _ => {
            let change = Change { native: String::new(), here: panic.message.clone() };
            let mut explanation = change::explain(evidence, &change)?;
            explanation.facts.insert(0, said);
            Some(explanation)
        }
    }
}

/// What wasm-bindgen compiles instead of a call of JavaScript (`crates/macro-support/src/codegen.rs` and `src/lib.rs`).
const WASM_BINDGEN_SAYS: [&str; 4] = [
    "cannot call wasm-bindgen imported functions on non-wasm targets",
    "cannot access imported statics on non-wasm targets",
    "cannot check instanceof on non-wasm targets",
    "function not implemented on non-wasm32 targets",
];

/// What std's `Once` says where there are no threads (`library/std/src/sys/sync/once/no_threads.rs`).
const ONCE_SAYS: [&str; 2] =
    ["not implementable on this target", "one-time initialization may not be performed recursively"];

/// A file without the line: that of `sync/once.rs:{line}` is `sync/once.rs`.
fn without_line(place: &str) -> &str {
    place.split(':').next().unwrap_or(place)
}

/// Whether a native panic is the same as one here, but for the numbers and texts of OS errors. If std itself panics
/// because of an error, as `println!` does, the error may be another one.
fn is_same(native: &Panic, here: &Panic) -> bool {
    let before_error = |message: &str| message.split(": ").next().map(String::from);
    let of_std = here.place.contains("/library/std/src/") && here.message.contains("(os error ");
    native.place == here.place
        && (named(&native.message, System::Linux) == named(&here.message, System::Wasi)
            || of_std && before_error(&native.message) == before_error(&here.message))
}

/// A trap about which the program itself said nothing: the functions that were active say where it came from.
fn without_message(evidence: &Evidence<'_>) -> Option<Explanation> {
    let Trace { frames, .. } = evidence.trace?;
    let at = |part: &str| frames.iter().find(|frame| frame.contains(part));
    let stderr = &evidence.here.stderr.text;
    if let Some(frame) = at("no_threads").filter(|frame| frame.starts_with("std::")) {
        return Some(Explanation::new(&NO_THREADS, format!("It trapped in {frame}.")));
    }
    if let Some(line) = line_with(stderr, "fatal runtime error: rwlock locked") {
        return Some(Explanation::new(&NO_THREADS, format!("std says: {line}")));
    }
    if let Some(frame) = at("rust_panic").or_else(|| at("__rust_start_panic")) {
        // Natively the program ended with the code of a panic, and all that it printed is the same.
        let same = |native: &str, here: &str| named(native, System::Linux) == named(here, System::Wasi);
        let (native, here) = (evidence.native, evidence.here);
        let prints_same =
            same(&native.stdout.text, &here.stdout.text) && same(&native.stderr.text, &here.stderr.text);
        let fact = format!("It trapped in {frame}, and natively it exited with 101.");
        return (code(&native.end) == Some(101) && prints_same).then(|| Explanation::new(&PANIC_ABORT, fact));
    }
    if frames.first().is_some_and(|frame| frame == "abort")
        && frames.get(1).is_some_and(|frame| frame.starts_with("__wasilibc"))
    {
        return Some(Explanation::new(&LIBC_ABORTS, format!("abort was called by {}.", frames[1])));
    }
    None
}

fn line_with<'a>(text: &'a str, part: &str) -> Option<&'a str> {
    text.lines().find(|line| line.contains(part)).map(str::trim)
}

/// Explains a program that exits with another code.
pub fn of_exit_code(evidence: &Evidence<'_>) -> Option<Explanation> {
    let Evidence { native, here, target, .. } = *evidence;
    let (natively, now) = (code(&native.end)?, code(&here.end)?);
    let asked = evidence.trace.and_then(|trace| {
        let index = trace.calls.iter().rposition(|call| call.name() == "proc_exit")?;
        let asked: i64 = trace.calls[index].argument("rval")?.parse().ok()?;
        Some((index, asked))
    });
    match asked {
        // WASI 0.1: the guest asked for a code, and the host made another one of it. The code is an unsigned number.
        Some((index, asked)) if asked as i32 != now => {
            let fact = format!("The program exited with {asked}, and wasmtime with {now}.");
            return Some(Explanation::new(&EXIT_CODE, fact).at(index));
        }
        // WASI 0.2 has no call for a code. All that the program does is the same.
        None if target == Target::Wasip2
            && now == 1
            && natively > 1
            && Outcome { end: here.end.clone(), ..native.clone() } == *here =>
        {
            let fact = format!("Everything is the same except the code: {natively} natively, {now} here.");
            return Some(Explanation::new(&EXIT_CODE, fact));
        }
        _ => {}
    }
    // All lines that may be the reason must have the same one.
    let explained: Vec<_> =
        decisive(evidence).iter().map(|change| change::explain(evidence, change)).collect::<Option<_>>()?;
    let rule = explained.first()?.rule;
    if explained.iter().any(|other| other.rule != rule) {
        return None;
    }
    explained.into_iter().next_back()
}

/// The lines that may show why the programs end differently: those with an error that natively is not there, of
/// stderr if it has any; or else the first line that differs.
fn decisive(evidence: &Evidence<'_>) -> Vec<Change> {
    let shows_error = |line: &str| {
        verdict::shows_error(line)
            || line.trim_end().ends_with(": unsupported")
            || crates::is_about_support(line)
    };
    let changes = verdict::changes(evidence.native, evidence.here);
    let is_error = |change: &&Change| shows_error(&change.here) && !shows_error(&change.native);
    let errors: Vec<_> = changes.iter().filter(is_error).cloned().collect();
    let is_of_stderr = |change: &&Change| evidence.here.stderr.text.lines().any(|line| line == change.here);
    let of_stderr: Vec<_> = errors.iter().filter(is_of_stderr).cloned().collect();
    match (of_stderr.is_empty(), errors.is_empty()) {
        (false, _) => of_stderr,
        (true, false) => errors,
        (true, true) => changes.into_iter().take(1).collect(),
    }
}

/// The exit code of an end, if it has one.
fn code(end: &End) -> Option<i32> {
    match end {
        End::Exit(code) => Some(*code),
        _ => None,
    }
}
