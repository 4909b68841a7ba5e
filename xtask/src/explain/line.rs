//! Programs that show something else: an error where natively there is none, another number, other files.

use std::ops::Range;

use crate::explain::evidence::{Evidence, Explanation};
use crate::explain::rules::{
    CRATE_STUB, ENV_NOT_GRANTED, ERROR_NUMBERS, GUEST_DIRECTORY, HOST_ANSWER, LEFT_PREOPEN, LIBC_ANSWER,
    LIBC_UNSUPPORTED, LOOKUP_NOT_GRANTED, NETWORK_NOT_GRANTED, NO_MODES, NO_PREOPEN, NO_THREADS, NOT_UTF_8,
    PROGRAM_NAME, Rule, STD_UNSUPPORTED, STREAM_ERROR, USIZE_32,
};
use crate::host::wasmtime::allowed;
use crate::model::os_error::{self, OsError, System};
use crate::model::outcome::{FileChange, Outcome};
use crate::model::trace::{Answer, WasiCall};
use crate::model::verdict::Change;

/// The messages of errors that std makes itself on WASI: `UNSUPPORTED_PLATFORM` in `library/core/src/io/error.rs`,
/// the locks and times in `library/std/src/sys/fs/unix.rs`, and `JoinPathsError` in `library/std/src/sys/paths`.
const STD_SAYS: [&str; 7] = [
    "operation not supported on this platform",
    "lock() not supported",
    "lock_shared() not supported",
    "try_lock() not supported",
    "try_lock_shared() not supported",
    "setting file times not supported",
    "not supported on this platform yet",
];

/// What the host notes about a path that leads out of the directory (`errors::escape_attempt` in cap-primitives).
const ESCAPE: &str = "a path led outside of the filesystem";

/// Explains a line that differs.
pub fn explain(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    of_error(evidence, change)
        .or_else(|| of_lookup(evidence, change))
        .or_else(|| of_place(change))
        .or_else(|| of_variable(evidence, change))
        .or_else(|| of_mode(evidence, change))
        .or_else(|| of_size(change))
}

/// Explains an outcome of which only error numbers and their texts differ.
pub fn of_wording(evidence: &Evidence<'_>) -> Option<Explanation> {
    let lines = |text: &str| text.lines().map(String::from).collect::<Vec<_>>();
    let all = |outcome: &Outcome| [lines(&outcome.stdout.text), lines(&outcome.stderr.text)].concat();
    let (native, here) = (all(evidence.native), all(evidence.here));
    let (native, here) = native.iter().zip(&here).find(|(native, here)| native != here)?;
    let (one, other) = (os_error::shown_in(native, System::Linux)?, os_error::shown_in(here, System::Wasi)?);
    let fact = format!("{} is {} on Linux and {} on WASI.", other.name, one.linux.number, other.wasi.number);
    (one.name == other.name).then(|| Explanation::new(&ERROR_NUMBERS, fact))
}

/// Explains a name that the host does not look up. std prints the text of `gai_strerror`, or that of the system's
/// error, after these words (`library/std/src/sys/net/connection/socket/mod.rs`).
fn of_lookup(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    let says = "failed to lookup address information";
    if !change.here.contains(says) || change.native.contains(says) {
        return None;
    }
    let calls = &evidence.trace?.calls;
    // wasmtime answers nothing else with this error; a name that does not exist is `name-unresolvable`.
    let is_denied = |call: &WasiCall| {
        call.interface.ends_with("ip-name-lookup") && call.error() == Some("permanent-resolver-failure")
    };
    let index = calls.iter().rposition(is_denied)?;
    Some(Explanation::new(&LOOKUP_NOT_GRANTED, answered(&calls[index])).at(index))
}

/// What a call did and what the host answered, as a sentence.
fn answered(call: &WasiCall) -> String {
    let error = call.error().unwrap_or_default();
    match call.argument("path").filter(|path| !path.starts_with("*guest")) {
        Some(path) => format!("wasmtime answered {error} to {}(\"{path}\").", call.name()),
        None => format!("wasmtime answered {error} to {}.", call.name()),
    }
}

/// Explains a line with an error that the native line does not have.
fn of_error(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    let Change { native, here } = change;
    if STD_SAYS.iter().any(|message| here.contains(message) && !native.contains(message)) {
        return Some(Explanation::new(
            &STD_UNSUPPORTED,
            format!("The program shows std's message: {}", here.trim()),
        ));
    }
    if let Some(error) = os_error::shown_in(here, System::Wasi) {
        let native = os_error::shown_in(native, System::Linux);
        // The same number is perhaps one that the program chose, see `io::Error::from_raw_os_error`.
        let is_same = native
            .is_some_and(|native| native.name == error.name || native.linux.number == error.wasi.number);
        return if is_same { None } else { of_number(evidence, here, error) };
    }
    // `io::Error::from(ErrorKind::Unsupported)` has no other text; std's own errors have one, see above.
    let is_stub = |line: &str| {
        let line = line.trim_end();
        line.strip_suffix(" [Unsupported]").unwrap_or(line).ends_with(": unsupported")
    };
    if is_stub(here) && !is_stub(native) {
        return Some(Explanation::new(&CRATE_STUB, format!("The program shows: {}", here.trim())));
    }
    None
}

/// Explains an error with a number: who made it?
fn of_number(evidence: &Evidence<'_>, line: &str, error: &OsError) -> Option<Explanation> {
    let trace = evidence.trace?;
    let explain = |rule: &'static Rule, fact: String| Some(Explanation::new(rule, fact));
    let failed = |call: &WasiCall| {
        call.error().is_some_and(|name| number_of(name, &call.interface) == Some(error.name))
    };
    let of_line = segment(evidence, line);
    let range = of_line.clone().unwrap_or(0..trace.calls.len());
    let last = |is_meant: &dyn Fn(&WasiCall) -> bool| {
        trace.calls[range.clone()].iter().rposition(is_meant).map(|index| range.start + index)
    };
    if let Some(index) = last(&failed) {
        // If it is not known which calls belong to the line, each line with this error must have one.
        let of_host = trace.calls.iter().filter(|call| failed(call)).count();
        if of_line.is_none() && of_host < lines_with(evidence.here, error) {
            return None;
        }
        let call = &trace.calls[index];
        let left = call.notes.iter().any(|note| note.contains(ESCAPE));
        // Where sockets are allowed, the operating system did not permit it.
        let is_socket = call.interface.starts_with("wasi:sockets") && call.error() == Some("access-denied");
        let rule = match (left, is_socket && !allowed::sockets(evidence.flags)) {
            (true, _) => &LEFT_PREOPEN,
            (false, true) => &NETWORK_NOT_GRANTED,
            (false, false) => &HOST_ANSWER,
        };
        return Some(Explanation::new(rule, answered(call)).at(index));
    }
    if error.name == "EIO" {
        let is_stream =
            |call: &WasiCall| call.error().is_some_and(|name| name.starts_with("lastoperationfailed"));
        let index = last(&is_stream)?;
        return Some(Explanation::new(&STREAM_ERROR, answered(&trace.calls[index])).at(index));
    }
    let never = format!("No call to the host failed with {}.", error.name);
    match error.name {
        // A byte that is not part of valid UTF-8 is shown as `\xE9`.
        "ENOENT" if line.contains("\\x") => explain(&NOT_UTF_8, never),
        "ENOENT" => {
            let directories: Vec<_> = allowed::directories(evidence.flags).collect();
            let seen = match &directories[..] {
                [] => "no directory at all".to_string(),
                some => some.join(", "),
            };
            explain(&NO_PREOPEN, format!("{never} The guest was granted {seen}."))
        }
        "ENOTSUP" if is_about_threads(line) => {
            explain(&NO_THREADS, format!("{never} The program shows: {}", line.trim()))
        }
        "ENOTSUP" | "ENOSYS" | "EOPNOTSUPP" => explain(&LIBC_UNSUPPORTED, never),
        _ => explain(&LIBC_ANSWER, never),
    }
}

/// How many lines show this error.
fn lines_with(here: &Outcome, error: &OsError) -> usize {
    let shows =
        |line: &&str| os_error::shown_in(line, System::Wasi).is_some_and(|shown| shown.name == error.name);
    here.stdout.text.lines().chain(here.stderr.text.lines()).filter(shows).count()
}

/// The calls between a line of the output and the line before it, if each line was written by a call of its own, as
/// `println!` does; or all until the first of stderr, for its first line.
fn segment(evidence: &Evidence<'_>, line: &str) -> Option<Range<usize>> {
    let calls = &evidence.trace?.calls;
    let stdout: Vec<_> = evidence.here.stdout.text.lines().collect();
    if let Some(number) = stdout.iter().position(|other| *other == line) {
        let writes = writes(calls, 1);
        if writes.len() == stdout.len() {
            let start = number.checked_sub(1).map_or(0, |before| writes[before] + 1);
            return Some(start..writes[number]);
        }
    }
    let is_first = evidence.here.stderr.text.lines().find(|line| !line.trim().is_empty()) == Some(line);
    let first = writes(calls, 2).first().copied();
    is_first.then(|| 0..first.unwrap_or(calls.len()))
}

/// The indexes of the calls that write to stdout (1) or stderr (2).
fn writes(calls: &[WasiCall], descriptor: usize) -> Vec<usize> {
    let fd = format!("fd=Fd({descriptor}) ");
    let open = if descriptor == 1 { "get-stdout" } else { "get-stderr" };
    let stream = calls.iter().find(|call| call.function == open).and_then(|call| match &call.answer {
        Some(Answer::Done(result)) => Some(format!("{},", result.split_once("rep: ")?.1.split(',').next()?)),
        _ => None,
    });
    let writes = |call: &WasiCall| {
        let of_wasi_0_2 = call.name() == "output-stream.write"
            && stream.as_ref().is_some_and(|stream| call.arguments.contains(&format!("rep: {stream}")));
        call.function == "fd_write" && call.arguments.starts_with(&fd) || of_wasi_0_2
    };
    (0..calls.len()).filter(|index| writes(&calls[*index])).collect()
}

/// Whether a line with ENOTSUP is about starting a thread, for which wasi-libc answers that.
fn is_about_threads(line: &str) -> bool {
    ["thread", "spawn"].iter().any(|word| line.to_lowercase().contains(word))
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
        "unsupported" | "not-supported" => "ENOTSUP",
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

/// Explains a line that natively contains the value of a variable, which the flags do not pass on.
fn of_variable(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    /// A shorter value may be in the line by chance.
    const SHORTEST: usize = 3;
    /// The variables that every native program has here.
    const FIXED: [&str; 4] = ["LC_ALL", "TZ", "HOME", "TMPDIR"];
    let asked = evidence
        .trace?
        .calls
        .iter()
        .rposition(|call| call.function.starts_with("environ_") || call.function == "get-environment")?;
    let is_passed = |name: &str| allowed::passes(evidence.flags, name);
    let passed: Vec<_> =
        evidence.variables.iter().filter(|(name, _)| is_passed(name)).map(|(_, value)| value).collect();
    let (name, _) = evidence.variables.iter().find(|(name, value)| {
        // The working directory and the time zone may be in a line for another reason.
        let is_named = !FIXED.contains(&name.as_str()) || change.native.contains(name.as_str());
        value.len() >= SHORTEST
            && is_named
            && change.native.contains(value)
            && !change.here.contains(value)
            && !is_passed(name)
            && !passed.contains(&value)
    })?;
    let fact = format!("The line natively contains the value of {name}, and no flag passes {name} on.");
    Some(Explanation::new(&ENV_NOT_GRANTED, fact).at(asked))
}

/// Explains permission bits that are not kept.
fn of_mode(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    let of_file = || {
        let here = |path: &str| evidence.here.files.iter().find(|file| file.path == path);
        let differs = |file: &&FileChange| {
            here(&file.path).is_some_and(|here| {
                here.mode != file.mode && here.kind == file.kind && here.what == file.what
            })
        };
        let file = evidence.native.files.iter().find(differs)?;
        let is_first = change.native.contains(", mode ") || change.here.contains(", mode ");
        is_first.then(|| format!("{} has another mode than natively.", file.path))
    };
    let no_bits = "FilePermissions { mode: 0o100000 ";
    let in_text = || {
        change
            .here
            .contains(no_bits)
            .then(|| format!("The mode has no permission bits: {}", change.here.trim()))
    };
    of_file().or_else(in_text).map(|fact| Explanation::new(&NO_MODES, fact))
}

/// Explains paths: a guest does not see those of the host.
fn of_place(change: &Change) -> Option<Explanation> {
    let Change { native, here } = change;
    let of_guest = |path: &str| native.replace("\"{cwd}\"", "\"/\"").replace("{cwd}", path);
    if native.contains("{cwd}") && of_guest("") == *here {
        return Some(Explanation::new(&GUEST_DIRECTORY, "The directory that natively is {cwd} is `/` here."));
    }
    let (before, rest) = native.split_once("{bin}/")?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && !"-_.".contains(c)).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    (format!("{before}{name}.wasm{after}") == *here)
        .then(|| Explanation::new(&PROGRAM_NAME, format!("Natively it is the path of {name}.")))
}

/// Explains numbers that do not fit in 32 bits.
fn of_size(change: &Change) -> Option<Explanation> {
    let numbers = |line: &str| -> Vec<u64> {
        line.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
    };
    let (native, here) = (numbers(&change.native), numbers(&change.here));
    let large = native.iter().chain(&here).find(|number| u32::try_from(**number).is_err());
    let refused =
        ["number too large to fit in target type", "out of range integral type conversion attempted"];
    if let (Some(large), Some(text)) = (large, refused.iter().find(|text| change.here.contains(**text)))
        && !change.native.contains(text)
    {
        return Some(Explanation::new(&USIZE_32, format!("{large} does not fit in 32 bits.")));
    }
    if let Some(large) = large
        && change.here.contains("expected usize")
        && !change.native.contains("expected usize")
    {
        return Some(Explanation::new(&USIZE_32, format!("{large} does not fit in 32 bits.")));
    }
    let without_digits = |line: &str| line.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let is_of_usize = ["usize", "isize"].iter().any(|word| change.here.to_lowercase().contains(word));
    let is_half = || native.iter().zip(&here).all(|(native, here)| native == here || *native == 2 * here);
    if is_of_usize && without_digits(&change.native) == without_digits(&change.here) && is_half() {
        let fact =
            format!("What natively is {} is half of it here: {}.", change.native.trim(), change.here.trim());
        return Some(Explanation::new(&USIZE_32, fact));
    }
    let truncated = native.iter().zip(&here).find(|(native, here)| native != here)?;
    let (native, here) = truncated;
    let fact = format!("{here} is what is left of {native} in 32 bits.");
    (*native > u64::from(u32::MAX) && native & u64::from(u32::MAX) == *here)
        .then(|| Explanation::new(&USIZE_32, fact))
}
