//! Turns what the player decided into an order for the composer, and keeps what went wrong for people to read.

use std::collections::VecDeque;

use passerby_protocol::campaign::{Corner, Landing, Motion, host_of};
use passerby_protocol::foreign;
use passerby_protocol::token::Claims;

use crate::code::issuer::{Door, Stamp};
use crate::ledger::{Ledger, LedgerError};
use crate::player::player_requests::{OnAirStatus, Pairing};
use crate::player::record::Recorder;
use crate::player::stage_messages::{CodeOrder, Creative, SlideOrder, Ticket, Zone};
use crate::player::track::{OnAir, What};
use crate::schedule::rotation::Rules;
use crate::screen::sound_settings::Sound;
use crate::system::clock::Moment;

const PROBLEMS_MAX: usize = 20;

/// What went wrong lately.
#[derive(Debug, Default)]
pub(super) struct Board {
    problems: VecDeque<String>,
}

/// What an order depends on besides what it is for.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) pairing: Option<&'a Pairing>,
    pub(super) door: Door<'a>,
    pub(super) rules: &'a Rules,
    pub(super) sound: Option<&'a Sound>,
}

impl Board {
    /// Logs a problem and keeps it; one that repeats is logged once.
    /// Names of files in it are whatever somebody called them.
    pub(super) fn report(&mut self, problem: String) {
        let problem = if foreign::has_hidden(&problem) {
            foreign::one_line(&problem, problem.len())
        } else {
            problem
        };
        if self.problems.contains(&problem) {
            return;
        }
        tracing::warn!("{problem}");
        if self.problems.len() == PROBLEMS_MAX {
            self.problems.pop_front();
        }
        self.problems.push_back(problem);
    }

    /// Logs a problem and keeps it as the newest one, though it was reported before: something new has it too.
    pub(super) fn report_anew(&mut self, problem: String) {
        let plain = foreign::plain(&problem);
        self.problems.retain(|known| *known != plain);
        self.report(problem);
    }

    pub(super) fn problems(&self) -> Vec<String> {
        self.problems.iter().cloned().collect()
    }

    pub(super) fn house(&self, ticket: Ticket, zone: Zone) -> SlideOrder {
        SlideOrder {
            ticket,
            zone,
            creative: Creative::House,
            campaign: String::new(),
            play: None,
            headline: None,
            code: None,
            colours: passerby_protocol::campaign::Colours::default(),
            motion: Motion::Still,
            sound: false,
            dwell: None,
        }
    }

    /// Writes an order; an item gets a play number and a freshly minted code.
    pub(super) fn order(
        &self,
        ticket: Ticket,
        zone: Zone,
        what: &What,
        surroundings: Surroundings<'_>,
        at: &Moment,
        recorder: &mut Recorder,
    ) -> Result<SlideOrder, LedgerError> {
        let Surroundings {
            pairing,
            door,
            rules,
            sound,
        } = surroundings;
        let mut order = self.house(ticket, zone);
        match what {
            What::House => {}
            What::Pairing => {
                if let Some(pairing) = pairing {
                    order.headline = Some(format!("配对码 Pairing code {}", pairing.code));
                    order.code = Some(CodeOrder {
                        url: pairing.claim_url.clone(),
                        call: "扫码认领此屏 Scan to claim this screen".into(),
                        leads_to: host_of(&pairing.claim_url),
                        corner: Corner::BottomRight,
                    });
                }
            }
            What::Item(turn) => {
                let item = &turn.item;
                let number = recorder.with_ledger(Ledger::next_number)?;
                let (campaign, placement) = (&item.campaign, item.placement());
                let lands_on_hub = rules
                    .local_date(at)
                    .map_or(campaign.landing, |date| campaign.landing_on(date))
                    != Landing::Redirect;
                let stamp = Stamp {
                    play: number,
                    minutes: Claims::minutes_at(at.wall_ms),
                    lands_on_hub,
                };
                order.code = door.order(item, &stamp);
                order.creative = Creative::File(item.file());
                order.motion = placement.motion;
                order.sound = placement.sound
                    && sound.is_some_and(|sound| sound.is_heard_at(rules.local(at).as_ref()));
                order.campaign = item.campaign_id.to_string();
                order.play = Some(number);
                order.headline = campaign.headline_of(placement).map(str::to_owned);
                order.colours = campaign.colours;
            }
        }
        Ok(order)
    }
}

pub(super) fn on_air_status(zone: &str, on_air: &OnAir, now_ms: u64) -> OnAirStatus {
    OnAirStatus {
        zone: zone.to_owned(),
        campaign: on_air.order.campaign.clone(),
        creative: on_air.order.creative.label(),
        play: on_air.order.play.map(passerby_protocol::PlayNumber::get),
        url: on_air.order.code.as_ref().map(|code| code.url.clone()),
        for_ms: now_ms.saturating_sub(on_air.start.boot_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_that_repeats_is_told_once_and_the_list_is_bounded() {
        let mut board = Board::default();
        for at in 0..50 {
            board.report(format!("problem {}", at / 2));
        }
        assert_eq!(board.problems().len(), PROBLEMS_MAX);
        assert_eq!(
            board.problems().last().map(String::as_str),
            Some("problem 24")
        );
    }

    #[test]
    fn a_problem_that_something_new_has_too_is_told_anew() {
        let mut board = Board::default();
        for problem in ["no text", "other", "\u{202e}gnp.a: bad"] {
            board.report(problem.to_owned());
        }
        board.report_anew("\u{202e}gnp.a: bad".to_owned());
        board.report_anew("no text".to_owned());
        assert_eq!(board.problems(), ["other", "gnp.a: bad", "no text"]);
    }
}
