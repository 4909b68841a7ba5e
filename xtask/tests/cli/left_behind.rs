//! What programs leave in their folders: it is looked at and removed in bounded time, and nothing
//! outside is ever touched.

#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use crate::processes::{assert_nothing_runs, behind, without_privileges};
use crate::support::Workspace;

/// Leaves what its first argument names; the second is a folder outside.
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

    /// One folder in the other, by relative names: the whole path may be too long for the system.
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
    fn native(what: &str, outside: &Path) {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::{PermissionsExt, symlink};

        let rights = |path: &str, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        match what {
            "links" => {
                symlink(outside, "to-folder").unwrap();
                symlink(outside.join("kept.txt"), "to-file").unwrap();
                symlink(".", "to-itself").unwrap();
                symlink("nowhere", "to-nothing").unwrap();
                fs::create_dir("closed").unwrap();
                symlink(outside, "closed/to-folder").unwrap();
                rights("closed", 0);
            }
            "rights" => {
                fs::create_dir_all("closed/inner").unwrap();
                fs::write("closed/inner/file.txt", "").unwrap();
                rights("closed/inner", 0);
                rights("closed", 0);
                fs::write("unreadable.txt", "secret").unwrap();
                rights("unreadable.txt", 0);
                // The folder around all this, in the end.
                rights(".", 0o500);
            }
            "long" => {
                for _ in 0..300 {
                    let name = "long".repeat(60);
                    fs::create_dir(&name).unwrap();
                    std::env::set_current_dir(&name).unwrap();
                }
                fs::create_dir("closed").unwrap();
                fs::write("closed/file.txt", "").unwrap();
                rights("closed", 0);
            }
            "names" => {
                fs::write(OsStr::from_bytes(b"\xff\xfe.txt"), "").unwrap();
                fs::write("line\nfeed", "").unwrap();
                fs::create_dir(OsStr::from_bytes(b"caf\xe9")).unwrap();
            }
            "away" => fs::remove_dir(std::env::current_dir().unwrap()).unwrap(),
            _ => {}
        }
    }
"#;

/// The example `leaves` with one case, and a folder outside with a file.
fn leaves(what: &str, more: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("outside/kept.txt", "kept");
    let outside = workspace.path("outside");
    let cases = format!("[{what}]\nargs = ['{what}', '{}']\ntimeout = '60s'\n{more}\n", outside.display());
    workspace.example("leaves", LEAVES, &cases);
    workspace
}

const NATIVE: &str = "targets = ['native']";

/// Accepts the case and gives what was recorded, after it was seen that nothing is left, that nothing
/// outside has changed, and that the same comes out again.
#[track_caller]
fn recorded(workspace: &Workspace, what: &str) -> String {
    let started = Instant::now();
    let ran = behind(workspace, without_privileges(), "test --accept").output().expect("a run");
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_nothing_runs(workspace);
    assert!(started.elapsed() < Duration::from_secs(60), "it took {:?}", started.elapsed());
    assert!(!workspace.scratch().exists(), "{}", workspace.scratch().display());
    assert_eq!(workspace.read("outside/kept.txt"), "kept");
    let again = behind(workspace, without_privileges(), "test --check").output().expect("a run");
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    workspace.read(&format!("snapshots/leaves/{what}.snap"))
}

#[track_caller]
fn assert_has(recorded: &str, lines: &[&str]) {
    for line in lines {
        assert!(recorded.contains(&format!("\n   {line}\n")), "no {line:?} in:\n{recorded}");
    }
}

#[test]
fn links_to_outside_are_never_followed() {
    let workspace = leaves("links", NATIVE);
    let recorded = recorded(&workspace, "links");
    assert_has(&recorded, &["created  to-file -> {workspace}/outside/kept.txt"]);
    assert_has(&recorded, &["created  to-folder -> {workspace}/outside", "created  to-itself -> ."]);
    assert!(!recorded.contains("kept\n") && !recorded.contains("to-folder/"), "{recorded}");
}

#[test]
fn what_nobody_may_read_is_recorded_and_removed() {
    let workspace = leaves("rights", NATIVE);
    let recorded = recorded(&workspace, "rights");
    assert_has(&recorded, &["created  closed (not readable)", "created  unreadable.txt (not readable)"]);
}

#[test]
fn deep_folders_are_recorded_and_removed() {
    let workspace = leaves("deep", "flags.granted = ['--dir=.']\ntargets = ['native', 'wasip1']");
    let recorded = recorded(&workspace, "deep");
    assert!(recorded.contains("deep/deep/ (more than 64 folders deep: not read)\n"), "{recorded}");
    assert!(recorded.contains("granted      ·       A "), "{recorded}");
}

#[test]
fn folders_too_deep_for_a_path_are_removed() {
    let workspace = leaves("long", NATIVE);
    assert!(recorded(&workspace, "long").contains("longlong/"));
}

#[test]
fn very_many_files_are_counted_and_removed() {
    let workspace = leaves("many", "flags.granted = ['--dir=.']\ntargets = ['native', 'wasip1']");
    let recorded = recorded(&workspace, "many");
    assert!(recorded.contains("   created  00000 (empty)\n"), "{recorded}");
    assert!(recorded.contains("   and 19900 more changes (FNV-1a "), "{recorded}");
    assert!(recorded.contains("granted      ·       A ") && recorded.len() < 10 << 10, "{recorded}");
}

#[test]
fn names_that_are_no_text_are_spelled_out() {
    let workspace = leaves("names", NATIVE);
    let recorded = recorded(&workspace, "names");
    assert_has(
        &recorded,
        &[r"created  \xff\xfe.txt (empty)", r"created  line\nfeed (empty)", r"created  caf\xe9/"],
    );
}

#[test]
fn a_program_that_removes_its_own_folder() {
    let workspace = leaves("away", NATIVE);
    assert!(recorded(&workspace, "away").contains("exit 0\n   files\n   removed  "));
}
