//! Rows whose program is composed of several components. A small program replaces the tool that
//! composes them, because the real tool takes long to compile; the examples of this repository use it.

use std::fs;

use crate::support::{AssertOutput, HELLO, Workspace, snapshot};

/// Replaces the tool: instead of composing the components, it copies the last one. Components do not
/// fit if one is named `misfit`, and the tool fails if one is named `fatal`. It appends a line for each
/// call to `calls.txt` in the directory of all composed components.
const TOOL: &str = r#"
    use std::{env, fs, io::Write, path::Path, process::exit};

    fn main() {
        let args: Vec<String> = env::args().skip(1).collect();
        let out = Path::new(&args[0]);
        let log = out.ancestors().nth(2).unwrap().join("calls.txt");
        let mut log = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let components: Vec<_> = args[1..].iter().map(|arg| arg.split_once('=').unwrap()).collect();
        let names: Vec<_> = components.iter().map(|(name, _)| *name).collect();
        writeln!(log, "{}", names.join(" ")).unwrap();
        if names.contains(&"misfit") {
            eprintln!("`misfit` exports nothing");
            exit(1);
        }
        if names.contains(&"fatal") {
            eprintln!("out of memory");
            exit(2);
        }
        fs::copy(components.last().unwrap().1, out).unwrap();
    }
"#;

/// Prints on native what the component `inner` prints.
const OUTER: &str = r#"
    fn main() {
        println!("{}", if cfg!(target_os = "wasi") { "not composed" } else { "Hello!" });
    }
"#;

/// The example `outer` with the modules `middle`, `inner`, `misfit` and `fatal`, and with the tool.
fn workspace(cases: &str) -> Workspace {
    let workspace = Workspace::with("outer", OUTER, cases);
    for (name, program) in [("middle", "fn main() {}"), ("inner", HELLO), ("misfit", HELLO), ("fatal", HELLO)]
    {
        workspace.module("outer", name, program);
    }
    workspace.member("xtask/compose");
    let manifest = "[package]\nname = \"parallax-compose\"\nedition = \"2024\"\n\n\
                    [[bin]]\nname = \"compose\"\npath = \"src/main.rs\"\n";
    workspace.write("xtask/compose/Cargo.toml", manifest);
    workspace.write("xtask/compose/src/main.rs", TOOL);
    workspace
}

const CALLS: &str = "target/wasm32-wasip2/example/composed/calls.txt";
const COMPOSING: &str = "Composing the components of";

const CHAIN: &str = "compose.chain = { outer = ['middle'], middle = ['inner'] }\n";

#[test]
fn composed_row_runs_on_wasip2_only_and_is_composed_once() {
    let workspace = workspace(&format!("[default]\n{CHAIN}compose.misfit = {{ outer = ['misfit'] }}\n"));
    workspace.test("--accept").code(0).says("Building the tool that composes").says(COMPOSING);
    assert_eq!(
        workspace.read("snapshots/outer/default.snap"),
        snapshot(
            "\
$ outer
           native  wasip1  wasip2  wasmtime flags, components
default      A       B       B
chain        ·       ·       A     outer ← middle ← inner
misfit       ·       ·       C     outer ← misfit

A  exit 0
   stdout
   │Hello!

B  exit 0
   stdout
 > │not composed

C  does not compose: `misfit` exports nothing
"
        )
    );
    // Components that are plugged into others are composed first.
    let calls = "middle inner\nouter middle\nouter misfit\n";
    assert_eq!(workspace.read(CALLS), calls);

    // A second run does not call the tool or build it, not even for components that do not fit.
    fs::remove_dir_all(workspace.path("target/debug")).expect("the directory should be removed");
    workspace.test_in_ci("").code(0).says("1 passed").does_not_say("ompos");
    assert!(!workspace.path("target/debug").exists());
    assert_eq!(workspace.read(CALLS), calls);

    // The listed command runs the composed file.
    let cells = workspace.listed("chain@wasip2");
    let argv = cells[0]["argv"].as_array().expect("`argv` should be an array");
    let file = argv.last().and_then(|word| word.as_str()).expect("`argv` should end with a string");
    assert!(file.ends_with("composed/outer.default.chain/outer.wasm"), "{file}");
    fs::remove_file(file).expect("the composed file should be removed");
    workspace.test("--no-run").code(0).says("Composing the components of 1 cell\n");
    assert!(fs::metadata(file).is_ok());
}

#[test]
fn changed_components_are_composed_again() {
    let workspace = workspace(&format!("[default]\n{CHAIN}"));
    workspace.test("--accept").code(0);
    let before = workspace.read(CALLS);

    let changed = HELLO.replace("Hello!", "Good day!");
    workspace.write("examples/outer/modules/inner/src/main.rs", &changed);
    workspace.test_in_ci("").code(100).says(COMPOSING).says("│Good day!");
    assert_eq!(workspace.read(CALLS), before.repeat(2));

    // A change in the list of packages counts, too.
    workspace.cases("outer", "[default]\ncompose.chain = { outer = ['inner'] }\n");
    workspace
        .test_in_ci("")
        .code(100)
        .says(COMPOSING)
        .says("+ chain        ·       ·       C     outer ← inner");
    assert_eq!(workspace.read(CALLS), before.repeat(2) + "outer inner\n");

    let source = TOOL.replace("exports nothing", "has no exports");
    workspace.write("xtask/compose/src/main.rs", &source);
    workspace.test_in_ci("").code(100).says(COMPOSING).does_not_say("Building the tool");
    workspace.test_in_ci("").code(100).does_not_say(COMPOSING);
    assert_eq!(workspace.read(CALLS), before.repeat(2) + &"outer inner\n".repeat(2));
}

#[test]
fn component_that_does_not_build_is_not_composed() {
    let workspace = workspace(&format!("[default]\n{CHAIN}"));
    workspace.write("examples/outer/modules/inner/src/main.rs", "fn main() { unknown(); }");
    let outcome = "does not build: module inner: error[E0425]: cannot find function `unknown` in this scope";
    workspace.test("").code(100).says(outcome).does_not_say(COMPOSING);
    assert!(!workspace.path("target/debug").exists());
}

#[test]
fn failure_of_the_tool_is_an_error() {
    let workspace = workspace("[default]\ncompose.x = { outer = ['fatal'] }\n");
    workspace.test("").code(101).says("outer/default/x@wasip2").says("out of memory").does_not_say("NEW");
    // Other rows do not need the tool.
    workspace.test("--flag-set default --accept").code(0);

    workspace.write("xtask/compose/src/main.rs", "fn main() { unknown(); }");
    workspace.test("").code(101).says("cannot build the tool `parallax-compose`").says("unknown");
    let manifest = workspace.read("Cargo.toml").replace(r#""xtask/compose", "#, "");
    workspace.write("Cargo.toml", &manifest);
    fs::remove_dir_all(workspace.path("xtask")).expect("the directory should be removed");
    workspace.test("").code(96).says("no xtask/compose/Cargo.toml").says("help: ");
}

#[cfg(unix)]
#[test]
fn tool_that_is_killed_is_called_again() {
    let workspace = workspace(&format!("[default]\n{CHAIN}"));
    let first = "if !log.exists() { fs::write(&log, \"killed\\n\").unwrap(); std::process::abort(); }";
    let source = TOOL.replace("let mut log =", &format!("{first}\nlet mut log ="));
    workspace.write("xtask/compose/src/main.rs", &source);
    workspace.test("--accept").code(0);
    assert_eq!(workspace.read(CALLS), "killed\nmiddle inner\nouter middle\n");
    assert!(!workspace.read("snapshots/outer/default.snap").contains("does not compose"));
}

#[test]
fn mistake_in_a_compose_key_is_a_usage_error_with_its_location() {
    let workspace = workspace("");
    for (cases, location, message) in [
        ("compose.x = { outer = ['iner'] }", ":2:24", "did you mean `inner`?"),
        ("compose.x = { other = ['inner'] }", ":2:15", "did you mean `outer`?"),
        ("compose.x = { outer = ['inner'], inner = ['outer'] }", ":2:43", "which is a part of it"),
        ("compose.x = { outer = ['outer'] }", ":2:24", "plugged into itself"),
        ("compose.x = { outer = ['inner'], middle = ['inner'] }", ":2:34", "outer = [\"middle\"]"),
        ("compose.x = { middle = ['inner'] }", ":2:9", "outer = [\"…\"]"),
        ("compose.x = { outer = [] }", ":2:23", "nothing is plugged into `outer`"),
        ("compose.x = { outer = ['inner', 'inner'] }", ":2:33", "twice"),
        ("compose.X = { outer = ['inner'] }", ":2:9", "invalid row name: "),
        ("compose.default = { outer = ['inner'] }", ":2:9", "another name"),
        ("compose.x = { outer = 'inner' }", ":2:23", "expected a sequence"),
        ("compose.x = ['inner']", ":2:13", "expected a map"),
        ("compos.x = { outer = ['inner'] }", ":2:1", "did you mean `compose`?"),
        ("targets = ['wasip1']\ncompose.x = { outer = ['inner'] }", ":3:9", "add `wasip2`"),
    ] {
        workspace.cases("outer", &format!("[default]\n{cases}\n"));
        let location = format!("examples/outer/cases.toml{location}");
        workspace.test("--list").code(2).says(&location).says(message);
    }
}
