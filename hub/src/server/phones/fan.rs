//! `/fan/{token}`: the private page of somebody who follows. It asks to confirm, shows what the
//! campaign keeps for them and everything that is kept about them, and has the one press that ends
//! it all.
//!
//! Invariants: opening it changes nothing, since programs open what is in mail; each change is a
//! press. Whoever has the link may do all of it, on any phone; a cookie is set only by the press
//! that asks for one, and one press ends it; nobody's phone is tied to whoever confirms but the one
//! that confirms and one that they say is theirs.

use std::convert::Infallible;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::hexadecimal::hex;
use serde_json::json;

use crate::followers::{
    address_of, code_hmac, consent, name_in, new_code, phone_cookie, phone_hmac, purpose_of_code,
};
use crate::people::Scope;
use crate::server::body::Unread;
use crate::server::cookies::{cookie, set_cookie};
use crate::server::language::Language;
use crate::server::limits::Kind;
use crate::server::phones::fan_page::{self, FanPage, OWN_PHONE};
use crate::server::phones::form::{FormFields, not_whole};
use crate::server::phones::note;
use crate::server::phones::trace::Client;
use crate::server::{AppState, Shared};
use crate::store::{Known, PHONE_MS, PhoneToRemember, StoreError};
use crate::system::{clock, random};

type TokenPath = Result<Path<String>, PathRejection>;

/// The cookie of a phone on which somebody wants to be remembered, if it has one.
pub(crate) struct PhoneCookie(pub(crate) Option<String>);

impl FromRequestParts<Shared> for PhoneCookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Infallible> {
        let name = phone_cookie(app.public_url.is_https());
        Ok(Self(cookie(&parts.headers, name).map(str::to_owned)))
    }
}

/// A new cookie: 128 random bits.
pub(crate) fn new_phone() -> String {
    hex(&random::bytes::<16>())
}

fn token_of(token: TokenPath) -> String {
    token.map(|Path(token)| token).unwrap_or_default()
}

/// Does something for whoever has a private link, and for nobody else.
async fn with_name(
    app: Shared,
    (token, kind, client): (TokenPath, Kind, Client),
    work: impl FnOnce(&AppState, &str, &Client, i64) -> Result<Response, StoreError> + Send + 'static,
) -> Response {
    let token = token_of(token);
    app.work(move |app: &AppState| {
        let now_ms = clock::now_ms();
        if let Some(refusal) = app.refusal(kind, &client, now_ms)? {
            return Ok(refusal);
        }
        match name_in(app.hub.keys(), &token) {
            Some(name) => work(app, &name, &client, now_ms),
            None => Ok(note::nothing_here()),
        }
    })
    .await
    .unwrap_or_else(note::failed)
}

/// Somebody's page as it is now; `None` where nothing is kept of them.
fn page(
    app: &AppState,
    name: &str,
    client: &Client,
    now_ms: i64,
) -> Result<Option<FanPage>, StoreError> {
    let (store, keys) = (&app.hub.store, app.hub.keys());
    let Some(follower) = store.follower(name, now_ms)? else {
        return Ok(None);
    };
    let Some(facts) = store.campaign_facts(&follower.campaign, &Scope::ALL)? else {
        return Ok(None);
    };
    let campaign = facts.row.campaign;
    let language = client.language().or(Language::of_word(&follower.language));
    let address = address_of(keys, &follower).unwrap_or_default();
    let fans = campaign.follow.clone().and_then(|follow| follow.for_fans);
    let fans = fans
        .filter(|_| follower.confirmed_ms.is_some())
        .unwrap_or_default();
    let today = clock::date_of(now_ms);
    let is_open = fans.offer.is_some() && fans.offer_until.is_none_or(|last| last >= today);
    let mut known = store.with_code(follower)?;
    if known.sealed_code.is_none() && is_open {
        let code = new_code();
        if let Some(hmac) = code_hmac(keys, &code) {
            let sealed = keys.seal_for(&purpose_of_code(name), code.as_bytes());
            store.give_code(&known.follower, &hmac, &sealed, now_ms)?;
            known = store.with_code(known.follower)?;
        }
    }
    Ok(Some(FanPage {
        path: app
            .public_url
            .local(&format!("/fan/{}", crate::followers::token(keys, name))),
        redeem: app.public_url.absolute("/redeem"),
        language: language.unwrap_or(Language::English),
        code: code_of(app, &known),
        known,
        address,
        campaign,
        fans,
        now_ms,
    }))
}

fn code_of(app: &AppState, known: &Known) -> Option<String> {
    let sealed = known.sealed_code.as_ref()?;
    let purpose = purpose_of_code(&known.follower.name);
    let opened = app.hub.keys().open_for(&purpose, sealed)?;
    String::from_utf8(opened).ok()
}

/// `GET /fan/{token}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    token: TokenPath,
    client: Client,
    phone: PhoneCookie,
) -> Response {
    with_name(
        app,
        (token, Kind::Page, client),
        move |app, name, client, now_ms| {
            let Some(page) = page(app, name, client, now_ms)? else {
                return Ok(fan_page::gone());
            };
            let keys = app.hub.keys();
            let hmac = phone.0.as_ref().and_then(|cookie| phone_hmac(keys, cookie));
            let is_known = match hmac {
                Some(hmac) => app.hub.store.is_phone_of(name, &hmac, now_ms)?,
                None => false,
            };
            let cookie = phone_cookie(app.public_url.is_https());
            Ok(page.answer(is_known, cookie))
        },
    )
    .await
}

/// `GET /fan/{token}/kept.json`: all that is kept about somebody, for programs.
pub(crate) async fn kept(State(app): State<Shared>, token: TokenPath, client: Client) -> Response {
    with_name(
        app,
        (token, Kind::Page, client),
        |app, name, client, now_ms| {
            let Some(page) = page(app, name, client, now_ms)? else {
                return Ok(fan_page::gone());
            };
            let follower = &page.known.follower;
            let at = |ms: i64| clock::rfc3339(ms);
            let kept = json!({
                "address": page.address,
                "campaign": follower.campaign,
                "language": follower.language,
                "purpose": "news of the campaign by mail",
                "consent": { "version": follower.consent, "text": consent() },
                "asked": at(follower.asked_ms),
                "confirmed": follower.confirmed_ms.map(at),
                "kept_until": at(follower.ends_ms),
                "phone_remembered_until": follower.phone_ends_ms.map(at),
                "visits": follower.visits,
                "last_visit": at(follower.visit_ms),
                "code": page.code,
                "code_used": page.known.redeemed_ms.map(at),
            });
            let keep = [(header::CACHE_CONTROL, "private, no-store")];
            Ok((keep, Json(kept)).into_response())
        },
    )
    .await
}

/// `POST /fan/{token}/confirm`.
pub(crate) async fn confirm(
    State(app): State<Shared>,
    token: TokenPath,
    client: Client,
    phone: PhoneCookie,
    unread: Unread,
) -> Response {
    let Ok(bytes) = unread.small().await else {
        return not_whole();
    };
    let Some(fields) = FormFields::of_body(bytes).await else {
        return not_whole();
    };
    with_name(
        app,
        (token, Kind::Moment, client),
        move |app, name, client, now_ms| {
            let keys = app.hub.keys();
            let hmac = phone.0.as_ref().and_then(|cookie| phone_hmac(keys, cookie));
            let phone = if fields.has(OWN_PHONE) {
                PhoneToRemember::AsAsked
            } else {
                PhoneToRemember::IfItConfirms(hmac.as_ref())
            };
            if !app.hub.store.confirm_follower(name, phone, now_ms)? {
                return Ok(fan_page::gone());
            }
            Ok(match page(app, name, client, now_ms)? {
                Some(page) => page.confirmed(),
                None => fan_page::gone(),
            })
        },
    )
    .await
}

/// `POST /fan/{token}/leave`: unsubscribes and erases; also what mail programs send for one press
/// (RFC 8058), which is why it asks for nothing and answers the same twice.
pub(crate) async fn leave(State(app): State<Shared>, token: TokenPath, client: Client) -> Response {
    with_name(app, (token, Kind::Page, client), |app, name, _, now_ms| {
        app.hub.store.leave(name, now_ms)?;
        let mut response = fan_page::left();
        end_cookie(app, &mut response);
        Ok(response)
    })
    .await
}

/// `POST /fan/{token}/remember`: has this phone know whoever has the link.
pub(crate) async fn remember(
    State(app): State<Shared>,
    token: TokenPath,
    client: Client,
    phone: PhoneCookie,
) -> Response {
    with_name(
        app,
        (token, Kind::Moment, client),
        move |app, name, client, now_ms| {
            let keys = app.hub.keys();
            let known = phone.0.filter(|cookie| phone_hmac(keys, cookie).is_some());
            let cookie = known.unwrap_or_else(new_phone);
            let tied = match phone_hmac(keys, &cookie) {
                Some(hmac) => app.hub.store.remember_phone(name, &hmac, now_ms)?,
                None => false,
            };
            let Some(page) = page(app, name, client, now_ms)?.filter(|_| tied) else {
                return Ok(fan_page::gone());
            };
            let is_https = app.public_url.is_https();
            let mut response = page.answer(true, phone_cookie(is_https));
            let age_s = u32::try_from(PHONE_MS / 1_000).ok();
            set_cookie(
                &mut response,
                is_https,
                phone_cookie(is_https),
                &cookie,
                age_s,
            );
            Ok(response)
        },
    )
    .await
}

/// `POST /fan/{token}/forget`: ends that.
pub(crate) async fn forget(
    State(app): State<Shared>,
    token: TokenPath,
    client: Client,
    phone: PhoneCookie,
) -> Response {
    with_name(app, (token, Kind::Page, client), move |app, name, _, _| {
        let keys = app.hub.keys();
        let hmac = phone.0.and_then(|cookie| phone_hmac(keys, &cookie));
        app.hub.store.forget_phone(name, hmac.as_ref())?;
        let mut response = fan_page::forgotten();
        end_cookie(app, &mut response);
        Ok(response)
    })
    .await
}

fn end_cookie(app: &AppState, response: &mut Response) {
    let is_https = app.public_url.is_https();
    set_cookie(response, is_https, phone_cookie(is_https), "", Some(0));
}
