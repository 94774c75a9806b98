//! The last good picture of a page, and what keeps browsers away while it is on screen.

use std::sync::Arc;
use std::time::Duration;

use passerby_playout::messages::stage_messages::ComposeError;

use crate::creative::web_page::keeper::shared::Shared;
use crate::creative::web_page::picture_store::PageKey;
use crate::slide::{FrameSource, Patch};

/// The last good picture of a page, found for one slide.
pub struct PagePicture {
    /// Differs for each picture that this process has seen; for caches.
    pub revision: u64,
    /// Why people see an old or an incomplete picture, if they do.
    pub trouble: Option<String>,
    pub(super) store: Arc<Shared>,
    pub(super) key: PageKey,
    pub(super) name: String,
}

impl PagePicture {
    /// Reads the picture: three bytes a pixel, rows from the top, of exactly the size that was
    /// asked for.
    ///
    /// # Errors
    /// The picture was damaged on disk; it is forgotten, and another one will be taken.
    pub fn rgb(&self) -> Result<Vec<u8>, ComposeError> {
        self.store.read(&self.key).map_err(|reason| {
            ComposeError::new(format!(
                "{}: the last picture of the page cannot be shown, since {reason}; another one will be taken",
                self.name
            ))
        })
    }

    /// Makes what tells the keeper, as part of the slide, when the picture is on screen and when it
    /// no longer is.
    pub fn frame_source(&self) -> PageFrameSource {
        PageFrameSource {
            shared: Arc::clone(&self.store),
            on_screen: false,
        }
    }
}

/// Keeps browsers away while the slide that it belongs to is on screen. It never changes a pixel.
pub struct PageFrameSource {
    shared: Arc<Shared>,
    on_screen: bool,
}

impl FrameSource for PageFrameSource {
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

impl Drop for PageFrameSource {
    fn drop(&mut self) {
        if self.on_screen {
            self.shared.page_went();
        }
    }
}
