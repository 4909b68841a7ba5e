//! Prints the CRC-32 of a file. It maps the file into memory (`mapped`), or maps it if possible and
//! otherwise reads it (`either`).

use std::env;
use std::fs::{self, File};
use std::io;
use std::process::ExitCode;

use memmap2::Mmap;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [how, path] = args.as_slice() else {
        return ExitCode::from(2);
    };
    let sum = match how.as_str() {
        "mapped" => mapped(path),
        "either" => mapped(path).or_else(|error| {
            eprintln!("checksum: reading {path} instead: {error}");
            read(path)
        }),
        _ => return ExitCode::from(2),
    };
    match sum {
        Ok(sum) => {
            println!("{sum:08x}  {path}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("checksum: {path}: {error} [{:?}]", error.kind());
            ExitCode::FAILURE
        }
    }
}

fn read(path: &str) -> io::Result<u32> {
    fs::read(path).map(|bytes| crc32fast::hash(&bytes))
}

#[expect(unsafe_code, reason = "there is no other way to map a file")]
fn mapped(path: &str) -> io::Result<u32> {
    let file = File::open(path)?;
    // SAFETY: Only this program uses the file, and nothing changes it while it is mapped.
    let map = unsafe { Mmap::map(&file) }?;
    Ok(crc32fast::hash(&map))
}
