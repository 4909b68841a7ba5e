//! Captures a backtrace, and prints whether it has any content.

use std::backtrace::Backtrace;

fn main() {
    look("capture", &Backtrace::capture());
    look("force_capture", &Backtrace::force_capture());
    look("disabled", &Backtrace::disabled());
}

fn look(how: &str, backtrace: &Backtrace) {
    let text = backtrace.to_string();
    println!("{how}: {:?}, tells of main: {}", backtrace.status(), text.contains("main"));
    if text.lines().count() < 2 {
        println!("{text:?}");
    }
}
