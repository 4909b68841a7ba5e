//! Creates files whose names are not UTF-8, as Linux allows: a name is any bytes except `/` and NUL.

use std::ffi::OsStr;
use std::fmt::Debug;
use std::fs;
use std::io;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
#[cfg(target_os = "wasi")]
use std::os::wasi::ffi::OsStrExt;
use std::path::Path;

fn main() -> io::Result<()> {
    fs::create_dir("new")?;
    let odd = |bytes| Path::new("new").join(OsStr::from_bytes(bytes));
    show("create \\xff", fs::write(odd(b"\xff"), "text\n"));
    show("create a lone surrogate", fs::write(odd(b"\xed\xa0\x80"), "text\n"));
    show("open \\xff", fs::read_to_string(odd(b"\xff")));
    show("exists \\xff", fs::exists(odd(b"\xff")));
    show("rename \\xff", fs::rename(odd(b"\xff"), "new/plain"));
    show("make the directory \\xff", fs::create_dir(odd(b"\xff")));
    show("list", fs::read_dir("new").map(Iterator::count));
    Ok(())
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
