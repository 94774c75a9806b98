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
//!   when a [`PageReel`] begins. Only pages that leave no gap at all would then never be fresh
//!   again; what has waited for a gap for a sixth of its own interval ([`GAP_WAIT_MAX`] at most) is
//!   taken without one.
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
mod trial;
mod upstream;
mod visible_text;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;
use passerby_playout::messages::stage_messages::ComposeError;

use crate::slide::{Patch, Reel};

pub use crate::creative::web_page::browser::{CHROMIUM_PROGRAMS, CHROMIUM_VARIABLE};
pub use crate::creative::web_page::keeper::{KeeperConfig, SnapshotKeeper};
pub use crate::creative::web_page::schedule::{GAP_WAIT_MAX, PAGES_MAX};
pub use crate::creative::web_page::trial::{Trial, TrialPicture, runs_as};

/// How long one browser may run, beside the page's own time to settle.
pub const RUN_MAX: Duration = capture::RUN_MAX;
/// Most pixels of a picture of a page: 8K.
pub const PIXELS_MAX: u32 = 7_680 * 4_320;

/// The last good picture of a page, found for one slide.
pub struct PagePicture {
    /// Differs for each picture that this process has seen; for caches.
    pub revision: u64,
    /// Why people see an old or an incomplete picture, if they do.
    pub trouble: Option<String>,
    store: Arc<keeper::Shared>,
    key: picture_store::PageKey,
    name: String,
}

impl PagePicture {
    /// Reads the picture: three bytes a pixel, rows from the top, of exactly the size that was
    /// asked for.
    ///
    /// # Errors
    /// The picture was damaged on disk; it is forgotten, and another one will be taken.
    pub fn rgb(&self) -> Result<Vec<u8>, ComposeError> {
        self.store.read(&self.key).map_err(|reason| {
            ComposeError(format!(
                "{}: the last picture of the page cannot be shown, since {reason}; another one will be taken",
                self.name
            ))
        })
    }

    /// Makes what tells the keeper, as part of the slide, when the picture is on screen and when it
    /// no longer is.
    pub fn reel(&self) -> PageReel {
        PageReel {
            shared: Arc::clone(&self.store),
            on_screen: false,
        }
    }
}

/// Keeps browsers away while the slide that it belongs to is on screen. It never changes a pixel.
pub struct PageReel {
    shared: Arc<keeper::Shared>,
    on_screen: bool,
}

impl Reel for PageReel {
    fn begin(&mut self) {
        if !self.on_screen {
            self.on_screen = true;
            self.shared.page_came();
        }
    }

    fn advance(&mut self, _at: Duration, _due: &mut Vec<Patch>) -> Option<Duration> {
        None
    }
}

impl Drop for PageReel {
    fn drop(&mut self) {
        if self.on_screen {
            self.shared.page_went();
        }
    }
}

/// Wakes the keeper's thread. Never blocks: one wake that waits is as good as many.
fn nudge(wake: &Sender<()>) {
    // Full or closed are both fine.
    let _ = wake.try_send(());
}
