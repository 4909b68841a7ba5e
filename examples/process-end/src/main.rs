//! Ends in the way that its argument specifies, while a value is still to be dropped.

use std::env;
use std::fmt;
use std::process::{self, ExitCode, Termination};

struct Guard(&'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        println!("dropped: {}", self.0);
    }
}

/// An error with a Debug text that is not meant for users.
struct Failure;

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Failure, as Debug tells it\nin two lines")
    }
}

/// What main returns.
enum End {
    Code(u8),
    Result(Result<ExitCode, Failure>),
}

impl Termination for End {
    fn report(self) -> ExitCode {
        match self {
            End::Code(code) => ExitCode::from(code),
            End::Result(result) => result.report(),
        }
    }
}

fn main() -> End {
    let _guard = Guard("main's own");
    match env::args().nth(1).as_deref() {
        Some("return") => End::Code(0),
        Some("exit") => process::exit(0),
        Some("exit-in-drop") => {
            struct Exits;
            impl Drop for Exits {
                fn drop(&mut self) {
                    process::exit(1);
                }
            }
            let _exits = Exits;
            End::Code(0)
        }
        Some("custom") => End::Code(1),
        Some("err") => End::Result(Err(Failure)),
        _ => End::Code(2),
    }
}
