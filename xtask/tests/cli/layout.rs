//! `xtask layout`, and the warning of `xtask test` about overlaps that `xtask layout` shows.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use assert_cmd::assert::Assert;
use serde_json::Value;

use crate::support::{AssertOutput, HELLO, Workspace, objects};

/// A module that exports a memory.
const ENV: &str = r#"(module (memory (export "memory") 1))"#;

/// A module that imports that memory, with a text as data at this address.
fn user(offset: u32, text: &str) -> String {
    format!(r#"(module (import "env" "memory" (memory 1)) (data (i32.const {offset}) "{text}"))"#)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace")
}

/// The tool of this repository, which `layout` builds.
static TOOL: LazyLock<PathBuf> = LazyLock::new(|| {
    let workspace = Workspace::new();
    workspace.write("env.wat", ENV);
    let file = workspace.path("env.wat");
    workspace.xtask_in(root()).arg("layout").arg(file).assert().code(0);
    // The tools are built by the Rust that the workspace pins, in its own directory.
    let pinned = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let rust = pinned.lines().find_map(|line| line.strip_prefix("rust = \"")).expect("the pinned Rust");
    let directory = format!("target/parallax/rust-{}/debug", rust.trim_end_matches('"'));
    root().join(directory).join(format!("layout{}", std::env::consts::EXE_SUFFIX))
});

/// Adds the package of the tool. Its program starts the tool of this repository, because a build of
/// that for each workspace would take too long.
fn add_tool(workspace: &Workspace) {
    let program = format!(
        "fn main() {{
            let ended = std::process::Command::new({:?}).status().unwrap();
            std::process::exit(ended.code().unwrap());
        }}",
        *TOOL
    );
    add_program(workspace, &program);
}

fn add_program(workspace: &Workspace, program: &str) {
    let manifest = workspace.read("Cargo.toml");
    let members = r#"members = ["xtask/layout", "examples/*"]"#;
    workspace.write("Cargo.toml", &manifest.replace(r#"members = ["examples/*"]"#, members));
    let manifest = "[package]\nname = \"parallax-layout\"\nedition = \"2024\"\n\
                    [[bin]]\nname = \"layout\"\npath = \"src/main.rs\"\n";
    workspace.write("xtask/layout/Cargo.toml", manifest);
    workspace.write("xtask/layout/src/main.rs", program);
}

/// A workspace with a case of two rows whose modules share a memory: their data overlaps in the row
/// `over`, and does not overlap in the row `apart`. `keys` are further keys of the case.
fn workspace(keys: &str) -> Workspace {
    let row = |modules: [&str; 3]| modules.map(|name| format!("'--preload={name}={name}.wat'")).join(", ");
    let cases = format!(
        "[case]\n{keys}\nflags.apart = [{}]\nflags.over = [{}]\n",
        row(["env", "victim", "far"]),
        row(["env", "victim", "extra"])
    );
    let workspace = Workspace::with("shares", HELLO, &cases);
    add_tool(&workspace);
    for (name, text) in [
        ("env", ENV),
        ("victim", &user(1024, "hello")),
        ("extra", &user(1026, "LL")),
        ("far", &user(2048, "x")),
    ] {
        workspace.write(&format!("examples/shares/fixture/{name}.wat"), text);
    }
    workspace
}

#[track_caller]
fn layout(workspace: &Workspace, args: &[&str]) -> Assert {
    workspace.xtask().arg("layout").args(args).assert()
}

#[test]
fn overwritten_data_is_reported() {
    let workspace = workspace("");
    layout(&workspace, &["shares/case/over"])
        .code(100)
        .prints("shares/case/over@wasip1")
        .prints("memory env.memory, 65536 bytes, shared by env, victim and extra")
        .prints("extra's data 1026..1028 overwrites victim's data 1026..1028 (\"ll\")");
    layout(&workspace, &["shares/case/apart"]).code(0).prints("far");
    layout(&workspace, &["shares"]).code(100).prints("apart@").prints("over@");
    // A row without other modules is drawn only if it is named.
    assert!(!layout(&workspace, &["shares"]).stdout_text().contains("default@"));
    layout(&workspace, &["shares/case/default"]).code(0).prints("default@");
}

#[test]
fn layout_of_files_and_built_artifacts() {
    let workspace = workspace("");
    let directory = "examples/shares/fixture";
    let [victim, extra, far] = ["victim", "extra", "far"].map(|name| format!("{directory}/{name}.wat"));
    layout(&workspace, &[&victim, &extra, "--memory", "env.memory"])
        .code(100)
        .prints("extra's data 1026..1028 overwrites victim's data 1026..1028 (\"ll\")")
        .prints("nothing before victim exports env.memory");
    layout(&workspace, &[&victim, &far, "--memory", "env.memory"]).code(0);
    // Files can have other names than their own.
    let shown = layout(&workspace, &[&format!("one={victim}"), &format!("two={extra}"), "--format", "json"]);
    let shown = objects(&shown.code(100));
    let overlap = &shown[0]["maps"][0]["overlaps"][0];
    assert_eq!((&overlap["start"], &overlap["end"]), (&1026.into(), &1028.into()));
    assert_eq!(overlap["over"]["owner"], "two");
    assert_eq!(overlap["under"]["bytes"], "hello");
    layout(&workspace, &[&victim, "--memory", "env.memori"]).code(4).says("env.memori");
}

#[test]
fn layout_draws_svg() {
    let workspace = workspace("");
    let shown = layout(&workspace, &["shares/case/over", "--format", "svg"]).code(100).stdout_text();
    assert!(shown.starts_with("<svg ") && shown.ends_with("</svg>\n"), "{shown}");
    assert!(shown.contains(">extra's data 1026..1028 overwrites victim's"), "{shown}");
    layout(&workspace, &["shares/case", "--format", "svg"]).code(2).says("EXAMPLE/CASE/ROW");
}

#[test]
fn arguments_and_modules_that_cannot_be_read_are_errors() {
    let workspace = workspace("");
    layout(&workspace, &["share"]).code(4).says("did you mean `shares`?");
    layout(&workspace, &["shares/case/ovr"]).code(4).says("did you mean `shares/case/over`?");
    let sharing = "help: examples with modules that share a memory: shares\n";
    layout(&workspace, &["nope"]).code(4).says(sharing);
    workspace.example("alone", HELLO, "");
    layout(&workspace, &["alone"])
        .code(4)
        .says("no row of `alone` has modules that share a memory: none has `--preload`")
        .says(sharing)
        .says("name a row: alone/default/default");
    layout(&workspace, &[]).code(2);
    layout(&workspace, &["absent.wasm"]).code(4).says("absent.wasm");
    workspace.write("text.wasm", "no module");
    layout(&workspace, &["text.wasm"]).code(2).says("text.wasm: ");
    workspace.write("examples/shares/fixture/extra.wat", "(module (memory");
    layout(&workspace, &["shares/case/over"]).code(101).says("examples/shares/fixture/extra.wat: ");
    fs::remove_file(workspace.path("examples/shares/fixture/extra.wat")).expect("the file should be removed");
    layout(&workspace, &["shares/case/over"]).code(101).says("there is no examples/shares/fixture/extra.wat");
    workspace.program("shares", "fn main() { oops() }");
    layout(&workspace, &["shares/case/over"]).code(101).says("does not build").says("oops");
}

#[test]
fn component_is_a_usage_error() {
    let workspace = Workspace::with_hello();
    add_tool(&workspace);
    workspace.test("--no-run --target wasip2").code(0);
    layout(&workspace, &["target/wasm32-wasip2/example/hello.wasm"]).code(2).says("it is a component");
}

#[test]
fn run_warns_of_overlaps() {
    let warning = "warning: shares/case/over@wasip1: instances overlap in a shared memory";
    let workspace = workspace("");
    workspace
        .test("--accept")
        .code(0)
        .says(warning)
        .says("extra's data 1026..1028 overwrites victim's data")
        .says("cargo xtask layout shares/case/over")
        .does_not_say("shares/case/apart@wasip1");
    workspace.test("--flag-set apart").code(0).does_not_say("warning");
    workspace.test("--target wasip2").code(0).does_not_say("warning");
}

#[test]
fn case_can_expect_overlaps() {
    let expected = workspace("overlap = 'expected'");
    expected.test("--accept").code(0).does_not_say("warning");
    // A run of only some rows does not show whether `overlap` is needed.
    expected.test("--flag-set apart").code(0).does_not_say("warning");
    expected.write("examples/shares/fixture/extra.wat", &user(4096, "x"));
    expected.test("").code(0).says("warning: shares/case says overlap = \"expected\", but nothing overlaps");
    let wrong = workspace("overlap = 'expectd'");
    wrong.test("").code(2).says("expected");
}

#[test]
fn the_tool_is_built_by_the_first_run_that_needs_it() {
    const BUILDING: &str = "Building the tool that reads and draws modules";
    let workspace = workspace("");
    let tool = workspace.path("target/debug/layout").with_extension(std::env::consts::EXE_EXTENSION);
    workspace.test("--flag-set default").does_not_say(BUILDING);
    workspace.test("--target native --target wasip2").does_not_say(BUILDING);
    workspace.test("--no-run").does_not_say(BUILDING);
    assert!(!tool.exists());
    workspace.test("--flag-set over").says(BUILDING).says("instances overlap in a shared memory");
    assert!(tool.exists());
    workspace.test("--flag-set over").does_not_say(BUILDING).says("instances overlap in a shared memory");
}

#[test]
fn a_tool_that_fails_is_an_error() {
    let workspace = workspace("");
    add_program(&workspace, "fn main() { eprintln!(\"out of luck\"); std::process::exit(1) }");
    for result in [workspace.test(""), layout(&workspace, &["shares"])] {
        result.code(101).says("the tool `parallax-layout` failed").says("out of luck");
    }
    // Replies that do not fit the request are no better.
    add_program(&workspace, "fn main() {}");
    layout(&workspace, &["shares"]).code(101).says("the tool `parallax-layout` failed");
    add_program(&workspace, "fn main() { unknown() }");
    workspace.test("").code(101).says("cannot build the tool `parallax-layout`").says("unknown");
    // Without `--preload` no run needs the tool.
    workspace.test("--flag-set default --accept").code(0);
    let manifest = workspace.read("Cargo.toml").replace(r#""xtask/layout", "#, "");
    workspace.write("Cargo.toml", &manifest);
    fs::remove_dir_all(workspace.path("xtask")).expect("the tool");
    workspace.test("").code(96).says("no xtask/layout/Cargo.toml").says("help: ");
}

/// Compares what `layout` computes for the examples of this repository with their snapshots.
mod examples {
    use super::*;

    /// The rows of a case that use this memory: their names and the map of the memory.
    #[track_caller]
    fn rows(case: &str, memory: &str) -> Vec<(String, Value)> {
        let workspace = Workspace::new();
        let shown = workspace.xtask_in(root()).args(["layout", case, "--format", "json"]).assert();
        objects(&shown)
            .into_iter()
            .filter_map(|row| {
                let id = row["id"].as_str()?.split(['/', '@']).nth(2)?.to_string();
                let maps = row["maps"].as_array()?;
                Some((id, maps.iter().find(|map| map["name"] == memory)?.clone()))
            })
            .collect()
    }

    /// What the program prints on wasip1 in this row, according to the snapshot.
    #[track_caller]
    fn printed(case: &str, row: &str) -> Vec<String> {
        let path = root().join("snapshots").join(format!("{case}.snap"));
        let snapshot = fs::read_to_string(path).expect("the snapshot should be readable");
        let lines = || snapshot.lines();
        let columns = lines()
            .find(|line| line.trim_start().starts_with(['n', 'w']))
            .expect("the table should have columns");
        let column = columns
            .split_whitespace()
            .position(|name| name == "wasip1")
            .expect("the table should have this column");
        let is_row = |line: &&str| line.split_whitespace().next() == Some(row);
        let row = lines().find(is_row).expect("the table should have this row");
        let letter = row.split_whitespace().nth(column + 1).expect("the row should have a letter");
        lines()
            .skip_while(|line| !line.starts_with(&format!("{letter}  exit 0")))
            .skip(2)
            .map_while(|line| line.trim_start_matches([' ', '>']).strip_prefix('│'))
            .map(String::from)
            .collect()
    }

    #[track_caller]
    fn to_usize(value: &Value) -> usize {
        value.as_u64().and_then(|number| number.try_into().ok()).expect("the value should be a usize")
    }

    /// The regions of this owner and kind: their addresses and, for data, their bytes.
    fn regions<'a>(map: &'a Value, owner: &str, kind: &str) -> Vec<(Range<usize>, &'a str)> {
        let regions = map["regions"].as_array().expect("`regions` should be an array");
        let is_selected = |region: &&Value| region["owner"] == owner && region["kind"] == kind;
        regions
            .iter()
            .filter(is_selected)
            .map(|region| {
                let range = to_usize(&region["start"])..to_usize(&region["end"]);
                (range, region["bytes"].as_str().unwrap_or_default())
            })
            .collect()
    }

    /// The bytes of the memory after all modules are instantiated.
    fn contents(map: &Value) -> Vec<u8> {
        let mut memory = vec![0; to_usize(&map["size"])];
        for user in map["users"].as_array().expect("`users` should be an array") {
            for (range, text) in regions(map, user.as_str().expect("a user should be a string"), "data") {
                let bytes = text.replace("\\0", "\0").into_bytes();
                memory[range].copy_from_slice(&bytes);
            }
        }
        memory
    }

    /// The text at the address of the first data of an instance, up to the first 0.
    fn text_of(map: &Value, owner: &str) -> String {
        let (range, _) = regions(map, owner, "data").remove(0);
        let memory = contents(map);
        let bytes = memory[range].split(|byte| *byte == 0).next().expect("`split` gives at least one part");
        String::from_utf8(bytes.to_vec()).expect("the text should be valid UTF-8")
    }

    /// The picture docs/EXAMPLE.CASE.ROW.svg is what `layout` draws for that row. UPDATE_DOCS=1 writes the
    /// pictures again.
    #[test]
    fn pictures_in_documents_are_up_to_date() {
        let page =
            fs::read_to_string(root().join("docs/shared-memory.md")).expect("the page should be readable");
        let named: Vec<_> = page.split("](").filter_map(|part| part.split_once(".svg)")).collect();
        assert!(named.len() >= 4, "{named:?}");
        for (name, _) in named {
            let row = name.replace('.', "/");
            let workspace = Workspace::new();
            let drawn = workspace.xtask_in(root()).args(["layout", &row, "--format", "svg"]).assert();
            let file = root().join(format!("docs/{name}.svg"));
            if std::env::var_os("UPDATE_DOCS").is_some() {
                fs::write(&file, drawn.stdout_text()).expect("the picture should be written");
            }
            let current = fs::read_to_string(&file).unwrap_or_default() == drawn.stdout_text();
            assert!(current, "docs/{name}.svg is not what layout draws: UPDATE_DOCS=1 cargo test pictures");
        }
    }

    #[test]
    fn data_segments_of_the_example_data_segment() {
        let rows = rows("data-segment/bytes", "env.memory");
        assert_eq!(rows.len(), 2);
        for (row, map) in rows {
            let bytes: Vec<_> = contents(&map)[..8].iter().map(u8::to_string).collect();
            assert_eq!(printed("data-segment/bytes", &row), [bytes.join(" ")], "{row}");
        }
    }

    #[test]
    fn constant_of_the_example_overwritten_constant() {
        for (case, at_least) in [("overwritten-constant/orders", 3), ("overwritten-constant/cure", 2)] {
            let rows = rows(case, "env.memory");
            assert!(rows.len() >= at_least, "{rows:?}");
            for (row, map) in rows {
                let expected = format!("the victim says {}", text_of(&map, "victim"));
                assert_eq!(printed(case, &row), [expected], "{case}/{row}");
            }
        }
    }

    #[test]
    fn stack_of_the_example_stack_walk() {
        let rows = rows("stack-walk/look", "library.memory");
        let (row, map) = &rows[0];
        let (stack, _) = regions(map, "library", "stack").remove(0);
        // Eight buffers fill the stack exactly. One more is below address 0: no check prevents that.
        let buffers = 1..=stack.len() / 8192 + 1;
        let addresses: Vec<_> = buffers
            .map(|number| stack.end.cast_signed() - 8192 * number.cast_signed())
            .map(|address| format!("{address} {address}"))
            .collect();
        assert_eq!((rows.len(), addresses.len()), (1, 9));
        assert_eq!(printed("stack-walk/look", row), addresses);
    }

    #[test]
    fn overlaps_of_the_example_everything_at_once() {
        let cases = [
            ("everything-at-once/greeting", "env.memory", 1),
            ("everything-at-once/cures", "env.memory", 2),
            ("everything-at-once/position-independent", "env.memory", 1),
            ("everything-at-once/position-independent", "abc-library.memory", 1),
        ];
        for (case, memory, at_least) in cases {
            let rows = rows(case, memory);
            assert!(rows.len() >= at_least, "{rows:?}");
            for (row, map) in rows {
                // If the stacks overlap, the buffer of the library overwrites that of the greeter.
                let overlaps = map["overlaps"].as_array().expect("`overlaps` should be an array");
                let stacks = |overlap: &&Value| {
                    overlap["over"]["kind"] == "stack" && overlap["under"]["kind"] == "stack"
                };
                let expected = match overlaps.iter().find(stacks) {
                    Some(_) => text_of(&map, "abc-library"),
                    None => "hello".to_string(),
                };
                assert_eq!(printed(case, &row), [expected], "{case}/{row}");
            }
        }
    }
}
