//! Runs cells in a session, and normalizes their outcomes.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::build::artifacts;
use crate::explain::evidence::Traced;
use crate::model::cell::Cell;
use crate::model::outcome::{End, Outcome, Stream};
use crate::normalize::{self, Locals, Rules};
use crate::process;
use crate::run::cells::{self, CellRun, Job, Plan};
use crate::run::scratch::{self, CWD, Root};
use crate::run::watchdog;
use crate::session::Session;
use crate::snapshot::format::Drawn;
use crate::snapshot::store::{self, Location};
use crate::support::terminal::say;
use crate::workspace::Workspace;

/// How long a run that is interrupted removes its files. What is left then is removed by its watchdog.
const PATIENCE: Duration = Duration::from_millis(500);

/// Does `work` in scratch directories, guarded by a watchdog. Ends the watchdog and all processes, and removes the
/// directories afterwards, unless they are to be kept, even if the work failed. What of this cannot be done is a
/// warning, because it does not change the results.
///
/// # Errors
/// If the work fails, or the watchdog cannot be started.
pub fn guarded<T>(
    session: &Session<'_>,
    scratch: &Root,
    keep_scratch: bool,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let own_dir = session.workspace.own_dir();
    let watchdog = watchdog::start(&own_dir, &scratch.path, &session.lock)?;
    process::adopt()?;
    let worked = work();
    // Until the processes have ended, the watchdog has to be there in case this process is killed.
    match process::end_all() {
        Ok(()) => scratch::all_ended(&own_dir),
        Err(error) => say(&format!("warning: processes are left that cannot be ended: {error}")),
    }
    // Whoever interrupts a run does not wait until many files are removed.
    let interrupted = OnceCell::new();
    let may_go_on = || {
        session.interrupt.signal().is_none()
            || !watchdog.is_there()
            || interrupted.get_or_init(Instant::now).elapsed() < PATIENCE
    };
    if !keep_scratch && let Err(warning) = scratch::clean_up(&own_dir, &scratch.path, &may_go_on) {
        if !may_go_on() {
            watchdog.take_over();
            return worked;
        }
        say(&warning);
    }
    if let Err(error) = watchdog.release() {
        say(&format!(
            "warning: the watchdog of this run has ended before it: {error}\n\
             help: a program of this run may have killed it; the results are not affected"
        ));
    }
    worked
}

/// Whether it is recorded that a cell times out. Then it is not run again to find out.
pub fn is_recorded_to_hang(workspace: &Workspace, cell: &Cell<'_>) -> bool {
    let location = Location::new(&workspace.snapshots(), &cell.example.name, &cell.case.name);
    // A snapshot that cannot be read is reported where it is compared.
    let accepted = store::accepted(&location).ok().flatten();
    let outcome = accepted.as_ref().and_then(|accepted| accepted.table.outcome(&cell.position()));
    outcome.is_some_and(|drawn| drawn.outcome.end == End::TimedOut)
}

/// Returns the normalized outcome of one repetition of a cell, unless it was not run or has none.
pub fn outcome(
    session: &Session<'_>,
    plan: &Plan<'_>,
    cell: &Cell<'_>,
    round: usize,
    ran: &CellRun,
) -> Option<Drawn> {
    let workspace = session.workspace;
    let unit = cell.unit();
    let of_program = plan.files.get(&unit).and_then(|file| file.parent()).map(Into::into);
    let bin = of_program.unwrap_or_else(|| artifacts::directory(workspace, &unit));
    let dir = cell.dir(&plan.scratch.path, round);
    let locals = Locals::new(&dir.join(CWD), &bin, &workspace.root).at_port(ran.port());
    let locals = locals.with_mount(&plan.scratch.mount_of(&dir));
    let rules = Rules { host: plan.hosts.of(cell.column), locals: &locals, redact: &cell.case.redact };
    let mut outcome = match ran {
        CellRun::Ran(raw) => normalize::outcome(raw, rules),
        CellRun::DoesNotBuild(error) => normalize::outcome_of_failed_build(error, rules),
        CellRun::DoesNotCompose(reason) => normalize::outcome_of_misfit(reason, rules),
        CellRun::Failed(_) | CellRun::NotRun => return None,
    };
    if let Some(unsteady) = plan.unsteady {
        unsteady.hide(&mut outcome);
    }
    Some(Drawn::new(outcome))
}

/// Runs each cell once, and returns the outcomes by the ids of the cells.
///
/// # Errors
/// If a cell has no outcome, or an interrupt comes meanwhile.
pub fn once(session: &Session<'_>, plan: Plan<'_>, cells: &[Cell<'_>]) -> Result<BTreeMap<String, Drawn>> {
    again(session, plan, cells, 0)
}

/// Does the same for another repetition, which has directories of its own.
///
/// # Errors
/// As [`once`].
pub fn again(
    session: &Session<'_>,
    plan: Plan<'_>,
    cells: &[Cell<'_>],
    round: usize,
) -> Result<BTreeMap<String, Drawn>> {
    let mut outcomes = BTreeMap::new();
    each(plan, cells, round, |cell, ran| {
        outcomes.extend(outcome(session, &plan, cell, round, ran).map(|outcome| (cell.id(), outcome)));
    })?;
    Ok(outcomes)
}

/// Runs each cell once so that its host traces it, and returns the traces by the ids of the cells. A cell with a
/// terminal has none, because the trace would be on the same terminal as the output, and a native cell has none
/// without strace.
///
/// # Errors
/// As [`once`].
pub fn traced(session: &Session<'_>, plan: Plan<'_>, cells: &[Cell<'_>]) -> Result<BTreeMap<String, Traced>> {
    let plan = Plan { traced: true, ..plan };
    let can_be_traced = |cell: &&Cell<'_>| {
        !cell.case.terminal && (cell.column.target.is_wasm() || plan.hosts.native.strace.is_some())
    };
    let cells: Vec<_> = cells.iter().filter(can_be_traced).copied().collect();
    let mut traces = BTreeMap::new();
    each(plan, &cells, 0, |cell, ran| {
        let CellRun::Ran(raw) = ran else { return };
        let trace = plan.hosts.of(cell.column).trace(&String::from_utf8_lossy(&raw.ran.stderr));
        let outcome = outcome(session, &plan, cell, 0, ran).map(|drawn| {
            let outcome = Outcome { stderr: Stream::default(), ..drawn.outcome };
            Traced { trace, outcome: Drawn::new(outcome) }
        });
        traces.extend(outcome.map(|traced| (cell.id(), traced)));
    })?;
    Ok(traces)
}

/// Runs each cell once.
fn each(
    plan: Plan<'_>,
    cells: &[Cell<'_>],
    round: usize,
    mut done: impl FnMut(&Cell<'_>, &CellRun),
) -> Result<()> {
    let jobs: Vec<_> = (0..cells.len()).map(|cell| Job { cell, round }).collect();
    thread::scope(|scope| {
        for (job, ran) in cells::start(scope, plan, cells, &jobs) {
            let (cell, ran) = (&cells[job.cell], ran?);
            if let CellRun::Failed(why) = &ran {
                bail!("{}: {why}", cell.id());
            }
            done(cell, &ran);
        }
        Ok(())
    })
}
