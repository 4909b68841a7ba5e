//! `xtask layout`, and the warning of `xtask test` about what it would draw.

use std::fs;
use std::ops::Range;
use std::path::Path;

use assert_cmd::assert::Assert;
use serde_json::Value;

use crate::support::{HELLO, Said, Workspace, objects};

const ENV: &str = r#"(module (memory (export "memory") 1))"#;

fn user(offset: u32, text: &str) -> String {
    format!(r#"(module (import "env" "memory" (memory 1)) (data (i32.const {offset}) "{text}"))"#)
}

/// A workspace in which rows of one case share a memory, on one another or apart.
fn workspace(keys: &str) -> Workspace {
    let row = |modules: [&str; 3]| modules.map(|name| format!("'--preload={name}={name}.wat'")).join(", ");
    let cases = format!(
        "[case]\n{keys}\nflags.apart = [{}]\nflags.over = [{}]\n",
        row(["env", "victim", "far"]),
        row(["env", "victim", "extra"])
    );
    let workspace = Workspace::with("shares", HELLO, &cases);
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
fn names_what_is_overwritten() {
    let workspace = workspace("");
    layout(&workspace, &["shares/case/over"])
        .code(100)
        .prints("shares/case/over@wasip1")
        .prints("memory env.memory, 65536 bytes, shared by env, victim and extra")
        .prints("extra's data 1026..1028 overwrites victim's data 1026..1028 (\"ll\")");
    layout(&workspace, &["shares/case/apart"]).code(0).prints("far");
    layout(&workspace, &["shares"]).code(100).prints("default@").prints("apart@").prints("over@");
}

#[test]
fn files_of_any_origin() {
    let workspace = workspace("");
    let folder = "examples/shares/fixture";
    let [victim, extra, far] = ["victim", "extra", "far"].map(|name| format!("{folder}/{name}.wat"));
    layout(&workspace, &[&victim, &extra, "--memory", "env.memory"])
        .code(100)
        .prints("extra's data 1026..1028 overwrites victim's data 1026..1028 (\"ll\")")
        .prints("nothing before victim exports env.memory");
    layout(&workspace, &[&victim, &far, "--memory", "env.memory"]).code(0);
    // Names can be given, and what was built is read as well.
    let shown = layout(&workspace, &[&format!("one={victim}"), &format!("two={extra}"), "--format", "json"]);
    let shown = objects(&shown.code(100));
    let overlap = &shown[0]["maps"][0]["overlaps"][0];
    assert_eq!((&overlap["start"], &overlap["end"]), (&1026.into(), &1028.into()));
    assert_eq!(overlap["over"]["owner"], "two");
    assert_eq!(overlap["under"]["bytes"], "hello");
    layout(&workspace, &[&victim, "--memory", "env.memori"]).code(4).says("env.memori");
}

#[test]
fn a_picture() {
    let workspace = workspace("");
    let shown = layout(&workspace, &["shares/case/over", "--format", "svg"]).code(100).stdout_text();
    assert!(shown.starts_with("<svg ") && shown.ends_with("</svg>\n"), "{shown}");
    assert!(shown.contains(">extra's data 1026..1028 overwrites victim's"), "{shown}");
    layout(&workspace, &["shares/case", "--format", "svg"]).code(2).says("EXAMPLE/CASE/FLAG-SET");
}

#[test]
fn what_cannot_be_drawn() {
    let workspace = workspace("");
    layout(&workspace, &["share"]).code(4).says("did you mean `shares`?");
    layout(&workspace, &["shares/case/ovr"]).code(4).says("did you mean `shares/case/over`?");
    layout(&workspace, &[]).code(2);
    layout(&workspace, &["absent.wasm"]).code(4).says("absent.wasm");
    workspace.write("text.wasm", "no module");
    layout(&workspace, &["text.wasm"]).code(2).says("text.wasm: ");
    workspace.write("examples/shares/fixture/extra.wat", "(module (memory");
    layout(&workspace, &["shares/case/over"]).code(101).says("examples/shares/fixture/extra.wat: ");
    fs::remove_file(workspace.path("examples/shares/fixture/extra.wat")).expect("it was there");
    layout(&workspace, &["shares/case/over"]).code(101).says("there is no examples/shares/fixture/extra.wat");
    workspace.program("shares", "fn main() { oops() }");
    layout(&workspace, &["shares/case/over"]).code(101).says("does not build").says("oops");
}

#[test]
fn a_component_shares_nothing() {
    let workspace = Workspace::with_hello();
    workspace.test("--no-run --target wasip2").code(0);
    layout(&workspace, &["target/wasm32-wasip2/example/hello.wasm"]).code(2).says("it is a component");
}

#[test]
fn a_run_warns_of_it() {
    let of_row = "warning: shares/case/over@wasip1: instances lie on one another";
    let workspace = workspace("");
    workspace
        .test("--accept")
        .code(0)
        .says(of_row)
        .says("extra's data 1026..1028 overwrites victim's data")
        .says("cargo xtask layout shares/case/over")
        .does_not_say("shares/case/apart@wasip1");
    workspace.test("--flag-set apart").code(0).does_not_say("warning");
    workspace.test("--target wasip2").code(0).does_not_say("warning");
}

#[test]
fn a_case_may_mean_it() {
    let meant = workspace("overlap = 'expected'");
    meant.test("--accept").code(0).does_not_say("warning");
    // In some of its rows only, nobody can say that it does so in vain.
    meant.test("--flag-set apart").code(0).does_not_say("warning");
    meant.write("examples/shares/fixture/extra.wat", &user(4096, "x"));
    meant.test("").code(0).says("warning: shares/case says overlap = \"expected\", and in none of its rows");
    let wrong = workspace("overlap = 'expectd'");
    wrong.test("").code(2).says("expected");
}

/// What `layout` foretells of the repository's own examples, against their snapshots.
mod reality {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace")
    }

    /// The rows of a case: their names, and the map of the memory or nothing.
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

    /// What the snapshot says the program printed in that row.
    #[track_caller]
    fn printed(case: &str, row: &str) -> Vec<String> {
        let path = root().join("snapshots").join(format!("{case}.snap"));
        let snapshot = fs::read_to_string(path).expect("a snapshot");
        let lines = || snapshot.lines();
        let columns = lines().find(|line| line.trim_start().starts_with(['n', 'w'])).expect("columns");
        let column = columns.split_whitespace().position(|name| name == "wasip1").expect("a column");
        let is_row = |line: &&str| line.split_whitespace().next() == Some(row);
        let row = lines().find(is_row).expect("a row");
        let letter = row.split_whitespace().nth(column + 1).expect("a letter");
        lines()
            .skip_while(|line| !line.starts_with(&format!("{letter}  exit 0")))
            .skip(2)
            .map_while(|line| line.trim_start().strip_prefix('│'))
            .map(String::from)
            .collect()
    }

    fn regions<'a>(map: &'a Value, owner: &str, kind: &str) -> Vec<(Range<usize>, &'a str)> {
        let regions = map["regions"].as_array().expect("regions");
        let is_meant = |region: &&Value| region["owner"] == owner && region["kind"] == kind;
        let number = |value: &Value| usize::try_from(value.as_u64().expect("a number")).expect("an address");
        regions
            .iter()
            .filter(is_meant)
            .map(|region| {
                let range = number(&region["start"])..number(&region["end"]);
                (range, region["bytes"].as_str().unwrap_or_default())
            })
            .collect()
    }

    /// The bytes of the memory after all are instantiated, one after the other.
    fn contents(map: &Value) -> Vec<u8> {
        let mut memory = vec![0; usize::try_from(map["size"].as_u64().expect("a size")).expect("bytes")];
        for user in map["users"].as_array().expect("users") {
            for (range, text) in regions(map, user.as_str().expect("a name"), "data") {
                let bytes = text.replace("\\0", "\0").into_bytes();
                memory[range].copy_from_slice(&bytes);
            }
        }
        memory
    }

    /// What stands where an instance has put its first data, up to the first 0.
    fn text_of(map: &Value, owner: &str) -> String {
        let (range, _) = regions(map, owner, "data").remove(0);
        let memory = contents(map);
        let bytes = memory[range].split(|byte| *byte == 0).next().expect("a part");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    /// docs/EXAMPLE.CASE.ROW.svg is what `layout` draws of that row. UPDATE_DOCS=1 renews them.
    #[test]
    fn pictures_in_documents_are_current() {
        let page = fs::read_to_string(root().join("docs/shared-memory.md")).expect("a page");
        let named: Vec<_> = page.split("](").filter_map(|part| part.split_once(".svg)")).collect();
        assert!(named.len() >= 4, "{named:?}");
        for (name, _) in named {
            let row = name.replace('.', "/");
            let workspace = Workspace::new();
            let drawn = workspace.xtask_in(root()).args(["layout", &row, "--format", "svg"]).assert();
            let file = root().join(format!("docs/{name}.svg"));
            if std::env::var_os("UPDATE_DOCS").is_some() {
                fs::write(&file, drawn.stdout_text()).expect("a written picture");
            }
            let current = fs::read_to_string(&file).unwrap_or_default() == drawn.stdout_text();
            assert!(current, "docs/{name}.svg is not what layout draws: UPDATE_DOCS=1 cargo test pictures");
        }
    }

    #[test]
    fn a_segment_is_written_at_instantiation() {
        let rows = rows("data-segment/bytes", "env.memory");
        assert_eq!(rows.len(), 2);
        for (row, map) in rows {
            let bytes: Vec<_> = contents(&map)[..8].iter().map(u8::to_string).collect();
            assert_eq!(printed("data-segment/bytes", &row), [bytes.join(" ")], "{row}");
        }
    }

    #[test]
    fn an_overwritten_constant() {
        for (case, at_least) in [("overwritten-constant/orders", 3), ("overwritten-constant/cure", 2)] {
            let rows = rows(case, "env.memory");
            assert!(rows.len() >= at_least, "{rows:?}");
            for (row, map) in rows {
                let says = format!("the victim says {}", text_of(&map, "victim"));
                assert_eq!(printed(case, &row), [says], "{case}/{row}");
            }
        }
    }

    #[test]
    fn the_walk_of_the_stack() {
        let rows = rows("stack-walk/look", "library.memory");
        let (row, map) = &rows[0];
        let (stack, _) = regions(map, "library", "stack").remove(0);
        // Eight buffers fit exactly, and one more goes below 0: nothing holds it up.
        let buffers = 1..=stack.len() / 8192 + 1;
        let walk: Vec<_> = buffers
            .map(|number| stack.end.cast_signed() - 8192 * number.cast_signed())
            .map(|address| format!("{address} {address}"))
            .collect();
        assert_eq!((rows.len(), walk.len()), (1, 9));
        assert_eq!(printed("stack-walk/look", row), walk);
    }

    #[test]
    fn everything_at_once() {
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
                // Where the stacks are one place, the library's buffer lies on the greeter's.
                let overlaps = map["overlaps"].as_array().expect("overlaps");
                let stacks = |overlap: &&Value| {
                    overlap["over"]["kind"] == "stack" && overlap["under"]["kind"] == "stack"
                };
                let says = match overlaps.iter().find(stacks) {
                    Some(_) => text_of(&map, "abc-library"),
                    None => "hello".to_string(),
                };
                assert_eq!(printed(case, &row), [says], "{case}/{row}");
            }
        }
    }
}
