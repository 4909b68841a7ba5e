//! What distinguishes the two programs that are made of these sources: `xtask`, which works in a clone, and
//! `cargo-parallax`, which is installed and has the catalogue built in. Their build scripts say which one this is.

/// How a user calls this program.
pub const COMMAND: &str = env!("PARALLAX_COMMAND");

/// The files of the catalogue, as `pack.rs` unpacks them; empty in `xtask`.
pub static CATALOGUE: &[u8] = include_bytes!(env!("PARALLAX_CATALOGUE"));

/// Whether this is the installed program.
pub fn is_installed() -> bool {
    !CATALOGUE.is_empty()
}
