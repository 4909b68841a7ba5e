//! Process control: starts, watches and kills the programs under test.
//!
//! This is where the harness depends on the operating system. On each, a program runs with both output
//! streams read while it runs, with a timeout that output does not extend, and with a limit on output.
//! What it started is killed when it ends, as far as the system allows:
//!
//! | | Linux | other Unix | Windows |
//! |---|---|---|---|
//! | killed with a program | its process group, and survivors outside of it | its process group | its job object |
//! | survivors are reported ([`Ran::left_running`]) | all | those in its process group | none |
//! | if the harness is killed | a watchdog kills the programs (see below) | programs keep running | the job objects are closed |
//! | tested | by CI | it compiles | it compiles |
//!
//! A survivor is a process that a program has started and that is still running when the program has
//! ended. On Linux the harness finds those that have left the process group because it is a subreaper. On
//! other Unix systems they keep running. On Windows only a process that a program starts before the program
//! itself is put into its job keeps running; a job object that is closed kills all processes in it.
//!
//! A process that was killed can be reaped only when no other process traces it. The harness kills tracers that
//! are survivors, too. It waits for some seconds, and then reports what is left as an error ([`RunError::Watch`]).
//!
//! If the harness is killed, the watchdog kills the processes that have the scratch directory in their
//! environment or as their working directory, and those that it has seen as descendants of the harness: it looks
//! several times a second ([`Descendants`]). There is a limit: a process keeps running if it was started in the
//! last moment before, its parent has ended, and it has neither the environment nor the directory.

#[cfg(unix)]
mod child;
mod interrupt;
#[cfg(target_os = "linux")]
mod subreaper;
mod supervision;
#[cfg(unix)]
mod terminal;
mod types;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub use child::keep_descriptors;
pub use interrupt::{Interrupt, ignore_no_signals};
#[cfg(target_os = "linux")]
pub use subreaper::{Descendants, adopt, end_all, end_all_of, keep};
pub use types::{Echo, End, Limits, Pipe, Ran, RunError, Streams, signal_name};
#[cfg(unix)]
pub use unix::{broken_pipe, end_tool, run, set_umask, start_tool};
#[cfg(windows)]
pub use windows::{broken_pipe, end_tool, run, set_umask, start_tool};

/// On Windows, programs inherit only what they are given. On other Unix systems, nothing finds all open descriptors.
#[cfg(not(target_os = "linux"))]
pub fn keep_descriptors() {}

/// On other systems than Linux, a process cannot become a subreaper.
#[cfg(not(target_os = "linux"))]
pub fn adopt() -> std::io::Result<()> {
    Ok(())
}

/// On other systems than Linux, survivors do not become children of the harness.
#[cfg(not(target_os = "linux"))]
pub fn end_all() -> std::io::Result<()> {
    Ok(())
}

/// On other systems than Linux, no child is taken for a survivor.
#[cfg(not(target_os = "linux"))]
pub fn keep(_: &std::process::Child) {}

/// On other systems than Linux, survivors cannot be matched to a scratch directory.
#[cfg(not(target_os = "linux"))]
pub fn end_all_of(_: &std::path::Path) -> std::io::Result<()> {
    Ok(())
}

/// On other systems than Linux, the descendants of a process are not looked for.
#[cfg(not(target_os = "linux"))]
#[derive(Default)]
pub struct Descendants;

#[cfg(not(target_os = "linux"))]
impl Descendants {
    /// Does nothing.
    pub fn update(&mut self, _: u32) {}

    /// Does nothing.
    pub fn kill(&mut self) {}
}
