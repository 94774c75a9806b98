//! Several processes of one hub on one PostgreSQL; what happens when one of them, or the database,
//! is away.

mod background;
mod fleet;
mod keys;
mod kills;
mod outages;
mod small_disk;
mod stopping;
mod together;
