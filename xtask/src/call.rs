//! The call of a cell: its exact command line, environment and folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{self, Artifact, Unit};
use crate::cases::PORT;
use crate::cell::Cell;
use crate::compose;
use crate::example::{Example, Module};
use crate::files;
use crate::scratch::CWD;
use crate::target::Target;
use crate::wasmtime::{self, Wasmtime};
use crate::workspace::Workspace;

/// How a cell is run.
#[derive(Clone, Debug)]
pub struct Call {
    pub argv: Vec<OsString>,
    pub env: BTreeMap<String, String>,
    pub cwd: PathBuf,
    /// Where in `argv` wasmtime's flags end, for cells under wasmtime.
    end_of_flags: Option<usize>,
    /// The line that people type for the same in that folder.
    pub plain: Vec<String>,
}

/// The files that calls name, by package and target.
pub type Files = BTreeMap<Unit, PathBuf>;

/// Where cargo will put the files of an example.
pub fn expected_files(workspace: &Workspace, example: &Example) -> Files {
    let of_target = |target: Target| {
        let program =
            ((example.name.clone(), target), build::expected_program(workspace, &example.name, target));
        let modules = example.modules.iter().map(move |module| {
            ((module.name.clone(), target), build::expected_module(workspace, module, target))
        });
        [program].into_iter().chain(modules)
    };
    Target::ALL.into_iter().flat_map(of_target).collect()
}

/// Where cargo has put what it could build.
pub fn built_files(artifacts: &BTreeMap<Unit, Artifact>) -> Files {
    artifacts
        .iter()
        .filter_map(|(unit, artifact)| match artifact {
            Artifact::Built(file) => Some((unit.clone(), file.clone())),
            Artifact::Failed(_) => None,
        })
        .collect()
}

/// The units without which a cell cannot run: its program, the modules that its flags name or that
/// are plugged in, and its peer.
pub fn needs(cell: &Cell<'_>) -> Vec<Unit> {
    let named = cell.example.modules.iter().filter(|module| {
        let placeholder = placeholder(&module.name);
        cell.flag_set.flags.iter().any(|flag| flag.contains(&placeholder))
            || cell.flag_set.compose.has(&module.name)
    });
    [&cell.example.name]
        .into_iter()
        .chain(named.map(|module| &module.name))
        .map(|name| (name.clone(), cell.target))
        .chain(peer(cell))
        .collect()
}

/// The peer of a cell, which is native whatever the cell's target is.
pub fn peer(cell: &Cell<'_>) -> Option<Unit> {
    Some((cell.case.peer.clone()?, Target::NATIVE))
}

/// The packages of an example that are built for whichever targets are wanted: all but its modules
/// that are peers and nothing else.
pub fn packages(example: &Example) -> impl Iterator<Item = &str> {
    let modules = example.modules.iter().filter(|module| !is_only_peer(example, module));
    [&example.name].into_iter().chain(modules.map(|module| &module.name)).map(String::as_str)
}

fn is_only_peer(example: &Example, module: &Module) -> bool {
    let placeholder = placeholder(&module.name);
    let mut flags = example.cases.iter().flat_map(|case| &case.flag_sets).flat_map(|set| &set.flags);
    example.cases.iter().any(|case| case.peer.as_ref() == Some(&module.name))
        && !flags.any(|flag| flag.contains(&placeholder))
}

fn placeholder(package: &str) -> String {
    format!("{{wasm:{package}}}")
}

/// The flags of `cell` with paths for their placeholders, `cwd` being its working directory.
pub fn flags(cell: &Cell<'_>, cwd: &Path, files: &Files) -> Vec<String> {
    let cwd = cwd.to_string_lossy();
    let packages = || cell.example.modules.iter().map(|module| &module.name).chain([&cell.example.name]);
    let of_flag = |flag: &String| {
        packages().fold(flag.replace("{cwd}", &cwd), |flag, package| {
            match files.get(&(package.clone(), cell.target)) {
                Some(file) => flag.replace(&placeholder(package), &file.to_string_lossy()),
                None => flag,
            }
        })
    };
    cell.flag_set.flags.iter().map(of_flag).collect()
}

/// The call of `cell` in its folder `dir`. Its needs must all be among `files`, and `wasmtime` must
/// be there if its target needs it.
pub fn of(cell: &Cell<'_>, dir: &Path, files: &Files, wasmtime: Option<&Wasmtime>) -> Call {
    let cwd = dir.join(CWD);
    let cwd_text = cwd.to_string_lossy();
    let in_cwd = |text: &String| text.replace("{cwd}", &cwd_text);

    let program = &compose::program(cell, &files[&cell.unit()]);
    let args: Vec<String> = cell.case.args.iter().map(in_cwd).collect();
    let flags = flags(cell, &cwd, files);

    let mut env = fixed_env(&cwd_text);
    env.extend(cell.case.env.iter().map(|(name, value)| (name.clone(), in_cwd(value))));
    let program_text = program.to_string_lossy().into_owned();
    match wasmtime {
        Some(wasmtime) if cell.target.is_wasm() => {
            let program_and = [wasmtime.program.clone().into_os_string()];
            let argv: Vec<_> = program_and.into_iter().chain(wasmtime.args(&flags, program, &args)).collect();
            Call {
                end_of_flags: Some(argv.len() - args.len() - 1),
                argv,
                plain: wasmtime::plain_line(&flags, &program_text, &args),
                env,
                cwd,
            }
        }
        _ => Call {
            argv: [program.clone().into_os_string()]
                .into_iter()
                .chain(args.iter().map(OsString::from))
                .collect(),
            end_of_flags: None,
            plain: [program_text].into_iter().chain(args).collect(),
            env,
            cwd,
        },
    }
}

/// The call of a cell's peer, if it has one, in a folder `dir` of its own.
pub fn of_peer(cell: &Cell<'_>, dir: &Path, files: &Files) -> Option<Call> {
    let program = &files[&peer(cell)?];
    let cwd = dir.join(CWD);
    Some(Call {
        argv: vec![program.clone().into_os_string()],
        env: fixed_env(&cwd.to_string_lossy()),
        end_of_flags: None,
        plain: vec![program.to_string_lossy().into_owned()],
        cwd,
    })
}

/// The environment of every cell, beside that of its case: nothing of the caller's.
fn fixed_env(cwd: &str) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = [("LC_ALL", "C"), ("TZ", "UTC"), ("HOME", cwd), ("TMPDIR", cwd)]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
    // Without it no program starts on Windows.
    if cfg!(windows)
        && let Ok(root) = std::env::var("SystemRoot")
    {
        env.insert("SystemRoot".into(), root);
    }
    env
}

impl Call {
    /// The same with the port of the cell's peer. What people type keeps the placeholder: by the time
    /// they read it, nobody listens there any more.
    pub fn at_port(mut self, port: u16) -> Call {
        let port = port.to_string();
        for word in &mut self.argv {
            if let Some(text) = word.to_str() {
                *word = text.replace(PORT, &port).into();
            }
        }
        self.env.values_mut().for_each(|value| *value = value.replace(PORT, &port));
        self
    }

    /// The command that makes this call with another command line.
    pub fn command(&self, argv: &[OsString]) -> Command {
        let mut command = Command::new(&argv[0]);
        command.args(argv[1..].iter().map(files::word)).env_clear().envs(&self.env).current_dir(&self.cwd);
        command
    }

    /// The same line under which no guest gets to run, for a cell under wasmtime that ended with
    /// this on stderr.
    pub fn argv_without_guest(&self, stderr: &[u8]) -> Option<Vec<OsString>> {
        let (flags, rest) = self.argv.split_at(self.end_of_flags?);
        let flag = ["-W".into(), wasmtime::flag_without_guest(stderr).into()];
        Some(flags.iter().cloned().chain(flag).chain(rest.iter().cloned()).collect())
    }

    pub fn program(&self) -> &Path {
        Path::new(&self.argv[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{self, Packages};
    use crate::fixture::Fixture;

    fn example(cases: &str) -> Example {
        let modules = ["both", "library", "server"];
        let modules = modules.map(|name| Module { name: name.into(), is_program: name != "library" });
        Example {
            name: "talk".into(),
            area: None,
            summary: None,
            cases: cases::parse(cases, &Packages { own: "talk", modules: &modules }).unwrap(),
            modules: modules.into(),
            fixture: Fixture::default(),
        }
    }

    #[test]
    fn what_is_only_a_peer_is_for_no_other_target() {
        let example = example("[a]\npeer = 'server'\n[b]\npeer = 'both'\nflags.x = ['{wasm:both}']\n");
        assert_eq!(packages(&example).collect::<Vec<_>>(), ["talk", "both", "library"]);
        let cells = crate::cell::all(std::slice::from_ref(&example));
        let needs_of_last = needs(cells.last().unwrap());
        let both = |target| (String::from("both"), target);
        assert_eq!(
            needs_of_last,
            [("talk".into(), Target::WASIP2), both(Target::WASIP2), both(Target::NATIVE)]
        );
    }

    #[test]
    fn a_port_in_all_that_is_passed_on() {
        let example = example("[a]\npeer = 'server'\nargs = ['x:{port}']\nenv.AT = '{port}'\n");
        let cells = crate::cell::all(std::slice::from_ref(&example));
        let files = Files::from([
            (("talk".into(), Target::NATIVE), "/bin/talk".into()),
            (("server".into(), Target::NATIVE), "/bin/server".into()),
        ]);
        let call = of(&cells[0], Path::new("/scratch"), &files, None);
        assert_eq!((&*call.argv[1], &*call.env["AT"]), ("x:{port}".as_ref(), "{port}"));
        let call = call.at_port(40123);
        assert_eq!((&*call.argv[1], &*call.env["AT"]), ("x:40123".as_ref(), "40123"));
        assert_eq!(call.plain, ["/bin/talk", "x:{port}"]);
        let peer = of_peer(&cells[0], Path::new("/scratch.peer"), &files).unwrap();
        assert_eq!((peer.program(), &*peer.env["HOME"]), (Path::new("/bin/server"), "/scratch.peer/cwd"));
    }
}
