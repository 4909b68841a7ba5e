//! Is written for some systems only, in the two ways in which people do that.

#[cfg(target_env = "p1")]
compile_error!("wasip1 is not supported");

#[cfg(unix)]
fn system() -> &'static str {
    "Unix"
}

// As many programs were written, this one knows wasip1 as the only WASI.
#[cfg(all(target_os = "wasi", target_env = "p1"))]
fn system() -> &'static str {
    "WASI"
}

fn main() {
    println!("running under {}", system());
}
