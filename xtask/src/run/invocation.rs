//! The command line, environment and working directory of a cell.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::artifacts::Files;
use crate::build::compose;
use crate::host::hosts::Hosts;
use crate::host::seam::{Call, Compilation, Host, Traced};
use crate::model::case::{Case, MOUNT, PORT};
use crate::model::cell::Cell;
use crate::model::needs;
use crate::run::scratch::CWD;
use crate::support::platform;

/// The command line, environment and working directory of a program.
#[derive(Clone)]
pub struct Invocation<'a> {
    host: &'a dyn Host,
    flags: Vec<String>,
    program: PathBuf,
    args: Vec<String>,
    /// The whole environment: no variables of the user are inherited.
    pub env: BTreeMap<String, String>,
    /// The working directory.
    pub cwd: PathBuf,
}

impl<'a> Invocation<'a> {
    /// Creates the invocation of `cell` in its scratch directory `dir`; `mount` is its directory on another mount.
    /// The placeholder for the port of a peer is kept.
    ///
    /// # Panics
    /// If the program of the cell is not in `files`.
    pub fn of(cell: &Cell<'_>, dir: &Path, mount: &Path, files: &Files, hosts: &'a Hosts) -> Invocation<'a> {
        let host = hosts.of(cell.column);
        let cwd = dir.join(CWD);
        let cwd_text = cwd.to_string_lossy().into_owned();
        let mount = mount.to_string_lossy();
        let in_cwd = |text: &String| text.replace("{cwd}", &cwd_text).replace(MOUNT, &mount);
        let mut env = fixed_env(&cwd_text);
        env.extend(cell.case.env.iter().map(|(name, value)| (name.clone(), in_cwd(value))));
        Invocation {
            host,
            flags: flags(cell, host.flags(cell.row).iter().map(in_cwd).collect(), &cwd, files),
            program: compose::program(cell, &files[&cell.unit()]),
            args: cell.case.args.iter().map(in_cwd).collect(),
            env,
            cwd,
        }
    }

    /// Creates the invocation of a cell's peer, if it has one, in the peer's scratch directory `dir`.
    ///
    /// # Panics
    /// If the peer is not in `files`.
    pub fn of_peer(cell: &Cell<'_>, dir: &Path, files: &Files, hosts: &'a Hosts) -> Option<Invocation<'a>> {
        let cwd = dir.join(CWD);
        Some(Invocation {
            host: hosts.operating_system(),
            flags: Vec::new(),
            program: files[&needs::peer(cell)?].clone(),
            args: Vec::new(),
            env: fixed_env(&cwd.to_string_lossy()),
            cwd,
        })
    }

    /// Replaces the placeholder for the port of the cell's peer.
    pub fn at_port(mut self, port: u16) -> Invocation<'a> {
        let port = port.to_string();
        let words = self.flags.iter_mut().chain(&mut self.args).chain(self.env.values_mut());
        words.for_each(|word| *word = word.replace(PORT, &port));
        self
    }

    /// Returns the command line: the host, its flags, the program and its arguments.
    pub fn argv(&self) -> Vec<OsString> {
        self.host.argv(&self.call())
    }

    /// Returns the command line that a user types for the same invocation.
    pub fn typed(&self) -> Vec<String> {
        self.host.typed(&self.call())
    }

    /// Returns how the host runs this so that it writes a trace, if it can.
    pub fn traced(&self) -> Option<Traced> {
        self.host.traced(&self.call())
    }

    /// Returns the command line with flags that keep the guest from running, for an invocation that printed
    /// `stderr`. Returns `None` if the host never ends a run itself.
    pub fn argv_without_guest(&self, stderr: &[u8]) -> Option<Vec<OsString>> {
        self.host.argv_without_guest(&self.call(), stderr)
    }

    /// Returns what the host compiles before it runs this.
    pub fn compilations(&self) -> Vec<Compilation> {
        self.host.compilations(&self.call())
    }

    /// Creates the command for one of these command lines.
    pub fn command(&self, argv: &[OsString]) -> Command {
        let mut command = Command::new(&argv[0]);
        let args = argv[1..].iter().map(platform::argument);
        let env = self.env.iter().map(|(name, value)| (name, platform::argument(&value.into())));
        command.args(args).env_clear().envs(env).current_dir(&self.cwd);
        command
    }

    fn call(&self) -> Call<'_> {
        Call { flags: &self.flags, program: &self.program, args: &self.args }
    }
}

/// Replaces the placeholders in `flags` by paths, except the one for a port. `cwd` is the working directory.
pub fn flags(cell: &Cell<'_>, flags: Vec<String>, cwd: &Path, files: &Files) -> Vec<String> {
    let cwd = cwd.to_string_lossy();
    let packages = || cell.example.modules.iter().map(|module| &module.name).chain([&cell.example.name]);
    let of_flag = |flag: String| {
        packages().fold(flag.replace("{cwd}", &cwd), |flag, package| {
            match files.get(&cell.column.unit(package)) {
                Some(file) => flag.replace(&needs::placeholder(package), &file.to_string_lossy()),
                None => flag,
            }
        })
    };
    flags.into_iter().map(of_flag).collect()
}

/// The names of the environment variables that every cell has in addition to those of its case.
pub const FIXED_VARIABLES: [&str; 4] = ["LC_ALL", "TZ", "HOME", "TMPDIR"];

/// Returns the environment of a case's cells with the placeholder for their working directory.
pub fn variables(case: &Case) -> BTreeMap<String, String> {
    let mut variables = fixed_env("{cwd}");
    variables.extend(case.env.clone());
    variables
}

/// Returns these variables.
fn fixed_env(cwd: &str) -> BTreeMap<String, String> {
    let values = ["C", "UTC", cwd, cwd];
    let mut env: BTreeMap<String, String> =
        FIXED_VARIABLES.iter().zip(values).map(|(name, value)| ((*name).into(), value.into())).collect();
    // On Windows, programs do not start without this variable.
    if cfg!(windows)
        && let Ok(root) = std::env::var("SystemRoot")
    {
        env.insert("SystemRoot".into(), root);
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::native::Native;
    use crate::model::cell;
    use crate::model::column::{Column, Unit};
    use crate::model::example::Example;
    use crate::model::target::Target;

    #[test]
    fn the_port_is_replaced_everywhere() {
        let mut case = Case::plain("a");
        case.peer = Some("server".into());
        case.args = vec!["x:{port}".into()];
        case.env = [("AT".into(), "{port}".into())].into();
        let examples = [Example::with_cases("talk", vec![case])];
        let columns = Column::all_pinned();
        let cells = cell::all(&examples, &columns);
        let files = Files::from([
            (Column::pinned(Target::Native).unit("talk"), "/bin/talk".into()),
            (Unit::native("server"), "/bin/server".into()),
        ]);
        let hosts = Hosts { wasmtime: None, native: Native::default() };
        let plain = Invocation::of(&cells[0], Path::new("/scratch"), Path::new("/mount"), &files, &hosts);
        assert_eq!((&*plain.argv()[1], &*plain.env["AT"]), ("x:{port}".as_ref(), "{port}"));
        assert_eq!(plain.typed(), ["/bin/talk", "x:{port}"]);
        let there = plain.at_port(40123);
        assert_eq!((&*there.argv()[1], &*there.env["AT"]), ("x:40123".as_ref(), "40123"));
        let peer = Invocation::of_peer(&cells[0], Path::new("/scratch.peer"), &files, &hosts).unwrap();
        assert_eq!((&*peer.argv()[0], &*peer.env["HOME"]), ("/bin/server".as_ref(), "/scratch.peer/cwd"));
    }
}
