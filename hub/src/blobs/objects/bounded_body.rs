//! An answer's body, within a length and a silence.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use object_store::client::{HttpError, HttpErrorKind};
use tokio::time::{Instant, Sleep};

use crate::blobs::objects::fault::{Fault, deepest};

/// Longest time in which nothing of a body comes while somebody waits for it.
const SILENCE: Duration = Duration::from_secs(20);

/// Such a body.
pub(super) struct BoundedBody {
    inner: reqwest::Body,
    left: u64,
    silence: Pin<Box<Sleep>>,
    /// Whether somebody waits, since when the silence counts.
    is_waiting: bool,
}

impl BoundedBody {
    /// Bounds a body to so many bytes.
    pub(super) fn new(inner: reqwest::Body, bytes_max: u64) -> Self {
        Self {
            inner,
            left: bytes_max,
            silence: Box::pin(tokio::time::sleep(SILENCE)),
            is_waiting: false,
        }
    }
}

impl Body for BoundedBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) else {
            if !self.is_waiting {
                self.is_waiting = true;
                self.silence.as_mut().reset(Instant::now() + SILENCE);
            }
            ready!(self.silence.as_mut().poll(context));
            let slow = HttpError::new(HttpErrorKind::Timeout, Fault::Slow);
            return Poll::Ready(Some(Err(slow)));
        };
        self.is_waiting = false;
        let frame = match frame {
            None => return Poll::Ready(None),
            Some(Err(error)) => {
                let fault = Fault::Unreachable(deepest(&error));
                let broken = HttpError::new(HttpErrorKind::Interrupted, fault);
                return Poll::Ready(Some(Err(broken)));
            }
            Some(Ok(frame)) => frame,
        };
        let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
        Poll::Ready(Some(match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(frame)
            }
            None => Err(HttpError::new(HttpErrorKind::Decode, Fault::TooLong)),
        }))
    }
}
