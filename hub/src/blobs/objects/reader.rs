//! A creative in a store, read as a file is.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;

use crate::blobs::checked_stream::BlobStream;
use crate::blobs::objects::runtime::OwnRuntime;

/// Such a creative. Errors of the store are inside those that it returns.
pub(super) struct ObjectReader<'a> {
    pieces: BlobStream,
    piece: Bytes,
    runtime: &'a OwnRuntime,
}

impl<'a> ObjectReader<'a> {
    pub(super) fn new(pieces: BlobStream, runtime: &'a OwnRuntime) -> Self {
        Self {
            pieces,
            piece: Bytes::new(),
            runtime,
        }
    }
}

impl Read for ObjectReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.run(self.pieces.next()) {
                None => return Ok(0),
                Some(piece) => self.piece = piece.map_err(io::Error::other)?,
            }
        }
        let length = buffer.len().min(self.piece.len());
        buffer[..length].copy_from_slice(&self.piece[..length]);
        self.piece.advance(length);
        Ok(length)
    }
}
