//! Reads its settings from where users keep them: the folder that dirs names, or without dirs the
//! folder in HOME (`home`).

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folder = match env::args().nth(1).as_deref() {
        Some("dirs") => dirs::config_dir(),
        Some("home") => env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")),
        _ => return ExitCode::from(2),
    };
    let Some(folder) = folder else {
        println!("colour = grey (there is no folder for settings)");
        return ExitCode::SUCCESS;
    };
    let path = folder.join("settings/settings.txt");
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
