//! The command line, driven from outside: the built `xtask` in small workspaces of their own, with
//! the real cargo and the real wasmtime.

mod broken_files;
mod composed;
mod divergences;
mod environment;
mod floods;
mod hangs;
mod killed;
mod layout;
mod left_behind;
mod lost_tools;
mod new;
mod odd_files;
mod orphans;
mod outcomes;
mod partial;
mod peers;
mod processes;
mod recording;
mod reports;
mod running;
mod selection;
mod setup;
mod support;
mod survivors;
mod two_runs;
mod unwritable;
