//! What a screen would show of one placement, and whether people could scan its code.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::{CampaignId, ScreenNumber, foreign};

use crate::people::Right;
use crate::publish::preview::{CodeVerdict, DrawError, Preview, RefusalOf};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::layout::{self, Chapter, Line, choice};
use crate::server::console::pages::campaigns::path_of;
use crate::server::console::previews::{self, AGAIN_S, NoPreview};
use crate::server::console::{fault_words, refusals};
use crate::server::language::Language;

/// `GET /console/campaigns/{campaign}/preview/{placement}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path((campaign, placement)): Path<(String, String)>,
    fields: Fields,
) -> Response {
    let Ok(id) = campaign.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let facts = {
        let actor = Arc::clone(&asker.actor);
        app.work(move |app| app.hub.store.campaign_facts(&id, actor.scope()))
            .await
    };
    let facts = match facts {
        Ok(Some(facts)) => facts,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let drawn = previews::of_published(&app, &asker.actor, (&campaign, &placement), &fields).await;
    let number = placement.parse::<usize>().unwrap_or_default();
    let name = number
        .checked_sub(1)
        .and_then(|at| facts.row.campaign.placements.get(at))
        .map_or("", |placement| placement.creative.as_str());
    let shown = Shown {
        path: &format!("{}/preview/{placement}", path_of(&campaign)),
        above: html! {
            a href=(asker.at(&path_of(&campaign))) { (facts.row.campaign.title) } " · " (foreign::escaped(name))
        },
        screens: &facts.first_screens,
        revision: "",
    };
    page(&asker, &shown, &fields, &drawn)
}

/// What a preview is of, for its page.
pub(crate) struct Shown<'a> {
    /// Where its page is.
    pub(crate) path: &'a str,
    /// What leads back.
    pub(crate) above: Markup,
    /// Screens that it is for.
    pub(crate) screens: &'a [(ScreenNumber, String)],
    /// What changes with it, for pictures that browsers keep.
    pub(crate) revision: &'a str,
}

/// What was drawn, or why not.
pub(in crate::server) type Drawn = Result<Arc<Preview>, NoPreview>;

/// The page of a preview, which comes again by itself while it is being drawn.
pub(in crate::server) fn page(
    asker: &Asker,
    shown: &Shown<'_>,
    fields: &Fields,
    drawn: &Drawn,
) -> Response {
    let outcome = match outcome(asker, shown, fields, drawn) {
        Ok(outcome) => outcome,
        Err(refusal) => return *refusal,
    };
    let body = html! {
        p { (shown.above) }
        (chooser(asker, shown, fields))
        section { (outcome) }
    };
    let title = asker.say(["屏幕上的样子", "As a screen shows it"]);
    let mut response = layout::page(asker, Chapter::Campaigns, title, fields, &body);
    if matches!(drawn, Err(NoPreview::Later)) {
        let again = HeaderValue::from(AGAIN_S);
        response.headers_mut().insert(header::REFRESH, again);
    }
    response
}

/// The picture with its verdict, or the words that there are instead.
///
/// # Errors
/// The page that there is instead.
pub(in crate::server) fn outcome(
    asker: &Asker,
    shown: &Shown<'_>,
    fields: &Fields,
    drawn: &Drawn,
) -> Result<Markup, Box<Response>> {
    Ok(match drawn {
        Ok(preview) => seen(asker, preview, shown, fields),
        Err(NoPreview::NotHere) => return Err(Box::new(refusals::not_here(&asker.visitor))),
        Err(NoPreview::Store(error)) => {
            return Err(Box::new(refusals::failed(&asker.visitor, error)));
        }
        Err(NoPreview::NoSize) => said(
            asker,
            "warn",
            [
                "这块屏幕还没有告诉我们它有多少像素。等它联网后再看，或选别的形状。",
                "This screen has not said yet how many pixels it has. Look again once it was in touch, or choose a shape.",
            ],
        ),
        Err(NoPreview::Later) => said(
            asker,
            "warn",
            [
                "正在画，几秒后会自动出现。",
                "It is being drawn and comes by itself in some seconds.",
            ],
        ),
        Err(NoPreview::Unread(problems)) => html! {
            (said(asker, "bad", [
                "草稿现在读不了，所以画不出来。先改好这些：",
                "The draft cannot be read as it is, and so cannot be drawn. Mend this first:",
            ]))
            (layout::problem_list(asker.visitor.language, problems))
        },
        Err(NoPreview::Failed(error)) => html! {
            (said(asker, "bad", ["画不出来。", "It cannot be drawn."]))
            p.soft { (why_undrawn(asker, error)) }
        },
    })
}

/// `GET /console/campaigns/{campaign}/preview/{placement}/picture.png`.
pub(crate) async fn picture(
    State(app): State<Shared>,
    asker: Asker,
    Path((campaign, placement)): Path<(String, String)>,
    fields: Fields,
) -> Response {
    let path = (campaign.as_str(), placement.as_str());
    let drawn = previews::of_published(&app, &asker.actor, path, &fields).await;
    picture_of(&asker, drawn)
}

/// The picture alone.
pub(in crate::server) fn picture_of(asker: &Asker, drawn: Drawn) -> Response {
    match drawn {
        Ok(preview) if !preview.png.is_empty() => previews::png(&preview),
        Err(NoPreview::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(NoPreview::Later) => {
            let again = [(header::RETRY_AFTER, HeaderValue::from(AGAIN_S))];
            (StatusCode::SERVICE_UNAVAILABLE, again).into_response()
        }
        Ok(_) | Err(_) => refusals::not_here(&asker.visitor),
    }
}

/// Why nothing came of a drawing.
fn why_undrawn(asker: &Asker, error: &DrawError) -> String {
    if asker.visitor.language == Language::English {
        return foreign::escaped(&error.to_string()).into_owned();
    }
    match error {
        DrawError::Start(_) => {
            "画图的程序启动不了；请再试一次，还不行就重新安装 passerby-hub".to_owned()
        }
        DrawError::Files => "hub 现在读不了它的文件；请过一会儿再试".to_owned(),
        DrawError::Size => "屏幕每边的像素数不对，或总像素太多；请换一个尺寸".to_owned(),
        DrawError::Late(seconds) => format!("画了超过 {seconds} 秒；请把文件改小或改简单一些"),
        DrawError::Memory(mib) => format!("画它要超过 {mib} MiB 内存；请把文件改小一些"),
        DrawError::Broke(_) => "画图的程序中途退出了；请重新导出文件".to_owned(),
        DrawError::TooMuch => "活动里的文字太多，画不出来；请缩短".to_owned(),
    }
}

fn said(asker: &Asker, class: &str, words: [&'static str; 2]) -> Markup {
    html! { p class={ "notice " (class) } role="status" { (asker.say(words)) } }
}

/// Which screen it is drawn for.
fn chooser(asker: &Asker, shown: &Shown<'_>, fields: &Fields) -> Markup {
    let path = shown.path;
    let shapes = [
        ("landscape", ["横屏 1920 × 1080", "Lying, 1920 × 1080"]),
        ("portrait", ["竖屏 1080 × 1920", "Standing, 1080 × 1920"]),
    ];
    let shapes = shapes.map(|(shape, words)| (shape.to_owned(), asker.say(words).to_owned()));
    let shape = fields.word("shape").unwrap_or("landscape");
    let sees_screens = asker.actor.may(Right::SeeScreens);
    html! {
        form.filter method="get" action=(asker.at(path)) {
            (choice("shape", asker.say(["形状", "Shape"]), shape, &shapes))
            @if sees_screens {
                (Line {
                    kind: "number",
                    hint: Some(asker.say(["填了就按这块屏幕的像素画", "Draws it as large as this screen"])),
                    ..Line::text("screen", asker.say(["屏幕编号（可不填）", "Number of a screen, if any"]), fields.get("screen"))
                }.markup())
                div.field {
                    label { input type="checkbox" name="turned" value="1" checked[fields.word("turned").is_some()]; " "
                        (asker.say(["这块屏幕是竖着挂的", "It hangs turned by a quarter"])) }
                }
            }
            button { (asker.say(["画出来", "Draw it"])) }
        }
        @if sees_screens && !shown.screens.is_empty() {
            p { @for (screen, name) in shown.screens {
                a href=(asker.at(&path_with(path, &[("screen", &screen.to_string())]))) { (name) } " "
            } }
        }
    }
}

/// The picture with what is to be said of it.
fn seen(asker: &Asker, preview: &Preview, shown: &Shown<'_>, fields: &Fields) -> Markup {
    let facts = &preview.facts;
    let asked = ["shape", "width", "height", "screen", "turned"];
    let asked = asked.map(|name| (name, fields.get(name)));
    let revision = [("revision", shown.revision)];
    let asked = [&asked[..], &revision].concat();
    let picture = path_with(&format!("{}/picture.png", shown.path), &asked);
    html! {
        (verdict(asker, preview))
        @if !preview.png.is_empty() {
            img.preview src=(asker.at(&picture)) width=(facts.width_px) height=(facts.height_px)
                alt=(asker.say(["屏幕上的样子", "As a screen shows it"]));
            p.soft {
                (facts.width_px) " × " (facts.height_px) " px"
                @if facts.moves { " · " (asker.say(["它会动，这是第一个画面", "it moves, and this is its first moment"])) }
            }
            @if facts.code.is_some() {
                p.soft { (asker.say(["图上的码是样品：扫它不会计入任何数据。", "The code on the picture is a sample: scanning it counts nothing."])) }
            }
        }
        @if !facts.notes.is_empty() {
            ul lang="en" { @for note in &facts.notes { li { (foreign::escaped(note)) } } }
        }
    }
}

/// What a shop owner wants to know: does it air, and can people scan it?
fn verdict(asker: &Asker, preview: &Preview) -> Markup {
    let facts = &preview.facts;
    if let Some(refusal) = &facts.refusal {
        let (class, words) = match refusal.of {
            RefusalOf::Code => (
                "bad",
                [
                    "屏幕会跳过它，因为这个码没有人扫得出来。下面是没有码的样子。",
                    "Screens would skip it, since nobody could scan its code. This is how it looks without one.",
                ],
            ),
            RefusalOf::Creative => (
                "bad",
                [
                    "屏幕会跳过它，因为它的文件放不出来。",
                    "Screens would skip it, since its file cannot be shown.",
                ],
            ),
            RefusalOf::Page => (
                "warn",
                [
                    "网页要在屏幕自己的网络里打开才看得到，所以这里没有它的画面，只画出它的地址；屏幕上会是网页当时的样子。",
                    "A web page is seen from the screen's own network alone, so there is no picture of it here: this card has its address, and the screen shows the page as it is then.",
                ],
            ),
            RefusalOf::Screen => (
                "warn",
                [
                    "它不在这样的屏幕上播放。",
                    "It does not air on such a screen.",
                ],
            ),
        };
        // What the screen says of a page is what was just said.
        if refusal.of == RefusalOf::Page {
            return said(asker, class, words);
        }
        return html! {
            (said(asker, class, words))
            @let (language, fault) = (asker.visitor.language, refusal.fault.as_ref());
            p.soft lang=[fault_words::language_of(language, fault)] { (foreign::escaped(&fault_words::said(language, &refusal.reason, fault))) }
        };
    }
    match &facts.code {
        Some(code) => code_words(asker, code),
        None => said(
            asker,
            "good",
            [
                "屏幕会这样播放它。上面没有码。",
                "Screens show it like this. There is no code on it.",
            ],
        ),
    }
}

fn code_words(asker: &Asker, code: &CodeVerdict) -> Markup {
    html! {
        (said(asker, "good", [
            "屏幕会这样播放它，码扫得出来：我们从这张图上把它读回来过。",
            "Screens show it like this, and its code can be scanned: it was read back from this very picture.",
        ]))
        dl.facts {
            dt { (asker.say(["码的大小", "Its code"])) }
            dd {
                ((code.modules) * (code.module_px)) " px"
                @if let Some(width_cm) = code.width_cm { " · " (format!("{width_cm:.1}")) " cm" }
            }
            @if let Some(reach_m) = code.reach_m {
                dt { (asker.say(["多远能扫", "Scanned from"])) }
                dd { (format!("{reach_m:.1}")) " m" }
            }
            dt { (asker.say(["四周留白", "White around it"])) } dd { (code.quiet_px) " px" }
            dt { (asker.say(["每次停留", "On the screen for"])) } dd { (code.seconds) " s" }
        }
    }
}
