//! Reads its settings from the user's directory for them: the one that dirs names, or without dirs the
//! one in HOME (`home`).

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let directory = match env::args().nth(1).as_deref() {
        Some("dirs") => dirs::config_dir(),
        Some("home") => env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")),
        _ => return ExitCode::from(2),
    };
    let Some(directory) = directory else {
        println!("colour = grey (there is no directory for settings)");
        return ExitCode::SUCCESS;
    };
    let path = directory.join("settings/settings.txt");
    match fs::read_to_string(&path) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("settings: {}: {error} [{:?}]", path.display(), error.kind());
            ExitCode::FAILURE
        }
    }
}
