//! The numbers and messages of operating system errors on Linux and on WASI.
//!
//! Most errors have different numbers on the two systems, and many have different messages. On WASI, the
//! numbers are those in `__errno_values.h` of wasi-libc, and the messages are those of its `strerror`, which
//! comes from musl. On Linux, the numbers are those in the kernel's `errno.h`, and the messages are those of
//! glibc. The kinds are those to which std maps the errors on Linux (`decode_error_kind` in
//! `library/std/src/sys/io/error/unix.rs`).

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

/// An error of the operating system.
pub struct OsError {
    /// Its name in C, such as `ENOENT`.
    pub name: &'static str,
    /// Its name in `std::io::ErrorKind`; empty if it has none.
    pub kind: &'static str,
    pub linux: Spelling,
    pub wasi: Spelling,
}

/// The number and the message of an error on one system.
pub struct Spelling {
    /// 0 if the system does not have this error.
    pub number: i32,
    pub text: &'static str,
}

/// The system from which a line comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Linux,
    Wasi,
}

/// Returns `line` with each operating system error replaced by a name that is the same on both systems:
/// `<NotFound>`, its [`std::io::ErrorKind`], or `<EBADF>`, its name in C, if it has no kind. Errors are
/// recognized in the forms in which `std::io::Error` writes them, `Display` and `Debug`.
pub fn named(line: &str, system: System) -> String {
    static DISPLAYED: LazyLock<Regex> = LazyLock::new(|| regex(r"\(os error (\d+)\)"));
    static DEBUGGED: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"Os \{ code: (\d+), kind: \w+, message: "[^"]*" \}"#));
    let named = |found: &Captures<'_>| match error(&found[1], system) {
        Some(error) => format!("<{}>", error.token()),
        None => found[0].to_string(),
    };
    let line = DEBUGGED.replace_all(line, named);
    let mut line = line.into_owned();
    while let Some(found) = DISPLAYED.captures(&line)
        && let Some(error) = error(&found[1], system)
    {
        let (number, text) = (found.get(0).expect("the whole match").range(), error.on(system).text);
        // If the message comes before the number, replace both.
        let before = line[..number.start].strip_suffix(&format!("{text} ")).unwrap_or(&line[..number.start]);
        line = format!("{before}<{}>{}", error.token(), &line[number.end..]);
    }
    line
}

/// Returns the error of an operating system that `line` shows first, if it shows one.
pub fn shown_in(line: &str, system: System) -> Option<&'static OsError> {
    static NUMBERS: LazyLock<Regex> = LazyLock::new(|| regex(r"\(os error (\d+)\)|Os \{ code: (\d+),"));
    let found = NUMBERS.captures(line)?;
    error(found.get(1).or(found.get(2))?.as_str(), system)
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of this file is a regular expression")
}

fn error(number: &str, system: System) -> Option<&'static OsError> {
    let number = number.parse::<i32>().ok().filter(|number| *number != 0)?;
    ERRORS.iter().find(|error| error.on(system).number == number)
}

impl OsError {
    fn on(&self, system: System) -> &Spelling {
        match system {
            System::Linux => &self.linux,
            System::Wasi => &self.wasi,
        }
    }

    fn token(&self) -> &'static str {
        if self.kind.is_empty() { self.name } else { self.kind }
    }
}

const fn error_of(
    name: &'static str,
    kind: &'static str,
    linux: (i32, &'static str),
    wasi: (i32, &'static str),
) -> OsError {
    let (linux, wasi) =
        (Spelling { number: linux.0, text: linux.1 }, Spelling { number: wasi.0, text: wasi.1 });
    OsError { name, kind, linux, wasi }
}

/// All errors that WASI has (`errno` in the specification of WASI 0.1).
#[rustfmt::skip]
pub const ERRORS: [OsError; 76] = [
    error_of("E2BIG", "ArgumentListTooLong", (7, "Argument list too long"), (1, "Argument list too long")),
    error_of("EACCES", "PermissionDenied", (13, "Permission denied"), (2, "Permission denied")),
    error_of("EADDRINUSE", "AddrInUse", (98, "Address already in use"), (3, "Address in use")),
    error_of("EADDRNOTAVAIL", "AddrNotAvailable", (99, "Cannot assign requested address"), (4, "Address not available")),
    error_of("EAFNOSUPPORT", "", (97, "Address family not supported by protocol"), (5, "Address family not supported by protocol")),
    error_of("EAGAIN", "WouldBlock", (11, "Resource temporarily unavailable"), (6, "Resource temporarily unavailable")),
    error_of("EALREADY", "", (114, "Operation already in progress"), (7, "Operation already in progress")),
    error_of("EBADF", "", (9, "Bad file descriptor"), (8, "Bad file descriptor")),
    error_of("EBADMSG", "", (74, "Bad message"), (9, "Bad message")),
    error_of("EBUSY", "ResourceBusy", (16, "Device or resource busy"), (10, "Resource busy")),
    error_of("ECANCELED", "", (125, "Operation canceled"), (11, "Operation canceled")),
    error_of("ECHILD", "", (10, "No child processes"), (12, "No child process")),
    error_of("ECONNABORTED", "ConnectionAborted", (103, "Software caused connection abort"), (13, "Connection aborted")),
    error_of("ECONNREFUSED", "ConnectionRefused", (111, "Connection refused"), (14, "Connection refused")),
    error_of("ECONNRESET", "ConnectionReset", (104, "Connection reset by peer"), (15, "Connection reset by peer")),
    error_of("EDEADLK", "Deadlock", (35, "Resource deadlock avoided"), (16, "Resource deadlock would occur")),
    error_of("EDESTADDRREQ", "", (89, "Destination address required"), (17, "Destination address required")),
    error_of("EDOM", "", (33, "Numerical argument out of domain"), (18, "Domain error")),
    error_of("EDQUOT", "QuotaExceeded", (122, "Disk quota exceeded"), (19, "Quota exceeded")),
    error_of("EEXIST", "AlreadyExists", (17, "File exists"), (20, "File exists")),
    error_of("EFAULT", "", (14, "Bad address"), (21, "Bad address")),
    error_of("EFBIG", "FileTooLarge", (27, "File too large"), (22, "File too large")),
    error_of("EHOSTUNREACH", "HostUnreachable", (113, "No route to host"), (23, "Host is unreachable")),
    error_of("EIDRM", "", (43, "Identifier removed"), (24, "Identifier removed")),
    error_of("EILSEQ", "", (84, "Invalid or incomplete multibyte or wide character"), (25, "Illegal byte sequence")),
    error_of("EINPROGRESS", "InProgress", (115, "Operation now in progress"), (26, "Operation in progress")),
    error_of("EINTR", "Interrupted", (4, "Interrupted system call"), (27, "Interrupted system call")),
    error_of("EINVAL", "InvalidInput", (22, "Invalid argument"), (28, "Invalid argument")),
    error_of("EIO", "InputOutputError", (5, "Input/output error"), (29, "I/O error")),
    error_of("EISCONN", "", (106, "Transport endpoint is already connected"), (30, "Socket is connected")),
    error_of("EISDIR", "IsADirectory", (21, "Is a directory"), (31, "Is a directory")),
    error_of("ELOOP", "FilesystemLoop", (40, "Too many levels of symbolic links"), (32, "Symbolic link loop")),
    error_of("EMFILE", "TooManyOpenFiles", (24, "Too many open files"), (33, "No file descriptors available")),
    error_of("EMLINK", "TooManyLinks", (31, "Too many links"), (34, "Too many links")),
    error_of("EMSGSIZE", "", (90, "Message too long"), (35, "Message too large")),
    error_of("EMULTIHOP", "", (72, "Multihop attempted"), (36, "Multihop attempted")),
    error_of("ENAMETOOLONG", "InvalidFilename", (36, "File name too long"), (37, "Filename too long")),
    error_of("ENETDOWN", "NetworkDown", (100, "Network is down"), (38, "Network is down")),
    error_of("ENETRESET", "", (102, "Network dropped connection on reset"), (39, "Connection reset by network")),
    error_of("ENETUNREACH", "NetworkUnreachable", (101, "Network is unreachable"), (40, "Network unreachable")),
    error_of("ENFILE", "TooManyOpenFiles", (23, "Too many open files in system"), (41, "Too many open files in system")),
    error_of("ENOBUFS", "", (105, "No buffer space available"), (42, "No buffer space available")),
    error_of("ENODEV", "", (19, "No such device"), (43, "No such device")),
    error_of("ENOENT", "NotFound", (2, "No such file or directory"), (44, "No such file or directory")),
    error_of("ENOEXEC", "", (8, "Exec format error"), (45, "Exec format error")),
    error_of("ENOLCK", "", (37, "No locks available"), (46, "No locks available")),
    error_of("ENOLINK", "", (67, "Link has been severed"), (47, "Link has been severed")),
    error_of("ENOMEM", "OutOfMemory", (12, "Cannot allocate memory"), (48, "Out of memory")),
    error_of("ENOMSG", "", (42, "No message of desired type"), (49, "No message of desired type")),
    error_of("ENOPROTOOPT", "", (92, "Protocol not available"), (50, "Protocol not available")),
    error_of("ENOSPC", "StorageFull", (28, "No space left on device"), (51, "No space left on device")),
    error_of("ENOSYS", "Unsupported", (38, "Function not implemented"), (52, "Function not implemented")),
    error_of("ENOTCAPABLE", "", (0, ""), (76, "Capabilities insufficient")),
    error_of("ENOTCONN", "NotConnected", (107, "Transport endpoint is not connected"), (53, "Socket not connected")),
    error_of("ENOTDIR", "NotADirectory", (20, "Not a directory"), (54, "Not a directory")),
    error_of("ENOTEMPTY", "DirectoryNotEmpty", (39, "Directory not empty"), (55, "Directory not empty")),
    error_of("ENOTRECOVERABLE", "", (131, "State not recoverable"), (56, "State not recoverable")),
    error_of("ENOTSOCK", "", (88, "Socket operation on non-socket"), (57, "Not a socket")),
    error_of("ENOTSUP", "Unsupported", (95, "Operation not supported"), (58, "Not supported")),
    error_of("ENOTTY", "", (25, "Inappropriate ioctl for device"), (59, "Not a tty")),
    error_of("ENXIO", "", (6, "No such device or address"), (60, "No such device or address")),
    error_of("EOVERFLOW", "", (75, "Value too large for defined data type"), (61, "Value too large for data type")),
    error_of("EOWNERDEAD", "", (130, "Owner died"), (62, "Previous owner died")),
    error_of("EPERM", "PermissionDenied", (1, "Operation not permitted"), (63, "Operation not permitted")),
    error_of("EPIPE", "BrokenPipe", (32, "Broken pipe"), (64, "Broken pipe")),
    error_of("EPROTO", "", (71, "Protocol error"), (65, "Protocol error")),
    error_of("EPROTONOSUPPORT", "", (93, "Protocol not supported"), (66, "Protocol not supported")),
    error_of("EPROTOTYPE", "", (91, "Protocol wrong type for socket"), (67, "Protocol wrong type for socket")),
    error_of("ERANGE", "", (34, "Numerical result out of range"), (68, "Result not representable")),
    error_of("EROFS", "ReadOnlyFilesystem", (30, "Read-only file system"), (69, "Read-only file system")),
    error_of("ESPIPE", "NotSeekable", (29, "Illegal seek"), (70, "Invalid seek")),
    error_of("ESRCH", "", (3, "No such process"), (71, "No such process")),
    error_of("ESTALE", "StaleNetworkFileHandle", (116, "Stale file handle"), (72, "Stale file handle")),
    error_of("ETIMEDOUT", "TimedOut", (110, "Connection timed out"), (73, "Operation timed out")),
    error_of("ETXTBSY", "ExecutableFileBusy", (26, "Text file busy"), (74, "Text file busy")),
    error_of("EXDEV", "CrossesDevices", (18, "Invalid cross-device link"), (75, "Cross-device link")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(linux: &str, wasi: &str, named_line: &str) {
        assert_eq!(named(linux, System::Linux), named_line);
        assert_eq!(named(wasi, System::Wasi), named_line);
    }

    #[test]
    fn the_same_error_on_both_systems() {
        check(
            "cat: a: No such file or directory (os error 2)",
            "cat: a: No such file or directory (os error 44)",
            "cat: a: <NotFound>",
        );
        check(
            "I/O: Input/output error (os error 5)!",
            "I/O: I/O error (os error 29)!",
            "I/O: <InputOutputError>!",
        );
        check(
            "Permission denied (os error 13) or (os error 2)",
            "Operation not permitted (os error 63) or (os error 44)",
            "<PermissionDenied> or <NotFound>",
        );
        check(
            r#"Err(Os { code: 2, kind: NotFound, message: "No such file or directory" })"#,
            r#"Err(Os { code: 44, kind: NotFound, message: "No such file or directory" })"#,
            "Err(<NotFound>)",
        );
    }

    #[test]
    fn other_lines_are_unchanged() {
        for line in ["os error 2", "(os error x)", "(os error 4711)", "No such file or directory"] {
            check(line, line, line);
        }
    }

    /// Compares the table with the messages of this machine.
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn messages_are_those_of_this_system() {
        for error in ERRORS.iter().filter(|error| error.linux.number != 0) {
            let of_system = std::io::Error::from_raw_os_error(error.linux.number).to_string();
            assert_eq!(of_system, format!("{} (os error {})", error.linux.text, error.linux.number));
        }
    }
}
