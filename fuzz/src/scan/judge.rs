//! What an answer may be, and how much may be counted.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};

use crate::scan::stand::Answer;

/// Where the campaigns lead, as a header says it.
const TARGETS: [&str; 2] = [
    "https://cafe.example/tonight",
    "https://shop.example/%E4%B8%89",
];
/// What the address of a shop gets behind it, and 32 hexadecimal digits.
const CLICK: &str = "?pclick=";
/// What the paths begin with whose answers depend on who asks.
const PERSONAL: [&str; 6] = ["/q/", "/Q/", "/s/", "/fan/", "/v/", "/c/"];
/// What may follow a link's own path when a form is answered, or was not somebody's own.
const FORMS: [&str; 4] = ["", "/moment", "/follow", "/voice"];
/// What stands behind it once a reader has chosen a language.
const LANGUAGES: [&str; 2] = ["lang=zh", "lang=en"];
/// The start of an element that no page has; the dictionary holds it, so that requests have it in
/// many places.
const MARK: &[u8] = b"<x8x";
/// Largest page, in bytes.
const PAGE_BYTES_MAX: usize = 64 << 10;
/// Largest other answer, in bytes: a landing page's picture has at most 40 KiB.
const OTHER_BYTES_MAX: usize = 64 << 10;

/// Watches the requests of one input.
pub(super) struct Judge<'a> {
    /// Every token that was minted.
    genuine: &'a [String],
    day: String,
    /// Who opened which genuine token.
    openings: BTreeSet<(String, Vec<Vec<u8>>)>,
    asked_for_scans: bool,
}

impl<'a> Judge<'a> {
    pub(super) const fn new(genuine: &'a [String], day: String) -> Self {
        Self {
            genuine,
            day,
            openings: BTreeSet::new(),
            asked_for_scans: false,
        }
    }

    /// Takes note of a request: what could count as a scan, and by whom.
    pub(super) fn asked(&mut self, request: &Request<Body>) {
        // A code may have anything around it, and what nobody sees within.
        let text = canonical(&percent_decoded(request.uri().path()));
        self.asked_for_scans |= text.contains('Q');
        let genuine = self.genuine;
        let found = genuine.iter().filter(|token| text.contains(*token));
        for token in found.filter(|_| request.method() == Method::GET) {
            self.openings.insert((token.clone(), visitor(request)));
        }
    }

    /// Tells whether the hub's report could show anything.
    pub(super) const fn must_count(&self) -> bool {
        self.asked_for_scans
    }

    /// Judges the total of the hub's report.
    pub(super) fn counted(&self, total: u64, day: &str) {
        let most = self.openings.len() as u64;
        // At midnight a visitor becomes another one.
        assert!(
            total <= most || day != self.day,
            "{total} scans after {most} openings: {:?}",
            self.openings
        );
    }
}

/// Judges an answer, and returns the name of the share link that it leads to.
pub(super) fn answered(answer: &Answer) -> Option<String> {
    let Answer {
        method,
        path,
        status,
        body,
        ..
    } = answer;
    let asked = format!("{method} {path} got {status}");
    assert!(status.as_u16() < 500, "{asked}");
    assert_eq!(
        answer.header(header::X_CONTENT_TYPE_OPTIONS),
        "nosniff",
        "{asked}"
    );
    assert!(!answer.headers.contains_key(header::SET_COOKIE), "{asked}");
    let is_page = answer.header(header::CONTENT_TYPE).starts_with("text/html");
    let bytes_max = if is_page {
        PAGE_BYTES_MAX
    } else {
        OTHER_BYTES_MAX
    };
    assert!(body.len() < bytes_max, "{asked}: {} bytes", body.len());
    if is_page {
        assert!(
            answer.headers.contains_key(header::CONTENT_SECURITY_POLICY),
            "{asked}"
        );
        let marked = body.windows(MARK.len()).any(|part| part == MARK);
        assert!(!marked, "{asked}: it repeats what was asked as markup");
    }
    let read = method == Method::GET || method == Method::HEAD;
    let is_personal = PERSONAL.iter().any(|start| path.starts_with(start));
    if is_personal && read {
        let kept = answer.header(header::CACHE_CONTROL);
        assert!(kept.contains("no-store"), "{asked}: {kept:?}");
    }
    if *status == StatusCode::OK && path.starts_with("/p/") && read {
        assert_eq!(answer.header(header::CONTENT_TYPE), "image/jpeg", "{asked}");
    }
    led(answer, &asked)
}

/// Judges where an answer leads to, and returns the name of a share link.
fn led(answer: &Answer, asked: &str) -> Option<String> {
    if !answer.status.is_redirection() {
        return None;
    }
    let after_a_form = answer.method == Method::POST && answer.status == StatusCode::SEE_OTHER;
    assert!(
        answer.status == StatusCode::FOUND || after_a_form,
        "{asked}"
    );
    let location = answer.header(header::LOCATION);
    let from_a_shop = answer.path.starts_with("/c/");
    if location == "/" || is_target(location) || (from_a_shop && is_of_a_shop(location)) {
        return None;
    }
    let (link, query) = location.split_once('?').unwrap_or((location, ""));
    let is_known = |part| LANGUAGES.contains(&part) || (after_a_form && is_key(part));
    assert!(
        query.is_empty() || query.split('&').all(is_known),
        "{asked}: sent to {location:?}"
    );
    let link = link.strip_prefix("/s/").unwrap_or_default();
    let (name, form) = link.split_at(link.find('/').unwrap_or(link.len()));
    // What has a form alone leads back to its page, with the name as it was typed.
    let name = name.to_ascii_lowercase();
    let is_name = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    assert!(
        name.len() == 16 && name.bytes().all(is_name) && FORMS.contains(&form),
        "{asked}: sent to {location:?}"
    );
    Some(name)
}

/// Tells whether a part of a query is the key of a form, or those of several: 128 bits each.
fn is_key(part: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    part.strip_prefix("k=")
        .is_some_and(|keys| keys.len() % 32 == 0 && keys.bytes().all(is_digit))
}

/// Tells whether an address is where a campaign leads, with or without the id of a click.
fn is_target(location: &str) -> bool {
    let (address, click) = match location.split_once(CLICK) {
        Some((address, click)) => (address, Some(click)),
        None => (location, None),
    };
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    TARGETS.contains(&address)
        && click.is_none_or(|click| click.len() == 32 && click.bytes().all(is_digit))
}

/// Tells whether an address is of a host that a campaign leads to, which is where a shop's own link
/// without a signature may go on to.
fn is_of_a_shop(location: &str) -> bool {
    TARGETS.iter().any(|target| {
        let host_end = target["https://".len()..].find('/').expect("a path") + "https://".len();
        location.starts_with(&target[..=host_end])
    })
}

/// What tells visitors apart: where they come from, user agent, languages.
fn visitor(request: &Request<Body>) -> Vec<Vec<u8>> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let mut told = vec![format!("{:?}", peer.map(|peer| peer.0.ip())).into_bytes()];
    for name in [header::USER_AGENT, header::ACCEPT_LANGUAGE] {
        let value = request.headers().get(name);
        told.push(value.map_or_else(Vec::new, |value| value.as_bytes().to_vec()));
    }
    let forwarded = request.headers().get_all("x-forwarded-for");
    told.extend(forwarded.iter().map(|value| value.as_bytes().to_vec()));
    told
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

/// A path with the form in which a token is minted, wherever it has one: ASCII alone, in upper
/// case.
fn canonical(path: &[u8]) -> String {
    let ascii = path.iter().filter(|byte| byte.is_ascii());
    let upper = ascii.map(|&byte| match byte.to_ascii_uppercase() {
        b'O' => '0',
        b'I' | b'L' => '1',
        other => char::from(other),
    });
    upper.collect()
}
