//! Previews for people and their programs: which placement, on which screen, and the wait for it.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::token::SAMPLE;
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{CampaignId, ScreenNumber};

use crate::drafts::look::{LookFault, folder_of};
use crate::drafts::subjects::SubjectFault;
use crate::people::{Actor, Right};
use crate::publish::preview::files::draw_published;
use crate::publish::preview::{Asked, DrawError, Drawers, Preview, Subject, View};
use crate::server::console::fields::Fields;
use crate::server::{AppState, Shared};
use crate::store::{PublishedPlacement, StoreError};
use crate::system::clock;

/// How long an answer waits for a picture; whoever comes again finds it.
const WAIT: Duration = Duration::from_secs(12);
/// After how many seconds it is worth to come again.
pub(in crate::server) const AGAIN_S: u32 = 3;
/// Clocks on previews show full hours, so that one is drawn once an hour at most.
const HOUR_MS: i64 = 3_600_000;
/// A television that lies, and one that stands.
const LANDSCAPE: (u32, u32) = (1_920, 1_080);
const PORTRAIT: (u32, u32) = (1_080, 1_920);

/// Why there is no preview.
#[derive(Debug)]
pub(in crate::server) enum NoPreview {
    /// There is no such placement or screen, or the asker has nothing to do with it.
    NotHere,
    /// The screen has not said yet how many pixels it has.
    NoSize,
    /// It is being drawn, or waits to be.
    Later,
    /// The draft cannot be read as it is.
    Unread(Vec<Problem>),
    /// It could not be drawn.
    Failed(DrawError),
    /// The database fails.
    Store(StoreError),
}

impl From<StoreError> for NoPreview {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SubjectFault> for NoPreview {
    fn from(fault: SubjectFault) -> Self {
        match fault {
            SubjectFault::NotHere => Self::NotHere,
            SubjectFault::Problems(problems) => Self::Unread(problems),
            SubjectFault::Look(LookFault::Store(error)) => Self::Store(error),
            SubjectFault::Look(other) => Self::Failed(not_read(&other)),
        }
    }
}

/// Draws what the fields `shape`, `width` and `height`, or `screen` and `turned` ask for. The
/// placement is counted from 1.
pub(in crate::server) async fn of_published(
    app: &Shared,
    actor: &Arc<Actor>,
    (campaign, placement): (&str, &str),
    fields: &Fields,
) -> Result<Arc<Preview>, NoPreview> {
    let id: CampaignId = campaign.parse().map_err(|_| NoPreview::NotHere)?;
    let placement = placement.parse::<usize>().ok();
    let placement = placement.and_then(|number| number.checked_sub(1));
    let placement = placement.ok_or(NoPreview::NotHere)?;
    let found = {
        let (actor, fields) = (Arc::clone(actor), fields.clone());
        app.work(move |app| {
            let view = view_of(app, &actor, &fields)?;
            let store = &app.hub.store;
            let published = store.published_placement(&id, placement, actor.scope())?;
            let published = published.ok_or(NoPreview::NotHere)?;
            let asked = asked_of(app, published.subject.clone(), view);
            let known = app.previews.drawn(&asked);
            Ok::<_, NoPreview>((published, asked, known))
        })
        .await?
    };
    let (PublishedPlacement { sizes, .. }, asked, known) = found;
    if let Some(known) = known {
        return Ok(Arc::new(known));
    }
    let (own, wanted) = (Arc::clone(app), asked.clone());
    drawn(app, &asked, move |drawers| {
        let hub = &own.hub;
        draw_published(drawers, &hub.blobs, hub.folder(), wanted, &sizes)
    })
    .await
}

/// The same of a draft, as it is now. The place is counted from 0.
pub(in crate::server) async fn of_draft(
    app: &Shared,
    actor: &Arc<Actor>,
    (campaign, place): (&str, usize),
    fields: &Fields,
) -> Result<Arc<Preview>, NoPreview> {
    let id: CampaignId = campaign.parse().map_err(|_| NoPreview::NotHere)?;
    let (draft, view, known) = {
        let (actor, fields) = (Arc::clone(actor), fields.clone());
        app.work(move |app| {
            let view = view_of(app, &actor, &fields)?;
            let draft = app.hub.store.draft(&id, actor.scope())?;
            let draft = draft.ok_or(NoPreview::NotHere)?;
            let known = app.subjects.known(&draft, place)?;
            Ok::<_, NoPreview>((draft, view, known))
        })
        .await?
    };
    let subject = match known {
        Some(known) => known,
        None => {
            // All of its files are fetched for that, which may be many.
            let turn = tokio::time::timeout(WAIT, app.work_of_people.folder_turn()).await;
            let turn = turn.map_err(|_| NoPreview::Later)?;
            let draft = draft.clone();
            app.work(move |app| {
                let _turn = turn;
                app.subjects.of(&app.hub, &draft, place)
            })
            .await?
        }
    };
    let (asked, known) = app
        .work(move |app| {
            let asked = asked_of(app, subject, view);
            let known = app.previews.drawn(&asked);
            (asked, known)
        })
        .await;
    if let Some(known) = known {
        return Ok(Arc::new(known));
    }
    let (own, wanted) = (Arc::clone(app), asked.clone());
    drawn(app, &asked, move |drawers| {
        let folder = folder_of(&own.hub, &draft.row.campaign, &draft.row.text, &draft.files)
            .map_err(|fault| not_read(&fault))?;
        drawers.draw(folder.path(), &wanted)
    })
    .await
}

/// What is said of a draft whose files the hub cannot read now: where they lie is for its log.
fn not_read(fault: &LookFault) -> DrawError {
    tracing::error!(error = %fault, "a draft was not made into a folder");
    DrawError::Files
}

/// What is to be drawn for a screen, with a code that counts nothing.
fn asked_of(app: &AppState, subject: Subject, view: View) -> Asked {
    let now_ms = clock::now_ms();
    Asked {
        subject,
        view,
        scan_base: app.public_url.scan_base(),
        token: SAMPLE.to_owned(),
        now_ms: now_ms - now_ms.rem_euclid(HOUR_MS),
    }
}

/// Has something drawn that was not drawn before, and waits for it a while.
pub(in crate::server) async fn drawn(
    app: &Shared,
    asked: &Asked,
    draw: impl FnOnce(&Drawers) -> Result<Preview, DrawError> + Send + 'static,
) -> Result<Arc<Preview>, NoPreview> {
    let told = app.previews.ask(asked, draw);
    let mut told = told.map_err(|_| NoPreview::Later)?;
    let waited = tokio::time::timeout(WAIT, told.wait_for(Option::is_some)).await;
    match waited {
        Ok(Ok(outcome)) => match &*outcome {
            Some(Ok(preview)) => Ok(Arc::clone(preview)),
            Some(Err(error)) => Err(NoPreview::Failed(error.clone())),
            None => Err(NoPreview::Later),
        },
        Ok(Err(_)) | Err(_) => Err(NoPreview::Later),
    }
}

/// The screen that somebody asks for.
fn view_of(app: &AppState, actor: &Actor, fields: &Fields) -> Result<View, NoPreview> {
    let size = if let Some(screen) = fields.word("screen") {
        if !actor.may(Right::SeeScreens) {
            return Err(NoPreview::NotHere);
        }
        let screen: ScreenNumber = screen.parse().map_err(|_| NoPreview::NotHere)?;
        let now_ms = clock::now_ms();
        let facts = (app.hub.store).screen_facts(screen, actor.scope(), (now_ms, now_ms))?;
        let heartbeat = facts.ok_or(NoPreview::NotHere)?.heartbeat;
        let [width, height] = heartbeat.ok_or(NoPreview::NoSize)?.screen_px;
        (width, height)
    } else if let (Some(width), Some(height)) = (fields.word("width"), fields.word("height")) {
        let side = |text: &str| text.parse().map_err(|_| NoPreview::Failed(DrawError::Size));
        (side(width)?, side(height)?)
    } else if fields.get("shape") == "portrait" {
        PORTRAIT
    } else {
        LANDSCAPE
    };
    // What hangs turned has its pixels as it lies.
    let (width, height) = match fields.word("turned") {
        Some(_) => (size.1, size.0),
        None => size,
    };
    let view = View::of_size(width, height);
    match (view.is_drawn(), fields.word("screen")) {
        (true, _) => Ok(view),
        (false, Some(_)) => Err(NoPreview::NoSize),
        (false, None) => Err(NoPreview::Failed(DrawError::Size)),
    }
}

/// The picture itself, for nobody else to keep.
pub(in crate::server) fn png(preview: &Preview) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, max-age=60"),
        ),
    ];
    (StatusCode::OK, headers, preview.png.clone()).into_response()
}
