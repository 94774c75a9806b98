//! Turns what the player decided into an order for the composer.
//!
//! Invariant: only an order for an item has a play number, and each has one of its own.

use passerby_protocol::campaign::Colours;
use passerby_protocol::campaign::{Corner, Motion, host_of};
use passerby_protocol::token::TokenContents;

use crate::code::issuer::CodeOrder;
use crate::code::issuer::{CodeIssuer, PlayStamp};
use crate::content::creative::Creative;
use crate::ledger::{Ledger, LedgerError};
use crate::messages::player_requests::Pairing;
use crate::messages::stage_messages::{SlideOrder, Ticket};
use crate::player::record::Recorder;
use crate::player::track::Playable;
use crate::schedule::rotation::Rules;
use crate::screen::geometry::Zone;
use crate::screen::sound_settings::SoundSettings;
use crate::system::clock::Moment;

/// What an order depends on besides what it is for.
#[derive(Clone, Copy)]
pub(super) struct OrderContext<'a> {
    pub(super) pairing: Option<&'a Pairing>,
    pub(super) issuer: CodeIssuer<'a>,
    pub(super) rules: &'a Rules,
    pub(super) sound: Option<&'a SoundSettings>,
}

/// The order for the house creative.
pub(super) fn house(ticket: Ticket, zone: Zone) -> SlideOrder {
    SlideOrder {
        ticket,
        zone,
        creative: Creative::House,
        campaign: String::new(),
        play: None,
        headline: None,
        code: None,
        colours: Colours::default(),
        motion: Motion::Still,
        sound: false,
        dwell: None,
    }
}

/// Writes an order; an item gets a play number and a freshly minted code.
pub(super) fn order(
    ticket: Ticket,
    zone: Zone,
    what: &Playable,
    context: OrderContext<'_>,
    at: &Moment,
    recorder: &mut Recorder,
) -> Result<SlideOrder, LedgerError> {
    let OrderContext {
        pairing,
        issuer,
        rules,
        sound,
    } = context;
    let mut order = house(ticket, zone);
    match what {
        Playable::House => {}
        Playable::Pairing => {
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
        Playable::Item(turn) => {
            let item = &turn.item;
            let number = recorder.with_ledger(Ledger::next_number)?;
            let stamp = PlayStamp {
                play: number,
                minutes: TokenContents::minutes_at(at.wall_ms),
                lands_on_hub: rules.lands_on_hub(&item.campaign, at),
            };
            let code = issuer.order(item, &stamp);
            order = SlideOrder::of_item(ticket, zone, item, code);
            order.play = Some(number);
            order.sound = item.placement().sound
                && sound.is_some_and(|sound| sound.is_heard_at(rules.local(at).as_ref()));
        }
    }
    Ok(order)
}
