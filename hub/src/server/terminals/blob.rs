//! `GET /v1/blobs/{sha256}`: a creative, whole or in part, for a screen whose manifests have named
//! it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt as _;
use passerby_protocol::Digest;

use crate::blobs::BlobError;
use crate::server::problem::Problem;
use crate::server::terminals::bearer::Bearer;
use crate::server::{AppState, Shared};

/// After how many seconds a terminal may come again for what cannot be read; it spreads that by
/// itself.
const RETRY_AFTER_S: u32 = 30;

pub(crate) async fn blob(
    State(app): State<Shared>,
    Path(sha256): Path<String>,
    bearer: Bearer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, "there is no such creative");
    let digest: Digest = sha256.parse().map_err(|_| missing())?;
    let screen = bearer.screen();
    let asset = app
        .work(move |app: &AppState| (app.hub.store.file_of(screen, digest)?).ok_or_else(missing))
        .await?;
    let unreadable = |error: BlobError| {
        tracing::error!(%error, screen = %bearer.screen(), "a creative cannot be read");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the hub cannot read this creative",
        )
        .retry_after_s(RETRY_AFTER_S)
    };

    let etag = format!("\"{digest}\"");
    let range = match headers.get(header::RANGE).map(HeaderValue::to_str) {
        // The content behind a digest never changes, so a condition other than on this digest is a
        // mistake.
        Some(Ok(range))
            if headers
                .get(header::IF_RANGE)
                .is_none_or(|tag| tag == etag.as_str()) =>
        {
            Part::parse(range, asset.size)
        }
        _ => Part::Whole,
    };
    let (status, first, length) = match range {
        Part::Whole => (StatusCode::OK, 0, asset.size),
        Part::Slice { first, length } => (StatusCode::PARTIAL_CONTENT, first, length),
        Part::Outside => {
            let problem =
                Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "the creative is shorter");
            let range = [(header::CONTENT_RANGE, format!("bytes */{}", asset.size))];
            return Ok((range, problem).into_response());
        }
    };

    let pieces = app
        .hub
        .blobs
        .read(digest, asset.size, first..first + length)
        .await
        .map_err(unreadable)?;
    // Whoever reads knows the length; what breaks off is fetched again from there.
    let counting = Arc::clone(&app);
    let pieces = pieces.inspect_err(move |error| {
        counting.hub.blobs.failed(error);
        tracing::error!(%error, %screen, "a creative broke off");
    });
    let mut response = (
        status,
        [
            (header::CONTENT_TYPE, asset.media_type),
            (header::CONTENT_LENGTH, length.to_string()),
            (header::ETAG, etag),
            (header::ACCEPT_RANGES, "bytes".to_owned()),
            (
                header::CACHE_CONTROL,
                "private, max-age=31536000, immutable".to_owned(),
            ),
        ],
        Body::from_stream(pieces),
    )
        .into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{}", first + length - 1, asset.size);
        if let Ok(range) = range.try_into() {
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
    }
    Ok(response)
}

/// What of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Slice { first: u64, length: u64 },
    Outside,
}

impl Part {
    /// Reads a `Range` header (RFC 9110, 14.1.2). Several ranges, other units and nonsense are
    /// answered with the whole, as the standard allows.
    fn parse(header: &str, size: u64) -> Self {
        let Some((first, last)) = header
            .strip_prefix("bytes=")
            .and_then(|range| range.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        let (first, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(size)),
            (Ok(first), Err(_)) if last.is_empty() => (first, size),
            (Err(_), Ok(suffix)) if first.is_empty() => (size.saturating_sub(suffix), size),
            _ => return Self::Whole,
        };
        if first < end {
            Self::Slice {
                first,
                length: end - first,
            }
        } else {
            Self::Outside
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let slice = |first, length| Part::Slice { first, length };
        for (header, part) in [
            ("bytes=0-9", slice(0, 10)),
            ("bytes=90-", slice(90, 10)),
            ("bytes=-5", slice(95, 5)),
            ("bytes=-500", slice(0, 100)),
            ("bytes=99-18446744073709551615", slice(99, 1)),
            ("bytes=100-", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("bytes=-", Part::Whole),
        ] {
            assert_eq!(Part::parse(header, 100), part, "{header}");
        }
    }
}
