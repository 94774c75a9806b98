//! `/v1` for the programs of publishers.

pub(super) mod items;
