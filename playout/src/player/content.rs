//! What the player can choose from, and what happens when that changes while something is on the screen.

use passerby_protocol::toml_fields::Problem;

use crate::catalog;
use crate::show::Composer;

use super::{Player, RESCAN_MS, StageLink, What};

impl<C: Composer, L: StageLink<C::Slide>> Player<C, L> {
    pub(super) fn rescan(&mut self, now_ms: u64) {
        self.rescan_at_ms = now_ms + RESCAN_MS;
        let wall_ms = self.clock.now().wall_ms;
        if self
            .manifest
            .take_if(|manifest| manifest.is_expired(wall_ms))
            .is_some()
        {
            self.board.report(
                "the hub's content has expired; it airs again when the hub has renewed it"
                    .to_owned(),
            );
            self.content_changed();
        }
        let seen: Vec<_> = self
            .config
            .folders
            .iter()
            .flat_map(|folder| catalog::fingerprint(folder))
            .collect();
        if seen != self.seen_files {
            self.seen_files = seen;
            let mut problems: Vec<Problem> = Vec::new();
            self.local.clear();
            for folder in &self.config.folders {
                let (items, found) = catalog::read_folder(folder);
                self.local.extend(items);
                problems.extend(found);
            }
            for problem in problems {
                self.board.report(problem.to_string());
            }
            self.content_changed();
        }
    }

    /// Makes the catalogue anew and lets built-in screens give way.
    pub(super) fn content_changed(&mut self) {
        self.failed.clear();
        self.rebuild_catalog();
        let catalog = &self.catalog;
        let stale = self
            .pending
            .as_ref()
            .is_some_and(|pending| match &pending.what {
                What::Item(item) => !catalog.contains(item),
                What::House | What::Pairing => self.on_air.is_some(),
            });
        if stale {
            self.drop_pending();
        }
        let now_ms = self.clock.now().boot_ms;
        if let Some(on_air) = &mut self.on_air
            && !matches!(on_air.what, What::Item(_))
        {
            on_air.until_ms = Some(now_ms);
        }
    }

    pub(super) fn rebuild_catalog(&mut self) {
        self.catalog = self.local.clone();
        if let Some(manifest) = &self.manifest {
            self.catalog
                .extend(catalog::of_manifest(manifest, &self.cache));
        }
        catalog::interleave(&mut self.catalog);
    }
}
