//! Helpers for terminals, text and files that are independent of Parallax.

pub mod atomic_file;
pub mod duration;
pub mod edition;
pub mod escape;
pub mod fields;
pub mod hash;
#[cfg(test)]
pub mod mutate;
pub mod pack;
pub mod platform;
pub mod removal;
pub mod slow;
pub mod source;
pub mod suggest;
pub mod terminal;
pub mod text_file;
