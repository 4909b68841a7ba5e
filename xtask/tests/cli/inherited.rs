//! What a process inherits from its caller, besides the environment, does not reach programs.

#![cfg(target_os = "linux")]

use std::process::Command;

use crate::support::runs::xtask_under;
use crate::support::{Workspace, require};

/// Prints what it has inherited.
const PRINTS_INHERITED: &str = r#"
    use std::fs;

    fn main() {
        match fs::OpenOptions::new().write(true).open("/dev/tty") {
            Ok(mut terminal) => println!("terminal {:?}", std::io::Write::write_all(&mut terminal, b"of the program")),
            Err(error) => println!("terminal {error}"),
        }
        let mut descriptors: Vec<_> = fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().path()).collect();
        descriptors.sort();
        descriptors.retain(|path| fs::read_link(path).is_ok_and(|to| to.to_string_lossy().contains("of-the-caller")));
        println!("descriptors {descriptors:?}");
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        // Only the standard signals count, and std itself ignores SIGPIPE.
        let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap() & 0x7fff_ffff & !(1 << 12);
        println!("ignored {ignored:x}");
        let limits = fs::read_to_string("/proc/self/limits").unwrap();
        for line in limits.lines().filter(|line| ["stack", "open", "core", "file size"].iter().any(|word| line.contains(word))) {
            let words: Vec<_> = line.split_whitespace().collect();
            println!("{}", words[..words.len() - 2].join(" "));
        }
    }
"#;

fn accepted() -> Workspace {
    let workspace = Workspace::with("inherited", PRINTS_INHERITED, "[native]\ntargets = ['native']\n");
    workspace.test("--accept").code(0);
    workspace
}

#[test]
fn programs_get_no_descriptors_signals_or_limits_of_the_caller() {
    let workspace = accepted();
    let recorded = workspace.read("snapshots/inherited/native.snap");
    for line in ["descriptors []", "ignored 0\n", "Max stack size 8388608", "Max core file size 0"] {
        assert!(recorded.contains(line), "{line}: {recorded}");
    }
    let of_caller = workspace.path("of-the-caller");
    let open = format!("exec 7>>'{}'; exec \"$@\"", of_caller.display());
    for script in [&*open, "trap '' HUP USR1 CHLD; exec \"$@\"", "ulimit -S -n 256 -s 4096 -c 0; exec \"$@\""]
    {
        let ran = xtask_under(&workspace, &["sh", "-c", script, "sh"], "test --check").output().unwrap();
        assert!(ran.status.success(), "{script}: {}", String::from_utf8_lossy(&ran.stderr));
    }
    assert_eq!(workspace.read("of-the-caller"), "");
}

#[test]
fn programs_have_no_terminal_even_if_the_harness_has_one() {
    let has_script = Command::new("script").arg("--version").output().is_ok();
    if !require("`script` (util-linux)", has_script) {
        return;
    }
    let workspace = accepted();
    assert!(workspace.read("snapshots/inherited/native.snap").contains("terminal No such device or address"));
    // It runs its command in a session whose controlling terminal is a new one.
    let script = "exec script --quiet --return --command \"'$1' test --check\" /dev/null";
    let ran = xtask_under(&workspace, &["sh", "-c", script, "sh"], "").output().unwrap();
    let shown = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{shown}");
    assert!(shown.contains("1 passed") && !shown.contains("of the program"), "{shown}");
}
