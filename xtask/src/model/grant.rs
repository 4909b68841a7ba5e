//! What a user allows a guest, independent of the flags of a host.

use std::path::Path;

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
    /// Whether the guest may look up the names of other machines.
    pub lookup: bool,
    /// Whether the guest sees the whole environment of its host.
    pub whole_env: bool,
    /// The size of the stack for its functions, in bytes; by default the host's.
    pub stack: Option<u64>,
}

impl Grant {
    /// Returns what this and all of `others` allow together.
    pub fn with<'a>(mut self, others: impl IntoIterator<Item = &'a Grant>) -> Grant {
        for other in others {
            self.dirs.extend(other.dirs.iter().cloned());
            self.env.extend(other.env.iter().cloned());
            self.network |= other.network;
            self.lookup |= other.lookup;
            self.whole_env |= other.whole_env;
            self.stack = self.stack.max(other.stack);
        }
        self
    }

    /// Returns a grant of the directory `host`, under the same name for the guest.
    pub fn of_directory(host: impl Into<String>) -> Grant {
        let directory = Directory { host: host.into(), guest: None };
        Grant { dirs: vec![directory], ..Grant::default() }
    }

    /// Says what this opens that its flags do not tell, for a user who is about to give them.
    pub fn warnings(&self) -> Vec<String> {
        let root = self.dirs.iter().any(|directory| Path::new(&directory.host) == Path::new("/"));
        let warnings = [
            (
                root,
                "a grant of / opens all files of this user, also /proc/self/environ with the whole environment of wasmtime",
            ),
            (self.network, "the network means any address, also this machine's own services"),
            (self.whole_env, "the whole environment often contains secrets"),
        ];
        warnings.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text.into()).collect()
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
