//! The first stage: reads and checks everything in `examples/`.

pub mod cases;
pub mod check;
mod claims;
pub mod composition;
pub mod directory;
pub mod examples;
pub mod fixture;
pub mod packages;
pub mod spec;
pub mod template;
pub mod user_directory;
