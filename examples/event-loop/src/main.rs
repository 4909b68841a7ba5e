//! Runs tasks on tokio's single-threaded runtime.

use std::env;
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("main") {
        async_main();
        return ExitCode::SUCCESS;
    }
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match env::args().nth(1).as_deref() {
        Some("timers") => runtime.block_on(timers()),
        Some("channel") => runtime.block_on(channel()),
        Some("io") => runtime.block_on(io()),
        Some("blocking") => runtime.block_on(blocking()),
        Some("forever") => {
            watch();
            runtime.block_on(forever());
        }
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}

/// An asynchronous `main`. Without the flavor, the macro wants a runtime that starts threads.
#[tokio::main(flavor = "current_thread")]
async fn async_main() {
    let (one, other) = tokio::join!(async { 1 }, async { 2 });
    println!("joined {one} and {other}");
    tokio::select! {
        () = sleep_until(Instant::now() + Duration::from_millis(1)) => println!("the timer ends first"),
        () = std::future::pending() => println!("something else ends first"),
    }
}

async fn timers() {
    // All deadlines count from one moment, so that tasks end in this order even if the system is late.
    let start = Instant::now();
    let tasks = [40, 1, 20].map(|milliseconds| {
        tokio::spawn(async move {
            sleep_until(start + Duration::from_millis(milliseconds)).await;
            println!("after {milliseconds} ms");
        })
    });
    for task in tasks {
        task.await.expect("no task fails");
    }
}

async fn channel() {
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for number in 1..=3 {
            sender.send(number).await.expect("someone receives");
        }
    });
    while let Some(number) = receiver.recv().await {
        println!("received {number}");
    }
}

/// Reads lines from a pipe within the program. tokio's files and standard streams need threads.
async fn io() {
    let (mut writer, reader) = duplex(8);
    tokio::spawn(async move {
        writer.write_all(b"one\ntwo\n").await.expect("someone reads");
    });
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await.expect("the pipe does not fail") {
        println!("read {line}");
    }
}

async fn blocking() {
    let sum = tokio::task::spawn_blocking(|| (1..=100).sum::<u32>()).await;
    println!("the sum is {sum:?}");
}

/// Waits for a message that is never sent.
async fn forever() {
    let (_sender, receiver) = oneshot::channel::<()>();
    println!("received {:?}", receiver.await);
}

/// Ends the program if it is still waiting after a while. This takes a thread; where threads are
/// not available, the wait has to end by itself.
fn watch() {
    let end = || {
        thread::sleep(Duration::from_millis(100));
        println!("still waiting after 100 ms");
        process::exit(1);
    };
    let _ = thread::Builder::new().spawn(end);
}
