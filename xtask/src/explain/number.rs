//! Errors of the operating system, with a number: which layer made them?
//!
//! The host's trace has the calls that failed, but not which line a program printed because of which call. A call is
//! only held responsible if no other one can be.

use std::ops::Range;

use crate::explain::evidence::{Evidence, Explanation};
use crate::explain::rules::{
    ABSOLUTE_PATH, HOST_ANSWER, LEFT_PREOPEN, LIBC_ANSWER, LIBC_UNSUPPORTED, NETWORK_NOT_GRANTED, NO_PREOPEN,
    NO_THREADS, NOT_UTF_8, STREAM_ERROR,
};
use crate::host::wasmtime::allowed;
use crate::model::os_error::{self, OsError, System};
use crate::model::outcome::Outcome;
use crate::model::target::Target;
use crate::model::trace::{Answer, WasiCall};

/// What wasmtime notes about a path that leads out of the directory (`escape_attempt` in
/// `crates/wasi/src/filesystem/primitives/errors.rs`).
const ESCAPE: &str = "a path led outside of the filesystem";

/// Explains `line`, which shows `error`, where the native line does not.
pub fn explain(evidence: &Evidence<'_>, line: &str, error: &OsError) -> Option<Explanation> {
    let calls = &evidence.trace?.calls;
    let failed = |index: &usize| {
        let call = &calls[*index];
        // wasi-libc asks for preopens until there is none: that error is the end of the list.
        let is_list = call.function == "fd_prestat_get";
        !is_list && call.error().is_some_and(|name| number_of(name, &call.interface) == Some(error.name))
    };
    let all: Vec<usize> = (0..calls.len()).filter(failed).collect();
    let lines = lines_with(evidence.here, error);
    let of_line = segment(evidence, line);
    let candidates: Vec<usize> = match &of_line {
        Some(range) => all.iter().copied().filter(|index| range.contains(index)).collect(),
        None => all.clone(),
    };
    match candidates[..] {
        // Without a call for each line with this error, the guest made one of them itself: this one.
        [] if all.len() < lines => of_guest(evidence, line, error, of_line),
        [index] if of_line.is_some() || lines == 1 => of_host(evidence, line, error, index),
        _ => None,
    }
}

/// Explains an error that a call to the host failed with.
fn of_host(evidence: &Evidence<'_>, line: &str, error: &OsError, index: usize) -> Option<Explanation> {
    let call = &evidence.trace?.calls[index];
    let left = call.notes.iter().any(|note| note.contains(ESCAPE));
    // These refuse an absolute target, although nothing leaves the directory.
    let is_of_link = call.name().contains("readlink") || call.name().contains("symlink");
    // Where sockets are allowed, the operating system did not permit it.
    let is_socket = call.interface.starts_with("wasi:sockets") && call.error() == Some("access-denied");
    let rule = if left && !is_of_link {
        &LEFT_PREOPEN
    } else if is_socket && !allowed::sockets(evidence.flags) {
        &NETWORK_NOT_GRANTED
    } else if error.name == "EILSEQ" && !is_utf_8(line) {
        &NOT_UTF_8
    } else {
        // A file that is not there may have been looked for before, for another reason.
        let is_absolute = error.name == "ENOENT" && is_of_absolute_path(evidence, call, line);
        if is_absolute && allowed::directories(evidence.flags).any(|directory| directory == ".") {
            return Some(Explanation::new(&ABSOLUTE_PATH, answered(call)).at(index));
        }
        if error.name == "ENOENT" && !names_path(call, line) {
            return None;
        }
        &HOST_ANSWER
    };
    Some(Explanation::new(rule, answered(call)).at(index))
}

/// Whether a line names the path of a call, as the program wrote it.
fn names_path(call: &WasiCall, line: &str) -> bool {
    words(line).any(|word| !word.starts_with('/') && is_path(call, word))
}

/// Whether wasi-libc made the path of a call of an absolute one, without the slash: one that the line or an argument
/// names, or that is in a directory which a variable names.
fn is_of_absolute_path(evidence: &Evidence<'_>, call: &WasiCall, line: &str) -> bool {
    // Of a path in the scratch directory, `{cwd}/a`, only the end is known.
    let is_whole = |word: &str| match word.strip_prefix("{cwd}/") {
        Some(rest) => match call.path_length() {
            Some(length) => length > rest.len(),
            None => call.argument("path").is_some_and(|path| path.ends_with(&format!("/{rest}"))),
        },
        None => word.strip_prefix('/').is_some_and(|path| is_path(call, path)),
    };
    let is_in = |directory: &str| {
        let path = directory.strip_prefix('/').and_then(|path| call.argument("path")?.strip_prefix(path));
        path.is_some_and(|rest| rest.starts_with('/'))
    };
    let passed = evidence.variables.iter().filter(|(name, _)| allowed::passes(evidence.flags, name));
    words(line).chain(evidence.args.iter().map(String::as_str)).any(is_whole)
        || passed.map(|(_, value)| value.as_str()).any(|value| is_whole(value) || is_in(value))
}

/// The words of a line that may be paths.
pub fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || "\"'`:()".contains(c)).filter(|word| !word.is_empty())
}

/// Whether this is the path of a call. In WASI 0.1 the host only tells how long it was.
fn is_path(call: &WasiCall, path: &str) -> bool {
    match call.path_length() {
        Some(length) => length == path.len(),
        None => call.argument("path") == Some(path),
    }
}

/// Explains an error that no call to the host failed with.
fn of_guest(
    evidence: &Evidence<'_>,
    line: &str,
    error: &OsError,
    of_line: Option<Range<usize>>,
) -> Option<Explanation> {
    let calls = &evidence.trace?.calls;
    let range = of_line.clone().unwrap_or(0..calls.len());
    if error.name == "EIO" {
        let is_stream =
            |call: &WasiCall| call.error().is_some_and(|name| name.starts_with("lastoperationfailed"));
        let index = range.start + calls[range].iter().rposition(is_stream)?;
        return Some(Explanation::new(&STREAM_ERROR, answered(&calls[index])).at(index));
    }
    let never = match of_line {
        Some(_) => format!("No call to the host before this line failed with {}.", error.name),
        None => format!("No call to the host failed with {}.", error.name),
    };
    let directories: Vec<_> = allowed::directories(evidence.flags).collect();
    let (rule, fact) = match error.name {
        "EILSEQ" if evidence.target == Target::Wasip2 && !is_utf_8(line) => (&NOT_UTF_8, never),
        "ENOENT" if directories.is_empty() => {
            (&NO_PREOPEN, format!("{never} The guest was granted no directory at all."))
        }
        "ENOENT" => (&NO_PREOPEN, format!("{never} The guest was granted {}.", directories.join(", "))),
        "ENOTSUP" if line.to_lowercase().contains("spawn") => {
            (&NO_THREADS, format!("{never} The program shows: {}", line.trim()))
        }
        "ENOTSUP" | "ENOSYS" | "EOPNOTSUPP" => (&LIBC_UNSUPPORTED, never),
        _ => (&LIBC_ANSWER, never),
    };
    Some(Explanation::new(rule, fact))
}

/// Whether the bytes that a line shows as `\xe9` are valid UTF-8 together with the text around them. Those of a name
/// that a program escaped itself may be. `Path::display` shows U+FFFD instead of what is not valid.
fn is_utf_8(line: &str) -> bool {
    if line.contains('\u{fffd}') {
        return false;
    }
    let mut parts = line.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => bytes.extend([&[byte], &part.as_bytes()[2..]].concat()),
            None => bytes.extend(part.as_bytes()),
        }
    }
    str::from_utf8(&bytes).is_ok()
}

/// What a call did and what the host answered, as a sentence.
pub fn answered(call: &WasiCall) -> String {
    let error = call.error().unwrap_or_default();
    match call.argument("path").filter(|path| !path.starts_with("*guest")) {
        Some(path) => format!("wasmtime answered {error} to {}(\"{path}\").", call.name()),
        None => format!("wasmtime answered {error} to {}.", call.name()),
    }
}

/// How many lines show this error.
fn lines_with(here: &Outcome, error: &OsError) -> usize {
    let shows =
        |line: &&str| os_error::shown_in(line, System::Wasi).is_some_and(|shown| shown.name == error.name);
    here.stdout.text.lines().chain(here.stderr.text.lines()).filter(shows).count()
}

/// The calls between a line of the output and the line before it, if each line was written by a call of its own, as
/// `println!` does, and is there once; or all until the first line of stderr, if nothing was printed before.
fn segment(evidence: &Evidence<'_>, line: &str) -> Option<Range<usize>> {
    let calls = &evidence.trace?.calls;
    let (stdout, stderr) = (&evidence.here.stdout.text, &evidence.here.stderr.text);
    let lines: Vec<_> = stdout.lines().collect();
    let of_stdout = writes(calls, 1);
    let mut same = (0..lines.len()).filter(|index| lines[*index] == line);
    if let Some(number) = same.next() {
        let is_exact = of_stdout.len() == lines.len() && same.next().is_none();
        let start =
            number.checked_sub(1).and_then(|before| of_stdout.get(before)).map_or(0, |write| write + 1);
        return is_exact.then(|| start..of_stdout[number]);
    }
    let is_first = stderr.lines().find(|line| !line.trim().is_empty()) == Some(line);
    let first = writes(calls, 2).first().copied().unwrap_or(calls.len());
    let printed = of_stdout.first().is_some_and(|write| *write < first);
    (is_first && !printed).then_some(0..first)
}

/// The indexes of the calls that write to stdout (1) or stderr (2), under a host or natively.
pub fn writes(calls: &[WasiCall], descriptor: usize) -> Vec<usize> {
    let fd = format!("fd=Fd({descriptor}) ");
    let open = if descriptor == 1 { "get-stdout" } else { "get-stderr" };
    let stream = calls.iter().find(|call| call.function == open).and_then(|call| match &call.answer {
        Some(Answer::Done(result)) => Some(format!("{},", result.split_once("rep: ")?.1.split(',').next()?)),
        _ => None,
    });
    let writes = |call: &WasiCall| {
        let of_wasi_0_2 = call.name() == "output-stream.write"
            && stream.as_ref().is_some_and(|stream| call.arguments.contains(&format!("rep: {stream}")));
        let is_native = call.function == "write" && call.arguments.starts_with(&format!("{descriptor}, "));
        call.function == "fd_write" && call.arguments.starts_with(&fd) || of_wasi_0_2 || is_native
    };
    (0..calls.len()).filter(|index| writes(&calls[*index])).collect()
}

/// Returns the name in C of an error that the host answered. That of WASI 0.1 is the same without its first letter;
/// for those of WASI 0.2 wasi-libc has tables: `translate_error` in `cloudlibc/src/common/errors.h` for files, and
/// `__wasilibc_socket_error_to_errno` in `sources/sockets_utils.c`.
fn number_of(name: &str, interface: &str) -> Option<&'static str> {
    if interface == "wasi_snapshot_preview1" {
        let is_meant = |error: &&OsError| error.name[1..].eq_ignore_ascii_case(name);
        // `2big` would not be a name.
        return os_error::ERRORS.iter().find(is_meant).map(|error| error.name);
    }
    if interface.starts_with("wasi:io/") {
        return (name == "closed").then_some("EPIPE");
    }
    Some(match name {
        "access" | "access-denied" => "EACCES",
        "would-block" => "EAGAIN",
        "already" | "concurrency-conflict" => "EALREADY",
        "bad-descriptor" => "EBADF",
        "busy" => "EBUSY",
        "deadlock" => "EDEADLK",
        "quota" => "EDQUOT",
        "exist" => "EEXIST",
        "file-too-large" => "EFBIG",
        "illegal-byte-sequence" => "EILSEQ",
        "in-progress" => "EINPROGRESS",
        "interrupted" => "EINTR",
        "invalid" | "invalid-argument" => "EINVAL",
        "io" => "EIO",
        "is-directory" => "EISDIR",
        "loop" => "ELOOP",
        "too-many-links" => "EMLINK",
        "message-size" | "datagram-too-large" => "EMSGSIZE",
        "name-too-long" => "ENAMETOOLONG",
        "no-device" => "ENODEV",
        "no-entry" => "ENOENT",
        "no-lock" => "ENOLCK",
        "insufficient-memory" | "out-of-memory" => "ENOMEM",
        "insufficient-space" => "ENOSPC",
        "not-directory" => "ENOTDIR",
        "not-empty" => "ENOTEMPTY",
        "not-recoverable" => "ENOTRECOVERABLE",
        // wasi-libc gives EOPNOTSUPP the number of ENOTSUP.
        "unsupported" | "not-supported" | "unknown" => "ENOTSUP",
        "no-tty" => "ENOTTY",
        "no-such-device" => "ENXIO",
        "overflow" => "EOVERFLOW",
        "not-permitted" => "EPERM",
        "pipe" => "EPIPE",
        "read-only" => "EROFS",
        "invalid-seek" => "ESPIPE",
        "text-file-busy" => "ETXTBSY",
        "cross-device" => "EXDEV",
        "timeout" => "ETIMEDOUT",
        "new-socket-limit" => "EMFILE",
        "address-not-bindable" => "EADDRNOTAVAIL",
        "address-in-use" => "EADDRINUSE",
        "remote-unreachable" => "EHOSTUNREACH",
        "connection-refused" => "ECONNREFUSED",
        "connection-reset" => "ECONNRESET",
        "connection-aborted" => "ECONNABORTED",
        _ => return None,
    })
}
