//! The friendly words when something is not there, and the page that leads whoever set up a screen.
//!
//! Where such a page is made nobody knows yet which language its reader has: it is made in both,
//! and [`speak`] sends the right one.
//!
//! Invariants: a page is in one language; what stands in its place says what to do next.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;
use maud::{Markup, PreEscaped, html};

use crate::keys::pairing_code::PairingCode;
use crate::public_url::PublicUrl;
use crate::server::Shared;
use crate::server::language::{Language, asked};
use crate::server::phones::page::{Document, label, language_switch, palette};
use crate::server::phones::redirection::see;
use crate::store::{Landed, StoreError};
use crate::system::random::is_share_name;

/// A page in Chinese and in English.
#[derive(Clone)]
struct Spoken([String; 2]);

/// Sends a page that was made in both languages in the one that was asked for.
pub(crate) async fn speak(request: Request, next: Next) -> Response {
    let language = asked(request.headers(), request.uri()).unwrap_or(Language::English);
    let is_head = request.method() == Method::HEAD;
    let mut response = next.run(request).await;
    if let Some(Spoken([chinese, english])) = response.extensions_mut().remove() {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        if !is_head {
            *response.body_mut() = Body::from(match language {
                Language::Chinese => chinese,
                Language::English => english,
            });
        }
    }
    let name = HeaderValue::from_static("Accept-Language");
    response.headers_mut().append(header::VARY, name);
    response
}

/// `GET /`.
pub(crate) async fn home() -> Response {
    note(StatusCode::OK, ["路人", "Passerby"], |language| {
        html! {
            p { (language.say([
                "街上的屏幕，和路过的人，在这里相遇。看到屏幕上的二维码，用手机扫一扫就好。",
                "Where screens on a street meet the people who walk past. See a code on a screen? Scan it with your phone.",
            ])) }
        }
    })
}

/// `GET /claim/{code}`: whoever set the screen up has scanned its pairing code.
pub(crate) async fn claim(
    State(app): State<Shared>,
    code: Result<Path<String>, PathRejection>,
) -> Response {
    let code = code
        .ok()
        .and_then(|Path(code)| code.parse::<PairingCode>().ok());
    let Some(code) = code else {
        return not_found().await;
    };
    let pair = app.public_url.local(&format!("/console/pair?code={code}"));
    note(
        StatusCode::OK,
        ["认领屏幕", "Claim this screen"],
        |language| {
            html! {
                p.code { (code) }
                p { (language.say(["屏幕上显示的是这个配对码吗？", "Is this the code on the screen?"])) }
                a.go href=(pair) { (language.say(["登录并配对", "Sign in and pair"])) }
                p.soft { (language.say(["或者在 hub 所在的电脑上运行：", "Or, on the computer that runs the hub, enter:"])) }
                pre { "passerby-hub claim " (code) " --name \"Metro line 2, exit B\" --data DIR" }
                p.soft { (language.say([
                    "DIR 是 hub 的数据文件夹，和 serve 的 --data 一样。",
                    "DIR is the hub's data folder, the one that serve has as --data.",
                ])) }
                p.soft { (language.say([
                    "几秒后屏幕会自己开始播放。配对码 15 分钟内有效。",
                    "The screen starts by itself within seconds. A code lasts 15 minutes.",
                ])) }
                p.soft { "Hub: " (app.public_url.absolute("")) }
            }
        },
    )
}

/// Nothing is at this address.
pub(crate) async fn not_found() -> Response {
    nothing_here()
}

/// What takes a form alone was opened, as a browser does that shows a page once more: leads to the
/// page that has the form.
pub(crate) async fn back(State(app): State<Shared>, method: Method, uri: Uri) -> Response {
    let page = uri.path().trim_end_matches('/').rsplit_once('/');
    match page {
        Some((page, _)) if page.len() > 1 && matches!(method, Method::GET | Method::HEAD) => {
            if names_no_link(page) {
                return unknown_link();
            }
            see(&app.public_url.local(page))
        }
        _ => note(
            StatusCode::METHOD_NOT_ALLOWED,
            ["这里不收这个", "This is not taken here"],
            |language| {
                html! { p { (language.say(["请回到上一页再试。", "Please go back a page and try again."])) } }
            },
        ),
    }
}

/// Tells whether a page is below a shared link that cannot be one.
fn names_no_link(page: &str) -> bool {
    let link = page
        .strip_prefix("/s/")
        .and_then(|page| page.split('/').next());
    link.is_some_and(|name| !is_share_name(&name.to_ascii_lowercase()))
}

pub(crate) fn nothing_here() -> Response {
    note(
        StatusCode::NOT_FOUND,
        ["这里什么都没有", "Nothing here"],
        |language| {
            html! { p { (language.say(["链接可能抄漏了一段。", "The link may have lost a part of it."])) } }
        },
    )
}

pub(crate) fn bad_token() -> Response {
    note(
        StatusCode::NOT_FOUND,
        ["这个码读不出来", "We cannot read this code"],
        |language| {
            html! { p { (language.say([
                "可能只扫到了一部分，或者不是我们屏幕上的码。靠近一点，再扫一次试试。",
                "It may be damaged, or not from one of our screens. Step closer and scan it again.",
            ])) } }
        },
    )
}

/// The code is of a key that its screen has no more.
pub(crate) fn retired() -> Response {
    note(
        StatusCode::NOT_FOUND,
        ["这块屏幕换了新的码", "This screen has new codes"],
        |language| {
            html! { p { (language.say([
                "你扫的是旧的，已经停用了。回到屏幕前，扫现在显示的那一个。",
                "The one you scanned is an old one and works no more. Scan the code that the screen shows now.",
            ])) } }
        },
    )
}

/// The code stands on a preview.
pub(crate) fn sample_code() -> Response {
    note(
        StatusCode::OK,
        ["这是预览里的码", "This is the code of a preview"],
        |language| {
            html! { p { (language.say([
                "扫得出来，说明它在屏幕上也扫得出来。预览不计入任何数据；真正的屏幕上，每次播放都有自己的码。",
                "You could scan it here, so people can on a screen. A preview counts nothing; on a real screen each play has a code of its own.",
            ])) } }
        },
    )
}

/// The code was on a screen longer ago than codes are accepted. `px`: the size of its picture.
pub(crate) fn expired(
    landed: &Landed,
    today: Date,
    (width, height): (u32, u32),
    public_url: &PublicUrl,
) -> Response {
    let campaign = &landed.campaign;
    let airs = landed.airs && (campaign.phases.is_empty() || campaign.phase_on(today).is_some());
    let target = landed.target.as_ref().filter(|_| airs);
    let picture = public_url.local(&format!("/p/{}.jpg", landed.creative));
    note_in(
        StatusCode::GONE,
        ["这个码过期了", "This code is too old"],
        &palette(&campaign.colours),
        |language| {
            let said = campaign.said(language.of_page());
            html! {
                @if width > 0 {
                    figure { img src=(picture) width=(width) height=(height) alt=(said.title); }
                }
                p.title { (said.title) }
                p { (language.say([
                    "这是它很久以前在街头屏幕上的二维码，已经不再有效。",
                    "This was its code on a street screen, long ago. It is no longer valid.",
                ])) }
                @if let Some(target) = target {
                    p { (language.say(["不过活动还在：", "What it led to is still there:"])) }
                    a.go href=(target) rel="nofollow" { (label(campaign, today, language)) }
                } @else {
                    p.soft { (language.say([
                        "活动已经结束。下次路过屏幕，扫一扫新的码。",
                        "It is over. Scan a new code when you next pass a screen.",
                    ])) }
                }
            }
        },
    )
}

/// The network asks too often. `again_s`: when it is worth to come again.
pub(crate) fn too_fast(again_s: u32) -> Response {
    let page = note(
        StatusCode::TOO_MANY_REQUESTS,
        ["慢一点", "A little slower, please"],
        |language| {
            html! {
                @match language {
                    Language::Chinese => p { "这个网络刚才打开得太多了。请过 " (again_s) " 秒再试。" },
                    Language::English => p { "There was too much from this network just now. Please try again in " (again_s) (if again_s == 1 { " second." } else { " seconds." }) },
                }
                p.soft { (language.say(["已经打开的链接不会失效。", "Links that you have opened stay as they are."])) }
            }
        },
    );
    ([(header::RETRY_AFTER, again_s.to_string())], page).into_response()
}

pub(crate) fn unknown_link() -> Response {
    note(
        StatusCode::NOT_FOUND,
        ["这个链接不在了", "This link is gone"],
        |language| {
            html! { p { (language.say([
                "请让朋友再转一次，或者去屏幕前自己扫。",
                "Ask your friend to share it again, or scan the screen yourself.",
            ])) } }
        },
    )
}

/// The database failed. The reason goes into the log; the phone is asked to come back.
#[allow(clippy::needless_pass_by_value, reason = "an error ends here")]
pub(crate) fn failed(error: StoreError) -> Response {
    crate::system::repeated_errors::tell("a page failed", &error);
    later()
}

/// The hub cannot answer now; the phone is asked to come back.
pub(crate) fn later() -> Response {
    let page = note(
        StatusCode::SERVICE_UNAVAILABLE,
        ["请稍等再试", "One moment, please"],
        |language| {
            html! { p { (language.say(["请过一会儿再打开。", "Please open it again in a minute."])) } }
        },
    );
    ([(header::RETRY_AFTER, "60")], page).into_response()
}

/// A page with a heading and little else, in both languages, Chinese first.
pub(crate) fn note(
    status: StatusCode,
    words: [&'static str; 2],
    body: impl Fn(Language) -> Markup,
) -> Response {
    note_in(status, words, "", body)
}

/// The same in a campaign's colours.
pub(crate) fn note_in(
    status: StatusCode,
    words: [&'static str; 2],
    palette: &str,
    body: impl Fn(Language) -> Markup,
) -> Response {
    let page = |language: Language| {
        let document = Document {
            title: language.say(words),
            language,
            style: palette,
            head: html! { meta name="robots" content="noindex"; },
        };
        let body = html! {
            div.stripe {}
            main.note {
                (language_switch(language))
                div.mark {
                    (PreEscaped(r#"<svg width="28" height="28" viewBox="0 0 28 28" fill="currentColor" aria-hidden="true"><path d="M2 2h10v10H2zm3 3v4h4V5zM16 2h10v10H16zm3 3v4h4V5zM2 16h10v10H2zm3 3v4h4v-4zM16 16h4v4h-4zm6 0h4v4h-4zm-3 6h4v4h-4z" fill-rule="evenodd"/></svg>"#))
                }
                h1 { (language.say(words)) }
                (body(language))
            }
        };
        document.markup(&body).into_string()
    };
    let [chinese, english] = [Language::Chinese, Language::English].map(page);
    let whole = Html(english.clone());
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], whole).into_response();
    response.extensions_mut().insert(Spoken([chinese, english]));
    response
}
