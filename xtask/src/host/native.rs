//! The operating system as the host of native programs.

use std::ffi::OsString;

use crate::host::seam::{Call, Ending, Host};
use crate::model::case::Row;

/// The operating system as the host of native programs.
pub struct Native;

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

    /// Returns [`Ending::Exit`], as every exit code comes from the program.
    fn ending(&self, _: i32, _: &[u8], _: &[u8]) -> Ending {
        Ending::Exit
    }

    fn stable_report(&self, text: &str) -> String {
        text.into()
    }
}
