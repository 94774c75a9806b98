//! Drafts, for programs.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use passerby_protocol::toml_fields::Problem as Finding;
use passerby_protocol::{CampaignId, ScreenNumber, foreign};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::drafts::archive::ArchiveFault;
use crate::drafts::desk::{self, Added, DeskFault};
use crate::drafts::file::FileFault;
use crate::drafts::look::PublishFault;
use crate::drafts::names::is_folder_name;
use crate::people::Actor;
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, limit, made, not_here, of_store, ok};
use crate::server::api::calls::received::{self, For};
use crate::server::api::gate::{Caller, Sent};
use crate::server::console::fields::Fields;
use crate::server::console::pages::drafts::begin::kind_of;
use crate::server::console::pages::drafts::common::{is_looked_at, looked_at_by};
use crate::server::console::pages::drafts::files::archive;
use crate::server::console::pages::drafts::finish::note_of;
use crate::server::problem::Problem;
use crate::store::{
    ChosenScreens, Draft, DraftChange, DraftError, DraftRow, DraftState, FilmJob, NewDraft, Store,
};
use crate::system::clock;
use crate::templates;

fn id_of(text: &str) -> Result<CampaignId, Problem> {
    text.parse().map_err(|_| not_here())
}

fn busy() -> Problem {
    let title = "so much is under way that this has to wait";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, title).retry_after_s(60)
}

fn of_draft(error: DraftError) -> Problem {
    match error {
        DraftError::Store(error) => of_store(error),
        DraftError::Changed { .. } => {
            Problem::new(StatusCode::PRECONDITION_FAILED, error.to_string())
        }
        DraftError::Taken(_)
        | DraftError::TooManyDrafts
        | DraftError::Full
        | DraftError::FilmsWait
        | DraftError::Quota(_)
        | DraftError::TooManyFilms
        | DraftError::FilmElsewhere(_)
        | DraftError::NotSubmitted
        | DraftError::Slot(_)
        | DraftError::Claim(_) => Problem::new(StatusCode::CONFLICT, error.to_string()),
        DraftError::TooManyFiles | DraftError::OtherScreens | DraftError::Publish(_) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        }
    }
}

fn of_desk(fault: DeskFault) -> Problem {
    match fault {
        DeskFault::Draft(error) => of_draft(error),
        DeskFault::Disk(_) | DeskFault::Archive(ArchiveFault::Disk(_) | ArchiveFault::Blob(_)) => {
            tracing::error!(error = %fault, "a draft was not kept");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the hub cannot write its files",
            )
            .retry_after_s(30)
        }
        DeskFault::Nothing(told) => {
            let reasons = told.left_out.iter();
            let reasons: Vec<String> = reasons
                .map(|(name, reason)| format!("{name}: {reason}"))
                .collect();
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing was taken")
                .detail(reasons.join("; "))
        }
        other => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
    }
}

/// The revision that the caller has seen, as `If-Match` has it.
fn seen(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(said) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let said = said.to_str().ok().map(|said| said.trim().trim_matches('"'));
    let seen = said.and_then(|said| said.parse().ok());
    seen.map(Some).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "If-Match is a revision, such as \"3\"",
        )
    })
}

fn row(row: &DraftRow) -> Value {
    json!({
        "campaign": row.campaign,
        "state": row.state,
        "group": row.group,
        "changed_by": foreign::escaped(&row.changed_by),
        "changed_ms": row.changed_ms,
        "files": row.files,
        "as_published": row.is_as_published,
    })
}

fn findings(found: &[Finding]) -> Vec<Value> {
    let found = found.iter();
    found
        .map(|one| json!({ "file": one.file, "line": one.line, "message": one.message, "fault": one.fault }))
        .collect()
}

fn film(film: &FilmJob) -> Value {
    json!({
        "film": film.id,
        "file": film.name,
        "creative": film.source.to_string(),
        "state": film.state,
        "permille": film.permille,
        "reasons": film.reasons,
        "told": foreign::escaped(&film.told),
        "made": film.result.map(|made| made.to_string()),
        "by": foreign::escaped(&film.made_by),
        "since_ms": film.made_ms,
    })
}

fn facts(draft: &Draft) -> Value {
    let files: Vec<Value> = draft
        .files
        .iter()
        .map(|file| json!({ "file": file.name, "creative": file.digest.to_string(), "bytes": file.size, "media_type": file.media_type }))
        .collect();
    let found = draft.found.as_ref().filter(|_| is_looked_at(draft));
    json!({
        "draft": row(&draft.row),
        "revision": draft.revision,
        "text": draft.row.text,
        "note": foreign::escaped(&draft.note),
        "screens": draft.targets.screens,
        "groups": draft.targets.groups,
        "files": files,
        "films": draft.films.iter().map(film).collect::<Vec<_>>(),
        "looked_at": found.is_some(),
        "problems": found.map_or_else(Vec::new, |found| findings(&found.problems)),
        "notes": found.map_or_else(Vec::new, |found| findings(&found.notes)),
        "version": draft.version,
    })
}

async fn find(app: &Shared, actor: &Arc<Actor>, id: &str) -> Result<Draft, Problem> {
    let (actor, id) = (Arc::clone(actor), id_of(id)?);
    let found = app
        .work(move |app| app.hub.store.draft(&id, actor.scope()))
        .await;
    found.map_err(of_store)?.ok_or_else(not_here)
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    fields: Fields,
) -> Answer {
    let count = limit(&fields);
    let state = match fields.word("state") {
        Some("submitted") => Some(DraftState::Submitted),
        Some("draft") => Some(DraftState::Draft),
        _ => None,
    };
    let rows = app
        .work(move |app| {
            let after = fields.get("after");
            app.hub.store.drafts(state, after, actor.scope(), count + 1)
        })
        .await;
    let mut rows = rows.map_err(of_store)?;
    let has_more = rows.len() > count;
    rows.truncate(count);
    let next = rows.last().filter(|_| has_more);
    let next = next.map(|row| row.campaign.clone());
    let rows: Vec<Value> = rows.iter().map(row).collect();
    ok(json!({ "drafts": rows, "next": next }))
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let draft = find(&app, &actor, &id).await?;
    ok(facts(&looked_at_by(&app, &actor, draft).await))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Beginning {
    campaign: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    template: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    group: String,
}

pub(in crate::server::api) async fn begin(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let asked: Beginning = sent.json()?;
    let wrong = |title: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, title);
    let kind = match asked.template.as_deref() {
        None => None,
        Some(word) => Some(kind_of(word).ok_or_else(|| wrong("there is no such template"))?),
    };
    let language = match asked.language.as_deref() {
        Some("zh") => templates::Language::Zh,
        None | Some("en") => templates::Language::En,
        Some(_) => return Err(wrong("language is zh or en")),
    };
    let id = asked.campaign.parse::<CampaignId>();
    let id = id.map_err(|error| wrong(&error.to_string()))?;
    if !is_folder_name(&id) {
        return Err(wrong(
            "use a name that is a folder's on every computer: no : ? * \" < > | # %, at most 200 bytes",
        ));
    }
    let by = Arc::clone(&actor);
    let id = app
        .work(move |app| {
            let now_ms = clock::now_ms();
            if let Some(kind) = kind {
                let how = (kind, language);
                return desk::begin_with_template(
                    &app.hub,
                    &by,
                    how,
                    id.as_str(),
                    &asked.group,
                    now_ms,
                );
            }
            let new = NewDraft {
                text: asked.text,
                group: asked.group,
                ..NewDraft::default()
            };
            app.hub.store.make_draft(&by, &id, &new, now_ms)?;
            Ok(id)
        })
        .await
        .map_err(of_desk)?;
    made(facts(&find(&app, &actor, id.as_str()).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    text: Option<String>,
    screens: Option<BTreeSet<ScreenNumber>>,
    groups: Option<BTreeSet<String>>,
    #[serde(default)]
    remove: Vec<String>,
}

pub(in crate::server::api) async fn change(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    sent: Sent,
) -> Answer {
    let (asked, seen) = (sent.json::<Change>()?, seen(&headers)?);
    let draft = find(&app, &actor, &id).await?;
    let targets = (asked.screens.is_some() || asked.groups.is_some()).then(|| ChosenScreens {
        screens: asked.screens.unwrap_or_default(),
        groups: asked.groups.unwrap_or_default(),
    });
    let change = DraftChange {
        text: asked.text,
        targets,
        remove: asked.remove,
        ..DraftChange::default()
    };
    let by = Arc::clone(&actor);
    let changed = app
        .work(move |app| {
            let id = &draft.row.campaign;
            let store = &app.hub.store;
            store.change_draft(&by, id, seen, &change, clock::now_ms())
        })
        .await;
    changed.map_err(of_draft)?;
    ok(facts(&find(&app, &actor, &id).await?))
}

pub(in crate::server::api) async fn delete(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let deleted = app
        .work(move |app| app.hub.store.delete_draft(&actor, &id, clock::now_ms()))
        .await;
    deleted.map_err(of_draft)?;
    ok(json!({}))
}

fn added(told: &Added) -> Value {
    let left_out = told.left_out.iter();
    let left_out: Vec<Value> = left_out
        .map(|(file, reason)| {
            let fault = match reason {
                FileFault::Content(told) => told.fault.as_ref(),
                _ => None,
            };
            json!({ "file": file, "reason": reason.to_string(), "fault": fault })
        })
        .collect();
    let elsewhere = told.elsewhere.iter();
    let elsewhere: Vec<Value> = elsewhere
        .map(
            |(file, place)| json!({ "file": file, "campaign": place.campaign, "name": place.name }),
        )
        .collect();
    json!({ "added": told.added, "left_out": left_out, "elsewhere": elsewhere })
}

pub(in crate::server::api) async fn add_file(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    fields: Fields,
    request: Request,
) -> Answer {
    let seen = seen(request.headers())?;
    let draft = find(&app, &actor, &id).await?;
    let draft = draft.as_seen(seen).map_err(of_draft)?;
    let replaces = fields.get("replace") == "yes";
    let into = For {
        draft: Some(&draft.row.campaign),
        replaces,
    };
    let came = received::read(&app, &actor, fields.get("name"), into, request).await?;
    let told = app
        .work(move |app| {
            let came = came;
            let files = std::slice::from_ref(&came.file);
            desk::add_files(&app.hub, &actor, &draft, files, replaces, clock::now_ms())
        })
        .await;
    ok(added(&told.map_err(of_desk)?))
}

/// A change of a film of a draft, at a moment in Unix milliseconds.
type FilmChange = fn(&Store, &Actor, (&CampaignId, i64), i64) -> Result<(), DraftError>;

async fn with_film(
    app: &Shared,
    actor: &Arc<Actor>,
    id: &str,
    film: i64,
    change: FilmChange,
) -> Answer {
    let (campaign, by) = (id_of(id)?, Arc::clone(actor));
    let changed = app
        .work(move |app| change(&app.hub.store, &by, (&campaign, film), clock::now_ms()))
        .await;
    changed.map_err(of_draft)?;
    ok(facts(&find(app, actor, id).await?))
}

pub(in crate::server::api) async fn call_film_off(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path((id, film)): Path<(String, i64)>,
) -> Answer {
    with_film(&app, &actor, &id, film, Store::call_film_off).await
}

pub(in crate::server::api) async fn try_film_again(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path((id, film)): Path<(String, i64)>,
) -> Answer {
    with_film(&app, &actor, &id, film, Store::try_film_again).await
}

pub(in crate::server::api) async fn import(
    State(app): State<Shared>,
    Caller(actor): Caller,
    fields: Fields,
    request: Request,
) -> Answer {
    let came = received::read(&app, &actor, fields.get("name"), For::default(), request).await?;
    let (id, told) = app
        .work(move |app| {
            let came = came;
            let how = (fields.get("group"), fields.get("replace") == "yes");
            desk::import(&app.hub, &actor, &came.file, how, clock::now_ms())
        })
        .await
        .map_err(of_desk)?;
    let mut answer = added(&told);
    answer["campaign"] = json!(id);
    made(answer)
}

pub(in crate::server::api) async fn export(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let draft = find(&app, &actor, &id).await?;
    let place = app.work_of_people.archives.take(&actor).ok_or_else(busy)?;
    let packed = app
        .work(move |app| desk::export(&app.hub, &draft))
        .await
        .map_err(of_desk)?;
    Ok(archive(packed, place, &id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    #[serde(default)]
    note: String,
}

pub(in crate::server::api) async fn submit(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    sent: Sent,
) -> Answer {
    let (draft_id, seen) = (id_of(&id)?, seen(&headers)?);
    let note = note_of(&sent.json::<Note>()?.note);
    let by = Arc::clone(&actor);
    let handed_in = app
        .work(move |app| {
            let store = &app.hub.store;
            store.submit_draft(&by, &draft_id, seen, &note, clock::now_ms())
        })
        .await;
    handed_in.map_err(of_draft)?;
    ok(facts(&find(&app, &actor, &id).await?))
}

pub(in crate::server::api) async fn send_back(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let draft_id = id_of(&id)?;
    let note = note_of(&sent.json::<Note>()?.note);
    let by = Arc::clone(&actor);
    let sent_back = app
        .work(move |app| {
            let store = &app.hub.store;
            store.return_draft(&by, &draft_id, &note, clock::now_ms())
        })
        .await;
    sent_back.map_err(of_draft)?;
    ok(facts(&find(&app, &actor, &id).await?))
}

pub(in crate::server::api) async fn publish(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let seen = seen(&headers)?;
    let draft = find(&app, &actor, &id).await?;
    let draft = draft.as_seen(seen).map_err(of_draft)?;
    let turn = app.work_of_people.look_turn(&actor).await;
    let turn = turn.ok_or_else(busy)?;
    let published = app
        .work(move |app| {
            let _turn = turn;
            app.looker
                .publish(&app.hub, &actor, &draft, clock::now_ms())
        })
        .await;
    let screens = published.map_err(|fault| match fault {
        PublishFault::Draft(error) => of_draft(error),
        PublishFault::Problems(found) => {
            let said: Vec<String> = found.problems.iter().map(Finding::to_string).collect();
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "it cannot be shown as it is",
            )
            .detail(said.join("\n"))
        }
        other => {
            tracing::error!(error = %other, "a draft was not published");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "it cannot be published now",
            )
            .retry_after_s(30)
        }
    })?;
    ok(json!({ "screens": screens.len() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Copy {
    name: String,
}

pub(in crate::server::api) async fn copy(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let name = sent.json::<Copy>()?.name;
    let draft = find(&app, &actor, &id).await?;
    let by = Arc::clone(&actor);
    let copied = app
        .work(move |app| desk::copy(&app.hub, &by, &draft, &name, clock::now_ms()))
        .await;
    let id = copied.map_err(of_desk)?;
    made(facts(&find(&app, &actor, id.as_str()).await?))
}

pub(in crate::server::api) async fn of_published(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let campaign = id_of(&id)?;
    let by = Arc::clone(&actor);
    let begun = app
        .work(move |app| {
            let store = &app.hub.store;
            store.draft_of_published(&by, &campaign, clock::now_ms())
        })
        .await;
    begun.map_err(of_draft)?;
    ok(facts(&find(&app, &actor, &id).await?))
}

pub(in crate::server::api) async fn versions(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let read = app
        .work(move |app| app.hub.store.versions(&id, actor.scope()))
        .await;
    let versions = read.map_err(of_store)?.ok_or_else(not_here)?;
    ok(json!({ "versions": versions }))
}

pub(in crate::server::api) async fn take_version(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path((id, number)): Path<(String, u64)>,
) -> Answer {
    let campaign = id_of(&id)?;
    let by = Arc::clone(&actor);
    let taken = app
        .work(move |app| {
            let store = &app.hub.store;
            store.take_version(&by, &campaign, number, clock::now_ms())
        })
        .await;
    taken.map_err(of_draft)?;
    ok(facts(&find(&app, &actor, &id).await?))
}
