//! What a user allows a guest, independent of the flags of a host.

/// What a row allows the guest. Each host translates this into its own flags. A native program needs no
/// grant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Directories that the guest can access (preopens).
    pub dirs: Vec<Directory>,
    /// Variables that the guest sees.
    pub env: Vec<Variable>,
    /// Whether the guest may use the network, with sockets to and from any address.
    pub network: bool,
}

impl Grant {
    /// Returns what this and all of `others` allow together.
    pub fn with<'a>(mut self, others: impl IntoIterator<Item = &'a Grant>) -> Grant {
        for other in others {
            self.dirs.extend(other.dirs.iter().cloned());
            self.env.extend(other.env.iter().cloned());
            self.network |= other.network;
        }
        self
    }

    /// Returns a grant of the directory `host`, under the same name for the guest.
    pub fn of_directory(host: impl Into<String>) -> Grant {
        let directory = Directory { host: host.into(), guest: None };
        Grant { dirs: vec![directory], ..Grant::default() }
    }

    /// Returns a grant of a variable with its value on the host.
    pub fn of_variable(name: impl Into<String>) -> Grant {
        let variable = Variable { name: name.into(), value: None };
        Grant { env: vec![variable], ..Grant::default() }
    }
}

/// A directory of the host that the guest can access, written as `HOST` or `HOST::GUEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its path on the host. A relative path is relative to the cell's working directory.
    pub host: String,
    /// Its path for the guest, if that differs.
    pub guest: Option<String>,
}

/// An environment variable of the guest, written as `NAME` or `NAME=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// Its value. `None` means the value that the variable has on the host.
    pub value: Option<String>,
}
