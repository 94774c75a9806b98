//! A web page as a creative, `*.page.toml`: where it is, and how often its picture is taken.
//!
//! ```toml
//! url = "https://weather.example/harbour"
//! every_minutes = 15     # how old its picture may get
//! settle_seconds = 3     # from the end of loading to the picture
//! zoom_percent = 150     # larger letters, fewer of them
//! expect = "Departures"  # words that a good picture shows
//! # Where the page may lead; a * at its end is anything.
//! ends_at = "https://weather.example/harbour/now"
//! ```
//!
//! Invariants: links are `http` or `https`; every number is in its range; what is expected can be
//! seen.

use std::ops::RangeInclusive;

use crate::foreign::one_line;
use crate::toml_fields::{Problem, Reader, Section};

/// Longest link of a page, in bytes; no code carries it, so it may be longer than a target.
pub const PAGE_URL_BYTES_MAX: usize = 2_000;
/// How old a picture may get before another is taken, in minutes.
pub const EVERY_MINUTES: RangeInclusive<i64> = 1..=1_440;
/// Time from the end of loading to the picture, in seconds.
pub const SETTLE_SECONDS: RangeInclusive<i64> = 0..=30;
/// Size of what is on the page, in percent.
pub const ZOOM_PERCENT: RangeInclusive<i64> = 25..=400;

/// How old a picture may get where nothing is said, in minutes.
pub const EVERY_MINUTES_USUAL: i64 = 15;
/// Time to settle where nothing is said, in seconds.
pub const SETTLE_SECONDS_USUAL: i64 = 3;
/// Size where nothing is said, in percent.
pub const ZOOM_PERCENT_USUAL: i64 = 100;

/// Longest text that a page is expected to show, in characters.
pub const EXPECT_CHARS_MAX: usize = 200;

/// A web page that airs as a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebPage {
    /// Where it is; `http` or `https`.
    pub url: String,
    /// How old its picture may get, in minutes; 15 unless told.
    pub every_minutes: u16,
    /// From the end of loading to the picture, in seconds; 3 unless told.
    pub settle_seconds: u8,
    /// Size of what is on the page, in percent; 100 unless told.
    pub zoom_percent: u16,
    /// What must stand on it, or its picture is not taken for a good one.
    pub expect: Option<String>,
    /// Where it may lead beside `url`; a `*` at the end stands for anything.
    pub ends_at: Option<String>,
}

impl WebPage {
    /// Parses a page file; `file` is what the user calls it.
    ///
    /// # Errors
    /// Every problem found, each with its line and what is accepted.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        Reader::parse(file, text, Self::read)
    }

    /// Reads the root section of such a file; what is wrong is reported to it.
    pub fn read(root: &Section<'_>) -> Self {
        let accepted = "a link such as \"https://weather.example/harbour\"";
        let url = match root.parsed("url", accepted, page_link) {
            Some(url) => url.value,
            None => {
                if !root.has("url") {
                    root.missing("url", "\"https://weather.example/harbour\"");
                }
                String::new()
            }
        };
        let number = |key, range: RangeInclusive<i64>, otherwise| {
            root.integer(key, range)
                .map_or(otherwise, |number| number.value)
        };
        // The ranges fit their types.
        let small = |number: i64| u16::try_from(number).unwrap_or(u16::MAX);
        Self {
            url,
            every_minutes: small(number("every_minutes", EVERY_MINUTES, EVERY_MINUTES_USUAL)),
            settle_seconds: u8::try_from(number(
                "settle_seconds",
                SETTLE_SECONDS,
                SETTLE_SECONDS_USUAL,
            ))
            .unwrap_or(u8::MAX),
            zoom_percent: small(number("zoom_percent", ZOOM_PERCENT, ZOOM_PERCENT_USUAL)),
            expect: root
                .parsed("expect", "words such as \"Departures\"", expected)
                .map(|words| words.value),
            ends_at: root
                .parsed("ends_at", accepted, page_link)
                .map(|link| link.value),
        }
    }
}

/// Accepts words that can be seen.
fn expected(text: &str) -> Result<String, &'static str> {
    if text.chars().count() > EXPECT_CHARS_MAX {
        return Err("it is longer than 200 characters");
    }
    if text.chars().any(char::is_control) {
        return Err("it is more than one line");
    }
    if one_line(text, EXPECT_CHARS_MAX).is_empty() {
        return Err("there is nothing in it that could be seen");
    }
    Ok(text.to_owned())
}

/// Accepts an absolute http or https link without a password, spaces or control characters.
fn page_link(text: &str) -> Result<String, &'static str> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or("it does not start with https:// or http://")?;
    if text.len() > PAGE_URL_BYTES_MAX {
        return Err("it is longer than 2000 bytes");
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it has a space in it");
    }
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if host.is_empty() {
        Err("it names no host")
    } else if host.contains('@') {
        Err("it has a user name in it, which everybody who gets this file could read")
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_enough() {
        let page = WebPage::parse("a.page.toml", "url = 'http://127.0.0.1:8000/a?b=c#d'\n");
        assert_eq!(
            page,
            Ok(WebPage {
                url: "http://127.0.0.1:8000/a?b=c#d".into(),
                every_minutes: 15,
                settle_seconds: 3,
                zoom_percent: 100,
                expect: None,
                ends_at: None,
            })
        );
    }

    #[test]
    fn every_key_is_read() {
        let text = "url = 'https://a.example'\nevery_minutes = 1440\nsettle_seconds = 0\nzoom_percent = 25\n\
                    expect = '出发 Departures'\nends_at = 'https://b.example/board/*'\n";
        let page = WebPage::parse("a.page.toml", text).expect("good");
        assert_eq!(page.expect.as_deref(), Some("出发 Departures"));
        assert_eq!(page.ends_at.as_deref(), Some("https://b.example/board/*"));
        assert_eq!(
            (page.every_minutes, page.settle_seconds, page.zoom_percent),
            (1_440, 0, 25)
        );
    }

    #[test]
    fn every_problem_is_told_with_its_line_once() {
        let text = "url = 'file:///etc/passwd'\nevery_minutes = 0\nsettle_seconds = 31\nzoom_percent = 'big'\nheadline = 'x'\n";
        let problems = WebPage::parse("a.page.toml", text).expect_err("five problems");
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5], "{problems:#?}");
        assert_eq!(
            problems[0].to_string(),
            "a.page.toml:1: url is \"file:///etc/passwd\": it does not start with https:// or http://; \
             use a link such as \"https://weather.example/harbour\""
        );
        assert!(problems[4].message.contains("every_minutes"));
    }

    #[test]
    fn what_is_expected_must_be_seen_and_fit() {
        let long = "x".repeat(EXPECT_CHARS_MAX + 1);
        for bad in ["", " ", "\\u200B", "a\\nb", &long] {
            let text = format!("url = 'https://a.example'\nexpect = \"{bad}\"\n");
            let problems = WebPage::parse("a.page.toml", &text).expect_err(bad);
            assert_eq!((problems.len(), problems[0].line), (1, 2), "{bad:?}");
        }
        let text = "url = 'https://a.example'\nends_at = 'file:///x'\n";
        assert_eq!(
            WebPage::parse("a.page.toml", text).expect_err("bad")[0].line,
            2
        );
    }

    #[test]
    fn a_missing_link_is_told_and_so_is_one_that_is_no_text() {
        let none = WebPage::parse("a.page.toml", "every_minutes = 5\n").expect_err("no url");
        assert_eq!(none.len(), 1);
        assert!(none[0].message.starts_with("url is missing; add url ="));
        let number = WebPage::parse("a.page.toml", "url = 3\n").expect_err("no text");
        assert_eq!(number.len(), 1, "{number:?}");
    }

    #[test]
    fn only_the_web_is_opened() {
        for bad in [
            "ftp://a.example/",
            "chrome://version",
            "data:text/html,x",
            "javascript:alert(1)",
            "https://",
            "https:///path",
            "https://user:secret@a.example/",
            "https://a.example/a b",
            "https://a.example/\u{7}",
            "HTTP//a",
        ] {
            assert!(page_link(bad).is_err(), "{bad}");
        }
        assert!(page_link(&format!("https://a.example/{}", "x".repeat(2_000))).is_err());
        assert!(page_link("https://三体.example/窗").is_ok());
    }
}
