//! The hosts of columns.

use crate::host::native::Native;
use crate::host::seam::Host;
use crate::host::wasmtime::Wasmtime;
use crate::model::column::{Column, HostName};

/// The hosts that are installed and ready to run programs.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// `None` if no column needs it.
    pub wasmtime: Option<Wasmtime>,
    pub native: Native,
}

impl Hosts {
    /// Returns the operating system, which is always ready.
    pub fn operating_system(&self) -> &dyn Host {
        &self.native
    }

    /// Returns the host of a column.
    ///
    /// # Panics
    /// If it was not provisioned.
    pub fn of(&self, column: &Column) -> &dyn Host {
        match column.host {
            HostName::OperatingSystem => &self.native,
            HostName::Wasmtime => {
                self.wasmtime.as_ref().expect("the hosts of all columns have been provisioned")
            }
        }
    }
}
