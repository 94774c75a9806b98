//! Why the stage could not start, or had to stop.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::Resource;

/// Says why the stage could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// There is nowhere to open a window.
    #[error(
        "no display: {reason}. Set DISPLAY or WAYLAND_DISPLAY to a running X11 or Wayland session, \
         or pass --offscreen to render without one"
    )]
    NoDisplay {
        /// What was tried.
        reason: String,
    },
    /// The display has other colours than those that are drawn.
    #[error(
        "the X screen has {bits} bits of colour, and pictures need 24. Start the X server with a depth of 24, which \
         is what it has unless told otherwise (`DefaultDepth 24` in xorg.conf)"
    )]
    Colours {
        /// How many bits a pixel has.
        bits: u8,
    },
    /// There is no driver to draw with.
    #[error(
        "no usable GPU driver: {reason}. Set screen.draw to \"cpu\", which needs none, or install one: \
         apt-get install mesa-vulkan-drivers libvulkan1"
    )]
    NoGpu {
        /// What the driver said.
        reason: String,
    },
    /// The size asked for cannot be drawn.
    #[error(
        "an output of {width_px}x{height_px} pixels cannot be drawn here; 1 to {side_px_max} a side can"
    )]
    Size {
        /// The width that was asked for, in pixels.
        width_px: u32,
        /// The height that was asked for, in pixels.
        height_px: u32,
        /// The longest side that can be drawn.
        side_px_max: u32,
    },
    /// The GPU failed while the stage was running.
    #[error(
        "the GPU failed: {reason}. Restart the terminal; if it comes back, update the GPU driver"
    )]
    Gpu {
        /// What the driver said.
        reason: String,
    },
    /// The display server has gone.
    #[error(
        "the display is gone: {reason}. Start the X11 or Wayland session again, then the terminal"
    )]
    OutputGone {
        /// What is known about it.
        reason: String,
    },
    /// The stage broke one of its own rules.
    #[error("the stage stopped unexpectedly: {reason}")]
    Broken {
        /// The panic's message.
        reason: String,
    },
}

/// The first failure, kept outside the app because the app does not outlive its event loop.
#[derive(Resource, Clone, Default)]
pub(super) struct FirstFailure(Arc<Mutex<Option<StageError>>>);

impl FirstFailure {
    /// Keeps a failure, unless there was one before.
    pub(super) fn fail(&self, error: StageError) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
    }

    pub(super) fn take(&self) -> Option<StageError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
