//! Takes a backtrace, and says whether there is something in it.

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
