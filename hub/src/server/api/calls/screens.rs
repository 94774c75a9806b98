//! Screens, for programs.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use passerby_protocol::ScreenNumber;
use passerby_protocol::limits::LINE_CHARS_MAX;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::keys::pairing_code::PairingCode;
use crate::people::{GROUP_CHARS_MAX, NameError, TAGS_MAX, group, line, place, way};
use crate::server::Shared;
use crate::server::api::calls::errors::{
    Answer, after_screen, limit, made, not_here, of_name, of_store, ok,
};
use crate::server::api::gate::{Caller, Sent};
use crate::server::console::fields::Fields;
use crate::server::console::pages::screen_frame::jpeg_of;
use crate::server::console::pages::screens::filter_of;
use crate::server::problem::Problem;
use crate::store::{EnrolError, KeyError, ScreenChange, ScreenFrame};
use crate::system::clock;

fn number(text: &str) -> Result<ScreenNumber, Problem> {
    text.parse().map_err(|_| not_here())
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    fields: Fields,
) -> Answer {
    let (filter, count) = (filter_of(&fields), limit(&fields));
    after_screen(&fields)?;
    let rows = app
        .work(move |app| {
            app.hub
                .store
                .screen_list(&filter, actor.scope(), count + 1, clock::now_ms())
        })
        .await;
    let mut rows = rows.map_err(of_store)?;
    let has_more = rows.len() > count;
    rows.truncate(count);
    let next = rows.last().filter(|_| has_more).map(|row| row.screen);
    ok(json!({ "screens": rows, "next": next }))
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(screen): Path<String>,
) -> Answer {
    let screen = number(&screen)?;
    let read = app
        .work(move |app| {
            let now_ms = clock::now_ms();
            let today_ms = clock::start_of(Some(clock::date_of(now_ms)), now_ms);
            let store = &app.hub.store;
            let facts = store.screen_facts(screen, actor.scope(), (today_ms, now_ms))?;
            Ok((facts, store.screen_frame(screen, now_ms)?))
        })
        .await;
    let (facts, frame) = read.map_err(of_store)?;
    let facts = facts.ok_or_else(not_here)?;
    let (said, today) = (facts.heartbeat.as_ref(), facts.today());
    let campaigns: Vec<&String> = facts.campaigns.iter().map(|(id, _)| id).collect();
    ok(json!({
        "screen": facts.row,
        "made_ms": facts.made_ms,
        "revoked_ms": facts.revoked_ms,
        "software": said.map(|said| &said.software),
        "clock_trusted": said.map(|said| said.clock_trusted),
        "plays_waiting": said.map(|said| said.plays_waiting),
        "disk_free_bytes": said.map(|said| said.disk_free_bytes),
        "campaigns": campaigns,
        "missing_plays": facts.missing,
        "plays_today": today.plays,
        "scans_today": today.scans,
        "frame": frame_of(&frame),
    }))
}

fn frame_of(frame: &ScreenFrame) -> Value {
    let last = frame.last.as_ref();
    json!({
        "taken_ms": last.map(|last| last.taken_ms),
        "width_px": last.map(|last| last.width_px),
        "height_px": last.map(|last| last.height_px),
        "play": last.map(|last| last.play),
        "campaign": last.map(|last| &last.campaign),
        "creative": last.map(|last| &last.creative),
        "wished_ms": frame.wished_ms,
    })
}

pub(in crate::server::api) async fn frame(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(screen): Path<String>,
) -> Answer {
    let screen = number(&screen)?;
    let found = app
        .work(move |app| app.hub.store.frame_picture(screen, actor.scope()))
        .await;
    let (_, jpeg) = found.map_err(of_store)?.ok_or_else(not_here)?;
    Ok(jpeg_of(jpeg, false))
}

pub(in crate::server::api) async fn ask_for_frame(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(screen): Path<String>,
) -> Answer {
    let screen = number(&screen)?;
    let asked = app
        .work(move |app| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            if store.screen_row(screen, actor.scope(), now_ms)?.is_none() {
                return Ok(None);
            }
            store.wish_for_frame(&actor, screen, now_ms)?;
            store.screen_frame(screen, now_ms).map(Some)
        })
        .await;
    let frame = asked.map_err(of_store)?.ok_or_else(not_here)?;
    ok(frame_of(&frame))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    group: Option<String>,
    tags: Option<Vec<String>>,
    place: Option<String>,
    way: Option<String>,
}

impl Change {
    fn read(self) -> Result<ScreenChange, NameError> {
        let tags = self.tags.map(|tags| {
            if tags.len() > TAGS_MAX {
                return Err(NameError::Many(TAGS_MAX));
            }
            tags.iter().map(|tag| line(tag, GROUP_CHARS_MAX)).collect()
        });
        Ok(ScreenChange {
            name: self
                .name
                .map(|name| line(&name, LINE_CHARS_MAX))
                .transpose()?,
            group: self.group.map(|text| group(&text)).transpose()?,
            tags: tags.transpose()?,
            place: self.place.map(|text| place(&text)).transpose()?,
            way: self.way.map(|text| way(&text)).transpose()?,
        })
    }
}

pub(in crate::server::api) async fn change(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(screen): Path<String>,
    sent: Sent,
) -> Answer {
    let screen = number(&screen)?;
    let change = sent.json::<Change>()?.read().map_err(of_name)?;
    let changed = app
        .work(move |app| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            store.change_screen(&actor, screen, &change, now_ms)?;
            store.screen_row(screen, actor.scope(), now_ms)
        })
        .await;
    let row = changed.map_err(of_store)?.ok_or_else(not_here)?;
    ok(json!(row))
}

fn of_key(error: KeyError) -> Problem {
    match error {
        KeyError::Store(error) => of_store(error),
        KeyError::UnknownScreen(_) => not_here(),
        other => Problem::new(StatusCode::CONFLICT, other.to_string()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    #[serde(default)]
    retire: bool,
}

pub(in crate::server::api) async fn revoke(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(screen): Path<String>,
    sent: Sent,
) -> Answer {
    let (screen, Revocation { retire }) = (number(&screen)?, sent.json()?);
    let revoked = app
        .work(move |app| {
            app.hub
                .store
                .revoke_screen(&actor, screen, retire, clock::now_ms())
        })
        .await;
    ok(json!({ "since_ms": revoked.map_err(of_key)?.since_ms }))
}

pub(in crate::server::api) async fn renew(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(screen): Path<String>,
) -> Answer {
    let screen = number(&screen)?;
    let renewed = app
        .work(move |app| {
            app.hub
                .store
                .renew_screen(&actor, screen, false, clock::now_ms())
        })
        .await;
    made(json!({ "token": renewed.map_err(of_key)?.token }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pairing {
    code: String,
    name: String,
    #[serde(default)]
    group: String,
}

pub(in crate::server::api) async fn pair(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let asked: Pairing = sent.json()?;
    let code = asked.code.parse::<PairingCode>();
    let code =
        code.map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    let name = line(&asked.name, LINE_CHARS_MAX).map_err(of_name)?;
    let group = group(&asked.group).map_err(of_name)?;
    let claimed = app
        .work(move |app| app.claim(&actor, &code, (&name, group.as_deref()), clock::now_ms()))
        .await;
    match claimed {
        Ok(claimed) => made(json!({ "screen": claimed.screen })),
        Err(EnrolError::Store(error)) => Err(of_store(error)),
        Err(EnrolError::Key(error)) => Err(of_key(error)),
        Err(error @ (EnrolError::Unknown | EnrolError::Expired)) => Err(Problem::new(
            StatusCode::NOT_FOUND,
            format!("this code is {error}"),
        )),
        Err(error) => Err(Problem::new(StatusCode::CONFLICT, error.to_string())),
    }
}
