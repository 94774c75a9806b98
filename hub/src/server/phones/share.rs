//! `/s/{share}`: a landing page under the visitor's own link, its button, and the pictures by which
//! it tells how far a visit got.
//!
//! A `GET` of the page is a hit, and no proof of a person. A browser that shows the page loads its
//! picture, which has an address of this link's own: seen. Once the page has been painted for a
//! second, its style asks for another one: confirmed. Previews take the picture that the page names
//! for them, `/p/…`, and a page that is never painted asks for nothing.
//!
//! A press of the button is one on a visit, and confirms nothing: its address can be asked for
//! without the page. Whoever presses gets to the target, whatever it counts for.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use passerby_protocol::Digest;

use crate::followers::{phone_hmac, token};
use crate::moments::Typed;
use crate::server::limits::Kind;
use crate::server::phones::fan::PhoneCookie;
use crate::server::phones::form::OfLink;
use crate::server::phones::greeting::Greeting;
use crate::server::phones::landing::Page;
use crate::server::phones::note;
use crate::server::phones::redirection::see;
use crate::server::phones::trace::Client;
use crate::server::work_queue::WorkQueue;
use crate::server::{AppState, Shared};
use crate::store::{
    Begun, LandingFacts, LinkAnswer, LinkOpening, LinkVisitor, Opened, Reached, Refusal, StoreError,
};
use crate::system::clock;

/// Most links that one thread answers together, and most threads that do so at one time; see
/// [`crate::server::phones::scan`].
const TOGETHER_MAX: usize = 16;
const LEADS_MAX: usize = 4;

/// One transparent point.
const POINT_GIF: &[u8; 43] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// Links that were opened and wait for their page.
pub(crate) type LinkQueue = WorkQueue<Asked, Result<Response, StoreError>>;

/// Makes a queue without links.
pub(crate) const fn queue() -> LinkQueue {
    WorkQueue::new(TOGETHER_MAX, LEADS_MAX)
}

/// A link that was opened.
pub(crate) struct Asked {
    link: OfLink,
    phone: PhoneCookie,
}

pub(crate) async fn open(
    State(app): State<Shared>,
    Extension(queue): Extension<Arc<LinkQueue>>,
    phone: PhoneCookie,
    link: OfLink,
) -> Response {
    let answer = queue.answer(app, Asked { link, phone }, answers).await;
    answer.map_or_else(note::later, |answer| answer.unwrap_or_else(note::failed))
}

/// Answers links that were opened at the same time, each as if it had been the only one.
fn answers(app: &AppState, asked: &[Asked]) -> Vec<Result<Response, StoreError>> {
    let now_ms = clock::now_ms();
    let visitors: Vec<_> = asked
        .iter()
        .map(|asked| {
            let client = &asked.link.client;
            match app.refusal(Kind::Page, client, now_ms)? {
                Some(refusal) => Ok(Err(refusal)),
                None => link_visitor(app, client, now_ms).map(Ok),
            }
        })
        .collect();
    let openings: Vec<_> = asked
        .iter()
        .zip(&visitors)
        .filter_map(|(asked, who)| match who {
            Ok(Ok(who)) => Some(LinkOpening {
                name: &asked.link.name,
                who: *who,
            }),
            _ => None,
        })
        .collect();
    let mut opened = app.hub.store.open_shares(&openings, now_ms).into_iter();
    asked
        .iter()
        .zip(visitors)
        .map(|(asked, who)| match who? {
            Err(refusal) => Ok(refusal),
            Ok(_) => match opened.next() {
                Some(opened) => show(app, asked, opened?, now_ms),
                None => Ok(note::later()),
            },
        })
        .collect()
}

/// Shows what opening a link has led to.
fn show(
    app: &AppState,
    Asked { link, phone }: &Asked,
    opened: Option<Opened>,
    now_ms: i64,
) -> Result<Response, StoreError> {
    let (name, client) = (&*link.name, &link.client);
    let Some(opened) = opened else {
        return Ok(note::unknown_link());
    };
    begun(app, client, opened.begun, now_ms)?;
    Ok(match opened.answer {
        LinkAnswer::Own(own) => see(&app.public_url.local(&format!("/s/{own}"))),
        LinkAnswer::Page(facts) => Page {
            facts: &facts,
            told: facts
                .told
                .as_ref()
                .filter(|told| told.ends_ms > now_ms)
                .and_then(|told| Typed::open(app.hub.keys(), &told.link, &told.sealed)),
            known: greeting(app, name, (&*facts, client, phone), now_ms)?,
            path: &format!("/s/{name}"),
            is_link: true,
            public_url: &app.public_url,
            language: client.language(),
            now_ms,
        }
        .answer(),
    })
}

/// What is said to whoever is remembered on the phone that has just scanned.
fn greeting(
    app: &AppState,
    name: &str,
    (facts, client, phone): (&LandingFacts, &Client, &PhoneCookie),
    now_ms: i64,
) -> Result<Option<Greeting>, StoreError> {
    let keys = app.hub.keys();
    let hmac = phone.0.as_ref().and_then(|cookie| phone_hmac(keys, cookie));
    let Some(hmac) = hmac.filter(|_| facts.is_own && !facts.is_passed_on && client.counts()) else {
        return Ok(None);
    };
    let Some(known) = app.hub.store.greet(&hmac, name, now_ms)? else {
        return Ok(None);
    };
    let follow = facts.campaign.follow.as_ref();
    Ok(Some(Greeting {
        visits: known.follower.visits,
        path: (app.public_url).local(&format!("/fan/{}", token(keys, &known.follower.name))),
        has_more: follow.is_some_and(|follow| follow.for_fans.is_some()),
    }))
}

pub(crate) async fn press(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Press, |app, asked, now_ms| {
            let store = &app.hub.store;
            let visitor = asked.client.counted(store, now_ms)?;
            let Some(pressed) = store.press(&asked.name, visitor, now_ms)? else {
                return Ok(note::unknown_link());
            };
            if pressed.is_strange {
                app.count_refused(Refusal::StrangePress, now_ms);
            }
            Ok(match pressed.target {
                Some(target) => see(&target),
                None => asked.to_link(app),
            })
        })
        .await
}

/// A creative's picture, the same for everybody.
pub(crate) async fn picture(State(app): State<Shared>, asked: OfLink) -> Response {
    let digest = (asked.name.strip_suffix(".jpg")).and_then(|name| name.parse::<Digest>().ok());
    let Some(digest) = digest else {
        return note::nothing_here();
    };
    asked
        .answer(&app, Kind::Picture, move |app, _, _| {
            let jpeg = app.hub.store.thumbnail(digest)?;
            Ok(jpeg_or_nothing(jpeg, "public, max-age=31536000, immutable"))
        })
        .await
}

/// The same picture for whom the link belongs to.
pub(crate) async fn own_picture(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Picture, |app, asked, now_ms| {
            let jpeg = app.hub.store.picture_of(&asked.name)?;
            if jpeg.is_some() {
                reach(app, asked, Reached::Seen, now_ms)?;
            }
            // What was fetched ahead is asked for again when somebody sees it.
            let keep = if asked.client.ahead() {
                "private, no-store"
            } else {
                "private, max-age=86400"
            };
            Ok(jpeg_or_nothing(jpeg, keep))
        })
        .await
}

/// What a page asks for once it has been visible.
pub(crate) async fn here(State(app): State<Shared>, asked: OfLink) -> Response {
    asked
        .answer(&app, Kind::Picture, |app, asked, now_ms| {
            reach(app, asked, Reached::Confirmed, now_ms)?;
            let headers = [
                (header::CONTENT_TYPE, "image/gif"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            Ok((headers, POINT_GIF.as_slice()).into_response())
        })
        .await
}

fn reach(app: &AppState, asked: &OfLink, reached: Reached, now_ms: i64) -> Result<(), StoreError> {
    let client = &asked.client;
    if !client.counts_within() {
        return Ok(());
    }
    let store = &app.hub.store;
    let who = LinkVisitor {
        visitor: client.visitor(store, now_ms)?,
        grade: client.grade(),
        is_crowded: is_crowded(app, client, now_ms)?,
    };
    begun(
        app,
        client,
        store.reach(&asked.name, who, reached, now_ms)?,
        now_ms,
    )
}

/// Who asks, where asking counts.
fn link_visitor(
    app: &AppState,
    client: &Client,
    now_ms: i64,
) -> Result<Option<LinkVisitor>, StoreError> {
    let Some(visitor) = client.counted(&app.hub.store, now_ms)? else {
        return Ok(None);
    };
    Ok(Some(LinkVisitor {
        visitor,
        grade: client.grade(),
        is_crowded: is_crowded(app, client, now_ms)?,
    }))
}

fn is_crowded(app: &AppState, client: &Client, now_ms: i64) -> Result<bool, StoreError> {
    let networks = client.networks(&app.hub.store, now_ms)?;
    Ok(app.limits.is_spent(Kind::Visit, &networks, now_ms))
}

/// Notes for the limits, or among the floods, what a request has begun.
fn begun(app: &AppState, client: &Client, begun: Begun, now_ms: i64) -> Result<(), StoreError> {
    match begun {
        Begun::Nothing => {}
        Begun::New => {
            let networks = client.networks(&app.hub.store, now_ms)?;
            // Whether there was one left was asked before; two at one time may both take the last.
            let _ = app.limits.take(Kind::Visit, &networks, now_ms);
        }
        Begun::Flood => app.count_refused(Refusal::FloodVisit, now_ms),
    }
    Ok(())
}

fn jpeg_or_nothing(jpeg: Option<Vec<u8>>, keep: &'static str) -> Response {
    match jpeg {
        Some(jpeg) => {
            let headers = [
                (header::CONTENT_TYPE, "image/jpeg"),
                (header::CACHE_CONTROL, keep),
            ];
            (headers, jpeg).into_response()
        }
        None => note::nothing_here(),
    }
}
