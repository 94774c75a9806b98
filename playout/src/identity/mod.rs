//! Who this terminal is: its keys and bearers, in files that only it can read.

pub mod credentials;
pub mod device_key;
pub mod page_token;
