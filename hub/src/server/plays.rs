//! `POST /v1/terminals/{n}/plays`.

use std::io::Read as _;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use passerby_protocol::limits::{BATCH_PLAYS_MAX, BATCH_UNPACKED_BYTES_MAX};
use passerby_protocol::plays::{BatchError, PlayBatch};
use passerby_protocol::wire::PlaysReply;

use super::bearer::{self, Bearer};
use super::problem::Problem;
use super::{Desk, Shared};
use crate::clock;
use crate::store::BatchRefused;

/// When a terminal that has caught up should come again.
const NEXT_AFTER_MS: u64 = 10_000;
/// Largest window that a sender may make the hub allocate: 2^24 bytes, the largest batch.
const WINDOW_LOG_MAX: u32 = 24;
/// The first four bytes of a zstd frame (RFC 8878, 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

pub(super) async fn plays(
    State(desk): State<Shared>,
    Path(screen): Path<String>,
    bearer: Bearer,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<PlaysReply>, Problem> {
    let screen = bearer::screen(&screen)?;
    // Who it is comes before how much it sent.
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            desk.work(move |desk: &Desk| bearer.only(desk, screen))
                .await?;
            let status = rejection.status();
            return Err(Problem::new(status, rejection.body_text()));
        }
    };
    desk.work(move |desk: &Desk| {
        bearer.only(desk, screen)?;
        let batch: PlayBatch = serde_json::from_slice(&unpacked(&body)?).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "not a batch of plays").detail(error.to_string())
        })?;
        let now_ms = clock::now_ms();
        let taken = desk.hub.store.take_plays(screen, &batch, now_ms)?;
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

/// Unpacks a body, whatever its headers say it is, and never further than a batch may reach.
fn unpacked(body: &[u8]) -> Result<Vec<u8>, Problem> {
    let too_large = || {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the batch is too large")
            .detail("send half of it")
    };
    let damaged = |error: std::io::Error| {
        Problem::new(StatusCode::BAD_REQUEST, "the body is not zstd").detail(error.to_string())
    };
    if !body.starts_with(&ZSTD_MAGIC) {
        return Ok(body.to_vec());
    }
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(damaged)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(damaged)?;
    let mut batch = Vec::new();
    decoder
        .take(BATCH_UNPACKED_BYTES_MAX as u64 + 1)
        .read_to_end(&mut batch)
        .map_err(damaged)?;
    if batch.len() > BATCH_UNPACKED_BYTES_MAX {
        return Err(too_large());
    }
    Ok(batch)
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
