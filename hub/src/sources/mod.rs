//! What a publisher has online comes to the screens by itself: feeds, web hooks and files become
//! cards.
//!
//! ```text
//! fetch ─▶ document ─▶ rules ─▶ store: items ─▶ card: a campaign folder ─▶ publish ─▶ manifest
//!   (network)  (bytes)    (choice)      ▲                 └─ picture ─▶ look-at, a process apart
//! web hook ─────────────────────────────┘
//! ```
//!
//! Invariants: only [`fetch`] opens connections, and only to addresses that it has judged; nothing
//! of a stranger's is decoded in this process; a source that is broken, hostile or slow costs
//! itself, one thread and one reason; whatever is done twice, or cut off at any point, airs nothing
//! twice.

mod card;
pub mod document;
pub mod fetch;
pub mod hook;
pub mod input;
pub mod rules;
pub mod run;
pub mod said;
pub mod service;
pub mod template;
pub(crate) mod work_folder;
