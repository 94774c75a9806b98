//! What may air on a screen now, and what comes next.

use std::sync::Arc;

use jiff::Timestamp;
use maud::{Markup, html};

use crate::air_times::many::ManyTimes;
use crate::air_times::{CampaignTimes, Days};
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::layout;
use crate::server::console::pages::campaigns::path_of;
use crate::server::console::pages::times::{days_of, zone_of};
use crate::store::AirOfScreen;

/// Days that are looked at ahead.
const DAYS_AHEAD: u16 = 7;
/// Campaigns of now that are named.
const NOW_MAX: usize = 6;
/// Beginnings that are named.
const NEXT_MAX: usize = 3;

/// The section of a screen's page.
pub(crate) fn section(asker: &Asker, air: &AirOfScreen) -> Markup {
    let days = days_of(&Fields::default(), zone_of(air), DAYS_AHEAD);
    let published = air.campaigns.iter().map(|one| (&one.id, &one.campaign));
    let found = ManyTimes::new(&days).of(published, usize::MAX).campaigns;
    let (now, next) = now_and_next(&found, &days);
    html! {
        section id="now" {
            h2 { (asker.say(["现在和接下来", "Now and next"])) }
            @if let Some(notice) = &air.notice {
                p.notice.bad { strong { (notice.headline) } " " (asker.say(["盖住了一切，自 ", "covers everything, since "])) (layout::moment(notice.begun_ms)) }
            }
            @if now.is_empty() {
                p.soft { (asker.say(["按日期和时段，现在没有活动可以播放：屏幕显示默认画面。", "By dates and hours no campaign may air now: the screen shows its built-in picture."])) }
            } @else {
                ul.rows { @for (times, until) in now.iter().take(NOW_MAX) {
                    li { a.row href=(asker.at(&path_of(times.campaign.as_str()))) {
                        span.name { (times.title) }
                        @if let Some(until) = until { span.more { (asker.say(["到 ", "until "])) (clock_of(*until, &days)) } }
                        span.badge.good { (asker.say(["轮播中", "In turn"])) }
                    } }
                } }
                @if now.len() > NOW_MAX { p.soft { (asker.say(["还有 ", "and "])) (now.len() - NOW_MAX) (asker.say([" 个", " more"])) } }
            }
            @if !next.is_empty() {
                h3 { (asker.say(["接下来", "Next"])) }
                ul.rows { @for (times, from) in next.iter().take(NEXT_MAX) {
                    li { a.row href=(asker.at(&path_of(times.campaign.as_str()))) {
                        span.name { (times.title) }
                        span.more { (asker.say(["从 ", "from "])) (clock_of(*from, &days)) }
                    } }
                } }
            }
        }
    }
}

/// Campaigns with a moment.
type Dated<'a, T> = Vec<(&'a CampaignTimes, T)>;

/// What may air now, with until when unless that is past the days; and what begins later, the
/// soonest first.
fn now_and_next<'a>(
    found: &'a [Arc<CampaignTimes>],
    days: &Days,
) -> (Dated<'a, Option<Timestamp>>, Dated<'a, Timestamp>) {
    let (_, end) = days.range();
    let now = found.iter().filter_map(|times| {
        let mut spans = times.spans.iter();
        let span = spans.find(|span| span.from <= days.now && days.now < span.until)?;
        Some((&**times, Some(span.until).filter(|until| *until < end)))
    });
    let now: Vec<_> = now.collect();
    let is_now = |times: &CampaignTimes| now.iter().any(|(one, _)| one.campaign == times.campaign);
    let next = found.iter().filter(|times| !is_now(times));
    let next = next.filter_map(|times| {
        let span = times.spans.iter().find(|span| span.from > days.now)?;
        Some((&**times, span.from))
    });
    let mut next: Vec<_> = next.collect();
    next.sort_by_key(|(_, from)| *from);
    (now, next)
}

/// A moment by the screen's own clock: the day only where it is not today.
fn clock_of(at: Timestamp, days: &Days) -> String {
    let local = at.to_zoned(days.zone.clone());
    let is_today = local.date() == days.now.to_zoned(days.zone.clone()).date();
    let form = if is_today { "%H:%M" } else { "%m-%d %H:%M" };
    local.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use passerby_protocol::spans::Span;

    use super::*;
    use crate::drafts::text::Standing;

    #[test]
    fn what_may_air_now_is_told_from_what_begins_later_and_that_is_in_order() {
        let at = |day: i8, hour: i8| {
            let civil = date(2026, 12, day).at(hour, 0, 0, 0);
            civil.to_zoned(TimeZone::UTC).unwrap().timestamp()
        };
        let days = Days {
            first: date(2026, 12, 1),
            count: 7,
            zone: TimeZone::UTC,
            now: at(1, 12),
        };
        let times = |id: &str, spans: &[(Timestamp, Timestamp)]| CampaignTimes {
            campaign: id.parse().unwrap(),
            title: id.to_owned(),
            standing: Standing::Airing,
            spans: spans
                .iter()
                .map(|&(from, until)| Span { from, until })
                .collect(),
            placements: Vec::new(),
        };
        let found = [
            times("always", &[(at(1, 0), at(8, 0))]),
            times("lunch", &[(at(1, 11), at(1, 14)), (at(2, 11), at(2, 14))]),
            times("tomorrow", &[(at(2, 9), at(2, 10))]),
            times("evening", &[(at(1, 8), at(1, 9)), (at(1, 18), at(1, 23))]),
            times("over", &[(at(1, 0), at(1, 12))]),
        ]
        .map(Arc::new);
        let (now, next) = now_and_next(&found, &days);
        let now: Vec<_> = now
            .iter()
            .map(|(one, until)| (&*one.title, *until))
            .collect();
        assert_eq!(now, [("always", None), ("lunch", Some(at(1, 14)))]);
        let next: Vec<_> = next
            .iter()
            .map(|(one, from)| (&*one.title, *from))
            .collect();
        assert_eq!(next, [("evening", at(1, 18)), ("tomorrow", at(2, 9))]);
        assert_eq!(clock_of(at(1, 18), &days), "18:00");
        assert_eq!(clock_of(at(2, 9), &days), "12-02 09:00");
    }
}
