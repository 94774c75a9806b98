//! What could air: local campaign folders, what the hub has sent, and the operator's emergency
//! message.

pub mod active;
pub mod cache;
pub mod catalog;
pub mod creative;
pub mod digests;
pub mod emergency;
pub mod folders;
