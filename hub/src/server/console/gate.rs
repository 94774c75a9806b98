//! What stands before every page of the console: who asks, whether they may, whether a form is
//! theirs.
//!
//! Invariants: nothing of a call is done before its [`Rule`] is met; a form is read only then, up
//! to some kilobytes, and an upload by whoever answers it; a form counts only from a page of this
//! hub (`Sec-Fetch-Site` or `Origin`), and with the word of its session where there is one, which
//! of an upload is its first field; nobody keeps a copy of a page.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest as _, FromRequestParts as _, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq as _;

use crate::people::{Right, Secret};
use crate::server::Shared;
use crate::server::body::Unread;
use crate::server::console::asker::{Asker, Visitor, csrf_of, session_cookie};
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::refusals;
use crate::server::console::rule::Rule;
use crate::server::cookies::cookie;
use crate::server::limits::Kind;
use crate::server::phones::trace::Client;
use crate::server::problem::is_unread_path;
use crate::store::{AiringEmergency, SignedIn, StoreError};
use crate::system::clock;

/// Has a call answered by whom it is for, if its rule is met.
pub(super) async fn admit(app: Shared, rule: Rule, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts
        .uri
        .path_and_query()
        .map_or("/console", |path| path.as_str());
    let visitor = Visitor::new(&parts.headers, &app.public_url, path.to_owned());
    let mut response = admitted(app, rule, (&visitor, parts, body), next).await;
    if is_unread_path(&response) {
        response = refusals::not_here(&visitor);
    }
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

async fn admitted(
    app: Shared,
    rule: Rule,
    (visitor, mut parts, body): (&Visitor, Parts, Body),
    next: Next,
) -> Response {
    let visitor = visitor.clone();
    let Ok(client) = Client::from_request_parts(&mut parts, &app).await;
    let session = cookie(&parts.headers, session_cookie(visitor.is_https)).and_then(Secret::parse);
    let who = match look_up(&app, session.clone(), client).await {
        Ok(Ok(who)) => who,
        Ok(Err(again_s)) => return refusals::too_fast(&visitor, again_s),
        Err(error) => return refusals::failed(&visitor, &error),
    };
    let asker = who.zip(session).map(|((who, emergencies), session)| {
        let asker = Asker {
            emergencies: Arc::new(emergencies),
            visitor: visitor.clone(),
            actor: Arc::new(who.person.actor()),
            person: Arc::new(who.person),
            session,
        };
        (asker, who.is_whole)
    });
    match (&asker, rule) {
        (_, Rule::Open) | (Some((_, false)), Rule::HalfSignedIn) => {}
        (Some((_, true)), Rule::HalfSignedIn) => return visitor.to("/console"),
        (Some((_, false)), _) => return visitor.to("/console/second-step"),
        (Some((asker, true)), rule) => {
            if !rule.admits(&asker.actor) {
                return refusals::not_yours(&visitor);
            }
        }
        (None, _) => return to_sign_in(&visitor, &parts.method),
    }
    let is_form = parts.method == Method::POST;
    if is_form && !is_from_here(&parts.headers, app.public_url.origin()) {
        return refusals::foreign_form(&visitor);
    }
    if let (Rule::MayUpload(_), Some((asker, true))) = (rule, &asker) {
        parts.extensions.insert(asker.clone());
        parts.extensions.insert(visitor);
        return next.run(Request::from_parts(parts, body)).await;
    }
    let fields = if is_form {
        let unread = Request::from_parts(parts.clone(), body);
        let Ok(unread) = Unread::from_request(unread, &()).await;
        match unread.small().await {
            Ok(bytes) => Fields::of_body(bytes).await,
            Err(_) => return refusals::too_large(&visitor),
        }
    } else {
        Fields::of_uri(&parts.uri)
    };
    if let Some((asker, is_whole)) = asker {
        let word = csrf_of(&asker.session);
        let is_theirs: bool = fields.get("csrf").as_bytes().ct_eq(word.as_bytes()).into();
        if is_form && rule != Rule::Open && !is_theirs {
            return refusals::foreign_form(&visitor);
        }
        if is_whole || rule == Rule::HalfSignedIn {
            parts.extensions.insert(asker);
        }
    }
    parts.extensions.insert(visitor);
    parts.extensions.insert(fields);
    next.run(Request::from_parts(parts, Body::empty())).await
}

/// Finds who has a session, and what covers screens of theirs. Whoever has none is held to how
/// often one network may ask; the number says in how many seconds it is worth to come again.
async fn look_up(
    app: &Shared,
    session: Option<Secret>,
    client: Client,
) -> Result<Result<Option<(SignedIn, Vec<AiringEmergency>)>, u32>, StoreError> {
    app.work(move |app| {
        let now_ms = clock::now_ms();
        let store = &app.hub.store;
        let networks = client.networks(store, now_ms)?;
        // Nobody guesses a session, and who is in stays so whatever others on the network try; but
        // a flood is answered from memory.
        if let Some(session) = &session
            && !app.limits.is_spent(Kind::Page, &networks, now_ms)
            && let Some(who) = store.session(&session.sha256(), now_ms)?
        {
            let actor = who.person.actor();
            let sees_screens = who.is_whole && actor.may(Right::SeeScreens);
            let emergencies = if sees_screens {
                store.airing_emergencies(actor.scope())?
            } else {
                Vec::new()
            };
            return Ok(Ok(Some((who, emergencies))));
        }
        Ok(app
            .limits
            .take(Kind::Page, &networks, now_ms)
            .map(|()| None))
    })
    .await
}

fn to_sign_in(visitor: &Visitor, method: &Method) -> Response {
    if *method == Method::GET || *method == Method::HEAD {
        visitor.to(&path_with("/console/sign-in", &[("to", &visitor.path)]))
    } else {
        visitor.to("/console/sign-in")
    }
}

/// Tells whether a form was sent by a page of this hub. Browsers say so in one way or the other;
/// what says nothing is no browser, and has no cookie that somebody else could use.
fn is_from_here(headers: &HeaderMap, own_origin: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match text("origin") {
        None => true,
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            origin == own_origin || (host.is_some() && host == text("host"))
        }
    }
}

/// The status of a page that says what is wrong with a form.
pub(super) const MISTAKE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_other_sites_are_told_from_ours() {
        let from_here = |lines: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.insert(*name, value.parse().unwrap());
            }
            is_from_here(&headers, "https://hub.example")
        };
        assert!(from_here(&[]));
        assert!(from_here(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "null")
        ]));
        assert!(!from_here(&[("sec-fetch-site", "same-site")]));
        assert!(!from_here(&[
            ("sec-fetch-site", "cross-site"),
            ("host", "hub.example")
        ]));
        assert!(from_here(&[("origin", "https://hub.example")]));
        assert!(from_here(&[
            ("origin", "http://192.168.1.9:8420"),
            ("host", "192.168.1.9:8420")
        ]));
        assert!(!from_here(&[
            ("origin", "https://evil.example"),
            ("host", "hub.example")
        ]));
        assert!(!from_here(&[("origin", "null"), ("host", "null")]));
    }
}
