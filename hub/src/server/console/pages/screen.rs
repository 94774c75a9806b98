//! One screen: how it is, what is published for it, what it did today, and what can be done to it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::ScreenNumber;
use passerby_protocol::limits::LINE_CHARS_MAX;

use crate::people::{Right, group, line, place, tags, way};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, number};
use crate::server::console::pages::campaigns::path_of;
use crate::server::console::pages::join::name_words;
use crate::server::console::pages::screens::badge;
use crate::server::console::pages::{screen_frame, screen_now, times};
use crate::server::console::paging::Page;
use crate::server::console::{plot, refusals};
use crate::store::{
    AirOfScreen, KeyError, ScreenChange, ScreenFacts, ScreenFrame, ScreenState, StoreError,
};
use crate::system::clock;

/// A screen, what is published for it, and its last picture.
type Known = (ScreenFacts, AirOfScreen, ScreenFrame);
/// Most campaigns that one page names.
const CAMPAIGNS_LISTED: usize = 100;

/// Reads what is known of a screen, if the asker has to do with it.
async fn facts(app: &Shared, asker: &Asker, screen: &str) -> Result<Option<Known>, StoreError> {
    let Ok(screen) = screen.parse::<ScreenNumber>() else {
        return Ok(None);
    };
    let actor = Arc::clone(&asker.actor);
    app.work(move |app| {
        let now_ms = clock::now_ms();
        let today_ms = clock::start_of(Some(clock::date_of(now_ms)), now_ms);
        let (store, scope) = (&app.hub.store, actor.scope());
        let facts = store.screen_facts(screen, scope, (today_ms, now_ms))?;
        let frame = store.screen_frame(screen, now_ms)?;
        let air = store.air_of_screen(screen, scope, now_ms)?;
        Ok(facts.zip(air).map(|(facts, air)| (facts, air, frame)))
    })
    .await
}

/// `GET /console/screens/{screen}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path(screen): Path<String>,
    fields: Fields,
) -> Response {
    match facts(&app, &asker, &screen).await {
        Ok(Some(known)) => screen_frame::waiting(page(&asker, &known, &fields, None), &known.2),
        Ok(None) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

fn page(
    asker: &Asker,
    (facts, air, frame): &Known,
    fields: &Fields,
    wrong: Option<&str>,
) -> Response {
    let body = html! {
        (layout::mistake(wrong))
        p { (badge(asker, facts.row.state)) " "
            @if !facts.row.group.is_empty() { span.tag { (facts.row.group) } " " }
            @for tag in &facts.row.tags { span.tag { (tag) } " " }
        }
        @if facts.row.state == ScreenState::Waiting {
            p.notice.warn { (asker.say(["还没有终端作为这块屏幕连上来。", "No terminal has come in as this screen yet."])) }
        }
        div.grid.two {
            (screen_frame::section(asker, facts, frame))
            (screen_now::section(asker, air))
        }
        div.grid.two {
            (how_it_is(asker, facts))
            (what_airs(asker, facts, fields))
        }
        (times::of_screen(asker, air, fields))
        (today(asker, facts))
        @if asker.actor.may(Right::ChangeScreens) { (forms(asker, facts)) }
    };
    layout::page(asker, Chapter::Screens, &facts.row.name, fields, &body)
}

fn how_it_is(asker: &Asker, facts: &ScreenFacts) -> Markup {
    let said = facts.heartbeat.as_ref();
    html! {
        section {
            h2 { (asker.say(["状况", "How it is"])) }
            dl.facts {
                dt { (asker.say(["编号", "Number"])) } dd { (facts.row.screen) }
                dt { (asker.say(["上次联系", "Last contact"])) } dd {
                    @match facts.row.last_seen_ms {
                        Some(seen_ms) => { (layout::moment(seen_ms)) " (" (layout::ago(asker.visitor.language, seen_ms, clock::now_ms())) ")" },
                        None => { (asker.say(["从未", "Never"])) },
                    }
                }
                @if let Some(said) = said {
                    dt { (asker.say(["版本", "Version"])) } dd { (said.software) }
                    dt { (asker.say(["画面", "Picture"])) } dd { (said.screen_px[0]) " × " (said.screen_px[1]) " px" }
                    dt { (asker.say(["时钟", "Clock"])) } dd { (asker.say(if said.clock_trusted { ["可信", "Trusted"] } else { ["不可信：只播放没有日期的内容", "Not trusted: only undated content airs"] })) }
                    dt { (asker.say(["待上传播放", "Plays to be sent"])) } dd { (number(said.plays_waiting)) }
                    dt { (asker.say(["剩余空间", "Free storage"])) } dd { (megabytes(said.disk_free_bytes)) }
                }
                dt { (asker.say(["缺失播放", "Missing plays"])) } dd { (number(facts.missing)) }
                dt { (asker.say(["添加于", "Added"])) } dd { (layout::moment(facts.made_ms)) }
                @if let Some(revoked_ms) = facts.revoked_ms {
                    dt { (asker.say(["停用于", "Out of service since"])) } dd { (layout::moment(revoked_ms)) }
                }
            }
        }
    }
}

fn megabytes(bytes: u64) -> String {
    if bytes >= 10 << 30 {
        format!("{} GiB", number(bytes >> 30))
    } else {
        format!("{} MiB", number(bytes >> 20))
    }
}

fn what_airs(asker: &Asker, facts: &ScreenFacts, fields: &Fields) -> Markup {
    let page = Page::of(fields, facts.campaigns.len(), CAMPAIGNS_LISTED);
    let path = format!("/console/screens/{}", facts.row.screen);
    html! {
        section {
            h2 { (asker.say(["为它发布的活动", "What is published for it"])) }
            @if facts.campaigns.is_empty() {
                p.soft { (asker.say(["还没有。屏幕会显示默认画面。", "Nothing yet. The screen shows its built-in picture."])) }
            } @else {
                p.soft {
                    @if facts.row.has_newest { (asker.say(["屏幕已经有最新内容", "The screen has the newest of it"])) }
                    @else { (asker.say(["屏幕还没有取到最新内容", "The screen has not fetched the newest of it yet"])) }
                    @if let Some(since_ms) = facts.content_since_ms { (asker.say(["，自 ", ", since "])) (layout::moment(since_ms)) }
                    (asker.say(["。", "."]))
                }
                ul.rows {
                    @for (id, title) in &facts.campaigns[page.rows()] {
                        li { a.row href=(asker.at(&path_of(id))) { span.name { (title) } } }
                    }
                }
                (page.links(asker, &path, &[]))
            }
        }
    }
}

fn today(asker: &Asker, facts: &ScreenFacts) -> Markup {
    let sum = facts.today();
    let plays: Vec<(String, u64)> = facts
        .hours
        .iter()
        .zip(0..)
        .map(|(hour, at): (_, u32)| (at.to_string(), hour.plays))
        .collect();
    html! {
        section {
            h2 { (asker.say(["今天", "Today"])) }
            dl.figures {
                div { dt { (asker.say(["播放", "Plays"])) } dd { (number(sum.plays)) } }
                div { dt { (asker.say(["扫码", "Scans"])) } dd { (number(sum.scans)) } }
            }
            @if sum.plays == 0 {
                p.soft { (asker.say(["今天还没有收到播放。", "No play of today has arrived yet."])) }
            } @else {
                (plot::bars(asker.say(["今天每小时的播放次数", "Plays by hour of today"]), &plays))
                details {
                    summary { (asker.say(["表格", "As a table"])) }
                    table {
                        thead { tr { th { (asker.say(["小时", "Hour"])) } th.n { (asker.say(["播放", "Plays"])) } th.n { (asker.say(["扫码", "Scans"])) } } }
                        tbody { @for (at, hour) in facts.hours.iter().enumerate() {
                            tr { th scope="row" { (at) } td.n { (number(hour.plays)) } td.n { (number(hour.scans)) } }
                        } }
                    }
                }
            }
        }
    }
}

fn forms(asker: &Asker, facts: &ScreenFacts) -> Markup {
    let path = format!("/console/screens/{}", facts.row.screen);
    let tags = facts.row.tags.join(", ");
    let hint = asker.say(["用逗号分开", "With commas between them"]);
    html! {
        section {
            h2 { (asker.say(["名称和分组", "Name and group"])) }
            (layout::form(asker, &path, "", &html! {
                (Line { is_required: true, ..Line::text("name", asker.say(["名称", "Name"]), &facts.row.name) }.markup())
                (Line::text("group", asker.say(["分组", "Group"]), &facts.row.group).markup())
                (Line { hint: Some(hint), ..Line::text("tags", asker.say(["标签", "Tags"]), &tags) }.markup())
                (Line { hint: Some(asker.say(["手机页面上写的，例如「2号线B口」。名称只给你们自己看。", "On the page for phones, such as “Metro line 2, exit B”. The name is for you alone."])), ..Line::text("place", asker.say(["给路人看的地点", "Place, in words for passers-by"]), &facts.row.place) }.markup())
                (Line { hint: Some(asker.say(["地址，或纬度和经度，例如 31.2304, 121.4737。朋友可以从手机页面查路线。", "An address, or latitude and longitude such as 31.2304, 121.4737. Friends find the way from the page."])), ..Line::text("way", asker.say(["怎么去", "How to go there"]), &facts.row.way) }.markup())
                button.main { (asker.say(["保存", "Save"])) }
            }))
        }
        section {
            h2 { (asker.say(["更换或停用", "Replace or take out of service"])) }
            details {
                summary { (asker.say(["换一台终端", "Replace its terminal"])) }
                p { (asker.say([
                    "另一台电脑或新的存储卡用一个一次性的令牌接管这块屏幕。在那之前旧终端继续播放。",
                    "Another machine, or a new memory card, takes this screen over with a token that works once. Until then the old terminal goes on.",
                ])) }
                (layout::form(asker, &format!("{path}/renew"), "", &html! {
                    button { (asker.say(["创建令牌", "Make the token"])) }
                }))
            }
            @if facts.row.state != ScreenState::Revoked {
                details {
                    summary { (asker.say(["停用这块屏幕", "Take it out of service"])) }
                    p { (asker.say([
                        "终端会停止播放 hub 的活动，hub 不再回应它。数据会保留，换一台终端可以让它回来。",
                        "Its terminal stops showing the hub's campaigns, and the hub no longer answers it. Its figures stay; replacing its terminal brings it back.",
                    ])) }
                    (layout::form(asker, &format!("{path}/revoke"), "", &html! {
                        label.check { input type="checkbox" name="retire" value="yes"; span { (asker.say(["也让它显示过的码失效", "Also refuse the codes that it has shown"])) small { (asker.say(["终端被偷时选它", "For a stolen terminal"])) } } }
                        button.danger { (asker.say(["停用", "Take out of service"])) }
                    }))
                }
            }
        }
    }
}

/// `POST /console/screens/{screen}`.
pub(crate) async fn change(
    State(app): State<Shared>,
    asker: Asker,
    Path(screen): Path<String>,
    fields: Fields,
) -> Response {
    let known = match facts(&app, &asker, &screen).await {
        Ok(Some(known)) => known,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let read = || {
        Ok(ScreenChange {
            name: Some(line(fields.get("name"), LINE_CHARS_MAX)?),
            group: Some(group(fields.get("group"))?),
            tags: Some(tags(fields.get("tags"))?),
            place: fields
                .has("place")
                .then(|| place(fields.get("place")))
                .transpose()?,
            way: fields
                .has("way")
                .then(|| way(fields.get("way")))
                .transpose()?,
        })
    };
    let change = match read() {
        Ok(change) => change,
        Err(error) => {
            let page = page(&asker, &known, &fields, Some(asker.say(name_words(error))));
            return (MISTAKE, page).into_response();
        }
    };
    let (actor, number) = (Arc::clone(&asker.actor), known.0.row.screen);
    let changed = app
        .work(move |app| {
            app.hub
                .store
                .change_screen(&actor, number, &change, clock::now_ms())
        })
        .await;
    match changed {
        Ok(()) => asker
            .visitor
            .to(&format!("/console/screens/{number}?done=saved")),
        Err(StoreError::OutOfScope) => {
            let wrong = asker.say([
                "这个分组不归你管。",
                "This group is not one that you have to do with.",
            ]);
            (MISTAKE, page(&asker, &known, &fields, Some(wrong))).into_response()
        }
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// Says why a screen's keys were not changed.
fn refused(asker: &Asker, error: KeyError) -> Response {
    match error {
        KeyError::Store(error) => refusals::failed(&asker.visitor, &error),
        KeyError::UnknownScreen(_) => refusals::not_here(&asker.visitor),
        other => {
            let body = layout::mistake(Some(&other.to_string()));
            let title = asker.say(["没有更改", "Nothing was changed"]);
            (
                MISTAKE,
                layout::page(asker, Chapter::Screens, title, &Fields::default(), &body),
            )
                .into_response()
        }
    }
}

/// `POST /console/screens/{screen}/revoke`.
pub(crate) async fn revoke(
    State(app): State<Shared>,
    asker: Asker,
    Path(screen): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(number) = screen.parse::<ScreenNumber>() else {
        return refusals::not_here(&asker.visitor);
    };
    let (actor, retires) = (Arc::clone(&asker.actor), fields.get("retire") == "yes");
    let revoked = app
        .work(move |app| {
            app.hub
                .store
                .revoke_screen(&actor, number, retires, clock::now_ms())
        })
        .await;
    match revoked {
        Ok(_) => asker
            .visitor
            .to(&format!("/console/screens/{number}?done=revoked")),
        Err(error) => refused(&asker, error),
    }
}

/// `POST /console/screens/{screen}/renew`.
pub(crate) async fn renew(
    State(app): State<Shared>,
    asker: Asker,
    Path(screen): Path<String>,
) -> Response {
    let Ok(number) = screen.parse::<ScreenNumber>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let renewed = app
        .work(move |app| {
            app.hub
                .store
                .renew_screen(&actor, number, false, clock::now_ms())
        })
        .await;
    let renewed = match renewed {
        Ok(renewed) => renewed,
        Err(error) => return refused(&asker, error),
    };
    let command = format!(
        "passerby enroll --hub {} --token {}",
        app.public_url.absolute(""),
        renewed.token
    );
    let body = html! {
        section {
            p { (asker.say(["在新的电脑上运行一次，七天之内：", "On the new machine, enter once, within seven days:"])) }
            p { code.secret { (command) } }
            p.soft { (asker.say(["这个令牌只显示这一次。", "The token is shown this once."])) }
        }
        p { a.button href=(asker.at(&format!("/console/screens/{number}"))) { (asker.say(["回到屏幕", "Back to the screen"])) } }
    };
    layout::page(
        &asker,
        Chapter::Screens,
        asker.say(["换一台终端", "Replace the terminal"]),
        &Fields::default(),
        &body,
    )
}
