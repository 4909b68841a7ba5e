//! The trace that wasmtime writes of the calls of a guest.
//!
//! wasmtime logs them with the crate tracing: those of WASI 0.1 in spans of the crate wiggle, those of WASI 0.2 in
//! spans of wit-bindgen. Each call is a line with its arguments and a line with its result:
//! ```text
//! 2026-01-01T00:00:00.000000Z TRACE wiggle abi{module="wasi_snapshot_preview1" function="path_open"}: wasmtime_wasi::p1::wasi_snapshot_preview1: fd=Fd(3) path=*guest 0x102ff0/11
//! 2026-01-01T00:00:00.000000Z TRACE wiggle abi{module="wasi_snapshot_preview1" function="path_open"}: wasmtime_wasi::p1::wasi_snapshot_preview1: result=Err(Error { inner: Noent })
//! 2026-01-01T00:00:00.000000Z TRACE wit-bindgen import{module="types" function="[method]descriptor.open-at"}: wasmtime_wasi::p2::bindings::async_io::wasi::filesystem::types: call path="a"
//! 2026-01-01T00:00:00.000000Z TRACE wit-bindgen import{module="types" function="[method]descriptor.open-at"}: wasmtime_wasi::p2::bindings::async_io::wasi::filesystem::types: return result=Err(no-entry (error 20))
//! ```
//! The log goes to the stderr of wasmtime, where a guest that may write to it could forge such lines. So the guest
//! of a traced run gets no stderr. Strings are quoted and escaped, so no value contains the end of a line. In the
//! report of a trap, which comes last, the names of the guest's functions are not escaped, so no calls are read there.

use crate::model::trace::{Answer, Trace, WasiCall};

/// The variable that turns the log on, and its value.
pub const VARIABLE: (&str, &str) = ("WASMTIME_LOG", "wasmtime_wasi=trace,wasmtime_wasi_io=trace");

/// The flags with which the guest's stderr goes nowhere.
pub const FLAGS: [&str; 2] = ["-S", "inherit-stderr=n"];

/// The beginning of the first line of a report about a failed run. Lines of the log begin with a time.
const REPORT: &str = "Error: ";

/// Reads the trace from what a traced run wrote to stderr: the log, and at its end the report about a trap. Lines
/// that are neither are ignored.
pub fn read(stderr: &str) -> Trace {
    let mut trace = Trace::default();
    let mut is_log = true;
    // The indexes of calls without a result: a function of the host may call another one.
    let mut open: Vec<usize> = Vec::new();
    for line in stderr.lines() {
        is_log &= !line.starts_with(REPORT);
        if is_log && let Some(line) = Line::read(line) {
            match &line.event {
                Event::Call(arguments) => {
                    open.push(trace.calls.len());
                    trace.calls.push(line.call(arguments));
                }
                Event::Result(answer) => {
                    let is_meant = |index: &usize| trace.calls[*index].function == line.function;
                    match open.iter().rposition(is_meant) {
                        Some(at) => trace.calls[open.remove(at)].answer = Some(answer.clone()),
                        // Functions without arguments have only this line in WASI 0.1.
                        None => trace.calls.push(WasiCall { answer: Some(answer.clone()), ..line.call("") }),
                    }
                }
                Event::Note(note) => {
                    if let Some(index) = open.last() {
                        trace.calls[*index].notes.push((*note).into());
                    }
                }
            }
        } else if let Some(function) = frame(line) {
            trace.frames.push(function);
        } else if let Some((_, rest)) = line.split_once(": memory fault at wasm address 0x") {
            let digits = rest.split(' ').next().unwrap_or_default();
            trace.fault = u64::from_str_radix(digits, 16).ok();
        }
    }
    trace
}

/// A line of the log.
struct Line<'a> {
    interface: String,
    function: &'a str,
    event: Event<'a>,
}

enum Event<'a> {
    Call(&'a str),
    Result(Answer),
    Note(&'a str),
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Option<Line<'a>> {
        let (time, rest) = line.split_once(' ')?;
        if !time.ends_with('Z') || !time.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (level, rest) = rest.trim_start().split_once(' ')?;
        let in_span =
            rest.strip_prefix("wiggle abi{").or_else(|| rest.strip_prefix("wit-bindgen import{"))?;
        let of_wiggle = rest.starts_with("wiggle");
        let (module, rest) = in_span.strip_prefix("module=\"")?.split_once("\" function=\"")?;
        let (function, rest) = rest.split_once("\"}:")?;
        if level != "TRACE" {
            // Within the span of the call may be others, with braces that contain anything.
            let note = rest.rsplit(": ").next()?;
            return Some(Line { interface: module.into(), function, event: Event::Note(note) });
        }
        let (target, what) = rest.trim_start().split_once(": ")?;
        let interface = match target.split_once("::wasi::") {
            Some((_, path)) => format!("wasi:{}", path.replace("::", "/").replace('_', "-")),
            None => module.into(),
        };
        let event = match (of_wiggle, what.strip_prefix("result="), what.strip_prefix("return")) {
            (true, Some(result), _) => Event::Result(answer(result)),
            (true, None, _) => Event::Call(what),
            (false, _, Some(result)) => {
                Event::Result(answer(result.trim_start().trim_start_matches("result=")))
            }
            (false, _, None) => Event::Call(what.strip_prefix("call")?.trim_start()),
        };
        Some(Line { interface, function, event })
    }

    fn call(&self, arguments: &str) -> WasiCall {
        WasiCall {
            interface: self.interface.clone(),
            function: self.function.into(),
            arguments: arguments.into(),
            answer: None,
            notes: Vec::new(),
        }
    }
}

/// Reads a result: `Ok(Fd(4))`, `Err(Error { inner: Noent })` or `Err(no-entry (error 20))`.
fn answer(result: &str) -> Answer {
    let inner = |text: &'_ str, variant: &str| {
        text.strip_prefix(variant).and_then(|text| text.strip_suffix(')')).map(String::from)
    };
    if let Some(error) = inner(result, "Err(") {
        let error = error.trim_start_matches("Error { inner: ").trim_end_matches(" }");
        let name = error.split(" (error ").next().unwrap_or(error);
        return Answer::Failed(name.to_ascii_lowercase());
    }
    Answer::Done(match inner(result, "Ok(") {
        Some(value) if value == "()" => String::new(),
        Some(value) => value,
        None => result.into(),
    })
}

/// Reads a frame of the backtrace in wasmtime's report: the name of the function, without the hashes of crates and
/// without generic arguments.
/// ```text
///     1:   0x25c8 - panic.wasm!std[6755ea078148a6bd]::sys::pal::wasi::abort_internal
/// ```
fn frame(line: &str) -> Option<String> {
    let (number, rest) = line.trim_start().split_once(": ")?;
    let (address, rest) = rest.trim_start().split_once(" - ")?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) || !address.starts_with("0x") {
        return None;
    }
    let (_, function) = rest.split_once('!')?;
    // `<std[1]::sync::Once as Trait>::call`: the type tells where the function is.
    let (of_type, rest) = match function.strip_prefix('<') {
        Some(inner) => {
            let end = inner.rfind(">::")?;
            (inner[..end].split(" as ").next().unwrap_or_default(), &inner[end + 1..])
        }
        None => ("", function),
    };
    Some(format!("{}{}", plain(of_type), plain(rest)))
}

/// A path without the hashes of crates and without generic arguments.
fn plain(path: &str) -> String {
    let mut plain = String::new();
    let (mut brackets, mut angles) = (0_usize, 0_usize);
    let mut before = ' ';
    for c in path.chars() {
        match c {
            '[' => brackets += 1,
            ']' => brackets = brackets.saturating_sub(1),
            '<' => angles += 1,
            // `->` in the type of a function ends nothing.
            '>' if before != '-' => angles = angles.saturating_sub(1),
            _ if brackets == 0 && angles == 0 => plain.push(c),
            _ => {}
        }
        before = c;
    }
    plain.replace("::::", "::").trim_end_matches("::").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const P1: &str = r#"2026-11-21T20:05:29.039Z TRACE wiggle abi{module="wasi_snapshot_preview1" function="args_sizes_get"}: wasmtime_wasi::p1::wasi_snapshot_preview1: result=Ok((2, 20))
2026-11-21T20:05:29.039Z TRACE wiggle abi{module="wasi_snapshot_preview1" function="path_open"}: wasmtime_wasi::p1::wasi_snapshot_preview1: fd=Fd(3) path=*guest 0x102fe0/8
2026-11-21T20:05:29.039Z DEBUG wiggle abi{module="wasi_snapshot_preview1" function="path_open"}:path_open{dirfd=Fd(3) path=*guest 0x102fe0/8}: wasmtime_wasi::filesystem: unknown raw os error: a path led outside of the filesystem
2026-11-21T20:05:29.039Z TRACE wiggle abi{module="wasi_snapshot_preview1" function="path_open"}: wasmtime_wasi::p1::wasi_snapshot_preview1: result=Err(Error { inner: Perm })
2026-11-21T20:05:29.039Z TRACE wiggle abi{module="wasi_snapshot_preview1" function="proc_exit"}: wasmtime_wasi::p1::wasi_snapshot_preview1: rval=1
Error: failed to run main module `a.wasm`

Caused by:
    0: failed to invoke command default
    1: error while executing at wasm backtrace:
    0:    0x878 - a.wasm!std[a88812da5ee6ad9e]::rt::lang_start::<fn(&str) -> u32>::{closure#0}
   10:    0x878 - a.wasm!_start
    2: memory fault at wasm address 0x100000178 in linear memory of size 0x110000
    3: wasm trap: out of bounds memory access
"#;

    fn call(interface: &str, function: &str, arguments: &str, answer: Option<Answer>) -> WasiCall {
        WasiCall {
            interface: interface.into(),
            function: function.into(),
            arguments: arguments.into(),
            answer,
            notes: Vec::new(),
        }
    }

    #[test]
    fn calls_of_wasi_0_1() {
        let trace = read(P1);
        let preview1 = "wasi_snapshot_preview1";
        let mut opened = call(
            preview1,
            "path_open",
            "fd=Fd(3) path=*guest 0x102fe0/8",
            Some(Answer::Failed("perm".into())),
        );
        opened.notes.push("a path led outside of the filesystem".into());
        let sizes = call(preview1, "args_sizes_get", "", Some(Answer::Done("(2, 20)".into())));
        assert_eq!(trace.calls, [sizes, opened, call(preview1, "proc_exit", "rval=1", None)]);
        assert_eq!(trace.frames, ["std::rt::lang_start::{closure#0}", "_start"]);
        assert_eq!(trace.fault, Some(0x1_0000_0178));
        let of_type = "0:  0x1 - a.wasm!<std[a8]::sys::no_threads::Once as core[1]::A<u8>>::call::<B>";
        assert_eq!(frame(of_type).unwrap(), "std::sys::no_threads::Once::call");
    }

    #[test]
    fn calls_of_wasi_0_2() {
        let log = r#"2026-11-21T20:13:37.169Z TRACE wit-bindgen import{module="types" function="[method]descriptor.open-at"}: wasmtime_wasi::p2::bindings::async_io::wasi::filesystem::types: call path="a: b" flags=(READ)
2026-11-21T20:13:37.169Z TRACE wit-bindgen import{module="types" function="[method]descriptor.open-at"}: wasmtime_wasi::p2::bindings::async_io::wasi::filesystem::types: return result=Err(no-entry (error 20))
2026-11-21T20:13:37.169Z TRACE wit-bindgen import{module="streams" function="[method]output-stream.check-write"}: wasmtime_wasi_io::bindings::wasi::io::streams: call self_=Resource { rep: 0, state: "borrow" }
2026-11-21T20:13:37.169Z TRACE wit-bindgen import{module="streams" function="[method]output-stream.check-write"}: wasmtime_wasi_io::bindings::wasi::io::streams: return result=Ok(65536)
"#;
        let open_at = "[method]descriptor.open-at";
        let failed = Some(Answer::Failed("no-entry".into()));
        let calls = read(log).calls;
        assert_eq!(calls[0], call("wasi:filesystem/types", open_at, "path=\"a: b\" flags=(READ)", failed));
        assert_eq!(calls[1].interface, "wasi:io/streams");
        assert_eq!(calls[1].answer, Some(Answer::Done("65536".into())));
    }

    /// The name of a function can contain anything.
    #[test]
    fn names_in_a_report_are_no_calls() {
        let path_open = P1.lines().nth(1).unwrap();
        let forged = P1.replace("a.wasm!_start", &format!("a.wasm!x\n{path_open}"));
        assert_ne!(forged, P1);
        assert_eq!(read(&forged).calls, read(P1).calls);
    }

    #[test]
    fn other_lines_are_no_calls() {
        assert_eq!(
            read("TRACE wiggle abi{module=\"a\" function=\"b\"}: c: d\nhello: 0x1 - a!b\n\n"),
            Trace::default()
        );
    }
}
