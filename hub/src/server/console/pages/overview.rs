//! The first page: what needs somebody, and what is next.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use passerby_protocol::{CampaignId, foreign};

use crate::people::Right;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::layout::{self, Chapter, number};
use crate::server::console::pages::{privacy, screens, slots, voices};
use crate::server::console::refusals;
use crate::store::{Played, ScreenCounts, ScreenFilter, ScreenRow, ScreenState, Slot, StoreError};
use crate::system::clock;

/// How many silent screens are named.
const SILENT_NAMED: usize = 5;
/// How many campaigns with new voices are named.
const VOICES_NAMED: usize = 5;
/// How many slots are listed.
const SLOTS_LISTED: usize = 20;

/// What the page shows.
pub(crate) struct Overview {
    pub(crate) screens: ScreenCounts,
    pub(crate) silent: Vec<ScreenRow>,
    /// Those on the screens, and all.
    pub(crate) campaigns: (u64, u64),
    /// Drafts that wait for approval, for those who may publish.
    pub(crate) waiting: u64,
    /// Voices that nobody has read, for those who answer them, by campaign, and all.
    voices: (Vec<(CampaignId, u64)>, u64),
    /// Whether somebody is to be told that nobody has said who runs the hub.
    lacks_operator: bool,
    /// Of all screens, for those who have to do with all.
    pub(crate) today: Option<Played>,
    /// Slots, for those who hand in and do not publish.
    slots: Vec<Slot>,
}

/// Reads it.
pub(crate) async fn read(app: &Shared, asker: &Asker) -> Result<Overview, StoreError> {
    let actor = std::sync::Arc::clone(&asker.actor);
    app.work(move |app| {
        let (store, scope, now_ms) = (&app.hub.store, actor.scope(), clock::now_ms());
        let today_ms = clock::start_of(Some(clock::date_of(now_ms)), now_ms);
        let silent = ScreenFilter {
            state: Some(ScreenState::Silent),
            ..ScreenFilter::default()
        };
        let sees_all = scope.is_all() && actor.may(Right::SeeReports);
        Ok(Overview {
            screens: store.screen_counts(scope, now_ms)?,
            silent: store.screen_list(&silent, scope, SILENT_NAMED, now_ms)?,
            campaigns: store.campaign_counts(scope)?,
            waiting: if actor.may(Right::ChangeCampaigns) {
                store.drafts_waiting(scope)?
            } else {
                0
            },
            voices: if actor.may(Right::ChangeCampaigns) {
                let listed = store.campaigns_with_voices(scope, VOICES_NAMED)?;
                (listed, store.voices_waiting(scope)?)
            } else {
                (Vec::new(), 0)
            },
            lacks_operator: privacy::is_missing(store, &actor)?,
            slots: if actor.may(Right::ChangeDrafts) && !actor.may(Right::ChangeCampaigns) {
                store.slots(scope, None, SLOTS_LISTED)?
            } else {
                Vec::new()
            },
            today: sees_all.then(|| store.played_since(today_ms)).transpose()?,
        })
    })
    .await
}

/// `GET /console`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let facts = match read(&app, &asker).await {
        Ok(facts) => facts,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let may = |right| asker.actor.may(right);
    let body = html! {
        (slots::open_ones(&asker, &facts.slots))
        @if facts.slots.is_empty() && (facts.screens.all == 0 || facts.campaigns.1 == 0) { (first_steps(&asker, &facts)) }
        @if facts.waiting > 0 {
            p.notice.warn {
                (number(facts.waiting)) (asker.say([" 个草稿等待批准。", " waiting for approval. "]))
                a href=(asker.at("/console/drafts")) { (asker.say(["查看", "See the drafts"])) }
            }
        }
        @if facts.lacks_operator && facts.campaigns.1 > 0 { (privacy::missing(&asker)) }
        @if facts.voices.1 > 0 {
            p.notice.warn {
                (number(facts.voices.1)) (asker.say([" 条路人的新留言：", if facts.voices.1 == 1 { " new voice of a passer-by: " } else { " new voices of passers-by: " }]))
                @for (at, (campaign, count)) in facts.voices.0.iter().enumerate() {
                    @if at > 0 { " · " }
                    a href=(asker.at(&format!("{}?state=waiting", voices::path_of_voices(campaign.as_str())))) { (foreign::escaped(campaign.as_str())) } " (" (number(*count)) ")"
                }
            }
        }
        dl.figures {
            @if may(Right::SeeScreens) {
                div { dt { (asker.say(["在线屏幕", "Screens in touch"])) } dd { (number(facts.screens.in_touch)) " " small { "/ " (number(facts.screens.all - facts.screens.revoked)) } } }
                div { dt { (asker.say(["无联系", "Silent"])) } dd { (number(facts.screens.silent)) } }
            }
            @if may(Right::SeeCampaigns) {
                div { dt { (asker.say(["在播活动", "Campaigns on air"])) } dd { (number(facts.campaigns.0)) " " small { "/ " (number(facts.campaigns.1)) } } }
            }
            @if let Some(today) = facts.today {
                div { dt { (asker.say(["今日播放", "Plays today"])) } dd { (number(today.plays)) } }
                div { dt { (asker.say(["今日扫码", "Scans today"])) } dd { (number(today.scans)) } }
            }
        }
        @if may(Right::SeeScreens) && facts.screens.silent > 0 {
            section {
                h2 { (asker.say(["需要看一看", "Needs a look"])) }
                ul.rows { @for row in &facts.silent { li { (screens::row(&asker, row, clock::now_ms())) } } }
                @if facts.screens.silent > facts.silent.len() as u64 {
                    p { a href=(asker.at("/console/screens?state=silent")) { (asker.say(["全部无联系的屏幕", "All silent screens"])) } }
                }
            }
        } @else if may(Right::SeeScreens) && facts.screens.in_touch > 0 {
            p.notice.good { (asker.say(["所有屏幕都在线。", "Every screen is in touch."])) }
        }
    };
    let body = html! {
        (body)
        @if may(Right::SeeCampaigns) {
            p { a href=(asker.at(privacy::PATH)) { (asker.say(["保存了哪些个人信息", "What is kept of people"])) } }
        }
        @if may(Right::ChangeScreens) {
            p { a href=(asker.at("/console/quotas")) { (asker.say(["存储上限", "Room for files"])) } }
        }
    };
    let title = format!("{}{}", asker.say(["你好，", "Hello, "]), asker.person.name);
    layout::page(&asker, Chapter::Overview, &title, &fields, &body)
}

/// What there is to do before anything airs.
fn first_steps(asker: &Asker, facts: &Overview) -> Markup {
    let has_screen = facts.screens.all > 0;
    let has_campaign = facts.campaigns.1 > 0;
    html! {
        section {
            h2 { (asker.say(["接下来", "What is next"])) }
            ol.steps {
                li.done[has_screen] { div {
                    h3 { (asker.say(["配对一块屏幕", "Pair a screen"])) }
                    @if !has_screen {
                        p.soft { (asker.say([
                            "在屏幕的电脑上启动 passerby。它会显示一个二维码，用手机扫一扫，或在这里输入八位配对码。",
                            "Start passerby on the screen's computer. It shows a code: scan it with your phone, or enter its eight characters here.",
                        ])) }
                        @if asker.actor.may(Right::ChangeScreens) {
                            a.button.main href=(asker.at("/console/pair")) { (asker.say(["配对屏幕", "Pair a screen"])) }
                        }
                    }
                } }
                li.done[has_campaign] { div {
                    h3 { (asker.say(["发布一个活动", "Publish a campaign"])) }
                    @if !has_campaign {
                        p.soft { (asker.say([
                            "从手机里选几张图片，写上标题和码通向的链接。",
                            "Choose pictures on your phone, and write a title and where the code leads.",
                        ])) }
                        @if asker.actor.may(Right::ChangeDrafts) {
                            a.button.main[has_screen] href=(asker.at("/console/new")) { (asker.say(["选择图片", "Choose pictures"])) }
                        }
                    }
                } }
                li { div {
                    h3 { (asker.say(["看看有多少人扫了码", "See how many people scan"])) }
                    p.soft { (asker.say(["第一次播放之后，报表里就会有数字。", "After the first play the report has figures."])) }
                } }
            }
        }
    }
}
