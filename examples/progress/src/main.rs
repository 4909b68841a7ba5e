//! Shows with indicatif how far it is, which is visible if stderr is a terminal.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};

fn main() -> ExitCode {
    let bar = ProgressBar::with_draw_target(Some(3), ProgressDrawTarget::stderr());
    match env::args().nth(1).as_deref() {
        Some("steps") => {}
        // Redraws the bar ten times a second, whether something happens or not.
        Some("steady") => bar.enable_steady_tick(Duration::from_millis(100)),
        _ => return ExitCode::from(2),
    }
    for _ in 0..3 {
        bar.inc(1);
    }
    bar.finish();
    println!("{} of {} steps are done", bar.position(), bar.length().unwrap_or_default());
    ExitCode::SUCCESS
}
