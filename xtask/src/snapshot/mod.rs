//! The stage that compares outcomes with snapshots: draws, parses, compares and writes tables of outcomes.

pub mod compare;
pub mod format;
pub mod store;
pub mod table;
pub mod verdicts;
