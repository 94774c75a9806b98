//! The chain of shares of a campaign or a screen: how many others each person brings, the
//! generations, how long it takes, where it began, and the largest chains as drawings.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::ScreenNumber;

use crate::report_text::chains as text;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::chain_plot;
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, number};
use crate::server::console::pages::report_asked::{Asked, Refused};
use crate::server::console::pages::report_view::why;
use crate::server::console::plot;
use crate::server::console::refusals;
use crate::store::{BreakdownError, CHAINS_DRAWN, ChainReport, LargeChain, Reproduction};

/// Fewer people than that say little.
const PEOPLE_MIN: u64 = 30;
/// Most generations that are shown; the table as CSV has all.
const GENERATIONS_MAX: usize = 40;

async fn read(app: &Shared, asker: &Asker, fields: &Fields) -> Result<ChainReport, Refused> {
    let (asked, actor) = (Asked::of(fields)?, Arc::clone(&asker.actor));
    app.work(move |app| asked.read_chains(&app.hub.store, &actor))
        .await
}

/// `GET /console/report/chains`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let (status, body) = match read(&app, &asker, &fields).await {
        Ok(report) => (StatusCode::OK, shown(&asker, &fields, &report)),
        Err(Refused::Unknown) => return refusals::not_here(&asker.visitor),
        Err(Refused::Report(BreakdownError::Store(error))) => {
            return refusals::failed(&asker.visitor, &error);
        }
        Err(refused @ Refused::Choose(_)) => (
            StatusCode::OK,
            html! {
                p.notice { (why(&asker, &refused)) }
                p { a href=(asker.at("/console/campaigns")) { (asker.say(["活动", "Campaigns"])) } }
            },
        ),
        Err(refused) => (MISTAKE, layout::mistake(Some(&why(&asker, &refused)))),
    };
    let title = asker.say(["转发的链", "Chains of shares"]);
    let page = layout::page(&asker, Chapter::Report, title, &fields, &body);
    (status, page).into_response()
}

/// `GET /console/report/chains.csv`.
pub(crate) async fn csv(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    match read(&app, &asker, &fields).await {
        Ok(report) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"chains.csv\"",
                ),
            ];
            (headers, text::csv(&report)).into_response()
        }
        Err(Refused::Report(BreakdownError::Store(error))) => {
            refusals::failed(&asker.visitor, &error)
        }
        Err(_) => refusals::not_here(&asker.visitor),
    }
}

fn place_words(name: Option<&String>, screen: ScreenNumber) -> String {
    name.cloned().unwrap_or_else(|| screen.to_string())
}

/// A number of people by people, with what it may be.
fn estimate(reproduction: Option<Reproduction>) -> Markup {
    html! {
        @match reproduction {
            Some(Reproduction { estimate, .. }) => {
                (format!("{:.2}", estimate.value)) " "
                small { (format!("{:.2}–{:.2}", estimate.low, estimate.high)) }
            },
            None => { "—" },
        }
    }
}

fn shown(asker: &Asker, fields: &Fields, report: &ChainReport) -> Markup {
    let asked = ["campaign", "screen"].map(|name| (name, fields.get(name)));
    html! {
        p {
            @if let Some(title) = &report.title { strong { (title) } }
            @if let Some(screen) = report.screen {
                @if report.title.is_some() { " · " }
                (place_words(report.screen_name.as_ref(), screen))
            }
        }
        dl.figures {
            div { dt { (asker.say(["每个人带来的新人", "New people that each person brings"])) } dd { (estimate(report.reproduction)) } }
            div { dt { (asker.say(["每个转发者带来的新人", "The same of those who pass it on"])) } dd { (estimate(report.by_sharer)) } }
            div { dt { (asker.say(["转发后被别人打开", "Passed on, and opened by others"])) } dd { (number(report.shares)) } }
        }
        (said_of_reproduction(asker, report))
        @if report.shares > 0 {
            (generations(asker, report))
            (after_scan(asker, report))
            (places(asker, report))
            (largest(asker, report))
        } @else {
            section { p { (asker.say(["还没有人打开别人转发的链接。", "Nobody has opened a link yet that somebody else passed on."])) } }
        }
        p { a.button href=(asker.at(&path_with("/console/report/chains.csv", &asked))) { (asker.say(["下载 CSV", "Download as CSV"])) } }
        p { a href=(asker.at(&path_with("/console/report", &asked))) { (asker.say(["完整报表", "The whole report"])) } }
    }
}

fn said_of_reproduction(asker: &Asker, report: &ChainReport) -> Markup {
    html! {
        @match report.reproduction {
            None => p.soft { (asker.say([
                "链接要满七天才计入：每个人都有同样长的时间去转发。现在还没有满七天的链接。",
                "A link counts once it is seven days old, so that everybody has had the same time to pass it on. None is yet.",
            ])) },
            Some(found) => {
                p.soft {
                    (asker.say(["根据截至 ", "Of "])) @if asker.is_chinese() { (found.until) " 的 " (number(found.links)) " 个链接，各满七天。范围是 95% 置信区间。" }
                    @else { (number(found.links)) " links made until " (found.until) ", each seven days old. The range holds the true mean in 95 of 100 cases." }
                }
                @if found.links < PEOPLE_MIN {
                    p.soft { (asker.say(["人数还太少，这个数说明不了什么。", "These are too few people to say much."])) }
                }
            },
        }
    }
}

fn generation_words(asker: &Asker, generation: u64) -> String {
    match (generation, asker.is_chinese()) {
        (0, true) => "扫码".to_owned(),
        (0, false) => "scans".to_owned(),
        (generation, true) => format!("第 {generation} 代"),
        (generation, false) => format!("{generation}"),
    }
}

fn generations(asker: &Asker, report: &ChainReport) -> Markup {
    let shown = &report.generations[..report.generations.len().min(GENERATIONS_MAX)];
    let bars: Vec<(String, u64)> = shown
        .iter()
        .map(|line| (generation_words(asker, line.generation), line.links))
        .collect();
    let name = asker.say(["每一代的链接", "Links by generation"]);
    html! {
        section {
            h2 { (name) }
            p.soft { (asker.say(["第 1 代是扫码的人的朋友，第 2 代是朋友的朋友。", "Generation 1 are friends of those who scanned, generation 2 their friends."])) }
            (plot::bars(name, &bars))
            div.scroll tabindex="0" role="region" aria-label=(name) { table {
                thead { tr {
                    th { (asker.say(["代", "Generation"])) }
                    th.n { (asker.say(["链接", "Links"])) }
                    th.n { (asker.say(["带来", "Brought"])) }
                } }
                tbody { @for line in shown { tr {
                    th scope="row" { (generation_words(asker, line.generation)) }
                    td.n { (number(line.links)) }
                    td.n { (number(line.brought)) }
                } } }
            } }
            @if shown.len() < report.generations.len() {
                p.soft { (asker.say(["更深的代在 CSV 里。", "The CSV has the generations further down."])) }
            }
        }
    }
}

fn after_scan(asker: &Asker, report: &ChainReport) -> Markup {
    let after = &report.after_scan;
    let name = asker.say(["扫码之后多久", "How long after the scan"]);
    let bars = [
        (asker.say(["1 小时内", "1 hour"]), after.hour),
        (asker.say(["1 天内", "1 day"]), after.day),
        (asker.say(["7 天内", "7 days"]), after.week),
        (asker.say(["更晚", "later"]), after.later),
    ];
    let bars = bars.map(|(label, count)| (label.to_owned(), count));
    html! {
        section {
            h2 { (name) }
            (plot::bars(name, &bars))
            div.scroll tabindex="0" role="region" aria-label=(name) { table {
                thead { tr {
                    th { (asker.say(["在此之内", "Within"])) }
                    th.n { (asker.say(["被打开的链接", "Links opened"])) }
                } }
                tbody { @for (label, count) in &bars { tr {
                    th scope="row" { (label) } td.n { (number(*count)) }
                } } }
            } }
        }
    }
}

fn places(asker: &Asker, report: &ChainReport) -> Markup {
    let name = asker.say(["从哪些屏幕开始", "Where it began"]);
    html! {
        section {
            h2 { (name) }
            div.scroll tabindex="0" role="region" aria-label=(name) { table {
                thead { tr {
                    th { (asker.say(["屏幕", "Screen"])) }
                    th.n { (asker.say(["扫码", "Scans"])) }
                    th.n { (asker.say(["转发", "Shares"])) }
                    th.n { (asker.say(["最深", "Deepest"])) }
                } }
                tbody { @for place in &report.places { tr {
                    th scope="row" { (place_words(place.name.as_ref(), place.screen)) }
                    td.n { (number(place.scans)) }
                    td.n { (number(place.shares)) }
                    td.n { (number(place.depth)) }
                } } }
            } }
            @if report.shares_elsewhere > 0 {
                p.soft { (asker.say(["其他屏幕的转发：", "Shares that began at further screens: "])) (number(report.shares_elsewhere)) }
            }
        }
    }
}

fn largest(asker: &Asker, report: &ChainReport) -> Markup {
    let name = asker.say(["最大的链", "The largest chains"]);
    html! {
        section {
            h2 { (name) }
            p.soft { (asker.say([
                "最上面的圆点是扫码的人，下面是转发的人，灰点是他们带来、没有再转发的人。",
                "The dot above is who scanned; below it is who passed it on, and in grey whom they brought and who did not.",
            ])) }
            @for chain in report.largest.iter().take(CHAINS_DRAWN) {
                (drawn(asker, chain))
            }
            div.scroll tabindex="0" role="region" aria-label=(name) { table {
                thead { tr {
                    th { (asker.say(["开始于", "Began"])) }
                    th { (asker.say(["屏幕", "Screen"])) }
                    th.n { (asker.say(["转发", "Shares"])) }
                    th.n { (asker.say(["代", "Generations"])) }
                    th { (asker.say(["最近一次", "Newest"])) }
                } }
                tbody { @for chain in &report.largest { tr {
                    th scope="row" { (day_and_time(&chain.began)) }
                    td { (place_words(chain.name.as_ref(), chain.screen)) }
                    td.n { (number(chain.links)) }
                    td.n { (number(chain.depth)) }
                    td { (day_and_time(&chain.newest)) }
                } } }
            } }
            p.soft { (asker.say(["被转发过的链一共有：", "Chains that somebody passed on, in all: "])) (number(report.chains)) (asker.say(["。时间为 UTC。", ". Times are UTC."])) }
        }
    }
}

/// The beginning of a moment as RFC 3339 writes it.
fn day_and_time(moment: &str) -> String {
    moment.get(..16).unwrap_or(moment).replace('T', " ")
}

fn drawn(asker: &Asker, chain: &LargeChain) -> Markup {
    let place = place_words(chain.name.as_ref(), chain.screen);
    let shares = number(chain.links);
    let name = if asker.is_chinese() {
        format!("{place} 开始的链：{shares} 次转发，{} 代", chain.depth)
    } else {
        let s = if chain.links == 1 { "" } else { "s" };
        let times = if chain.depth == 1 { "" } else { "s" };
        format!(
            "The chain that began at {place}: {shares} share{s}, {} generation{times}",
            chain.depth
        )
    };
    let (plot, drawn) = chain_plot::tree(&name, chain, |generation, brought| {
        let brought = number(brought);
        match (generation, asker.is_chinese()) {
            (0, true) => format!("扫码的人带来 {brought} 人"),
            (0, false) => format!("Who scanned brought {brought}"),
            (generation, true) => format!("第 {generation} 代，带来 {brought} 人"),
            (generation, false) => format!("Generation {generation}, brought {brought}"),
        }
    });
    let more = chain.nodes.len() - drawn.people;
    html! {
        h3 { (name) }
        (plot)
        @if more > 0 || chain.links_left_out > 0 {
            p.soft {
                @if asker.is_chinese() { "图中有 " (number(drawn.people as u64)) " 位转发者" }
                @else { (number(drawn.people as u64)) " people who passed it on are drawn" }
                @if more > 0 {
                    @if asker.is_chinese() { "，更深的 " (number(more as u64)) " 位没有画出" }
                    @else { ", " (number(more as u64)) " further down are not" }
                }
                @if chain.links_left_out > 0 {
                    @if asker.is_chinese() { "，另有 " (number(chain.links_left_out)) " 次转发在别处" }
                    @else { "; " (number(chain.links_left_out)) " shares are of others" }
                }
                (asker.say(["。", "."]))
            }
        }
    }
}
