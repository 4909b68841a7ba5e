//! The command line, driven from outside: the built `xtask` in small workspaces of their own, with
//! the real cargo and the real wasmtime.

mod broken_files;
mod environment;
mod new;
mod orphans;
mod outcomes;
mod partial;
mod recording;
mod reports;
mod running;
mod selection;
mod setup;
mod support;
mod survivors;
