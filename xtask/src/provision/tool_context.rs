//! What every call of a tool that fetches, installs or compiles needs to know.

use crate::environment::Environment;
use crate::process::Interrupt;
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// The context of the tools that a session calls.
#[derive(Clone, Copy)]
pub struct ToolContext<'a> {
    pub env: &'a Environment,
    pub workspace: &'a Workspace,
    /// Whether nothing may be fetched from the network.
    pub offline: bool,
    /// On an interrupt, the tool and all processes that it has started are killed, and no other one is tried.
    pub interrupt: &'a Interrupt,
    pub progress: Progress,
}
