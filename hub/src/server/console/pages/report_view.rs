//! How the report looks: three figures first, then what became of what, then the rows.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use crate::server::console::asker::Asker;
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, choice, number};
use crate::server::console::pages::kind_view;
use crate::server::console::pages::report_asked::{Asked, BY, Choices, Refused};
use crate::server::console::pages::screens::with_all;
use crate::server::console::paging::Page;
use crate::server::console::plot;
use crate::store::{Breakdown, BreakdownError, By, Figures, Key, KindReport, Names};

/// Fewer plays than that are no rate.
const PLAYS_MIN: u64 = 100;
/// Most rows that one page shows; the table as CSV has all.
const ROWS_MAX: usize = 150;
/// What a report is asked by.
const FIELDS: [&str; 5] = ["campaign", "screen", "from", "until", "by"];

/// The page.
pub(super) fn page(
    asker: &Asker,
    fields: &Fields,
    choices: &Choices,
    read: Result<(&Asked, &Breakdown, Option<&KindReport>), &Refused>,
) -> Response {
    let title = asker.say(["报表", "Report"]);
    let (status, body) = match read {
        Ok((asked, breakdown, kind)) => {
            let shown = shown(asker, fields, asked, breakdown);
            let kind = kind.map(|kind| kind_view::figures(asker, kind));
            (
                StatusCode::OK,
                html! { @if let Some(kind) = kind { (kind) } (shown) },
            )
        }
        // Somebody who is held to groups has chosen nothing yet.
        Err(refused @ Refused::Choose(_)) => {
            (StatusCode::OK, html! { p.notice { (why(asker, refused)) } })
        }
        Err(refused) => (MISTAKE, layout::mistake(Some(&why(asker, refused)))),
    };
    let body = html! { (filter(asker, fields, choices)) (body) };
    (
        status,
        layout::page(asker, Chapter::Report, title, fields, &body),
    )
        .into_response()
}

/// Says why there is no report.
pub(super) fn why(asker: &Asker, refused: &Refused) -> String {
    let words = match refused {
        Refused::Choose("campaign") => ["先选一个活动。", "Choose a campaign first."],
        Refused::Choose(_) => ["先选一块屏幕。", "Choose a screen first."],
        Refused::Word("by") => ["不能这样分组。", "Figures are not counted by that."],
        Refused::Word(_) => ["日期要写成 2026-12-01 这样。", "Write days as 2026-12-01."],
        Refused::Unknown => [
            "没有这个活动或屏幕。",
            "There is no such campaign or screen.",
        ],
        Refused::Report(BreakdownError::Backwards { .. }) => [
            "结束日期在开始日期之前。",
            "The last day is before the first.",
        ],
        Refused::Report(BreakdownError::NoSuchDay { .. }) => [
            "这个时区说不出那一天从什么时候开始，请换一天。",
            "The time zone cannot tell when that day begins; choose another day.",
        ],
        Refused::Report(BreakdownError::PartOfHour { .. }) => [
            "一块屏幕上的素材按整小时（UTC）计数，而这个时区的一天不从整点开始：请去掉日期或屏幕，或者按活动看。",
            "Creatives of one screen are counted by whole hours of UTC, and days of this time zone begin within one: leave out the days or the screen, or ask by campaign.",
        ],
        Refused::Report(BreakdownError::PartOfQuarter { .. }) => [
            "数据按一刻钟计数，而这个时区的小时从一刻钟的中间开始：请管理 hub 的人换一个时区。",
            "Figures are kept by the quarter of an hour, and hours of this time zone begin within one: whoever runs the hub sets another time zone.",
        ],
        // Asked for elsewhere, or the database: these have pages of their own.
        Refused::Report(error) => return error.to_string(),
    };
    asker.say(words).to_owned()
}

fn by_words(by: By) -> [&'static str; 2] {
    match by {
        By::Day => ["日期", "Day"],
        By::Hour => ["小时", "Hour"],
        By::Weekday => ["星期", "Weekday"],
        By::Screen => ["屏幕", "Screen"],
        By::Campaign => ["活动", "Campaign"],
        By::Creative => ["素材", "Creative"],
    }
}

fn filter(asker: &Asker, fields: &Fields, choices: &Choices) -> Markup {
    let by: Vec<(String, String)> = BY
        .iter()
        .map(|(by, word)| ((*word).to_owned(), asker.say(by_words(*by)).to_owned()))
        .collect();
    let chosen = fields.word("by").unwrap_or("day");
    let day = |name, label| {
        Line {
            kind: "date",
            ..Line::text(name, label, fields.get(name))
        }
        .markup()
    };
    html! {
        form.filter method="get" action=(asker.at("/console/report")) {
            (choice("campaign", asker.say(["活动", "Campaign"]), fields.get("campaign"), &with_all(asker, choices.campaigns.iter().cloned())))
            (choice("screen", asker.say(["屏幕", "Screen"]), fields.get("screen"), &with_all(asker, choices.screens.iter().cloned())))
            (day("from", asker.say(["从", "From"])))
            (day("until", asker.say(["到", "Until"])))
            (choice("by", asker.say(["按", "By"]), chosen, &by))
            button { (asker.say(["显示", "Show"])) }
        }
    }
}

/// Which of so many rows the page shows.
pub(super) fn window(by: By, fields: &Fields, count: usize) -> Page {
    match by {
        // Of many days the newest are asked for most.
        By::Day => Page::from_the_end(fields, count, ROWS_MAX),
        _ => Page::of(fields, count, ROWS_MAX),
    }
}

fn shown(asker: &Asker, fields: &Fields, asked: &Asked, breakdown: &Breakdown) -> Markup {
    let total = &breakdown.total;
    let of_asked = FIELDS.map(|name| (name, fields.get(name)));
    let csv = path_with("/console/report.csv", &of_asked);
    let name = asker.say(by_words(asked.by));
    let page = window(asked.by, fields, breakdown.rows.len());
    let rows = &breakdown.rows[page.rows()];
    let of = |figure: fn(&Figures) -> u64| -> Vec<(String, u64)> {
        rows.iter()
            .map(|(key, figures)| (short(asker, key, &breakdown.names), figure(figures)))
            .collect()
    };
    let is_in_time = matches!(asked.by, By::Day | By::Hour | By::Weekday);
    html! {
        dl.figures {
            div { dt { (asker.say(["播放", "Plays"])) } dd { (number(total.plays)) } }
            div { dt { (asker.say(["扫码", "Scans"])) } dd { (number(total.scans)) } }
            div { dt { (asker.say(["每千次播放的扫码", "Scans per 1 000 plays"])) } dd {
                @match rate(total) {
                    Some([rate, low, high]) => { (rate) " " small { (low) "–" (high) } },
                    None => { "–" },
                }
            } }
        }
        @if rate(total).is_none() {
            p.soft { (asker.say(["播放还不到 100 次，比率没有意义。", "Fewer than 100 plays say nothing about a rate."])) }
        } @else {
            p.soft { (asker.say(["范围是 95% 置信区间。", "The range holds the true rate in 95 of 100 cases."])) }
        }
        section {
            h2 { (asker.say(["从播放到转化", "From play to purchase"])) }
            (plot::funnel(asker.say(["从播放到转化", "From play to purchase"]), &[
                (asker.say(["播放", "Plays"]), total.plays),
                (asker.say(["扫码", "Scans"]), total.scans),
                (asker.say(["访问（含转发）", "Visits, also through shares"]), total.visits),
                (asker.say(["点击按钮", "Presses of the button"]), total.presses),
                (asker.say(["转化（店铺回报）", "Conversions, as shops report"]), total.conversions),
            ]))
            (bought(asker, breakdown))
            p.soft { (asker.say(["转发的链接：", "Links passed on: "])) (number(total.shares)) }
            @if asked.filter.campaign.is_some() || asked.filter.screen.is_some() {
                p { a href=(asker.at(&path_with("/console/report/chains", &of_asked[..2]))) { (asker.say(["转发的链", "Chains of shares"])) } }
            }
            @if breakdown.fans.new + breakdown.fans.total > 0 {
                p.soft {
                    (asker.say(["邮件关注者：", "Follow by mail: "])) (number(breakdown.fans.total))
                    (asker.say(["，新增 ", "; new "])) (number(breakdown.fans.new))
                    (asker.say(["，离开 ", ", gone "])) (number(breakdown.fans.gone))
                    (asker.say(["，再来 ", ", came back "])) (number(breakdown.fans.returns))
                }
            }
        }
        section {
            h2 { (asker.say(["按", "By "])) @if is_in_time { (name.to_lowercase()) } @else { (name) } }
            @if rows.is_empty() {
                p { (asker.say(["这段时间没有数据。", "Nothing was counted."])) }
            } @else {
                @if is_in_time && rows.len() > 1 && total.plays > 0 {
                    h3 { (asker.say(["播放", "Plays"])) }
                    (plot::bars(asker.say(["播放次数", "Plays"]), &of(|figures| figures.plays)))
                    @if total.scans > 0 {
                        h3 { (asker.say(["扫码", "Scans"])) }
                        (plot::bars(asker.say(["扫码次数", "Scans"]), &of(|figures| figures.scans)))
                    }
                }
                (table(asker, name, breakdown, rows))
                (page.links(asker, "/console/report", &of_asked))
                p { a.button href=(asker.at(&csv)) { (asker.say(["下载 CSV", "Download as CSV"])) } }
                p.soft { (asker.say(["时区：", "Time zone: "])) (breakdown.time_zone) }
            }
        }
    }
}

/// What was bought of every hundred presses and what it is worth, if anything was.
fn bought(asker: &Asker, breakdown: &Breakdown) -> Markup {
    let total = &breakdown.total;
    if total.conversions == 0 {
        return html! {};
    }
    let worth = breakdown.worth_of_all();
    html! {
        p {
            @if !worth.is_empty() { (asker.say(["金额：", "Worth: "])) strong { (worth) } }
            @if let Some([share, low, high]) = share(total.conversions, total.presses) {
                @if !worth.is_empty() { " · " }
                (asker.say(["每百次点击的转化：", "Of 100 presses: "])) strong { (share) } " " small { (low) "–" (high) }
            }
        }
    }
}

fn table(asker: &Asker, name: &str, breakdown: &Breakdown, rows: &[(Key, Figures)]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(asker.say(["数据表", "Figures as a table"])) {
            table {
                thead { tr {
                    th { (name) }
                    th.n { (asker.say(["播放", "Plays"])) }
                    th.n { (asker.say(["扫码", "Scans"])) }
                    th.n { (asker.say(["每千次", "per 1 000"])) }
                    th.n { (asker.say(["访问", "Visits"])) }
                    th.n { (asker.say(["点击", "Presses"])) }
                    th.n { (asker.say(["转发", "Shares"])) }
                    th.n { (asker.say(["转化", "Conversions"])) }
                    th.n { (asker.say(["金额", "Worth"])) }
                } }
                tbody { @for (key, figures) in rows { tr {
                    th scope="row" { (long(asker, key, &breakdown.names)) }
                    td.n { (number(figures.plays)) }
                    td.n { (number(figures.scans)) }
                    td.n { (rate(figures).map_or_else(|| "–".to_owned(), |[rate, ..]| rate)) }
                    td.n { (number(figures.visits)) }
                    td.n { (number(figures.presses)) }
                    td.n { (number(figures.shares)) }
                    td.n { (number(figures.conversions)) }
                    td.n { (breakdown.worth_of(key)) }
                } } }
            }
        }
    }
}

const WEEKDAYS: [[&str; 2]; 7] = [
    ["周一", "Mon"],
    ["周二", "Tue"],
    ["周三", "Wed"],
    ["周四", "Thu"],
    ["周五", "Fri"],
    ["周六", "Sat"],
    ["周日", "Sun"],
];

/// What a row is about, below a bar.
fn short(asker: &Asker, key: &Key, names: &Names) -> String {
    match key {
        Key::Day(day) => day.strftime("%m-%d").to_string(),
        Key::Hour(hour) => hour.to_string(),
        _ => long(asker, key, names),
    }
}

/// What a row is about, in the table.
fn long(asker: &Asker, key: &Key, names: &Names) -> String {
    match key {
        Key::Day(day) => day.to_string(),
        Key::Hour(hour) => format!("{hour}:00"),
        Key::Weekday(day) => {
            let words = usize::try_from(*day).ok().and_then(|day| WEEKDAYS.get(day));
            words.map_or("", |words| asker.say(*words)).to_owned()
        }
        Key::Undated => asker.say(["没有日期", "Without a date"]).to_owned(),
        Key::Screen(number) => {
            let name = names.screens.get(&number.to_string());
            name.cloned().unwrap_or_else(|| number.to_string())
        }
        Key::Campaign(id) => names.campaigns.get(id).unwrap_or(id).clone(),
        Key::Creative(digest) => {
            let start = digest.get(..12).unwrap_or(digest);
            names.files_of(digest).unwrap_or_else(|| start.to_owned())
        }
        Key::LocalCampaign(folder) => format!(
            "{} {folder}",
            asker.say(["屏幕本地", "On the screen itself:"])
        ),
        Key::Local => asker
            .say(["屏幕本地", "On the screens themselves"])
            .to_owned(),
        Key::SetAside => asker
            .say(["没有内容的行", "Rows without content"])
            .to_owned(),
    }
}

/// Scans per thousand plays, and between which values it lies in 95 of 100 cases, taking scans for
/// rare events (Poisson, by the score interval); `None` of too few plays.
#[allow(clippy::cast_precision_loss, reason = "a tenth of a scan is shown")]
fn rate(figures: &Figures) -> Option<[String; 3]> {
    if figures.plays < PLAYS_MIN {
        return None;
    }
    let (scans, thousands) = (figures.scans as f64, figures.plays as f64 / 1_000.0);
    let z = 1.959_96_f64;
    let (middle, half) = (scans + z * z / 2.0, z * (scans + z * z / 4.0).sqrt());
    let values = [scans, (middle - half).max(0.0), middle + half];
    Some(values.map(|value| format!("{:.1}", value / thousands)))
}

/// How many of a hundred, and between which values it lies in 95 of 100 cases (Wilson's score
/// interval); `None` where there are fewer in all than in the part, since shops may report without
/// a press that counts.
#[allow(clippy::cast_precision_loss, reason = "a tenth is shown")]
fn share(part: u64, all: u64) -> Option<[String; 3]> {
    if all == 0 || part > all {
        return None;
    }
    let (part, all) = (part as f64, all as f64);
    let z = 1.959_96_f64;
    let rate = part / all;
    let middle = rate + z * z / (2.0 * all);
    let half = z * (rate * (1.0 - rate) / all + z * z / (4.0 * all * all)).sqrt();
    let wide = 1.0 + z * z / all;
    let values = [rate, (middle - half) / wide, (middle + half) / wide];
    Some(values.map(|value| format!("{:.1}", (value * 100.0).clamp(0.0, 100.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_comes_with_what_it_may_be_and_too_few_plays_have_none() {
        let of = |plays, scans| {
            rate(&Figures {
                plays,
                scans,
                ..Figures::default()
            })
        };
        assert_eq!(of(99, 5), None);
        assert_eq!(of(1_000, 0).unwrap(), ["0.0", "0.0", "3.8"]);
        assert_eq!(of(1_000, 100).unwrap(), ["100.0", "82.2", "121.6"]);
        assert_eq!(of(10_000, 1_000).unwrap(), ["100.0", "94.0", "106.4"]);
    }

    #[test]
    fn a_share_comes_with_what_it_may_be_and_is_never_more_than_all() {
        assert_eq!(share(0, 0), None);
        assert_eq!(share(5, 4), None);
        assert_eq!(share(0, 10).unwrap(), ["0.0", "0.0", "27.8"]);
        assert_eq!(share(10, 10).unwrap(), ["100.0", "72.2", "100.0"]);
        assert_eq!(share(10, 100).unwrap(), ["10.0", "5.5", "17.4"]);
    }
}
