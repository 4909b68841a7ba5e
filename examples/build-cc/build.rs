//! Compiles the C source for the target of the program.

fn main() {
    println!("cargo::rerun-if-changed=src/child.c");
    cc::Build::new().file("src/child.c").compile("child");
}
