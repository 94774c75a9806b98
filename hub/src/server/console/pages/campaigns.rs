//! Campaigns: which there are, and what each shows, when and where.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use passerby_protocol::campaign::{Campaign, Kind, Phase};
use passerby_protocol::{CampaignId, foreign};

use crate::air_times;
use crate::people::{Right, group};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::{Fields, escaped, path_with};
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, choice, number};
use crate::server::console::pages::join::name_words;
use crate::server::console::pages::screens::with_all;
use crate::server::console::pages::times;
use crate::server::console::{paging, refusals};
use crate::store::{CampaignFacts, CampaignRow, ScreenNotice, StoreError};
use crate::system::clock;

/// Campaigns on one page.
pub(crate) const PER_PAGE: usize = 50;

/// Where a campaign's page is.
pub(crate) fn path_of(id: &str) -> String {
    format!("/console/campaigns/{}", escaped(id))
}

/// Where the preview of a placement is, counted from 0.
fn path_of_preview(id: &str, placement: usize) -> String {
    format!("{}/preview/{}", path_of(id), placement + 1)
}

/// Whether a campaign is on the screens, by its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Airing,
    Future,
    Ended,
    Off,
}

impl Standing {
    pub(crate) fn of(row: &CampaignRow, today: Date) -> Self {
        if row.is_live {
            Self::of_phases(&row.campaign.phases, today)
        } else {
            Self::Off
        }
    }

    fn of_phases(phases: &[Phase], today: Date) -> Self {
        if phases.is_empty() || phases.iter().any(|phase| phase.covers(today)) {
            Self::Airing
        } else if phases
            .iter()
            .any(|phase| phase.from.is_some_and(|from| from > today))
        {
            Self::Future
        } else {
            Self::Ended
        }
    }

    /// The word for it in calls.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Airing => "airing",
            Self::Future => "future",
            Self::Ended => "ended",
            Self::Off => "off",
        }
    }

    fn badge(self, asker: &Asker) -> Markup {
        let (class, said) = match self {
            Self::Airing => ("badge good", ["在播", "Airing"]),
            Self::Future => ("badge warn", ["未开始", "To come"]),
            Self::Ended => ("badge plain", ["已结束", "Ended"]),
            Self::Off => ("badge plain", ["已撤下", "Off the screens"]),
        };
        html! { span class=(class) { (asker.say(said)) } }
    }
}

pub(super) fn kind_words(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::Event => ["短期", "Event"],
        Kind::Fans => ["长期", "Fans"],
        Kind::Combined => ["两者结合", "Combined"],
    }
}

/// `GET /console/campaigns`.
pub(crate) async fn list(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let text: String = fields.get("q").chars().take(100).collect();
    let read = {
        let actor = Arc::clone(&asker.actor);
        let (text, group, after) = (
            text.clone(),
            fields.word("group").map(str::to_owned),
            fields.get("after").to_owned(),
        );
        app.work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let asked = (text.as_str(), group.as_deref());
            let mut rows = store.campaign_list(asked, &after, scope, PER_PAGE + 1)?;
            let is_anew = rows.is_empty() && !after.is_empty();
            if is_anew {
                rows = store.campaign_list(asked, "", scope, PER_PAGE + 1)?;
            }
            Ok::<_, StoreError>((rows, is_anew, store.campaign_groups(scope)?))
        })
        .await
    };
    let (mut rows, is_anew, groups) = match read {
        Ok(read) => read,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let has_more = rows.len() > PER_PAGE;
    rows.truncate(PER_PAGE);
    let today = clock::date_of(clock::now_ms());
    let is_filtered =
        !text.is_empty() || fields.word("group").is_some() || fields.word("after").is_some();
    let body = html! {
        @if !asker.actor.may(Right::ChangeDrafts) && asker.actor.may(Right::ChangeSlots) {
            p { a href=(asker.at("/console/slots")) { (asker.say(["投稿者的档期", "Slots for contributors"])) } }
        }
        @if asker.actor.may(Right::ChangeDrafts) {
            div.actions {
                a.button href=(asker.at("/console/slots")) { (asker.say(["档期", "Slots"])) }
                a.button.main href=(asker.at("/console/new")) { (asker.say(["新活动", "New campaign"])) }
                a.button href=(asker.at("/console/drafts")) { (asker.say(["草稿", "Drafts"])) }
            }
        }
        @if is_filtered || !rows.is_empty() {
            form.filter method="get" action=(asker.at("/console/campaigns")) role="search" {
                div.wide { (Line { kind: "search", ..Line::text("q", asker.say(["标题或文件夹", "Title or folder"]), &text) }.markup()) }
                (choice("group", asker.say(["分组", "Group"]), fields.get("group"), &with_all(&asker, groups.into_iter().map(|group| (group.clone(), group)))))
                button { (asker.say(["查找", "Find"])) }
            }
        }
        @if is_anew && !rows.is_empty() { (paging::began_again(&asker)) }
        section {
            @if rows.is_empty() {
                @if is_filtered {
                    p { (asker.say(["没有符合的活动。", "No campaign is like that."])) }
                    p { a href=(asker.at("/console/campaigns")) { (asker.say(["显示全部", "Show all"])) } }
                } @else {
                    p { (asker.say(["还没有活动。选几张图片就可以开始。", "There is no campaign yet. A few pictures are enough to begin."])) }
                }
            } @else {
                ul.rows { @for row in &rows { li {
                    a.row href=(asker.at(&path_of(row.id.as_str()))) {
                        span.name { (row.campaign.title) }
                        span.more {
                            (foreign::escaped(row.id.as_str()))
                            @if !row.group.is_empty() { " · " (row.group) }
                            " · " (row.campaign.placements.len()) (asker.say([" 条投放", if row.campaign.placements.len() == 1 { " placement" } else { " placements" }]))
                        }
                        span.end { (Standing::of(row, today).badge(&asker)) }
                    }
                } } }
            }
        }
        @if has_more && let Some(last) = rows.last() {
            div.foot { span {} a.button href=(asker.at(&path_with("/console/campaigns", &[("q", &text), ("group", fields.get("group")), ("after", last.id.as_str())]))) { (asker.say(["下一页", "Next page"])) } }
        }
    };
    layout::page(
        &asker,
        Chapter::Campaigns,
        asker.say(["活动", "Campaigns"]),
        &fields,
        &body,
    )
}

/// A campaign, what covers screens of it, and how many voices nobody has read.
type Known = (CampaignFacts, Vec<(ScreenNotice, u64)>, u64);

async fn facts(app: &Shared, asker: &Asker, id: &str) -> Result<Option<Known>, StoreError> {
    let Ok(id) = id.parse::<CampaignId>() else {
        return Ok(None);
    };
    let actor = Arc::clone(&asker.actor);
    app.work(move |app| {
        let store = &app.hub.store;
        let facts = store.campaign_facts(&id, actor.scope())?;
        let Some(facts) = facts else {
            return Ok(None);
        };
        Ok(Some((
            facts,
            store.notices_over(&id)?,
            store.voices_waiting_for(&id)?,
        )))
    })
    .await
}

/// `GET /console/campaigns/{campaign}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    match facts(&app, &asker, &id).await {
        Ok(Some(facts)) => page(&asker, &facts, &fields, None),
        Ok(None) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

fn page(
    asker: &Asker,
    (facts, notices, voices): &Known,
    fields: &Fields,
    wrong: Option<&str>,
) -> Response {
    let days = times::days_of(fields, clock::time_zone(), 7);
    let of_placements = air_times::placements(&facts.row.campaign, &days);
    let row = &facts.row;
    let campaign = &row.campaign;
    let today = clock::date_of(clock::now_ms());
    let path = path_of(row.id.as_str());
    let report = path_with("/console/report", &[("campaign", row.id.as_str())]);
    let body = html! {
        (layout::mistake(wrong))
        p { (Standing::of(row, today).badge(asker)) " " @if !row.group.is_empty() { span.tag { (row.group) } } }
        div.actions {
            @if asker.actor.may(Right::SeeReports) {
                a.button.main href=(asker.at(&report)) { (asker.say(["看报表", "See its report"])) }
            }
            @if asker.actor.may(Right::SeeReports) {
                a.button href=(asker.at(&format!("{path}/followers"))) { (asker.say(["关注者", "Those who follow"])) }
            }
            a.button href=(asker.at(&format!("{path}/moments"))) { (asker.say(["路人写的话", "What passers-by typed"])) }
            @if asker.actor.may(Right::ChangeCampaigns) {
                a.button href=(asker.at(&format!("{path}/voices"))) {
                    (asker.say(["路人的留言", "Voices"]))
                    @if *voices > 0 { " (" (number(*voices)) (asker.say([" 条新的", " new"])) ")" }
                }
            }
            @if asker.actor.may(Right::SeeReports) {
                a.button href=(asker.at(&format!("{path}/conversions"))) { (asker.say(["转化", "Conversions"])) }
            }
            @if asker.actor.may(Right::ChangeDrafts) && facts.has_folder {
                (layout::form(asker, &format!("/console/drafts/{}/begin", escaped(row.id.as_str())), "", &html! {
                    button { (asker.say(["编辑", "Edit it"])) }
                }))
            }
        }
        section {
            dl.facts {
                dt { (asker.say(["文件夹", "Folder"])) } dd { (foreign::escaped(row.id.as_str())) }
                dt { (asker.say(["类型", "Kind"])) } dd { (asker.say(kind_words(campaign.kind))) }
                dt { (asker.say(["码通向", "Codes lead to"])) } dd {
                    @match &campaign.target { Some(target) => { (foreign::escaped(target)) }, None => { (asker.say(["没有码", "No code"])) } }
                }
                dt { (asker.say(["屏幕", "Screens"])) } dd {
                    (number(facts.screens))
                    @if row.is_everywhere { (asker.say(["，所有屏幕，包括以后添加的", ", all of them, also later ones"])) }
                    @for (screen, name) in &facts.first_screens { br; a href=(asker.at(&format!("/console/screens/{screen}"))) { (name) } }
                }
                dt { (asker.say(["发布于", "Published"])) } dd { (layout::moment(row.published_ms)) }
            }
        }
        @if !campaign.phases.is_empty() { (phases(asker, campaign, today)) }
        (placements(asker, facts))
        @if row.is_live { (times::of_campaign(asker, (&path, &of_placements), &days, notices)) }
        @if asker.actor.may(Right::ChangeCampaigns) {
            section {
                h2 { (asker.say(["分组", "Group"])) }
                (layout::form(asker, &path, "", &html! {
                    (Line::text("group", asker.say(["分组名称（可以不填）", "Name of the group, if any"]), &row.group).markup())
                    button { (asker.say(["保存", "Save"])) }
                }))
            }
            @if row.is_live {
                section {
                    h2 { (asker.say(["撤下", "Take it off"])) }
                    details {
                        summary { (asker.say(["从所有屏幕撤下这个活动", "Take this campaign off all screens"])) }
                        p { (asker.say(["屏幕会在几秒内停止播放它。已经显示过的码仍然有效，数据会保留。", "Screens stop showing it within seconds. Codes that were shown go on working, and its figures stay."])) }
                        (layout::form(asker, &format!("{path}/take-off"), "", &html! {
                            button.danger { (asker.say(["撤下", "Take it off"])) }
                        }))
                    }
                }
            }
        }
    };
    layout::page(asker, Chapter::Campaigns, &campaign.title, fields, &body)
}

fn phases(asker: &Asker, campaign: &Campaign, today: Date) -> Markup {
    let day = |date: Option<Date>| date.map_or_else(|| "…".to_owned(), |date| date.to_string());
    html! {
        section {
            h2 { (asker.say(["阶段", "Phases"])) }
            ul.rows { @for phase in &campaign.phases { li.item {
                span.name { strong { (foreign::escaped(&phase.name)) } } " "
                (Standing::of_phases(std::slice::from_ref(phase), today).badge(asker))
                br; span.soft { (day(phase.from)) " – " (day(phase.until))
                    @if let Some(goal) = phase.goal_plays { " · " (asker.say(["目标播放 ", "hoped for plays "])) (number(goal.into())) }
                    @if let Some(goal) = phase.goal_scans { " · " (asker.say(["目标扫码 ", "hoped for scans "])) (number(goal.into())) }
                }
            } } }
        }
    }
}

fn placements(asker: &Asker, facts: &CampaignFacts) -> Markup {
    let campaign = &facts.row.campaign;
    let zone = clock::time_zone();
    let now = Timestamp::from_millisecond(clock::now_ms()).unwrap_or_default();
    html! {
        section {
            h2 { (asker.say(["投放", "Placements"])) }
            ul.thumbs { @for (at, (placement, creative)) in campaign.placements.iter().zip(facts.creatives.iter().map(Some).chain(std::iter::repeat(None))).enumerate() { li {
                @match creative {
                    Some((digest, true)) => img src=(asker.at(&format!("/p/{digest}.jpg"))) alt="" loading="lazy";,
                    _ => div.none { (asker.say(["没有预览", "No picture of it"])) },
                }
                div.about {
                    strong { (foreign::escaped(&placement.creative)) }
                    br;
                    @if facts.row.is_live && campaign.window(placement, now, &zone).open {
                        span.badge.good { (asker.say(["现在可播", "May air now"])) }
                    } @else {
                        span.badge.plain { (asker.say(["现在不播", "Not now"])) }
                    }
                    p.soft {
                        @if let Some(line) = campaign.headline_of(placement) { (foreign::escaped(line)) br; }
                        (asker.say(["权重 ", "Weight "])) (placement.weight)
                        @if let Some(seconds) = placement.seconds { " · " (seconds) " s" }
                        @if let Some(zone) = &placement.zone { " · " (foreign::escaped(zone)) }
                        @if placement.filler { " · " (asker.say(["补白", "filler"])) }
                        @for part in &placement.dayparts { br; (part) }
                    }
                    a href=(asker.at(&path_of_preview(facts.row.id.as_str(), at))) { (asker.say(["在屏幕上的样子", "As a screen shows it"])) }
                }
            } } }
        }
    }
}

/// `POST /console/campaigns/{campaign}`.
pub(crate) async fn change(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let known = match facts(&app, &asker, &id).await {
        Ok(Some(known)) => known,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let wrong = |words| {
        (
            MISTAKE,
            page(&asker, &known, &fields, Some(asker.say(words))),
        )
            .into_response()
    };
    let group = match group(fields.get("group")) {
        Ok(group) => group,
        Err(error) => return wrong(name_words(error)),
    };
    let (actor, id) = (Arc::clone(&asker.actor), known.0.row.id.clone());
    let changed = {
        let id = id.clone();
        app.work(move |app| {
            app.hub
                .store
                .group_campaign(&actor, &id, group.as_deref(), clock::now_ms())
        })
        .await
    };
    match changed {
        Ok(()) => asker
            .visitor
            .to(&format!("{}?done=saved", path_of(id.as_str()))),
        Err(StoreError::OutOfScope) => wrong([
            "这个分组不归你管。",
            "This group is not one that you have to do with.",
        ]),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// `POST /console/campaigns/{campaign}/take-off`.
pub(crate) async fn take_off(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let (actor, path) = (Arc::clone(&asker.actor), path_of(id.as_str()));
    let taken = app
        .work(move |app| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            let is_seen = store.campaign_facts(&id, actor.scope())?.is_some();
            match store.unpublish(&actor, &id, now_ms) {
                // It airs on screens of others.
                Err(StoreError::OutOfScope) if is_seen => Ok(Err(())),
                taken => taken.map(Ok),
            }
        })
        .await;
    let taken = match taken {
        Ok(Ok(taken)) => Ok(taken),
        Ok(Err(())) => return refusals::not_of_your_screens(&asker.visitor),
        Err(error) => Err(error),
    };
    match taken {
        Ok(Some(_)) => asker.visitor.to(&format!("{path}?done=taken-off")),
        Ok(None) => asker.visitor.to(&path),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}
