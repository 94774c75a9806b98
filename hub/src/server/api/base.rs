//! What all calls for programs have in common.

/// What all paths begin with.
pub(in crate::server) const BASE: &str = "/api/v1";
/// Most rows of one answer.
pub(super) const PAGE_MAX: usize = 200;
