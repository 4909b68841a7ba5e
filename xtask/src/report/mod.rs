//! The last stage: reports of a run for users and for other programs, and the page DIVERGENCES.md.

pub mod catalogue;
pub mod human;
pub mod json;
pub mod junit;
mod moment;
pub mod package_tests;
pub mod page;
pub mod results;
pub mod style;
pub mod why;
pub mod xml;
