//! One file for each group of commands.

pub(crate) mod domain;
pub(crate) mod key;
pub(crate) mod screen;
