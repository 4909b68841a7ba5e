//! Tries something until it succeeds, with the `backon` crate, which sleeps with tokio's timers in between.

use std::cell::Cell;

use backon::{ConstantBuilder, Retryable};
use tokio::runtime::Builder;

fn main() -> std::io::Result<()> {
    let attempts = Cell::new(0);
    let attempt = || async {
        attempts.set(attempts.get() + 1);
        if attempts.get() < 3 { Err("not yet") } else { Ok("done") }
    };
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let result = runtime.block_on(async { attempt.retry(ConstantBuilder::default()).await });
    println!("{result:?} after {} attempts", attempts.get());
    Ok(())
}
