//! Who gets a frame: those who asked for a snapshot, the capture folder, or both at once.
//!
//! Invariant: a frame's caption is taken in the update that draws the frame, after the fades have
//! moved on, so that both always belong together.

use bevy::prelude::*;
use crossbeam_channel::Sender;
use passerby_playout::messages::stage_messages::Snapshot;

use crate::stage::agenda::Agenda;
use crate::stage::capture::{Capture, CapturedFrame, FrameNote};
use crate::stage::presenter::Ready;
use crate::stage::raw_frame::RawFrame;
use crate::stage::slides::Slides;
use crate::stage::time::Now;

/// Most snapshots that one frame answers.
const SNAPSHOTS_MAX: usize = 16;

/// Those who wait for a snapshot.
#[derive(Resource, Default)]
pub(super) struct SnapshotRequests(Vec<Sender<Snapshot>>);

impl SnapshotRequests {
    /// Queues one reply; beyond the limit whoever asked sees its channel closed.
    pub(super) fn push(&mut self, reply: Sender<Snapshot>) {
        if self.0.len() < SNAPSHOTS_MAX {
            self.0.push(reply);
        }
    }
}

/// Who gets one frame.
#[derive(Default)]
pub(super) struct Recipients {
    snapshots: Vec<Sender<Snapshot>>,
    note: Option<FrameNote>,
}

impl Recipients {
    /// Takes those who get the frame that this update draws; `has_room` says whether one more can
    /// be read back. Says to the agenda when the next frame is to be captured.
    pub(super) fn take(
        has_room: bool,
        (now, ready, slides): (Now, Ready, &Slides),
        requests: &mut SnapshotRequests,
        capture: Option<&mut Capture>,
        agenda: &mut Agenda,
    ) -> Self {
        let mut recipients = Self::default();
        if !ready.0 {
            return recipients;
        }
        if has_room {
            recipients.snapshots = std::mem::take(&mut requests.0);
        }
        if let Some(capture) = capture
            && slides.on_screen().next().is_some()
        {
            recipients.note = capture.take_if_due(now.0, has_room, slides.on_screen());
            if let Some(due) = capture.next_due(now.0) {
                agenda.wake_at(due);
            }
        }
        recipients
    }

    pub(super) fn is_empty(&self) -> bool {
        self.snapshots.is_empty() && self.note.is_none()
    }

    /// Takes back what was asked of a frame that did not reach the output: there is nothing in it.
    pub(super) fn take_back(&mut self, requests: &mut SnapshotRequests) {
        self.note = None;
        for reply in self.snapshots.drain(..) {
            requests.push(reply);
        }
    }

    /// Hands the frame over.
    pub(super) fn deliver(&mut self, frame: RawFrame, capture: Option<&Capture>) {
        let snapshots = std::mem::take(&mut self.snapshots);
        let snapshot = (!snapshots.is_empty()).then(|| frame.clone().into_snapshot());
        if let (Some(note), Some(capture)) = (self.note.take(), capture) {
            capture.keep(CapturedFrame { note, frame });
        }
        if let Some(snapshot) = snapshot {
            for reply in snapshots {
                // Whoever asked and has gone, or that has no room, does not get it.
                let _ = reply.try_send(snapshot.clone());
            }
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<SnapshotRequests>();
}
