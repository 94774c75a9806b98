//! What composers and stage answer, and what follows from it for the plays.
//!
//! Invariants: a play is booked once, when it leaves the screen, with the time for which it was
//! seen; an answer that nobody waits for changes nothing.

use std::time::Duration;

use crate::messages::stage_messages::{
    ComposeError, Composed, Composer, StageCommand, StageEvent, Ticket,
};
use crate::player::record::End;
use crate::player::track::{Counting, OnAir, Playable, Progress, Track};
use crate::player::{Player, StageLink};
use crate::screen::display;
use crate::screen::geometry::Zone;

/// How long the end of the program waits for a slide that is on its way to the screen.
const SWAP_WAIT: Duration = Duration::from_millis(500);
/// What the operator is told of a machine that is too slow for transitions.
const STUTTERS: &str = "transitions stutter on this machine, so that most slides are cut in instead; a display mode with fewer pixels would help, or fewer other programs";

impl<C: Composer, L: StageLink<C::Slide>> Player<C, L> {
    pub(super) fn on_composed(
        &mut self,
        ticket: Ticket,
        slide: Result<Composed<C::Slide>, ComposeError>,
    ) {
        let now_ms = self.clock.now().boot_ms;
        self.pool.done(ticket, now_ms);
        let Some(slide) = self.notice_composed(ticket, slide, now_ms) else {
            return;
        };
        let Some(at) = self.track_of(ticket) else {
            return;
        };
        match slide {
            Ok(composed) => {
                let area = self.places[at].area;
                let track = &mut self.tracks[at];
                if let Some(pending) = &mut track.pending {
                    pending.health = composed.health;
                    pending.advance(Progress::Loading, now_ms);
                }
                self.stage.send(StageCommand::Load {
                    ticket,
                    zone: track.zone,
                    area,
                    slide: composed.slide,
                });
            }
            Err(error) => self.fail(at, &error.to_string(), now_ms),
        }
    }

    pub(super) fn on_stage(&mut self, event: StageEvent) -> bool {
        let now_ms = self.clock.now().boot_ms;
        match event {
            StageEvent::Sized {
                width_px,
                height_px,
            } => self.resize(width_px, height_px),
            StageEvent::Loaded(ticket) => {
                if !self.notice_loaded(ticket, true, now_ms)
                    && let Some(at) = self.track_of(ticket)
                    && let Some(pending) = &mut self.tracks[at].pending
                {
                    pending.advance(Progress::Ready, now_ms);
                }
            }
            StageEvent::Refused(ticket) => {
                if !self.notice_loaded(ticket, false, now_ms)
                    && let Some(at) = self.track_of(ticket)
                {
                    self.fail(at, "this screen's graphics cannot draw it", now_ms);
                }
            }
            StageEvent::Presented { ticket, boot_ms } => {
                if !self.notice_presented(ticket, boot_ms)
                    && let Some(at) = self.track_of(ticket)
                {
                    let now = self.clock.now();
                    let asleep_ms = self.asleep_at(boot_ms, &now);
                    let start = now.back_to(boot_ms);
                    let ended = self.tracks[at].presented(start, asleep_ms, self.overlay.covers());
                    if let Some(ended) = ended {
                        self.end(at, &ended, boot_ms, End::Over);
                    }
                    if self.is_revoked {
                        // It was on its way to the screen when the hub's content had to go.
                        self.cut_what_left();
                    }
                }
            }
            StageEvent::Cleared { zone, boot_ms } => {
                if zone == Zone::NOTICE {
                    self.notice_cleared(boot_ms);
                }
            }
            StageEvent::TransitionsStutter => self.problems.report(STUTTERS.to_owned()),
            StageEvent::Closed => return false,
        }
        true
    }

    /// Books and records a play that has left its zone, if it was one.
    pub(super) fn end(&mut self, at: usize, on_air: &OnAir, boot_ms: u64, end: End) {
        self.tell_trouble_of(on_air);
        let Playable::Item(turn) = &on_air.what else {
            return;
        };
        let asleep_ms = self.asleep_at(boot_ms, &self.clock.now());
        let visible_ms = boot_ms
            .saturating_sub(on_air.start.boot_ms)
            .saturating_sub(asleep_ms.saturating_sub(on_air.asleep_ms));
        // What a notice covers in its first frame, nobody has seen.
        if on_air.counting != Counting::Seen || (end == End::Covered && visible_ms == 0) {
            return;
        }
        let at_end = self.displays.read();
        let display = display::during(on_air.display.unwrap_or(at_end), at_end);
        let recorded =
            self.recorder
                .record(at, turn, &self.rules, on_air, visible_ms, (end, display));
        for problem in self.recorder.take_notes().into_iter().chain(recorded) {
            self.problems.report(problem);
        }
    }

    /// Asks whether the display is on for what has just come onto the screen.
    pub(super) fn look_at_displays(&mut self) {
        for track in &mut self.tracks {
            if let Some(on_air) = &mut track.on_air
                && on_air.counting == Counting::Seen
                && matches!(on_air.what, Playable::Item(_))
            {
                on_air.display.get_or_insert_with(|| self.displays.read());
            }
        }
    }

    fn resize(&mut self, width_px: u32, height_px: u32) {
        let output = self.config.geometry(width_px, height_px);
        if self.output.as_ref() == Some(&output) || width_px == 0 || height_px == 0 {
            return;
        }
        self.places = self.config.layout.place(&output);
        self.output = Some(output);
        self.expect_at_ms = 0;
        self.resize_notice();
        for at in 0..self.tracks.len() {
            let taken = self.tracks[at].take_back();
            self.forget(taken);
            // What is being swapped in has the old size as well.
            let track = &mut self.tracks[at];
            track.stale = track.on_air.is_some() || track.pending.is_some();
        }
    }

    /// Records the plays on the screen as far as they came, and lets the stage go.
    pub(super) fn finish(mut self) {
        // A slide that was just sent to the screen is a play too, if only a short one.
        let is_swapping = |track: &Track| {
            track
                .pending
                .as_ref()
                .is_some_and(|pending| pending.progress() == Progress::Swapping)
        };
        while self.tracks.iter().any(is_swapping) {
            match self.events.recv_timeout(SWAP_WAIT) {
                Ok(event) => {
                    self.on_stage(event);
                }
                Err(_) => break,
            }
        }
        let now_ms = self.clock.now().boot_ms;
        self.note_time();
        for at in 0..self.tracks.len() {
            if let Some(on_air) = self.tracks[at].on_air.take() {
                self.end(at, &on_air, now_ms, End::Over);
            }
        }
        if let Some(problem) = self.recorder.close(now_ms) {
            self.problems.report(problem);
        }
        if self.recorder.unrecorded() > 0 {
            tracing::error!(
                "{} plays could not be kept: the disk refused them until the end",
                self.recorder.unrecorded()
            );
        }
        self.stage.send(StageCommand::Quit);
    }
}
