//! Chooses, orders and gives up what comes next in a zone.
//!
//! Invariants: what follows is chosen for the moment at which the play on the screen ends, as if
//! that had had its time; nothing is waited for longer than a moment while the screen is empty. A
//! film is chosen and made [`FILM_LEAD_MS`](crate::player::track::FILM_LEAD_MS) before its turn,
//! everything else as soon as a play begins.

use std::time::Duration;

use passerby_protocol::campaign::{CreativeKind, TransitionKind};

use crate::code::issuer::CodeIssuer;
use crate::ledger::NewFailure;
use crate::messages::stage_messages::{Composer, SlideOrder, Transition};
use crate::player::record::counted_ms;
use crate::player::slide_orders::{self, OrderContext};
use crate::player::track::{
    COMPOSE_MS_MAX, Counting, FIRST_FILM_MS_MAX, FIRST_MS_MAX, OnAir, PickedItem, Playable,
    Prepared, Progress,
};
use crate::player::{BUILT_IN_RETRY_MS, FADE, PAGE_RETRY_MS, Player, RETRY_MS, StageLink, Track};
use crate::schedule::rotation::{Airings, Decision, History, PickSurroundings};
use crate::screen::geometry::Zone;
use crate::system::clock::Moment;

/// How long the pairing screen stays when local content airs in turn with it.
const PAIRING_DWELL_MS: u64 = 15_000;
/// Shortest time for which the house creative stays when it follows itself, in milliseconds.
const HOUSE_MS_MIN: u64 = 1_000;

impl<C: Composer, L: StageLink<C::Slide>> Player<C, L> {
    /// Chooses and orders what comes after the play in a zone, if that can be said already.
    pub(super) fn prepare(&mut self, at: usize, now: &Moment) {
        let (covers, is_leaving) = (self.overlay.covers(), self.overlay.is_leaving());
        let track = &mut self.tracks[at];
        if now.boot_ms < track.hold_until_ms {
            return;
        }
        let waits_with_film = track.waits_with_film(now.boot_ms);
        let Some(on_air) = &track.on_air else {
            return self.prepare_first(at, covers, now);
        };
        if std::mem::take(&mut track.stale) {
            return self.redress(at);
        }
        if waits_with_film {
            return;
        }
        let is_play = matches!(on_air.what, Playable::Item(_)) && on_air.counting == Counting::Seen;
        let is_awaited = if covers {
            is_leaving && on_air.counting == Counting::Over
        } else {
            is_play || track.is_due(now.boot_ms)
        };
        if !is_awaited {
            return;
        }
        let moment = on_air.until_ms.map_or_else(
            || now.clone(),
            |until| now.plus_ms(until.saturating_sub(now.boot_ms)),
        );
        let pairs = self.pairing.is_some() && track.zone == Zone::MAIN;
        if pairs && !matches!(on_air.what, Playable::Pairing) {
            return self.order(at, Playable::Pairing, Some(PAIRING_DWELL_MS), &moment);
        }
        match self.decide(at, &moment, now) {
            Decision::Item(pick) => {
                let track = &mut self.tracks[at];
                let item = track.rotation.catalog()[pick.index].clone();
                if item.kind == CreativeKind::Video && track.puts_off_film(now.boot_ms) {
                    return;
                }
                let booking = pick.booking;
                let turn = Box::new(PickedItem { item, booking });
                self.order(at, Playable::Item(turn), Some(pick.dwell_ms), &moment);
            }
            Decision::House { until_change_ms } => {
                self.prepare_house(at, until_change_ms, pairs, &moment, now);
            }
        }
    }

    /// Orders what is seen first in a zone: what airs now, if that is made at once, else the house
    /// creative, which is drawn and needs no file.
    fn prepare_first(&mut self, at: usize, is_covered: bool, now: &Moment) {
        let may_be_an_item =
            !is_covered && self.pairing.is_none() && self.tracks[at].failed.is_empty();
        if may_be_an_item
            && let Decision::Item(pick) = self.decide(at, now, now)
            && let item = &self.tracks[at].rotation.catalog()[pick.index]
            // The picture of a page may take its time.
            && item.kind != CreativeKind::Page
        {
            let (item, booking) = (item.clone(), pick.booking);
            let ms_max = match item.kind {
                CreativeKind::Video => FIRST_FILM_MS_MAX,
                _ => FIRST_MS_MAX,
            };
            let turn = Box::new(PickedItem { item, booking });
            self.order(at, Playable::Item(turn), Some(pick.dwell_ms), now);
            if let Some(pending) = &mut self.tracks[at].pending {
                let is_item = matches!(pending.what, Playable::Item(_));
                pending.first_ms_max = is_item.then_some(ms_max);
            }
            return;
        }
        self.order(at, Playable::House, Some(0), now);
    }

    /// What the rotation wants in a zone at a moment, as far as it can be had.
    pub(super) fn decide(&mut self, at: usize, moment: &Moment, now: &Moment) -> Decision {
        if self.pool.is_stuck(now.boot_ms) {
            return Decision::House {
                until_change_ms: Some(self.config.dwell_ms),
            };
        }
        let (history, airings) = self.past_at(at, moment);
        let facts = self.context.facts(now);
        let Track {
            rotation, failed, ..
        } = &mut self.tracks[at];
        let around = PickSurroundings {
            history: &history,
            airings: &airings,
            facts: &facts,
        };
        let next = rotation.next(moment, around, |item| {
            let retry = failed.get(&item.key);
            retry.is_some_and(|&retry| retry > now.boot_ms)
        });
        self.tracks[at].takeover_at_ms = next.takeover_in_ms.map(|wait| moment.boot_ms + wait);
        next.decision
    }

    /// What a zone will have aired at a moment: with the play on the air, as if it had had its
    /// time. What is on the air elsewhere, or on its way there, counts for distances.
    fn past_at(&self, at: usize, moment: &Moment) -> (History, Airings) {
        let mut history = self.recorder.history(at).clone();
        let mut airings = self.recorder.airings().clone();
        for (other, track) in self.tracks.iter().enumerate() {
            let on_air = track.on_air.as_ref();
            let Some(on_air) = on_air.filter(|on_air| on_air.counting == Counting::Seen) else {
                continue;
            };
            let Playable::Item(turn) = &on_air.what else {
                continue;
            };
            if other == at {
                let planned_ms = on_air
                    .until_ms
                    .map_or(0, |until| until.saturating_sub(on_air.start.boot_ms));
                let counted_ms = counted_ms(planned_ms, on_air.dwell_ms);
                let span = (&on_air.start, moment);
                turn.booking
                    .book(&self.rules, &mut history, &mut airings, span, counted_ms);
            } else {
                turn.booking.keep_away(&mut airings, moment);
            }
        }
        for (other, track) in self.tracks.iter().enumerate() {
            if let (true, Some(Playable::Item(turn))) = (
                other != at,
                track.pending.as_ref().map(|pending| &pending.what),
            ) {
                turn.booking.keep_away(&mut airings, moment);
            }
        }
        (history, airings)
    }

    /// Lets the house creative come or stay until something could change.
    fn prepare_house(
        &mut self,
        at: usize,
        until_change_ms: Option<u64>,
        pairs: bool,
        moment: &Moment,
        now: &Moment,
    ) {
        let is_leaving = self.overlay.is_leaving();
        let track = &mut self.tracks[at];
        let retry = track
            .failed
            .values()
            .filter(|&&retry| retry > now.boot_ms)
            .min()
            .map(|&retry| retry - now.boot_ms);
        let dwell_ms = [until_change_ms, retry, pairs.then_some(PAIRING_DWELL_MS)]
            .into_iter()
            .flatten()
            .min();
        if let Some(on_air) = &mut track.on_air {
            let stays = match on_air.what {
                Playable::House => true,
                Playable::Pairing => pairs,
                Playable::Item(_) => false,
            };
            if stays {
                on_air.dwell_ms = dwell_ms.map(|dwell| dwell.max(HOUSE_MS_MIN));
                on_air.until_ms = on_air.dwell_ms.map(|dwell| now.boot_ms + dwell);
                if is_leaving {
                    (on_air.counting, on_air.until_ms) = (Counting::NotYet, None);
                }
                return;
            }
        }
        self.order(at, Playable::House, dwell_ms, moment);
    }

    /// Orders a slide that should be seen from `moment` on.
    fn order(&mut self, at: usize, what: Playable, dwell_ms: Option<u64>, moment: &Moment) {
        let ticket = self.next_ticket();
        let zone = self.tracks[at].zone;
        let surroundings = OrderContext {
            pairing: self.pairing.as_ref(),
            issuer: CodeIssuer {
                screen: &self.config.name,
                languages: &self.config.languages,
                enrolment: self.enrolment.as_ref(),
            },
            rules: &self.rules,
            sound: self.config.sound.as_ref(),
        };
        match slide_orders::order(
            ticket,
            zone,
            &what,
            surroundings,
            moment,
            &mut self.recorder,
        ) {
            Ok(mut order) => {
                if matches!(what, Playable::Item(_)) {
                    order.dwell = dwell_ms.map(Duration::from_millis);
                }
                let transition = transition_of(&what);
                self.send(at, order, what, transition, dwell_ms, false);
            }
            Err(error) => {
                self.problems.report(error.to_string());
                // No number, no code, no count: the house creative airs until the disk is back.
                let house = slide_orders::house(ticket, zone);
                let transition = transition_of(&Playable::House);
                let dwell_ms = Some(self.config.dwell_ms);
                self.send(at, house, Playable::House, transition, dwell_ms, false);
            }
        }
    }

    /// Makes what is on the air again, for a zone that changed its size.
    fn redress(&mut self, at: usize) {
        let ticket = self.next_ticket();
        if let Some(on_air) = &self.tracks[at].on_air {
            let (mut order, what) = (on_air.order.clone(), on_air.what.clone());
            order.ticket = ticket;
            self.send(at, order, what, Transition::CUT, None, true);
        }
    }

    fn send(
        &mut self,
        at: usize,
        order: SlideOrder,
        what: Playable,
        transition: Transition,
        dwell_ms: Option<u64>,
        redress: bool,
    ) {
        let Some(place) = self.places.get(at) else {
            return;
        };
        let now_ms = self.clock.now().boot_ms;
        let track = &mut self.tracks[at];
        let mut pending = Prepared::new(order.clone(), what, transition, dwell_ms, now_ms);
        pending.redress = redress;
        track.pending = Some(pending);
        // A slide that has the wrong size is wanted at once.
        let due_ms = if redress { 0 } else { track.due_ms() };
        self.pool
            .order(order, place.geometry.clone(), due_ms, now_ms);
    }

    /// Notes that what is on its way to a zone cannot be shown.
    pub(super) fn fail(&mut self, at: usize, reason: &str, now_ms: u64) {
        let track = &mut self.tracks[at];
        let Some(pending) = track.pending.take() else {
            return;
        };
        if let Playable::Item(turn) = pending.what {
            let item = turn.item;
            self.problems
                .report(format!("{} is skipped: {reason}", item.campaign_id));
            let retry_ms = if item.kind == CreativeKind::Page {
                PAGE_RETRY_MS
            } else {
                RETRY_MS
            };
            track.failed.insert(item.key, now_ms + retry_ms);
            self.recorder.fail(NewFailure {
                campaign: item.campaign_id.to_string(),
                placement: item.placement as u64 + 1,
                creative: item.creative.to_string(),
                reason: reason.to_owned(),
                at: self.clock.now(),
            });
        } else {
            self.problems
                .report(format!("a built-in screen cannot be drawn: {reason}"));
            track.hold_until_ms = now_ms + BUILT_IN_RETRY_MS;
        }
    }

    /// Gives up what composer or stage have not answered in their time.
    pub(super) fn give_up_late(&mut self, at: usize, now_ms: u64) {
        let Some(pending) = &self.tracks[at].pending else {
            return;
        };
        if pending.gives_up_at_ms().is_none_or(|until| now_ms < until) {
            return;
        }
        let (ticket, progress) = (pending.order.ticket, pending.progress());
        if pending.first_ms_max.is_some() && progress == Progress::Composing {
            // It is kept when it is made, and comes next.
            self.tracks[at].pending = None;
            self.forget(Some(ticket));
            return self.order(at, Playable::House, Some(0), &self.clock.now());
        }
        let is_at_work = self.pool.forget(ticket);
        match progress {
            Progress::Composing if is_at_work => {
                let reason = format!(
                    "it is still not composed after {} s",
                    COMPOSE_MS_MAX / 1_000
                );
                self.fail(at, &reason, now_ms);
            }
            // It only waited behind a slide that takes too long, and is not to blame.
            Progress::Composing => self.tracks[at].pending = None,
            Progress::Loading | Progress::Swapping | Progress::Ready => {
                self.fail(at, "the stage does not answer", now_ms);
            }
        }
        self.forget(Some(ticket));
    }

    /// Reports what went wrong with the slide on the air since it was made.
    pub(super) fn tell_trouble(&mut self, at: usize) {
        if let Some(on_air) = &mut self.tracks[at].on_air
            && !on_air.told
            && let Some(trouble) = on_air.health.trouble()
        {
            self.problems.report(told(on_air, trouble));
            on_air.told = true;
        }
    }

    /// The same for a slide that has left.
    pub(super) fn tell_trouble_of(&mut self, on_air: &OnAir) {
        if let (false, Some(trouble)) = (on_air.told, on_air.health.trouble()) {
            self.problems.report(told(on_air, trouble));
        }
    }
}

fn told(on_air: &OnAir, trouble: &str) -> String {
    if on_air.order.campaign.is_empty() {
        trouble.to_owned()
    } else {
        format!("{}: {trouble}", on_air.order.campaign)
    }
}

/// How a slide comes onto the screen.
fn transition_of(what: &Playable) -> Transition {
    let kind = match what {
        Playable::Item(turn) => turn.item.placement().transition,
        Playable::House | Playable::Pairing => TransitionKind::default(),
    };
    match kind {
        TransitionKind::Cut => Transition::CUT,
        kind => Transition { kind, length: FADE },
    }
}
