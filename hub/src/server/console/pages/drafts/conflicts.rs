//! What of a draft can never air, and what is in conflict with other campaigns, before it is
//! published.

use jiff::Timestamp;
use maud::{Markup, html};
use passerby_protocol::campaign::{Campaign, NeverAirs};
use passerby_protocol::foreign;

use crate::air_times::Days;
use crate::air_times::conflicts::{DAYS, Finding, What, findings};
use crate::drafts::placements::campaign_of;
use crate::people::Scope;
use crate::server::console::asker::Asker;
use crate::store::{Draft, Store, StoreError};
use crate::system::clock;

/// Finds what there is to know of a draft that was looked at, and the campaign that it would be.
///
/// # Errors
/// The database fails.
pub(crate) fn of_draft(
    store: &Store,
    draft: &Draft,
    scope: &Scope,
) -> Result<(Option<Campaign>, Vec<Finding>), StoreError> {
    let Some(campaign) = campaign_of(draft) else {
        return Ok((None, Vec::new()));
    };
    let now_ms = clock::now_ms();
    let days = Days {
        first: clock::date_of(now_ms),
        count: DAYS,
        zone: clock::time_zone(),
        now: Timestamp::from_millisecond(now_ms).unwrap_or_default(),
    };
    let screens = store.target_screens((&draft.row.campaign, &campaign), &draft.targets, scope)?;
    let found = findings(&campaign, &screens, &days);
    Ok((Some(campaign), found))
}

/// Tells it.
pub(crate) fn section(asker: &Asker, found: &[Finding]) -> Markup {
    html! {
        @if !found.is_empty() {
            section {
                h2 { (asker.say(["发布前请看", "Before you publish"])) }
                ul.rows { @for one in found { li.item {
                    @if one.what.is_never() { span.badge.bad { (asker.say(["不会播放", "Never airs"])) } }
                    @else { span.badge.warn { (asker.say(["冲突", "Conflict"])) } }
                    " "
                    @if let Some((at, file)) = &one.placement { strong { (at + 1) ". " (foreign::escaped(file)) } " " }
                    (said(asker, one))
                } } }
            }
        }
    }
}

fn said(asker: &Asker, one: &Finding) -> String {
    let named = |title: &Option<String>| {
        let other = asker.say(["另一个活动", "another campaign"]);
        title.clone().unwrap_or_else(|| other.to_owned())
    };
    let sentence = match &one.what {
        What::NoScreen => asker
            .say([
                "它选的分组里没有屏幕。",
                "There is no screen that it is for.",
            ])
            .to_owned(),
        What::Never(why) => asker
            .say(match why {
                NeverAirs::Over => [
                    "最后一天已经过去；请换日期。",
                    "Its last day is over; give it other days.",
                ],
                NeverAirs::NoMoment => [
                    "日期、时段和重复没有共同的时刻。",
                    "Its days, hours and recurrence have no moment in common.",
                ],
                NeverAirs::OtherZone => ["屏幕没有它要的区域。", "The screen has no such zone."],
                NeverAirs::OtherScreens => ["它指定了别的屏幕。", "It names other screens."],
                NeverAirs::OtherVenue => [
                    "它的条件在那里不成立。",
                    "Its condition does not hold there.",
                ],
            })
            .to_owned(),
        What::TakenOver(by) => format!(
            "{}{}",
            named(by),
            asker.say([
                " 在它可以播放的所有时间里独占屏幕。",
                " takes the zone over whenever it may air."
            ])
        ),
        What::TakesOver(other) => format!(
            "{}{}",
            asker.say(["它独占之后，没有时间留给 ", "It leaves no time to "]),
            named(other)
        ),
        What::BothTakeOver(other) => format!(
            "{}{}",
            asker.say([
                "同一时间独占屏幕的还有 ",
                "It takes the zone over at the same time as "
            ]),
            named(other)
        ),
        What::SoldTwice(of, with) => {
            let with: Vec<String> = with.iter().map(named).collect();
            format!(
                "{}{} % ({})",
                asker.say([
                    "固定份额加起来超过全部时间：",
                    "Exact shares come to more than all of the time: "
                ]),
                f64::from(*of) / 100.0,
                with.join(", ")
            )
        }
        What::FillerHidden(by) => format!(
            "{}{}",
            asker.say([
                "它是补白，而随时可以播放的有 ",
                "It is a filler, and whenever it could air so may "
            ]),
            named(by)
        ),
        What::TooFarApart(other, apart_s) => format!(
            "{}{}{}{apart_s} s",
            asker.say(["和 ", "Its share and that of "]),
            named(other),
            asker.say([
                " 的份额不能同时满足，两者之间要隔 ",
                " cannot both be kept; between them must lie "
            ])
        ),
        What::Emergency(headline) => format!(
            "{}{headline}",
            asker.say([
                "紧急消息正盖住屏幕，直到有人结束它：",
                "An emergency message covers screens until somebody ends it: "
            ])
        ),
    };
    if one.screens == 0 {
        return sentence;
    }
    format!(
        "{sentence}{}{}{}",
        asker.say(["（屏幕：", " (screens: "]),
        one.screens,
        asker.say(["）", ")"])
    )
}
