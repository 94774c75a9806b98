//! What others ask of the player, and what it answers.
//!
//! Invariants: no request waits for anybody, and whoever asked may have gone; what the disk refuses
//! is reported.

use passerby_protocol::Assignment;
use passerby_protocol::PlayNumber;
use passerby_protocol::wire::KeyReply;

use crate::ledger::LedgerError;
use crate::messages::player_requests::{OnAirStatus, PlayerRequest, Status};
use crate::messages::stage_messages::{Composer, StageCommand};

use crate::player::track::{OnAir, Playable};
use crate::player::{Player, StageLink};

impl<C: Composer, L: StageLink<C::Slide>> Player<C, L> {
    pub(super) fn on_request(&mut self, request: PlayerRequest) -> bool {
        match request {
            PlayerRequest::Batch { rows, reply } => {
                let batch = self.recorder.batch(rows);
                // Whoever asked has gone; the rows stay where they are.
                let _ = reply.send(self.report_error(batch).flatten());
            }
            PlayerRequest::AckThrough(seq) => {
                let acked = self.recorder.with_ledger(|ledger| ledger.acknowledge(seq));
                self.report_error(acked);
            }
            PlayerRequest::Quarantine(seq) => {
                self.problems.report(format!(
                    "the hub refuses play {seq}; it is set aside in the ledger"
                ));
                let set_aside = self.recorder.with_ledger(|ledger| ledger.quarantine(seq));
                self.report_error(set_aside);
            }
            PlayerRequest::BeginAnew(seq) => {
                let begun = self
                    .recorder
                    .with_ledger(|ledger| ledger.begin_anew_at(seq));
                if self.report_error(begun).is_some() {
                    self.problems.report(format!(
                        "the hub has other plays than this memory card from row {seq} of its ledger on: the memory card was put back to an older state. Its plays go on in a new ledger"
                    ));
                }
            }
            PlayerRequest::PlayFloor(floor) => {
                let raised = self
                    .recorder
                    .with_ledger(|ledger| ledger.follow_numbers(floor));
                self.report_error(raised);
            }
            PlayerRequest::Anchor(anchor) => self.on_anchor(anchor),
            PlayerRequest::Content(manifest) => {
                let seen = self
                    .recorder
                    .with_ledger(|ledger| ledger.see_manifest(manifest.version()));
                self.report_error(seen);
                if let Some(enrolment) = &mut self.enrolment {
                    // A hub that moved says so in its manifest; what was said at enrolment is
                    // older.
                    enrolment
                        .credentials
                        .scan_base
                        .clone_from(&manifest.newest().scan_base);
                }
                self.manifest = Some(manifest);
                self.is_revoked = false;
                self.content_changed();
            }
            PlayerRequest::Enrolled(enrolment) => {
                let raised = self
                    .recorder
                    .with_ledger(|ledger| ledger.begin_numbers(enrolment.credentials.play_floor));
                self.report_error(raised);
                self.enrolment = Some(*enrolment);
                self.pairing = None;
                self.content_changed();
            }
            PlayerRequest::Key(key) => self.on_key(key),
            PlayerRequest::Pairing(pairing) => {
                self.pairing = Some(pairing);
                self.content_changed();
            }
            PlayerRequest::Revoked => {
                self.problems.report(
                    "the hub does not know this screen any more; enrol it again".to_owned(),
                );
                self.manifest = None;
                self.is_revoked = true;
                self.content_changed();
                self.cut_what_left();
            }
            PlayerRequest::ManifestSeen(reply) => {
                let seen = self.recorder.with_ledger(|ledger| ledger.manifest_seen());
                let _ = reply.send(self.report_error(seen).unwrap_or(u64::MAX));
            }
            PlayerRequest::Transfers(transfers) => self.transfers = *transfers,
            PlayerRequest::Problem(problem) => self.problems.report(problem),
            PlayerRequest::Network(network) => self.network = network,
            // The next turn of the loop looks at it.
            PlayerRequest::ContextChanged => {}
            PlayerRequest::Status(reply) => {
                let _ = reply.send(self.status());
            }
            PlayerRequest::Snapshot(reply) => self.stage.send(StageCommand::Snapshot(reply)),
            PlayerRequest::SnapshotAtRest(reply) => {
                self.stage.send(StageCommand::SnapshotAtRest(reply));
            }
            PlayerRequest::Stop => return false,
        }
        true
    }

    /// Takes a new key. A slide that is on its way carries a code of the old one and a time at
    /// which the hub may not take that key any more, so it is made again.
    fn on_key(&mut self, key: KeyReply) {
        let Some(enrolment) = &mut self.enrolment else {
            return;
        };
        enrolment.credentials.generation = key.generation;
        enrolment.credentials.token_key = key.token_key;
        for at in 0..self.tracks.len() {
            let mints = self.tracks[at].pending.as_ref().is_some_and(|pending| {
                !pending.redress
                    && matches!(&pending.what, Playable::Item(turn) if turn.item.assignment != Assignment::NONE)
            });
            if mints {
                let taken = self.tracks[at].take_back();
                self.forget(taken);
            }
        }
    }

    pub(super) fn report_error<T>(&mut self, result: Result<T, LedgerError>) -> Option<T> {
        result
            .inspect_err(|error| self.problems.report(error.to_string()))
            .ok()
    }

    pub(super) fn status(&self) -> Status {
        let now = self.clock.now();
        let ledger = self.recorder.ledger();
        let zones: Vec<_> = self
            .tracks
            .iter()
            .filter_map(|track| {
                let on_air = track.on_air.as_ref()?;
                Some(on_air_status(&track.name, on_air, now.boot_ms))
            })
            .collect();
        Status {
            name: self.config.name.clone(),
            on_air: zones.first().cloned(),
            zones,
            emergency: self.overlay.shown().map(|notice| notice.headline.clone()),
            screen_px: self
                .output
                .as_ref()
                .map_or([0, 0], |output| [output.width_px, output.height_px]),
            screen: self
                .enrolment
                .as_ref()
                .map(|enrolment| enrolment.credentials.screen.get()),
            key_generation: self
                .enrolment
                .as_ref()
                .map(|enrolment| enrolment.credentials.generation),
            manifest_version: self
                .manifest
                .as_ref()
                .map_or(0, |manifest| manifest.version()),
            items: self
                .tracks
                .iter()
                .map(|track| track.rotation.catalog().len())
                .sum(),
            epoch: ledger.epoch().to_string(),
            plays_recorded: ledger.last_seq(),
            plays_waiting: ledger.waiting(),
            plays_held: self.recorder.held(),
            missing: ledger.missing_by_reason().unwrap_or_default(),
            plays_dropped: ledger.dropped().unwrap_or(0) + self.recorder.unrecorded(),
            clock_trusted: now.wall_ms.is_some(),
            transfers: self.transfers.clone(),
            network: self.network.clone(),
            problems: self.problems.problems(),
        }
    }
}

/// What the local page and programs are told of a play.
fn on_air_status(zone: &str, on_air: &OnAir, now_ms: u64) -> OnAirStatus {
    OnAirStatus {
        zone: zone.to_owned(),
        campaign: on_air.order.campaign.clone(),
        creative: on_air.order.creative.label(),
        play: on_air.order.play.map(PlayNumber::get),
        url: on_air.order.code.as_ref().map(|code| code.url.clone()),
        for_ms: now_ms.saturating_sub(on_air.start.boot_ms),
    }
}
