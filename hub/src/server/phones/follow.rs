//! `/s/{share}/follow`: the ways to follow the campaign of a link, and the form for news by mail.
//!
//! Invariants: only whoever a link belongs to asks under it; nobody is told whether an address
//! follows already; a cookie is set only for whoever ticked that they want one.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use crate::followers::{
    CONSENT_VERSION, address, address_hmac, new_name, phone_cookie, phone_hmac, seal,
};
use crate::server::body::Unread;
use crate::server::cookies::set_cookie;
use crate::server::language::Language;
use crate::server::limits::Kind;
use crate::server::phones::fan::{PhoneCookie, new_phone};
use crate::server::phones::follow_page::{
    FollowPage, NO_ADDRESS, NOT_AGREED, TOO_OFTEN, Words, ways,
};
use crate::server::phones::moment::{NamePath, link_name, own_facts, to_link};
use crate::server::phones::trace::Client;
use crate::server::phones::{form, moment_page, note};
use crate::server::{AppState, Shared};
use crate::store::{AskedToFollow, LandingFacts, NewFollower, PHONE_MS};
use crate::system::clock;

/// What the form has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    mail: String,
    agree: String,
    remember: String,
}

fn page<'a>(
    app: &'a AppState,
    (name, facts): (&str, &'a LandingFacts),
    client: &Client,
) -> FollowPage<'a> {
    FollowPage {
        facts,
        path: app.public_url.local(&format!("/s/{name}")),
        public_url: &app.public_url,
        language: language(facts, client),
    }
}

fn language(facts: &LandingFacts, client: &Client) -> Language {
    client
        .language()
        .unwrap_or_else(|| Language::of_text(&facts.campaign.title))
}

/// `GET /s/{share}/follow`.
pub(crate) async fn show(State(app): State<Shared>, name: NamePath, client: Client) -> Response {
    let name = link_name(name);
    app.work(move |app: &AppState| {
        let now_ms = clock::now_ms();
        if let Some(refusal) = app.refusal(Kind::Page, &client, now_ms)? {
            return Ok(refusal);
        }
        let facts = own_facts(app, &name, &client, now_ms)?;
        let facts = facts.filter(|facts| !ways(facts, Language::English).is_empty());
        Ok(match facts {
            Some(facts) => page(app, (&name, &facts), &client).form(None, ""),
            None => to_link(app, &name),
        })
    })
    .await
    .unwrap_or_else(note::failed)
}

/// `POST /s/{share}/follow`.
pub(crate) async fn ask(
    State(app): State<Shared>,
    name: NamePath,
    client: Client,
    phone: PhoneCookie,
    body: Unread,
) -> Response {
    let share = link_name(name);
    let Some(sent) = form::small::<Sent>(body).await else {
        return moment_page::not_whole();
    };
    app.work(move |app: &AppState| {
        let now_ms = clock::now_ms();
        if let Some(refusal) = app.refusal(Kind::Moment, &client, now_ms)? {
            return Ok(refusal);
        }
        let visitor = client.counted(&app.hub.store, now_ms)?;
        let facts = own_facts(app, &share, &client, now_ms)?;
        let facts = facts.filter(|facts| {
            let follow = facts.campaign.follow.as_ref();
            facts.has_mail_server && follow.is_some_and(|follow| follow.mail)
        });
        let (Some(visitor), Some(facts)) = (visitor.filter(|_| !client.is_cross_site()), facts)
        else {
            return Ok(to_link(app, &share));
        };
        let typed: String = sent.mail.chars().take(254).collect();
        let wrong = |why: Words| Ok(page(app, (&share, &facts), &client).form(Some(why), &typed));
        let Some(address) = address(&sent.mail) else {
            return wrong(NO_ADDRESS);
        };
        if sent.agree.is_empty() {
            return wrong(NOT_AGREED);
        }
        let keys = app.hub.keys();
        let name = new_name();
        // One phone has one cookie, whatever it follows.
        let known = phone.0.filter(|cookie| phone_hmac(keys, cookie).is_some());
        let cookie = (!sent.remember.is_empty()).then(|| known.unwrap_or_else(new_phone));
        let phone_hmac = cookie.as_ref().and_then(|cookie| phone_hmac(keys, cookie));
        let new = NewFollower {
            name: &name,
            address_hmac: &address_hmac(keys, address.as_ref()),
            sealed: &seal(keys, &name, &address),
            language: language(&facts, &client).word(),
            consent: CONSENT_VERSION,
            phone_hmac: phone_hmac.as_ref(),
        };
        if let Some(refusal) = app.refusal(Kind::Mail, &client, now_ms)? {
            return Ok(refusal);
        }
        match app.hub.store.ask_to_follow(&share, visitor, new, now_ms)? {
            AskedToFollow::TooOften => wrong(TOO_OFTEN),
            AskedToFollow::NotOwn => Ok(to_link(app, &share)),
            AskedToFollow::Asked | AskedToFollow::Known => {
                let mut response = page(app, (&share, &facts), &client).asked();
                if let Some(cookie) = &cookie {
                    let is_https = app.public_url.is_https();
                    let age_s = u32::try_from(PHONE_MS / 1_000).ok();
                    set_cookie(
                        &mut response,
                        is_https,
                        phone_cookie(is_https),
                        cookie,
                        age_s,
                    );
                }
                Ok(response)
            }
        }
    })
    .await
    .unwrap_or_else(note::failed)
}
