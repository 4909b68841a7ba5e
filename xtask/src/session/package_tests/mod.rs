//! Runs the tests of a package natively and on wasm targets, and searches the flags that they need.

mod text;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

use crate::build::test_binaries::{Binary, Package, TestBinaries};
use crate::host::wasmtime;
use crate::model::case::Row;
use crate::model::column::Column;
use crate::model::grant::{Directory, Grant};
use crate::model::outcome::{self, Outcome};
use crate::model::target::Target;
use crate::process::End;
use crate::report::package_tests::cause::{self, Cause, Evidence, cause};
use crate::report::package_tests::{Difference, Here, Native, Test, TestResults, Together, WithoutResult};
use crate::run::copies::TEMPORARY;
use crate::run::libtest::{self, Output, Verdict};
use crate::run::package_tests::{GUEST_TEMPORARY, ItemResult, Place, Runner, TestCall, TestRan};
use crate::session::minimize::{Candidate, Equality, most_tried, search};
use crate::session::package_tests::text::{abridged, does_not_list, headline, shown, text};
use crate::session::probe::Allowed;
use crate::snapshot::format::Drawn;
use crate::support::text_file;

/// The tests of a package, ready to run.
pub struct Suite<'a> {
    pub runner: &'a Runner<'a>,
    pub package: &'a Package,
    /// The wasm targets.
    pub targets: &'a [Target],
    pub binaries: &'a BTreeMap<Target, TestBinaries>,
    /// For wasm binaries, what wasmtime has compiled of them.
    pub compiled: &'a BTreeMap<PathBuf, PathBuf>,
    /// Only tests whose names contain one of these are run, if there are any.
    pub filters: &'a [String],
    pub allowed: &'a Allowed,
}

/// A test that is to be run.
struct Listed<'a> {
    binary: &'a Binary,
    name: String,
    is_ignored: bool,
}

impl Listed<'_> {
    /// The names of its binary and its own.
    fn key(&self) -> (&str, &str) {
        (&self.binary.name, &self.name)
    }

    fn without_result(&self, target: Target, why: String) -> WithoutResult {
        let (binary, test) = (self.binary.name.clone(), Some(self.name.clone()));
        WithoutResult { binary, test, target, why }
    }
}

/// A native run.
struct NativeRun {
    ran: TestRan,
    verdict: Verdict,
}

impl<'a> Suite<'a> {
    /// Runs all tests, and returns the results, or `None` if an interrupt came. `say` is called with what is done
    /// next.
    ///
    /// # Errors
    /// If a test cannot be run.
    pub fn run(&self, say: impl Fn(&str)) -> Result<Option<TestResults>> {
        let mut without_result = Vec::new();
        let Some(listed) = self.list(&mut without_result)? else { return Ok(None) };
        let to_run: Vec<_> = listed.iter().filter(|test| !test.is_ignored).collect();
        say(&format!("Running {} natively", count(to_run.len())));
        let started = Instant::now();
        let native = Column::pinned(Target::Native);
        let Some(native_runs) = self.runner.each(&to_run, |place, test| {
            let row = Row::default_row();
            Ok(self
                .one(place, &native, test, &row, Output::Captured)?
                .map(|(ran, verdict)| NativeRun { ran, verdict }))
        })?
        else {
            return Ok(None);
        };
        let native_took = started.elapsed();
        let mut runs_of: BTreeMap<(&str, &str), NativeRun> = BTreeMap::new();
        for (test, run) in to_run.iter().zip(native_runs) {
            match run {
                Ok(run) => drop(runs_of.insert(test.key(), run)),
                Err(why) => without_result.push(test.without_result(Target::Native, why)),
            }
        }
        let has_passed =
            |test: &&&Listed<'_>| runs_of.get(&test.key()).is_some_and(|run| run.verdict == Verdict::Passed);
        let passed: Vec<_> = to_run.iter().filter(has_passed).collect();
        let items: Vec<_> =
            self.targets.iter().flat_map(|target| passed.iter().map(move |test| (*target, **test))).collect();
        let candidates = self.candidates();
        say(&format!(
            "Running {} on {}, each once, and one that fails up to {} times more, with flags",
            count(passed.len()),
            names(self.targets),
            // Without flags it has run already. If no flags help, it runs natively once more.
            most_tried(&candidates)
        ));
        let Some(heres) = self
            .runner
            .each(&items, |place, (target, test)| self.compare(place, *target, test, &candidates))?
        else {
            return Ok(None);
        };
        let mut here_of: BTreeMap<(&str, &str), BTreeMap<Target, Here>> = BTreeMap::new();
        for ((target, test), here) in items.iter().zip(heres) {
            let here = here.unwrap_or_else(|why| {
                without_result.push(test.without_result(*target, why));
                Here::Unknown
            });
            here_of.entry(test.key()).or_default().insert(*target, here);
        }
        let tests = listed.iter().map(|test| {
            let key = test.key();
            let run = runs_of.remove(&key);
            Test {
                binary: test.binary.name.clone(),
                name: test.name.clone(),
                native: match &run {
                    None if test.is_ignored => Native::Ignored,
                    None => Native::Unknown,
                    Some(NativeRun { verdict: Verdict::Passed, .. }) => Native::Passed,
                    Some(NativeRun { verdict: Verdict::Ignored, .. }) => Native::Ignored,
                    Some(NativeRun { ran, .. }) => Native::Failed(headline(ran)),
                },
                took: run.map_or(Duration::ZERO, |run| run.ran.took),
                here: here_of.remove(&key).unwrap_or_default(),
            }
        });
        let mut results = TestResults {
            package: self.package.project.package.clone(),
            profile: self.package.project.profile.clone(),
            built_with: self.package.project.used.clone(),
            host: self.runner.hosts.wasmtime.iter().map(|host| host.program.to_string_lossy()).collect(),
            targets: self.targets.into(),
            binaries: self.binaries[&Target::Native].built.len(),
            own_harness: self
                .native_binaries()
                .filter(|binary| binary.has_own_harness)
                .map(|binary| binary.name.clone())
                .collect(),
            tests: tests.collect(),
            native_took,
            runs: 0,
            not_built: self.targets.iter().map(|target| (*target, self.not_built(*target))).collect(),
            together: BTreeMap::new(),
            without_result,
        };
        if !self.together(&listed, &mut results, &say)? {
            return Ok(None);
        }
        results.runs = self.runner.runs.load(Ordering::Relaxed);
        Ok(Some(results))
    }

    fn native_binaries(&self) -> impl Iterator<Item = &Binary> {
        self.binaries[&Target::Native].built.iter()
    }

    /// The native binaries that do not compile for a target, each with the compiler's first error.
    fn not_built(&self, target: Target) -> Vec<(String, String)> {
        let of = |binary: &Binary| {
            Some((binary.name.clone(), self.binaries[&target].failure(&binary.name)?.headline))
        };
        self.native_binaries().filter_map(of).collect()
    }

    /// Lists the tests of all native binaries that the user wants. Adds the binaries that do not list theirs to
    /// `without_result`.
    fn list(&self, without_result: &mut Vec<WithoutResult>) -> Result<Option<Vec<Listed<'_>>>> {
        let binaries: Vec<_> = self.native_binaries().collect();
        let native = Column::pinned(Target::Native);
        let row = Row::default_row();
        let listed = self.runner.each(&binaries, |place, binary| {
            let is_wanted = |name: &str| {
                self.filters.is_empty() || self.filters.iter().any(|word| name.contains(word.as_str()))
            };
            let mut tests = Vec::new();
            if binary.has_own_harness {
                if is_wanted(&binary.name) {
                    tests.push(Listed { binary, name: binary.name.clone(), is_ignored: false });
                }
                return Ok(Some(tests));
            }
            let mut lists = Vec::new();
            for more in [None, Some(libtest::IGNORED)] {
                let args: Vec<_> = libtest::LIST.into_iter().chain(more).collect();
                let Some(ran) = self.runner.run(place, &self.call(&native, &binary.file, &args, &row))?
                else {
                    return Ok(None);
                };
                if ran.end != End::Exit(0) {
                    bail!("{}", does_not_list(&ran));
                }
                lists.push(libtest::list(&ran.stdout));
            }
            let ignored: BTreeSet<_> = lists.pop().unwrap_or_default().into_iter().collect();
            let mut names = lists.pop().unwrap_or_default();
            // libtest has no two tests of the same name, but what looks like its list may have been printed otherwise.
            names.sort();
            names.dedup();
            let names = names.into_iter().filter(|name| is_wanted(name));
            tests.extend(names.map(|name| Listed { binary, is_ignored: ignored.contains(&name), name }));
            Ok(Some(tests))
        })?;
        let Some(lists) = listed else { return Ok(None) };
        let mut tests = Vec::new();
        for (binary, list) in binaries.into_iter().zip(lists) {
            match list {
                Ok(list) => tests.extend(list),
                Err(why) => {
                    let (binary, target) = (binary.name.clone(), Target::Native);
                    without_result.push(WithoutResult { binary, test: None, target, why });
                }
            }
        }
        Ok(Some(tests))
    }

    /// A call of the binary of a test.
    fn call<'b>(
        &'b self,
        column: &'b Column,
        binary: &'b Path,
        args: &'b [&'b str],
        row: &'b Row,
    ) -> TestCall<'b> {
        TestCall { column, binary, args, row, variables: &self.binaries[&column.target].variables }
    }

    /// Runs one test in a column, if its binary is built for that.
    fn one(
        &self,
        place: &mut Place<'a>,
        column: &Column,
        test: &Listed<'_>,
        row: &Row,
        output: Output,
    ) -> Result<Option<(TestRan, Verdict)>> {
        let built = &self.binaries[&column.target].built;
        let binary = built.iter().find(|binary| binary.name == test.binary.name);
        let binary = binary.ok_or_else(|| anyhow!("{} was not built", test.binary.name))?;
        let file = self.compiled.get(&binary.file).unwrap_or(&binary.file);
        let args = libtest::arguments(&test.name, output);
        let args = if binary.has_own_harness { &[][..] } else { &args };
        let Some(ran) = self.runner.run(place, &self.call(column, file, args, row))? else { return Ok(None) };
        let verdict = match binary.has_own_harness {
            false => libtest::verdict(&test.name, ran.end, &ran.stdout),
            true if ran.end == End::Exit(0) => Verdict::Passed,
            true => Verdict::Failed,
        };
        Ok(Some((ran, verdict)))
    }

    /// Runs a test that passes natively on a wasm target, and finds the flags that it needs or why it differs.
    fn compare(
        &self,
        place: &mut Place<'a>,
        target: Target,
        test: &Listed<'_>,
        candidates: &[Candidate],
    ) -> Result<Option<Here>> {
        if let Some(failure) = self.binaries[&target].failure(&test.binary.name) {
            return Ok(Some(Here::Differs(Difference {
                cause: cause::of_failure(&failure.headline),
                headline: failure.headline,
                text: abridged(&failure.rendered),
            })));
        }
        let column = Column::pinned(target);
        let Some((ran, verdict)) =
            self.one(place, &column, test, &self.row(Grant::default()), Output::Captured)?
        else {
            return Ok(None);
        };
        match verdict {
            Verdict::Passed => return Ok(Some(Here::Same)),
            Verdict::ShouldPanic | Verdict::Absent | Verdict::Ignored => {
                return Ok(Some(self.differs(verdict, &ran, "")));
            }
            // Flags do not make it faster.
            Verdict::Failed if ran.end == End::TimedOut => {
                return Ok(Some(self.differs(verdict, &ran, "")));
            }
            Verdict::Failed => {}
        }
        let with_all = RefCell::new((ran, verdict));
        let place = RefCell::new(place);
        let is_first = Cell::new(true);
        let is_interrupted = Cell::new(false);
        let outcome = |passed: bool| Drawn::new(Outcome::of_end(outcome::End::Exit(i32::from(!passed))));
        let run = |grant: &Grant| {
            if *grant == Grant::default() {
                return Ok(outcome(false));
            }
            let Some(ran) =
                self.one(&mut place.borrow_mut(), &column, test, &self.row(grant.clone()), Output::Shown)?
            else {
                is_interrupted.set(true);
                return Err(anyhow!("interrupted"));
            };
            let passed = ran.1 == Verdict::Passed;
            // The first run is that with all candidates.
            if is_first.replace(false) {
                *with_all.borrow_mut() = ran;
            }
            Ok(outcome(passed))
        };
        let found = search(&outcome(true).outcome, Equality::End, candidates, |grants| {
            grants.iter().map(run).collect()
        });
        if is_interrupted.get() {
            return Ok(None);
        }
        if let Some(grant) = found?.grant {
            return Ok(Some(Here::Needs(shown(&grant))));
        }
        // What a test that passes prints natively was captured. It may show the same panic.
        let native = Column::pinned(Target::Native);
        let place = place.into_inner();
        let Some((native, _)) = self.one(place, &native, test, &Row::default_row(), Output::Shown)? else {
            return Ok(None);
        };
        let (ran, verdict) = with_all.into_inner();
        Ok(Some(self.differs(verdict, &ran, &native.output)))
    }

    /// Describes how a test differs. `native` is what it prints natively, if that matters.
    fn differs(&self, verdict: Verdict, ran: &TestRan, native: &str) -> Here {
        let source = libtest::panic(&ran.output).and_then(|panic| self.source(&panic.at));
        let cause: Cause = cause(&Evidence {
            verdict,
            end: ran.end,
            trap: ran.trap.as_deref(),
            output: &ran.output,
            native,
            source: source.as_deref(),
        });
        let text = match verdict {
            Verdict::Failed | Verdict::Passed => text(ran, source.as_deref()),
            Verdict::ShouldPanic | Verdict::Absent | Verdict::Ignored => String::new(),
        };
        let headline = if text.is_empty() { String::new() } else { headline(ran) };
        Here::Differs(Difference { cause, headline, text })
    }

    /// Reads the line of source at a place such as `src/lib.rs:3:17`, which is relative to the workspace.
    fn source(&self, at: &str) -> Option<String> {
        let mut parts = at.rsplitn(3, ':').skip(1);
        let line: usize = parts.next()?.parse().ok()?;
        let file = self.package.project.workspace_root.join(parts.next()?);
        let bytes = text_file::read(&file).ok()?;
        String::from_utf8_lossy(&bytes).lines().nth(line.checked_sub(1)?).map(|line| line.trim().to_string())
    }

    fn row(&self, grant: Grant) -> Row {
        let flags =
            if self.compiled.is_empty() { Vec::new() } else { vec![wasmtime::PRECOMPILED.to_string()] };
        Row { name: "tests".into(), grant, flags, ..Row::default() }
    }

    /// What the search tries: the directory of the package, by a relative path and by the path that is compiled into
    /// tests; a directory for temporary files; the variables that cargo and the harness set natively; and what the
    /// user allows.
    fn candidates(&self) -> Vec<Candidate> {
        let plain = |grant| Candidate { grant, narrower: Vec::new() };
        let mapped = |host: String, guest: &Path| Grant {
            dirs: vec![Directory { host, guest: Some(guest.to_string_lossy().into_owned()) }],
            ..Grant::default()
        };
        let variables = |names: Vec<&str>| {
            let grants: Vec<_> = names.into_iter().map(Grant::of_variable).collect();
            Candidate {
                grant: Grant::default().with(&grants),
                narrower: grants.into_iter().map(plain).collect(),
            }
        };
        let up: String = self.runner.package.components().map(|_| "../").collect();
        let package = mapped(".".into(), self.package.project.directory());
        let by_path = match up.is_empty() {
            true => plain(package),
            false => Candidate {
                grant: mapped(up.clone(), &self.package.project.workspace_root),
                narrower: vec![plain(package)],
            },
        };
        let temporary = mapped(format!("{up}../{TEMPORARY}"), Path::new(GUEST_TEMPORARY));
        let its_variable = Grant::of_variable("TMPDIR");
        let temporary = Candidate {
            grant: temporary.clone().with([&its_variable]),
            narrower: vec![plain(temporary), plain(its_variable)],
        };
        let of_cargo = self.binaries[&Target::Native].variables.keys().map(String::as_str).collect();
        let allowed = self.allowed.directories.iter().map(Grant::of_directory).map(plain);
        [plain(Grant::of_directory(".")), by_path, temporary, variables(of_cargo)]
            .into_iter()
            .chain([variables(vec!["LC_ALL", "TZ", "HOME", "PATH"])])
            .chain(allowed)
            .chain(self.allowed.network.then(|| plain(Grant { network: true, ..Grant::default() })))
            .collect()
    }

    /// Runs all compared tests with all flags that any of them needs. Returns whether no interrupt came.
    fn together(
        &self,
        listed: &[Listed<'_>],
        results: &mut TestResults,
        say: &impl Fn(&str),
    ) -> Result<bool> {
        for target in self.targets {
            let mut flags: Vec<String> = Vec::new();
            let mut same = 0;
            for here in results.compared().filter_map(|test| test.here.get(target)) {
                match here {
                    Here::Same => same += 1,
                    Here::Needs(needed) => {
                        flags.extend(
                            needed.iter().filter(|flag| !flags.contains(flag)).cloned().collect::<Vec<_>>(),
                        );
                    }
                    Here::Differs(_) | Here::Unknown => {}
                }
            }
            let mut together = Together { passed: same, flags };
            if !together.flags.is_empty() {
                let grants = self.grants_of(&together.flags);
                let candidates: BTreeSet<_> = results
                    .compared()
                    .filter(|test| matches!(test.here.get(target), Some(Here::Same | Here::Needs(_))))
                    .map(|test| (test.binary.as_str(), test.name.as_str()))
                    .collect();
                let is_candidate =
                    |test: &&Listed<'_>| candidates.contains(&(&*test.binary.name, &*test.name));
                let again: Vec<_> = listed.iter().filter(is_candidate).collect();
                say(&format!("Running {} on {target} with {}", count(again.len()), together.flags.join(" ")));
                let (column, row) = (Column::pinned(*target), self.row(grants));
                let verdicts = self.runner.each(&again, |place, test| {
                    Ok(self.one(place, &column, test, &row, Output::Captured)?.map(|(_, verdict)| verdict))
                })?;
                let Some(verdicts) = verdicts else { return Ok(false) };
                let has_passed = |verdict: &&ItemResult<_>| **verdict == Ok(Verdict::Passed);
                together.passed = verdicts.iter().filter(has_passed).count();
                let unknown =
                    again.iter().zip(verdicts).filter_map(|(test, verdict)| Some((test, verdict.err()?)));
                let unknown: Vec<_> = unknown.map(|(test, why)| test.without_result(*target, why)).collect();
                results.without_result.extend(unknown);
            }
            results.together.insert(*target, together);
        }
        Ok(true)
    }

    /// The grants of the candidates that are shown as these flags.
    fn grants_of(&self, flags: &[String]) -> Grant {
        let mut grant = Grant::default();
        let mut left = self.candidates();
        while let Some(candidate) = left.pop() {
            let own = shown(&candidate.grant);
            if own.iter().all(|flag| flags.contains(flag)) {
                grant = grant.with([&candidate.grant]);
            } else {
                left.extend(candidate.narrower);
            }
        }
        grant
    }
}

fn count(tests: usize) -> String {
    crate::support::escape::count(tests, "test")
}

fn names(targets: &[Target]) -> String {
    targets.iter().map(|target| target.name()).collect::<Vec<_>>().join(" and ")
}
