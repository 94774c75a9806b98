//! The bodies of requests, read within bounds: of size, of time, and of all together.
//!
//! Invariants: a handler reads a body only once it knows who sends it, where that matters; large
//! ones take what they may need from [`Budget`] before a byte of them is read, and give it back
//! when they have been dealt with; small ones are bounded by the number of connections.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use passerby_protocol::limits::{BATCH_BYTES_MAX, FRAME_BYTES_MAX};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::server::activity::Activity;
use crate::server::problem::Problem;

/// Largest body of an enrolment or a heartbeat, in bytes.
pub(super) const SMALL_BYTES_MAX: usize = 16 << 10;
/// Largest body of a report of conversions, in bytes.
const CONVERSIONS_BYTES_MAX: usize = 64 << 10;
/// Longest time until it is there.
const SMALL_TIME: Duration = Duration::from_secs(10);
/// Longest time until a batch is there, from its turn on.
const BATCH_TIME: Duration = Duration::from_secs(25);
/// Longest time between two pieces of an upload.
const PIECE_TIME: Duration = Duration::from_secs(30);
/// Most bytes of batches that are in memory at one time.
const BATCHES_BYTES_MAX: usize = 16 * BATCH_BYTES_MAX;
/// What is counted of them.
const UNIT_BYTES: usize = 1 << 10;
/// For how long the rest of a refused request is read, so that the answer reaches a client that is
/// still sending.
const DISCARD_TIME: Duration = Duration::from_secs(2);

/// The bytes that batches may still take.
#[derive(Debug)]
pub(super) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BATCHES_BYTES_MAX / UNIT_BYTES)))
    }
}

/// A body of which nothing has been read.
pub(crate) struct Unread {
    body: Body,
    length: Option<usize>,
    activity: Option<Arc<Activity>>,
}

/// A batch, and what it has of the budget.
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    _share: OwnedSemaphorePermit,
}

/// A body that is handed out piece by piece.
pub(crate) struct Pieces {
    body: Body,
    /// How long it will be, if its sender says so.
    pub(crate) length: Option<usize>,
    activity: Option<Arc<Activity>>,
}

impl Pieces {
    /// Returns the next piece; `None` at the end.
    ///
    /// # Errors
    /// It ended early, or the next piece does not come in time.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let piece = tokio::time::timeout(PIECE_TIME, next(&mut self.body)).await;
        piece.unwrap_or_else(|_| {
            Err(Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "the request took too long to arrive",
            ))
        })
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if let Some(activity) = &self.activity {
            activity.body_ended(Instant::now());
        }
        discard(std::mem::take(&mut self.body));
    }
}

impl<S: Send + Sync> FromRequest<S> for Unread {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let length = request.headers().get(header::CONTENT_LENGTH);
        Ok(Self {
            length: length.and_then(|value| value.to_str().ok()?.parse().ok()),
            activity: request.extensions().get().cloned(),
            body: request.into_body(),
        })
    }
}

impl Unread {
    /// Reads a small body.
    ///
    /// # Errors
    /// It is larger than [`SMALL_BYTES_MAX`], or does not come in time.
    pub(super) async fn small(self) -> Result<Vec<u8>, Problem> {
        self.read(SMALL_BYTES_MAX, SMALL_TIME).await
    }

    /// Reads a report of conversions.
    ///
    /// # Errors
    /// It is larger than 64 KiB, or does not come in time.
    pub(super) async fn conversions(self) -> Result<Vec<u8>, Problem> {
        self.read(CONVERSIONS_BYTES_MAX, SMALL_TIME).await
    }

    /// Reads a small picture of a screen.
    ///
    /// # Errors
    /// It is larger than [`FRAME_BYTES_MAX`], or does not come in time.
    pub(super) async fn frame(self) -> Result<Vec<u8>, Problem> {
        self.read(FRAME_BYTES_MAX, BATCH_TIME).await
    }

    /// Reads a batch, once there is room for it.
    ///
    /// # Errors
    /// It is larger than [`BATCH_BYTES_MAX`], or does not come in time.
    pub(super) async fn batch(self, budget: &Budget) -> Result<Batch, Problem> {
        let share = self.length.unwrap_or(BATCH_BYTES_MAX).min(BATCH_BYTES_MAX);
        let units = share.div_ceil(UNIT_BYTES).max(1);
        let share = Arc::clone(&budget.0)
            .acquire_many_owned(u32::try_from(units).unwrap_or(u32::MAX))
            .await
            .expect("the semaphore is never closed");
        Ok(Batch {
            bytes: self.read(BATCH_BYTES_MAX, BATCH_TIME).await?,
            _share: share,
        })
    }

    /// Hands the body out piece by piece, to somebody who counts.
    pub(crate) fn pieces(self) -> Pieces {
        if let Some(activity) = &self.activity {
            activity.body_wanted(Instant::now());
        }
        Pieces {
            body: self.body,
            length: self.length,
            activity: self.activity,
        }
    }

    /// Throws away what comes of a body that nobody wants.
    pub(super) fn discard(self) {
        discard(self.body);
    }

    async fn read(mut self, bytes_max: usize, time: Duration) -> Result<Vec<u8>, Problem> {
        if self.length.is_some_and(|length| length > bytes_max) {
            discard(self.body);
            return Err(too_large(bytes_max));
        }
        if let Some(activity) = &self.activity {
            activity.body_wanted(Instant::now());
        }
        let mut bytes = Vec::with_capacity(self.length.unwrap_or(0));
        let read = tokio::time::timeout(time, async {
            while let Some(data) = next(&mut self.body).await? {
                if bytes.len() + data.len() > bytes_max {
                    return Err(too_large(bytes_max));
                }
                bytes.extend_from_slice(&data);
            }
            Ok(())
        });
        let read = read.await;
        if let Some(activity) = &self.activity {
            activity.body_ended(Instant::now());
        }
        match read {
            Ok(Ok(())) => Ok(bytes),
            Ok(Err(problem)) => {
                discard(self.body);
                Err(problem)
            }
            Err(_) => Err(Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "the request took too long to arrive",
            )),
        }
    }
}

/// Reads and forgets what is left of a body, for a moment: a connection that is closed on a client
/// that still sends may lose the answer on the way (RFC 9112, 9.6).
pub(super) fn discard(mut body: Body) {
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(tokio::time::timeout(DISCARD_TIME, async move {
        let mut left = BATCH_BYTES_MAX;
        while let Ok(Some(data)) = next(&mut body).await {
            match left.checked_sub(data.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    }));
}

/// Returns the next bytes; `None` at the end.
async fn next(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame =
            std::future::poll_fn(|context| std::pin::Pin::new(&mut *body).poll_frame(context));
        match frame.await {
            None => return Ok(None),
            Some(Err(error)) => {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    format!("the request ended early: {error}"),
                ));
            }
            // Trailers say nothing here.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the request is larger than {bytes_max} bytes"),
    )
}
