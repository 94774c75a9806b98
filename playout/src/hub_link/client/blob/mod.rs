//! `GET /v1/blobs/{sha256}`: a creative, from where it was cut to its end.
//!
//! Invariants: an answer is looked at before a byte of it is taken: whether it is the part that was
//! asked for, and as long as it must be; what is on disk already is thrown away only when the
//! answer says that there is no such part; a file has to come on, and may use of the day's data
//! what is left for its kind.

use passerby_protocol::manifest::Asset;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, HeaderName,
    IF_RANGE, RANGE,
};
use reqwest::{Method, Response, StatusCode};
use tokio::time::Instant;

use crate::content::cache::Download;
use crate::hub_link::answer;
use crate::hub_link::budget::Kind;
use crate::hub_link::client::{HubClient, over_budget};
use crate::hub_link::hub_error::HubError;

impl HubClient {
    /// `GET /v1/blobs/{sha256}`, from where the download stands to its end.
    ///
    /// # Errors
    /// See [`HubError`]; what came before the error stays in the download.
    pub async fn blob(&self, asset: &Asset, download: &mut Download) -> Result<(), HubError> {
        if download.got() == asset.size {
            return Ok(());
        }
        let response = match self.ask_for(asset, download.got()).await {
            // The hub has less of it than this terminal; the hash at the end would tell too, but
            // later.
            Err(
                HubError::Status { status: 416, .. }
                | HubError::NotAHub {
                    status: Some(416), ..
                },
            ) if download.got() > 0 => {
                download.restart()?;
                self.ask_for(asset, 0).await?
            }
            answer => answer?,
        };
        let (response, room) = response;
        let skipped = self.skip(asset, download.got(), &response)?;
        let kind = Kind::of_file(asset.size);
        self.take(response, skipped, (kind, room), download).await
    }

    /// The answer's head, and how many bytes the rest may use of the day's data.
    async fn ask_for(&self, asset: &Asset, from: u64) -> Result<(Response, u64), HubError> {
        let mut request = self
            .request(Method::GET, &format!("/v1/blobs/{}", asset.sha256))
            .header(ACCEPT_ENCODING, "identity");
        if from > 0 {
            request = request
                .header(RANGE, format!("bytes={from}-"))
                .header(IF_RANGE, format!("\"{}\"", asset.sha256));
        }
        let sent = self.send(Kind::of_file(asset.size), request, 0);
        match tokio::time::timeout(self.line.limits().call, sent).await {
            Ok(sent) => sent,
            Err(_) => Err(self.timed_out("the first bytes of a file")),
        }
    }

    /// Checks the head of an answer to a request from byte `from` on, and returns how many of its
    /// bytes are there already.
    fn skip(&self, asset: &Asset, from: u64, response: &Response) -> Result<u64, HubError> {
        let headers = response.headers();
        let (first, skipped) = match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                let range = text(headers, &CONTENT_RANGE);
                if range != Some(&format!("bytes {from}-{}/{}", asset.size - 1, asset.size)) {
                    return Err(self.not_a_hub(&format!(
                        "it was asked for the bytes of picture {} from {from} on and sends {:?}",
                        asset.sha256,
                        range.unwrap_or("others")
                    )));
                }
                (from, 0)
            }
            // A server, or a proxy, that sends the whole whatever it was asked.
            StatusCode::OK => (0, from),
            other => return Err(self.not_a_hub(&format!("it answers {other} for a picture"))),
        };
        let length = text(headers, &CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length != asset.size - first) {
            return Err(self.not_a_hub(&format!(
                "picture {} should have {} bytes and has {}",
                asset.sha256,
                asset.size - first,
                length.unwrap_or_default()
            )));
        }
        let encoding = text(headers, &CONTENT_ENCODING).unwrap_or("identity");
        if !encoding.eq_ignore_ascii_case("identity") {
            return Err(self.not_a_hub(&format!("it packs pictures with {encoding:?}")));
        }
        // No creative is a page, but what a captive portal sends is.
        if answer::is_page(headers) {
            return Err(self.not_a_hub("it sends a page in a picture's place"));
        }
        Ok(skipped)
    }

    async fn take(
        &self,
        mut response: Response,
        mut skip: u64,
        (kind, room): (Kind, u64),
        download: &mut Download,
    ) -> Result<(), HubError> {
        let limits = self.line.limits();
        let (mut got, mut in_span) = (0u64, 0u64);
        let mut span_end = Instant::now() + limits.progress;
        loop {
            let chunk = match tokio::time::timeout_at(span_end, response.chunk()).await {
                Ok(chunk) => chunk.map_err(|error| self.unreachable(&error))?,
                Err(_) => Some(Default::default()),
            };
            let Some(chunk) = chunk else {
                return Ok(());
            };
            let length = chunk.len() as u64;
            self.line.meter.got(length);
            (got, in_span) = (got.saturating_add(length), in_span.saturating_add(length));
            let known = usize::try_from(skip).map_or(chunk.len(), |skip| skip.min(chunk.len()));
            skip -= known as u64;
            download.write(&chunk[known..])?;
            if got > room {
                return Err(over_budget(kind));
            }
            // Also a file that always has a byte ready has to come on.
            if Instant::now() >= span_end {
                if in_span < limits.progress_bytes {
                    return Err(self.timed_out("a file hardly comes on"));
                }
                (in_span, span_end) = (0, Instant::now() + limits.progress);
            }
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests;
