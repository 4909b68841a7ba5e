//! The columns of tables: the target, the toolchain and the host of a program.

use std::fmt;
use std::str::FromStr;

use crate::model::target::Target;
use crate::model::version::Version;

/// A column of the table: a target, a toolchain and a host.
///
/// A *pinned* column has the toolchain and the host that the workspace pins. Its name is that of its target.
/// The name of any other column adds what differs: `wasip1+rust-1.93.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Column {
    pub target: Target,
    pub toolchain: Toolchain,
    pub host: HostName,
}

/// The Rust toolchain that compiles a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Toolchain {
    /// The one that the workspace pins.
    Pinned,
    /// Another release, by its version.
    Rust(Version),
}

/// What runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostName {
    /// The operating system, for native programs.
    OperatingSystem,
    /// The wasmtime that the workspace pins.
    Wasmtime,
}

impl Column {
    /// Returns the pinned column of a target.
    pub const fn pinned(target: Target) -> Column {
        let host = match target {
            Target::Native => HostName::OperatingSystem,
            Target::Wasip1 | Target::Wasip2 => HostName::Wasmtime,
        };
        Column { target, toolchain: Toolchain::Pinned, host }
    }

    /// Returns the pinned columns, in the order of the table.
    pub fn all_pinned() -> Vec<Column> {
        Target::ALL.map(Column::pinned).into()
    }

    /// Returns the unit of `package` in this column.
    pub fn unit(&self, package: &str) -> Unit {
        Unit { package: package.into(), target: self.target, toolchain: self.toolchain }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)?;
        match self.toolchain {
            Toolchain::Pinned => Ok(()),
            Toolchain::Rust(version) => write!(f, "+rust-{version}"),
        }
    }
}

impl FromStr for Column {
    type Err = String;

    /// Reads the name of a column, as [`Display`](fmt::Display) writes it.
    ///
    /// # Errors
    /// A message, if `name` is not the name of a column.
    fn from_str(name: &str) -> Result<Column, String> {
        let mut parts = name.split('+');
        let target = parts.next().unwrap_or_default();
        let target = Target::ALL.into_iter().find(|known| known.name() == target).ok_or_else(|| {
            format!("no target `{target}`; the targets are {}", Target::ALL.map(Target::name).join(", "))
        })?;
        let mut column = Column::pinned(target);
        for part in parts {
            match part.strip_prefix("rust-").map(Version::from_str) {
                Some(Ok(version)) if column.toolchain == Toolchain::Pinned => {
                    column.toolchain = Toolchain::Rust(version);
                }
                Some(Err(error)) => return Err(error),
                _ => return Err(format!("`{part}` is not a toolchain; write it as `rust-1.93.0`")),
            }
        }
        Ok(column)
    }
}

/// The unit of building: a package that a toolchain compiles for a target. Columns that differ only in their
/// host share units.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    pub package: String,
    pub target: Target,
    pub toolchain: Toolchain,
}

impl Unit {
    /// Returns the unit of a program that is native in every column, such as a peer.
    pub fn native(package: &str) -> Unit {
        Column::pinned(Target::Native).unit(package)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["native", "wasip1", "wasip2", "native+rust-1.93.0", "wasip1+rust-1.88.0"] {
            assert_eq!(name.parse::<Column>().unwrap().to_string(), name);
        }
        assert_eq!("wasip2".parse(), Ok(Column::pinned(Target::Wasip2)));
    }

    #[test]
    fn malformed_names() {
        let error = |name: &str| name.parse::<Column>().unwrap_err();
        assert_eq!(error("wasi"), "no target `wasi`; the targets are native, wasip1, wasip2");
        assert_eq!(error("wasip1+node"), "`node` is not a toolchain; write it as `rust-1.93.0`");
        assert_eq!(error("wasip1+rust-1.93"), "not a version: \"1.93\"; write it as \"48.0.8\"");
        let twice = error("wasip1+rust-1.93.0+rust-1.94.0");
        assert_eq!(twice, "`rust-1.94.0` is not a toolchain; write it as `rust-1.93.0`");
    }
}
