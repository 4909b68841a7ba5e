//! Code that the tests share.

mod environment;
mod files;
mod output;
mod tools;
mod workspace;
mod xml;

#[cfg(target_os = "linux")]
pub mod downloads;
#[cfg(target_os = "linux")]
pub mod processes;
#[cfg(target_os = "linux")]
pub mod runs;
#[cfg(target_os = "linux")]
pub mod wait;

pub use environment::{cargo, home_of, install, path_without_wasmtime, without_variables_of_caller};
pub use files::files_at;
#[cfg(target_os = "linux")]
pub use files::make_fifo;
pub use output::{AssertOutput, HELLO_TABLE, objects, snapshot};
pub use tools::{OTHER_RUST, is_rust_installed, require};
pub use workspace::{BYE, HELLO, Workspace, manifest, pinned_rust, pinned_wasmtime};
pub use xml::elements;
