//! The page DIVERGENCES.md, which is generated from the accepted snapshots.

pub mod draw;
mod errors;
pub mod file;
mod index;
pub mod markdown;
mod rows;
pub mod rules;
pub mod std_usage;
