//! Runs single tests of a package, several at a time, each in a copy of the package's directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::exit;
use crate::host::hosts::Hosts;
use crate::host::seam::{Call, Ending};
use crate::model::case::Row;
use crate::model::column::Column;
use crate::model::tree::Tree;
use crate::process::{self, End, Interrupt, Limits, Ran, RunError, Streams};
use crate::run::concurrency::cores;
use crate::run::copies::{Copy, HOME, TEMPORARY};
use crate::run::load::Load;
use crate::run::scratch::{CWD, Root};
use crate::support::escape::visible;
use crate::support::removal;
use crate::support::terminal::{self, StatusLine};

/// How many bytes a test may print to each stream. libtest sets no limit, and some tests print much.
const OUTPUT_LIMIT: usize = 32 << 20;

/// The name of the directory for temporary files in a guest, if it is granted.
pub const GUEST_TEMPORARY: &str = "/tmp";

/// What is needed to run tests.
pub struct Runner<'a> {
    /// What each copy contains.
    pub original: &'a Tree,
    /// The directory of the package below that of the original.
    pub package: &'a Path,
    pub scratch: &'a Root,
    pub hosts: &'a Hosts,
    pub interrupt: &'a Interrupt,
    pub timeout: Duration,
    /// The directories of programs, which a native test sees as `PATH`.
    pub path: &'a [PathBuf],
    /// How many runs there were.
    pub runs: AtomicUsize,
    /// How many directories of copies cannot be used any more.
    pub given_up: AtomicUsize,
    /// Locked by each run, and exclusively by one during which there is no other.
    pub alone: RwLock<()>,
}

/// A copy of the package, in which one test runs at a time.
pub struct Place<'a> {
    copy: Copy<'a>,
}

/// The result of an item, or why it has none: it could not be run, or not be watched to its end.
pub type ItemResult<R> = Result<R, String>;

/// One run of a test binary.
pub struct TestCall<'a> {
    pub column: &'a Column,
    pub binary: &'a Path,
    pub args: &'a [&'a str],
    /// Variables of the process. A guest sees them only with flags.
    pub variables: &'a BTreeMap<String, String>,
    /// What the guest is granted, and flags.
    pub row: &'a Row,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct TestRan {
    pub end: End,
    /// The message of the trap that ended the guest, if one did.
    pub trap: Option<String>,
    pub stdout: Vec<u8>,
    /// What it printed to both streams, without the host's report about a trap. Invisible characters are spelled.
    pub output: String,
    pub took: Duration,
}

/// How often the number of tests that are done is shown, on a terminal.
const INTERVAL: Duration = Duration::from_millis(100);

/// The line with the number of tests that are done.
#[derive(Default)]
struct Shown {
    line: StatusLine,
    at: Option<Instant>,
}

impl Shown {
    fn show(&mut self, done: usize, all: usize) {
        let at = *self.at.get_or_insert_with(Instant::now);
        if at.elapsed() >= INTERVAL && terminal::is_watched() {
            self.at = Some(Instant::now());
            self.line.draw(&format!("     Running {done}/{all} tests"));
        }
    }
}

impl<'a> Runner<'a> {
    /// Does `work` for each of `items`, as many at a time as there are cores, each with a place of its own. Returns
    /// the results in the order of the items, or `None` if an interrupt came. An error of `work` is the result of its
    /// item.
    ///
    /// # Errors
    /// Those of `work` that concern all items.
    pub fn each<T: Sync, R: Send>(
        &self,
        items: &[T],
        work: impl Fn(&mut Place<'a>, &T) -> Result<Option<R>> + Sync,
    ) -> Result<Option<Vec<ItemResult<R>>>> {
        let next = AtomicUsize::new(0);
        let results = Mutex::new((Vec::with_capacity(items.len()), Shown::default()));
        let run = |number: usize| -> Result<()> {
            let directory = self.scratch.path.join(format!("tests-{number}"));
            let mut place = Place { copy: Copy::new(self.original, directory) };
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(at) else { return Ok(()) };
                let result = match work(&mut place, item) {
                    Err(error) if !exit::concerns_all(&error) => Ok(Some(Err(format!("{error:#}")))),
                    other => other.map(|result| result.map(Ok)),
                };
                if !matches!(result, Ok(Some(_))) {
                    // The other threads stop, too.
                    next.store(items.len(), Ordering::Relaxed);
                }
                let Some(result) = result? else { return Ok(()) };
                let mut results = results.lock().expect("no thread panics while it holds this");
                results.0.push((at, result));
                let done = results.0.len();
                results.1.show(done, items.len());
            }
        };
        let run = &run;
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..cores().min(items.len())).map(|number| scope.spawn(move || run(number))).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().expect("a thread that runs tests has panicked"))
        })?;
        let (mut results, _) = results.into_inner().expect("no thread panics while it holds this");
        if results.len() < items.len() {
            return Ok(None);
        }
        results.sort_by_key(|(at, _)| *at);
        Ok(Some(results.into_iter().map(|(_, result)| result).collect()))
    }

    /// Runs a test binary in a copy of the package that is equal to the original. If another one may have disturbed it,
    /// it is run again while no other one runs: if it is killed at its deadline while the machine may be busy, or if
    /// the directory of all copies is replaced meanwhile, or its file system is full. Returns `None` if an interrupt came.
    ///
    /// # Errors
    /// If it cannot be run, or cannot be watched to its end.
    pub fn run(&self, place: &mut Place<'a>, call: &TestCall<'_>) -> Result<Option<TestRan>> {
        let beside_others = self.alone.read().unwrap_or_else(PoisonError::into_inner);
        let (restored, started, load) = (self.scratch.restore()?, Instant::now(), Load::now());
        let ran = self.attempt(place, call);
        let why = match &ran {
            Ok(None) => return ran,
            _ if self.scratch.was_full_since(started) => {
                "it had no room for files, which another one may have taken".into()
            }
            _ if self.scratch.restore()? != restored => {
                "a test has replaced the directory of all tests".into()
            }
            Ok(Some(TestRan { end: End::TimedOut, .. })) if load.may_have_been_high() => {
                format!("it was stopped after {:?}, but the machine may be busy", self.timeout)
            }
            _ => return ran,
        };
        drop(beside_others);
        let _alone = self.alone.write().unwrap_or_else(PoisonError::into_inner);
        let (column, name) = (call.column.target, call.args.first().unwrap_or(&"a test"));
        terminal::note(&format!("{name} on {column} is run again alone: {why}"));
        self.scratch.restore()?;
        if self.scratch.was_full_since(Instant::now()) {
            // Tests have left files in the copies. Each copy is made again before it is used.
            for copy in fs::read_dir(&self.scratch.path).into_iter().flatten().flatten() {
                let _ = removal::remove(&copy.path());
            }
        }
        let started = Instant::now();
        match self.attempt(place, call) {
            Ok(None) => Ok(None),
            _ if self.scratch.was_full_since(started) => Err(self.scratch.full()),
            ran => ran,
        }
    }

    /// Makes the copy of a place equal to the original, whatever the last test has left there. Returns `None` if an
    /// interrupt came.
    fn refresh(&self, place: &mut Place<'a>) -> Result<Option<()>> {
        let error = match place.copy.refresh(self.interrupt) {
            Err(error) => error,
            done => return done,
        };
        if removal::remove(&place.copy.directory).is_ok() {
            return Err(error);
        }
        // Something keeps the directory, such as a mount. It is left until the end of the run.
        let number = self.given_up.fetch_add(1, Ordering::Relaxed);
        place.copy = Copy::new(self.original, self.scratch.path.join(format!("tests-more-{number}")));
        place.copy.refresh(self.interrupt)
    }

    fn attempt(&self, place: &mut Place<'a>, call: &TestCall<'_>) -> Result<Option<TestRan>> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        if self.refresh(place)?.is_none() {
            return Ok(None);
        }
        let directory = &place.copy.directory;
        let host = self.hosts.of(call.column);
        let flags = host.flags(call.row);
        let args: Vec<_> = call.args.iter().map(|arg| (*arg).to_string()).collect();
        let argv = host.argv(&Call { flags: &flags, program: call.binary, args: &args });
        let mut command = Command::new(&argv[0]);
        let cwd = directory.join(CWD).join(self.package);
        command.args(&argv[1..]).env_clear().envs(self.environment(directory)).envs(call.variables);
        match call.column.target.is_wasm() {
            // A guest has the paths that it sees natively, if they are granted.
            true => command.env("TMPDIR", GUEST_TEMPORARY),
            // A native test must not find the user's directory.
            false => {
                command.env("CARGO_MANIFEST_DIR", &cwd).env("CARGO_MANIFEST_PATH", cwd.join("Cargo.toml"))
            }
        };
        command.current_dir(cwd);
        let limits = Limits { timeout: self.timeout, output: OUTPUT_LIMIT };
        let started = Instant::now();
        let ran = process::run(command, directory, b"", Streams::Recorded, limits, self.interrupt, None);
        let Some(Ran { end, stdout, stderr, .. }) = (match ran {
            Err(RunError::Start(error)) => bail!("cannot run {}: {error}", argv[0].display()),
            ran => ran.with_context(|| format!("cannot run {}", call.binary.display()))?,
        }) else {
            return Ok(None);
        };
        let took = started.elapsed();
        let ending = match end {
            End::Exit(code) => host.ending(code, &stdout, &stderr),
            _ => Ending::Exit,
        };
        let (trap, report_at) = match ending {
            Ending::Trap { what, report_at } => (Some(what), report_at),
            Ending::Exit | Ending::PerhapsRefused(_) => (None, stderr.len()),
        };
        let mut output = visible(&stdout);
        if !output.is_empty() && !output.ends_with('\n') {
            output.push('\n');
        }
        output.push_str(&visible(&stderr[..report_at]));
        Ok(Some(TestRan { end, trap, stdout, output, took }))
    }

    /// The variables that every native test sees.
    fn environment(&self, directory: &Path) -> Vec<(&'static str, PathBuf)> {
        let path = std::env::join_paths(self.path).unwrap_or_default();
        vec![
            ("LC_ALL", "C".into()),
            ("TZ", "UTC".into()),
            ("HOME", directory.join(HOME)),
            ("TMPDIR", directory.join(TEMPORARY)),
            ("PATH", path.into()),
        ]
    }
}
