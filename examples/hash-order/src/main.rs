//! Hashes values, with random and with fixed keys, and prints the order in which maps return them.

use std::collections::{HashMap, HashSet};
use std::env;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, RandomState};

type Fixed = BuildHasherDefault<DefaultHasher>;

#[derive(Hash)]
enum Coin {
    Penny,
    Pound,
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("random") => {
            let (one, other) = (RandomState::new(), RandomState::new());
            println!("two states hash alike: {}", one.hash_one("hello") == other.hash_one("hello"));
            println!("one state hashes alike twice: {}", one.hash_one("hello") == one.hash_one("hello"));
            let map: HashMap<_, _> = (0..100).map(|number| (number, ())).collect();
            println!("one map keeps its order: {}", map.keys().eq(map.keys()));
            let copy: HashMap<_, _> = (0..100).map(|number| (number, ())).collect();
            println!("another of the same keys has the same: {}", map.keys().eq(copy.keys()));
        }
        Some("same") => {
            let state = Fixed::default();
            println!("str {:016x}", state.hash_one("hello"));
            println!("u64 {:016x}", state.hash_one(7_u64));
            println!("(char, bool) {:016x}", state.hash_one(('x', true)));
        }
        Some("different") => {
            let state = Fixed::default();
            println!("usize {:016x}", state.hash_one(7_usize));
            println!("[u8] {:016x}", state.hash_one(b"hello".as_slice()));
            println!("Option {:016x}", state.hash_one(Some(7_u64)));
            println!("derived {:016x} {:016x}", state.hash_one(Coin::Penny), state.hash_one(Coin::Pound));
        }
        Some("order") => println!("{:?}", (0..10).collect::<HashSet<u64, Fixed>>()),
        Some("order-of-bytes") => println!("{:?}", (0..5).collect::<HashSet<u8, Fixed>>()),
        Some("capacity") => {
            println!("for 5 bytes: {}", HashSet::<u8>::with_capacity(5).capacity());
            println!("for 5 numbers of 64 bits: {}", HashSet::<u64>::with_capacity(5).capacity());
            println!("for 100 bytes: {}", HashSet::<u8>::with_capacity(100).capacity());
        }
        _ => eprintln!("usage: hash-order random|same|different|order|order-of-bytes|capacity"),
    }
}
