//! Greets someone, with options that clap parses.

use clap::{Arg, ArgAction, Command, value_parser};

fn main() {
    let matches = Command::new("cli")
        .about("Greets somebody once, or as often as an option or a variable says, with a line for each greeting")
        .arg(Arg::new("name").required(true).help("Whom to greet"))
        .arg(
            Arg::new("times")
                .long("times")
                .env("TIMES")
                .default_value("1")
                .value_parser(value_parser!(u8))
                .help("How often to greet"),
        )
        .arg(Arg::new("shout").long("shout").action(ArgAction::SetTrue).help("Greets in capital letters"))
        .get_matches();
    let mut greeting = format!("Hello, {}!", matches.get_one::<String>("name").expect("required"));
    if matches.get_flag("shout") {
        greeting = greeting.to_uppercase();
    }
    for _ in 0..*matches.get_one::<u8>("times").expect("has a default") {
        println!("{greeting}");
    }
}
