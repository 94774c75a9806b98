//! What all pages for people who pass by have in common: their frame, their style and colours.
//!
//! Invariants: a page is in one language, with a link to the other; no cookie, nothing from another
//! host; every text that a publisher or a visitor wrote is escaped.

use jiff::civil::Date;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use passerby_protocol::Campaign;
use passerby_protocol::campaign::{Colours, Landing, PageLanguage, Rgb};

use crate::server::language::Language;

/// What a page may load: its own pictures, films and style. Its forms go nowhere else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const STYLE: &str = include_str!("../page.css");
/// Longest description in a preview, in characters; a longer text ends in an ellipsis. `publish`
/// says so.
pub(crate) const DESCRIPTION_CHARS_MAX: usize = 160;

impl Language {
    /// The language of a campaign's words.
    pub(crate) const fn of_page(self) -> PageLanguage {
        match self {
            Self::Chinese => PageLanguage::Chinese,
            Self::English => PageLanguage::English,
        }
    }

    /// The one in which somebody wrote; it tells a screen reader which voice to take.
    pub(crate) fn of_text(text: &str) -> Self {
        let is_chinese = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
        if text.chars().any(is_chinese) {
            Self::Chinese
        } else {
            Self::English
        }
    }
}

/// A page without its body.
pub(crate) struct Document<'a> {
    pub(crate) title: &'a str,
    pub(crate) language: Language,
    /// What its style has besides that of all.
    pub(crate) style: &'a str,
    pub(crate) head: Markup,
}

impl Document<'_> {
    pub(crate) fn markup(&self, body: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(self.language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                    title { (self.title) }
                    (self.head)
                    style { (PreEscaped(STYLE)) (PreEscaped(self.style)) }
                }
                body { (body) }
            }
        }
    }
}

/// The link to the same page in the other language.
pub(crate) fn language_switch(language: Language) -> Markup {
    let other = language.other();
    html! {
        nav.language {
            a href=(format!("?lang={}", other.word())) lang=(other.tag()) hreflang=(other.tag()) rel="nofollow" { (other.own_name()) }
        }
    }
}

/// Writes a text as it stands in a path or behind one.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}

/// Cuts a text that is too long for a preview, between words where there are any, and shows that.
pub(crate) fn shortened(text: &str) -> String {
    if text.chars().nth(DESCRIPTION_CHARS_MAX).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(DESCRIPTION_CHARS_MAX - 1).collect();
    let at = kept
        .rfind(char::is_whitespace)
        .filter(|&at| at > kept.len() / 2);
    format!("{}…", kept[..at.unwrap_or(kept.len())].trim_end())
}

/// What stands on the button.
pub(crate) fn label(campaign: &Campaign, today: Date, language: Language) -> &str {
    let follow = campaign.landing_on(today) == Landing::Follow;
    let own = campaign.said(language.of_page()).button;
    own.unwrap_or(language.say(if follow {
        ["关注", "Follow"]
    } else {
        ["去看看", "Visit"]
    }))
}

/// Writes a style that asks for a picture once the page has been painted for a second. A page that
/// is only fetched, or lies in the background, runs no animation and so never asks.
pub(crate) fn when_visible(picture: &str) -> String {
    format!(
        "@keyframes here{{from,to{{background-image:url(\"{picture}\")}}}}.here{{animation:here 1s 1s}}"
    )
}

/// Writes a campaign's colours as CSS, as far as they can be read: paper and ink by day if they
/// contrast, the accent always, with the better of black and white on it. The digits are made from
/// numbers, so nothing can be injected.
pub(crate) fn palette(colours: &Colours) -> String {
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
