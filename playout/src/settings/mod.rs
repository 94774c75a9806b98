//! What the operator has set in `kiosk.toml`.

pub mod config;
pub mod hub_address;
pub mod page_rules;
pub mod reference;
