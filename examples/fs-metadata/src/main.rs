//! Reads and sets the metadata of files.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File, FileTimes};
use std::io;
use std::time::{Duration, SystemTime};

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("readonly") => readonly(),
        Some("set-permissions") => set_permissions(),
        Some("copy") => copy(),
        Some("copy-mode") => copy_mode(),
        Some("copy-private") => copy_private(),
        Some("times") => times(),
        Some("odd-times") => odd_times(),
        Some("created") => created(),
        Some("types") => types(),
        Some("lengths") => lengths(),
        _ => {
            eprintln!(
                "usage: fs-metadata readonly|set-permissions|copy|copy-mode|copy-private|times|odd-times|created|types|lengths"
            );
            Ok(())
        }
    }
}

/// Only asks, and writes to what is said to be read-only.
fn readonly() -> io::Result<()> {
    fs::write("file", "text")?;
    println!("a new file is read-only: {}", fs::metadata("file")?.permissions().readonly());
    println!("a directory is read-only: {}", fs::metadata(".")?.permissions().readonly());
    show("write the file", fs::write("file", "other text"));
    Ok(())
}

fn set_permissions() -> io::Result<()> {
    fs::write("file", "text")?;
    let fresh = fs::metadata("file")?.permissions();
    let mut permissions = fresh.clone();
    permissions.set_readonly(true);
    show("make it read-only", fs::set_permissions("file", permissions.clone()));
    println!("it is read-only: {}", fs::metadata("file")?.permissions().readonly());
    show("File::set_permissions", File::open("file")?.set_permissions(permissions));
    show("as it was", fs::set_permissions("file", fresh));
    println!("it is read-only: {}", fs::metadata("file")?.permissions().readonly());
    Ok(())
}

fn copy() -> io::Result<()> {
    fs::write("file", "text")?;
    show("copy it", fs::copy("file", "copy"));
    fs::write("other", "other text")?;
    show("copy onto itself", fs::copy("other", "other"));
    show("what is left", fs::read_to_string("other"));
    show("copy onto a directory", fs::copy("copy", "."));
    show("copy into a directory that is not there", fs::copy("copy", "missing/copy"));
    Ok(())
}

/// Copies a program. What std sees of its mode is shown; on WASI that is only the type of the file.
fn copy_mode() -> io::Result<()> {
    println!("the program: {:?}", fs::metadata("program")?.permissions());
    show("copy it", fs::copy("program", "copy"));
    println!("the copy: {:?}", fs::metadata("copy")?.permissions());
    // A hard link is the same file, and keeps its mode.
    show("link it", fs::hard_link("program", "link"));
    Ok(())
}

/// Copies a file that only its owner may read (mode 0400). Linux shows a process its own environment in it.
fn copy_private() -> io::Result<()> {
    fs::copy("/proc/self/environ", "copy")?;
    println!("copied");
    Ok(())
}

fn times() -> io::Result<()> {
    fs::write("file", "text")?;
    let file = File::options().write(true).open("file")?;
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let report = || -> io::Result<()> {
        let metadata = fs::metadata("file")?;
        println!(
            "    accessed {}, modified {}",
            seconds(metadata.accessed()?),
            seconds(metadata.modified()?)
        );
        Ok(())
    };
    show("set both", file.set_times(FileTimes::new().set_accessed(at(1)).set_modified(at(2))));
    report()?;
    show("set_modified", file.set_modified(at(3)));
    report()?;
    show("set only accessed", file.set_times(FileTimes::new().set_accessed(at(4))));
    report()?;
    show("set nothing", file.set_times(FileTimes::new()));
    report()?;
    drop(file);
    show("by a handle that only reads", File::open("file")?.set_modified(at(5)));
    report()?;
    fs::create_dir("subdir")?;
    show("a directory's", File::open("subdir")?.set_modified(at(6)));
    println!("    modified {}", seconds(fs::metadata("subdir")?.modified()?));
    fs::write("subdir/inside", "text")?;
    println!("a file in it makes it newer: {}", fs::metadata("subdir")?.modified()? > at(6));
    fs::write("file", "other text")?;
    println!("writing makes it newer: {}", fs::metadata("file")?.modified()? > at(6));
    Ok(())
}

fn odd_times() -> io::Result<()> {
    fs::write("file", "text")?;
    let file = File::options().write(true).open("file")?;
    let epoch = SystemTime::UNIX_EPOCH;
    for (what, time) in [
        ("the epoch", Some(epoch)),
        ("a second before it", epoch.checked_sub(Duration::from_secs(1))),
        ("2100", epoch.checked_add(Duration::from_secs(4_102_444_800))),
    ] {
        let Some(time) = time else {
            println!("{what}: SystemTime has no such time");
            continue;
        };
        show(what, file.set_modified(time));
        show("    is what it has", fs::metadata("file").and_then(|found| Ok(found.modified()? == time)));
    }
    Ok(())
}

fn created() -> io::Result<()> {
    fs::write("file", "text")?;
    let metadata = fs::metadata("file")?;
    show("accessed", metadata.accessed().map(|_| "some time"));
    show("modified", metadata.modified().map(|_| "some time"));
    show("created", metadata.created().map(|_| "some time"));
    Ok(())
}

fn types() -> io::Result<()> {
    fs::metadata("/dev")?;
    for path in ["/dev", "/dev/null", "/dev/stdin", "/proc/self/exe"] {
        show(path, fs::symlink_metadata(path).map(|found| kind(&found)));
        show("    followed", fs::metadata(path).map(|found| kind(&found)));
    }
    let open = File::open("/dev/null")?.metadata()?;
    println!("/dev/null, opened: {:?}, length {}", kind(&open), open.len());
    Ok(())
}

fn lengths() -> io::Result<()> {
    fs::write("file", "text")?;
    println!("file: {}", fs::metadata("file")?.len());
    fs::write("empty", "")?;
    println!("empty: {}", fs::metadata("empty")?.len());
    File::create("huge")?.set_len(5 << 30)?;
    println!("5 GiB of nothing: {}", fs::metadata("huge")?.len());
    fs::remove_file("huge")?;
    fs::write("binary", [b'a', 0xff, b'b'])?;
    show("text of what is no text", fs::read_to_string("binary"));
    show("its bytes", fs::read("binary"));
    Ok(())
}

fn kind(metadata: &fs::Metadata) -> &'static str {
    match metadata.file_type() {
        kind if kind.is_symlink() => "a link",
        kind if kind.is_dir() => "a directory",
        kind if kind.is_file() => "a file",
        _ => "something else",
    }
}

/// A time in whole seconds: the precision that file systems store differs.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
