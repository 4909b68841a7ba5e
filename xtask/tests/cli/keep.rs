//! `cargo xtask check --keep`: examples that are made of programs that were checked.

use crate::support::{AssertOutput, HELLO, Workspace};

/// Prints a file, a variable and its input, with its library and a feature.
const PROGRAM: &str = r#"
fn main() {
    let name = std::env::args().nth(1).expect("a name");
    let text = std::fs::read_to_string(&name).unwrap_or_else(|error| error.kind().to_string());
    print!("{}{text}", reader_lib::greeting());
    println!("{:?} {}", std::env::var("MODE"), env!("CARGO_PKG_VERSION"));
    std::io::copy(&mut std::io::stdin(), &mut std::io::stdout()).expect("input");
}
"#;

struct Outside(tempfile::TempDir);

impl Outside {
    fn new(dependencies: &str) -> Outside {
        let outside = Outside(tempfile::tempdir().unwrap());
        let manifest = "[package]\nname = \"reader\"\nversion.workspace = true\nedition = \"2024\"\n\n[workspace]\n\
            [workspace.package]\nversion = \"1.2.3\"\n\n[lib]\nname = \"reader_lib\"\n\n[features]\nloud = []\n";
        outside.write("Cargo.toml", &format!("{manifest}\n[dependencies]\n{dependencies}\n"));
        outside.write("src/main.rs", PROGRAM);
        let library = "pub fn greeting() -> &'static str { if cfg!(feature = \"loud\") { \"HEY\\n\" } else { \"hey\\n\" } }";
        outside.write("src/lib.rs", library);
        outside.write("tests/broken.rs", "not compiled");
        outside.write("data/sub/a.txt", "a letter\n");
        outside
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> String {
        self.0.path().join(path).to_str().unwrap().into()
    }
}

#[test]
fn kept_program_is_an_example_that_does_the_same() {
    let (workspace, outside) = (Workspace::with_hello(), Outside::new(""));
    outside.write("input", "say \"hi\"\\\n");
    let (package, data, input) = (outside.path(""), outside.path("data"), outside.path("input"));
    let args = ["--cwd", &data, "--stdin", &input, "--env", "MODE=a b", "--features", "loud"];
    workspace
        .xtask()
        .args(["check", &package, "--keep", "kept"])
        .args(args)
        .args(["--flags", "fuel=-W fuel=100000000", "--", "sub/a.txt"])
        .assert()
        .code(0)
        .prints("  wasip1   the same as native with --dir=sub --env=MODE\n")
        .says("Kept in examples/kept; next: cargo xtask test kept/\n");
    assert_eq!(
        workspace.read("examples/kept/cases.toml"),
        "#:schema ../../xtask/cases.schema.json\n\n[default]\nabout = \"reader 1.2.3 with these arguments\"\n\
         baseline = \"grants\"\nargs = [\"sub/a.txt\"]\nstdin = \"say \\\"hi\\\"\\\\\\n\"\nenv.\"MODE\" = \"a b\"\n\
         flags.fuel = [\"-W\", \"fuel=100000000\"]\n\
         grant.grants = { dirs = [\"sub\"], env = [\"MODE\"] }\n"
    );
    workspace.test("kept/ --accept").code(0);
    let snapshot = workspace.read("snapshots/kept/default.snap");
    assert!(snapshot.contains("grants       ·       A       A     --dir=sub --env=MODE\n"), "{snapshot}");
    assert!(
        snapshot.contains("│HEY\n   │a letter\n   │Ok(\"a b\") 1.2.3\n   │say \"hi\"\\\\\n"),
        "{snapshot}"
    );
    let again = workspace.xtask().args(["check", &package, "--keep", "kept"]).assert();
    again.code(2).says("examples/kept already has this name\nhelp: choose another name");
}

#[test]
fn kept_cases_of_a_file_are_that_file() {
    let (workspace, outside) = (Workspace::with_hello(), Outside::new(""));
    outside.write(
        "my.toml",
        "# Two of them.\n[one]\nabout = 'x'\nargs = ['x']\n[two]\nabout = 'y'\nargs = ['y']\n",
    );
    let (package, file) = (outside.path(""), outside.path("my.toml"));
    let line = ["check", &package, "--keep", "kept", "--target", "wasip1", "--cases", &file];
    workspace.xtask().args(line).assert().code(0);
    let text = workspace.read("examples/kept/cases.toml");
    assert!(text.starts_with("#:schema ") && text.contains("\n# Two of them.\n[one]\n"), "{text}");
    workspace.test("kept/two --accept").code(0);
}

#[test]
fn what_cannot_be_kept_is_refused_before_it_runs() {
    let workspace = Workspace::with_hello();
    let outside = Outside::new("inner = { path = \"inner\" }");
    outside.write("inner/Cargo.toml", "[package]\nname = \"inner\"\nedition = \"2024\"\n");
    outside.write("inner/src/lib.rs", "");
    let before = workspace.files();
    let package = outside.path("");
    let keep = |name: &str, args: &[&str]| {
        workspace.xtask().args(["check", "--keep", name]).args(args).assert().code(2).does_not_say("Building")
    };
    keep("kept", &[&package]).says("cannot keep reader as an example: it depends on `inner` by path (");
    keep("Kept!", &[&package]).says("`Kept!` is not a valid name");
    keep("hello", &[&package]).says("examples/hello already has this name");
    let elsewhere = Outside::new("");
    elsewhere.write("src/bin/other.rs", HELLO);
    let package = elsewhere.path("");
    keep("kept", &[&package, "--bin", "other"]).says("its program is not in src/main.rs");
    elsewhere.write("fixture/x", "");
    keep("kept", &[&package, "--bin", "reader"])
        .says("it has `fixture`, which means something else in an example");
    let wasm = elsewhere.path("x.wasm");
    elsewhere.write("x.wasm", "\0asm\u{1}\0\0\0");
    keep("kept", &["--native", &wasm, "--wasm", &wasm]).says("a finished program has no source");
    assert_eq!(workspace.files(), before);
}
