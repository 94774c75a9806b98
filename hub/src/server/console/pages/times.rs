//! What airs where and when: of a screen, of a campaign, and of all screens on a day.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use maud::{Markup, html};
use passerby_protocol::foreign;
use passerby_protocol::spans::Span;

use crate::air_times::many::{ManyTimes, Told};
use crate::air_times::{self, CampaignTimes, DAYS_MAX, Days, PlacementTimes};
use crate::drafts::text::Standing;
use crate::people::Right;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::{Fields, escaped, path_with};
use crate::server::console::layout::{self, Chapter, Line, choice};
use crate::server::console::pages::screens::with_all;
use crate::server::console::times_plot::{Lane, lanes};
use crate::server::console::{paging, refusals};
use crate::store::{AirOfScreen, ScreenFilter, ScreenNotice, StoreError};
use crate::system::clock;

/// Days that a page shows unless it is asked for others.
const DAYS_USUAL: u16 = 7;
/// Screens on one page of all of them.
const PER_PAGE: usize = 20;
/// Most stretches of time that one page draws, but for those of its last screen or campaign: what
/// else there is, is on the next page or counted.
const STRETCHES_DRAWN: usize = 400;
/// Lanes of one screen among many.
const LANES_OF_MANY: usize = 4;
/// Stretches of one line that a table writes out.
const SPANS_WRITTEN: usize = 4;

/// The days that are asked for behind a path; what cannot be read is the usual.
pub(crate) fn days_of(fields: &Fields, zone: TimeZone, usual: u16) -> Days {
    let now = Timestamp::from_millisecond(clock::now_ms()).unwrap_or_default();
    let today = now.to_zoned(zone.clone()).date();
    let first: Option<Date> = fields.get("from").parse().ok();
    let first = first.filter(|date| (1_970..=2_200).contains(&date.year()));
    let count = fields.get("days").parse().unwrap_or(usual);
    Days {
        first: first.unwrap_or(today),
        count: u16::clamp(count, 1, DAYS_MAX),
        zone,
        now,
    }
}

/// How something stands by its dates.
pub(crate) fn standing_badge(asker: &Asker, standing: Standing) -> Markup {
    let (class, said) = match standing {
        Standing::Airing => ("badge good", ["可以播放", "May air"]),
        Standing::Future => ("badge warn", ["未开始", "To come"]),
        Standing::Ended => ("badge plain", ["已结束", "Ended"]),
    };
    html! { span class=(class) { (asker.say(said)) } }
}

/// A message that covers the screen goes on until somebody ends it.
fn alarm_lane(asker: &Asker, notice: &ScreenNotice, days: &Days) -> Option<Lane> {
    let (from, until) = days.range();
    let begun = Timestamp::from_millisecond(notice.begun_ms).unwrap_or(from);
    let from = begun.max(from);
    (from < until).then(|| Lane {
        name: format!(
            "{}{}",
            asker.say(["紧急消息：", "Emergency: "]),
            notice.headline
        ),
        is_alarm: true,
        spans: vec![Span { from, until }],
    })
}

fn lane_of(times: &CampaignTimes) -> Lane {
    Lane {
        name: times.title.clone(),
        is_alarm: false,
        spans: times.spans.clone(),
    }
}

/// Stretches as a table writes them.
fn written(asker: &Asker, spans: &[Span], days: &Days) -> Markup {
    let at = |moment: Timestamp| {
        let local = moment.to_zoned(days.zone.clone());
        local.strftime("%m-%d %H:%M").to_string()
    };
    html! {
        @if spans.is_empty() { (asker.say(["这几天不播", "Not on these days"])) }
        @for (place, span) in spans.iter().take(SPANS_WRITTEN).enumerate() {
            @if place > 0 { br; }
            (at(span.from)) " – " (at(span.until))
        }
        @if spans.len() > SPANS_WRITTEN {
            br; (asker.say(["还有 ", "and "])) (spans.len() - SPANS_WRITTEN) (asker.say([" 段", " more"]))
        }
    }
}

/// The days that are shown, and the way to others.
fn chooser(asker: &Asker, path: &str, days: &Days, extra: &[(&str, &str)]) -> Markup {
    let with = |first: Date, count: u16| {
        let (first, count) = (first.to_string(), count.to_string());
        let mut all = vec![("from", &*first), ("days", &*count)];
        all.extend(extra);
        asker.at(&path_with(path, &all)) + "#times"
    };
    let moved = |by: i64| days.first.checked_add(by.days()).unwrap_or(days.first);
    let last = moved(i64::from(days.count) - 1);
    html! {
        p.soft { (days.first) @if last != days.first { " – " (last) }
            @if let Some(name) = days.zone.iana_name() { ", " (name) }
        }
        div.actions {
            a.button href=(with(moved(-i64::from(days.count)), days.count)) { (asker.say(["更早", "Earlier"])) }
            a.button href=(with(moved(i64::from(days.count)), days.count)) { (asker.say(["更晚", "Later"])) }
            @for count in [1_u16, 7, 28].into_iter().filter(|count| *count != days.count) {
                a.button.quiet href=(with(days.first, count)) { (count) (asker.say([" 天", if count == 1 { " day" } else { " days" }])) }
            }
        }
    }
}

fn left_out(asker: &Asker, count: usize) -> Markup {
    html! { @if count > 0 { p.soft { (asker.say(["还有没列出的活动：", "Campaigns that are not listed: "])) (count) } } }
}

/// What airs on a screen, for its page.
pub(crate) fn of_screen(asker: &Asker, air: &AirOfScreen, fields: &Fields) -> Markup {
    let days = days_of(fields, zone_of(air), DAYS_USUAL);
    let published = air.campaigns.iter().map(|one| (&one.id, &one.campaign));
    // Each stretch is told twice, of the campaign and of its placement.
    let told = ManyTimes::new(&days).of(published, 2 * STRETCHES_DRAWN);
    let (found, more) = (told.campaigns, told.left_out);
    let mut drawn: Vec<Lane> = air
        .notice
        .iter()
        .filter_map(|notice| alarm_lane(asker, notice, &days))
        .collect();
    drawn.extend(found.iter().map(|times| lane_of(times)));
    let path = format!("/console/screens/{}", air.row.screen);
    html! {
        section id="times" {
            h2 { (asker.say(["什么时候播什么", "What airs when"])) }
            @if drawn.is_empty() {
                p.soft { (asker.say(["还没有为它发布什么。", "Nothing is published for it yet."])) }
            } @else {
                (chooser(asker, &path, &days, &[]))
                (lanes(asker.say(["各活动可以播放的时间", "When each campaign may air"]), &drawn, days.range(), days.now, &days.zone))
                details {
                    summary { (asker.say(["表格", "As a table"])) }
                    div.scroll { table {
                        thead { tr { th { (asker.say(["活动", "Campaign"])) } th { (asker.say(["状态", "State"])) } th { (asker.say(["时间", "Times"])) } } }
                        tbody {
                            @if let Some(notice) = &air.notice { tr { th scope="row" { (notice.headline) } td { span.badge.bad { (asker.say(["紧急消息", "Emergency"])) } } td { (layout::moment(notice.begun_ms)) (asker.say([" 起，直到有人结束它", " until somebody ends it"])) } } }
                            @for times in &found { tr {
                                th scope="row" { a href=(asker.at(&format!("/console/campaigns/{}", escaped(times.campaign.as_str())))) { (times.title) } }
                                td { (standing_badge(asker, times.standing)) }
                                td { (written(asker, &times.spans, &days)) }
                            } }
                        }
                    } }
                }
                (left_out(asker, more))
                p.hint { (asker.say([
                    "按日期和时段来算；条件、触发、次数上限和目标在屏幕上才知道。",
                    "By dates and hours; conditions, triggers, caps and goals are known on the screen alone.",
                ])) }
            }
        }
    }
}

/// The place of a screen, by whose clock its days begin.
pub(crate) fn zone_of(air: &AirOfScreen) -> TimeZone {
    let said = air.traits.as_ref().and_then(|traits| traits.zone());
    said.unwrap_or_else(clock::time_zone)
}

/// When the placements of a campaign air, for its page.
pub(crate) fn of_campaign(
    asker: &Asker,
    (path, placements): (&str, &[PlacementTimes]),
    days: &Days,
    notices: &[(ScreenNotice, u64)],
) -> Markup {
    let mut drawn: Vec<Lane> = notices
        .iter()
        .filter_map(|(notice, _)| alarm_lane(asker, notice, days))
        .collect();
    let mut stretches = 0;
    let shown = placements.iter().take(air_times::CAMPAIGNS_MAX);
    let shown = shown.take_while(|one| {
        let has_room = stretches <= STRETCHES_DRAWN;
        stretches += one.spans.len();
        has_room
    });
    let shown: Vec<&PlacementTimes> = shown.collect();
    let more = placements.len() - shown.len();
    drawn.extend(shown.iter().map(|one| Lane {
        name: named(one),
        is_alarm: false,
        spans: one.spans.clone(),
    }));
    html! {
        section id="times" {
            h2 { (asker.say(["什么时候播", "When it airs"])) }
            (chooser(asker, path, days, &[]))
            (lanes(asker.say(["各投放可以播放的时间", "When each placement may air"]), &drawn, days.range(), days.now, &days.zone))
            details {
                summary { (asker.say(["表格", "As a table"])) }
                div.scroll { table {
                    thead { tr { th { (asker.say(["投放", "Placement"])) } th { (asker.say(["状态", "State"])) } th { (asker.say(["时间", "Times"])) } } }
                    tbody {
                        @for (notice, count) in notices { tr { th scope="row" { (notice.headline) } td { span.badge.bad { (asker.say(["紧急消息", "Emergency"])) } } td { (asker.say(["盖住它的屏幕：", "screens of it that are covered: "])) (count) } } }
                        @for one in &shown { tr {
                            th scope="row" { (named(one)) @if one.takes_over { br; (asker.say(["独占", "takes over"])) } @if one.is_filler { br; (asker.say(["补白", "filler"])) } }
                            td { (standing_badge(asker, one.standing)) }
                            td { (written(asker, &one.spans, days)) }
                        } }
                    }
                } }
            }
            @if more > 0 { p.soft { (asker.say(["还有没列出的投放：", "Placements that are not listed: "])) (more) } }
        }
    }
}

fn named(one: &PlacementTimes) -> String {
    let file = foreign::escaped(&one.file);
    match &one.zone {
        Some(zone) => format!("{}. {file} ({zone})", one.placement + 1),
        None => format!("{}. {file}", one.placement + 1),
    }
}

/// `GET /console/times`: all screens on a day.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let days = days_of(&fields, clock::time_zone(), 1);
    let mut filter = ScreenFilter {
        group: fields.word("group").map(str::to_owned),
        after: fields.get("after").parse().ok(),
        ..ScreenFilter::default()
    };
    let is_named = fields.word("after").is_some();
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| {
            let (store, scope, now_ms) = (&app.hub.store, actor.scope(), clock::now_ms());
            let mut screens = store.air_of_screens(&filter, scope, PER_PAGE + 1, now_ms)?;
            let is_anew = is_named && (screens.is_empty() || filter.after.is_none());
            if is_anew && screens.is_empty() {
                filter.after = None;
                screens = store.air_of_screens(&filter, scope, PER_PAGE + 1, now_ms)?;
            }
            let has_more = screens.len() > PER_PAGE;
            screens.truncate(PER_PAGE);
            let (told, is_cut) = first_screens(screens, &days);
            let groups = store.screen_words(scope)?.0;
            Ok::<_, StoreError>((told, has_more || is_cut, is_anew, groups, days))
        })
        .await;
    let (screens, has_more, is_anew, groups, days) = match read {
        Ok(read) => read,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    // Other days of the same page are those of its start as well.
    let after = if is_anew { "" } else { fields.get("after") };
    let group = fields.get("group");
    let body = html! {
        form.filter method="get" action=(asker.at("/console/times")) role="search" {
            (Line { kind: "date", ..Line::text("from", asker.say(["日期", "Day"]), &days.first.to_string()) }.markup())
            (choice("group", asker.say(["分组", "Group"]), group, &with_all(&asker, groups.into_iter().map(|group| (group.clone(), group)))))
            button { (asker.say(["显示", "Show"])) }
        }
        div id="times" { (chooser(&asker, "/console/times", &days, &[("group", group), ("after", after)])) }
        @if is_anew && !screens.is_empty() { (paging::began_again(&asker)) }
        @if screens.is_empty() {
            section { p { (asker.say(["没有屏幕。先配对一块。", "There is no screen. Pair one first."])) }
                @if asker.actor.may(Right::ChangeScreens) { p { a.button.main href=(asker.at("/console/pair")) { (asker.say(["配对屏幕", "Pair a screen"])) } } }
            }
        }
        @for (air, told) in &screens { (one_of_many(&asker, air, &days, told)) }
        @if has_more && let Some((last, _)) = screens.last() {
            @let (first, count, after) = (days.first.to_string(), days.count.to_string(), last.row.screen.to_string());
            div.foot { span {} a.button href=(asker.at(&path_with("/console/times", &[("from", &first), ("days", &count), ("group", group), ("after", &after)]))) { (asker.say(["下一页", "Next page"])) } }
        }
    };
    let title = asker.say(["什么时候播什么", "What airs when"]);
    layout::page(&asker, Chapter::Screens, title, &fields, &body)
}

/// The first of these screens, so many that a page has room for what it draws of them; and whether
/// there are more.
fn first_screens(screens: Vec<AirOfScreen>, days: &Days) -> (Vec<(AirOfScreen, Told)>, bool) {
    let mut many = ManyTimes::new(days);
    let (mut first, mut drawn) = (Vec::new(), 0);
    let count = screens.len();
    for air in screens {
        let published = air.campaigns.iter().map(|one| (&one.id, &one.campaign));
        let told = many.airing(published, LANES_OF_MANY);
        drawn += told
            .campaigns
            .iter()
            .map(|one| one.spans.len())
            .sum::<usize>();
        if drawn > STRETCHES_DRAWN && !first.is_empty() {
            break;
        }
        first.push((air, told));
    }
    let is_cut = first.len() < count;
    (first, is_cut)
}

fn one_of_many(asker: &Asker, air: &AirOfScreen, days: &Days, told: &Told) -> Markup {
    let mut drawn: Vec<Lane> = air
        .notice
        .iter()
        .filter_map(|notice| alarm_lane(asker, notice, days))
        .collect();
    drawn.extend(told.campaigns.iter().map(|times| lane_of(times)));
    html! {
        section {
            h2 { a href=(asker.at(&format!("/console/screens/{}#times", air.row.screen))) { (air.row.name) } }
            @if drawn.is_empty() {
                p.soft { (asker.say(["这几天没有可以播放的；屏幕显示默认画面。", "Nothing may air on these days; the screen shows its built-in picture."])) }
            } @else {
                (lanes(&air.row.name, &drawn, days.range(), days.now, &days.zone))
                details {
                    summary { (asker.say(["表格", "As a table"])) }
                    table { tbody { @for times in &told.campaigns { tr { th scope="row" { (times.title) } td { (written(asker, &times.spans, days)) } } } } }
                }
                (left_out(asker, told.left_out))
            }
        }
    }
}
