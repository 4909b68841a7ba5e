//! `cargo xtask check` and `cargo xtask grants`: programs outside of the catalogue, and the flags that they need.

use std::path::PathBuf;

use assert_cmd::assert::Assert;

use crate::support::{AssertOutput, HELLO, Workspace, make_fifo, objects, require};

/// Prints a file whose name is an argument.
const READER: &str = r#"
fn main() {
    let name = std::env::args().nth(1).expect("a name");
    match std::fs::read_to_string(&name) {
        Ok(text) => print!("{text}"),
        Err(error) => {
            eprintln!("{name}: {error}");
            std::process::exit(1);
        }
    }
}
"#;

/// A workspace, and outside of it the package `reader` with this program.
fn with_package(program: &str) -> (Workspace, tempfile::TempDir) {
    let workspace = Workspace::with_hello();
    let outside = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = outside.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "Cargo.toml",
        "[package]\nname = \"reader\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    write("src/main.rs", program);
    write("data/letters/a.txt", "a letter\n");
    write("data/other/b.txt", "another\n");
    (workspace, outside)
}

#[track_caller]
fn check(workspace: &Workspace, outside: &tempfile::TempDir, args: &[&str]) -> Assert {
    workspace.xtask().arg("check").arg(outside.path()).args(args).assert()
}

/// All files below a directory.
fn files(directory: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

#[test]
fn program_that_needs_a_directory_is_told_the_least_one() {
    let (workspace, outside) = with_package(READER);
    let before = files(outside.path());
    let data = outside.path().join("data");
    let cwd = ["--cwd", data.to_str().unwrap()];
    check(&workspace, &outside, &[&cwd[..], &["--", "letters/a.txt"]].concat())
        .code(0)
        .prints("reader 1.2.3 (release), for native, wasip1, wasip2\n")
        .prints("  wasip1   the same as native with --dir=letters\n")
        .prints("  wasip2   the same as native with --dir=letters\n")
        .prints("\ngrants       ·       A       A     --dir=letters\n")
        .prints("\nWhy, wasip1 and wasip2 without flags (error: exit 0 → exit 1: letters/a.txt: No such file or directory (os error 44)):\n")
        .prints("[rule: no-preopen; layer: wasi-libc]");
    assert_eq!(files(outside.path()), before, "something was left in the user's directory");
}

#[test]
fn line_that_runs_the_program_can_be_pasted() {
    let program = "fn main() {\n    let name = std::env::var(\"NAME\").unwrap_or_default();\n    \
        print!(\"{}\", std::fs::read_to_string(name).unwrap());\n    \
        print!(\"{}\", std::io::read_to_string(std::io::stdin()).unwrap());\n}";
    let (workspace, outside) = with_package(program);
    let data = outside.path().join("it's data");
    std::fs::rename(outside.path().join("data"), &data).unwrap();
    let input = data.join("other/b.txt");
    let args =
        ["--cwd", data.to_str().unwrap(), "--stdin", input.to_str().unwrap(), "--env", "NAME=letters/a.txt"];
    let mut command = workspace.xtask();
    command.arg("check").arg(outside.path()).args(args).env("CARGO_TARGET_DIR", "the target");
    let printed = command.assert().code(0).stdout_text();
    let mut lines = printed.lines().skip_while(|line| !line.starts_with("  Run it in "));
    let place = lines.next().unwrap().strip_prefix("  Run it in ").unwrap().strip_suffix(':').unwrap();
    let lines: Vec<_> = lines.take_while(|line| line.starts_with("    ")).collect();
    assert_eq!(lines.len(), 2, "{printed}");
    for line in lines {
        let ran =
            std::process::Command::new("sh").args(["-c", &format!("cd {place} && {line}")]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout), "a letter\nanother\n", "{line}: {ran:?}");
    }
}

#[test]
fn row_that_only_one_target_needs_is_run_for_the_other() {
    let program = "fn main() {\n    #[cfg(target_env = \"p1\")]\n    std::fs::read(\"letters/a.txt\").unwrap();\n    \
        println!(\"done\");\n}";
    let (workspace, outside) = with_package(program);
    let data = outside.path().join("data");
    check(&workspace, &outside, &["--cwd", data.to_str().unwrap()])
        .code(0)
        .prints("  wasip2   the same as native\n")
        .prints("\ngrants       ·       A       A     --dir=letters\n");
}

#[test]
fn what_no_flag_helps_is_shown_with_rows_of_the_catalogue() {
    let program = "fn main() { println!(\"{}\", std::env::temp_dir().is_absolute()); }";
    let (workspace, outside) = with_package(program);
    workspace.example("temp", HELLO, "[default]\nabout = 'temp_dir panics'\napis = ['std::env::temp_dir']\n");
    let table = "$ temp\n           native  wasip1  wasip2\ndefault      A       B       B\n\nA  exit 0\n\nB  exit 1\n";
    workspace.write(
        "snapshots/temp/default.snap",
        &format!("---\nsource: examples/temp/src/main.rs\n---\n{table}"),
    );
    workspace.test("hello --accept").code(0);
    check(&workspace, &outside, &[])
        .code(100)
        .prints("  wasip1   abort: panic, trap: ")
        .prints("; no flags that were tried help\n")
        .prints("\nWhy, wasip1 and wasip2 with all flags that were tried (abort: panic, trap: ")
        .prints("[rule: std-panics; layer: std]")
        .prints("  error    std::env::temp_dir: temp_dir panics  [temp/default]\n");
}

#[test]
fn what_differs_with_all_flags_is_shown() {
    let program = "fn main() {\n    let file = std::fs::File::open(\"a.txt\").expect(\"a file\");\n    \
        println!(\"{:?}\", file.try_clone().map_err(|error| error.kind()).err());\n}";
    let (workspace, outside) = with_package(program);
    let data = outside.path().join("data/letters");
    check(&workspace, &outside, &["--cwd", data.to_str().unwrap()])
        .code(100)
        .prints("Some(Unsupported) (with --dir=.); no flags that were tried help\n")
        .prints("\ngrants       ·       C       C     --dir=.\n")
        .prints("│Some(Unsupported)\n");
}

#[test]
fn program_that_agrees_needs_nothing() {
    let (workspace, outside) = with_package(HELLO);
    check(&workspace, &outside, &["--target", "wasip2"])
        .code(0)
        .prints("reader 1.2.3 (release), for native, wasip2\n\n  wasip2   the same as native\n");
}

#[test]
fn finished_programs_are_checked_as_they_are() {
    let (workspace, outside) = with_package(READER);
    check(&workspace, &outside, &["--", "absent"]).code(0);
    let built = files(&workspace.path("target/parallax/check"));
    let find = |end: &str| {
        let found =
            built.iter().find(|path| path.ends_with(end)).unwrap_or_else(|| panic!("no {end}: {built:?}"));
        found.to_str().unwrap().to_string()
    };
    let native =
        built.iter().find(|path| path.ends_with("release/reader")).unwrap().to_str().unwrap().to_string();
    let (module, component) =
        (find("wasm32-wasip1/release/reader.wasm"), find("wasm32-wasip2/release/reader.wasm"));
    workspace
        .xtask()
        .args(["check", "--native", &native, "--wasm", &component, "--wasm", &module, "--", "absent"])
        .assert()
        .code(0)
        .prints("reader, for native, wasip1, wasip2\n")
        .prints("  wasip1   wording: only numbers or messages of errors differ\n");
    workspace
        .xtask()
        .args(["check", "--native", &native, "--wasm", &native])
        .assert()
        .code(2)
        .says("is neither a core module nor a component");
}

#[test]
fn wrong_arguments_have_help() {
    let (workspace, outside) = with_package("fn main() { missing }");
    check(&workspace, &outside, &[])
        .code(101)
        .says("reader does not compile natively")
        .says("cannot find value `missing`");
    check(&workspace, &outside, &["--bin", "writer"])
        .code(2)
        .says("no program `writer`")
        .says("its programs are: reader");
    check(&workspace, &outside, &["-p", "reeder"]).code(2).says("did you mean `-p reader`?");
    check(&workspace, &outside, &["--cwd", "absent"]).code(2).says("absent is not a directory");
    check(&workspace, &outside, &["--flags", "x"]).code(2).says("expected NAME='FLAGS'");
    workspace.xtask().args(["check", "absent"]).assert().code(2).says("name the directory of a package");
    workspace.xtask().args(["check"]).assert().code(2);
}

#[test]
fn packages_without_one_program_have_help() {
    let (workspace, outside) = with_package(HELLO);
    let write = |path: &str, text: &str| {
        let path = outside.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let fails = |path: &str, args: &[&str]| {
        workspace.xtask().arg("check").arg(outside.path().join(path)).args(args).assert().code(2)
    };
    write("lib/Cargo.toml", "[package]\nname = \"l\"\nedition = \"2024\"\n[workspace]\n");
    write("lib/src/lib.rs", "");
    fails("lib", &[]).says("error: this package is a library and has no program or example\nhelp: check its tests with --tests, or add a program");
    fails("lib", &["--example", "x"]).says("error: no example `x` in this package\n");
    write("lib/examples/show.rs", HELLO);
    fails("lib", &[]).says("choose an example of it with --example: show; or check its tests with --tests\n");
    write("lib/src/bin/one.rs", HELLO);
    write("lib/src/bin/two.rs", HELLO);
    fails("lib", &[]).says("this package has several programs\nhelp: choose one with --bin: one, two\n");
    fails("lib/src/lib.rs", &[]).says("lib.rs is neither a directory nor a Cargo.toml\n");
    write("all/Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"\n");
    for name in ["a", "b"] {
        write(
            &format!("all/{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n"),
        );
        write(&format!("all/{name}/src/main.rs"), HELLO);
    }
    fails("all", &[]).says("this is a workspace of several packages\nhelp: choose one with -p: a, b\n");
    write("broken/Cargo.toml", "[package\n");
    fails("broken", &[]).says("cargo cannot read the package:\n").says("unclosed table");
    fails("data", &[]).says("help: name the directory of a package\n");
}

#[test]
fn cases_of_a_file_are_all_checked() {
    let (workspace, outside) = with_package(READER);
    let file = outside.path().join("my-cases.toml");
    let cases = "[letter]\nabout = 'a file'\nargs = ['letters/a.txt']\ngrant.mine = { dirs = ['letters'] }\n\
        [absent]\nargs = ['absent']\ntargets = ['native', 'wasip2']\n";
    std::fs::write(&file, cases).unwrap();
    let data = outside.path().join("data");
    let args = ["--cwd", data.to_str().unwrap(), "--cases", file.to_str().unwrap()];
    check(&workspace, &outside, &args)
        .code(0)
        .says("Running reader natively at most 24 times, and under wasmtime at most ")
        .says(&format!("each time in a new copy of {}\n", data.display()))
        .prints("\nletter: a file\n  wasip1   the same as native with --dir=letters\n")
        // The row of the user is the one that was found.
        .prints("\nmine         ·       A       A     --dir=letters\n\nA  exit 0\n")
        .prints("\nabsent\n  wasip2   wording: only numbers or messages of errors differ\n")
        .prints("\n2 cases: 2 the same, 0 different\n");
    check(&workspace, &outside, &[&args[..], &["--", "x"]].concat()).code(2).says("cannot be used with");
    std::fs::write(&file, "[letter]\narg = ['x']\n").unwrap();
    check(&workspace, &outside, &args).code(2).says("my-cases.toml:2:1").says("did you mean `args`?");
    std::fs::write(&file, "[letter]\ntargets = ['wasip1']\n").unwrap();
    check(&workspace, &outside, &args).code(2).says("`letter` does not run both natively and on WASI");
    std::fs::remove_file(&file).unwrap();
    check(&workspace, &outside, &args).code(2).says("my-cases.toml: No such file");
}

#[test]
fn answer_for_programs_has_an_object_for_each_part() {
    let (workspace, outside) = with_package(READER);
    let data = outside.path().join("data");
    let cwd = ["--cwd", data.to_str().unwrap()];
    let args = [&cwd[..], &["--format", "json", "--target", "wasip1", "--", "letters/a.txt"]].concat();
    let objects = objects(&check(&workspace, &outside, &args).code(0));
    let kinds: Vec<_> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["cell", "cell", "cell", "answer", "why", "summary"]);
    assert_eq!(objects[2]["id"], "reader/default/grants@wasip1");
    assert_eq!(objects[2]["letter"], "A");
    let answer = &objects[3];
    assert_eq!(answer["target"], "wasip1");
    assert_eq!(answer["agrees"], true);
    assert_eq!(answer["flags"], serde_json::json!(["--dir=letters"]));
    assert_eq!(answer["verdict"], "same");
    assert_eq!(objects[4]["rule"], "no-preopen");
    assert_eq!(objects[5]["package"], "reader 1.2.3");
    assert_eq!(objects[5]["agree"], 1);
}

#[test]
fn grants_of_a_case_are_the_least() {
    let workspace =
        Workspace::with("cat", READER, "[sample]\nargs = ['sub/a.txt']\n[absent]\nargs = ['b.txt']\n");
    workspace.write("examples/cat/fixture/sub/a.txt", "a letter\n");
    workspace
        .xtask()
        .args(["grants", "cat/sample"])
        .assert()
        .code(0)
        .prints("wasip1   --dir=sub\nwasip2   --dir=sub\n")
        .prints(&format!(
            "wasip2   {} run --dir=sub {} sub/a.txt\n",
            workspace.wasmtime().display(),
            workspace.path("target/wasm32-wasip2/example/cat.wasm").display()
        ));
    workspace
        .xtask()
        .args(["grants", "cat/absent"])
        .assert()
        .code(0)
        .prints("wasip1   no flags are needed\n");
    let all = ["grants", "cat/absent", "--equal", "all", "--target", "wasip1"];
    workspace.xtask().args(all).assert().code(100).prints("wasip1   no flags that were tried help");
    workspace.xtask().args(["grants", "cat/sampel"]).assert().code(4).says("did you mean `cat/sample`?");
    workspace.xtask().args(["grants", "cat"]).assert().code(2).says("choose one: sample, absent");
}

#[test]
fn grants_of_one_target() {
    let workspace = Workspace::with("cat", READER, "[sample]\nargs = ['a.txt']\nenv.TZ = 'UTC'\n");
    workspace.write("examples/cat/fixture/a.txt", "a letter\n");
    let grants = |args: &[&str]| workspace.xtask().arg("grants").args(args).assert();
    let found = grants(&["cat/sample@wasip1"]).code(0).prints("wasip1   --dir=.\n");
    let printed = String::from_utf8_lossy(&found.get_output().stdout).into_owned();
    assert!(!printed.contains("wasip2") && printed.matches("--env=TZ").count() == 1, "{printed}");
    grants(&["cat/sample@wasip1", "--target", "wasip2"]).code(2).says("is not the target of --target");
    grants(&["cat/sample@wasip3"]).code(2).says("no target `wasip3`: expected wasip1 or wasip2");
    workspace.program("cat", "#[cfg(unix)]\nfn main() {}\n");
    grants(&["cat/sample@wasip1"]).code(100).prints("wasip1   does not build: error");
}

#[test]
fn all_calls_are_shown_if_they_are_wanted() {
    let (workspace, outside) = with_package(READER);
    let data = outside.path().join("data");
    let shown =
        check(&workspace, &outside, &["--cwd", data.to_str().unwrap(), "--trace", "--", "letters/a.txt"]);
    let shown = shown.code(0).prints("wasip1   args_sizes_get() = ").prints("wasip2   get-arguments() = ");
    if require("strace", std::process::Command::new("strace").arg("-V").output().is_ok()) {
        shown.prints("openat(AT_FDCWD, \"letters/a.txt\", O_RDONLY|O_CLOEXEC) = ");
    }
}

#[test]
fn what_the_search_may_not_grant_is_said() {
    let (workspace, outside) = with_package(READER);
    let file = outside.path().join("data/letters/a.txt");
    let file = file.to_str().unwrap();
    let letters = outside.path().join("data/letters");
    let letters = letters.display();
    check(&workspace, &outside, &["--", file])
        .code(100)
        .prints("Why, wasip1 and wasip2 with all flags that were tried")
        .prints("[rule: absolute-path; layer: wasi-libc]")
        .prints(&format!("  Not tried, because you have to allow it: --allow-dir {letters}\n"));
    let data = outside.path().join("data");
    let data = data.to_str().unwrap();
    check(&workspace, &outside, &["--allow-dir", data, "--", file])
        .code(0)
        .prints(&format!("  wasip1   the same as native with --dir={data}\n"));
    check(&workspace, &outside, &["--allow-dir", "/", "--", file])
        .code(0)
        .prints("  Warning: a grant of / opens all files of this user, also /proc/self/environ");
    workspace.example(
        "reader",
        READER,
        "[default]\nargs = ['a.txt']\nbaseline = 'here'\ngrant.here = { dirs = ['.'] }\n",
    );
    workspace.write("examples/reader/fixture/a.txt", "text\n");
    workspace.test("reader --accept").code(0);
    workspace
        .xtask()
        .args(["grants", "--all"])
        .assert()
        .code(0)
        .prints("2 of 2 cells that a recorded row makes the same: found with as many flags or fewer");
}

#[test]
fn input_that_never_ends_is_refused() {
    let (workspace, outside) = with_package(READER);
    let pipe = outside.path().join("pipe");
    make_fifo(&pipe);
    let stdin = ["--stdin", pipe.to_str().unwrap()];
    check(&workspace, &outside, &stdin).code(2).says("pipe as text: it is a FIFO, not a regular file");
}

#[test]
fn program_without_an_end_is_compared_with_nothing() {
    let program = "fn main() {\n    let line = \"x\".repeat(1023);\n    for _ in 0..5000 {\n        println!(\"{line}\");\n    }\n    assert!(cfg!(unix));\n}";
    let (workspace, outside) = with_package(program);
    check(&workspace, &outside, &[])
        .code(101)
        .says("error: reader prints more than 1 MiB natively: it was stopped\nhelp: give it less to do");
}

#[test]
fn what_differs_natively_from_run_to_run_is_not_held_against_wasi() {
    let program = r#"
        use std::time::SystemTime;

        fn main() {
            println!("now: {:?}", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap());
            let squares: std::collections::HashMap<u32, u32> = (0..20).map(|n| (n, n * n)).collect();
            squares.iter().for_each(|(number, square)| eprintln!("{number} {square}"));
            match std::fs::read_to_string("a.txt") {
                Ok(text) => print!("{text}"),
                Err(error) => println!("{error}"),
            }
            if std::env::args().len() > 1 {
                println!("{}", std::env::consts::FAMILY);
            }
            if std::env::args().len() > 2 {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
                std::process::exit((since.as_secs() % 100) as i32);
            }
        }
    "#;
    let (workspace, outside) = with_package(program);
    let data = outside.path().join("data/letters");
    let cwd = ["--cwd", data.to_str().unwrap()];
    let unsteady = |answer: Assert| {
        answer
            .prints(
                "  Natively, it does not always do the same. What differs from run to run is not compared:\n",
            )
            .prints("    stdout, line 1: `now: ")
            .prints("    stderr, the order of lines: `")
            .prints("   │{differs from run to run}\n   │a letter\n")
    };
    unsteady(check(&workspace, &outside, &cwd).code(0))
        .prints("  wasip1   the same as native with --dir=.\n");
    // What else differs still counts.
    unsteady(check(&workspace, &outside, &[&cwd[..], &["--", "x"]].concat()).code(100))
        .prints("  wasip1   output: unix → ");

    let json = check(&workspace, &outside, &[&cwd[..], &["--target", "wasip1", "--format", "json"]].concat());
    let objects = objects(&json.code(0));
    let found: Vec<_> = objects.iter().filter(|object| object["kind"] == "unsteady").collect();
    assert_eq!(found.len(), 2, "{objects:?}");
    assert_eq!((&found[0]["where"], &found[0]["how"]), (&"stdout".into(), &"lines".into()));
    assert_eq!((&found[0]["case"], &found[0]["lines"]), (&"reader/default".into(), &serde_json::json!([1])));
    assert_eq!((&found[1]["where"], &found[1]["how"]), (&"stderr".into(), &"order".into()));

    check(&workspace, &outside, &["--", "x", "y"])
        .code(101)
        .says("reader does not always end in the same way natively: exit ");
}
