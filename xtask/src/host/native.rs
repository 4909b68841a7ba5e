//! The operating system as the host of native programs.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::host::seam::{Call, Compilation, Ending, Host, Traced};
use crate::model::case::Row;
use crate::model::trace::{Answer, Trace, WasiCall};

/// The operating system as the host of native programs.
#[derive(Clone, Debug, Default)]
pub struct Native {
    /// The program `strace`, if it is installed: it traces native programs on Linux.
    pub strace: Option<PathBuf>,
}

impl Host for Native {
    /// Returns no flags, as a native program has neither a grant nor flags.
    fn flags(&self, _: &Row) -> Vec<String> {
        Vec::new()
    }

    fn argv(&self, call: &Call<'_>) -> Vec<OsString> {
        [call.program.into()].into_iter().chain(call.args.iter().map(OsString::from)).collect()
    }

    fn typed(&self, call: &Call<'_>) -> Vec<String> {
        [call.program.to_string_lossy().into_owned()].into_iter().chain(call.args.iter().cloned()).collect()
    }

    /// Returns `None`, as the operating system does not end a program with an exit code.
    fn argv_without_guest(&self, _: &Call<'_>, _: &[u8]) -> Option<Vec<OsString>> {
        None
    }

    /// Returns nothing, as cargo has compiled a native program.
    fn compilations(&self, _: &Call<'_>) -> Vec<Compilation> {
        Vec::new()
    }

    /// Returns [`Ending::Exit`], as every exit code comes from the program.
    fn ending(&self, _: i32, _: &[u8], _: &[u8]) -> Ending {
        Ending::Exit
    }

    /// Runs the program under strace. Its stderr goes nowhere, so that it cannot forge calls.
    fn traced(&self, call: &Call<'_>) -> Option<Traced> {
        let strace = self.strace.as_ref()?;
        let flags = ["-f", "-s", "80", "-e", TRACED, "-o", "|cat >&2", "/bin/sh", "-c", WITHOUT_STDERR];
        let words = flags.into_iter().map(OsString::from);
        let argv = [strace.into()].into_iter().chain(words).chain(self.argv(call)).collect();
        Some(Traced { argv, variable: ("LC_ALL".into(), "C".into()) })
    }

    fn trace(&self, stderr: &str) -> Trace {
        Trace { calls: read(stderr), ..Trace::default() }
    }

    fn stable_report(&self, text: &str) -> String {
        text.into()
    }
}

/// What strace shows: files, the network, processes, and where std has set up its runtime.
const TRACED: &str = "trace=%file,%network,read,write,lseek,mmap,sigaltstack,exit_group,clone,clone3,flock,fcntl,ioctl,fchmod,ftruncate,dup,dup2,dup3";

/// What `sh` runs: the program, which is `$0` with its arguments.
const WITHOUT_STDERR: &str = "exec \"$0\" \"$@\" 2>/dev/null";

/// Reads the calls that strace wrote, without those of the shell, of the dynamic linker and of std's runtime:
/// ```text
/// 4711 openat(AT_FDCWD, "sample.txt", O_RDONLY|O_CLOEXEC) = 3
/// 4711 openat(AT_FDCWD, "b", O_RDONLY) = -1 ENOENT (No such file or directory)
/// ```
fn read(text: &str) -> Vec<WasiCall> {
    let lines: Vec<_> = text.lines().filter_map(|line| Some(line.split_once(' ')?.1.trim_start())).collect();
    // std gives the main thread a stack for signals just before it calls main.
    let is_start = |line: &&str| line.starts_with("sigaltstack({ss_sp=0x");
    let is_end = |line: &&str| line.starts_with("sigaltstack({ss_sp=NULL") || line.starts_with("exit_group(");
    let start = lines.iter().position(is_start).map_or(0, |start| start + 1);
    // A program that returns from main gives the stack back, and one that calls exit does not.
    let own = lines[start..].iter().take_while(|line| !is_end(line));
    own.filter_map(|line| call(line)).collect()
}

fn call(line: &str) -> Option<WasiCall> {
    let (function, rest) = line.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let answer = match result.strip_prefix("-1 ") {
        Some(error) => Answer::Failed(error.split(' ').next().unwrap_or(error).into()),
        None => Answer::Done(result.into()),
    };
    Some(WasiCall {
        interface: "the operating system".into(),
        function: function.into(),
        arguments: arguments.trim_end().strip_suffix(')')?.into(),
        answer: Some(answer),
        notes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_main_are_read() {
        let text = "1 openat(AT_FDCWD, \"/lib/libc.so\", O_RDONLY) = 3\n1 sigaltstack({ss_sp=0x1, ss_size=2}, NULL) = 0\n\
                    1 openat(AT_FDCWD, \"a = b\", O_RDONLY)  = -1 ENOENT (No such file or directory)\n\
                    1 sigaltstack({ss_sp=NULL}, NULL) = 0\n1 exit_group(0) = ?\n";
        let calls = read(text);
        assert_eq!(calls.len(), 1);
        assert_eq!((calls[0].function.as_str(), calls[0].error()), ("openat", Some("ENOENT")));
        assert_eq!(calls[0].arguments, "AT_FDCWD, \"a = b\", O_RDONLY");
    }
}
