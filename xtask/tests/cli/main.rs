//! Tests of the command line: they run the built `xtask` in small workspaces, with the real cargo
//! and the real wasmtime.

mod alternatives;
mod check;
mod columns;
mod composed;
mod concurrent_runs;
mod divergences;
mod downloads;
mod environment;
mod find;
mod hostile_programs;
mod installed;
mod interrupted_runs;
mod invalid_files;
mod keep;
mod layout;
mod leftover_files;
mod leftover_processes;
mod new;
mod orphans;
mod outcomes;
mod partial_runs;
mod peers;
mod porting;
mod program_output;
mod recording;
mod reports;
mod running;
mod selection;
mod setup;
mod support;
mod symlinks;
mod timeouts;
mod unusable_wasmtime;
mod write_errors;
