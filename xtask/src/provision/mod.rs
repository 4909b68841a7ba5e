//! The second stage: finds toolchains and hosts, and installs missing ones.

pub mod finding;
mod lock;
pub mod package_rust;
pub mod query;
mod target_dir;
pub mod tool_context;
pub mod toolchain;
pub mod wasmtime;
