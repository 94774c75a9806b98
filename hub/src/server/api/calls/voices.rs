//! Voices, for programs.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use passerby_protocol::CampaignId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::keys::Keys;
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, limit, not_here, of_store, ok};
use crate::server::api::gate::{Caller, Sent};
use crate::server::console::fields::Fields;
use crate::server::console::voice_changes::VoiceWish;
use crate::server::problem::Problem;
use crate::store::{VoiceFilter, VoiceRow, VoiceState};
use crate::system::clock;
use crate::voices::{Part, SaidWords, open_answer};

fn id_of(text: &str) -> Result<CampaignId, Problem> {
    text.parse().map_err(|_| not_here())
}

fn told(keys: &Keys, row: &VoiceRow) -> Value {
    let words = row.words.as_ref();
    let said = words.and_then(|words| SaidWords::open(keys, &row.name, &words.sealed));
    let answer = row.answer.as_ref();
    let answer = answer.and_then(|(sealed, at_ms)| {
        open_answer(keys, &row.name, sealed).map(|answer| (answer, *at_ms))
    });
    let is_removed = row.state == VoiceState::Removed;
    json!({
        "voice": row.name,
        "number": row.id,
        "state": row.state,
        "said_ms": row.said_ms,
        "screen": row.screen,
        "creative": row.creative,
        "generation": row.generation,
        "sentence": said.as_ref().map(|said| &said.sentence),
        "name": said.as_ref().map(|said| &said.name).filter(|name| !name.is_empty()),
        "has_picture": row.small_px.is_some(),
        "for_screen": words.is_some_and(|words| words.for_screen),
        "approved_ms": words.and_then(|words| words.approved_ms),
        "ends_ms": words.map(|words| words.ends_ms),
        "answer": answer.as_ref().filter(|_| !is_removed).map(|(answer, _)| answer),
        "reason": answer.as_ref().filter(|_| is_removed).map(|(answer, _)| answer),
        "answered_ms": answer.as_ref().map(|(_, at_ms)| at_ms),
    })
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    fields: Fields,
) -> Answer {
    let campaign = id_of(&id)?;
    let count = limit(&fields);
    let state = match fields.word("state") {
        Some(word) => Some(VoiceState::of_word(word).ok_or_else(|| {
            let said = "state is waiting, read, answered, removed, erased or expired";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, said)
        })?),
        None => None,
    };
    let filter = VoiceFilter {
        state,
        before: fields.get("before").parse().ok(),
    };
    let listed = app
        .work(move |app| {
            let store = &app.hub.store;
            let rows = store.campaign_voices(&campaign, actor.scope(), filter, count + 1)?;
            let keys = app.hub.keys();
            Ok(rows.map(|mut rows| {
                let has_more = rows.len() > count;
                rows.truncate(count);
                let next = rows.last().filter(|_| has_more).map(|row| row.id);
                let rows: Vec<Value> = rows.iter().map(|row| told(keys, row)).collect();
                json!({ "voices": rows, "next": next })
            }))
        })
        .await;
    ok(listed.map_err(of_store)?.ok_or_else(not_here)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(rename = "do")]
    what: String,
    #[serde(default)]
    text: String,
}

pub(in crate::server::api) async fn change(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path((id, voice)): Path<(String, String)>,
    sent: Sent,
) -> Answer {
    let campaign = id_of(&id)?;
    let asked: Change = sent.json()?;
    let wish = VoiceWish::read(&asked.what, &asked.text)
        .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    let changed = app
        .work(move |app| wish.fulfil(app, &actor, (&campaign, &voice), clock::now_ms()))
        .await;
    if changed.map_err(of_store)? {
        ok(json!({}))
    } else {
        Err(not_here())
    }
}

pub(in crate::server::api) async fn picture(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path((id, voice)): Path<(String, String)>,
) -> Answer {
    let campaign = id_of(&id)?;
    let read = app
        .work(move |app| {
            let of = Some((&campaign, actor.scope()));
            let sealed = app.hub.store.voice_picture(&voice, false, of)?;
            let open = |sealed: Vec<u8>| Part::Picture.open(app.hub.keys(), &voice, &sealed);
            Ok(sealed.and_then(open))
        })
        .await;
    let jpeg = read.map_err(of_store)?.ok_or_else(not_here)?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, jpeg).into_response())
}
