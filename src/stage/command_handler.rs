//! Does what the player asks: hands slides to the presenter, brings them onto the screen, takes
//! them away.
//!
//! Invariants:
//! - A slide that comes where its zone was empty but others lie beneath is cut in: their codes are
//!   never half covered.
//! - Pixels are freed in the update in which their slide has gone.
//! - What cannot be done is answered or told of; it never stops what is shown.

use bevy::prelude::*;
use passerby_compose::slide::{Area, Slide};
use passerby_playout::messages::stage_messages::{StageEvent, Ticket, Transition};
use passerby_playout::screen::geometry::Zone;

use crate::stage::agenda::Agenda;
use crate::stage::channel::EventSender;
use crate::stage::loaded_slide::{LoadedSlide, SlidePlace};
use crate::stage::presenter::{Changed, Output, Presenter, Ready};
use crate::stage::slides::{Change, LOADED_MAX, Shown, Slides, ZONES_MAX};
use crate::stage::smoothness::Smoothness;
use crate::stage::store::Store;
use crate::stage::time::Now;
use crate::stage::transition::TransitionProgress;

/// Does the work of the commands.
#[derive(bevy::ecs::system::SystemParam)]
pub(super) struct CommandHandler<'w> {
    pub(super) slides: ResMut<'w, Slides>,
    pub(super) store: ResMut<'w, Store>,
    pub(super) output: Res<'w, Output>,
    pub(super) presenter: Res<'w, Presenter>,
    pub(super) event_sender: Res<'w, EventSender>,
    pub(super) smoothness: ResMut<'w, Smoothness>,
    pub(super) changed: ResMut<'w, Changed>,
    pub(super) agenda: ResMut<'w, Agenda>,
    ready: Res<'w, Ready>,
    pub(super) now: Res<'w, Now>,
}

impl CommandHandler<'_> {
    pub(super) fn load(&mut self, ticket: Ticket, zone: Zone, area: Area, slide: Slide) {
        if let Err(reason) = self.try_load(ticket, zone, area, slide) {
            error!("slide {} cannot be loaded: {reason}", ticket.0);
            self.event_sender.send(StageEvent::Refused(ticket));
        }
    }

    fn try_load(
        &mut self,
        ticket: Ticket,
        zone: Zone,
        area: Area,
        slide: Slide,
    ) -> Result<(), String> {
        if !self.slides.0.contains_key(&zone) && self.slides.0.len() >= ZONES_MAX {
            return Err(format!("{ZONES_MAX} zones have slides already"));
        }
        let place = SlidePlace {
            area,
            output_px: self.output.told_px(),
        };
        let loaded = LoadedSlide::make(self.store.0.as_mut(), ticket, place, slide)?;
        let waiting = &self.slides.0.entry(zone).or_default().loaded;
        if let Some(oldest) = waiting.first().filter(|_| waiting.len() >= LOADED_MAX) {
            let oldest = oldest.ticket;
            warn!(
                "more than {LOADED_MAX} slides of a zone are loaded; slide {} is dropped",
                oldest.0
            );
            self.forget(oldest);
        }
        // Asked for anew: the zone goes with its last slide.
        let zone = self.slides.0.entry(zone).or_default();
        zone.loaded.push(loaded);
        self.event_sender.send(StageEvent::Loaded(ticket));
        Ok(())
    }

    pub(super) fn swap(&mut self, ticket: Ticket, transition: Transition) {
        let found = self.slides.0.iter().find_map(|(&zone, slides)| {
            let place = slides.loaded.iter().position(|l| l.ticket == ticket)?;
            Some((zone, place))
        });
        let Some((zone, place)) = found else {
            warn!("slide {} is to be shown but is not loaded", ticket.0);
            return;
        };
        if !self.ready.0 {
            self.slides.0.entry(zone).or_default().early = Some((ticket, transition));
            return;
        }
        self.settle_or_skip(zone);
        let others = self.slides.on_screen().any(|seen| seen.zone != zone);
        let slides = self.slides.0.entry(zone).or_default();
        let transition = if slides.shown.is_none() && others {
            Transition::CUT
        } else {
            self.smoothness.allow(transition)
        };
        let slide = slides.loaded.remove(place);
        let at = slide.on_output(self.output.size_px);
        slides.change = Some(Change::start(
            Shown { slide, at },
            TransitionProgress::start(transition, self.now.0),
        ));
    }

    /// Makes room for another slide: ends the transition, or skips it if nobody has seen any of it.
    fn settle_or_skip(&mut self, zone: Zone) {
        let unseen = self
            .slides
            .0
            .get_mut(&zone)
            .and_then(|slides| slides.change.take_if(|change| !change.visible));
        if unseen.is_none() {
            self.settle(zone);
        }
    }

    /// Ends a zone's transition: the incoming slide is the one that is shown, and its predecessor
    /// goes.
    pub(super) fn settle(&mut self, zone: Zone) {
        let Some(slides) = self.slides.0.get_mut(&zone) else {
            return;
        };
        if let Some(change) = slides.change.take() {
            slides.shown = Some(change.incoming);
        }
    }

    /// Takes away all that a zone shows, or is about to show.
    pub(super) fn clear(&mut self, zone: Zone) {
        if let Some(slides) = self.slides.0.get_mut(&zone) {
            (slides.early, slides.change, slides.shown) = (None, None, None);
            if slides.is_empty() {
                self.slides.0.remove(&zone);
            }
        }
        self.presenter.frame().cleared(zone);
        self.changed.0 = true;
    }

    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.slides.0.retain(|_, slides| {
            slides.loaded.retain(|loaded| loaded.ticket != ticket);
            !slides.is_empty()
        });
    }
}
