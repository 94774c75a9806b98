//! `POST /v1/terminals/{n}/plays`.

use std::io::Read as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use passerby_protocol::bounded;
use passerby_protocol::foreign::one_line;
use passerby_protocol::limits::{
    BATCH_PLAYS_MAX, BATCH_UNPACKED_BYTES_MAX, REQUEST_TEXT_BYTES_MAX,
};
use passerby_protocol::plays::{BatchError, PlayBatch};
use passerby_protocol::wire::PlaysReply;

use crate::server::body::Unread;
use crate::server::problem::Problem;
use crate::server::terminals::bearer::Bearer;
use crate::server::{AppState, Shared};
use crate::store::BatchRefused;
use crate::system::clock;

/// When a terminal that has caught up should come again.
const NEXT_AFTER_MS: u64 = 10_000;
/// Largest window that a sender may make the hub allocate: 2^23 bytes, what every decoder should
/// take (RFC 8878, 3.1.1.1.2).
const WINDOW_LOG_MAX: u32 = 23;
/// Longest words on what is wrong with a body, in characters.
const WORDS_CHARS_MAX: usize = 200;
/// The first four bytes of a zstd frame (RFC 8878, 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

pub(crate) async fn plays(
    State(app): State<Shared>,
    Path(screen): Path<String>,
    bearer: Bearer,
    body: Unread,
) -> Result<Json<PlaysReply>, Problem> {
    let screen = bearer.only(&screen)?;
    let body = body.batch(&app.budget).await?;
    let turn = Arc::clone(&app.decoding).acquire_owned().await;
    app.work(move |app: &AppState| {
        let batch = unpacked(&body.bytes)?;
        drop(body);
        let now_ms = clock::now_ms();
        let taken = app.hub.store.take_plays(screen, &batch, now_ms)?;
        // A batch takes memory until it is stored.
        drop(turn);
        let full = batch.columns.number.len() >= BATCH_PLAYS_MAX;
        Ok(Json(PlaysReply {
            epoch: batch.epoch,
            acked_through: taken.acked_through,
            rejected: taken.rejected,
            server_time_ms: now_ms,
            next_after_ms: if full { 0 } else { NEXT_AFTER_MS },
            play_floor: Some(taken.play_floor),
        }))
    })
    .await
}

/// Unpacks a body, whatever its headers say it is, and never further than a batch may reach. What
/// is read of it grows no further than a batch either.
fn unpacked(body: &[u8]) -> Result<PlayBatch, Problem> {
    if !body.starts_with(&ZSTD_MAGIC) {
        return batch_of(body);
    }
    let damaged = |error: std::io::Error| {
        Problem::new(StatusCode::BAD_REQUEST, "the body is not zstd").detail(error.to_string())
    };
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(damaged)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(damaged)?;
    // What is not filled takes no memory, and what grows by itself takes twice as much.
    let mut batch = Vec::with_capacity(BATCH_UNPACKED_BYTES_MAX + 1);
    decoder
        .take(BATCH_UNPACKED_BYTES_MAX as u64 + 1)
        .read_to_end(&mut batch)
        .map_err(damaged)?;
    if batch.len() > BATCH_UNPACKED_BYTES_MAX {
        return Err(
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the batch is too large")
                .detail("send half of it"),
        );
    }
    batch_of(&batch)
}

fn batch_of(json: &[u8]) -> Result<PlayBatch, Problem> {
    bounded::json(json, REQUEST_TEXT_BYTES_MAX).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "not a batch of plays")
            .detail(one_line(&error.to_string(), WORDS_CHARS_MAX))
    })
}

impl From<BatchRefused> for Problem {
    fn from(refused: BatchRefused) -> Self {
        match refused {
            BatchRefused::Batch(error @ BatchError::Malformed(_)) => {
                Self::new(StatusCode::BAD_REQUEST, error.to_string())
            }
            BatchRefused::Batch(error @ BatchError::Row { .. }) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
                    .detail("set this row aside and send the others")
            }
            BatchRefused::Gap { expected_seq } => {
                Self::new(StatusCode::CONFLICT, "rows before this batch are missing")
                    .detail(format!("send from {expected_seq}"))
                    .expected_seq(expected_seq)
            }
            BatchRefused::Forked { from_seq } => Self::new(
                StatusCode::CONFLICT,
                "the ledger was put back to an older state",
            )
            .detail(format!("begin a new one with row {from_seq}"))
            .forked_at(from_seq),
            BatchRefused::Store(error) => error.into(),
        }
    }
}
