//! The last picture of a screen, and a way to ask for a new one.
//!
//! Invariants: what is old says from when, and never looks like what is on the screen now; whoever
//! asks for one waits for at most [`WAIT_MS`], on a page that comes again by itself; codes are
//! covered by the terminal, so that nothing that is scanned here counts at the screen.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::{ScreenNumber, foreign};

use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::layout::{self, number};
use crate::server::console::pages::campaigns::path_of;
use crate::server::console::refusals;
use crate::store::{LastFrame, ScreenFacts, ScreenFrame, ScreenState};
use crate::system::clock;

/// From this age on a picture is old, in milliseconds.
const OLD_MS: i64 = 3_600_000;
/// For how long a page waits for a picture that somebody asked for, in milliseconds.
const WAIT_MS: i64 = 40_000;
/// How often it comes again, in seconds.
const AGAIN_S: u32 = 2;

/// How far a wish is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// Nobody waits.
    None,
    /// It may come at any moment.
    Open,
    /// It should have come.
    Unmet,
}

fn wish(frame: &ScreenFrame, now_ms: i64) -> Wish {
    match frame.wished_ms {
        None => Wish::None,
        Some(wished_ms) if now_ms - wished_ms < WAIT_MS => Wish::Open,
        Some(_) => Wish::Unmet,
    }
}

/// The picture, from when it is, and the button.
pub(crate) fn section(asker: &Asker, facts: &ScreenFacts, frame: &ScreenFrame) -> Markup {
    let now_ms = clock::now_ms();
    let path = format!("/console/screens/{}/frame", facts.row.screen);
    let sends = facts
        .heartbeat
        .as_ref()
        .is_some_and(|said| said.sends_frames);
    let wish = wish(frame, now_ms);
    html! {
        section id="frame" {
            h2 { (asker.say(["最近的画面", "Last picture"])) }
            @match &frame.last {
                Some(last) => { (seen(asker, facts, last, now_ms)) },
                None => { p.soft { (asker.say(["还没有收到这块屏幕的画面。", "No picture of this screen has come yet."])) } },
            }
            @match wish {
                Wish::Open => { p.notice.warn role="status" { (asker.say(["已经向屏幕要了，几秒后会自动出现。", "The screen was asked for one. It comes by itself in some seconds."])) } },
                Wish::Unmet => { p.notice.bad role="status" { (asker.say(["屏幕没有送来画面。它可能断线了，或者正在补传播放记录。", "The screen sent none. It may be out of touch, or has plays to send first."])) } },
                Wish::None => {},
            }
            @if facts.row.state != ScreenState::InTouch {
                p.soft { (asker.say(["没有联系上这块屏幕，所以现在要不到新的画面。", "The screen is not in touch, so it cannot be asked for a new one."])) }
            } @else if !sends {
                p.soft { (asker.say([
                    "这块屏幕不送画面：它的程序较旧，kiosk.toml 里写了 send_frames = false，或者它的流量上限太小。",
                    "This screen sends no pictures: its program is older, its kiosk.toml says send_frames = false, or its line has a small cap.",
                ])) }
            } @else if wish != Wish::Open {
                (layout::form(asker, &path, "", &html! {
                    button { (asker.say(["现在看一眼", "Show me now"])) }
                }))
            }
        }
    }
}

fn seen(asker: &Asker, facts: &ScreenFacts, last: &LastFrame, now_ms: i64) -> Markup {
    let is_old = now_ms - last.taken_ms >= OLD_MS;
    let picture = format!(
        "/console/screens/{}/frame.jpg?at={}",
        facts.row.screen, last.taken_ms
    );
    html! {
        figure.glass.old[is_old] {
            img src=(asker.at(&picture)) width=(last.width_px) height=(last.height_px)
                alt=(asker.say(["屏幕上当时的画面", "What was on the screen then"]));
            figcaption {
                strong { (asker.say(["截至 ", "As of "])) (layout::moment(last.taken_ms)) }
                " · " (layout::ago(asker.visitor.language, last.taken_ms, now_ms))
                " · " (shown(asker, facts, last))
                @if let Some(play) = last.play { " · " (asker.say(["第 ", "play "])) (number(u64::from(play))) (asker.say([" 次播放", ""])) }
            }
        }
        @if is_old {
            p.notice.warn { (asker.say(["这是一小时以前的画面，现在可能已经不同。", "This is more than an hour old. The screen may show something else by now."])) }
        }
        p.hint { (asker.say(["画面上的码被盖住了：在这里扫到的不该算作屏幕前的人。", "Codes are covered: a scan from here must not count as somebody before the screen."])) }
    }
}

/// What the picture is of.
fn shown(asker: &Asker, facts: &ScreenFacts, last: &LastFrame) -> Markup {
    let title = facts.campaigns.iter().find(|(id, _)| *id == last.campaign);
    html! {
        @match (last.creative.as_str(), title) {
            ("notice", _) => { (asker.say(["紧急消息", "emergency message"])) },
            (_, Some((id, title))) => { a href=(asker.at(&path_of(id))) { (title) } },
            (_, None) if last.campaign.is_empty() => { (asker.say(["默认画面", "built-in picture"])) },
            (_, None) => { (foreign::escaped(&last.campaign)) },
        }
    }
}

/// Has the page of a screen come again while somebody waits for its picture.
pub(crate) fn waiting(mut response: Response, frame: &ScreenFrame) -> Response {
    if wish(frame, clock::now_ms()) == Wish::Open {
        let again = HeaderValue::from(AGAIN_S);
        response.headers_mut().insert(header::REFRESH, again);
    }
    response
}

/// `POST /console/screens/{screen}/frame`.
pub(crate) async fn ask(
    State(app): State<Shared>,
    asker: Asker,
    Path(screen): Path<String>,
) -> Response {
    let Ok(screen) = screen.parse::<ScreenNumber>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let asked = app
        .work(move |app| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            let row = store.screen_row(screen, actor.scope(), now_ms)?;
            if row.is_some() {
                store.wish_for_frame(&actor, screen, now_ms)?;
            }
            Ok(row.is_some())
        })
        .await;
    match asked {
        Ok(true) => asker
            .visitor
            .to(&format!("/console/screens/{screen}#frame")),
        Ok(false) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// `GET /console/screens/{screen}/frame.jpg`.
pub(crate) async fn picture(
    State(app): State<Shared>,
    asker: Asker,
    Path(screen): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(screen) = screen.parse::<ScreenNumber>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let found = app
        .work(move |app| app.hub.store.frame_picture(screen, actor.scope()))
        .await;
    match found {
        Ok(Some((taken_ms, jpeg))) => {
            // A picture of another moment has another address.
            let is_named = fields.get("at") == taken_ms.to_string();
            jpeg_of(jpeg, is_named)
        }
        Ok(None) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// The picture as it came, for nobody else to keep.
pub(in crate::server) fn jpeg_of(jpeg: Vec<u8>, may_be_kept: bool) -> Response {
    let keeping = if may_be_kept {
        "private, max-age=3600, immutable"
    } else {
        "no-store"
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg")),
        (header::CACHE_CONTROL, HeaderValue::from_static(keeping)),
    ];
    (headers, jpeg).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_waits_for_a_while_and_not_for_ever() {
        let at = |wished_ms| ScreenFrame {
            last: None,
            wished_ms,
        };
        assert_eq!(wish(&at(None), 0), Wish::None);
        assert_eq!(wish(&at(Some(0)), WAIT_MS - 1), Wish::Open);
        assert_eq!(wish(&at(Some(0)), WAIT_MS), Wish::Unmet);
    }
}
