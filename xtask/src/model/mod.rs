//! The values that the stages pass to each other. Nothing here does I/O.

pub mod case;
pub mod cell;
pub mod claims;
pub mod column;
pub mod composition;
pub mod example;
pub mod filter;
pub mod grant;
pub mod harm;
pub mod name;
pub mod needs;
pub mod os_error;
pub mod outcome;
pub mod target;
pub mod trace;
pub mod tree;
pub mod unsteady;
pub mod verdict;
pub mod version;
