//! A session of which all programs are built.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use anyhow::Result;

use crate::build::artifacts::Files;
use crate::build::cargo::Built;
use crate::build::compose::Misfits;
use crate::build::relink::Variant;
use crate::environment::Environment;
use crate::host::hosts::Hosts;
use crate::model::case::Case;
use crate::model::cell::Cell;
use crate::model::column::Unit;
use crate::model::example::Example;
use crate::model::needs;
use crate::provision::toolchain::Toolchains;
use crate::run::cells::Plan;
use crate::run::concurrency::Concurrency;
use crate::run::scratch::{self, Root};
use crate::session::probe::Probe;
use crate::session::{Session, Tools, cells};
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// A session with the programs of some cells.
pub struct Ready<'a> {
    pub session: Session<'a>,
    pub scratch: Root,
    toolchains: Toolchains,
    hosts: Hosts,
    built: Built,
    files: Files,
    misfits: Misfits,
}

impl<'a> Ready<'a> {
    /// Opens a session, and builds and composes what these cells need.
    ///
    /// # Errors
    /// If something is missing and cannot be installed, or if cargo itself fails.
    pub fn new(
        workspace: &'a Workspace,
        env: &'a Environment,
        offline: bool,
        cells: &[Cell<'_>],
    ) -> Result<Ready<'a>> {
        let session = Session::open(workspace, env, offline, Progress::of(env, false))?;
        let columns: Vec<_> = cells.iter().map(|cell| cell.column).collect();
        let Tools { toolchains, hosts } = session.provision(columns)?;
        let units: BTreeSet<_> = cells.iter().flat_map(needs::units).collect();
        let built = session.build(&toolchains, &units)?;
        let files = built.files();
        let misfits = session.compose(&toolchains, cells, &files)?;
        let scratch = scratch::prepare(&workspace.own_dir(), 0)?;
        Ok(Ready { session, scratch, toolchains, hosts, built, files, misfits })
    }

    /// Returns what runs the program of a case.
    pub fn probe<'b>(&'b self, example: &'b Example, case: &'b Case) -> Probe<'b> {
        let Ready { session, scratch, hosts, built, files, misfits, .. } = self;
        Probe { session, hosts, built, files, misfits, scratch, unsteady: None, example, case, relink: None }
    }

    /// Links programs of examples in another way, see [`Session::relink`].
    ///
    /// # Errors
    /// If cargo cannot be run.
    pub fn relink(&self, units: &BTreeSet<Unit>, variant: Variant) -> Result<Files> {
        self.session.relink(&self.toolchains, units, variant)
    }

    /// Calls `work` with what is needed to run cells.
    pub fn with_plan<T>(&self, work: impl FnOnce(Plan<'_>) -> T) -> T {
        let stop = AtomicBool::new(false);
        let is_known_to_hang = |cell: &Cell<'_>| cells::is_recorded_to_hang(self.session.workspace, cell);
        let concurrency = Concurrency::usual();
        work(Plan {
            scratch: &self.scratch,
            hosts: &self.hosts,
            built: &self.built,
            files: &self.files,
            misfits: &self.misfits,
            concurrency: &concurrency,
            timeout: None,
            keep_scratch: false,
            echo: false,
            traced: false,
            compiled: &self.session.compiled,
            is_known_to_hang: &is_known_to_hang,
            unsteady: None,
            interrupt: &self.session.interrupt,
            stop: &stop,
        })
    }
}
