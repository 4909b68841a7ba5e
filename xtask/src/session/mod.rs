//! A session: what every command that builds or runs examples needs, created once per command.

pub mod cells;
mod experiments;
pub mod explained;
pub mod minimize;
pub mod package_tests;
pub mod probe;
pub mod ready;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::Shell;

use crate::build::artifacts::Files;
use crate::build::cargo::{self, Built};
use crate::build::compose::{self, Misfits};
use crate::build::relink::{self, Variant};
use crate::environment::Environment;
use crate::host::hosts::Hosts;
use crate::host::native::Native;
use crate::model::cell::Cell;
use crate::model::column::{Column, HostName, Unit};
use crate::process::Interrupt;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::{self, Toolchains};
use crate::provision::wasmtime;
use crate::run::lock::{self, CloneLock, Lock};
use crate::run::precompile::Compiled;
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// The tools, the lock and the interrupt of a command that builds or runs examples.
pub struct Session<'a> {
    pub workspace: &'a Workspace,
    pub env: &'a Environment,
    pub sh: Shell,
    pub interrupt: Interrupt,
    /// Only one session at a time uses a target directory with its scratch directories.
    pub lock: Lock,
    /// The modules that wasmtime has compiled already.
    pub compiled: Compiled,
    offline: bool,
    progress: Progress,
}

/// What builds and runs the cells of some columns.
pub struct Tools {
    pub toolchains: Toolchains,
    pub hosts: Hosts,
}

impl<'a> Session<'a> {
    /// Opens a session. If another one uses the same target directory, this waits until that one ends. With
    /// `offline`, nothing is fetched from the network. `progress` says how that of cargo is shown.
    ///
    /// From then on, Ctrl-C no longer ends the process by itself; see [`Interrupt`].
    ///
    /// # Errors
    /// If the lock cannot be taken, or if signals cannot be watched.
    pub fn open(
        workspace: &'a Workspace,
        env: &'a Environment,
        offline: bool,
        progress: Progress,
    ) -> Result<Session<'a>> {
        let lock = lock::take(&workspace.own_dir().join("lock"))?;
        let interrupt = Interrupt::watch().context("cannot watch for signals")?;
        let compiled = Compiled::new(workspace.own_dir().join("compiled"), &wasmtime::cache(workspace));
        Ok(Session { workspace, env, sh: Shell::new()?, interrupt, lock, compiled, offline, progress })
    }

    /// Takes the lock of the clone, for a command that writes its snapshots. Ends the process if it is interrupted
    /// meanwhile.
    pub fn lock_clone(&self) -> CloneLock {
        let lock = lock::of_clone(&self.workspace.root, || self.interrupt.signal().is_some());
        self.end_if_interrupted();
        lock
    }

    /// Sets up the toolchains and hosts of these columns, and returns the hosts.
    ///
    /// # Errors
    /// If something is missing and cannot be installed; the error says how to fix that.
    pub fn provision<'c>(&self, columns: impl IntoIterator<Item = &'c Column> + Clone) -> Result<Tools> {
        let toolchains = self.provision_toolchains(columns.clone())?;
        Ok(Tools { toolchains, hosts: self.provision_hosts(columns)? })
    }

    /// Sets up the hosts of these columns.
    ///
    /// # Errors
    /// If one is missing and cannot be installed; the error says how to fix that.
    pub fn provision_hosts<'c>(&self, columns: impl IntoIterator<Item = &'c Column>) -> Result<Hosts> {
        let wasmtime = needs_wasmtime(columns).then(|| wasmtime::provision(self.tool_context())).transpose();
        self.end_if_interrupted();
        Ok(Hosts { wasmtime: wasmtime?, native: Native { strace: self.env.which("strace") } })
    }

    /// Whether a host of these columns has to be installed first, which may take minutes, and may be installed.
    pub fn can_install_hosts_later<'c>(&self, columns: impl IntoIterator<Item = &'c Column>) -> bool {
        !self.offline && needs_wasmtime(columns) && wasmtime::is_missing(self.tool_context())
    }

    /// Sets up the toolchains of these columns, and no hosts.
    ///
    /// # Errors
    /// As [`Session::provision`].
    pub fn provision_toolchains<'c>(
        &self,
        columns: impl IntoIterator<Item = &'c Column>,
    ) -> Result<Toolchains> {
        toolchain::can_link_into(&self.workspace.target_dir)?;
        toolchain::provision(&self.sh, self.env, self.workspace, columns, self.offline, &self.interrupt)
    }

    /// Builds units, and returns the artifacts and compiler errors. Ends the process if it is interrupted
    /// meanwhile.
    ///
    /// # Errors
    /// If cargo itself fails. A compiler error is not an error here.
    pub fn build(&self, toolchains: &Toolchains, units: &BTreeSet<Unit>) -> Result<Built> {
        let built = cargo::all(self.tool_context(), toolchains, units);
        self.end_if_interrupted();
        built
    }

    /// Links the programs of examples in another way, while cells are run: see [`relink::examples`].
    ///
    /// # Errors
    /// If cargo cannot be run.
    pub fn relink(&self, toolchains: &Toolchains, units: &BTreeSet<Unit>, variant: Variant) -> Result<Files> {
        relink::examples(self.tool_context(), toolchains, units, variant)
    }

    /// Composes the components that `cells` need, and returns those that cannot be composed. Ends the
    /// process if it is interrupted meanwhile.
    ///
    /// # Errors
    /// If the tool that composes cannot be built or run.
    pub fn compose(&self, toolchains: &Toolchains, cells: &[Cell<'_>], files: &Files) -> Result<Misfits> {
        let misfits = compose::all(&self.sh, self.tool_context(), toolchains, cells, files);
        self.end_if_interrupted();
        misfits
    }

    /// Builds a program that belongs to the harness, and returns its path. Ends the process if it is
    /// interrupted meanwhile.
    ///
    /// # Errors
    /// If it cannot be built.
    pub fn tool(&self, toolchains: &Toolchains, package: &str) -> Result<PathBuf> {
        let tool = cargo::tool(self.tool_context(), toolchains, package);
        self.end_if_interrupted();
        tool
    }

    /// How tools are called in this session.
    pub fn tool_context(&self) -> ToolContext<'_> {
        ToolContext {
            env: self.env,
            workspace: self.workspace,
            offline: self.offline,
            interrupt: &self.interrupt,
            progress: self.progress,
        }
    }

    /// Ends the process if it was interrupted.
    pub fn end_if_interrupted(&self) {
        if let Some(signal) = self.interrupt.signal() {
            Interrupt::report_and_end_by(signal);
        }
    }
}

fn needs_wasmtime<'c>(columns: impl IntoIterator<Item = &'c Column>) -> bool {
    columns.into_iter().any(|column| column.host == HostName::Wasmtime)
}
