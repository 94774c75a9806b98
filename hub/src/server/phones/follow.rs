//! `/s/{share}/follow`: the ways to follow the campaign of a link, and the form for news by mail.
//!
//! Invariants: only whoever a link belongs to asks under it; nobody is told whether an address
//! follows already; a cookie is set only for whoever ticked that they want one.

use axum::extract::State;
use axum::response::Response;

use crate::followers::{
    CONSENT_VERSION, address_hmac, mailbox_hmac, new_address, new_name, phone_cookie, phone_hmac,
    seal,
};
use crate::server::cookies::set_cookie;
use crate::server::language::Language;
use crate::server::limits::Kind;
use crate::server::phones::fan::{PhoneCookie, new_phone};
use crate::server::phones::follow_page::{
    FollowPage, NO_ADDRESS, NOT_AGREED, TOO_OFTEN, Words, ways,
};
use crate::server::phones::form::OfLink;
use crate::server::phones::trace::Client;
use crate::server::{AppState, Shared};
use crate::store::{AskedToFollow, LandingFacts, NewFollower, PHONE_MS};

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
pub(crate) async fn show(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Page, |app, asked, now_ms| {
            let facts = asked.own_facts(app, now_ms)?;
            let facts = facts.filter(|facts| !ways(facts, Language::English).is_empty());
            Ok(match facts {
                Some(facts) => page(app, (&asked.name, &facts), &asked.client).form(None, ""),
                None => asked.to_link(app),
            })
        })
        .await
}

/// `POST /s/{share}/follow`.
pub(crate) async fn ask(State(app): State<Shared>, phone: PhoneCookie, sent: OfLink) -> Response {
    sent.answer(&app, Kind::Moment, move |app, sent, now_ms| {
        let (share, client) = (&sent.name, &sent.client);
        let visitor = client.counted(&app.hub.store, now_ms)?;
        let facts = sent.own_facts(app, now_ms)?;
        let facts = facts.filter(|facts| {
            let follow = facts.campaign.follow.as_ref();
            facts.has_mail_server && follow.is_some_and(|follow| follow.mail)
        });
        let (Some(visitor), Some(facts)) = (visitor.filter(|_| !client.is_cross_site()), facts)
        else {
            return Ok(sent.to_link(app));
        };
        let mail = sent.fields.get("mail");
        let typed: String = mail.chars().take(254).collect();
        let wrong = |why: Words| Ok(page(app, (share, &facts), client).form(Some(why), &typed));
        let Some(address) = new_address(mail) else {
            return wrong(NO_ADDRESS);
        };
        if !sent.fields.has("agree") {
            return wrong(NOT_AGREED);
        }
        let keys = app.hub.keys();
        let name = new_name();
        // One phone has one cookie, whatever it follows.
        let known = phone.0.filter(|cookie| phone_hmac(keys, cookie).is_some());
        let cookie = (sent.fields.has("remember")).then(|| known.unwrap_or_else(new_phone));
        let phone_hmac = cookie.as_ref().and_then(|cookie| phone_hmac(keys, cookie));
        let new = NewFollower {
            name: &name,
            address_hmac: &address_hmac(keys, address.as_ref()),
            mailbox_hmac: &mailbox_hmac(keys, &address),
            sealed: &seal(keys, &name, &address),
            language: language(&facts, client).word(),
            consent: CONSENT_VERSION,
            phone_hmac: phone_hmac.as_ref(),
        };
        if let Some(refusal) = app.refusal(Kind::Mail, client, now_ms)? {
            return Ok(refusal);
        }
        match app.hub.store.ask_to_follow(share, visitor, new, now_ms)? {
            AskedToFollow::TooOften => wrong(TOO_OFTEN),
            AskedToFollow::NotOwn => Ok(sent.to_link(app)),
            AskedToFollow::Asked | AskedToFollow::Known => {
                let mut response = page(app, (share, &facts), client).asked();
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
}
