//! Ends in the way that its arguments specify.

use std::env;
use std::io::{self, Write};
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
        [how, code] if how == "with-code" => {
            let code = u8::try_from(number(code)?).map_err(|error| error.to_string())?;
            print!("this is flushed");
            io::stdout().flush().map_err(|error| error.to_string())?;
            exit_with(code)
        }
        _ => Err("usage: exit-code exit|return|with-code CODE".into()),
    }
}

/// Exits with this code, also where wasi-libc does not pass it on. Nothing that is buffered is written.
fn exit_with(code: u8) -> ! {
    #[cfg(all(target_os = "wasi", target_env = "p2"))]
    wasip2::cli::exit::exit_with_code(code);
    process::exit(code.into())
}
