//! `GET|HEAD /q/{token}`: a passer-by has scanned a code.
//!
//! Invariant: everything is resolved from the token, so a scan counts also while its screen is cut off and its play has
//! not arrived.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use passerby_protocol::campaign::Landing;

use super::page::{self, Page};
use super::trace::Asker;
use super::{Desk, Shared};
use crate::clock;
use crate::store::{LandingFacts, Scan, StoreError};

pub(super) async fn scan(
    State(desk): State<Shared>,
    token: Result<Path<String>, PathRejection>,
    asker: Asker,
) -> Response {
    // A path that is not even UTF-8 is no token.
    let token = token.map(|Path(token)| token).unwrap_or_default();
    desk.work(move |desk: &Desk| answer(desk, &token, &asker, clock::now_ms()))
        .await
        .unwrap_or_else(page::failed)
}

fn answer(desk: &Desk, token: &str, asker: &Asker, now_ms: i64) -> Result<Response, StoreError> {
    let store = &desk.hub.store;
    let known = match desk.hub.verified(token, now_ms)? {
        Ok(claims) => store.landed(&claims)?.map(|landed| (claims, landed)),
        Err(_) => None,
    };
    let Some((claims, landed)) = known else {
        if !asker.only_head() {
            store.count_bad_token(now_ms)?;
        }
        return Ok(page::bad_token());
    };
    let opens = landed.campaign.landing_on(clock::date_of(now_ms));
    let at_once = landed
        .campaign
        .target
        .as_deref()
        .filter(|_| opens == Landing::Redirect);
    if asker.only_head() {
        return match at_once {
            Some(target) => Ok(see(target)),
            None => page_of_head(desk, token, landed, now_ms),
        };
    }
    let link = store.record_scan(
        &Scan {
            claims: &claims,
            landed: &landed,
            visitor: asker.visitor(store, now_ms)?,
            grade: asker.grade(),
            begins_chain: at_once.is_none(),
        },
        now_ms,
    )?;
    Ok(match (at_once, link) {
        (Some(target), _) => see(target),
        (None, Some(name)) => see(&desk.public_url.local(&format!("/s/{name}"))),
        // The play has all the scans that are kept of one; the visitor still gets where the others got.
        (None, None) => match &landed.campaign.target {
            Some(target) => see(target),
            None => see(&desk.public_url.local("/")),
        },
    })
}

/// A link of its own would be a record; `HEAD` leaves none, so it sees the page's own headers.
fn page_of_head(
    desk: &Desk,
    token: &str,
    landed: crate::store::Landed,
    now_ms: i64,
) -> Result<Response, StoreError> {
    let facts = LandingFacts {
        thumbnail_px: desk.hub.store.thumbnail_px(landed.creative)?,
        campaign: landed.campaign,
        creative: landed.creative,
    };
    Ok(Page {
        facts: &facts,
        path: &format!("/q/{token}"),
        public_url: &desk.public_url,
        today: clock::date_of(now_ms),
    }
    .answer())
}

/// Sends a phone on, for this time only.
pub(super) fn see(location: &str) -> Response {
    let mut response = (StatusCode::FOUND, [(header::CACHE_CONTROL, "no-store")]).into_response();
    if let Ok(location) = HeaderValue::try_from(ascii(location)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Publishers write links as they read them; a header holds ASCII alone.
fn ascii(link: &str) -> String {
    let mut text = String::with_capacity(link.len());
    for byte in link.bytes() {
        if byte.is_ascii() {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_chinese_go_into_a_header() {
        let response = see("https://shop.example/三");
        assert_eq!(
            response.headers()[header::LOCATION],
            "https://shop.example/%E4%B8%89"
        );
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    }
}
