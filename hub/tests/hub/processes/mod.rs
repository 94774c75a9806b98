//! Processes of a hub that are killed, told to stop, or lose their database.

pub(crate) mod fleet;
mod kills;
pub(crate) mod outages;
pub(crate) mod small_disk;
mod stopping;
