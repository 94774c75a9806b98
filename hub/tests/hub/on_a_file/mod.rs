//! What there is only where a hub's database is a file in its data folder.

mod folders;
mod moves;
mod outages;
