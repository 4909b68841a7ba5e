//! The fourth stage: runs cells in their own processes and directories.

pub mod cells;
pub mod concurrency;
pub mod copies;
pub mod invocation;
pub mod libtest;
pub mod load;
pub mod lock;
pub mod package_tests;
pub mod peer;
pub mod precompile;
pub mod schedule;
pub mod scratch;
pub mod watchdog;
