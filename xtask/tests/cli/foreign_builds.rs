//! How `check` and `check --tests` compile a package: as its user does, and without a trace in its directory.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use tempfile::TempDir;

use crate::support::runs::{unprivileged, xtask_under};
use crate::support::{
    AssertOutput, HELLO, OTHER_RUST, Workspace, cargo, is_rust_installed, manifest, objects, pinned_rust,
    pinned_wasmtime, require,
};

/// Prints the version of the Rust that compiled it.
const VERSION: &str = r#"fn main() { println!("compiled by {}", env!("SEEN")); }"#;

/// Files in a temporary directory.
struct Outside(TempDir);

impl Outside {
    fn new(files: &[(&str, &str)]) -> Outside {
        let outside = Outside(tempfile::tempdir().unwrap());
        files.iter().for_each(|(path, text)| outside.write(path, text));
        outside
    }

    /// The package `reader`, with this program.
    fn package(program: &str) -> Outside {
        let manifest =
            "[package]\nname = \"reader\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[workspace]\n";
        Outside::new(&[("Cargo.toml", manifest), ("src/main.rs", program)])
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    /// All that is there, also links, with the times at which it was changed.
    fn everything(&self) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let mut left = vec![self.path("")];
        while let Some(path) = left.pop() {
            let metadata = fs::symlink_metadata(&path).unwrap();
            let contents = match metadata.file_type() {
                kind if kind.is_dir() => {
                    left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                    Vec::new()
                }
                kind if kind.is_symlink() => {
                    fs::read_link(&path).unwrap().to_string_lossy().into_owned().into_bytes()
                }
                _ => fs::read(&path).unwrap(),
            };
            found.insert(path, (metadata.modified().unwrap(), contents));
        }
        found
    }
}

fn check(workspace: &Workspace, path: &Path, args: &[&str]) -> Command {
    let mut command = workspace.xtask();
    command.arg("check").arg(path).args(args);
    command
}

#[test]
fn configuration_of_the_package_applies_and_that_of_the_clone_does_not() {
    let program = r#"
        fn main() { println!("{}", seen()); }
        fn seen() -> String {
            let all = [option_env!("OF_PARENT"), option_env!("OF_USER"), option_env!("OF_CLONE")];
            format!("{} {all:?}", cfg!(special))
        }
        #[test]
        fn sees_the_same() { assert_eq!(seen(), "true [Some(\"parent\"), Some(\"user\"), None]"); }
    "#;
    let outside = Outside::package(program);
    outside.write("inner/Cargo.toml", &fs::read_to_string(outside.path("Cargo.toml")).unwrap());
    outside.write("inner/src/main.rs", program);
    outside.write(".cargo/config.toml", "[env]\nOF_PARENT = 'parent'\n");
    outside.write("inner/.cargo/config.toml", "[build]\nrustflags = ['--cfg', 'special']\n");
    let workspace = Workspace::with_hello();
    workspace.write(".cargo/config.toml", "[env]\nOF_CLONE = { value = '', relative = true }\n");
    let run = |args: &[&str]| {
        let mut command = check(&workspace, &outside.path("inner"), args);
        // As `cargo xtask` runs it: cargo sets the variable of the clone.
        command.env("OF_CLONE", workspace.path("")).env("OF_USER", "user");
        command.assert().code(0)
    };
    let parent = outside.path(".cargo/config.toml");
    let built_with = format!(
        "\n  Built with: .cargo/config.toml: build.rustflags\n  Built with: {}: env.OF_PARENT\n",
        parent.display()
    );
    run(&[])
        .prints("reader 1.2.3 (release), for native, wasip1, wasip2\n")
        .prints(&built_with)
        .prints("│true [Some(\"parent\"), Some(\"user\"), None]\n");
    run(&["--tests", "--target", "wasip1"])
        .prints("reader 1.2.3, the tests for native, wasip1\n")
        .prints(&built_with)
        .prints("  wasip1   1 test: 1 the same\n");
}

#[test]
fn remedies_of_rules_can_be_checked() {
    let program = "fn main() {\n    let frame = std::hint::black_box([1u8; 2 << 20]);\n    \
        println!(\"sum {}\", frame.iter().map(|one| u64::from(*one)).sum::<u64>());\n}";
    let outside = Outside::package(program);
    let workspace = Workspace::with_hello();
    let wasip1 = ["--target", "wasip1"];
    check(&workspace, &outside.path(""), &wasip1).assert().code(100).prints("  wasip1   abort: ");
    let flag = "-C link-arg=-zstack-size=8388608";
    check(&workspace, &outside.path(""), &wasip1)
        .env("CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS", flag)
        .assert()
        .code(0)
        .prints("  Built with: CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS\n")
        .prints("│sum 2097152\n");
    let words: Vec<_> = flag.split(' ').map(|word| format!("'{word}'")).collect();
    let config = format!("[target.'cfg(target_os = \"wasi\")']\nrustflags = [{}]\n", words.join(", "));
    outside.write(".cargo/config.toml", &config);
    check(&workspace, &outside.path(""), &[]).assert().code(0).prints("  wasip2   the same as native\n");
}

#[test]
fn build_scripts_see_the_variables_of_the_user() {
    let outside = Outside::package(VERSION.replace("compiled by", "seen:").as_str());
    let script = r#"fn main() {
        let seen = ["CC_wasm32_wasip1", "WASI_SDK_PATH", "CARGO_PKG_NAME"].map(|name| std::env::var(name).unwrap());
        println!("cargo::rustc-env=SEEN={}", seen.join(" "));
    }"#;
    outside.write("build.rs", script);
    let workspace = Workspace::with_hello();
    check(&workspace, &outside.path(""), &["--target", "wasip1"])
        .env("CC_wasm32_wasip1", "/own/clang")
        .env("WASI_SDK_PATH", "/own/sdk")
        .assert()
        .code(0)
        .prints("  Built with: CC_wasm32_wasip1, WASI_SDK_PATH\n")
        .prints("│seen: /own/clang /own/sdk reader\n");
}

#[test]
fn toolchain_of_the_package_is_used_if_it_is_there() {
    let outside = Outside::package(VERSION);
    let script = r#"fn main() {
        let output = std::process::Command::new(std::env::var("RUSTC").unwrap()).arg("--version").output().unwrap();
        let version = String::from_utf8(output.stdout).unwrap();
        println!("cargo::rustc-env=SEEN={}", version.split(' ').nth(1).unwrap());
    }"#;
    outside.write("build.rs", script);
    let workspace = Workspace::with_hello();
    let pins = "[workspace.metadata.parallax]\n";
    let pinned = format!("{pins}rust = \"{}\"\n", pinned_rust());
    workspace.write("Cargo.toml", &manifest(&pinned_wasmtime()).replace(pins, &pinned));
    let wasip1 = ["--target", "wasip1"];
    outside.write("rust-toolchain.toml", "[toolchain]\nchannel = '1.2.3'\n");
    let instead = format!(
        "  Built with: Rust {}, because 1.2.3 is not installed: rustup toolchain install 1.2.3 --profile minimal \
         --target wasm32-wasip1 (rust-toolchain.toml)\n",
        pinned_rust()
    );
    check(&workspace, &outside.path(""), &wasip1)
        .assert()
        .code(0)
        .prints(&instead)
        .prints(&format!("│compiled by {}\n", pinned_rust()));
    let description = format!("Rust {OTHER_RUST} with the target wasm32-wasip1");
    if !require(&description, is_rust_installed(OTHER_RUST, "wasm32-wasip1")) {
        return;
    }
    outside.write("rust-toolchain.toml", &format!("[toolchain]\nchannel = '{OTHER_RUST}'\n"));
    let before = outside.everything();
    check(&workspace, &outside.path(""), &wasip1)
        .assert()
        .code(0)
        .prints(&format!("  Built with: Rust {OTHER_RUST} (rust-toolchain.toml)\n"))
        .prints(&format!("│compiled by {OTHER_RUST}\n"));
    assert_eq!(outside.everything(), before);
}

#[test]
fn profile_can_be_chosen() {
    let program = "fn main() { println!(\"debug {}\", cfg!(debug_assertions)); }\n\
        #[test]\nfn is_release() { assert!(!cfg!(debug_assertions)); }\n";
    let outside = Outside::package(program);
    let workspace = Workspace::with_hello();
    check(&workspace, &outside.path(""), &["--profile", "dev", "--target", "wasip1"])
        .assert()
        .code(0)
        .prints("reader 1.2.3 (dev), for native, wasip1\n")
        .prints("│debug true\n");
    check(&workspace, &outside.path(""), &["--tests", "--profile", "release", "--target", "wasip1"])
        .assert()
        .code(0)
        .prints("reader 1.2.3 (release), the tests for native, wasip1\n")
        .prints("1 test: 1 the same\n");
}

/// A package `reader` that depends on `inner` beside it, with a test and sources that are read by relative paths.
fn with_inner() -> Outside {
    let package = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n{more}")
    };
    let dependencies = "[dependencies]\ninner = { path = \"../inner\" }\n\n[workspace]\n";
    let program = "fn main() { println!(\"{}\", inner::text()); }\n\
        #[test]\nfn reads() { assert_eq!(inner::text(), \"a text\"); }\n";
    Outside::new(&[
        ("reader/Cargo.toml", &package("reader", dependencies)),
        ("reader/src/main.rs", program),
        ("inner/Cargo.toml", &package("inner", "")),
        ("inner/src/lib.rs", "pub fn text() -> &'static str { include_str!(\"../text\") }\n"),
        ("inner/text", "a text"),
    ])
}

#[track_caller]
fn assert_unchanged(workspace: &Workspace, outside: &Outside, verify: impl Fn(Assert)) {
    let before = outside.everything();
    for tests in [&[][..], &["--tests"]] {
        let args = [&["--target", "wasip1"], tests].concat();
        verify(check(workspace, &outside.path("reader"), &args).assert());
        assert_eq!(outside.everything(), before, "{tests:?}");
    }
}

#[test]
fn nothing_is_written_whatever_the_lock_file_is() {
    let (workspace, outside) = (Workspace::with_hello(), with_inner());
    let agrees = |assert: Assert| {
        assert.code(0).prints("the same");
    };
    assert_unchanged(&workspace, &outside, agrees);
    let directories =
        "[build]\ntarget-dir = 'built'\nbuild-dir = 'built'\n\n[resolver]\nlockfile-path = 'Cargo.lock'\n";
    outside.write("reader/.cargo/config.toml", directories);
    assert_unchanged(&workspace, &outside, agrees);

    // A link to nothing, through which cargo would write.
    let lock = outside.path("reader/Cargo.lock");
    std::os::unix::fs::symlink("../elsewhere.lock", &lock).unwrap();
    assert_unchanged(&workspace, &outside, agrees);
    fs::remove_file(&lock).unwrap();

    let locked = cargo().args(["generate-lockfile", "--offline"]).current_dir(outside.path("reader")).ok();
    locked.unwrap();
    assert_unchanged(&workspace, &outside, agrees);

    let inner = fs::read_to_string(outside.path("inner/Cargo.toml")).unwrap();
    outside.write("inner/Cargo.toml", &inner.replace("1.2.3", "1.2.4"));
    let help = format!(
        "help: cargo update --workspace --manifest-path {}\n",
        outside.path("reader/Cargo.toml").display()
    );
    let message = format!("error: {} is out of date: it does not fit Cargo.toml\n", lock.display());
    assert_unchanged(&workspace, &outside, |assert| {
        assert.code(2).says(&message).says(&help);
    });
    let updated =
        cargo().args(["update", "--workspace", "--offline"]).current_dir(outside.path("reader")).ok();
    updated.unwrap();
    assert_unchanged(&workspace, &outside, agrees);

    outside.write("reader/Cargo.lock", "no lock file\n");
    assert_unchanged(&workspace, &outside, |assert| {
        assert.code(101).says(&format!("failed to parse lock file at: {}\n", lock.display()));
    });
}

#[test]
fn packages_that_are_read_only_are_checked() {
    let Some(wrapper) = unprivileged() else { return };
    let (workspace, outside) = (Workspace::with_hello(), with_inner());
    let set_mode = |mode: u32| {
        for directory in ["reader/src", "reader", "inner/src", "inner", ""] {
            fs::set_permissions(outside.path(directory), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    set_mode(0o555);
    let runs = ["check", "check --tests"].map(|command| {
        let args = format!("{command} --target wasip1 {}", outside.path("reader").display());
        xtask_under(&workspace, wrapper, &args).output().unwrap()
    });
    set_mode(0o755);
    for run in runs {
        assert_eq!(run.status.code(), Some(0), "{run:?}");
        assert!(String::from_utf8_lossy(&run.stdout).contains("the same"), "{run:?}");
    }
}

#[test]
fn every_package_that_does_not_compile_is_named() {
    let package = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n{more}")
    };
    let dependencies = "[features]\ndefault = [\"fast\"]\nfast = [\"dep:with-c\"]\n\n[dependencies]\n\
        with-c = { path = \"with-c\", optional = true }\nunix = { path = \"unix\" }\n\n\
        [dev-dependencies]\nhelper = { path = \"helper\" }\n\n[workspace]\n";
    let script = r#"fn main() {
        if std::env::var("CARGO_CFG_TARGET_OS").unwrap() == "wasi" {
            eprintln!("error occurred in cc-rs: failed to find tool \"clang\": No such file");
            std::process::exit(1);
        }
    }"#;
    let outside = Outside::new(&[
        ("Cargo.toml", &package("reader", dependencies)),
        ("src/main.rs", &format!("{HELLO}\n#[test]\nfn helps() {{ helper::f(); }}\n")),
        ("with-c/Cargo.toml", &package("with-c", "")),
        ("with-c/src/lib.rs", ""),
        ("with-c/build.rs", script),
        ("unix/Cargo.toml", &package("unix", "")),
        ("unix/src/lib.rs", "pub use std::os::unix::fs::symlink;\n"),
        ("helper/Cargo.toml", &package("helper", "[dependencies]\nunix = { path = \"../unix\" }\n")),
        ("helper/src/lib.rs", "pub fn f() { let _ = unix::symlink(\"a\", \"b\"); }\n"),
    ]);
    let workspace = Workspace::with_hello();
    let of_c = "\n  Not compiled for wasip1, wasip2: with-c 1.2.3: error: its build script failed: failed to find tool \"clang\": No such file\n";
    let why_c = "    needed by   reader 1.2.3 → with-c 1.2.3\n    optional    only because of `fast`, a default feature of \
        reader 1.2.3: --no-default-features may leave it out\n    rule        no-c-compiler: ";
    let of_unix = "\n  Not compiled for wasip1, wasip2: unix 1.2.3: error[E0433]: cannot find `unix` in `os`\n    \
        needed by   reader 1.2.3 → unix 1.2.3\n    rule        crate-not-supported: ";
    check(&workspace, &outside.path(""), &[])
        .assert()
        .code(100)
        .prints(of_c)
        .prints("    error occurred in cc-rs: failed to find tool \"clang\": No such file\n")
        .prints(why_c)
        .prints(of_unix)
        .prints("\nWhy wasip1 and wasip2 do not compile (build: unix 1.2.3: error[E0433]: ");
    check(&workspace, &outside.path(""), &["--tests"])
        .assert()
        .code(100)
        .prints(of_c)
        .prints(why_c)
        .prints(of_unix);
    let args = ["--no-default-features", "--format", "json", "--target", "wasip1"];
    let objects = objects(&check(&workspace, &outside.path(""), &args).assert().code(100));
    let build: Vec<_> = objects.iter().filter(|object| object["kind"] == "build").collect();
    assert_eq!(build.len(), 1, "{build:?}");
    assert_eq!(build[0]["package"], "unix 1.2.3");
    assert_eq!(build[0]["rule"], "crate-not-supported");
}

#[test]
fn a_full_stack_is_proven_by_linking_the_package_once_more() {
    let workspace = Workspace::new();
    let program = "#[inline(never)]\nfn sum(bytes: &mut [u8]) -> usize {\n    \
                   std::hint::black_box(bytes).iter().map(|byte| usize::from(*byte)).sum()\n}\n\
                   fn main() {\n    println!(\"{}\", sum(&mut [1; 2 << 20]));\n}\n";
    let package = Outside::package(program);
    check(&workspace, &package.path(""), &["--target", "wasip1"])
        .assert()
        .code(100)
        .prints("[rule: stack-in-memory; layer: rustc]")
        .prints("with a stack of 8 MiB");
    // What was compiled before stays as it is.
    let all = workspace.path("target/parallax/check");
    let own = fs::read_dir(all)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("relinked").exists());
    let file = |directory: &str| {
        fs::read(own.as_ref().unwrap().join(directory).join("wasm32-wasip1/release/reader.wasm")).unwrap()
    };
    assert!(file("") != file("relinked"));
}
