//! What makes small pictures of the screen; pixels are the business of whoever hands it in.

use std::sync::Arc;

use crate::messages::stage_messages::Snapshot;

/// A picture that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeFrame {
    /// Pixels a row.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// The JPEG, without a code that could be scanned.
    pub jpeg: Vec<u8>,
}

/// Makes small pictures of large ones; it may take its time.
#[derive(Clone)]
pub struct FrameMaker(Arc<dyn Fn(Snapshot) -> Option<MadeFrame> + Send + Sync>);

impl FrameMaker {
    /// Wraps what makes them.
    pub fn new(make: impl Fn(Snapshot) -> Option<MadeFrame> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// Makes one; `None` where that cannot be done.
    pub(super) fn make(&self, snapshot: Snapshot) -> Option<MadeFrame> {
        (self.0)(snapshot)
    }
}
