//! Hosts: what runs programs.
//!
//! Each host has one file. Only this file knows the host's flags, messages and exit codes. The stages that
//! run programs and normalize their results use the trait in `seam.rs`.

pub mod hosts;
pub mod native;
pub mod seam;
pub mod wasmtime;
