//! The third stage: compiles packages and composes components.

pub mod accident;
pub mod artifacts;
pub mod cargo;
pub mod compose;
pub mod dependencies;
pub mod foreign;
pub mod groups;
pub mod lock_file;
pub mod message;
pub mod program;
pub mod relink;
pub mod settings;
pub mod test_binaries;
