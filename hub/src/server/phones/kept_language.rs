//! Has all that a page leads to be in the language that its reader chose there. No cookie says
//! which, so its address does: `?lang=` goes on to each link and form of the page, and to the page
//! after a form.
//!
//! Invariants: a link that leads to somebody else's says no language, so whoever a page is passed
//! on to reads their own; nothing of a page changes but the addresses that this hub wrote, since a
//! quotation mark in what anybody else wrote is escaped.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::server::language::{Language, chosen};
use crate::server::phones::note;

/// Largest page that is looked at; none of ours has a tenth of it.
const PAGE_BYTES_MAX: usize = 1 << 20;
/// What else stands behind the path of a page, and is still wanted in the other language.
const KEPT: [&str; 2] = ["k", "edit"];
/// Longest value of these, in bytes.
const KEPT_BYTES_MAX: usize = 200;

/// Answers a request, and has what the answer leads to be in the language that it was asked for in.
pub(crate) async fn keep(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let (language, kept) = (chosen(&uri), kept(&uri));
    let response = next.run(request).await;
    if language.is_none() && kept.is_empty() {
        return response;
    }
    let (mut head, body) = response.into_parts();
    if let Some(language) = language
        && let Some(to) = leads_to(&head.headers, uri.path())
        && let Ok(to) = HeaderValue::try_from(with_language(to, "&", language))
    {
        head.headers.insert(header::LOCATION, to);
    }
    let is_page = (head.headers.get(header::CONTENT_TYPE))
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_page {
        return Response::from_parts(head, body);
    }
    let Ok(bytes) = to_bytes(body, PAGE_BYTES_MAX).await else {
        return note::later();
    };
    let Ok(page) = std::str::from_utf8(&bytes) else {
        return (head, Body::from(bytes)).into_response();
    };
    head.headers.remove(header::CONTENT_LENGTH);
    let page = rewritten(page, language, &kept);
    Response::from_parts(head, Body::from(page))
}

/// What stands behind a path beside the language, as it came.
fn kept(uri: &Uri) -> String {
    let is_plain = |value: &str| {
        (1..=KEPT_BYTES_MAX).contains(&value.len())
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let words = uri.query().unwrap_or_default().split('&').take(20);
    let words = words.filter(|word| {
        let pair = word.split_once('=');
        pair.is_some_and(|(name, value)| KEPT.contains(&name) && is_plain(value))
    });
    words.collect::<Vec<_>>().join("&amp;")
}

/// Where an answer leads, if that is the page itself or the one above it.
fn leads_to<'h>(headers: &'h HeaderMap, path: &str) -> Option<&'h str> {
    let to = headers.get(header::LOCATION)?.to_str().ok()?;
    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
    let is_own = [path, above]
        .iter()
        .any(|own| own.len() > 1 && to.split('?').next().is_some_and(|to| to.ends_with(own)));
    (is_own && to.starts_with('/') && !to.starts_with("//")).then_some(to)
}

fn with_language(address: &str, and: &str, language: Language) -> String {
    let begins = if address.contains('?') { and } else { "?" };
    format!("{address}{begins}lang={}", language.word())
}

/// Writes a page anew with the language, if one was chosen, and what was kept.
fn rewritten(page: &str, language: Option<Language>, kept: &str) -> String {
    let mut whole = String::with_capacity(page.len() + page.len() / 8);
    let mut rest = page;
    while let Some(begin) = next_address(rest) {
        let (before, address) = rest.split_at(begin);
        let end = address.find('"').unwrap_or(address.len());
        let (address, after) = address.split_at(end);
        whole.push_str(before);
        match (address.strip_prefix("?lang="), language) {
            (Some(_), _) if !kept.is_empty() => {
                whole.push_str(&format!("?{kept}&amp;{}", &address[1..]));
            }
            (None, Some(language)) if !address.starts_with("//") => {
                whole.push_str(&with_language(address, "&amp;", language));
            }
            _ => whole.push_str(address),
        }
        rest = after;
    }
    whole.push_str(rest);
    whole
}

/// Where the next address of this hub's begins.
fn next_address(page: &str) -> Option<usize> {
    const BEGINNINGS: [&str; 3] = ["href=\"/", "action=\"/", "href=\"?lang="];
    let found = BEGINNINGS.iter().filter_map(|beginning| {
        let quote = beginning.find('"').unwrap_or_default();
        Some(page.find(beginning)? + quote + 1)
    });
    found.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_forms_go_on_in_the_language_that_was_chosen() {
        let page = "<link rel=\"canonical\" href=\"https://hub.example/s/x\"><a href=\"?lang=en\">English</a>\
                    <a href=\"/s/x/moment?edit=1\">改</a><form action=\"/s/x/moment\"></form>\
                    <img src=\"/p/x.jpg\"><a href=\"https://shop.example/\">x</a><a href=\"//evil.example/\">x</a>\
                    <p>href=&quot;/s/x&quot;</p>";
        let zh = rewritten(page, Some(Language::Chinese), "");
        assert!(
            zh.contains("href=\"/s/x/moment?edit=1&amp;lang=zh\""),
            "{zh}"
        );
        assert!(zh.contains("action=\"/s/x/moment?lang=zh\""), "{zh}");
        assert!(zh.contains("<a href=\"?lang=en\">") && zh.contains("&quot;/s/x&quot;</p>"));
        assert_eq!(zh.matches("lang=zh").count(), 2, "{zh}");
        let kept = rewritten(page, None, "k=a1");
        assert_eq!(kept, page.replace("?lang=en", "?k=a1&amp;lang=en"));
    }

    #[test]
    fn only_what_is_known_is_kept_behind_a_path() {
        let kept = |query: &str| kept(&format!("/s/x/mine?{query}").parse::<Uri>().unwrap());
        assert_eq!(kept("k=a1B2&lang=zh&fbclid=x"), "k=a1B2");
        assert_eq!(kept("edit=1&k=a"), "edit=1&amp;k=a");
        assert_eq!(kept("k=%22%3E&edit="), "");
    }

    #[test]
    fn whoever_a_page_is_passed_on_to_reads_their_own_language() {
        let to = |to: &'static str, path: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, HeaderValue::from_static(to));
            leads_to(&headers, path).is_some()
        };
        assert!(to("/s/mine/moment?k=a", "/s/mine/moment"));
        assert!(to("/s/mine/moment", "/s/mine/moment") && to("/hub/s/mine", "/s/mine/go"));
        assert!(!to("/s/theirs", "/s/mine") && !to("https://shop.example/s/mine", "/s/mine/go"));
    }
}
