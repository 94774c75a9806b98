//! What the player can choose from, and what happens when that changes while something is on the
//! screen.

use std::sync::Arc;

use crate::content::catalog;
use crate::content::catalog::LocalContent;
use crate::messages::stage_messages::{Composer, EXPECT_MS};
use crate::schedule::rotation::Rotation;
use crate::system::clock::Moment;

use crate::player::track::{Playable, Progress};
use crate::player::{EXPIRY_MS, Player, StageLink};

impl<C: Composer, L: StageLink<C::Slide>> Player<C, L> {
    /// Takes the hub's content off when its time is over.
    pub(super) fn check_expiry(&mut self, now: &Moment) {
        self.expiry_at_ms = now.boot_ms + EXPIRY_MS;
        if self
            .manifest
            .take_if(|manifest| manifest.is_expired(now.wall_ms))
            .is_some()
        {
            self.problems.report(
                "the hub's content has expired; it airs again when the hub has renewed it"
                    .to_owned(),
            );
            self.content_changed();
        } else if let Some(content) = &mut self.manifest
            && content.has_expired_parts(now.wall_ms)
        {
            Arc::make_mut(content).drop_expired(now.wall_ms);
            self.content_changed();
        }
    }

    /// Takes what the local folders hold now.
    pub(super) fn on_local(&mut self, content: LocalContent) {
        self.local = content.catalog;
        for problem in content.problems.iter().chain(&content.left_out.problems) {
            self.problems.report(problem.to_string());
        }
        for note in &content.left_out.notes {
            tracing::info!("{note}");
        }
        self.content_changed();
    }

    /// Makes the catalogues anew and lets built-in screens give way.
    pub(super) fn content_changed(&mut self) {
        self.rebuild_catalog();
        let now_ms = self.clock.now().boot_ms;
        for at in 0..self.tracks.len() {
            let track = &mut self.tracks[at];
            track.failed.clear();
            track.hold_until_ms = 0;
            let is_stale = track.pending.as_ref().is_some_and(|pending| {
                !pending.redress
                    && pending.progress() != Progress::Swapping
                    && match &pending.what {
                        Playable::Item(turn) => !track.rotation.catalog().contains(&turn.item),
                        Playable::House | Playable::Pairing => track.on_air.is_some(),
                    }
            });
            if is_stale {
                let taken = track.take_back();
                self.forget(taken);
            }
            if let Some(on_air) = &mut self.tracks[at].on_air
                && !matches!(on_air.what, Playable::Item(_))
                && !self.overlay.covers()
            {
                on_air.until_ms = Some(now_ms);
            }
        }
    }

    /// Lets what is on the screen and no longer among the content go as soon as something else is
    /// ready.
    pub(super) fn cut_what_left(&mut self) {
        let now_ms = self.clock.now().boot_ms;
        for track in &mut self.tracks {
            let catalog = track.rotation.catalog();
            let has_left = |what: &Playable| matches!(what, Playable::Item(turn) if !catalog.contains(&turn.item));
            if let Some(on_air) = &mut track.on_air
                && has_left(&on_air.what)
            {
                on_air.until_ms = Some(now_ms);
            }
        }
    }

    pub(super) fn rebuild_catalog(&mut self) {
        let mut catalog = self.local.clone();
        if let Some(manifest) = &self.manifest {
            catalog.extend(catalog::of_hub(manifest, &self.cache));
        }
        catalog::interleave(&mut catalog);
        for (at, track) in self.tracks.iter_mut().enumerate() {
            track.rotation = Rotation::new(
                self.rules.clone(),
                catalog::of_zone(&catalog, &track.name),
                &mut self.recorder.history_mut(at).accounts,
            );
        }
        self.expect_at_ms = 0;
    }

    /// Tells the composer which files may be shown, and where.
    pub(super) fn tell_what_comes(&mut self, now_ms: u64) {
        self.expect_at_ms = now_ms + EXPECT_MS;
        let zones = self.tracks.iter().zip(&self.places);
        let coming = zones.flat_map(|(track, place)| {
            let items = track.rotation.catalog().iter();
            items.map(|item| (item.file(), place.geometry.clone()))
        });
        self.pool.expect(coming.collect());
    }
}
