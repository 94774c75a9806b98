//! `/s/{share}`: a landing page under the visitor's own link, its button, and the pictures by which it tells how far a
//! visit got.
//!
//! A `GET` of the page is a hit, and no proof of a person. A browser that shows the page loads its picture, which has an
//! address of this link's own: seen. Once the page has been painted for a second, its style asks for another one:
//! confirmed. Previews take the picture that the page names for them, `/p/…`, and a page that is never painted asks for
//! nothing.
//!
//! A press of the button is one on a visit, and confirms nothing: its address can be asked for without the page. Whoever
//! presses gets to the target, whatever it counts for.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use passerby_protocol::Digest;

use crate::server::limits::Kind;
use crate::server::phones::page;
use crate::server::phones::page::Page;
use crate::server::phones::scan::see;
use crate::server::phones::trace::Asker;
use crate::server::{Desk, Shared};
use crate::store::{Begun, LinkAnswer, LinkVisitor, Reached, Refusal, StoreError};
use crate::system::clock;

/// One transparent point.
const POINT_GIF: &[u8; 43] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

type NamePath = Result<Path<String>, PathRejection>;

pub(crate) async fn open(State(desk): State<Shared>, name: NamePath, asker: Asker) -> Response {
    let name = share_name(name);
    desk.work(move |desk: &Desk| show(desk, &name, &asker, clock::now_ms()))
        .await
        .unwrap_or_else(page::failed)
}

fn show(desk: &Desk, name: &str, asker: &Asker, now_ms: i64) -> Result<Response, StoreError> {
    if let Some(refusal) = desk.refusal(Kind::Page, asker, now_ms)? {
        return Ok(refusal);
    }
    let opened = (desk.hub.store).open_share(name, link_visitor(desk, asker, now_ms)?, now_ms)?;
    let Some(opened) = opened else {
        return Ok(page::unknown_link());
    };
    begun(desk, asker, opened.begun, now_ms)?;
    Ok(match opened.answer {
        LinkAnswer::Own(own) => see(&desk.public_url.local(&format!("/s/{own}"))),
        LinkAnswer::Page(facts) => Page {
            facts: &facts,
            path: &format!("/s/{name}"),
            is_link: true,
            public_url: &desk.public_url,
            today: clock::date_of(now_ms),
        }
        .answer(),
    })
}

pub(crate) async fn press(State(desk): State<Shared>, name: NamePath, asker: Asker) -> Response {
    let name = share_name(name);
    desk.work(move |desk: &Desk| {
        let (store, now_ms) = (&desk.hub.store, clock::now_ms());
        if let Some(refusal) = desk.refusal(Kind::Press, &asker, now_ms)? {
            return Ok(refusal);
        }
        let visitor = asker.counted(store, now_ms)?;
        let Some(pressed) = store.press(&name, visitor, now_ms)? else {
            return Ok(page::unknown_link());
        };
        if pressed.is_strange {
            desk.count_refused(Refusal::StrangePress, now_ms);
        }
        Ok(match pressed.target {
            Some(target) => see(&target),
            None => see(&desk.public_url.local(&format!("/s/{name}"))),
        })
    })
    .await
    .unwrap_or_else(page::failed)
}

/// A creative's picture, the same for everybody.
pub(crate) async fn picture(State(desk): State<Shared>, name: NamePath, asker: Asker) -> Response {
    let digest = name
        .ok()
        .and_then(|Path(name)| name.strip_suffix(".jpg")?.parse::<Digest>().ok());
    let Some(digest) = digest else {
        return page::not_found().await;
    };
    desk.work(move |desk: &Desk| {
        if let Some(refusal) = desk.refusal(Kind::Picture, &asker, clock::now_ms())? {
            return Ok(refusal);
        }
        let jpeg = desk.hub.store.thumbnail(digest)?;
        Ok(jpeg_or_nothing(jpeg, "public, max-age=31536000, immutable"))
    })
    .await
    .unwrap_or_else(page::failed)
}

/// The same picture for whom the link belongs to.
pub(crate) async fn own_picture(
    State(desk): State<Shared>,
    name: NamePath,
    asker: Asker,
) -> Response {
    let name = share_name(name);
    desk.work(move |desk: &Desk| {
        let now_ms = clock::now_ms();
        if let Some(refusal) = desk.refusal(Kind::Picture, &asker, now_ms)? {
            return Ok(refusal);
        }
        let jpeg = desk.hub.store.picture_of(&name)?;
        if jpeg.is_some() {
            reach(desk, &name, &asker, Reached::Seen, now_ms)?;
        }
        // What was fetched ahead is asked for again when somebody sees it.
        let keep = if asker.ahead() {
            "private, no-store"
        } else {
            "private, max-age=86400"
        };
        Ok(jpeg_or_nothing(jpeg, keep))
    })
    .await
    .unwrap_or_else(page::failed)
}

/// What a page asks for once it has been visible.
pub(crate) async fn here(State(desk): State<Shared>, name: NamePath, asker: Asker) -> Response {
    let name = share_name(name);
    desk.work(move |desk: &Desk| {
        let now_ms = clock::now_ms();
        if let Some(refusal) = desk.refusal(Kind::Picture, &asker, now_ms)? {
            return Ok(refusal);
        }
        reach(desk, &name, &asker, Reached::Confirmed, now_ms)?;
        let headers = [
            (header::CONTENT_TYPE, "image/gif"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        Ok((headers, POINT_GIF.as_slice()).into_response())
    })
    .await
    .unwrap_or_else(page::failed)
}

fn reach(
    desk: &Desk,
    name: &str,
    asker: &Asker,
    reached: Reached,
    now_ms: i64,
) -> Result<(), StoreError> {
    if !asker.counts_within() {
        return Ok(());
    }
    let store = &desk.hub.store;
    let who = LinkVisitor {
        visitor: asker.visitor(store, now_ms)?,
        grade: asker.grade(),
        is_crowded: is_crowded(desk, asker, now_ms)?,
    };
    begun(
        desk,
        asker,
        store.reach(name, who, reached, now_ms)?,
        now_ms,
    )
}

/// Who asks, where asking counts.
fn link_visitor(
    desk: &Desk,
    asker: &Asker,
    now_ms: i64,
) -> Result<Option<LinkVisitor>, StoreError> {
    let Some(visitor) = asker.counted(&desk.hub.store, now_ms)? else {
        return Ok(None);
    };
    Ok(Some(LinkVisitor {
        visitor,
        grade: asker.grade(),
        is_crowded: is_crowded(desk, asker, now_ms)?,
    }))
}

fn is_crowded(desk: &Desk, asker: &Asker, now_ms: i64) -> Result<bool, StoreError> {
    let networks = asker.networks(&desk.hub.store, now_ms)?;
    Ok(desk.limits.is_spent(Kind::Visit, &networks, now_ms))
}

/// Notes for the limits, or among the floods, what a request has begun.
fn begun(desk: &Desk, asker: &Asker, begun: Begun, now_ms: i64) -> Result<(), StoreError> {
    match begun {
        Begun::Nothing => {}
        Begun::New => {
            let networks = asker.networks(&desk.hub.store, now_ms)?;
            // Whether there was one left was asked before; two at one time may both take the last.
            let _ = desk.limits.take(Kind::Visit, &networks, now_ms);
        }
        Begun::Flood => desk.count_refused(Refusal::FloodVisit, now_ms),
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
        None => page::nothing_here(),
    }
}

/// Names are lower case; some programs change the case of what they pass on.
fn share_name(name: NamePath) -> String {
    name.map(|Path(name)| name.to_ascii_lowercase())
        .unwrap_or_default()
}
