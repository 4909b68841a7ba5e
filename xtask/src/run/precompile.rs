//! Compiles modules before they run, so that no deadline of a program contains the time that wasmtime needs for it.
//!
//! wasmtime compiles a module in the first run, and keeps the result in a cache. How long that takes depends on the
//! size of the module and on what else the machine does, not on the program. If a run were killed meanwhile, nothing
//! would be kept, and each further run would be killed, too.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Result, bail};

use crate::host::seam::Compilation;
use crate::process::{End, Ran};
use crate::support::hash::fnv_1a;
use crate::support::terminal;
use crate::support::text_file;

/// How long wasmtime may compile one module. The largest programs take some minutes.
pub const LIMIT: Duration = Duration::from_secs(10 * 60);

/// From this size of a module on, the user is told what takes so long.
const LARGE: u64 = 8 << 20;

/// What is known about a module and the flags on which its compilation depends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Nothing,
    /// An earlier run has compiled it. wasmtime may have removed it from its cache since.
    Recorded,
    /// This run has compiled it.
    Done,
    /// This run has tried for [`LIMIT`].
    TooSlow,
}

/// Which modules are compiled. There is a record on disk for each, so that later runs do not try it again.
pub struct Compiled {
    records: PathBuf,
    /// By the name of the record. Who compiles a module holds its lock, and others wait for the result.
    known: Mutex<BTreeMap<String, Arc<Mutex<Known>>>>,
    /// Whether an interrupt has ended a compilation. No other one is started then.
    is_over: AtomicBool,
}

/// What compiling the modules of a call has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Whether a process was started for it.
    pub has_run: bool,
    /// Whether this run has compiled all of them, so that they are certainly in the cache.
    pub is_certain: bool,
}

impl Compiled {
    /// Reads the records in `records`. They count only as long as wasmtime's `cache` exists.
    pub fn new(records: PathBuf, cache: &Path) -> Compiled {
        if !cache.exists() {
            // What cannot be removed costs time only if a module is large.
            let _ = fs::remove_dir_all(&records);
        }
        Compiled { records, known: Mutex::default(), is_over: AtomicBool::new(false) }
    }

    /// Compiles all modules of a call by `run`, except those of which this or an earlier run is known to have done so;
    /// with `again`, except those of which this run has. `cwd` is the working directory of the call. Returns `None` if
    /// an interrupt came.
    ///
    /// # Errors
    /// If a module is no regular file or is not compiled within [`LIMIT`], and those of `run`.
    pub fn ensure(
        &self,
        compilations: &[Compilation],
        cwd: &Path,
        again: bool,
        run: impl Fn(&[OsString]) -> Result<Option<Ran>>,
    ) -> Result<Option<Ready>> {
        let mut ready = Ready { has_run: false, is_certain: true };
        for compilation in compilations {
            // wasmtime would wait for what comes out of a FIFO, or read a device without an end. That a module is not
            // there shows when it is run.
            if let Err(error) = text_file::check(&cwd.join(&compilation.module))
                && error.kind() == ErrorKind::InvalidInput
            {
                bail!("cannot compile {}: {error}", compilation.module.display());
            }
            let name = name(compilation, cwd);
            let slot = Arc::clone(self.known().entry(name.clone()).or_default());
            let mut known = slot.lock().unwrap_or_else(PoisonError::into_inner);
            let (record, state) = (self.records.join(name), state(compilation, cwd));
            if *known == Known::Nothing && fs::read_to_string(&record).is_ok_and(|text| text == state) {
                *known = Known::Recorded;
            }
            if *known == Known::Nothing || *known == Known::Recorded && again {
                if self.is_over.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                let Some(now) = compile(compilation, &run)? else {
                    self.is_over.store(true, Ordering::Relaxed);
                    return Ok(None);
                };
                (*known, ready.has_run) = (now, true);
                if now == Known::Done {
                    // Without a record, the next run compiles it again.
                    let _ = fs::create_dir_all(&self.records).and_then(|()| fs::write(&record, state));
                }
            }
            if *known == Known::TooSlow {
                bail!("wasmtime has not compiled {} within {LIMIT:?}", compilation.module.display());
            }
            ready.is_certain &= *known == Known::Done;
        }
        Ok(Some(ready))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Mutex<Known>>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compiles a module, and returns what is then known, or `None` if an interrupt came. What is wrong with the module
/// shows when it is run.
fn compile(
    compilation: &Compilation,
    run: impl Fn(&[OsString]) -> Result<Option<Ran>>,
) -> Result<Option<Known>> {
    let module = &compilation.module;
    let size = fs::metadata(module).map_or(0, |metadata| metadata.len());
    if size >= LARGE {
        terminal::note(&format!("Compiling {} ({} MB), which is done once", module.display(), size >> 20));
    }
    Ok(run(&compilation.argv)?.map(|ran| match ran.end {
        End::Exit(_) => Known::Done,
        End::TimedOut => Known::TooSlow,
        // Something has killed it.
        End::Signal(_) | End::TooMuchOutput => Known::Nothing,
    }))
}

/// The name of the record of a compilation: a hash of everything on which its result depends, besides the contents of
/// files outside of the working directory.
fn name(compilation: &Compilation, cwd: &Path) -> String {
    let Compilation { module, by, flags, .. } = compilation;
    // Each cell has its own working directory, and often the same files in it.
    let path = cwd.join(module);
    let module = match path.strip_prefix(cwd) {
        Ok(_) => format!("{:016x}", fnv_1a(&text_file::read(&path).unwrap_or_default())),
        Err(_) => path.display().to_string(),
    };
    format!("{:016x}", fnv_1a(format!("{module}\n{}\n{flags:?}", by.display()).as_bytes()))
}

/// What changes when one of the files of a compilation does. In the working directory, files are always new.
fn state(compilation: &Compilation, cwd: &Path) -> String {
    let Compilation { module, by, .. } = compilation;
    let path = cwd.join(module);
    let module = if path.starts_with(cwd) { String::new() } else { written(&path) };
    format!("{module}\n{}\n", written(by))
}

/// The size of a file and when it was written.
fn written(file: &Path) -> String {
    let Ok(metadata) = fs::metadata(file) else { return "absent".into() };
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{} {}", metadata.len(), since.unwrap_or_default().as_nanos())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Compiles `module` in a new run of the harness, and returns whether a process was started for it.
    fn ensure(directory: &Path, module: &Path, flags: &[&str], again: bool) -> bool {
        let compiled = Compiled::new(directory.join("records"), &directory.join("cache"));
        let calls = Cell::new(0);
        let run = |_: &[OsString]| {
            calls.set(calls.get() + 1);
            fs::create_dir_all(directory.join("cache"))?;
            let end = End::Exit(1);
            Ok(Some(Ran { end, stdout: Vec::new(), stderr: Vec::new(), left_running: false }))
        };
        let one = Compilation {
            module: module.into(),
            by: directory.join("host"),
            flags: flags.iter().map(|flag| (*flag).to_string()).collect(),
            argv: Vec::new(),
        };
        let cwd = directory.join("cwd");
        let ready = compiled.ensure(&[one.clone(), one.clone()], &cwd, again, run).unwrap().unwrap();
        assert_eq!((ready.has_run, calls.get()), (ready.is_certain, usize::from(ready.has_run)));
        assert!(!compiled.ensure(&[one], &cwd, ready.is_certain, run).unwrap().unwrap().has_run);
        ready.has_run
    }

    #[test]
    fn a_module_is_compiled_once_for_each_set_of_flags() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path();
        let module = directory.join("a.wasm");
        fs::write(&module, "one").unwrap();
        assert!(ensure(directory, &module, &[], false));
        assert!(!ensure(directory, &module, &[], false));
        assert!(ensure(directory, &module, &["-O"], false));
        assert!(!ensure(directory, &module, &[], false), "the other flags have a record of their own");
        assert!(ensure(directory, &module, &[], true), "a record alone is not certain");
        fs::write(&module, "another").unwrap();
        assert!(ensure(directory, &module, &[], false));
        fs::write(directory.join("host"), "an update").unwrap();
        assert!(ensure(directory, &module, &[], false));
        fs::remove_dir(directory.join("cache")).unwrap();
        assert!(ensure(directory, &module, &[], false), "the cache is gone");
    }

    #[test]
    fn a_module_in_the_working_directory_is_known_by_its_contents() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path();
        fs::create_dir(directory.join("cwd")).unwrap();
        let write = |text| fs::write(directory.join("cwd/a.wat"), text).unwrap();
        write("one");
        assert!(ensure(directory, Path::new("a.wat"), &[], false));
        write("one");
        assert!(!ensure(directory, Path::new("a.wat"), &[], false));
        assert!(!ensure(directory, &directory.join("cwd/a.wat"), &[], false));
        write("two");
        assert!(ensure(directory, Path::new("a.wat"), &[], false));
    }
}
