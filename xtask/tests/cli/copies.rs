//! The copies of a user's directory in which `check` runs programs and tests: nothing leads from them to the original.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::assert::Assert;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::processes::assert_processes_end;
use crate::support::runs::{can_signal, send_signal, unprivileged, wait_for_exit, xtask, xtask_under};
use crate::support::wait::wait_at_most;
use crate::support::{AssertOutput, HELLO, Workspace, files_at};

/// A workspace, and outside of it the package `demo` with these files.
fn with_package(files: &[(&str, &str)]) -> (Workspace, TempDir) {
    let (workspace, outside) = (Workspace::new(), tempfile::tempdir().unwrap());
    let manifest = "[package]\nname = \"demo\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[workspace]\n";
    write(outside.path(), "demo/Cargo.toml", manifest);
    for (path, text) in files {
        write(outside.path(), path, text);
    }
    (workspace, outside)
}

fn write(directory: &Path, path: &str, text: &str) {
    let path = directory.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Runs `check` for that package.
#[track_caller]
fn check(workspace: &Workspace, outside: &TempDir, args: &[&str]) -> Assert {
    workspace.xtask().arg("check").arg(outside.path().join("demo")).args(args).assert()
}

/// Writes to each of its arguments, and prints what it finds there.
const WRITER: &str = r#"
    fn main() {
        for path in std::env::args().skip(1) {
            let found = std::fs::read_to_string(&path);
            println!("{path}: {found:?}, {:?}", std::fs::write(&path, "changed"));
        }
    }
"#;

#[test]
fn programs_do_not_write_through_links_of_their_directory() {
    let (workspace, outside) = with_package(&[
        ("demo/src/main.rs", WRITER),
        ("elsewhere/precious.txt", "precious"),
        ("elsewhere/below/too.txt", "this, too"),
        ("files/own.txt", "own"),
    ]);
    let path = |path: &str| outside.path().join(path);
    symlink(path("elsewhere/precious.txt"), path("files/abs")).unwrap();
    symlink("../elsewhere", path("files/out")).unwrap();
    symlink(path("files/own.txt"), path("files/self")).unwrap();
    symlink("abs", path("files/chain")).unwrap();
    symlink(path("elsewhere/new.txt"), path("files/dangling")).unwrap();
    symlink(path("files"), path("elsewhere/below/back")).unwrap();
    let before = [files_of(&path("elsewhere")), files_of(&path("files"))];

    let paths = ["abs", "out/below/too.txt", "self", "chain", "dangling", "out/below/back/own.txt"];
    let files = path("files");
    let args = [&["--cwd", files.to_str().unwrap(), "--target", "wasip1", "--"], &paths[..]].concat();
    // wasmtime refuses links that lead out of what is granted, as it does in the directory itself.
    check(&workspace, &outside, &args)
        .code(100)
        .says("files/abs leads to ")
        .says("elsewhere/precious.txt, which is copied beside the directory\n")
        .prints(r#"abs: Ok("precious"), Ok(())"#)
        .prints(r#"out/below/too.txt: Ok("this, too"), Ok(())"#)
        .prints(r#"self: Ok("own"), Ok(())"#)
        .prints(r#"chain: Ok("changed"), Ok(())"#)
        .prints(
            r#"dangling: Err(Os { code: 2, kind: NotFound, message: "No such file or directory" }), Ok(())"#,
        )
        .prints(r#"out/below/back/own.txt: Ok("changed"), Ok(())"#)
        .prints(r#"self: Err(Os { code: 63, kind: PermissionDenied, message: "Operation not permitted" })"#)
        .prints("changed  own.txt\n")
        .prints("changed  ../linked/1/precious.txt\n");
    assert_eq!([files_of(&path("elsewhere")), files_of(&path("files"))], before);
    // An example has only what is in its fixture.
    check(&workspace, &outside, &["--cwd", files.to_str().unwrap(), "--keep", "kept"])
        .code(2)
        .says("../linked: beside the fixture, because a link leads there: remove the link\n");
}

/// The files of a directory, without what links lead to.
fn files_of(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            files.push((path.clone(), fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()));
        } else if path.is_dir() {
            files.append(&mut files_of(&path));
        } else {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn tests_do_not_write_through_links_of_their_package() {
    let test = r#"
        #[test]
        fn writes() {
            for path in ["fixtures/f.txt", "shared/s.txt"] {
                assert_eq!(std::fs::read_to_string(path).unwrap(), "text");
                std::fs::write(path, "changed").unwrap();
            }
        }
        #[test]
        fn writes_again() {
            writes();
        }
    "#;
    let (workspace, outside) = with_package(&[
        ("demo/src/lib.rs", test),
        ("demo/data/f.txt", "text"),
        ("demo-shared/s.txt", "text"),
    ]);
    let path = |path: &str| outside.path().join(path);
    symlink(path("demo/data"), path("demo/fixtures")).unwrap();
    symlink("../demo-shared", path("demo/shared")).unwrap();
    let before = files_at(outside.path());
    check(&workspace, &outside, &["--tests", "--target", "wasip1", "--format", "json"])
        .code(100)
        .says("demo/shared leads to ")
        .prints(r#""native":{"status":"pass"}"#);
    assert_eq!(files_at(outside.path()), before);
}

#[test]
fn directories_that_are_too_large_are_refused() {
    let (workspace, outside) = with_package(&[("demo/src/main.rs", HELLO), ("files/a.txt", "a")]);
    let large = outside.path().join("files/large");
    fs::File::create(&large).unwrap().set_len(100 << 30).unwrap();
    let files = outside.path().join("files");
    let refused = |cwd: &Path| check(&workspace, &outside, &["--cwd", cwd.to_str().unwrap()]).code(2);
    refused(&files)
        .says("files has more than 512 MiB, which is too much to copy (")
        .says("files/large has 102400 MiB)\nhelp: name a smaller directory with --cwd\n");
    refused(Path::new("/")).says("error: / has more than ").says("which is too much to copy");

    // What a link leads to is not worth an error.
    let small = outside.path().join("small");
    fs::create_dir(&small).unwrap();
    symlink(&files, small.join("link")).unwrap();
    check(&workspace, &outside, &["--cwd", small.to_str().unwrap()])
        .code(0)
        .says("small/link is left out of the copies: it leads to ")
        .says("files, which is too large\n");
    fs::rename(&large, outside.path().join("demo/large")).unwrap();
    check(&workspace, &outside, &["--tests"])
        .code(2)
        .says("help: move what the tests do not need out of it\n");
}

#[test]
fn larger_files_are_compared_and_shown_by_their_size() {
    let program = r#"
        use std::io::{Seek, SeekFrom, Write};
        fn main() {
            let mut file = std::fs::File::options().write(true).open("changed").expect("the directory");
            file.seek(SeekFrom::Start(2 << 20)).unwrap();
            file.write_all(b"!").unwrap();
        }
    "#;
    let (workspace, outside) = with_package(&[("demo/src/main.rs", program)]);
    for name in ["files/changed", "files/same"] {
        write(outside.path(), name, &"x".repeat(3 << 20));
    }
    let files = outside.path().join("files");
    let ran = check(&workspace, &outside, &["--cwd", files.to_str().unwrap(), "--target", "wasip1"])
        .code(0)
        .prints("wasip1   the same as native with --dir=.\n")
        .prints("changed  changed (3145728 bytes, FNV-1a ");
    assert!(!ran.stdout_text().contains("  same"), "{ran}");
}

#[test]
fn unreadable_files_are_left_out_and_named() {
    let Some(wrapper) = unprivileged() else { return };
    let program = "fn main() { println!(\"{}\", std::fs::read_to_string(\"a.txt\").expect(\"a.txt\")); }\n\
                   #[test]\nfn reads() { std::fs::read(\"files/a.txt\").unwrap(); }\n";
    let (workspace, outside) = with_package(&[
        ("demo/src/main.rs", program),
        ("demo/files/a.txt", "a"),
        ("demo/files/secret.txt", "secret"),
        ("demo/files/closed/b.txt", "b"),
    ]);
    let path = |path: &str| outside.path().join(path);
    let set_modes = |mode: u32| {
        for name in ["demo/files/secret.txt", "demo/files/closed"] {
            fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    set_modes(0o000);
    let demo = path("demo").display().to_string();
    for args in [format!("check {demo} --cwd {demo}/files"), format!("check {demo} --tests")] {
        let ran = xtask_under(&workspace, wrapper, &args).output().expect("xtask should start");
        let stderr = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(0), "{stderr}");
        for left_out in ["secret.txt", "closed"] {
            let line =
                format!("files/{left_out} is left out of the copies: Permission denied (os error 13)\n");
            assert!(stderr.contains(&line), "{args}: {stderr}");
        }
    }
    // The directory of the temporary files is removed by this process.
    set_modes(0o700);
}

#[test]
fn interrupt_ends_a_check_while_files_are_copied() {
    if !can_signal() {
        return;
    }
    let (workspace, outside) = with_package(&[("demo/src/main.rs", HELLO)]);
    check(&workspace, &outside, &[]).code(0);
    for number in 0..20_000 {
        write(outside.path(), &format!("files/{}/{number}", number % 100), "");
    }
    let paths = ["demo", "files"].map(|name| outside.path().join(name).display().to_string());
    let args = format!("check {} --cwd {}", paths[0], paths[1]);
    workspace.example("hello", HELLO, "");
    let scratch = workspace.scratch();
    let mut run = xtask(&workspace, &args).spawn().expect("xtask should start");
    let some = |directory: &Path| fs::read_dir(directory).ok()?.flatten().next().map(|entry| entry.path());
    // Before that, cargo is called several times.
    wait_at_most(Duration::from_secs(120), "a copy", || some(&some(&scratch)?.join("cwd")));
    send_signal(Signal::INT, run.id());
    assert_eq!(wait_for_exit(&mut run).signal(), Some(Signal::INT.as_raw()));
    // What takes longer to remove is removed by the watchdog.
    assert_processes_end(&workspace);
    assert!(!scratch.exists());
}

#[test]
fn names_that_wasmtime_reads_as_two_are_not_granted() {
    let program = r#"
        fn main() {
            println!("{}", std::fs::exists("x").unwrap() || cfg!(not(target_family = "wasm")));
        }
        #[test]
        fn agrees() {}
    "#;
    let (workspace, outside) =
        with_package(&[("a::b/src/main.rs", program), ("files/..::x/a.txt", "a"), ("files/y/a.txt", "a")]);
    fs::rename(outside.path().join("demo/Cargo.toml"), outside.path().join("a::b/Cargo.toml")).unwrap();
    let package = outside.path().join("a::b");
    let files = outside.path().join("files");
    let xtask = |args: &[&str]| {
        workspace.xtask().arg("check").arg(&package).args(["--target", "wasip1"]).args(args).assert()
    };
    let ran = xtask(&["--cwd", files.to_str().unwrap()]).code(100).prints("no flags that were tried help");
    assert!(!ran.stdout_text().contains("::x"), "{ran}");
    xtask(&["--tests"])
        .code(2)
        .says("wasmtime cannot grant a directory with `::` in its path")
        .says("a::b\nhelp: move the package to a path without `::`\n");
    xtask(&["--allow-dir", "..::x"]).code(2).says("which it takes for HOST::GUEST");
}
