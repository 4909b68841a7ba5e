//! FIFOs and devices where a file is expected: to open a FIFO waits for a writer, and a device may have no end. Each
//! command ends with an error that names the file.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{AssertOutput, HELLO, Workspace, make_fifo};

/// Puts a FIFO at the path, and then a link to a device, instead of what is there, and calls `assert` with what the
/// error says each time. Then what was there is back.
#[track_caller]
fn instead_of(path: &Path, assert: impl Fn(&str)) {
    let kept = fs::read(path).ok();
    for (what, make) in [
        ("it is a FIFO, not a regular file", make_fifo as fn(&Path)),
        ("it is a device, not a regular file", |path| symlink("/dev/zero", path).unwrap()),
    ] {
        let _ = fs::remove_file(path);
        make(path);
        assert(what);
    }
    fs::remove_file(path).unwrap();
    if let Some(kept) = kept {
        fs::write(path, kept).unwrap();
    }
}

#[test]
fn files_of_the_catalogue() {
    let workspace = Workspace::with_hello();
    workspace.write("docs/std-usage.md", "");
    for (file, command) in [
        ("Cargo.toml", "test --list"),
        ("examples/hello/Cargo.toml", "test --list"),
        ("examples/hello/cases.toml", "test --list"),
        ("snapshots/hello/default.snap", "test --check"),
        ("snapshots/hello/default.snap", "find hello"),
        ("snapshots/hello/default.snap", "divergences"),
        ("snapshots/hello/default.snap.new", "test"),
        ("snapshots/rules.txt", "divergences"),
        ("DIVERGENCES.md", "divergences"),
        ("docs/std-usage.md", "divergences"),
        ("docs/upstream.md", "upstream --list"),
    ] {
        instead_of(&workspace.path(file), |what| {
            let ran = workspace.xtask().args(command.split(' ')).assert().failure().says(file);
            // Snapshots are not written through links at all.
            if !ran.stderr_text().contains("is a symbolic link") {
                ran.says(what);
            }
        });
    }
    instead_of(&workspace.path("examples/hello/src/main.rs"), |_| {
        workspace.test("--list").code(2).says("examples/hello: no src/main.rs");
    });
}

#[test]
fn files_of_a_package() {
    let workspace = Workspace::new();
    let outside = tempfile::tempdir().unwrap();
    let path = |name: &str| outside.path().join(name);
    fs::create_dir(path("src")).unwrap();
    let manifest = "[package]\nname = \"demo\"\nedition = \"2024\"\nbuild = \"build.rs\"\n\n[workspace]\n";
    fs::write(path("Cargo.toml"), manifest).unwrap();
    fs::write(path("src/main.rs"), HELLO).unwrap();
    fs::write(path("build.rs"), "fn main() {}").unwrap();
    let check = |args: &[&str]| workspace.xtask().arg("check").arg(outside.path()).args(args).assert();
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs", "build.rs"] {
        instead_of(&path(file), |what| {
            check(&[]).code(2).says(file).says(what);
            check(&["--tests"]).code(2).says(file).says(what);
        });
    }
    for flag in ["--cases", "--stdin"] {
        instead_of(&path("input"), |what| {
            check(&[flag, path("input").to_str().unwrap()]).code(2).says("input").says(what);
        });
    }
    instead_of(&path("module"), |what| {
        let flags = format!("x=--preload=m={}", path("module").display());
        check(&["--target", "wasip1", "--flags", &flags]).code(101).says("module: ").says(what);
    });
    // A source that no program has is read to find cases of the catalogue that matter.
    fs::write(path("src/main.rs"), "fn main() { println!(\"{}\", std::env::consts::FAMILY); }").unwrap();
    make_fifo(&path("src/other.rs"));
    check(&["--target", "wasip1"]).code(100);
}

#[test]
fn finished_programs() {
    let workspace = Workspace::new();
    let outside = tempfile::tempdir().unwrap();
    let path = |name: &str| outside.path().join(name);
    let check = |native: &Path, wasm: &Path| {
        workspace.xtask().arg("check").arg("--native").arg(native).arg("--wasm").arg(wasm).assert().code(2)
    };
    instead_of(&path("wasm"), |what| {
        check(Path::new("/bin/true"), &path("wasm")).says("wasm: ").says(what);
    });
    fs::write(path("wasm"), b"\0asm\x01\0\0\0").unwrap();
    instead_of(&path("native"), |what| {
        check(&path("native"), &path("wasm")).says("native: ").says(what);
    });
    fs::File::create(path("large")).unwrap().set_len(100 << 30).unwrap();
    check(Path::new("/bin/true"), &path("large")).says("large is neither a core module nor a component");
}
