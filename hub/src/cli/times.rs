//! `passerby-hub times`: what may air when.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use passerby_protocol::{CampaignId, ScreenNumber, foreign};
use serde_json::json;

use crate::air_times::conflicts::{DAYS, Finding, findings};
use crate::air_times::many::ManyTimes;
use crate::air_times::{self, CampaignTimes, DAYS_MAX, Days};
use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output};
use crate::people::Scope;
use crate::publish::folder::Publication;
use crate::store::{ChosenScreens, Store};
use crate::system::clock;

#[derive(Args)]
pub(crate) struct Arguments {
    /// What may air on this screen
    #[arg(long, value_name = "N", required_unless_present = "campaign")]
    screen: Option<ScreenNumber>,
    /// When this campaign may air, by the name of its folder
    #[arg(long, value_name = "NAME", conflicts_with = "screen")]
    campaign: Option<CampaignId>,
    /// The first day, such as `2026-12-01`. Default: today; days are those of this machine's time
    /// zone
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    #[arg(long, value_name = "N", default_value_t = 7,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(DAYS_MAX)),
          help = format!("How many days, 1 to {DAYS_MAX}"))]
    days: u16,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let now_ms = clock::now_ms();
    let days = Days {
        first: arguments.from.unwrap_or_else(|| clock::date_of(now_ms)),
        count: arguments.days,
        zone: clock::time_zone(),
        now: Timestamp::from_millisecond(now_ms).unwrap_or_default(),
    };
    let store = arguments.data.open()?.store;
    let (found, left_out) = if let Some(screen) = arguments.screen {
        let air = store.air_of_screen(screen, &Scope::ALL, now_ms)?;
        let air =
            air.ok_or_else(|| Failure::Input(vec![format!("there is no screen {screen}")]))?;
        let published = air.campaigns.iter().map(|one| (&one.id, &one.campaign));
        let told = ManyTimes::new(&days).of(published, usize::MAX);
        (told.campaigns, told.left_out)
    } else if let Some(id) = &arguments.campaign {
        let facts = store.campaign_facts(id, &Scope::ALL)?;
        let facts =
            facts.ok_or_else(|| Failure::Input(vec![format!("there is no campaign {id}")]))?;
        let times = air_times::campaign(&facts.row.id, &facts.row.campaign, &days);
        (vec![Arc::new(times)], 0)
    } else {
        return Err(Failure::Input(vec![
            "say which with --screen or --campaign".to_owned(),
        ]));
    };
    let said: Vec<_> = found.iter().map(|one| air_times::json(one)).collect();
    let json = json!({ "campaigns": said, "left_out": left_out });
    arguments.output.print(&json, &text(&found, &days))?;
    Ok(())
}

/// What of a campaign can never air on the screens that it is for, and its conflicts there.
pub(super) fn conflicts(
    store: &Store,
    publication: &Publication,
    chosen: &ChosenScreens,
) -> Result<Vec<Finding>, Failure> {
    let now_ms = clock::now_ms();
    let days = Days {
        first: clock::date_of(now_ms),
        count: DAYS,
        zone: clock::time_zone(),
        now: Timestamp::from_millisecond(now_ms).unwrap_or_default(),
    };
    let campaign = (&publication.id, &publication.campaign);
    let screens = store.target_screens(campaign, chosen, &Scope::ALL)?;
    Ok(findings(&publication.campaign, &screens, &days))
}

/// A line for each placement, and one for each of its stretches.
fn text(found: &[Arc<CampaignTimes>], days: &Days) -> String {
    let mut text = String::new();
    let at = |moment: Timestamp| moment.to_zoned(days.zone.clone());
    for times in found {
        for one in &times.placements {
            let _ = writeln!(
                text,
                "{} placement {} ({}): {}",
                times.campaign,
                one.placement + 1,
                foreign::escaped(&one.file),
                one.standing.word()
            );
            for span in &one.spans {
                let (from, until) = (at(span.from), at(span.until));
                let _ = writeln!(
                    text,
                    "  {} – {}",
                    from.strftime("%Y-%m-%d %H:%M"),
                    until.strftime("%Y-%m-%d %H:%M")
                );
            }
        }
    }
    text
}
