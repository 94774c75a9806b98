//! Proof of play in the form of Outsmart's Playout Reporting Standard, version 1.7.
//!
//! A record a play: CSV without a header, each line ended by LF, 19 fields in a fixed order. Times
//! are UTC to the millisecond, each with the offset of the place.
//!
//! Invariant: a record has every field that is mandatory, or there is none; nothing is made up.
//! Start and length are given, the end follows from them; all three stand in the record.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use passerby_protocol::Epoch;

use crate::content::catalog::CatalogItem;
use crate::ledger::DatedPlay;

/// Longest name of a creative, in characters.
const CREATIVE_NAME_CHARS_MAX: usize = 128;
/// Longest name of what triggered a creative, in characters.
const TRIGGER_CHARS_MAX: usize = 64;

/// The screen whose plays are reported.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its number in SPACE.
    pub id: u32,
    /// Where it hangs.
    pub time_zone: TimeZone,
    /// The terminal behind it, up to 36 characters; may be empty.
    pub player: String,
    /// Of which ledger the plays are.
    pub epoch: Epoch,
}

/// Why there is no record of a play.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unreported {
    /// When it began is not known.
    #[error("their time is not known yet")]
    Undated,
    /// What aired is not known here any more.
    #[error("{0} is no longer among this screen's campaigns")]
    Gone(String),
    /// Nobody said who has bought it.
    #[error("{0} has no [buyer]; add one with order, buyer and brand to its campaign.toml")]
    Unsold(String),
}

impl Frame {
    /// Writes the record of a play. `item` is what aired, if it is still known.
    ///
    /// # Errors
    /// See [`Unreported`].
    pub fn record(
        &self,
        dated: &DatedPlay,
        item: Option<&CatalogItem>,
    ) -> Result<String, Unreported> {
        let play = &dated.play;
        let start_ms = dated.wall_ms.ok_or(Unreported::Undated)?;
        let campaign = &play.content.campaign;
        let item = item.ok_or_else(|| Unreported::Gone(campaign.clone()))?;
        let buyer = item
            .campaign
            .buyer
            .as_ref()
            .ok_or_else(|| Unreported::Unsold(campaign.clone()))?;
        let visible_ms = i64::try_from(play.visible_ms).map_err(|_| Unreported::Undated)?;
        let (start, start_offset) = self.time(start_ms)?;
        let (end, end_offset) = self.time(start_ms + visible_ms)?;
        let placement = item.placement();
        let trigger = placement.terms.trigger.as_ref();
        let number = |number: Option<u32>| number.map(|n| n.to_string()).unwrap_or_default();
        let fields = [
            self.id.to_string(),
            start,
            start_offset,
            end,
            end_offset,
            play.visible_ms.to_string(),
            // Share of time is for scrolling paper; a play has its own start and end.
            String::new(),
            text(&buyer.order),
            text(buyer.line.as_deref().unwrap_or_default()),
            buyer.buyer.to_string(),
            number(buyer.agency),
            buyer.brand.to_string(),
            text(buyer.reference.as_deref().unwrap_or_default()),
            play.content.creative.to_string(),
            text(&leading(&placement.creative, CREATIVE_NAME_CHARS_MAX)),
            text(buyer.creative.as_deref().unwrap_or_default()),
            text(&leading(
                trigger.map_or("", |trigger| &trigger.name),
                TRIGGER_CHARS_MAX,
            )),
            text(&self.player),
            format!("{}-{}", self.epoch, play.seq),
        ];
        Ok(format!("{}\n", fields.join(",")))
    }

    /// A moment in UTC, and the place's offset then.
    fn time(&self, wall_ms: i64) -> Result<(String, String), Unreported> {
        let at = Timestamp::from_millisecond(wall_ms).map_err(|_| Unreported::Undated)?;
        let utc = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let utc = format!("{utc}.{:03}", wall_ms.rem_euclid(1_000));
        let seconds = self.time_zone.to_offset(at).seconds();
        if seconds == 0 {
            return Ok((utc, "Z".to_owned()));
        }
        let minutes = seconds.unsigned_abs() / 60;
        let sign = if seconds < 0 { '-' } else { '+' };
        let mut offset = String::with_capacity(6);
        let _ = write!(offset, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        Ok((utc, offset))
    }
}

/// Writes a text in quotes where it needs them. No field begins or ends with a space, or holds the
/// end of a line.
fn text(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let text = text.trim();
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn leading(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use passerby_protocol::campaign::CreativeKind;
    use passerby_protocol::dating::Between;
    use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};
    use passerby_protocol::{Assignment, Campaign, Digest, PlayNumber};

    use super::*;
    use crate::content::catalog::ItemKey;

    fn item(buyer: &str) -> CatalogItem {
        let text = format!(
            "title = 'x'\n{buyer}\n[[placement]]\ncreative = 'poster, final.jpg'\ntrigger = {{ name = 'rain', seconds = 60 }}\n"
        );
        let pictures = ["poster, final.jpg".to_owned()];
        let campaign = Campaign::parse("campaign.toml", &text, &pictures).expect("good");
        CatalogItem {
            key: ItemKey::from("cafe".to_owned()),
            campaign_id: "cafe".parse().expect("an id"),
            campaign: Arc::new(campaign),
            placement: 0,
            assignment: Assignment::NONE,
            kind: CreativeKind::Picture,
            creative: Digest([7; 32]),
            path: "poster.jpg".into(),
            parts: Arc::new([]),
        }
    }

    fn dated(wall: Option<&str>) -> DatedPlay {
        let wall = wall.map(|wall| wall.parse::<Timestamp>().expect("a time"));
        DatedPlay {
            play: Play {
                seq: 42,
                number: PlayNumber::new(9).expect("in range"),
                content: PlayContent {
                    assignment: Assignment::NONE,
                    campaign: "cafe".into(),
                    creative: Digest([7; 32]),
                },
                boot: "boot".into(),
                start_boot_ms: 1,
                visible_ms: 10_007,
                outcome: Outcome::Complete,
                display: Display::Unknown,
            },
            wall_ms: wall.map(Timestamp::as_millisecond),
            between: Between::default(),
        }
    }

    fn frame(zone: &str) -> Frame {
        Frame {
            id: 1_234_567_890,
            time_zone: TimeZone::get(zone).expect("a zone"),
            player: "screen 7".into(),
            epoch: Epoch(0xABC),
        }
    }

    const BUYER: &str = "[buyer]\norder = 'Order \"7\", spring'\nline = 'L1'\nbuyer = 12\nagency = 34\nbrand = 56\nreference = 'R'\n";

    #[test]
    fn a_record_has_its_nineteen_fields_in_their_order() {
        let play = dated(Some("2026-03-29T00:59:55.500Z"));
        let record = frame("Europe/London").record(&play, Some(&item(BUYER)));
        let digest = "07".repeat(32);
        // The clocks went forward while it was shown.
        assert_eq!(
            record.as_deref(),
            Ok(format!(
                "1234567890,2026-03-29T00:59:55.500,Z,2026-03-29T01:00:05.507,+01:00,10007,,\"Order \"\"7\"\", spring\",L1,12,34,56,R,{digest},\"poster, final.jpg\",,rain,screen 7,0000000000000abc-42\n"
            )
            .as_str())
        );
        let play = dated(Some("2026-12-01T00:00:00Z"));
        // Leap days, a year that has none, an offset by quarters of an hour, and the end of what is
        // believed.
        for (zone, start, end, offset) in [
            (
                "Asia/Kathmandu",
                "2028-02-29T23:59:55",
                "2028-03-01T00:00:05",
                "+05:45",
            ),
            (
                "Australia/Eucla",
                "2096-02-28T23:59:55",
                "2096-02-29T00:00:05",
                "+08:45",
            ),
            (
                "Pacific/Kiritimati",
                "2099-12-31T23:59:55",
                "2100-01-01T00:00:05",
                "+14:00",
            ),
            (
                "Pacific/Marquesas",
                "2100-02-28T23:59:55",
                "2100-03-01T00:00:05",
                "-09:30",
            ),
        ] {
            let play = dated(Some(&format!("{start}Z")));
            let record = frame(zone).record(&play, Some(&item(BUYER)));
            let times = format!(",{start}.000,{offset},{end}.007,{offset},10007,");
            assert!(
                record.as_ref().is_ok_and(|record| record.contains(&times)),
                "{record:?}"
            );
        }
        let west = frame("America/St_Johns").record(&play, Some(&item(BUYER)));
        assert!(west.is_ok_and(|record| record.contains(",2026-12-01T00:00:00.000,-03:30,")));
    }

    #[test]
    fn nothing_is_made_up() {
        let frame = frame("Asia/Shanghai");
        let play = dated(Some("2026-12-01T00:00:00Z"));
        let (undated, sold, own) = (dated(None), item(BUYER), item(""));
        let told = |play, item| frame.record(play, item).expect_err("no record");
        assert_eq!(told(&undated, Some(&sold)), Unreported::Undated);
        assert_eq!(told(&play, None), Unreported::Gone("cafe".into()));
        assert_eq!(told(&play, Some(&own)), Unreported::Unsold("cafe".into()));
    }
}
