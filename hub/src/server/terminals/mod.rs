//! The calls under `/v1`, for terminals.

pub(crate) mod bearer;
pub(crate) mod blob;
pub(crate) mod changes;
pub(crate) mod enroll;
pub(crate) mod frame;
pub(crate) mod frame_rates;
pub(crate) mod heartbeat;
pub(crate) mod key;
pub(crate) mod manifest;
pub(crate) mod manifest_keys;
pub(crate) mod pairings;
pub(crate) mod plays;
pub(crate) mod tallies;
pub(crate) mod turns;
