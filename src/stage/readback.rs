//! Who gets a frame: those who asked for a snapshot, the capture folder, or both at once.
//!
//! Invariant: a frame's caption is taken in the update that draws the frame, after the fades have
//! moved on, so that both always belong together.

use bevy::prelude::*;
use crossbeam_channel::Sender;
use passerby_playout::messages::stage_messages::{Snapshot, SnapshotZone};

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
pub(super) struct SnapshotRequests {
    now: Vec<Sender<Snapshot>>,
    /// Those for whom a slide that gives way to another has no time.
    at_rest: Vec<Sender<Snapshot>>,
}

impl SnapshotRequests {
    /// Queues one reply; beyond the limit whoever asked sees its channel closed.
    pub(super) fn push(&mut self, reply: Sender<Snapshot>) {
        if self.now.len() < SNAPSHOTS_MAX {
            self.now.push(reply);
        }
    }

    /// The same for a frame in which no slide gives way to another.
    pub(super) fn push_at_rest(&mut self, reply: Sender<Snapshot>) {
        if self.at_rest.len() < SNAPSHOTS_MAX {
            self.at_rest.push(reply);
        }
    }

    fn take(&mut self, is_at_rest: bool) -> Vec<Sender<Snapshot>> {
        let mut taken = std::mem::take(&mut self.now);
        if is_at_rest {
            taken.append(&mut self.at_rest);
        }
        taken
    }
}

/// Who gets one frame.
#[derive(Default)]
pub(super) struct Recipients {
    snapshots: Vec<Sender<Snapshot>>,
    /// What the frame shows, for the snapshots.
    zones: Vec<SnapshotZone>,
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
            recipients.snapshots = requests.take(!slides.on_screen().any(|seen| seen.transition));
            if !recipients.snapshots.is_empty() {
                recipients.zones = slides.in_snapshot();
            }
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
        let mut snapshots = std::mem::take(&mut self.snapshots);
        let zones = std::mem::take(&mut self.zones);
        let Some(last) = snapshots.pop() else {
            return self.keep(frame, capture);
        };
        // A copy of a large frame takes milliseconds, so there is none that nobody needs.
        let snapshot = if self.note.is_some() {
            let snapshot = frame.clone().into_snapshot(zones);
            self.keep(frame, capture);
            snapshot
        } else {
            frame.into_snapshot(zones)
        };
        for reply in snapshots {
            // Whoever asked and has gone, or that has no room, does not get it.
            let _ = reply.try_send(snapshot.clone());
        }
        let _ = last.try_send(snapshot);
    }

    fn keep(&mut self, frame: RawFrame, capture: Option<&Capture>) {
        if let (Some(note), Some(capture)) = (self.note.take(), capture) {
            capture.keep(CapturedFrame { note, frame });
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<SnapshotRequests>();
}
