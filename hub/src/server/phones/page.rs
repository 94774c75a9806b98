//! The pages that people see: landing, home, claim, and the friendly words when something is not
//! there.
//!
//! Invariants: no script, no cookie, nothing from another host; the first answer stays under 14 KB
//! compressed, since that is what a phone gets in its first round trip; every text that a publisher
//! wrote is escaped.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use passerby_protocol::Campaign;
use passerby_protocol::campaign::{Colours, Landing, Rgb};

use crate::keys::pairing_code::PairingCode;
use crate::public_url::PublicUrl;
use crate::server::Shared;
use crate::store::{Landed, LandingFacts, StoreError};

/// What a page may load: its own pictures and its own style.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("../page.css");
/// Longest description in a preview, in characters; a longer text ends in an ellipsis. `publish`
/// says so.
pub(crate) const DESCRIPTION_CHARS_MAX: usize = 160;

/// A landing page.
pub(crate) struct Page<'a> {
    pub(crate) facts: &'a LandingFacts,
    /// Its own path, which the share menu passes on.
    pub(crate) path: &'a str,
    /// Whether that is a link in a chain, which hears what becomes of a visit.
    pub(crate) is_link: bool,
    pub(crate) public_url: &'a PublicUrl,
    pub(crate) today: Date,
}

impl Page<'_> {
    pub(crate) fn answer(&self) -> Response {
        let campaign = &self.facts.campaign;
        let follow = campaign.landing_on(self.today) == Landing::Follow;
        let picture = format!("/p/{}.jpg", self.facts.creative);
        let (width, height) = self.facts.thumbnail_px;
        let own = |file: &str| self.public_url.local(&format!("{}/{file}", self.path));
        let shown = if self.is_link {
            own("picture.jpg")
        } else {
            self.public_url.local(&picture)
        };
        let button = self.facts.target.as_ref().map(|target| {
            if self.is_link {
                own("go")
            } else {
                target.clone()
            }
        });
        let mut style = palette(&campaign.colours);
        if self.is_link {
            style += &when_visible(&own("here.gif"));
        }
        let markup = document(
            &campaign.title,
            &style,
            &self.preview(&picture),
            &html! {
                div.stripe {}
                @if self.is_link { div.here {} }
                main {
                    @if self.facts.is_film {
                        figure {
                            video src=(self.public_url.local(&format!("/f/{}.mp4", self.facts.creative)))
                                controls playsinline preload="none" poster=[(width > 0).then_some(&shown)]
                                width=[(width > 0).then_some(width)] height=[(width > 0).then_some(height)]
                                aria-label=(campaign.headline.as_deref().unwrap_or(&campaign.title)) {}
                        }
                    } @else if width > 0 {
                        figure {
                            img src=(shown) width=(width) height=(height) alt=(campaign.headline.as_deref().unwrap_or(&campaign.title));
                        }
                    }
                    h1 { (campaign.title) }
                    @if let Some(story) = &campaign.story { p.story { (story.trim()) } }
                    @if follow { p.soft { "留下来，下次有新消息先告诉你。" br; "Stay in touch and hear of what comes next." } }
                    @if let Some(button) = button {
                        a.go href=(button) rel="nofollow" { (label(campaign, self.today)) }
                    }
                    aside {
                        @if let Some(share) = &campaign.share { blockquote { (share.trim()) } }
                        p.soft { "喜欢就转给朋友：点右上角菜单或浏览器的分享。" br; "Like it? Pass it on with the share menu." }
                    }
                    footer {
                        p { "我们只统计本页的打开、是否真的被看到、转发与按钮点击次数，用每天更换的代号去重；不保存 IP 地址，不用 Cookie。" }
                        p { "We count openings, whether the page was really seen, onward shares and presses of the button, once a day each, under a pseudonym that changes daily. No IP address is kept and no cookie is set." }
                    }
                }
            },
        );
        (
            [(header::CACHE_CONTROL, "private, no-store")],
            Html(markup.into_string()),
        )
            .into_response()
    }

    /// What chat programs and social networks show of the link.
    fn preview(&self, picture: &str) -> Markup {
        let campaign = &self.facts.campaign;
        let own = self.public_url.absolute(self.path);
        let image = self.public_url.absolute(picture);
        let (width, height) = self.facts.thumbnail_px;
        let text = campaign
            .share
            .as_deref()
            .or(campaign.story.as_deref())
            .or(campaign.headline.as_deref());
        let description = shortened(text.unwrap_or(&campaign.title).trim());
        html! {
            link rel="canonical" href=(own);
            meta name="description" content=(description);
            meta property="og:type" content="website";
            meta property="og:title" content=(campaign.title);
            meta property="og:description" content=(description);
            meta property="og:url" content=(own);
            @if width > 0 {
                meta property="og:image" content=(image);
                meta property="og:image:type" content="image/jpeg";
                meta property="og:image:width" content=(width);
                meta property="og:image:height" content=(height);
                meta name="twitter:card" content="summary_large_image";
            } @else {
                meta name="twitter:card" content="summary";
            }
            meta name="twitter:title" content=(campaign.title);
            meta name="twitter:description" content=(description);
            @if width > 0 { meta name="twitter:image" content=(image); }
        }
    }
}

/// `GET /`.
pub(crate) async fn home() -> Response {
    note(
        StatusCode::OK,
        ["路人", "Passerby"],
        &html! {
            p { "街上的屏幕，和路过的人，在这里相遇。看到屏幕上的二维码，用手机扫一扫就好。" }
            p { "Where screens on a street meet the people who walk past. See a code on a screen? Scan it with your phone." }
        },
    )
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
    note(
        StatusCode::OK,
        ["认领屏幕", "Claim this screen"],
        &html! {
            p.code { (code) }
            p { "屏幕上显示的是这个配对码吗？" br; "Is this the code on the screen?" }
            a.go href=(app.public_url.local(&format!("/console/pair?code={code}"))) { "登录并配对 Sign in and pair" }
            p.soft { "或者在 hub 所在的电脑上运行：" br; "Or, on the computer that runs the hub, enter:" }
            pre { "passerby-hub claim " (code) " --name \"Metro line 2, exit B\" --data DIR" }
            p.soft { "DIR 是 hub 的数据文件夹，和 serve 的 --data 一样。" br; "DIR is the hub's data folder, the one that serve has as --data." }
            p.soft { "几秒后屏幕会自己开始播放。配对码 15 分钟内有效。" br; "The screen starts by itself within seconds. A code lasts 15 minutes." }
            p.soft { "Hub: " (app.public_url.absolute("")) }
        },
    )
}

/// Nothing is at this address.
pub(crate) async fn not_found() -> Response {
    nothing_here()
}

pub(crate) fn nothing_here() -> Response {
    note(
        StatusCode::NOT_FOUND,
        ["这里什么都没有", "Nothing here"],
        &html! { p { "链接可能抄漏了一段。" br; "The link may have lost a part of it." } },
    )
}

pub(crate) fn bad_token() -> Response {
    note(
        StatusCode::NOT_FOUND,
        ["这个码读不出来", "We cannot read this code"],
        &html! {
            p { "可能只扫到了一部分，或者不是我们屏幕上的码。靠近一点，再扫一次试试。" }
            p { "It may be damaged, or not from one of our screens. Step closer and scan it again." }
        },
    )
}

/// The code stands on a preview.
pub(crate) fn sample_code() -> Response {
    note(
        StatusCode::OK,
        ["这是预览里的码", "This is the code of a preview"],
        &html! {
            p { "扫得出来，说明它在屏幕上也扫得出来。预览不计入任何数据；真正的屏幕上，每次播放都有自己的码。" }
            p { "You could scan it here, so people can on a screen. A preview counts nothing; on a real screen each play has a code of its own." }
        },
    )
}

/// The code was on a screen longer ago than codes are accepted.
pub(crate) fn expired(landed: &Landed, today: Date) -> Response {
    let campaign = &landed.campaign;
    let airs = landed.airs && (campaign.phases.is_empty() || campaign.phase_on(today).is_some());
    let target = landed.target.as_ref().filter(|_| airs);
    note_in(
        StatusCode::GONE,
        ["这个码过期了", "This code is too old"],
        &palette(&campaign.colours),
        &html! {
            p.title { (campaign.title) }
            p { "这是它很久以前在街头屏幕上的二维码，已经不再有效。" br; "This was its code on a street screen, long ago. It is no longer valid." }
            @if let Some(target) = target {
                p { "不过活动还在：" br; "What it led to is still there:" }
                a.go href=(target) rel="nofollow" { (label(campaign, today)) }
            } @else {
                p.soft { "活动已经结束。下次路过屏幕，扫一扫新的码。" br; "It is over. Scan a new code when you next pass a screen." }
            }
        },
    )
}

/// The network asks too often. `again_s`: when it is worth to come again.
pub(crate) fn too_fast(again_s: u32) -> Response {
    let page = note(
        StatusCode::TOO_MANY_REQUESTS,
        ["慢一点", "A little slower, please"],
        &html! {
            p { "这个网络刚才打开得太多了。请过 " (again_s) " 秒再试。" }
            p { "There was too much from this network just now. Please try again in " (again_s) (if again_s == 1 { " second." } else { " seconds." }) }
            p.soft { "已经打开的链接不会失效。" br; "Links that you have opened stay as they are." }
        },
    );
    ([(header::RETRY_AFTER, again_s.to_string())], page).into_response()
}

pub(crate) fn unknown_link() -> Response {
    note(
        StatusCode::NOT_FOUND,
        ["这个链接不在了", "This link is gone"],
        &html! { p { "请让朋友再转一次，或者去屏幕前自己扫。" br; "Ask your friend to share it again, or scan the screen yourself." } },
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
        &html! { p { "请过一会儿再打开。" br; "Please open it again in a minute." } },
    );
    ([(header::RETRY_AFTER, "60")], page).into_response()
}

fn note(status: StatusCode, words: [&str; 2], body: &Markup) -> Response {
    note_in(status, words, "", body)
}

fn note_in(
    status: StatusCode,
    [chinese, english]: [&str; 2],
    palette: &str,
    body: &Markup,
) -> Response {
    let markup = document(
        &format!("{chinese} {english}"),
        palette,
        &html! { meta name="robots" content="noindex"; },
        &html! {
            div.stripe {}
            main.note {
                div.mark {
                    (PreEscaped(r#"<svg width="28" height="28" viewBox="0 0 28 28" fill="currentColor" aria-hidden="true"><path d="M2 2h10v10H2zm3 3v4h4V5zM16 2h10v10H16zm3 3v4h4V5zM2 16h10v10H2zm3 3v4h4v-4zM16 16h4v4h-4zm6 0h4v4h-4zm-3 6h4v4h-4z" fill-rule="evenodd"/></svg>"#))
                }
                h1 { (chinese) br; span lang="en" { (english) } }
                (body)
            }
        },
    );
    (
        status,
        [(header::CACHE_CONTROL, "no-store")],
        Html(markup.into_string()),
    )
        .into_response()
}

fn document(title: &str, palette: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(language(title)) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                title { (title) }
                (head)
                style { (PreEscaped(STYLE)) (PreEscaped(palette)) }
            }
            body { (body) }
        }
    }
}

/// Cuts a text that is too long for a preview, between words where there are any, and shows that.
fn shortened(text: &str) -> String {
    if text.chars().nth(DESCRIPTION_CHARS_MAX).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(DESCRIPTION_CHARS_MAX - 1).collect();
    let at = kept
        .rfind(char::is_whitespace)
        .filter(|&at| at > kept.len() / 2);
    format!("{}…", kept[..at.unwrap_or(kept.len())].trim_end())
}

/// Pages speak both languages; the title tells a screen reader which voice to begin with.
fn language(title: &str) -> &'static str {
    if title
        .chars()
        .any(|c| ('\u{3400}'..='\u{9fff}').contains(&c))
    {
        "zh-CN"
    } else {
        "en"
    }
}

fn label(campaign: &Campaign, today: Date) -> &str {
    let follow = campaign.landing_on(today) == Landing::Follow;
    campaign.button.as_deref().unwrap_or(if follow {
        "关注 Follow"
    } else {
        "去看看 Visit"
    })
}

/// Writes a style that asks for a picture once the page has been painted for a second. A page that
/// is only fetched, or lies in the background, runs no animation and so never asks.
fn when_visible(picture: &str) -> String {
    format!(
        "@keyframes here{{from,to{{background-image:url(\"{picture}\")}}}}.here{{animation:here 1s 1s}}"
    )
}

/// Writes a campaign's colours as CSS, as far as they can be read: paper and ink by day if they
/// contrast, the accent always, with the better of black and white on it. The digits are made from
/// numbers, so nothing can be injected.
fn palette(colours: &Colours) -> String {
    let mut css = String::new();
    if let (Some(paper), Some(ink)) = (colours.paper, colours.ink)
        && contrast(paper, ink) >= 7.0
    {
        css += &format!(
            "@media(prefers-color-scheme:light){{:root{{--paper:{paper};--ink:{ink};--soft:color-mix(in srgb,{ink} 72%,{paper});--line:color-mix(in srgb,{ink} 14%,{paper})}}}}"
        );
    }
    if let Some(accent) = colours.accent {
        let (black, white) = (Rgb([17; 3]), Rgb([255; 3]));
        let on_accent = if contrast(accent, white) >= contrast(accent, black) {
            white
        } else {
            black
        };
        css += &format!(":root{{--accent:{accent};--on-accent:{on_accent}}}");
    }
    css
}

/// Contrast ratio of two colours (WCAG 2.2, "contrast ratio"), 1 to 21.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance (WCAG 2.2), 0 to 1.
fn luminance(Rgb(channels): Rgb) -> f64 {
    let [red, green, blue] = channels.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_shows_that_its_text_goes_on() {
        assert_eq!(shortened("路过地铁站。"), "路过地铁站。");
        let exact = "书".repeat(DESCRIPTION_CHARS_MAX);
        assert_eq!(shortened(&exact), exact);
        let long = shortened(&"书".repeat(DESCRIPTION_CHARS_MAX + 1));
        assert_eq!(long.chars().count(), DESCRIPTION_CHARS_MAX);
        assert!(long.ends_with("书…"));
        let words = shortened(&"four hundred light years ".repeat(20));
        assert!(
            words.ends_with("years…")
                || words.ends_with("light…")
                || words.ends_with("hundred…")
                || words.ends_with("four…"),
            "{words}"
        );
    }

    #[test]
    fn buttons_are_readable_on_any_accent() {
        for accent in [
            [255, 214, 10],
            [200, 16, 46],
            [0, 0, 0],
            [255, 255, 255],
            [128, 128, 128],
        ] {
            let css = palette(&Colours {
                accent: Some(Rgb(accent)),
                ..Colours::default()
            });
            let on: Rgb = css.split("--on-accent:").nth(1).unwrap()[..7]
                .parse()
                .unwrap();
            assert!(contrast(Rgb(accent), on) >= 4.5, "{css}");
        }
    }

    #[test]
    fn paper_and_ink_that_do_not_contrast_are_left_out() {
        let grey = Colours {
            paper: Some(Rgb([90; 3])),
            ink: Some(Rgb([120; 3])),
            accent: None,
        };
        assert_eq!(palette(&grey), "");
        assert!((contrast(Rgb([0; 3]), Rgb([255; 3])) - 21.0).abs() < 1e-9);
    }
}
