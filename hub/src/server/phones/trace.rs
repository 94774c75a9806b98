//! Reads from a request what tells visitors apart, and whether anybody is there to see the answer.
//! See [`crate::scans::visitor`] for what becomes of it.
//!
//! Invariant: what no person asked for (`HEAD`, what a browser fetches ahead, what another page
//! embeds) never counts.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, header};

use crate::scans::visitor::{Grade, Networks, Trace, Visitor};
use crate::server::Shared;
use crate::server::language::{Language, asked};
use crate::store::{Store, StoreError};

/// Longest header value that tells visitors apart, in bytes.
const HEADER_BYTES_MAX: usize = 1_000;
static FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
static FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// Sent only with what is not for use at once (Fetch standard, "`Sec-Purpose` header").
static SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
/// Its forerunners, the last of Firefox alone, and the words that browsers and the in-app browser
/// of Facebook put there.
static PURPOSES: [HeaderName; 3] = [
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
];
const AHEAD: [&str; 4] = ["prefetch", "prerender", "preview", "instant"];

/// Who asks, and whether asking counts.
pub(crate) struct Client {
    trace: Trace,
    purpose: Purpose,
    language: Option<Language>,
    is_cross_site: bool,
    /// Made once a request.
    networks: OnceLock<Networks>,
}

/// What a request is for, as far as it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To show a page to somebody, now. Requests that say nothing are taken for it.
    Visit,
    /// To see the headers alone.
    Headers,
    /// To have the page, or a picture of it, in case that somebody wants it.
    Ahead,
    /// To be a part of a page: a picture, a frame, a message from a script.
    Part,
}

impl FromRequestParts<Shared> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Ok(Self {
            trace: Trace {
                ip: app.proxies.client(peer, &parts.headers),
                agent: text(&parts.headers, &header::USER_AGENT),
                languages: text(&parts.headers, &header::ACCEPT_LANGUAGE),
            },
            purpose: Purpose::of(&parts.method, &parts.headers),
            language: asked(&parts.headers, &parts.uri),
            is_cross_site: (parts.headers.get("sec-fetch-site"))
                .is_some_and(|site| site.as_bytes() == b"cross-site"),
            networks: OnceLock::new(),
        })
    }
}

impl Client {
    /// Tells whether somebody opens a page; what else comes to a page's address leaves no trace.
    ///
    /// A bare `GET` counts, and is no proof of a person: [`Client::grade`] tells more, and what the
    /// page itself reports.
    pub(crate) fn counts(&self) -> bool {
        self.purpose == Purpose::Visit
    }

    /// Tells the same of what an open page loads or reports: its pictures and its scripts' messages
    /// count, but not while the page itself is only made ready.
    pub(crate) fn counts_within(&self) -> bool {
        matches!(self.purpose, Purpose::Visit | Purpose::Part)
    }

    /// Tells whether a browser asks before its owner does. Such an answer must not be kept, so that
    /// the visit itself comes here as well.
    pub(crate) fn ahead(&self) -> bool {
        self.purpose == Purpose::Ahead
    }

    /// The language that the phone asks for, if it asks for any.
    pub(crate) fn language(&self) -> Option<Language> {
        self.language
    }

    /// Whether a page of somebody else's has the browser ask.
    pub(crate) fn is_cross_site(&self) -> bool {
        self.is_cross_site
    }

    /// Judges the program by its user agent.
    pub(crate) fn grade(&self) -> Grade {
        self.trace.grade()
    }

    /// Returns the day's pseudonym.
    pub(crate) fn visitor(&self, store: &Store, now_ms: i64) -> Result<Visitor, StoreError> {
        Ok(self.trace.visitor(&store.salt(now_ms)?))
    }

    /// Returns the day's pseudonyms of the networks that the request came from, for limits.
    pub(crate) fn networks(&self, store: &Store, now_ms: i64) -> Result<Networks, StoreError> {
        if let Some(networks) = self.networks.get() {
            return Ok(*networks);
        }
        let networks = self.trace.networks(&store.salt(now_ms)?);
        Ok(*self.networks.get_or_init(|| networks))
    }

    /// Returns the day's pseudonym of somebody whose visit counts; `None` for robots and for what
    /// no person asked for.
    pub(crate) fn counted(
        &self,
        store: &Store,
        now_ms: i64,
    ) -> Result<Option<Visitor>, StoreError> {
        if !self.counts() || self.grade() == Grade::Robot {
            return Ok(None);
        }
        self.visitor(store, now_ms).map(Some)
    }
}

impl Purpose {
    /// Reads a request's purpose. `Sec-Fetch-User` says nothing here: a camera that opens a link is
    /// no click.
    fn of(method: &Method, headers: &HeaderMap) -> Self {
        if method == Method::HEAD {
            return Self::Headers;
        }
        if is_ahead(headers) {
            return Self::Ahead;
        }
        let other_than = |name, expected: &str| {
            headers
                .get(name)
                .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(expected.as_bytes()))
        };
        if other_than(&FETCH_DEST, "document") || other_than(&FETCH_MODE, "navigate") {
            return Self::Part;
        }
        Self::Visit
    }
}

fn is_ahead(headers: &HeaderMap) -> bool {
    headers.contains_key(&SEC_PURPOSE)
        || PURPOSES
            .iter()
            .flat_map(|name| headers.get_all(name))
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ';', ' ']))
            .any(|word| AHEAD.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    let bytes = headers.get(name).map_or(&[][..], |value| value.as_bytes());
    String::from_utf8_lossy(&bytes[..bytes.len().min(HEADER_BYTES_MAX)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purpose(method: &Method, lines: &[(&str, &str)]) -> Purpose {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        Purpose::of(method, &headers)
    }

    #[test]
    fn opened_pages_are_visits() {
        let camera_in_safari = [
            ("Sec-Fetch-Dest", "document"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Site", "none"),
        ];
        let link_in_chrome = [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-User", "?1"),
            ("Sec-Fetch-Dest", "document"),
            ("Upgrade-Insecure-Requests", "1"),
        ];
        let view_in_wechat = [
            ("X-Requested-With", "com.tencent.mm"),
            ("Sec-Fetch-Site", "none"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-User", "?1"),
            ("Sec-Fetch-Dest", "document"),
        ];
        let old_phone = [("Accept", "text/html,application/xhtml+xml")];
        let odd = [("Purpose", "shopping"), ("X-Moz", "")];
        for lines in [
            &camera_in_safari[..],
            &link_in_chrome,
            &view_in_wechat,
            &old_phone,
            &odd,
            &[],
        ] {
            assert_eq!(purpose(&Method::GET, lines), Purpose::Visit, "{lines:?}");
        }
        // A form that was sent.
        assert_eq!(purpose(&Method::POST, &link_in_chrome), Purpose::Visit);
    }

    #[test]
    fn what_browsers_fetch_ahead_is_no_visit() {
        let link_prefetch_in_chrome = [
            ("Purpose", "prefetch"),
            ("Sec-Purpose", "prefetch"),
            ("Sec-Fetch-Mode", "no-cors"),
            ("Sec-Fetch-Dest", "empty"),
        ];
        let prerender_in_chrome = [
            ("Sec-Purpose", "prefetch;prerender"),
            ("Purpose", "prefetch"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
        ];
        let through_proxy = [
            ("Sec-Purpose", "prefetch;anonymous-client-ip"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
        ];
        let prefetch_in_firefox = [
            ("Sec-Purpose", "prefetch"),
            ("Sec-Fetch-Dest", "empty"),
            ("Sec-Fetch-Mode", "no-cors"),
        ];
        let old_firefox = [("X-moz", "prefetch")];
        let top_sites_in_safari = [("X-Purpose", "preview")];
        let link_prefetch_in_safari = [("Purpose", "prefetch")];
        let facebook = [("X-Purpose", "preview"), ("X-FB-HTTP-Engine", "Liger")];
        for lines in [
            &link_prefetch_in_chrome[..],
            &prerender_in_chrome,
            &through_proxy,
            &prefetch_in_firefox,
            &old_firefox,
            &top_sites_in_safari,
            &link_prefetch_in_safari,
            &facebook,
        ] {
            assert_eq!(purpose(&Method::GET, lines), Purpose::Ahead, "{lines:?}");
            assert_eq!(purpose(&Method::HEAD, lines), Purpose::Headers);
        }
        // Also a picture of a page that is only made ready.
        let within = [
            ("Sec-Purpose", "prefetch;prerender"),
            ("Sec-Fetch-Dest", "image"),
        ];
        assert_eq!(purpose(&Method::GET, &within), Purpose::Ahead);
    }

    #[test]
    fn what_another_page_embeds_is_no_visit() {
        for (dest, mode) in [
            ("image", "no-cors"),
            ("iframe", "navigate"),
            ("empty", "cors"),
            ("empty", "no-cors"),
            ("script", "no-cors"),
            ("serviceworker", "same-origin"),
        ] {
            let lines = [("Sec-Fetch-Dest", dest), ("Sec-Fetch-Mode", mode)];
            assert_eq!(purpose(&Method::GET, &lines), Purpose::Part, "{dest}");
        }
        let beacon = [("Sec-Fetch-Mode", "no-cors")];
        assert_eq!(purpose(&Method::POST, &beacon), Purpose::Part);
    }

    #[test]
    fn only_visits_count_and_only_shown_pages_count_within() {
        for (purpose, counts, counts_within, ahead) in [
            (Purpose::Visit, true, true, false),
            (Purpose::Part, false, true, false),
            (Purpose::Ahead, false, false, true),
            (Purpose::Headers, false, false, false),
        ] {
            let client = Client {
                trace: Trace {
                    ip: "192.0.2.1".parse().unwrap(),
                    agent: String::new(),
                    languages: String::new(),
                },
                purpose,
                language: None,
                is_cross_site: false,
                networks: OnceLock::new(),
            };
            assert_eq!(client.counts(), counts, "{purpose:?}");
            assert_eq!(client.counts_within(), counts_within, "{purpose:?}");
            assert_eq!(client.ahead(), ahead, "{purpose:?}");
        }
    }
}
