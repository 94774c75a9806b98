//! Codes: what they hold, their modules, and whether people can read them.

pub mod issuer;
pub mod legibility;
pub mod qr;
