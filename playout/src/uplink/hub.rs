//! The hub over HTTP.

use std::time::Duration;

use passerby_protocol::ScreenNumber;
use passerby_protocol::foreign::one_line;
use passerby_protocol::limits::{MANIFEST_BYTES_MAX, TALLY_BYTES_MAX};
use passerby_protocol::manifest::{Asset, SIGNATURE_HEADER};
use passerby_protocol::manifest_keys::ManifestKeysReply;
use passerby_protocol::plays::PlayBatch;
use passerby_protocol::tally::Tallies;
use passerby_protocol::wire::{
    EnrollReply, EnrollRequest, Heartbeat, HeartbeatReply, KeyReply, PlaysReply, ProblemDetails,
    unhex32,
};
use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RANGE, RETRY_AFTER,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::cache::{CacheError, Download};
use crate::sync::Answer;

/// Largest answer other than manifests and pictures, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// Most characters of what an answer says that goes into a log or onto a page.
const WORDS_CHARS_MAX: usize = 200;
/// Longest name of a version of the content, in bytes; one that is longer is not repeated to the hub.
const ETAG_BYTES_MAX: usize = 256;
/// Packs a month of plays to about two bytes a play; higher levels cost a small board more than they save.
const ZSTD_LEVEL: i32 = 6;

/// Says why the hub did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// No answer.
    #[error("the hub at {url} cannot be reached: {reason}")]
    Unreachable {
        /// The hub's address.
        url: String,
        /// Why.
        reason: String,
    },
    /// An answer with an error status.
    #[error("the hub answered {status}: {title}")]
    Status {
        /// HTTP status.
        status: u16,
        /// Its words.
        title: String,
        /// From `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
        /// With 409.
        expected_seq: Option<u64>,
    },
    /// An answer that no hub gives, from a captive portal for example.
    #[error("something at {url} answers that is not a Passerby hub: {reason}")]
    NotAHub {
        /// The hub's address.
        url: String,
        /// Why.
        reason: String,
    },
    /// A picture cannot be kept.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// A manifest as it came.
#[derive(Debug)]
pub struct SealedManifest {
    /// Signed bytes.
    pub body: Vec<u8>,
    /// From the signature header.
    pub signature: String,
    /// For the next question.
    pub etag: Option<String>,
}

/// Talks to one hub.
#[derive(Debug, Clone)]
pub struct HubClient {
    http: reqwest::Client,
    url: String,
    bearer: Option<String>,
}

impl HubClient {
    /// Makes a client; with a bearer it speaks for an enrolled screen.
    ///
    /// # Panics
    /// When TLS cannot be set up at all.
    pub fn new(url: &str, bearer: Option<String>) -> Self {
        // Fails when it is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("passerby/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(30))
            .build()
            .expect("a client of these settings can be built");
        Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            bearer,
        }
    }

    /// `POST /v1/enroll`.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn enroll(&self, request: &EnrollRequest) -> Result<EnrollReply, HubError> {
        let body = serde_json::to_vec(request).unwrap_or_default();
        let response = self
            .send(
                self.request(Method::POST, "/v1/enroll")
                    .header(CONTENT_TYPE, "application/json")
                    .body(body),
            )
            .await?;
        self.json(response).await
    }

    /// `GET /v1/terminals/{n}/manifest`; `None` when it is still the one with `etag`.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn manifest(
        &self,
        screen: ScreenNumber,
        etag: Option<&str>,
    ) -> Result<Option<SealedManifest>, HubError> {
        let mut request = self.request(Method::GET, &format!("/v1/terminals/{screen}/manifest"));
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let response = self.send(request).await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let signature = header(SIGNATURE_HEADER)
            .ok_or_else(|| self.not_a_hub("the manifest has no signature"))?;
        let etag = header(ETAG.as_str()).filter(|etag| etag.len() <= ETAG_BYTES_MAX);
        let body = self.bytes(response, MANIFEST_BYTES_MAX).await?;
        Ok(Some(SealedManifest {
            body,
            signature,
            etag,
        }))
    }

    /// `GET /v1/blobs/{sha256}`, from where the download stands to its end.
    ///
    /// # Errors
    /// See [`HubError`]; what came before the error stays in the download.
    pub async fn blob(&self, asset: &Asset, download: &mut Download) -> Result<(), HubError> {
        if download.got() == asset.size {
            return Ok(());
        }
        let mut request = self.request(Method::GET, &format!("/v1/blobs/{}", asset.sha256));
        if download.got() > 0 {
            request = request.header(RANGE, format!("bytes={}-", download.got()));
        }
        let mut response = self.send(request).await?;
        if response.status() != StatusCode::PARTIAL_CONTENT && download.got() > 0 {
            download.restart()?;
        }
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            download.write(&chunk)?;
        }
        Ok(())
    }

    /// `POST /v1/terminals/{n}/plays`.
    pub async fn plays(&self, screen: ScreenNumber, batch: &PlayBatch) -> Answer {
        let json = serde_json::to_vec(batch).unwrap_or_default();
        let body = zstd::bulk::compress(&json, ZSTD_LEVEL).unwrap_or_default();
        let request = self
            .request(Method::POST, &format!("/v1/terminals/{screen}/plays"))
            .timeout(Duration::from_secs(60))
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "zstd")
            .body(body);
        let reply = match self.send(request).await {
            Ok(response) => self.json::<PlaysReply>(response).await,
            Err(error) => Err(error),
        };
        match reply {
            Ok(reply) if reply.epoch == batch.epoch => Answer::Acked(reply),
            Ok(_) => Answer::Unavailable {
                retry_after_ms: None,
            },
            Err(error) => {
                tracing::debug!("plays are not sent: {error}");
                answer_of(&error)
            }
        }
    }

    /// `GET /v1/terminals/{n}/tallies`; `zone` is the venue's time zone.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn tallies(&self, screen: ScreenNumber, zone: &str) -> Result<Tallies, HubError> {
        let path = format!("/v1/terminals/{screen}/tallies?zone={zone}");
        let request = self
            .request(Method::GET, &path)
            .timeout(Duration::from_secs(60));
        let response = self.send(request).await?;
        let body = self.bytes(response, TALLY_BYTES_MAX as u64).await?;
        serde_json::from_slice(&body).map_err(|error| self.not_a_hub(&error.to_string()))
    }

    /// `POST /v1/terminals/{n}/heartbeat`.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn heartbeat(
        &self,
        screen: ScreenNumber,
        heartbeat: &Heartbeat,
    ) -> Result<HeartbeatReply, HubError> {
        let body = serde_json::to_vec(heartbeat).unwrap_or_default();
        let request = self
            .request(Method::POST, &format!("/v1/terminals/{screen}/heartbeat"))
            .timeout(Duration::from_secs(30));
        let response = self
            .send(request.header(CONTENT_TYPE, "application/json").body(body))
            .await?;
        self.json(response).await
    }

    /// `POST /v1/terminals/{n}/key`: the key with which the screen should mint.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn token_key(&self, screen: ScreenNumber) -> Result<KeyReply, HubError> {
        let request = self
            .request(Method::POST, &format!("/v1/terminals/{screen}/key"))
            .timeout(Duration::from_secs(30));
        let response = self.send(request).await?;
        let reply: KeyReply = self.json(response).await?;
        match unhex32(&reply.token_key) {
            Some(_) => Ok(reply),
            None => Err(self.not_a_hub("a token key has 64 hexadecimal digits")),
        }
    }

    /// `GET /v1/terminals/{n}/manifest-keys`: what follows a generation of the key that signs manifests; nothing, from a hub
    /// that is older than such keys.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn manifest_keys(
        &self,
        screen: ScreenNumber,
        after: u32,
    ) -> Result<ManifestKeysReply, HubError> {
        let path = format!("/v1/terminals/{screen}/manifest-keys?after={after}");
        let request = self
            .request(Method::GET, &path)
            .timeout(Duration::from_secs(30));
        match self.send(request).await {
            Ok(response) => self.json(response).await,
            Err(HubError::Status { status: 404, .. }) => Ok(ManifestKeysReply::default()),
            Err(error) => Err(error),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.bearer {
            Some(bearer) => request.header(AUTHORIZATION, format!("Bearer {bearer}")),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, HubError> {
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let seconds = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let problem: Option<ProblemDetails> = self
            .bytes(response, ANSWER_BYTES_MAX)
            .await
            .ok()
            .and_then(|body| serde_json::from_slice(&body).ok());
        Err(HubError::Status {
            status: status.as_u16(),
            title: problem.as_ref().map_or_else(
                || status.to_string(),
                |problem| one_line(&problem.title, WORDS_CHARS_MAX),
            ),
            retry_after_ms: seconds.map(|seconds| seconds.saturating_mul(1_000)),
            expected_seq: problem.and_then(|problem| problem.expected_seq),
        })
    }

    async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, HubError> {
        let body = self.bytes(response, ANSWER_BYTES_MAX).await?;
        serde_json::from_slice(&body).map_err(|error| self.not_a_hub(&error.to_string()))
    }

    async fn bytes(&self, mut response: Response, bytes_max: u64) -> Result<Vec<u8>, HubError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            if (body.len() + chunk.len()) as u64 > bytes_max {
                return Err(self.not_a_hub(&format!("the answer is longer than {bytes_max} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, error: &reqwest::Error) -> HubError {
        let mut reason = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            reason = cause.to_string();
            source = cause.source();
        }
        HubError::Unreachable {
            url: self.url.clone(),
            reason: one_line(&reason, WORDS_CHARS_MAX),
        }
    }

    pub(super) fn not_a_hub(&self, reason: &str) -> HubError {
        HubError::NotAHub {
            url: self.url.clone(),
            reason: one_line(reason, WORDS_CHARS_MAX),
        }
    }
}

fn answer_of(error: &HubError) -> Answer {
    match error {
        HubError::Status {
            status: 409,
            expected_seq: Some(expected_seq),
            ..
        } => Answer::Gap {
            expected_seq: *expected_seq,
        },
        HubError::Status { status: 413, .. } => Answer::TooLarge,
        HubError::Status {
            status: 400 | 422, ..
        } => Answer::Refused,
        HubError::Status {
            status: 401 | 403, ..
        } => Answer::Unauthorised,
        HubError::Status { status: 410, .. } => Answer::Decommissioned,
        HubError::Status { retry_after_ms, .. } => Answer::Unavailable {
            retry_after_ms: *retry_after_ms,
        },
        _ => Answer::Unavailable {
            retry_after_ms: None,
        },
    }
}
