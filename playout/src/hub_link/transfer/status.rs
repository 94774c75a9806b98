//! What the player is told: how far the files are, and what there is no room for.
//!
//! Invariant: nothing is told twice in a row.

use std::collections::BTreeSet;

use crate::content::cache::plan::{Fetch, Refused};
use crate::hub_link::PlayerGone;
use crate::hub_link::transfer::Transfer;
use crate::messages::player_requests::{CAMPAIGNS_WAITING_MAX, PlayerRequest, Transfers, UnderWay};

impl Transfer {
    /// Says once what there is no room for.
    pub(super) fn tell_refusal(&mut self) -> Result<(), PlayerGone> {
        let problem = refusal(&self.plan.refused, self.hub_link.cache.bytes_max);
        if problem != self.refusal_told {
            if let Some(problem) = &problem {
                self.hub_link
                    .tell(PlayerRequest::Problem(problem.clone()))?;
            }
            self.refusal_told = problem;
        }
        Ok(())
    }

    /// Tells the player how far things are; it is asked by the local page.
    pub(super) fn tell_status(
        &mut self,
        under_way: Option<(&Fetch, u64)>,
    ) -> Result<(), PlayerGone> {
        let mut seen = BTreeSet::new();
        let mut status = Transfers {
            last_error: self.status.last_error.clone(),
            waits_for: self.status.waits_for.clone(),
            cache_bytes: self.there.bytes(),
            cache_bytes_max: self.hub_link.cache.bytes_max,
            under_way: under_way.map(|(next, got)| UnderWay {
                campaign: self.campaign_of(next.demand),
                file: next.asset.sha256.to_string(),
                bytes_there: got,
                bytes_wanted: next.asset.size,
            }),
            ..Transfers::default()
        };
        for demand in &self.demands {
            let mut is_whole = true;
            for file in &demand.files {
                let blob = self.there.blobs.get(&file.sha256);
                let is_there = blob.is_some_and(|blob| blob.size == file.size);
                is_whole &= is_there;
                if !seen.insert(file.sha256) {
                    continue;
                }
                status.files_wanted += 1;
                status.bytes_wanted += file.size;
                if is_there {
                    status.files_there += 1;
                    status.bytes_there += file.size;
                } else {
                    let part = self.there.parts.get(&file.sha256).copied();
                    let coming = under_way.filter(|(next, _)| next.asset.sha256 == file.sha256);
                    let part = coming.map(|(_, got)| got).or(part).unwrap_or(0);
                    status.bytes_there += part.min(file.size);
                }
            }
            if !is_whole && status.campaigns_waiting.len() < CAMPAIGNS_WAITING_MAX {
                status.campaigns_waiting.push(demand.campaign.to_string());
            }
        }
        if status != self.status {
            self.status = status.clone();
            self.hub_link
                .tell(PlayerRequest::Transfers(Box::new(status)))?;
        }
        Ok(())
    }
}

/// The one sentence about campaigns for which there is no room.
fn refusal(refused: &[Refused], quota_bytes: u64) -> Option<String> {
    let first = refused.first()?;
    let others = match refused.len() {
        1 => String::new(),
        2 => " (and one more campaign waits)".to_owned(),
        many => format!(" (and {} more campaigns wait)", many - 1),
    };
    Some(format!(
        "campaign {} needs {} more, and the cache has room for {} beside what airs within a week{others}; raise data.cache_mb in kiosk.toml, which is {}, or make room on the disk",
        first.campaign,
        mb(first.needed_bytes),
        mb(first.room_bytes),
        quota_bytes >> 20
    ))
}

/// Bytes as people read them, rounded up.
fn mb(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_names_campaign_sizes_and_setting() {
        assert_eq!(refusal(&[], 1), None);
        let refused = |id: &str, missing| Refused {
            campaign: id.parse().expect("an id"),
            needed_bytes: missing,
            room_bytes: 5 << 20,
        };
        let all = [refused("film", 300 << 20), refused("b", 1), refused("c", 1)];
        assert_eq!(
            refusal(&all, 256 << 20).as_deref(),
            Some(
                "campaign film needs 300 MB more, and the cache has room for 5 MB beside what airs within a week (and 2 more campaigns wait); raise data.cache_mb in kiosk.toml, which is 256, or make room on the disk"
            )
        );
    }
}
