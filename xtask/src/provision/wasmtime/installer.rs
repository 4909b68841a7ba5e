//! What the ways to install wasmtime share.

use crate::environment::Environment;
use crate::model::version::Version;
use crate::process::Interrupt;
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// What the installation of wasmtime needs to know.
#[derive(Clone, Copy)]
pub struct Installer<'a> {
    pub env: &'a Environment,
    pub workspace: &'a Workspace,
    /// Whether nothing may be fetched from the network.
    pub offline: bool,
    /// On an interrupt, what is running is killed, and nothing else is tried.
    pub interrupt: &'a Interrupt,
    pub progress: Progress,
}

impl Installer<'_> {
    /// Returns the version to install.
    pub fn version(&self) -> Version {
        self.workspace.wasmtime
    }
}
