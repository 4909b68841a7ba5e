//! How wasmtime is installed on a first run: from an archive that a local server has, or by cargo, which is a
//! script here.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use rustix::process::Signal;

use crate::support::downloads::{Answer, Server, archive_of};
use crate::support::processes::assert_no_processes;
use crate::support::runs::{can_signal, is_running, send_signal, stderr_of, wait_for_exit, xtask};
use crate::support::wait::wait_for;
use crate::support::{
    AssertOutput, HELLO, Workspace, files_at, path_without_wasmtime, pinned_wasmtime, require,
};

/// `xtask setup` in an environment without a wasmtime, with archives from `address` and this program as cargo.
fn setup(workspace: &Workspace, address: &str, cargo: &Path) -> Command {
    let mut command = workspace.xtask_without_wasmtime();
    command.arg("setup").env("PARALLAX_WASMTIME_DOWNLOADS", address).env("CARGO", cargo);
    command.env("no_proxy", "127.0.0.1").env("NO_PROXY", "127.0.0.1");
    command
}

/// As [`setup`], started and not waited for. A test that calls this has to call [`can_signal`] first.
fn start_setup(workspace: &Workspace, address: &str, cargo: &Path) -> Child {
    let mut command = xtask(workspace, "setup");
    let home = workspace.path("home");
    command.env("PATH", path_without_wasmtime()).env("XDG_CACHE_HOME", &home).env_remove("WASMTIME");
    command.env("PARALLAX_WASMTIME_DOWNLOADS", address).env("CARGO", cargo);
    command.env("no_proxy", "127.0.0.1").env("NO_PROXY", "127.0.0.1");
    command.spawn().expect("xtask should start")
}

/// Writes a script, and returns its path.
fn script(workspace: &Workspace, path: &str, text: &str) -> PathBuf {
    workspace.write(path, &format!("#!/bin/sh\n{text}"));
    let path = workspace.path(path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the mode should be set");
    path
}

/// A script that takes the place of wasmtime where only its version matters.
fn wasmtime(workspace: &Workspace, version: &str) -> PathBuf {
    script(workspace, "stub/wasmtime", &format!("echo wasmtime {version}\n"))
}

/// A cargo that fails.
fn no_cargo(workspace: &Workspace) -> PathBuf {
    script(workspace, "stub/cargo", "echo '   Compiling none' >&2; echo 'error: no cargo' >&2; exit 101\n")
}

/// All files in the cache, by their paths in it.
fn cache(workspace: &Workspace) -> BTreeMap<PathBuf, Vec<u8>> {
    let directory = workspace.path("home/parallax");
    let files = if directory.exists() { files_at(&directory) } else { BTreeMap::new() };
    let relative =
        |path: PathBuf| path.strip_prefix(&directory).map(Path::to_path_buf).expect("a path below");
    let files = files.into_iter().map(|(path, contents)| (relative(path), contents));
    // The lock stays.
    files.filter(|(path, _)| path != Path::new("install.lock")).collect()
}

/// The path of the installed program in the cache.
fn installed() -> PathBuf {
    format!("wasmtime-{}/bin/wasmtime", pinned_wasmtime()).into()
}

fn with_checksum(workspace: &Workspace, sum: &str) {
    let platform = format!("{}-linux", std::env::consts::ARCH);
    let manifest = workspace.read("Cargo.toml");
    let manifest = manifest.split("[workspace.metadata.parallax.checksums]").next().unwrap_or_default();
    let table = format!("[workspace.metadata.parallax.checksums]\n{platform} = \"{sum}\"\n");
    workspace.write("Cargo.toml", &format!("{manifest}{table}"));
}

#[test]
fn wasmtime_is_installed_from_its_release() {
    let workspace = Workspace::with("hello", HELLO, "");
    let program = workspace.wasmtime();
    let version = pinned_wasmtime();
    let server = Server::start(Answer::File(archive_of(&program, &version)));
    let cargo = no_cargo(&workspace);
    setup(&workspace, &server.address, &cargo).assert().code(0).says("Downloading http");
    let name = format!("wasmtime-v{version}-{}-linux", std::env::consts::ARCH);
    assert_eq!(server.requests(), [format!("/v{version}/{name}.tar.xz")]);
    let cache = cache(&workspace);
    assert_eq!(cache.keys().collect::<Vec<_>>(), [&installed()], "something else was left in the cache");
    assert!(cache[&installed()] == fs::read(program).expect("wasmtime should be readable"));
    // From now on it is found there.
    workspace.xtask_without_wasmtime().args(["test", "--offline"]).assert().code(100).says("AAA");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn wrong_checksum_is_an_error_that_names_both() {
    let workspace = Workspace::with("hello", HELLO, "");
    let program = wasmtime(&workspace, &pinned_wasmtime());
    let server = Server::start(Answer::File(archive_of(&program, &pinned_wasmtime())));
    let cargo = no_cargo(&workspace);
    let wrong = "0123456789abcdef".repeat(4);
    with_checksum(&workspace, &wrong);
    let assert = setup(&workspace, &server.address, &cargo).assert().code(96).says(&wrong).says("help: ");
    assert!(cache(&workspace).is_empty(), "something was installed");
    let stderr = assert.does_not_say("no cargo").stderr_text();
    let found = stderr.lines().find_map(|line| line.strip_prefix("found")).expect("the other checksum");
    with_checksum(&workspace, found.trim());
    setup(&workspace, &server.address, &cargo).assert().code(0);
    assert!(cache(&workspace).contains_key(&installed()));
    with_checksum(&workspace, "123");
    setup(&workspace, &server.address, &cargo).assert().code(2).says("checksums.");
}

#[test]
fn without_a_release_wasmtime_is_compiled() {
    let workspace = Workspace::with("hello", HELLO, "");
    let program = wasmtime(&workspace, &pinned_wasmtime());
    let log = workspace.path("log");
    let record = format!("printf '%s\\n' \"$@\" > '{log}'; env >> '{log}'\n", log = log.display());
    // The root is the argument after `--root`.
    let copy =
        "while [ \"$1\" != --root ]; do shift; done; mkdir -p \"$2/bin\"; cp '{}' \"$2/bin/wasmtime\"\n";
    let copy = copy.replace("{}", &program.display().to_string());
    let cargo = script(&workspace, "stub/cargo", &(record + &copy));
    // A port on which nothing listens any more.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port should be free");
    let address = format!("http://{}", listener.local_addr().expect("the listener should have an address"));
    drop(listener);
    let started = Instant::now();
    let assert = setup(&workspace, &address, &cargo).env("RUSTFLAGS", "--cfg caller").assert().code(0);
    assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
    let stderr = assert.says("Compiling wasmtime").stderr_text();
    let why: Vec<_> = stderr.lines().filter(|line| line.contains("cannot be installed")).collect();
    assert!(why.len() == 1 && why[0].contains("curl: (7)"), "{stderr}");
    let log = fs::read_to_string(log).expect("cargo should have been called");
    for expected in ["install", "--locked", "--no-default-features", "CARGO_PROFILE_RELEASE_OPT_LEVEL=1"] {
        assert!(log.lines().any(|line| line == expected), "no {expected} in:\n{log}");
    }
    assert!(!log.contains("RUSTFLAGS=--cfg"), "the caller's flags reached the build:\n{log}");
    assert!(cache(&workspace).contains_key(&installed()));
}

#[test]
fn features_that_a_release_does_not_have_are_not_asked_for_again() {
    let workspace = Workspace::with("hello", HELLO, "");
    let server = Server::start(Answer::NotFound);
    let refuse = "case \"$*\" in *--no-default-features*) \
                  echo \"error: the package 'wasmtime-cli' does not contain this feature: gc-copying\" >&2; exit 101;; esac\n";
    let cargo =
        script(&workspace, "stub/cargo", &format!("{refuse}echo 'error: with all features' >&2; exit 101\n"));
    setup(&workspace, &server.address, &cargo).assert().code(96).says("404").says("error: with all features");
}

#[test]
fn wasmtime_that_an_older_harness_compiled_with_fewer_features_is_installed_again() {
    let workspace = Workspace::with("hello", HELLO, "");
    let version = pinned_wasmtime();
    let root = format!("home/parallax/wasmtime-{version}");
    let program = wasmtime(&workspace, &version);
    fs::create_dir_all(workspace.path(&format!("{root}/bin"))).expect("the directory should be made");
    fs::copy(&program, workspace.path(&format!("{root}/bin/wasmtime"))).expect("it should be copied");
    // What cargo 1.99 records for `cargo install --no-default-features --features run,cranelift`.
    let record = format!(
        r#"{{"installs":{{"wasmtime-cli {version} (registry+https://github.com/rust-lang/crates.io-index)":{{"version_req":"{version}","bins":["wasmtime"],"features":["cranelift","run"],"all_features":false,"no_default_features":true,"profile":"release","target":"x86_64-unknown-linux-gnu","rustc":"rustc 1.99.1"}}}}}}"#
    );
    workspace.write(&format!("{root}/.crates2.json"), &record);
    let why = "it was compiled without `compile`, ";

    let doctor = workspace.xtask_without_wasmtime().arg("doctor").assert().code(0);
    doctor.prints("outdated    wasmtime").prints(why).prints("help: cargo xtask setup");
    let nowhere = Server::start(Answer::NotFound);
    setup(&workspace, &nowhere.address, &no_cargo(&workspace)).arg("--offline").assert().code(0).says(why);
    assert!(nowhere.requests().is_empty(), "--offline downloads nothing");
    let run = setup(&workspace, &nowhere.address, &no_cargo(&workspace)).assert().code(0).says(why);
    run.says("warning: it is used nevertheless").says("error: no cargo");

    // Releases have all features.
    let server = Server::start(Answer::File(archive_of(&program, &version)));
    setup(&workspace, &server.address, &no_cargo(&workspace)).assert().code(0).says(why);
    assert_eq!(cache(&workspace).keys().collect::<Vec<_>>(), [&installed()]);
    setup(&workspace, &server.address, &no_cargo(&workspace))
        .assert()
        .code(0)
        .does_not_say("compiled without");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn errors_of_cargo_are_shown_and_its_progress_is_not_repeated() {
    let workspace = Workspace::with("hello", HELLO, "");
    let server = Server::start(Answer::NotFound);
    let cargo = no_cargo(&workspace);
    let assert = setup(&workspace, &server.address, &cargo).assert().code(96);
    assert.says("error: no cargo").says("help: cargo install").does_not_say("Compiling none");
    assert!(cache(&workspace).is_empty());
}

#[test]
fn progress_is_one_line_on_a_terminal_and_a_log_elsewhere() {
    let has_script = std::process::Command::new("script").arg("--version").output();
    if !require("`script` (util-linux)", has_script.is_ok_and(|ran| ran.status.success())) {
        return;
    }
    let workspace = Workspace::with("hello", HELLO, "");
    let server = Server::start(Answer::NotFound);
    // Progress is shown after two seconds.
    let slow = "echo '   Compiling one v1.0.0' >&2; printf '    Building [=>  ] 1/2: one  \\r' >&2; sleep 3; exit 101\n";
    let cargo = script(&workspace, "stub/cargo", slow);
    let xtask = setup(&workspace, &server.address, &cargo);
    let on_terminal = |variable: Option<(&str, &str)>| {
        let line = format!("{} setup", xtask.get_program().display());
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(workspace.root());
        for (name, value) in xtask.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.envs(variable).assert().code(96).stdout_text()
    };
    let drawn = on_terminal(None);
    assert!(drawn.contains("\r\x1b[K    Building 1/2: one\r\x1b[K"), "{drawn}");
    assert!(!drawn.contains("Compiling one"), "{drawn}");
    let log = on_terminal(Some(("CI", "true")));
    assert!(log.contains("Compiling one") && !log.contains("Building"), "{log}");
    setup(&workspace, &server.address, &cargo)
        .assert()
        .code(96)
        .says("Compiling one")
        .does_not_say("Building");
}

#[test]
fn archive_that_cannot_be_used_is_not_installed() {
    let workspace = Workspace::with("hello", HELLO, "");
    let cargo = no_cargo(&workspace);
    let pinned = pinned_wasmtime();
    let good = archive_of(&wasmtime(&workspace, &pinned), &pinned);
    let other = archive_of(&wasmtime(&workspace, "48.0.7"), &pinned);
    for (answer, why) in [
        (Answer::Half(good), "curl: (18)"),
        (Answer::File(b"not an archive".to_vec()), "cannot be unpacked"),
        (Answer::File(other), "it is version 48.0.7"),
    ] {
        let server = Server::start(answer);
        setup(&workspace, &server.address, &cargo).assert().code(96).says(why).says("no cargo");
        assert!(cache(&workspace).is_empty(), "{why}: something was installed");
    }
}

#[test]
fn server_that_does_not_answer_is_given_up_after_some_seconds() {
    let workspace = Workspace::with("hello", HELLO, "");
    // The system accepts the connection, and nothing answers the beginning of TLS.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port should be free");
    let address = format!("https://{}", listener.local_addr().expect("the listener should have an address"));
    let started = Instant::now();
    setup(&workspace, &address, &no_cargo(&workspace)).assert().code(96).says("curl: (28)").says("no cargo");
    assert!(started.elapsed() < Duration::from_secs(15), "it took {:?}", started.elapsed());
}

#[test]
fn offline_downloads_nothing() {
    let workspace = Workspace::with("hello", HELLO, "");
    let server = Server::start(Answer::NotFound);
    let cargo = no_cargo(&workspace);
    setup(&workspace, &server.address, &cargo).arg("--offline").assert().code(96).does_not_say("no cargo");
    assert!(server.requests().is_empty());
}

#[test]
fn download_that_is_interrupted_or_killed_installs_nothing() {
    if !can_signal() {
        return;
    }
    let workspace = Workspace::with("hello", HELLO, "");
    let program = wasmtime(&workspace, &pinned_wasmtime());
    let archive = archive_of(&program, &pinned_wasmtime());
    let cargo = no_cargo(&workspace);
    let stalled = Server::start(Answer::Stalled(archive.clone()));
    for (number, signal) in [Signal::INT, Signal::KILL].into_iter().enumerate() {
        let mut run = start_setup(&workspace, &stalled.address, &cargo);
        wait_for("a request", || (stalled.requests().len() > number).then_some(()));
        assert!(is_running(&mut run));
        send_signal(signal, run.id());
        assert_eq!(wait_for_exit(&mut run).signal(), Some(signal.as_raw()));
        let stderr = stderr_of(&mut run);
        assert!(!stderr.contains("no cargo"), "the next way was taken:\n{stderr}");
        let left = cache(&workspace);
        assert!(!left.contains_key(&installed()));
        assert!(signal == Signal::KILL || left.is_empty(), "files were left: {:?}", left.keys());
    }
    let server = Server::start(Answer::File(archive));
    setup(&workspace, &server.address, &cargo).assert().code(0);
    assert!(cache(&workspace).contains_key(&installed()));
}

#[test]
fn compilation_that_is_interrupted_ends() {
    if !can_signal() {
        return;
    }
    let workspace = Workspace::with("hello", HELLO, "");
    let server = Server::start(Answer::NotFound);
    let started = workspace.path("started");
    let slow = format!("touch '{}'; sleep 600\n", started.display());
    let cargo = script(&workspace, "stub/cargo", &slow);
    let mut run = start_setup(&workspace, &server.address, &cargo);
    wait_for("the start of cargo", || started.exists().then_some(()));
    send_signal(Signal::INT, run.id());
    assert_eq!(wait_for_exit(&mut run).signal(), Some(Signal::INT.as_raw()));
    assert!(stderr_of(&mut run).contains("Interrupted"));
    assert_no_processes(&workspace);
}

#[test]
fn two_first_runs_at_once_install_a_toolchain_once() {
    let workspace = Workspace::with("hello", HELLO, "");
    let manifest = workspace.read("Cargo.toml");
    let pins = "[workspace.metadata.parallax]\n";
    workspace.write("Cargo.toml", &manifest.replacen(pins, &format!("{pins}rust = \"1.99.1\"\n"), 1));
    // As with the real one, two at once disturb each other.
    let rustup = r#"echo "$*" >> "$RUSTUP_HOME/calls"
mkdir "$RUSTUP_HOME/busy" || exit 1
sleep 2
root="$RUSTUP_HOME/toolchains/$3"
mkdir -p "$root/bin"
while [ $# -gt 0 ]; do
    [ "$1" = --target ] && mkdir -p "$root/lib/rustlib/$2/lib"
    shift
done
touch "$root/bin/cargo"
rmdir "$RUSTUP_HOME/busy"
"#;
    let stub = script(&workspace, "stub/rustup", rustup);
    let home = workspace.path("rustup");
    fs::create_dir(&home).expect("the directory should be made");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories =
        [stub.parent().expect("a parent").to_path_buf()].into_iter().chain(std::env::split_paths(&path));
    let path = std::env::join_paths(directories).expect("the directories can be joined");
    let wasmtime = wasmtime(&workspace, &pinned_wasmtime());
    std::thread::scope(|scope| {
        for target in ["target1", "target2"] {
            let mut setup = workspace.xtask_without_wasmtime();
            setup.arg("setup").env("PATH", &path).env("RUSTUP_HOME", &home).env("WASMTIME", &wasmtime);
            setup.env("CARGO_TARGET_DIR", workspace.path(target));
            scope.spawn(move || setup.assert().code(0));
        }
    });
    assert_eq!(workspace.read("rustup/calls").lines().count(), 1, "{}", workspace.read("rustup/calls"));
}

#[test]
fn archive_cannot_install_a_file_from_elsewhere_or_with_a_mode_of_its_own() {
    let workspace = Workspace::with("hello", HELLO, "");
    let version = pinned_wasmtime();
    let program = wasmtime(&workspace, &version);
    let pack = |name: &Path| {
        let archive = workspace.path("archive");
        let mut tar = std::process::Command::new("tar");
        tar.arg("-cJf").arg(&archive).arg("-C").arg(workspace.path("packed")).arg(name);
        assert!(tar.status().expect("tar should run").success());
        fs::read(archive).expect("the archive should be readable")
    };
    let name = PathBuf::from(format!("wasmtime-v{version}-{}-linux", std::env::consts::ARCH));
    let directory = workspace.path("packed").join(&name);
    fs::create_dir(workspace.path("packed")).expect("the directory should be made");
    std::os::unix::fs::symlink(program.parent().expect("a parent"), &directory).expect("a link");
    let server = Server::start(Answer::File(pack(&name)));
    let refused = setup(&workspace, &server.address, &no_cargo(&workspace)).assert().code(96);
    refused.says("no regular file");
    assert!(program.is_file() && cache(&workspace).is_empty(), "a file from elsewhere was moved");

    fs::remove_file(&directory).expect("the link should be removed");
    fs::create_dir(&directory).expect("the directory should be made");
    fs::copy(&program, directory.join("wasmtime")).expect("the program should be copied");
    fs::set_permissions(directory.join("wasmtime"), fs::Permissions::from_mode(0o4777)).expect("a mode");
    let server = Server::start(Answer::File(pack(&name)));
    setup(&workspace, &server.address, &no_cargo(&workspace)).assert().code(0);
    let place = workspace.path("home/parallax").join(installed());
    let mode = fs::metadata(place).expect("it should be installed").permissions().mode();
    assert_eq!(mode & 0o7000, 0, "the archive's mode was kept: {mode:o}");
}
