//! Starts itself as another program, in the ways that std provides.

use std::env;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};

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
        Some("output") => {
            let mut command = Command::new(&args[0]);
            command.args(["child", "of output"]).env("GREETING", "hi");
            say(
                "output",
                command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()),
            );
        }
        Some("pipes") => {
            let mut command = Command::new(&args[0]);
            command.arg("child").arg("of pipes");
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            say("spawn", command.spawn().and_then(talk));
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
            command
                .arg("--flag")
                .args(["two words"])
                .env("KEY", "value")
                .env_remove("GONE")
                .current_dir("inner");
            println!("{command:?}");
            println!("{:?} {:?}", command.get_program(), command.get_args().collect::<Vec<_>>());
            println!("{:?} {:?}", command.get_envs().collect::<Vec<_>>(), command.get_current_dir());
        }
        _ => eprintln!("usage: process-command output|pipes|missing|no-status|describe"),
    }
    Ok(())
}

/// Writes to a child, and returns what it answers, and how it ended.
fn talk(mut child: Child) -> io::Result<(String, bool, Option<i32>)> {
    // The temporary is dropped after the line, which closes the pipe.
    child.stdin.take().unwrap().write_all(b"a question")?;
    let mut answer = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answer)?;
    let status = child.wait()?;
    Ok((answer, status.success(), status.code()))
}

fn say<T: std::fmt::Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {:?} ({:?}): {error}", error.kind(), error.raw_os_error()),
    }
}
