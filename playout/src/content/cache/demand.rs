//! What manifests ask of the cache: which files, and when each campaign can first air.
//!
//! Invariant: a campaign is never said to air later than it can. Where the answer would cost too
//! much, or the clock is not known, it airs now.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use passerby_protocol::manifest::{Asset, ManifestCampaign};
use passerby_protocol::{Campaign, CampaignId, Digest, Manifest};

/// Most windows that are asked for while the campaigns of one manifest are judged.
const STEPS_MAX: u32 = 100_000;
/// What airs later than this is not looked for day by day, in milliseconds: two months.
const AHEAD_MS_MAX: i64 = 62 * 24 * 3_600_000;

/// When something airs that may air now, whatever the time is.
pub const AT_ONCE_MS: i64 = i64::MIN;

/// One version of a campaign and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignDemand {
    /// The campaign that this is about.
    pub campaign: CampaignId,
    /// The manifest from which it is.
    pub version: u64,
    /// When it can first air, in Unix milliseconds; [`AT_ONCE_MS`] for now; `None` when its time is
    /// over.
    pub first_ms: Option<i64>,
    /// Every file that it needs, each once.
    pub files: Vec<Asset>,
}

/// Works out when campaigns can air, within one bound for all of them.
pub struct Foresight<'a> {
    now_ms: Option<i64>,
    zone: &'a TimeZone,
    steps_left: u32,
}

impl<'a> Foresight<'a> {
    /// Looks ahead from a moment, at a place. Without a trusted time everything can air now.
    pub const fn new(now_ms: Option<i64>, zone: &'a TimeZone) -> Self {
        Self {
            now_ms,
            zone,
            steps_left: STEPS_MAX,
        }
    }

    /// What one campaign of a manifest needs, and when.
    pub fn demand(
        &mut self,
        manifest: &Manifest,
        entry: &ManifestCampaign,
        assets: &BTreeMap<Digest, &Asset>,
    ) -> CampaignDemand {
        CampaignDemand {
            campaign: entry.id.clone(),
            version: manifest.version,
            first_ms: self.first_ms(&entry.campaign),
            files: files_of(entry, assets),
        }
    }

    /// When a campaign can first air; `None` when its time is over. Conditions and triggers are
    /// taken to hold.
    pub fn first_ms(&mut self, campaign: &Campaign) -> Option<i64> {
        let Some(now) = self
            .now_ms
            .and_then(|now| Timestamp::from_millisecond(now).ok())
        else {
            return Some(AT_ONCE_MS);
        };
        let mut first: Option<Timestamp> = None;
        for placement in &campaign.placements {
            let mut at = now;
            loop {
                if first.is_some_and(|first| first <= at) {
                    break;
                }
                if self.steps_left == 0 {
                    return Some(AT_ONCE_MS);
                }
                self.steps_left -= 1;
                let window = campaign.window(placement, at, self.zone);
                let is_far = at.as_millisecond() - now.as_millisecond() > AHEAD_MS_MAX;
                match window.until {
                    _ if window.open || is_far => {
                        first = Some(at);
                        break;
                    }
                    Some(until) => at = until,
                    None => break,
                }
            }
            if first == Some(now) {
                return Some(AT_ONCE_MS);
            }
        }
        first.map(Timestamp::as_millisecond)
    }
}

/// The assets of a manifest by their names.
pub fn assets_of(manifest: &Manifest) -> BTreeMap<Digest, &Asset> {
    let assets = manifest.assets.iter();
    assets.map(|asset| (asset.sha256, asset)).collect()
}

/// Every file of a campaign, each once.
pub fn files_of(entry: &ManifestCampaign, assets: &BTreeMap<Digest, &Asset>) -> Vec<Asset> {
    let named = entry.items.iter().flat_map(|item| {
        let parts = item.parts.iter().map(|part| part.sha256);
        parts.chain([item.creative])
    });
    let mut names: Vec<Digest> = named.collect();
    names.sort_unstable();
    names.dedup();
    // An opened manifest has them all.
    let found = names.iter().filter_map(|name| assets.get(name));
    found.map(|&asset| asset.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(toml: &str) -> Campaign {
        let files = ["a.png".to_owned(), "b.png".to_owned()];
        Campaign::parse("campaign.toml", &format!("title = 'x'\n{toml}"), &files).expect("good")
    }

    fn first(toml: &str, now: &str) -> Option<String> {
        let now: Timestamp = now.parse().expect("an instant");
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let ms = Foresight::new(Some(now.as_millisecond()), &zone).first_ms(&campaign(toml))?;
        Some(if ms == AT_ONCE_MS {
            "now".to_owned()
        } else {
            Timestamp::from_millisecond(ms)
                .expect("in range")
                .to_string()
        })
    }

    #[test]
    fn the_first_airing_is_found_in_the_venues_zone() {
        let now = "2026-11-25T10:00:00Z";
        assert_eq!(first("", now).as_deref(), Some("now"));
        let phase = "[[phase]]\nname = 'a'\nfrom = 2026-12-01\nuntil = 2026-12-07\n";
        assert_eq!(
            first(phase, now).as_deref(),
            Some("2026-11-30T16:00:00Z"),
            "midnight at the venue"
        );
        assert_eq!(first(phase, "2026-12-07T15:59:59Z").as_deref(), Some("now"));
        assert_eq!(first(phase, "2026-12-07T16:00:00Z"), None, "it is over");
        let hours =
            format!("{phase}[[placement]]\ncreative = 'a.png'\ndayparts = ['wed 09:00-10:00']\n");
        assert_eq!(first(&hours, now).as_deref(), Some("2026-12-02T01:00:00Z"));
        let two =
            format!("{hours}[[placement]]\ncreative = 'b.png'\ndayparts = ['tue 09:00-10:00']\n");
        assert_eq!(
            first(&two, now).as_deref(),
            Some("2026-12-01T01:00:00Z"),
            "the earlier placement counts"
        );
    }

    #[test]
    fn without_a_clock_or_an_affordable_answer_it_is_now() {
        let zone = TimeZone::UTC;
        let over = campaign("[[phase]]\nname = 'a'\nuntil = 2020-01-01\n");
        assert_eq!(
            Foresight::new(None, &zone).first_ms(&over),
            Some(AT_ONCE_MS)
        );
        let mut tired = Foresight::new(Some(1_800_000_000_000), &zone);
        tired.steps_left = 0;
        assert_eq!(tired.first_ms(&over), Some(AT_ONCE_MS));
    }
}
