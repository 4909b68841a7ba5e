//! Starts itself as another program, in the ways that std has.

use std::env;
use std::io::{self, Write};
use std::process::{Command, ExitStatus, Stdio};

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("child") => {
            println!("the child's arguments: {:?}", &args[2..]);
            println!("its GREETING: {:?}", env::var("GREETING").ok());
            println!("it read: {:?}", io::read_to_string(io::stdin())?);
            eprintln!("on its stderr");
            std::process::exit(3);
        }
        Some("status") => {
            let status = Command::new(&args[0]).args(["child", "of status"]).stderr(Stdio::null()).status();
            say("status", status.map(|status| status.code()));
        }
        Some("output") => {
            let mut command = Command::new(&args[0]);
            command.args(["child", "of output"]).env("GREETING", "hi");
            say(
                "output",
                command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()),
            );
        }
        Some("spawn") => {
            let mut command = Command::new(&args[0]);
            command.arg("child").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            match command.spawn() {
                Err(error) => say::<()>("spawn", Err(error)),
                Ok(mut child) => {
                    child.stdin.take().expect("it is a pipe").write_all(b"a word")?;
                    let output = child.wait_with_output()?;
                    print!("{}", String::from_utf8_lossy(&output.stdout));
                    println!("{}", output.status);
                }
            }
        }
        Some("missing") => {
            say("status", Command::new("/no/such/program").status().map(|status| status.code()))
        }
        Some("no-status") => {
            let status = ExitStatus::default();
            println!("{status}: success {}, code {:?}", status.success(), status.code());
        }
        Some("describe") => {
            let mut command = Command::new("tool");
            command.args(["--flag", "two words"]).env("KEY", "value").env_remove("GONE").current_dir("inner");
            println!("{command:?}");
            println!("{:?} {:?}", command.get_program(), command.get_args().collect::<Vec<_>>());
            println!("{:?} {:?}", command.get_envs().collect::<Vec<_>>(), command.get_current_dir());
        }
        _ => eprintln!("usage: process-command status|output|spawn|missing|no-status|describe"),
    }
    Ok(())
}

fn say<T: std::fmt::Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {:?} ({:?}): {error}", error.kind(), error.raw_os_error()),
    }
}
