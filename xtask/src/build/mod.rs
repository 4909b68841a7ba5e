//! The third stage: compiles packages and composes components.

pub mod artifacts;
pub mod cargo;
pub mod compose;
pub mod dependencies;
pub mod foreign;
pub mod lock_file;
pub mod message;
pub mod program;
pub mod settings;
pub mod test_binaries;
