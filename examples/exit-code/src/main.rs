//! Ends in the way that its arguments specify.

use std::env;
use std::process::{self, ExitCode};

fn main() -> Result<ExitCode, String> {
    let args: Vec<String> = env::args().skip(1).collect();
    let number = |text: &String| text.parse::<i32>().map_err(|error| error.to_string());
    match args.as_slice() {
        [how, code] if how == "exit" => process::exit(number(code)?),
        [how, code] if how == "return" => {
            let code = u8::try_from(number(code)?).map_err(|error| error.to_string())?;
            Ok(ExitCode::from(code))
        }
        _ => Err("usage: exit-code exit|return CODE".into()),
    }
}
