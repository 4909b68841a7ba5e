//! Runs a future to completion on the only thread, which parks while the future is not ready.

use std::env;
use std::future::{self, Future};
use std::pin::pin;
use std::process;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Ready when it is polled for the third time; before that it wakes its task, if `wakes` is set.
fn third_poll(wakes: bool) -> impl Future<Output = u32> {
    let mut polls = 0;
    future::poll_fn(move |context| {
        polls += 1;
        match polls {
            3 => return Poll::Ready(polls),
            _ if wakes => context.waker().wake_by_ref(),
            _ => {}
        }
        Poll::Pending
    })
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("wakes") => println!("ready at poll {}", block_on(third_poll(true))),
        Some("forgets") => {
            watch();
            println!("ready at poll {}", block_on(third_poll(false)));
        }
        _ => eprintln!("usage: task-block-on wakes|forgets"),
    }
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
