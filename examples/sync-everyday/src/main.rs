//! Shares values, locks them and counts, in one thread, as most programs do.

#![allow(unsafe_code, reason = "Arc::from_raw is unsafe")]

use std::env;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, Once, OnceLock, RwLock, Weak};

static NAMES: Mutex<Vec<&str>> = Mutex::new(Vec::new());
static READY: AtomicBool = AtomicBool::new(false);
static START: Once = Once::new();
static WORDS: OnceLock<Vec<&str>> = OnceLock::new();
static LENGTH: LazyLock<usize> = LazyLock::new(|| WORDS.get().unwrap().len());

fn main() {
    match env::args().nth(1).as_deref() {
        Some("owners") => owners(),
        Some("locks") => locks(),
        Some("numbers") => numbers(),
        _ => eprintln!("usage: sync-everyday owners|locks|numbers"),
    }
}

fn owners() {
    let mut first = Arc::new(String::from("text"));
    let second = Arc::clone(&first);
    let weak: Weak<String> = Arc::downgrade(&first);
    println!("{first}: {} and {} weak", Arc::strong_count(&first), Arc::weak_count(&first));
    println!("the same: {}, mutable: {}", Arc::ptr_eq(&first, &second), Arc::get_mut(&mut first).is_some());
    let pointer = Arc::into_raw(second);
    // SAFETY: the pointer comes from `into_raw`, and is used once.
    let second = unsafe { Arc::from_raw(pointer) };
    Arc::make_mut(&mut first).push_str(", copied on write");
    println!("{first}; {second}");
    println!("alone: {:?}", Arc::try_unwrap(second));
    println!("from the weak one: {:?}", weak.upgrade());
}

fn locks() {
    NAMES.lock().unwrap().push("one");
    push(NAMES.lock().unwrap(), "two");
    println!("{:?}", NAMES.lock().unwrap());
    println!("into_inner: {:?}", Mutex::new(7).into_inner());
    let lock = RwLock::new(1);
    *lock.write().unwrap() += 1;
    println!("two readers: {} {}", lock.read().unwrap(), lock.read().unwrap());
    START.call_once(|| println!("started"));
    START.call_once(|| println!("started again"));
    println!("completed: {}", START.is_completed());
    println!("{:?}", WORDS.get_or_init(|| vec!["a", "b"]));
    println!("{}", *LENGTH);
    // With nobody waiting, these do nothing.
    let condvar = Condvar::new();
    condvar.notify_one();
    condvar.notify_all();
}

fn push(mut names: MutexGuard<'_, Vec<&'static str>>, name: &'static str) {
    names.push(name);
}

fn numbers() {
    READY.store(true, Ordering::Release);
    println!("ready: {}, swapped: {}", READY.load(Ordering::Acquire), READY.swap(false, Ordering::AcqRel));
    let count = AtomicUsize::new(5);
    println!("fetch_add: {}", count.fetch_add(2, Ordering::Relaxed));
    println!("fetch_sub: {}", count.fetch_sub(1, Ordering::Relaxed));
    println!("compare_exchange: {:?}", count.compare_exchange(6, 9, Ordering::SeqCst, Ordering::Relaxed));
    println!("and again: {:?}", count.compare_exchange(6, 9, Ordering::SeqCst, Ordering::Relaxed));
    count.store(3, Ordering::SeqCst);
    println!("load: {}", count.load(Ordering::SeqCst));
    let (small, middle) = (AtomicU8::new(255), AtomicU32::new(u32::MAX));
    small.fetch_add(1, Ordering::Relaxed);
    middle.fetch_add(1, Ordering::Relaxed);
    println!("8 bits: {}, 32 bits: {}", small.load(Ordering::Relaxed), middle.load(Ordering::Relaxed));
    let mut value = 4;
    let pointer = AtomicPtr::new(&raw mut value);
    // SAFETY: the value lives until the end of the function, and nothing else refers to it.
    println!("behind a pointer: {}", unsafe { *pointer.load(Ordering::Acquire) });
    pointer.store(std::ptr::null_mut(), Ordering::Release);
    println!("null: {}", pointer.load(Ordering::Acquire).is_null());
}
