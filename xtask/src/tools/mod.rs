//! How the harness runs the tools that install and build: with which environment, what it shows of their
//! progress, and how they end on an interrupt.

pub mod cargo;
pub mod environment;
pub mod progress;
pub mod run;

use std::time::Duration;

/// How often it is checked, while a tool runs, whether an interrupt has come.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
