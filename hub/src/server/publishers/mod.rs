//! `/v1` for the programs of publishers.

pub(super) mod conversions;
pub(super) mod items;
pub(super) mod key_paces;
