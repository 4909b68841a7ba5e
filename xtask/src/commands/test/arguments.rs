//! What the arguments of the command mean, and what to say if they select nothing.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::cli::TestArgs;
use crate::environment::Environment;
use crate::exit;
use crate::model::cell::Cell;
use crate::model::filter::Filter;
use crate::snapshot::compare::SnapshotPolicy;
use crate::snapshot::store::UpdateMode;
use crate::support::suggest::suggest;

/// What to do about differences, according to the flags, `INSTA_UPDATE`, and whether this is CI.
pub fn policy(args: &TestArgs, env: &Environment) -> Result<SnapshotPolicy> {
    let asked = UpdateMode::asked(&env.insta_update)?;
    let flags = &args.snapshots;
    if flags.prune && !args.selection.filter().is_everything() {
        let message = "--prune needs a full run: only that finds everything that belongs to no case\n\
                       help: leave out the filters";
        return Err(exit::error(exit::USAGE, message));
    }
    if env.ci && (flags.accept || flags.prune || flags.review) {
        let message = "nothing is written in CI\nhelp: unset CI to accept, review or prune";
        return Err(exit::error(exit::USAGE, message));
    }
    let update = match asked {
        _ if flags.check || env.ci => UpdateMode::Check,
        _ if flags.accept => UpdateMode::Accept,
        Some(asked) => asked,
        None => UpdateMode::Pending,
    };
    if update == UpdateMode::Check && flags.prune {
        let message = "--prune removes files, but INSTA_UPDATE=no forbids writing\n\
                       help: unset INSTA_UPDATE, or leave out --prune";
        return Err(exit::error(exit::USAGE, message));
    }
    Ok(SnapshotPolicy { update, prune: flags.prune })
}

/// How many rows [`nothing_matched`] lists at most.
const MOST_ROWS: usize = 20;

/// The message for a filter that matches no cell, with a suggestion.
pub fn nothing_matched(all: &[Cell<'_>], args: &TestArgs) -> String {
    let ids: BTreeSet<_> = all.iter().flat_map(|cell| [cell.example.name.clone(), cell.case_id()]).collect();
    let asked = &args.selection;
    let without_rows = Filter { rows: Vec::new(), ..asked.filter() }.select(all.to_vec());
    let rows: BTreeSet<_> = without_rows.iter().map(|cell| cell.row.name.as_str()).collect();
    let helps: Vec<String> = if !rows.is_empty() {
        // Without the names of rows, something would be selected.
        let meant = asked.row.iter().find_map(|name| suggest(name, rows.iter().copied()));
        let mut listed: Vec<_> = rows.iter().copied().take(MOST_ROWS).collect();
        if rows.len() > MOST_ROWS {
            listed.push("…");
        }
        let listed = format!("the rows of the selected cases: {}", listed.join(", "));
        meant.map(|name| format!("did you mean `{name}`?")).into_iter().chain([listed]).collect()
    } else {
        let meant = |filter: &String| {
            let name = filter.trim_end_matches('/');
            suggest(name, ids.iter().map(String::as_str).filter(|known| *known != name))
        };
        let meant = asked.filters.iter().find_map(meant).map(|name| format!("did you mean `{name}`?"));
        let with_slash = asked.filters.iter().find(|filter| filter.ends_with('/'));
        let with_slash = with_slash.map(|filter| {
            format!(
                "`{filter}` is the whole name of an example or case; without the `/` it is any part of an id"
            )
        });
        let list = "`cargo xtask test --list` prints the ids of all cells".to_string();
        meant.into_iter().chain(with_slash).chain([list]).collect()
    };
    let helps: String = helps.iter().map(|help| format!("\nhelp: {help}")).collect();
    format!("nothing matched{helps}")
}
