//! The page DIVERGENCES.md, which is generated from the accepted snapshots.

pub mod agreement;
pub mod columns;
pub mod draw;
pub mod file;
pub mod markdown;
