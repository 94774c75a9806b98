//! Web pages as pictures: a headless Chromium takes a snapshot on an interval, and the last good
//! one airs.
//!
//! [`SnapshotKeeper`] is asked for the picture of a page whenever a slide of it is made. It answers
//! at once with the last good picture, on disk since before the last restart perhaps, and has a
//! thread that takes new ones. It also hears beforehand which pages may be shown, so that a page
//! has its picture when its first slide is made.
//!
//! Invariants:
//! - Nobody who asks ever waits for a browser.
//! - No browser runs while a picture of a page is on screen: one that is under way is called off
//!   when a [`PageFrameSource`] begins. Only pages that leave no gap at all would then never be
//!   fresh again; what has waited for a gap for a sixth of its own interval ([`GAP_WAIT_MAX`] at
//!   most) is taken without one.
//! - One browser at a time, for [`RUN_MAX`] beside the page's own time to settle; it ends with
//!   everything that it started, also when the keeper is dropped.
//! - A refusal, an unreachable server, another page than the one that was asked for, one without
//!   the words that its file expects, one that breaks the browser: the last good picture stays,
//!   with one reason. An incomplete picture or one of a single colour airs only where there was no
//!   good one.
//! - A page reaches public addresses only, and what the operator allows beside them; see
//!   [`destination`].
//! - At most [`PAGES_MAX`] pages are known; what is kept on disk is bounded by [`picture_store`].

mod browser;
mod browser_user;
mod capture;
mod destination;
mod devtools;
mod final_address;
mod keeper;
mod picture_store;
mod proxy;
mod schedule;
pub(crate) mod stand_in;
mod trial;
mod upstream;
mod visible_text;

pub use crate::creative::web_page::browser::{CHROMIUM_PROGRAMS, CHROMIUM_VARIABLE};
pub use crate::creative::web_page::capture::{PIXELS_MAX, RUN_MAX};
pub use crate::creative::web_page::keeper::{
    KeeperConfig, PageFrameSource, PagePicture, SnapshotKeeper,
};
pub use crate::creative::web_page::schedule::{GAP_WAIT_MAX, PAGES_MAX};
pub use crate::creative::web_page::trial::{Trial, TrialPicture, runs_as};
