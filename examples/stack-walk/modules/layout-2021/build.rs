//! The layout that was wasm-ld's default until LLVM 22: data first, then a stack of 64 KiB.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("p1") {
        // The default is 1024. The constant takes the 16 bytes before, so that the stack ends at 1024.
        let layout = ["--global-base=1008", "-zstack-size=65536", "--no-stack-first", "--export=__stack_low"];
        for arg in ["--import-table", "--export=__stack_pointer"].into_iter().chain(layout) {
            println!("cargo::rustc-cdylib-link-arg={arg}");
        }
    }
}
