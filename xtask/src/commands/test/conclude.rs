//! What happens when all cells have run: snapshots are written, and the report ends.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::build::cargo::Built;
use crate::commands::test::compare::{Compared, Run};
use crate::commands::test::rules::Found;
use crate::exit;
use crate::report::human::Report;
use crate::report::junit;
use crate::report::page::file;
use crate::report::results::{CaseResult, CaseStatus, Summary};
use crate::report::xml;
use crate::session::Session;
use crate::snapshot::compare;
use crate::snapshot::store::{self, Location, UpdateMode};

impl Run<'_> {
    /// Writes snapshots, rules, the page and the JUnit report, and prints the end of the report. Returns the exit code
    /// and the figures of the run.
    pub fn conclude(
        &self,
        compared: Compared<'_>,
        rules: Result<Found>,
        built: &Built,
        report: &mut Report,
    ) -> Result<(u8, Summary)> {
        let (workspace, policy) = (self.session.workspace, self.policy);
        let Compared { results, lost, mut summary } = compared;
        let results: Vec<_> = results.into_iter().map(|(_, result)| result).collect();
        let is_full = self.filter.is_everything();
        if policy.update != UpdateMode::Check {
            store::sweep(&workspace.snapshots())?;
        }
        for result in &results {
            compare::write(&result.comparison)?;
            if result.status() == CaseStatus::Accepted {
                summary.add(result);
                report.case(result)?;
            }
        }
        if is_full {
            summary.orphans = self.orphans(&results)?;
        }
        self.record_rules(rules, &mut summary)?;
        // What is accepted may differ from what was recorded in nothing but what the pages show, such as a remedy.
        let recorded = policy.update.accepts() || policy.prune && !summary.orphans.is_empty();
        // Since the last run, `cargo insta review` may have accepted something.
        let reviewed = is_full
            && summary.failed == 0
            && summary.without_outcome == 0
            && policy.update != UpdateMode::Check;
        if recorded || reviewed {
            summary.page = file::update(workspace, self.examples)?;
        }
        report.failures(&results, built, workspace)?;
        report.summary(&summary, &self.ambiguous, policy)?;
        if let Some(path) = &self.args.junit {
            xml::write(path, &junit::draw(&results, &lost))?;
        }
        let code = match self.args.snapshots.review {
            true => self.review(&results, &summary)?,
            false => summary.exit_code(policy),
        };
        Ok((code, summary))
    }

    /// The orphans: snapshots that belong to no case any more, and such parts of the snapshots of `results`.
    /// With `--prune`, this removes the files; the parts are removed along with writing the results.
    fn orphans(&self, results: &[CaseResult<'_>]) -> Result<Vec<String>> {
        let workspace = self.session.workspace;
        let snapshots = workspace.snapshots();
        let known = self.examples.iter().flat_map(|example| {
            example.cases.iter().map(|case| Location::new(&snapshots, &example.name, &case.name))
        });
        let mut orphans = Vec::new();
        for path in store::orphans(&snapshots, &known.collect::<Vec<_>>())? {
            if self.policy.prune {
                store::prune(&path)?;
            }
            orphans.push(workspace.show(&path));
        }
        for result in results {
            let file = workspace.show(&result.comparison.snapshot);
            orphans.extend(result.comparison.orphans.iter().map(|orphan| format!("{file}: {orphan}")));
        }
        Ok(orphans)
    }

    /// Runs `cargo insta review`, and returns the exit code, which depends on the differences that were not
    /// accepted.
    fn review(&self, results: &[CaseResult<'_>], summary: &Summary) -> Result<u8> {
        let Session { env, sh, workspace, .. } = self.session;
        let failed: Vec<_> = results.iter().filter(|result| result.failed()).collect();
        if failed.is_empty() {
            return Ok(summary.exit_code(self.policy));
        }
        if env.which("cargo-insta").is_none() {
            let message = "--review needs cargo-insta, which is missing\n\
                           help: cargo install --locked cargo-insta";
            return Err(exit::error(exit::SET_UP, message));
        }
        let (cargo, root) = (&env.cargo, &workspace.root);
        cmd!(sh, "{cargo} insta review --workspace-root {root}")
            .quiet()
            .run()
            .context("cargo insta review failed")?;
        file::update(workspace, self.examples)?;
        let settled = |result: &&CaseResult<'_>| -> Result<bool> {
            let (example, case) = result.names();
            let accepted = store::accepted(&Location::new(&workspace.snapshots(), example, case))?;
            let is_accepted = |accepted: store::Snapshot| accepted.table == result.comparison.table;
            Ok(result.is_steady() && accepted.is_some_and(is_accepted))
        };
        let mut left = 0;
        for result in &failed {
            left += usize::from(!settled(result)?);
        }
        if summary.broken > 0 || summary.without_outcome > 0 {
            return Ok(exit::HARNESS);
        }
        Ok(if left == 0 && summary.not_run == 0 { exit::OK } else { exit::DIFFERS })
    }
}
