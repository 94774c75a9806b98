//! An emergency over everything: how it comes and how it goes.
//!
//! Invariants:
//! - While a notice covers the screen, what lies beneath counts for nothing: plays end at the
//!   moment at which the notice was presented, and new ones begin at the moment at which it was
//!   gone.
//! - A notice goes only when every zone has something to show, unless that takes more than
//!   [`EMPTY_MS_MAX`]; for what is due next it waits at most [`LINGER_MS`].

use passerby_protocol::campaign::{Colours, Motion};

use crate::content::creative::Creative;
use crate::content::emergency;
use crate::content::emergency::{EmergencyFile, Notice};
use crate::messages::stage_messages::{
    ComposeError, Composed, Composer, SlideOrder, StageCommand, Ticket, Transition,
};
use crate::player::overlay::{EMPTY_MS_MAX, OverlayState};
use crate::player::record::End;
use crate::player::track::{Playable, Prepared, Progress, STAGE_MS_MAX, Track};
use crate::player::{Player, StageLink};
use crate::screen::area::Area;
use crate::screen::geometry::Zone;
use crate::system::clock::Moment;

/// How long a notice that should go waits for the zones' next slides, in milliseconds.
const LINGER_MS: u64 = 300;
/// After this long a notice that could not be made is tried again, in milliseconds.
const RETRY_MS: u64 = 5_000;

impl<C: Composer, L: StageLink<C::Slide>> Player<C, L> {
    /// Takes what the emergency file says now.
    pub(super) fn on_emergency_file(&mut self, now: EmergencyFile) {
        let file = emergency::path(&self.config.data_dir);
        match now {
            Ok(read) => {
                let (notice, remarks) = read.unzip();
                for remark in remarks.unwrap_or_default() {
                    self.problems
                        .report_anew(format!("{}: {remark}", file.display()));
                }
                self.overlay.readable.clone_from(&notice);
                self.overlay.of_file = notice;
                self.overlay.retry_at_ms = None;
            }
            Err(error) => {
                self.problems
                    .report_anew(format!("{}: {error}", file.display()));
                if let Some(warning) = error.warning(&file) {
                    let readable = self.overlay.readable.as_ref();
                    self.overlay.of_file = Some(
                        readable.map_or_else(|| warning.clone(), |old| old.with_warning(&warning)),
                    );
                    self.overlay.retry_at_ms = None;
                }
            }
        }
    }

    /// Chooses what should cover the screen: what the file says, which is written on this machine,
    /// or else what the hub's newest manifest says. A manifest that has expired is gone by then.
    fn choose_notice(&mut self) {
        let content = self.manifest.as_ref();
        let of_hub = content.and_then(|content| content.newest().notice.as_ref());
        let wanted = match (&self.overlay.of_file, of_hub) {
            (Some(of_file), _) => Some(of_file.clone()),
            (None, of_hub) => of_hub.map(Notice::from),
        };
        if wanted != self.overlay.wanted {
            self.overlay.wanted = wanted;
            self.overlay.retry_at_ms = None;
        }
    }

    /// The output has another size.
    pub(super) fn resize_notice(&mut self) {
        self.overlay.stale = true;
        let taken = self.overlay.take_back();
        self.forget(taken);
    }

    /// Brings the notice on, changes it or takes it off, as far as that is due.
    pub(super) fn advance_notice(&mut self, now: &Moment) {
        let now_ms = now.boot_ms;
        self.choose_notice();
        if let Some((_, pending)) = &self.overlay.pending
            && pending
                .gives_up_at_ms()
                .is_some_and(|until| now_ms >= until)
        {
            let ticket = pending.order.ticket;
            self.overlay.pending = None;
            self.forget(Some(ticket));
            self.notice_failed("it took too long", now_ms);
        }
        if self.overlay.wanted.is_some() {
            self.bring_notice(now_ms);
        } else {
            let taken = self.overlay.take_back();
            self.forget(taken);
            if self.overlay.state == OverlayState::Here && self.overlay.pending.is_none() {
                self.overlay.state = OverlayState::Leaving(now_ms + LINGER_MS);
                // What came on beneath it was chosen before now, and may not be right any more.
                for track in &mut self.tracks {
                    track.cover();
                }
            }
        }
        if let Some((_, pending)) = &mut self.overlay.pending
            && pending.progress() == Progress::Ready
        {
            pending.advance(Progress::Swapping, now_ms);
            self.stage.send(StageCommand::Swap {
                ticket: pending.order.ticket,
                transition: Transition::CUT,
            });
        }
    }

    /// Takes the notice off when the zones are ready for it; comes after they were looked after.
    pub(super) fn clear_notice(&mut self, now_ms: u64) {
        let clear = match self.overlay.state {
            OverlayState::Leaving(until) => {
                let has_pictures = self.tracks.iter().all(|track| track.on_air.is_some());
                self.tracks.iter().all(Track::is_fresh)
                    || (has_pictures && now_ms >= until)
                    || now_ms >= until + EMPTY_MS_MAX
            }
            OverlayState::Clearing(until) if now_ms >= until => {
                self.problems
                    .report("the stage does not take the emergency message away".to_owned());
                true
            }
            _ => false,
        };
        if clear {
            self.overlay.state = OverlayState::Clearing(now_ms + STAGE_MS_MAX);
            self.stage.send(StageCommand::Clear { zone: Zone::NOTICE });
        }
    }

    fn bring_notice(&mut self, now_ms: u64) {
        let overlay = &mut self.overlay;
        if matches!(overlay.state, OverlayState::Clearing(_)) {
            return;
        }
        if matches!(overlay.state, OverlayState::Leaving(_)) {
            overlay.state = OverlayState::Here;
        }
        let is_there = overlay.shown == overlay.wanted && !overlay.stale;
        let is_coming = !overlay.stale
            && overlay
                .pending
                .as_ref()
                .is_some_and(|(notice, _)| Some(notice) == overlay.wanted.as_ref());
        if is_coming || (is_there && overlay.pending.is_none()) {
            return;
        }
        let taken = overlay.take_back();
        let waits = overlay.pending.is_some()
            || is_there
            || overlay.retry_at_ms.is_some_and(|retry| now_ms < retry);
        self.forget(taken);
        if !waits {
            self.order_notice(now_ms);
        }
    }

    fn order_notice(&mut self, now_ms: u64) {
        let (Some(output), Some(notice)) = (self.output.clone(), self.overlay.wanted.clone())
        else {
            return;
        };
        let order = SlideOrder {
            ticket: self.next_ticket(),
            zone: Zone::NOTICE,
            creative: Creative::Notice {
                headline: notice.headline.clone(),
                body: notice.body.clone(),
            },
            campaign: String::new(),
            play: None,
            headline: None,
            code: None,
            colours: Colours::default(),
            motion: Motion::Still,
            sound: false,
            dwell: None,
        };
        let prepared = Prepared::new(
            order.clone(),
            Playable::House,
            Transition::CUT,
            None,
            now_ms,
        );
        self.overlay.stale = false;
        self.overlay.pending = Some((notice, prepared));
        self.pool.order(order, output, 0, now_ms);
    }

    fn notice_failed(&mut self, reason: &str, now_ms: u64) {
        self.problems.report(format!(
            "{}: the message cannot be shown: {reason}",
            emergency::FILE_NAME
        ));
        self.overlay.stale = true;
        self.overlay.retry_at_ms = Some(now_ms + RETRY_MS);
    }

    /// Takes a finished slide if it is the notice; gives it back otherwise.
    pub(super) fn notice_composed(
        &mut self,
        ticket: Ticket,
        slide: Result<Composed<C::Slide>, ComposeError>,
        now_ms: u64,
    ) -> Option<Result<Composed<C::Slide>, ComposeError>> {
        if !self.overlay.has_pending(ticket) {
            return Some(slide);
        }
        match (slide, &self.output) {
            (Ok(composed), Some(output)) => {
                let area = Area::new(0, 0, output.width_px, output.height_px);
                if let Some((_, pending)) = &mut self.overlay.pending {
                    pending.advance(Progress::Loading, now_ms);
                }
                self.stage.send(StageCommand::Load {
                    ticket,
                    zone: Zone::NOTICE,
                    area,
                    slide: composed.slide,
                });
            }
            (Ok(_), None) => self.overlay.pending = None,
            (Err(error), _) => {
                self.overlay.pending = None;
                self.notice_failed(&error.to_string(), now_ms);
            }
        }
        None
    }

    /// Takes an answer of the stage about the notice; false when the ticket is not its.
    pub(super) fn notice_loaded(
        &mut self,
        ticket: Ticket,
        can_be_drawn: bool,
        now_ms: u64,
    ) -> bool {
        if !self.overlay.has_pending(ticket) {
            return false;
        }
        if can_be_drawn {
            if let Some((_, pending)) = &mut self.overlay.pending {
                pending.advance(Progress::Ready, now_ms);
            }
        } else {
            self.overlay.pending = None;
            self.notice_failed("the stage cannot draw it", now_ms);
        }
        true
    }

    /// The notice is seen; false when the ticket is not its.
    pub(super) fn notice_presented(&mut self, ticket: Ticket, boot_ms: u64) -> bool {
        if !self.overlay.has_pending(ticket) {
            return false;
        }
        self.overlay.shown = self.overlay.pending.take().map(|(notice, _)| notice);
        self.overlay.retry_at_ms = None;
        if self.overlay.state == OverlayState::Away {
            self.overlay.state = OverlayState::Here;
            for at in 0..self.tracks.len() {
                if let Some(ended) = self.tracks[at].cover() {
                    self.end(at, &ended, boot_ms, End::Covered);
                }
                let taken = self.tracks[at].take_back();
                self.forget(taken);
            }
            // What makes an emergency may also take the power.
            if let Some(problem) = self.recorder.commit(boot_ms) {
                self.problems.report(problem);
            }
        }
        true
    }

    /// The notice is gone.
    pub(super) fn notice_cleared(&mut self, boot_ms: u64) {
        if matches!(self.overlay.state, OverlayState::Clearing(_)) {
            self.overlay.state = OverlayState::Away;
            self.overlay.shown = None;
            let now = self.clock.now();
            let asleep_ms = self.asleep_at(boot_ms, &now);
            let start = now.back_to(boot_ms);
            for track in &mut self.tracks {
                track.uncover(start.clone(), asleep_ms);
            }
        }
    }
}
