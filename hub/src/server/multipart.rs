//! Forms with files, as browsers send them (RFC 7578), read piece by piece.
//!
//! Invariants: no more is in memory than one piece of the body, what a delimiter may take, and the
//! head of one part, which has at most [`HEAD_BYTES_MAX`]; a form has at most [`PARTS_MAX`] of
//! them; a body that is not whole is an error, never a shorter file.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header;

use crate::server::body::Pieces;
use crate::server::problem::Problem;

/// Largest head of a part, in bytes.
const HEAD_BYTES_MAX: usize = 4 << 10;
/// Most parts: each costs something, also one without content.
const PARTS_MAX: usize = 1_000;
/// Longest delimiter (RFC 2046, 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// Says why a form with files cannot be read.
#[derive(Debug)]
pub(super) enum MultipartFault {
    /// It is none, or not as it should be.
    Form,
    /// It did not arrive.
    Cut,
    /// It has more parts than any form of ours.
    Long,
}

impl From<Problem> for MultipartFault {
    fn from(_: Problem) -> Self {
        Self::Cut
    }
}

/// What comes before the content of a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartHead {
    /// The field.
    pub(super) name: String,
    /// What its sender calls the file, if it is one.
    pub(super) file: Option<String>,
}

/// Where pieces come from.
pub(super) trait Source {
    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Bytes>, MultipartFault>;
}

impl Source for Pieces {
    async fn piece(&mut self) -> Result<Option<Bytes>, MultipartFault> {
        Ok(self.next().await?)
    }
}

/// A form that is being read.
pub(super) struct Multipart<S> {
    source: S,
    /// What has come and was not handed out.
    buffer: Vec<u8>,
    /// What stands before each part and behind the last.
    delimiter: Vec<u8>,
    is_in_part: bool,
    parts: usize,
}

/// The word between the parts, if this is such a form.
pub(super) fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = kind.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("boundary="))?
        .trim_matches('"');
    let fits = (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len());
    fits.then(|| boundary.to_owned())
}

impl<S: Source> Multipart<S> {
    pub(super) fn new(source: S, boundary: &str) -> Self {
        Self {
            source,
            // The first delimiter begins a line as well, at the beginning of the body.
            buffer: b"\r\n".to_vec(),
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            is_in_part: true,
            parts: 0,
        }
    }

    /// Returns the head of the next part; `None` behind the last.
    pub(super) async fn next_part(&mut self) -> Result<Option<PartHead>, MultipartFault> {
        while self.is_in_part {
            self.next_piece().await?;
        }
        while self.buffer.len() < 2 {
            self.fill().await?;
        }
        if self.buffer.starts_with(b"--") {
            return Ok(None);
        }
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(MultipartFault::Long);
        }
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(MultipartFault::Form);
            }
            self.fill().await?;
        };
        if end > HEAD_BYTES_MAX {
            return Err(MultipartFault::Form);
        }
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.drain(..end + 4);
        self.is_in_part = true;
        head_of(&head).map(Some).ok_or(MultipartFault::Form)
    }

    /// Returns some of the content of the part; `None` at its end.
    pub(super) async fn next_piece(&mut self) -> Result<Option<Vec<u8>>, MultipartFault> {
        if !self.is_in_part {
            return Ok(None);
        }
        loop {
            match find(&self.buffer, &self.delimiter) {
                Some(0) => {
                    self.buffer.drain(..self.delimiter.len());
                    self.is_in_part = false;
                    return Ok(None);
                }
                Some(at) => return Ok(Some(self.buffer.drain(..at).collect())),
                // What may be the beginning of a delimiter stays.
                None if self.buffer.len() >= self.delimiter.len() => {
                    let sure = self.buffer.len() - (self.delimiter.len() - 1);
                    return Ok(Some(self.buffer.drain(..sure).collect()));
                }
                None => self.fill().await?,
            }
        }
    }

    async fn fill(&mut self) -> Result<(), MultipartFault> {
        let piece = self.source.piece().await?.ok_or(MultipartFault::Cut)?;
        self.buffer.extend_from_slice(&piece);
        Ok(())
    }
}

/// Where one text stands in another.
fn find(within: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + within.get(from..)?.iter().position(|&byte| byte == first)?;
        if within[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn head_of(head: &str) -> Option<PartHead> {
    let line = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is = name.trim().eq_ignore_ascii_case("content-disposition");
        is.then(|| value.trim())
    })?;
    line.strip_prefix("form-data")?;
    let name = parameter(line, "name")?;
    Some(PartHead {
        name,
        file: parameter(line, "filename"),
    })
}

/// A parameter in quotes, with what browsers escape in it.
fn parameter(line: &str, name: &str) -> Option<String> {
    let wanted = format!("; {name}=\"");
    let (_, rest) = line.split_once(&wanted)?;
    let (value, _) = rest.split_once('"')?;
    Some(
        value
            .replace("%22", "\"")
            .replace("%0D", "\r")
            .replace("%0A", "\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Parts(std::vec::IntoIter<Vec<u8>>);

    impl Source for Parts {
        async fn piece(&mut self) -> Result<Option<Bytes>, MultipartFault> {
            Ok(self.0.next().map(Bytes::from))
        }
    }

    /// Reads a body that comes in pieces of one length.
    async fn read(body: &[u8], length: usize) -> Result<Vec<(PartHead, Vec<u8>)>, MultipartFault> {
        let pieces: Vec<Vec<u8>> = body.chunks(length).map(<[u8]>::to_vec).collect();
        let mut form = Multipart::new(Parts(pieces.into_iter()), "xyz");
        let mut found = Vec::new();
        while let Some(head) = form.next_part().await? {
            let mut content = Vec::new();
            while let Some(piece) = form.next_piece().await? {
                content.extend(piece);
            }
            found.push((head, content));
        }
        Ok(found)
    }

    const BODY: &[u8] = b"--xyz\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nword\r\n--xyz\r\nContent-Disposition: form-data; name=\"files\"; filename=\"\xe6\xb5\xb7 %22a%22.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--xy\r\n\r\n--xyz\r\nContent-Disposition: form-data; name=\"files\"; filename=\"\"\r\n\r\n\r\n--xyz--\r\n";

    #[tokio::test]
    async fn a_form_is_the_same_however_it_is_cut_into_pieces() {
        for length in [1, 2, 3, 7, 64, 10_000] {
            let found = read(BODY, length).await.unwrap();
            let told: Vec<_> = found
                .iter()
                .map(|(head, content)| {
                    (head.name.as_str(), head.file.as_deref(), content.as_slice())
                })
                .collect();
            assert_eq!(
                told,
                [
                    ("csrf", None, &b"word"[..]),
                    ("files", Some("海 \"a\".png"), &b"\x89PNG\r\n--xy\r\n"[..]),
                    ("files", Some(""), &b""[..]),
                ],
                "{length}"
            );
        }
    }

    #[tokio::test]
    async fn a_form_that_is_cut_off_or_has_no_end_is_refused() {
        for end in [1, 30, 80, BODY.len() - 6] {
            assert!(read(&BODY[..end], 16).await.is_err(), "{end}");
        }
        let endless = [b"--xyz\r\n".to_vec(), vec![b'a'; 2 * HEAD_BYTES_MAX]].concat();
        assert!(matches!(
            read(&endless, 64).await,
            Err(MultipartFault::Form)
        ));
        let part =
            b"--xyz\r\nContent-Disposition: form-data; name=\"files\"; filename=\"\"\r\n\r\n\r\n";
        let most = [part.repeat(PARTS_MAX), b"--xyz--\r\n".to_vec()].concat();
        assert_eq!(read(&most, 4_096).await.unwrap().len(), PARTS_MAX);
        let more = read(&part.repeat(PARTS_MAX + 1), 4_096).await;
        assert!(matches!(more, Err(MultipartFault::Long)), "{more:?}");
        let mut headers = HeaderMap::new();
        headers.insert(
            "content-type",
            "multipart/form-data; boundary=\"xyz\"".parse().unwrap(),
        );
        assert_eq!(boundary(&headers).as_deref(), Some("xyz"));
        headers.insert(
            "content-type",
            "application/x-www-form-urlencoded".parse().unwrap(),
        );
        assert_eq!(boundary(&headers), None);
    }
}
