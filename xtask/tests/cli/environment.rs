//! Outcomes do not depend on the environment of the caller.

use std::fs;

use assert_cmd::Command;

use crate::support::{AssertOutput, Workspace, home_of};

/// Prints everything that it can find out about how it is run.
const PRINTS_ENVIRONMENT: &str = r#"
    #![allow(unexpected_cfgs)]

    use std::env;

    fn main() {
        env::args().for_each(|arg| println!("arg {arg}"));
        let mut vars: Vec<_> = env::vars().collect();
        vars.sort();
        vars.iter().for_each(|(name, value)| println!("env {name}={value}"));
        match env::current_dir() {
            Ok(directory) => println!("directory {}", directory.display()),
            Err(error) => println!("directory {error}"),
        }
        println!("from caller {} debug {}", cfg!(from_caller), cfg!(debug_assertions));
        println!("build script {}", env!("SEEN_BY_BUILD_SCRIPT"));
        println!("stdin {:?}", std::io::read_to_string(std::io::stdin()));
        if env::args().any(|word| word == "panic") {
            panic!("on purpose");
        }
    }
"#;

/// Passes on to the program which variables of compilers a build sees.
const BUILD_SCRIPT: &str = r#"
    fn main() {
        let mut seen = Vec::new();
        for name in ["CC", "CFLAGS", "AR", "RUSTC_BOOTSTRAP", "RUSTFLAGS", "OWN"] {
            println!("cargo::rerun-if-env-changed={name}");
            seen.extend(std::env::var(name).is_ok().then_some(name));
        }
        println!("cargo::rustc-env=SEEN_BY_BUILD_SCRIPT=saw {seen:?}");
    }
"#;

const CASES: &str = "\
[arguments]
args = ['one', '{cwd}']
env.OWN = 'of the case'
flags.env = ['--env=OWN', '--env=HOME', '--env=RUST_BACKTRACE', '--dir=.']

[panic]
args = ['panic']

[backtrace]
args = ['panic']
env.RUST_BACKTRACE = '1'
targets = ['wasip1', 'wasip2']
flags.env = ['--env=RUST_BACKTRACE']
";

fn accepted() -> Workspace {
    let workspace = Workspace::with("environment", PRINTS_ENVIRONMENT, CASES);
    workspace.write("examples/environment/build.rs", BUILD_SCRIPT);
    workspace.test("--accept").code(0);
    let recorded = workspace.read("snapshots/environment/arguments.snap");
    assert!(recorded.contains("│from caller false debug false\n"), "{recorded}");
    assert!(recorded.contains("│build script saw []\n"), "{recorded}");
    assert!(workspace.read("snapshots/environment/panic.snap").contains("on purpose"));
    workspace
}

#[test]
fn variables_do_not_change_outcomes() {
    let workspace = accepted();
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
        ("RUSTFLAGS", "--cfg from_caller"),
        ("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}from_caller"),
        ("CARGO_BUILD_RUSTFLAGS", "--cfg from_caller"),
        ("CARGO_BUILD_TARGET", "wasm32-wasip1"),
        ("CARGO_BUILD_TARGET_DIR", "elsewhere"),
        ("CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS", "--cfg from_caller"),
        ("CARGO_PROFILE_EXAMPLE_DEBUG_ASSERTIONS", "true"),
        ("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true"),
        ("CARGO_PROFILE_EXAMPLE_PANIC", "abort"),
        ("CC", "/usr/bin/false"),
        ("CFLAGS", "-DFROM_CALLER"),
        ("AR", "/usr/bin/false"),
        ("RUSTC_BOOTSTRAP", "1"),
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
fn home_directory_does_not_change_outcomes() {
    let workspace = accepted();
    let home = tempfile::tempdir().expect("a temporary directory should be made");
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
fn jobs_and_order_do_not_change_outcomes() {
    let workspace = accepted();
    for args in
        ["-j 1", "-j 4", "--shuffle", "--shuffle=7 -j 4", "--repeat 2", "--keep-scratch", "--no-capture"]
    {
        workspace.test(&format!("--check {args}")).code(0);
    }
}

#[test]
fn stdin_does_not_reach_programs() {
    let workspace = accepted();
    workspace.xtask().args(["test", "--check"]).write_stdin("typed\n").assert().code(0);
}

#[test]
fn rustflags_in_the_cargo_configuration_do_not_change_outcomes() {
    let workspace = accepted();
    workspace.write(
        ".cargo/config.toml",
        "[build]\nrustflags = ['--cfg', 'from_caller']\n\
         [target.wasm32-wasip2]\nrustflags = ['--cfg', 'from_caller']\n",
    );
    workspace.test("--check").code(0);
}

#[test]
fn profile_in_the_cargo_configuration_does_not_change_outcomes() {
    let workspace = accepted();
    let settings = "opt-level = 0\ndebug-assertions = true\noverflow-checks = true\npanic = 'abort'\nlto = true\n\
                    strip = 'symbols'\n";
    for profile in ["release", "example"] {
        // cargo also reads the configuration of parent directories.
        for file in [".cargo/config.toml", "../.cargo/config.toml"] {
            workspace.write(file, &format!("[profile.{profile}]\n{settings}"));
            workspace.test("--check").code(0);
            workspace.write(file, "");
        }
    }
}

#[test]
fn profile_in_the_manifest_is_used() {
    let workspace = accepted();
    let manifest = workspace.read("Cargo.toml") + "debug-assertions = true\n";
    workspace.write("Cargo.toml", &manifest);
    workspace.test("--check").code(100).says("debug true");
}

#[test]
fn target_directory_does_not_change_outcomes() {
    let workspace = accepted();
    let directory = tempfile::tempdir().expect("a temporary directory should be made");
    workspace.xtask().args(["test", "--check"]).env("CARGO_TARGET_DIR", directory.path()).assert().code(0);
    assert!(directory.path().join("wasm32-wasip1").is_dir());
    workspace.xtask().args(["test", "--check"]).env("CARGO_TARGET_DIR", "elsewhere").assert().code(0);
}

#[test]
fn path_of_the_workspace_does_not_change_outcomes() {
    let workspace = accepted();
    let directory = tempfile::tempdir().expect("a temporary directory should be made");
    // The last name has an umlaut of two characters, and characters that are special in a shell, a
    // regular expression or an argument.
    for name in ["clone", "ein Ordner mit Ümlaut", "u\u{308}ber $(x) {cwd} 'y' \"z\""] {
        let clone = directory.path().canonicalize().expect("the directory should have a path").join(name);
        for (path, text) in workspace.files() {
            let path = clone.join(path);
            let parent = path.parent().expect("a file has a parent");
            fs::create_dir_all(parent).expect("the directories should be made");
            fs::write(path, text).expect("the file should be written");
        }
        workspace.xtask_in(&clone).args(["test", "--check"]).assert().code(0).says("3 passed");
    }
}

/// Runs `xtask test --check` in a copy of a workspace at this path.
fn test_in_copy(workspace: &Workspace, path: &str) -> impl Fn() -> Command {
    let clone = workspace.path(path);
    for (path, text) in workspace.files() {
        let path = clone.join(path);
        fs::create_dir_all(path.parent().expect("a file has a parent"))
            .expect("the directories should be made");
        fs::write(path, text).expect("the file should be written");
    }
    move || {
        let mut test = workspace.xtask_in(&clone);
        test.args(["test", "--check"]);
        test
    }
}

/// rust-lld cannot write to such a path, which must not become an outcome.
#[test]
fn path_with_a_percent_sign_is_an_error_with_a_remedy() {
    let workspace = Workspace::with_hello();
    let test = test_in_copy(&workspace, "a%41b");
    test().assert().code(96).says("rust-lld").says("CARGO_TARGET_DIR");
    test().args(["--target", "native"]).assert().code(96).says("rust-lld");
    test().env("CARGO_TARGET_DIR", workspace.path("target")).assert().code(0);
}

/// wasmtime takes what is behind the comma for another flag, and refuses that.
#[test]
fn path_with_a_comma_is_an_error_with_a_remedy() {
    let workspace = Workspace::with_hello();
    let test = test_in_copy(&workspace, "Doe, Jane");
    test()
        .assert()
        .code(96)
        .says(
            "error: wasmtime cannot read its configuration from a path with `,`, as in the target directory ",
        )
        .says("Doe, Jane/target\nhelp: set CARGO_TARGET_DIR to a path without `,`, or move the clone\n");
    test().args(["--target", "native"]).assert().code(0);
    test().env("CARGO_TARGET_DIR", workspace.path("target")).assert().code(0);
}
