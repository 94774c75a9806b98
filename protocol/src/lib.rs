//! What the terminal and the hub say to each other.
//!
//! Everything in this package is a value or a pure function over values: wire types, the bits of a
//! token, the campaign file, limits. Both sides validate with this code, so they cannot disagree.
//!
//! Invariant: nothing here reads a clock, a file, a socket or a random number.

pub mod base32;
pub mod bounded;
pub mod campaign;
pub mod card;
pub mod condition;
pub mod creative;
pub mod dating;
pub mod daypart;
pub mod digital_link;
pub mod file_names;
pub mod foreign;
pub mod hexadecimal;
pub mod id;
pub mod left_out;
pub mod limits;
pub mod manifest;
pub mod manifest_keys;
pub mod opening;
pub mod parts;
pub mod plays;
pub mod proof_of_play;
pub mod recurrence;
pub mod tally;
pub mod token;
pub mod toml_fields;
pub mod toml_reference;
pub mod web_page;
pub mod window;
pub mod wire;

pub use crate::campaign::{Campaign, Placement};
pub use crate::id::{Assignment, CampaignId, Digest, Epoch, PlayNumber, ScreenNumber};
pub use crate::manifest::Manifest;
pub use crate::token::Token;
pub use crate::window::Window;
