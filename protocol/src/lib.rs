//! What the terminal and the hub say to each other.
//!
//! Everything in this package is a value or a pure function over values: wire types, the bits of a
//! token, the campaign file, limits. Both sides validate with this code, so they cannot disagree.
//!
//! Invariant: nothing here reads a clock, a file, a socket or a random number.
//!
//! # Examples
//!
//! A campaign file is read as a whole. What is wrong with it is told all at once, each problem with
//! its line and what would be right:
//!
//! ```
//! use passerby_protocol::Campaign;
//!
//! let files = ["friday.png".to_owned()];
//! let text = "title = 'Jazz'\n[[placement]]\ncreative = 'friday.png'\nseconds = 8\n";
//! let campaign = Campaign::parse("jazz/campaign.toml", text, &files).expect("no problems");
//! assert_eq!(campaign.placements[0].seconds, Some(8));
//!
//! let text = "title = 'Jazz'\ncolour = 1\n[[placement]]\ncreative = 'friday.png'\nseconds = 0\n";
//! let problems = Campaign::parse("jazz/campaign.toml", text, &files).expect_err("two problems");
//! assert_eq!([problems[0].line, problems[1].line], [2, 5]);
//! assert_eq!(
//!     problems[1].to_string(),
//!     "jazz/campaign.toml:5: placement[1].seconds is 0; use a whole number from 2 to 3600"
//! );
//! ```

pub mod base32;
pub mod bounded;
pub mod campaign;
pub mod card;
pub mod changes;
pub mod condition;
pub mod content_fault;
pub mod creative;
pub mod csv;
pub mod dating;
pub mod daypart;
pub mod digital_link;
pub mod file_names;
pub mod foreign;
pub mod help;
pub mod hexadecimal;
pub mod http_call;
pub mod id;
pub mod last_frame;
pub mod left_out;
pub mod limits;
pub mod manifest;
pub mod manifest_keys;
pub mod opening;
pub mod parts;
pub mod plays;
pub mod private_host;
pub mod proof_of_play;
pub mod public_address;
pub mod recurrence;
pub mod screen_traits;
pub mod spans;
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
