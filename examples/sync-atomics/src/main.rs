//! Counts with atomic numbers, or prints the sizes of the types of `std::sync`.

use std::cell::OnceCell;
use std::env;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, fence};
use std::sync::{Arc, Barrier, Condvar, Mutex, Once, OnceLock, RwLock};

macro_rules! sizes {
    ($($type:ty),+) => {{
        $(println!("{} {}, aligned to {}", stringify!($type), size_of::<$type>(), align_of::<$type>());)+
    }};
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("count") => {
            let (small, large) = (AtomicU8::new(255), AtomicU64::new(u64::from(u32::MAX)));
            println!("8 bits: {} then {}", small.fetch_add(1, SeqCst), small.load(SeqCst));
            println!("64 bits: {} then {}", large.fetch_add(1, SeqCst), large.load(SeqCst));
            fence(SeqCst);
            println!("exchange: {:?}", large.compare_exchange(0, 1, SeqCst, SeqCst));
            let flag = AtomicBool::new(false);
            println!("swap: {} then {}", flag.swap(true, SeqCst), flag.load(SeqCst));
            let shared = Arc::new(());
            println!("owners: {}", Arc::strong_count(&shared.clone()));
        }
        Some("usize") => {
            let counter = AtomicUsize::new(u32::MAX as usize);
            counter.fetch_add(1, SeqCst);
            println!("one after {}: {}", u32::MAX, counter.into_inner());
        }
        Some("sizes") => {
            sizes!(AtomicUsize, AtomicU64, AtomicPtr<u8>);
            sizes!(Mutex<u8>, Mutex<u64>, RwLock<u64>, Condvar, Barrier);
            sizes!(Once, OnceLock<u8>, OnceCell<u8>);
        }
        _ => eprintln!("usage: sync-atomics count|usize|sizes"),
    }
}
