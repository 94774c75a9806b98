//! What the hub counts of itself, for those who watch it.
//!
//! Invariants: counting takes no lock; what is counted by is one of a fixed list (routes, kinds of
//! limits, kinds of work), never a path, a screen or a text of a stranger's.

mod background;
mod exposition;
mod requests;

pub(in crate::server) use crate::server::metrics::background::{BackgroundRuns, BackgroundWork};
pub(in crate::server) use crate::server::metrics::exposition::{CONTENT_TYPE, Exposition, Kind};
pub(in crate::server) use crate::server::metrics::requests::{
    RequestMetrics, STATUSES, take_route,
};
