//! The ways to call the program: one from the command line, or those of a file.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use crate::cli::CheckArgs;
use crate::diagnostic;
use crate::discover::cases;
use crate::discover::packages::Packages;
use crate::discover::user_directory::{self, What};
use crate::exit;
use crate::model::case::{Case, DEFAULT_ROW, DEFAULT_TIMEOUT, Row};
use crate::model::target::Target;
use crate::model::tree::Tree;
use crate::support::text_file;

/// Reads the cases to check of `program`. Those of a file keep only the targets for which there is a program. `poll` is
/// called again and again while the directory is read, and may end the process.
///
/// # Errors
/// If a file or directory that the user names cannot be read or is malformed, or if a case cannot be compared with
/// native.
pub fn of(args: &CheckArgs, program: &str, targets: &[Target], poll: &dyn Fn()) -> Result<Vec<Case>> {
    let fixture = Arc::new(fixture(args.cwd.as_deref(), poll)?);
    if let Some(file) = &args.cases {
        let mut cases = of_file(file, program, &fixture)?;
        for case in &mut cases {
            case.targets.retain(|target| targets.contains(target));
            case.timeout = args.timeout.unwrap_or(case.timeout);
            if !case.targets.contains(&Target::Native) || case.targets.len() < 2 {
                let message = format!(
                    "{}: the case `{}` does not run both natively and on WASI, so there is nothing to compare\n\
                     help: change its `targets`",
                    file.display(),
                    case.name
                );
                return Err(exit::error(exit::USAGE, message));
            }
        }
        return Ok(cases);
    }
    let stdin = match &args.stdin {
        None => String::new(),
        Some(file) => text(file)?,
    };
    let of_user = args.flags.iter().map(|(name, flags)| Row {
        name: name.clone(),
        flags: flags.clone(),
        ..Row::default_row()
    });
    Ok(vec![Case {
        args: args.args.clone(),
        stdin,
        env: args.env.iter().cloned().collect(),
        fixture,
        rows: [Row::default_row()].into_iter().chain(of_user).collect(),
        targets: targets.to_vec(),
        timeout: args.timeout.unwrap_or(DEFAULT_TIMEOUT),
        ..Case::plain(DEFAULT_ROW)
    }])
}

/// Reads the cases in a file in the format of `cases.toml`.
fn of_file(file: &Path, program: &str, fixture: &Arc<Tree>) -> Result<Vec<Case>> {
    let cannot = |what: String| exit::error(exit::USAGE, format!("cannot read {}: {what}", file.display()));
    let bytes = text_file::read(file).map_err(|error| cannot(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| cannot("not valid UTF-8, which TOML requires".into()))?;
    cases::parse(&text, &Packages { own: program, modules: &[] }, fixture)
        .map_err(|found| exit::diagnostics(diagnostic::draw(file, &text, &found)))
}

/// Finds what of a directory is copied for each run.
fn fixture(cwd: Option<&Path>, poll: &dyn Fn()) -> Result<Tree> {
    let Some(cwd) = cwd else { return Ok(Tree::default()) };
    if !cwd.is_dir() {
        return Err(exit::error(exit::USAGE, format!("{} is not a directory", cwd.display())));
    }
    let copied = user_directory::read(cwd, What::Everything, "name a smaller directory with --cwd", poll)?;
    copied.tell();
    Ok(copied.tree)
}

/// Reads a file with text. One that would have to be waited for, such as a FIFO, is an error.
fn text(file: &Path) -> Result<String> {
    let problem =
        |why: String| exit::error(exit::USAGE, format!("cannot read {} as text: {why}", file.display()));
    let bytes = text_file::read(file).map_err(|error| problem(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| problem(error.to_string()))
}
