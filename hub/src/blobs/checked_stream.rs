//! A creative on its way out: what is passed on has its length, and a whole one its digest.
//!
//! Invariant: the last piece of a creative is passed on only when all of it is right. Whoever reads
//! it knows its length, and so takes what breaks off before for nothing that is whole.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream;
use futures_util::{Stream, StreamExt as _};
use passerby_protocol::Digest;
use sha2::Digest as _;

use crate::blobs::error::BlobError;

/// Pieces of a creative.
pub(crate) type BlobStream = Pin<Box<dyn Stream<Item = Result<Bytes, BlobError>> + Send>>;

/// What is yet to come.
struct Checked {
    inner: BlobStream,
    left: u64,
    /// What it is hashed with, and what must come of it.
    hashing: Option<(sha2::Sha256, Digest)>,
    damaged: Box<dyn Fn(&str) -> BlobError + Send>,
}

/// Passes on `length` bytes of a stream, which hash to `digest` if there is one; `damaged` makes
/// errors of what is wrong.
pub(super) fn checked(
    inner: BlobStream,
    length: u64,
    digest: Option<Digest>,
    damaged: impl Fn(&str) -> BlobError + Send + 'static,
) -> BlobStream {
    let checked = Checked {
        inner,
        left: length,
        hashing: digest.map(|digest| (sha2::Sha256::new(), digest)),
        damaged: Box::new(damaged),
    };
    Box::pin(stream::try_unfold(checked, next))
}

async fn next(mut of: Checked) -> Result<Option<(Bytes, Checked)>, BlobError> {
    if of.left == 0 {
        return Ok(None);
    }
    loop {
        let Some(piece) = of.inner.next().await.transpose()? else {
            return Err((of.damaged)("it is shorter than it was"));
        };
        if piece.is_empty() {
            continue;
        }
        let bytes = piece.len() as u64;
        if bytes > of.left {
            return Err((of.damaged)("it is longer than it was"));
        }
        of.left -= bytes;
        if let Some((hasher, digest)) = &mut of.hashing {
            hasher.update(&piece);
            if of.left == 0 && Digest(std::mem::take(hasher).finalize().into()) != *digest {
                return Err((of.damaged)("its content is another one"));
            }
        }
        return Ok(Some((piece, of)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pieces: &[&'static [u8]], length: u64, digest: Option<Digest>) -> (Vec<u8>, bool) {
        let pieces: Vec<_> = pieces.iter().map(|&piece| Ok(piece.into())).collect();
        let damaged = |said: &str| BlobError::Failed {
            place: "here".into(),
            said: said.into(),
        };
        let stream = checked(Box::pin(stream::iter(pieces)), length, digest, damaged);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(
            stream.fold(
                (Vec::new(), true),
                async |(mut all, is_whole), piece| match piece {
                    Ok(piece) => {
                        all.extend_from_slice(&piece);
                        (all, is_whole)
                    }
                    Err(_) => (all, false),
                },
            ),
        )
    }

    #[test]
    fn only_what_is_right_is_passed_on_to_its_end() {
        let right = Some(Digest::of(b"abcdef"));
        let pieces: [&[u8]; 3] = [b"abc", b"", b"def"];
        assert_eq!(run(&pieces, 6, right), (b"abcdef".to_vec(), true));
        assert_eq!(run(&pieces, 6, None), (b"abcdef".to_vec(), true));
        let other = Some(Digest::of(b"abcdeg"));
        assert_eq!(run(&pieces, 6, other), (b"abc".to_vec(), false));
        assert_eq!(run(&pieces, 7, right), (b"abcdef".to_vec(), false));
        assert_eq!(run(&pieces, 5, right), (b"abc".to_vec(), false));
        assert_eq!(run(&[], 6, right), (Vec::new(), false));
    }
}
