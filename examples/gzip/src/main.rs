//! Compresses and decompresses with flate2: stdin to stdout, or a file to a file beside it with the same
//! permissions, as gzip does.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::process::ExitCode;

use flate2::Compression;
use flate2::bufread::{GzDecoder, GzEncoder};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["compress"] => io::copy(&mut compressed(io::stdin().lock()), &mut io::stdout()).map(|_| ()),
        ["decompress"] => io::copy(&mut GzDecoder::new(io::stdin().lock()), &mut io::stdout()).map(|_| ()),
        ["compress", path] => write(path, &format!("{path}.gz"), compressed),
        ["decompress", path] => write(path, path.trim_end_matches(".gz"), GzDecoder::new),
        ["count", path] => count(path),
        _ => Err(io::Error::other("usage: gzip compress|decompress|count [PATH]")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gzip: {error} [{:?}]", error.kind());
            ExitCode::FAILURE
        }
    }
}

fn compressed<R: io::BufRead>(read: R) -> GzEncoder<R> {
    GzEncoder::new(read, Compression::best())
}

fn write<R: Read>(from: &str, to: &str, coder: impl FnOnce(io::BufReader<File>) -> R) -> io::Result<()> {
    let file = File::open(from)?;
    let permissions = file.metadata()?.permissions();
    let bytes = io::copy(&mut coder(io::BufReader::new(file)), &mut File::create_new(to)?)?;
    println!("{to}: {bytes} bytes");
    fs::set_permissions(to, permissions)
        .map_err(|error| io::Error::new(error.kind(), format!("{to}: permissions not kept: {error}")))
}

/// Decompresses into memory, with no limit on how much that may become.
fn count(path: &str) -> io::Result<()> {
    let mut bytes = Vec::new();
    GzDecoder::new(io::BufReader::new(File::open(path)?)).read_to_end(&mut bytes)?;
    println!("{path}: {} bytes", bytes.len());
    Ok(())
}
