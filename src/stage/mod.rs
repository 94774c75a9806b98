//! The stage: brings finished slides onto the screen, and says when they were there.
//!
//! It uploads a slide, leads over from the last one, keeps it moving, presents, and reports, for
//! every zone of the screen. What a slide is made of and when it airs is decided elsewhere.
//!
//! Invariants:
//! - The stage never blocks on I/O and never opens a file; captured frames are written by a thread
//!   of their own.
//! - The stage decides what a frame is made of; one of two presenters paints it, on the GPU or
//!   without one, and every promise holds for both.
//! - A slide is drawn only once the presenter has all its pixels, and its predecessor stays beneath
//!   it until it covers all.
//! - Every frame in which a slide follows another holds exactly one of their two codes, whole and
//!   in its place.
//! - Drawing is not pipelined: when an update returns, its frame has been submitted and its
//!   events have been sent.
//! - Nothing is drawn unless something changed; between changes the stage sleeps.
//! - At most [`ZONES_MAX`] zones have slides; in each at most [`LOADED_MAX`] wait and two are on
//!   the screen, and the pixels of all others are gone.

#![allow(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    clippy::type_complexity,
    reason = "Bevy's systems take their parameters by value, as many as they read, as types that name their queries"
)]

mod agenda;
mod app;
mod capture;
mod channel;
mod command_handler;
mod config;
mod cpu_memory;
mod cpu_picture;
mod cpu_presenter;
mod cpu_window;
mod draw;
mod exit_guard;
mod frame_observer;
mod gpu;
mod gpu_presenter;
mod gpu_readback;
mod gpu_reader;
mod gpu_store;
mod guard;
mod loaded_slide;
mod numbers;
mod offscreen;
mod pipeline;
mod planes;
mod presenter;
mod raw_frame;
mod readback;
mod slide_systems;
mod slides;
mod smoothness;
mod stage_error;
mod store;
mod systems;
#[cfg(test)]
mod tests;
mod time;
mod transition;
mod window;
mod x11;

use std::time::Instant;

use bevy::log::info;
use crossbeam_channel::Sender;
use passerby_playout::messages::stage_messages::StageEvent;

use crate::stage::app::StageParts;
use crate::stage::channel::EventSender;
use crate::stage::stage_error::FirstFailure;

pub use crate::stage::channel::{StageInbox, StageSender, channel};
pub use crate::stage::config::{CaptureConfig, DrawWith, StageConfig};
pub use crate::stage::frame_observer::{FrameObserver, Holdings, SeenFrame, SeenZone};
pub use crate::stage::gpu::{Adapter, look_for_adapter};
pub use crate::stage::slides::{LOADED_MAX, ZONES_MAX};
pub use crate::stage::stage_error::StageError;
pub use crate::stage::time::{StageTime, SteppedTime};

/// Runs the stage on the main thread until it is told to quit, its window is closed, or its time is
/// over.
///
/// Captured frames are complete when it returns.
///
/// # Errors
/// [`StageError::NoDisplay`] or [`StageError::NoGpu`] when it cannot start, [`StageError::Gpu`] or
/// [`StageError::OutputGone`] when drawing fails later. The caller exits with status 3, for the
/// supervisor to start again.
pub fn run(
    config: StageConfig,
    inbox: StageInbox,
    events: Sender<StageEvent>,
) -> Result<(), StageError> {
    let started = Instant::now();
    let verdict = FirstFailure::default();
    if !config.offscreen {
        window::find_display()?;
    }
    let gpu = match config.draw_with {
        DrawWith::Gpu => {
            let gpu = gpu::open(config.offscreen)?;
            let adapter = &gpu.2;
            info!(
                "the GPU that draws is {}, driver {} {}",
                adapter.name, adapter.driver, adapter.driver_info
            );
            Some(gpu)
        }
        DrawWith::Cpu => None,
    };
    let (capture, writer) = capture::start(config.capture.as_ref(), started).unzip();
    let event_sender = EventSender::new(events);
    let parts = StageParts {
        started,
        verdict: verdict.clone(),
        capture,
        event_sender,
        inbox,
        config,
        gpu,
    };

    let outcome = if parts.config.offscreen {
        offscreen::run(parts)
    } else {
        window::run(parts)
    };
    // The app and with it the writer's channel are gone by now, so this ends.
    if let Some(writer) = writer {
        writer.finish();
    }
    match verdict.take() {
        Some(error) => Err(error),
        None => outcome,
    }
}
