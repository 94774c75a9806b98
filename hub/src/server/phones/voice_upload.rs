//! A form with a picture, from the phone of somebody who is known to have the link.
//!
//! Invariants: no more is read than a picture and a form's words may have, and that is judged by
//! what its sender announces and by what comes; the picture goes to the disk as it comes, into a
//! folder that goes with it; there are places for some at one time.

use std::sync::Arc;

use axum::http::HeaderMap;
use tokio::io::AsyncWriteExt as _;

use crate::publish::visitor_picture::FILE_NAME;
use crate::server::Shared;
use crate::server::body::Unread;
use crate::server::multipart::{Multipart, MultipartFault, Source, boundary};
use crate::server::phones::form::FormFields;
use crate::sources::work_folder::WorkFolder;
use crate::voices::PICTURE_BYTES_MAX;

/// Most bytes of a form beside its picture.
const TEXT_BYTES_MAX: u64 = 16 << 10;
/// Most fields of one.
const FIELDS_MAX: usize = 20;

/// What came.
pub(crate) struct Sent {
    pub(crate) fields: FormFields,
    /// The folder with the picture; none where there is none.
    pub(crate) picture: Option<WorkFolder>,
}

/// Says why a form was not taken.
#[derive(Debug)]
pub(crate) enum UploadFault {
    /// It is none of ours, or did not arrive whole.
    Form,
    /// The picture is larger than it may be.
    TooLarge,
    /// Too many come at this time.
    Busy,
    /// It could not be kept.
    Disk(std::io::Error),
}

impl From<MultipartFault> for UploadFault {
    fn from(_: MultipartFault) -> Self {
        Self::Form
    }
}

impl From<std::io::Error> for UploadFault {
    fn from(error: std::io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Reads a form, with a picture if it may have one.
///
/// # Errors
/// See [`UploadFault`].
pub(crate) async fn read(
    app: &Shared,
    headers: &HeaderMap,
    unread: Unread,
    may_have_picture: bool,
) -> Result<Sent, UploadFault> {
    let Some(boundary) = boundary(headers) else {
        let bytes = unread.small().await.map_err(|_| UploadFault::Form)?;
        let fields = FormFields::of_body(bytes).await.ok_or(UploadFault::Form)?;
        return Ok(Sent {
            fields,
            picture: None,
        });
    };
    let Ok(_place) = Arc::clone(&app.phone_uploads).try_acquire_owned() else {
        unread.discard();
        return Err(UploadFault::Busy);
    };
    let pieces = unread.pieces();
    let most = PICTURE_BYTES_MAX + TEXT_BYTES_MAX;
    let is_large = |length: usize| u64::try_from(length).unwrap_or(u64::MAX) > most;
    if pieces.length.is_some_and(is_large) {
        return Err(UploadFault::TooLarge);
    }
    take(app, Multipart::new(pieces, &boundary), may_have_picture).await
}

async fn take<S: Source>(
    app: &Shared,
    mut form: Multipart<S>,
    may_have_picture: bool,
) -> Result<Sent, UploadFault> {
    let (mut fields, mut text_bytes, mut picture) = (Vec::new(), 0_u64, None);
    while let Some(head) = form.next_part().await? {
        // A field in which nothing was chosen comes as a file without a name.
        if head.file.as_ref().is_some_and(|file| !file.is_empty()) {
            if !may_have_picture || picture.is_some() {
                return Err(UploadFault::Form);
            }
            picture = Some(keep(app, &mut form).await?);
            continue;
        }
        let mut value = Vec::new();
        while let Some(piece) = form.next_piece().await? {
            text_bytes += piece.len() as u64;
            if text_bytes > TEXT_BYTES_MAX {
                return Err(UploadFault::Form);
            }
            value.extend(piece);
        }
        if fields.len() == FIELDS_MAX {
            return Err(UploadFault::Form);
        }
        let value = String::from_utf8(value).map_err(|_| UploadFault::Form)?;
        fields.push((head.name, value));
    }
    Ok(Sent {
        fields: FormFields::of_pairs(fields),
        picture,
    })
}

/// Keeps the picture that comes now.
async fn keep<S: Source>(app: &Shared, form: &mut Multipart<S>) -> Result<WorkFolder, UploadFault> {
    let folder = app
        .work(|app| WorkFolder::make(app.hub.folder(), "voice"))
        .await?;
    let mut file = tokio::fs::File::create(folder.path().join(FILE_NAME)).await?;
    let mut left = PICTURE_BYTES_MAX;
    while let Some(piece) = form.next_piece().await? {
        left = left
            .checked_sub(piece.len() as u64)
            .ok_or(UploadFault::TooLarge)?;
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    Ok(folder)
}
