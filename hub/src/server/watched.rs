//! A connection's bytes, with a time for each wait.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep_until};

use crate::server::activity::Activity;

/// A stream that fails when its peer keeps it waiting for longer than [`Activity`] allows.
pub(super) struct Watched {
    stream: TcpStream,
    activity: Arc<Activity>,
    /// How many bytes may still be read; `None` for any number.
    bytes_left: Option<usize>,
    reading: Pin<Box<Sleep>>,
    writing: Pin<Box<Sleep>>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        let now = tokio::time::Instant::now();
        Self {
            stream,
            activity,
            bytes_left: None,
            reading: Box::pin(sleep_until(now)),
            writing: Box::pin(sleep_until(now)),
        }
    }

    /// Lets no more than so many bytes be read.
    pub(super) const fn read_at_most(&mut self, bytes: usize) {
        self.bytes_left = Some(bytes);
    }

    /// Lets any number of bytes be read.
    pub(super) const fn read_without_end(&mut self) {
        self.bytes_left = None;
    }

    fn note(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(bytes)) => self.activity.taken(bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let deadline = self.activity.unread(Instant::now());
                ready!(until(&mut self.writing, deadline, context));
                return Poll::Ready(Err(too_slow("an answer is read too slowly")));
            }
        }
        result
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            let bytes = buffer.filled().len() - before;
            if bytes > 0 {
                self.activity.came(Instant::now());
            }
            if let Some(left) = &mut self.bytes_left {
                let Some(rest) = left.checked_sub(bytes) else {
                    let error = "more came than belongs to a handshake";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
                };
                *left = rest;
            }
            return Poll::Ready(result);
        }
        let Some(deadline) = self.activity.read_deadline(context.waker()) else {
            return Poll::Pending;
        };
        ready!(until(&mut self.reading, deadline, context));
        Poll::Ready(Err(too_slow("no request came in time")))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.note(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Whoever flushes has written everything.
        self.activity.all_taken();
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Completes at a moment.
fn until(timer: &mut Pin<Box<Sleep>>, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
    let deadline = tokio::time::Instant::from_std(deadline);
    if timer.deadline() != deadline {
        timer.as_mut().reset(deadline);
    }
    timer.as_mut().poll(context)
}

fn too_slow(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}
