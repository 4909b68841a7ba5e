//! Sorts people by their team. Those of one team are equal, and the order among them is what differs.

use std::env;
use std::fmt::Debug;

/// Its size depends on the type of the numbers.
#[derive(Clone, Copy)]
struct Person<Number> {
    number: Number,
    team: Number,
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("unstable") => show(people::<usize>(), |all| all.sort_unstable_by_key(|one| one.team)),
        Some("unstable-fixed") => show(people::<u64>(), |all| all.sort_unstable_by_key(|one| one.team)),
        Some("unstable-unique") => {
            show(people::<usize>(), |all| all.sort_unstable_by_key(|one| (one.team, one.number)));
        }
        Some("stable") => show(people::<usize>(), |all| all.sort_by_key(|one| one.team)),
        _ => eprintln!("usage: sort-order unstable|unstable-fixed|unstable-unique|stable"),
    }
}

/// Forty people, in three teams.
fn people<Number: From<u8>>() -> Vec<Person<Number>> {
    (0..40).map(|number| Person { number: number.into(), team: (number * 2 % 3).into() }).collect()
}

fn show<Number: Debug>(mut people: Vec<Person<Number>>, sort: impl Fn(&mut [Person<Number>])) {
    sort(&mut people);
    for part in people.chunks(10) {
        println!("{:?}", part.iter().map(|one| &one.number).collect::<Vec<_>>());
    }
}
