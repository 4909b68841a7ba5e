//! Converts JSON to TOML and TOML to JSON, from a file or from stdin, or reads settings from JSON.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is only printed")]
struct Settings {
    /// A common type for a number of bytes. It has 32 bits on wasm32.
    limit: usize,
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match convert(&args) {
        Ok(text) => {
            println!("{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("convert: {}", error.to_string().trim_end());
            ExitCode::FAILURE
        }
    }
}

fn convert(args: &[&str]) -> Result<String, Box<dyn Error>> {
    let text = match args.get(1) {
        Some(path) => fs::read_to_string(path)?,
        None => io::read_to_string(io::stdin())?,
    };
    Ok(match args.first() {
        Some(&"to-toml") => toml::to_string(&serde_json::from_str::<Value>(&text)?)?,
        Some(&"to-json") => serde_json::to_string_pretty(&toml::from_str::<Value>(&text)?)?,
        Some(&"settings") => format!("{:?}", serde_json::from_str::<Settings>(&text)?),
        _ => return Err("usage: convert to-toml|to-json|settings [PATH]".into()),
    })
}
