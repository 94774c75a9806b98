//! A file that is the body of a call.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Request};
use axum::http::StatusCode;
use passerby_protocol::CampaignId;
use passerby_protocol::creative::CreativeKind;
use tokio::io::AsyncWriteExt as _;

use crate::drafts::file::{Received, UPLOAD_BYTES_MAX};
use crate::people::Actor;
use crate::server::Shared;
use crate::server::api::calls::errors::of_store;
use crate::server::body::Unread;
use crate::server::places::Place;
use crate::server::problem::Problem;
use crate::sources::work_folder::WorkFolder;
use crate::store::Whose;

/// The file, which lies in the folder; both go with it, and so does the place.
pub(super) struct Came {
    pub(super) file: Received,
    _folder: WorkFolder,
    _place: Place,
}

/// Where a file goes.
#[derive(Default)]
pub(super) struct For<'a> {
    /// The draft, if there is one yet.
    pub(super) draft: Option<&'a CampaignId>,
    /// Whether it is in place of one there.
    pub(super) replaces: bool,
}

/// Writes a body to the disk as it comes, and no more of it than there is room for.
///
/// # Errors
/// It is too large, or does not arrive; the disk fails.
pub(super) async fn read(
    app: &Shared,
    actor: &Arc<Actor>,
    name: &str,
    into: For<'_>,
    request: Request,
) -> Result<Came, Problem> {
    let Some(place) = app.work_of_people.uploads.take(actor) else {
        let title = "too many uploads at a time";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, title).retry_after_s(10));
    };
    let kind = CreativeKind::of_name(name);
    // What is no creative may be an archive.
    let bytes_max = kind.map_or(UPLOAD_BYTES_MAX, CreativeKind::bytes_max);
    let (by, draft) = (Arc::clone(actor), into.draft.cloned());
    let room = app
        .work(move |app| app.hub.store.room_for(&by, draft.as_ref()))
        .await;
    let room = room.map_err(of_store)?;
    let full = || {
        let whose = room.whose.map_or("there is no room for it", Whose::said);
        let title = format!(
            "{whose}; delete drafts that nobody needs, or ask whoever runs the hub for more"
        );
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, title)
    };
    let room = room.bytes(into.replaces);
    let Ok(unread) = Unread::from_request(request, &()).await;
    let mut pieces = unread.pieces();
    let is_more = |length: usize| u64::try_from(length).unwrap_or(u64::MAX) > room;
    if pieces.length.is_some_and(is_more) {
        return Err(full());
    }
    let folder = app
        .work(|app| WorkFolder::make(app.hub.folder(), "upload"))
        .await
        .map_err(|error| of_disk(&error))?;
    let path = folder.path().join("0");
    let mut file = tokio::fs::File::create(&path)
        .await
        .map_err(|error| of_disk(&error))?;
    let mut bytes = 0_u64;
    while let Some(piece) = pieces.next().await? {
        bytes += piece.len() as u64;
        if bytes > bytes_max {
            let title = format!("the file is larger than {bytes_max} bytes");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, title));
        }
        if bytes > room {
            return Err(full());
        }
        file.write_all(&piece)
            .await
            .map_err(|error| of_disk(&error))?;
    }
    file.flush().await.map_err(|error| of_disk(&error))?;
    Ok(Came {
        file: Received {
            name: name.to_owned(),
            path,
        },
        _folder: folder,
        _place: place,
    })
}

fn of_disk(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "an upload was not kept");
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "the hub cannot write its files",
    )
    .retry_after_s(30)
}
