//! An example is alone: which features of a shared dependency others ask for changes nothing about it.

use super::support::*;

/// What a crate outside of the examples does depends on its features. One of them does not compile for WASI.
const SHARED: &str = r#"
#[cfg(all(feature = "native-only", target_family = "wasm"))]
compile_error!("native-only is only for native");

#[cfg(all(feature = "other", target_family = "wasm"))]
compile_error!("other is not for wasm, either");

pub fn is_loud() -> bool {
    cfg!(feature = "loud")
}
"#;

const PROGRAM: &str = r#"fn main() { println!("{}", if shared::is_loud() { "LOUD" } else { "quiet" }); }"#;

/// Adds an example that needs the shared crate with these features.
fn add(workspace: &Workspace, name: &str, features: &str) {
    workspace.example(name, PROGRAM, "[default]\n");
    let manifest = format!("examples/{name}/Cargo.toml");
    let dependency =
        format!("[dependencies]\nshared = {{ path = \"../../shared\", features = [{features}] }}\n");
    workspace.write(&manifest, &format!("{}{dependency}", workspace.read(&manifest)));
}

#[test]
fn features_that_others_ask_for_change_nothing() {
    let workspace = Workspace::new();
    let features = "loud = []\nnative-only = []\nother = []\n";
    let manifest = format!("[package]\nname = \"shared\"\nedition = \"2024\"\n[features]\n{features}");
    workspace.write("shared/Cargo.toml", &manifest);
    workspace.write("shared/src/lib.rs", SHARED);
    workspace.member("shared");
    add(&workspace, "quiet", "");
    workspace.test("--accept").code(0);
    let before = workspace.read("snapshots/quiet/default.snap");
    assert!(before.contains("│quiet"), "{before}");

    add(&workspace, "loud", "\"loud\"");
    add(&workspace, "native", "\"loud\", \"native-only\"");
    add(&workspace, "nowhere", "\"other\"");
    workspace.test("--accept").code(0);
    assert_eq!(workspace.read("snapshots/quiet/default.snap"), before);
    let [loud, native, nowhere] =
        ["loud", "native", "nowhere"].map(|name| workspace.read(&format!("snapshots/{name}/default.snap")));
    assert!(loud.contains("default      A       A       A\n"), "{loud}");
    assert!(loud.contains("│LOUD"), "{loud}");
    // Each has the error of its own features, although both are errors of the same crate in one call of cargo.
    assert!(native.contains("does not build: error: native-only is only for native"), "{native}");
    assert!(nowhere.contains("does not build: error: other is not for wasm, either"), "{nowhere}");
}
