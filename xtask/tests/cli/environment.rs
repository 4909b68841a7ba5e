//! Nothing of the caller's environment changes an outcome.

use std::fs;
use std::path::Path;

use crate::setup::home_of;
use crate::support::{Said, Workspace};

/// Says all that it can see of where and how it is run.
const MIRROR: &str = r#"
    #![allow(unexpected_cfgs)]

    use std::env;

    fn main() {
        env::args().for_each(|arg| println!("arg {arg}"));
        let mut vars: Vec<_> = env::vars().collect();
        vars.sort();
        vars.iter().for_each(|(name, value)| println!("env {name}={value}"));
        match env::current_dir() {
            Ok(folder) => println!("folder {}", folder.display()),
            Err(error) => println!("folder {error}"),
        }
        println!("surprise {} debug {}", cfg!(surprise), cfg!(debug_assertions));
        println!("stdin {:?}", std::io::read_to_string(std::io::stdin()));
        if env::args().any(|word| word == "panic") {
            panic!("on purpose");
        }
    }
"#;

const CASES: &str = "\
[quiet]
args = ['one', '{cwd}']
env.OWN = 'of the case'
flags.env = ['--env=OWN', '--env=HOME', '--env=RUST_BACKTRACE', '--dir=.']

[panic]
args = ['panic']

[backtrace]
args = ['panic']
env.RUST_BACKTRACE = '1'
targets = ['wasip1', 'wasip2']
flags.told = ['--env=RUST_BACKTRACE']
";

fn accepted_mirror() -> Workspace {
    let workspace = Workspace::with("mirror", MIRROR, CASES);
    workspace.test("--accept").code(0);
    let recorded = workspace.read("snapshots/mirror/quiet.snap");
    assert!(recorded.contains("│surprise false debug false\n"), "{recorded}");
    assert!(workspace.read("snapshots/mirror/panic.snap").contains("on purpose"));
    workspace
}

#[test]
fn no_variable_of_the_caller_changes_an_outcome() {
    let workspace = accepted_mirror();
    let before = workspace.files();
    for (name, value) in [
        ("RUST_BACKTRACE", "full"),
        ("RUST_LIB_BACKTRACE", "1"),
        ("RUST_LOG", "trace"),
        ("RUST_MIN_STACK", "1000000"),
        ("LANG", "de_DE.UTF-8"),
        ("LC_ALL", "de_DE.UTF-8"),
        ("TZ", "Asia/Tokyo"),
        ("NO_COLOR", "1"),
        ("CLICOLOR_FORCE", "1"),
        ("TERM", "dumb"),
        ("COLUMNS", "20"),
        ("OWN", "of the caller"),
        ("WASMTIME_BACKTRACE_DETAILS", "1"),
        ("WASMTIME_LOG", "trace"),
        ("RUSTFLAGS", "--cfg surprise"),
        ("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}surprise"),
        ("CARGO_BUILD_RUSTFLAGS", "--cfg surprise"),
        ("CARGO_BUILD_TARGET", "wasm32-wasip1"),
        ("CARGO_BUILD_TARGET_DIR", "elsewhere"),
        ("CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS", "--cfg surprise"),
        ("CARGO_PROFILE_EXAMPLE_DEBUG_ASSERTIONS", "true"),
        ("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true"),
        ("CARGO_PROFILE_EXAMPLE_PANIC", "abort"),
        ("CARGO_TERM_COLOR", "always"),
        ("CARGO_TERM_VERBOSE", "true"),
        ("CARGO_TERM_QUIET", "true"),
    ] {
        let run = workspace.xtask().args(["test", "--check"]).env(name, value).assert();
        let code = run.get_output().status.code();
        assert_eq!(code, Some(0), "{name}={value}\n{run}");
    }
    assert_eq!(workspace.files(), before);
}

#[test]
fn another_home_changes_no_outcome() {
    let workspace = accepted_mirror();
    let home = tempfile::tempdir().expect("a temporary folder");
    workspace
        .xtask()
        .args(["test", "--check"])
        .env("HOME", home.path())
        .env("CARGO_HOME", home_of("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", home_of("RUSTUP_HOME", ".rustup"))
        .env("XDG_CACHE_HOME", home_of("XDG_CACHE_HOME", ".cache"))
        .env("WASMTIME", workspace.wasmtime())
        .env("TMPDIR", home.path())
        .assert()
        .code(0);
}

#[test]
fn neither_jobs_nor_order_change_an_outcome() {
    let workspace = accepted_mirror();
    for args in
        ["-j 1", "-j 4", "--shuffle", "--shuffle=7 -j 4", "--repeat 2", "--keep-scratch", "--no-capture"]
    {
        workspace.test(&format!("--check {args}")).code(0);
    }
}

#[test]
fn what_the_caller_types_does_not_reach_a_program() {
    let workspace = accepted_mirror();
    workspace.xtask().args(["test", "--check"]).write_stdin("typed\n").assert().code(0);
}

#[test]
fn flags_in_a_configuration_of_cargo_do_not_reach_a_program() {
    let workspace = accepted_mirror();
    workspace.write(
        ".cargo/config.toml",
        "[build]\nrustflags = ['--cfg', 'surprise']\n\
         [target.wasm32-wasip2]\nrustflags = ['--cfg', 'surprise']\n",
    );
    workspace.test("--check").code(0);
}

#[test]
fn a_profile_in_a_configuration_of_cargo_does_not_reach_a_program() {
    let workspace = accepted_mirror();
    workspace.write(
        ".cargo/config.toml",
        "[profile.release]\nopt-level = 0\ndebug-assertions = true\noverflow-checks = true\npanic = 'abort'\n",
    );
    workspace.test("--check").code(0);
}

#[test]
fn another_folder_for_what_is_built_changes_no_outcome() {
    let workspace = accepted_mirror();
    let folder = tempfile::tempdir().expect("a temporary folder");
    workspace.xtask().args(["test", "--check"]).env("CARGO_TARGET_DIR", folder.path()).assert().code(0);
    assert!(folder.path().join("wasm32-wasip1").is_dir());
    workspace.xtask().args(["test", "--check"]).env("CARGO_TARGET_DIR", "elsewhere").assert().code(0);
}

#[test]
fn a_clone_under_another_path_has_the_same_outcomes() {
    let workspace = accepted_mirror();
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The last one has its umlaut in two characters, and what a shell or a pattern would act on.
    for name in ["clone", "ein Ordner mit Ümlaut", "u\u{308}ber $(x) {cwd} 'y' \"z\""] {
        let clone = folder.path().canonicalize().expect("the path of the folder").join(name);
        for (path, text) in workspace.files() {
            write(&clone.join(path), &text);
        }
        workspace.xtask_in(&clone).args(["test", "--check"]).assert().code(0).says("3 passed");
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file in a folder")).expect("folders");
    fs::write(path, text).expect("a written file");
}
