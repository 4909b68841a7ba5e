//! The result of looking for a tool.

use std::path::PathBuf;

/// The result of looking for a tool that cells need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is installed and can be used.
    Suitable { at: PathBuf, version: String },
    /// It is installed, but cannot be used.
    Unsuitable { at: PathBuf, why: String },
    /// It is installed and can be used, but not for everything, so it is worth installing again.
    Outdated { at: PathBuf, why: String },
    /// It is not installed.
    Missing,
}
