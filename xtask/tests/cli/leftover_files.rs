//! Files that programs leave in their scratch directories: the run records and removes them in
//! bounded time, and does not change anything outside of those directories.

#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use crate::support::Workspace;
use crate::support::processes::assert_no_processes;
use crate::support::runs::{unprivileged, xtask_under};

/// Leaves the files that its first argument names. The second argument is a directory outside of the
/// scratch directory.
const LEAVES: &str = r#"
    use std::fs;
    use std::path::Path;

    fn main() {
        let args: Vec<String> = std::env::args().collect();
        let outside = args.get(2).map(Path::new);
        match &*args[1] {
            "many" => (0..20_000).for_each(|number| fs::write(format!("{number:05}"), "").unwrap()),
            "deep" => go_down(300, "deep"),
            other => native(other, outside.unwrap()),
        }
    }

    /// Makes nested directories.
    fn go_down(depth: u32, name: &str) {
        let mut path = std::path::PathBuf::new();
        for _ in 0..depth {
            path.push(name);
            fs::create_dir(&path).unwrap();
        }
        fs::write(path.join("bottom.txt"), "").unwrap();
    }

    #[cfg(target_os = "wasi")]
    fn native(_: &str, _: &Path) {}

    #[cfg(not(target_os = "wasi"))]
    fn native(files: &str, outside: &Path) {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::{PermissionsExt, symlink};

        let set_mode = |path: &str, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        match files {
            "links" => {
                symlink(outside, "to-directory").unwrap();
                symlink(outside.join("kept.txt"), "to-file").unwrap();
                symlink(".", "to-itself").unwrap();
                symlink("nowhere", "to-nothing").unwrap();
                fs::create_dir("closed").unwrap();
                symlink(outside, "closed/to-directory").unwrap();
                set_mode("closed", 0);
            }
            "modes" => {
                fs::create_dir_all("closed/inner").unwrap();
                fs::write("closed/inner/file.txt", "").unwrap();
                set_mode("closed/inner", 0);
                set_mode("closed", 0);
                fs::write("unreadable.txt", "secret").unwrap();
                set_mode("unreadable.txt", 0);
                // The scratch directory, after everything in it.
                set_mode(".", 0o500);
            }
            "long" => {
                for _ in 0..300 {
                    let name = "long".repeat(60);
                    fs::create_dir(&name).unwrap();
                    std::env::set_current_dir(&name).unwrap();
                }
                fs::create_dir("closed").unwrap();
                fs::write("closed/file.txt", "").unwrap();
                set_mode("closed", 0);
            }
            "names" => {
                fs::write(OsStr::from_bytes(b"\xff\xfe.txt"), "").unwrap();
                fs::write("line\nfeed", "").unwrap();
                fs::create_dir(OsStr::from_bytes(b"caf\xe9")).unwrap();
            }
            "remove-own-directory" => fs::remove_dir(std::env::current_dir().unwrap()).unwrap(),
            _ => {}
        }
    }
"#;

/// The example `leaves` with one case of this name, and a directory outside with one file.
fn leaves(files: &str, more: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("outside/kept.txt", "kept");
    let outside = workspace.path("outside");
    let cases = format!("[{files}]\nargs = ['{files}', '{}']\ntimeout = '60s'\n{more}\n", outside.display());
    workspace.example("leaves", LEAVES, &cases);
    workspace
}

const NATIVE: &str = "targets = ['native']";

/// Accepts the case and returns its snapshot, or `None` if the test has to be skipped. Asserts that
/// nothing is left, that nothing outside has changed, and that a second run has the same outcome.
#[track_caller]
fn recorded(workspace: &Workspace, files: &str) -> Option<String> {
    let wrapper = unprivileged()?;
    let started = Instant::now();
    let ran = xtask_under(workspace, wrapper, "test --accept").output().expect("xtask should start");
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_no_processes(workspace);
    assert!(started.elapsed() < Duration::from_secs(60), "it took {:?}", started.elapsed());
    workspace.assert_no_scratch();
    assert_eq!(workspace.read("outside/kept.txt"), "kept");
    let again = xtask_under(workspace, wrapper, "test --check").output().expect("xtask should start");
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    Some(workspace.read(&format!("snapshots/leaves/{files}.snap")))
}

#[track_caller]
fn assert_contains_lines(recorded: &str, lines: &[&str]) {
    for line in lines {
        assert!(recorded.contains(&format!("\n   {line}\n")), "no {line:?} in:\n{recorded}");
    }
}

#[test]
fn links_to_the_outside_are_not_followed() {
    let workspace = leaves("links", NATIVE);
    let Some(recorded) = recorded(&workspace, "links") else { return };
    assert_contains_lines(&recorded, &["created  to-file -> {workspace}/outside/kept.txt"]);
    assert_contains_lines(
        &recorded,
        &["created  to-directory -> {workspace}/outside", "created  to-itself -> ."],
    );
    assert!(!recorded.contains("kept\n") && !recorded.contains("to-directory/"), "{recorded}");
}

#[test]
fn unreadable_files_are_recorded_and_removed() {
    let workspace = leaves("modes", NATIVE);
    let Some(recorded) = recorded(&workspace, "modes") else { return };
    assert_contains_lines(
        &recorded,
        &["created  closed (not readable)", "created  unreadable.txt (not readable)"],
    );
}

#[test]
fn deeply_nested_directories_are_recorded_and_removed() {
    let workspace = leaves("deep", "flags.granted = ['--dir=.']\ntargets = ['native', 'wasip1']");
    let Some(recorded) = recorded(&workspace, "deep") else { return };
    assert!(recorded.contains("deep/deep/ (more than 64 nested directories: not read)\n"), "{recorded}");
    assert!(recorded.contains("granted      ·       A "), "{recorded}");
}

#[test]
fn directories_nested_too_deeply_for_a_path_are_removed() {
    let workspace = leaves("long", NATIVE);
    let Some(recorded) = recorded(&workspace, "long") else { return };
    assert!(recorded.contains("longlong/"), "{recorded}");
}

#[test]
fn many_files_are_counted_and_removed() {
    let workspace = leaves("many", "flags.granted = ['--dir=.']\ntargets = ['native', 'wasip1']");
    let Some(recorded) = recorded(&workspace, "many") else { return };
    assert!(recorded.contains("   created  00000 (empty)\n"), "{recorded}");
    assert!(recorded.contains("   and 19900 more changes (FNV-1a "), "{recorded}");
    assert!(recorded.contains("granted      ·       A ") && recorded.len() < 10 << 10, "{recorded}");
}

#[test]
fn names_that_are_not_printable_are_escaped() {
    let workspace = leaves("names", NATIVE);
    let Some(recorded) = recorded(&workspace, "names") else { return };
    assert_contains_lines(
        &recorded,
        &[r"created  \xff\xfe.txt (empty)", r"created  line\nfeed (empty)", r"created  caf\xe9/"],
    );
}

#[test]
fn program_can_remove_its_scratch_directory() {
    let workspace = leaves("remove-own-directory", NATIVE);
    let Some(recorded) = recorded(&workspace, "remove-own-directory") else { return };
    assert!(recorded.contains("exit 0\n   files\n   removed  "), "{recorded}");
}
