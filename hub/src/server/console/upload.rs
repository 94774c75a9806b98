//! What comes with a form that has files or long texts.
//!
//! Invariants: nothing of a form is kept before its first field has the word of its session; files
//! go to the disk as they come; files, texts and bytes each have a maximum.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Request};
use axum::response::Response;
use passerby_protocol::creative::CreativeKind;
use passerby_protocol::limits::VIDEO_BYTES_MAX;
use subtle::ConstantTimeEq as _;
use tokio::io::AsyncWriteExt as _;

use crate::drafts::file::{Received, TEXT_BYTES_MAX, UPLOAD_BYTES_MAX, UPLOAD_FILES_MAX};
use crate::server::Shared;
use crate::server::body::Unread;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::refusals;
use crate::server::multipart::{Multipart, MultipartFault, Source, boundary};
use crate::server::places::Place;
use crate::sources::work_folder::WorkFolder;

/// Most fields of a form without files.
const FIELDS_MAX: usize = 400;

/// What came. The files lie in the folder, which goes with it, and so does the place.
pub(crate) struct Upload {
    pub(crate) fields: Fields,
    pub(crate) files: Vec<Received>,
    _folder: WorkFolder,
    _place: Place,
}

enum Fault {
    Form,
    Foreign,
    TooLarge,
    Full,
    Disk(std::io::Error),
}

impl From<MultipartFault> for Fault {
    fn from(fault: MultipartFault) -> Self {
        match fault {
            MultipartFault::Form => Self::Form,
            MultipartFault::Cut | MultipartFault::Long => Self::TooLarge,
        }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Reads a form.
///
/// # Errors
/// The page that says why it was not taken.
pub(crate) async fn read(
    app: &Shared,
    asker: &Asker,
    request: Request,
) -> Result<Upload, Response> {
    let visitor = &asker.visitor;
    let Some(place) = app.work_of_people.uploads.take(&asker.actor) else {
        return Err(refusals::too_fast(visitor, 10));
    };
    let Some(boundary) = boundary(request.headers()) else {
        return Err(refusals::damaged_form(visitor));
    };
    let Ok(unread) = Unread::from_request(request, &()).await;
    let pieces = unread.pieces();
    let is_large = |length: usize| u64::try_from(length).unwrap_or(u64::MAX) > UPLOAD_BYTES_MAX;
    if pieces.length.is_some_and(is_large) {
        return Err(refusals::too_large(visitor));
    }
    let actor = Arc::clone(&asker.actor);
    let room = app.work(move |app| app.hub.store.room_for(&actor)).await;
    let room = match room {
        Ok(room) => room.unwrap_or(u64::MAX),
        Err(error) => return Err(refusals::failed(visitor, &error)),
    };
    // A form has words of its own beside its files.
    let most = room.saturating_add(TEXT_BYTES_MAX);
    let is_more = |length: usize| u64::try_from(length).unwrap_or(u64::MAX) > most;
    if pieces.length.is_some_and(is_more) {
        return Err(refusals::full(visitor));
    }
    let folder = app
        .work(|app| WorkFolder::make(app.hub.folder(), "upload"))
        .await;
    let taken = match folder {
        Ok(folder) => {
            let form = Multipart::new(pieces, &boundary);
            take(asker, form, (folder, place), room).await
        }
        Err(error) => Err(error.into()),
    };
    taken.map_err(|fault| match fault {
        Fault::Form => refusals::damaged_form(visitor),
        Fault::Foreign => refusals::foreign_form(visitor),
        Fault::TooLarge => refusals::too_large(visitor),
        Fault::Full => refusals::full(visitor),
        Fault::Disk(error) => {
            tracing::error!(%error, "an upload was not kept");
            refusals::later(visitor)
        }
    })
}

async fn take<S: Source>(
    asker: &Asker,
    mut form: Multipart<S>,
    (folder, place): (WorkFolder, Place),
    room: u64,
) -> Result<Upload, Fault> {
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    let (mut bytes, mut text_bytes) = (0_u64, 0_u64);
    let mut is_theirs = false;
    while let Some(head) = form.next_part().await? {
        if let Some(name) = head.file {
            if !is_theirs {
                return Err(Fault::Foreign);
            }
            let path = folder.path().join(files.len().to_string());
            let mut file = tokio::fs::File::create(&path).await?;
            let kind = CreativeKind::of_name(&name);
            // What is no creative may be an archive.
            let mut left = kind.map_or(VIDEO_BYTES_MAX, CreativeKind::bytes_max);
            while let Some(piece) = form.next_piece().await? {
                let length = piece.len() as u64;
                bytes += length;
                left = left.checked_sub(length).ok_or(Fault::TooLarge)?;
                if bytes > UPLOAD_BYTES_MAX {
                    return Err(Fault::TooLarge);
                }
                if bytes > room {
                    return Err(Fault::Full);
                }
                file.write_all(&piece).await?;
            }
            file.flush().await?;
            // A field in which nothing was chosen comes as a file without a name.
            if name.is_empty() {
                continue;
            }
            if files.len() == UPLOAD_FILES_MAX {
                return Err(Fault::TooLarge);
            }
            files.push(Received { name, path });
        } else {
            let mut value = Vec::new();
            while let Some(piece) = form.next_piece().await? {
                text_bytes += piece.len() as u64;
                if text_bytes > TEXT_BYTES_MAX {
                    return Err(Fault::TooLarge);
                }
                value.extend(piece);
            }
            let value = String::from_utf8(value).map_err(|_| Fault::Form)?;
            if !is_theirs {
                let word = asker.csrf();
                let is_word: bool = value.as_bytes().ct_eq(word.as_bytes()).into();
                if head.name != "csrf" || !is_word {
                    return Err(Fault::Foreign);
                }
                is_theirs = true;
            } else if fields.len() == FIELDS_MAX {
                return Err(Fault::TooLarge);
            } else {
                // Forms end lines as RFC 7578 says; texts end them with one character.
                fields.push((head.name, value.replace("\r\n", "\n")));
            }
        }
    }
    if !is_theirs {
        return Err(Fault::Foreign);
    }
    Ok(Upload {
        fields: Fields::of_pairs(fields),
        files,
        _folder: folder,
        _place: place,
    })
}
