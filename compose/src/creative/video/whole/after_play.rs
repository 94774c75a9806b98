//! A film that is looked through when its play is over, unless the play has decoded all of it.
//!
//! Invariant: a film is not decoded twice at the same time, and not a second time when its play
//! came to its end: what that missed was told as the play's own trouble.

use std::time::Duration;

use crate::creative::video::queue::DecodedToItsEnd;
use crate::creative::video::tools::Tools;
use crate::creative::video::whole::background::{BackgroundLook, BackgroundLooks};
use crate::slide::{FrameSource, Patch};

/// What is to be done once a film's play is over.
pub(crate) struct LookAfterPlay {
    /// Where the films are that were looked at.
    pub(crate) looks: BackgroundLooks,
    /// What decodes.
    pub(crate) tools: Tools,
    /// The film.
    pub(crate) look: BackgroundLook,
}

impl LookAfterPlay {
    /// Has a film's frame source look through the film when it goes.
    pub(crate) fn hang_on(
        self,
        frame_source: Box<dyn FrameSource>,
        decoded: DecodedToItsEnd,
    ) -> Box<dyn FrameSource> {
        Box::new(LookedThrough {
            frame_source,
            decoded,
            look: Some(self),
        })
    }
}

struct LookedThrough {
    frame_source: Box<dyn FrameSource>,
    decoded: DecodedToItsEnd,
    look: Option<LookAfterPlay>,
}

impl FrameSource for LookedThrough {
    fn begin(&mut self) {
        self.frame_source.begin();
    }

    fn advance(&mut self, at: Duration, due: &mut Vec<Patch>) -> Option<Duration> {
        self.frame_source.advance(at, due)
    }

    fn take_back(&mut self, patch: Patch) -> Option<Patch> {
        self.frame_source.take_back(patch)
    }
}

impl Drop for LookedThrough {
    fn drop(&mut self) {
        let Some(LookAfterPlay { looks, tools, look }) = self.look.take() else {
            return;
        };
        if self.decoded.is_so() {
            looks.was_seen(look.digest);
        } else {
            looks.look_through(&tools, look);
        }
    }
}
