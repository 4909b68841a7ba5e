//! Supports some systems only, in the two common ways of expressing that.

#[cfg(target_env = "p1")]
compile_error!("wasip1 is not supported");

#[cfg(unix)]
fn system() -> &'static str {
    "Unix"
}

// Like many existing programs, this one knows wasip1 as the only WASI.
#[cfg(all(target_os = "wasi", target_env = "p1"))]
fn system() -> &'static str {
    "WASI"
}

fn main() {
    println!("running under {}", system());
}
