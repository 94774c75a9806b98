//! The hub over HTTP.
//!
//! Invariants: every call ends within the line's
//! [`TimeLimits`](crate::hub_link::connection::TimeLimits), every answer has a largest size,
//! redirects are not followed and nothing packed is unpacked. A manifest and a picture are checked
//! elsewhere, by signature and hash.

mod blob;

use std::time::Duration;

use passerby_protocol::ScreenNumber;
use passerby_protocol::bounded;
use passerby_protocol::changes::{ChangesReply, ChangesRequest};
use passerby_protocol::hexadecimal::unhex32;
use passerby_protocol::last_frame::{FrameNote, FrameReply};
use passerby_protocol::limits::{
    ANSWER_TEXT_BYTES_MAX, CHANGES_BYTES_MAX, HOLD_MS_MAX, MANIFEST_BYTES_MAX, TALLY_BYTES_MAX,
};
use passerby_protocol::manifest::SIGNATURE_HEADER;
use passerby_protocol::manifest_keys::ManifestKeysReply;
use passerby_protocol::plays::PlayBatch;
use passerby_protocol::tally::Tallies;
use passerby_protocol::wire::{
    EnrollReply, EnrollRequest, Heartbeat, HeartbeatReply, KeyReply, PlaysReply,
};
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::hub_link::answer;
use crate::hub_link::budget::Kind;
use crate::hub_link::certificates;
use crate::hub_link::connection::HubConnection;
use crate::hub_link::hub_error::HubError;
use crate::hub_link::send_state::Answer;

/// Largest answer other than manifests and pictures, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// Most headers of an answer; together they have at most some 400 KB, by hyper's own limit.
const HEADERS_MAX: usize = 64;
/// Most connections that stay open for the next call.
const IDLE_CONNECTIONS_MAX: usize = 2;
/// Longest name of a version of the content, in bytes; one that is longer is not repeated to the
/// hub.
const ETAG_BYTES_MAX: usize = 256;
/// Packs a month of plays to about two bytes a play; higher levels cost a small board more than
/// they save.
const ZSTD_LEVEL: i32 = 6;

/// A manifest as it came.
#[derive(Debug, Clone)]
pub struct SealedManifest {
    /// Signed bytes.
    pub body: Vec<u8>,
    /// From the signature header.
    pub signature: String,
    /// For the next question.
    pub etag: Option<String>,
}

/// Talks to one hub.
#[derive(Clone)]
pub struct HubClient {
    http: reqwest::Client,
    /// For calls whose answers the hub may hold back: nothing comes for as long as it does.
    waiting: reqwest::Client,
    url: String,
    bearer: Option<String>,
    line: HubConnection,
}

impl std::fmt::Debug for HubClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubClient")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl HubClient {
    /// Makes a client on a line without conditions; with a bearer it speaks for an enrolled screen.
    ///
    /// # Panics
    /// When TLS cannot be set up at all.
    pub fn new(url: &str, bearer: Option<String>) -> Self {
        Self::on(&HubConnection::default(), url, bearer)
            .expect("a client of these settings can be built")
    }

    /// Makes a client; with a bearer it speaks for an enrolled screen.
    ///
    /// # Errors
    /// [`HubError::Certificates`] when nobody's certificates can be checked.
    pub fn on(line: &HubConnection, url: &str, bearer: Option<String>) -> Result<Self, HubError> {
        // Fails when it is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let limits = line.limits();
        let build = |silence: Duration| {
            let mut builder = reqwest::Client::builder()
                .user_agent(concat!("passerby/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                // A few bytes could be unpacked to any number.
                .no_gzip()
                .http1_max_headers(HEADERS_MAX)
                .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
                .connect_timeout(limits.connect)
                .read_timeout(silence);
            // A hub on plain http needs no certificates, and a machine without any may still have
            // one.
            if url.starts_with("https:")
                && let Some(tls) = line.tls().map_err(HubError::Certificates)?
            {
                builder = builder.tls_backend_preconfigured(tls);
            }
            builder
                .build()
                .map_err(|error| HubError::Certificates(deepest(&error)))
        };
        let http = build(limits.silence)?;
        let waiting = build(limits.silence + Duration::from_millis(HOLD_MS_MAX))?;
        Ok(Self {
            http,
            waiting,
            url: url.trim_end_matches('/').to_owned(),
            bearer,
            line: line.clone(),
        })
    }

    /// The same connections with another bearer, for a program that speaks for many screens.
    #[must_use]
    pub fn speaking_for(&self, bearer: String) -> Self {
        Self {
            bearer: Some(bearer),
            ..self.clone()
        }
    }

    /// `POST /v1/enroll`.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn enroll(&self, request: &EnrollRequest) -> Result<EnrollReply, HubError> {
        let body = serde_json::to_vec(request).unwrap_or_default();
        self.ask(Kind::Word, "/v1/enroll", Some(body), ANSWER_BYTES_MAX)
            .await
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
        let path = format!("/v1/terminals/{screen}/manifest");
        let mut request = self
            .request(Method::GET, &path)
            .timeout(self.line.limits().manifest);
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let (response, room) = self.send(Kind::Word, request, 0).await?;
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
        let Some(signature) = header(SIGNATURE_HEADER) else {
            let what = answer::foreign(response.status(), response.headers());
            return Err(self.not_a_hub(&format!("{what}, without a manifest's signature")));
        };
        let etag = header(ETAG.as_str()).filter(|etag| etag.len() <= ETAG_BYTES_MAX);
        let body = self
            .bytes(response, MANIFEST_BYTES_MAX, Kind::Word, room)
            .await?;
        Ok(Some(SealedManifest {
            body,
            signature,
            etag,
        }))
    }

    /// `POST /v1/terminals/{n}/plays`.
    ///
    /// # Errors
    /// See [`HubError`]; [`HubClient::plays`] says what each means for the sending.
    pub async fn send_plays(
        &self,
        screen: ScreenNumber,
        batch: &PlayBatch,
    ) -> Result<PlaysReply, HubError> {
        let json = serde_json::to_vec(batch).unwrap_or_default();
        let body = zstd::bulk::compress(&json, ZSTD_LEVEL).unwrap_or_default();
        drop(json);
        let length = body.len() as u64;
        let request = self
            .request(Method::POST, &format!("/v1/terminals/{screen}/plays"))
            .timeout(self.line.limits().plays)
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "zstd")
            .body(body);
        let (response, room) = self.send(Kind::Plays, request, length).await?;
        let reply: PlaysReply = self
            .json(response, ANSWER_BYTES_MAX, Kind::Plays, room)
            .await?;
        if reply.epoch == batch.epoch {
            Ok(reply)
        } else {
            Err(self.not_a_hub("it answers for another ledger than was sent"))
        }
    }

    /// `POST /v1/terminals/{n}/plays`, and what its answer means for the sending.
    pub async fn plays(&self, screen: ScreenNumber, batch: &PlayBatch) -> Answer {
        match self.send_plays(screen, batch).await {
            Ok(reply) => Answer::Acked(reply),
            Err(error) => {
                tracing::debug!("plays are not sent: {error}");
                answer::of_plays(&error)
            }
        }
    }

    /// `GET /v1/terminals/{n}/tallies`; `zone` is the venue's time zone.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn tallies(&self, screen: ScreenNumber, zone: &str) -> Result<Tallies, HubError> {
        let path = format!("/v1/terminals/{screen}/tallies?zone={zone}");
        self.ask(Kind::Word, &path, None, TALLY_BYTES_MAX as u64)
            .await
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
        let path = format!("/v1/terminals/{screen}/heartbeat");
        self.ask(Kind::Word, &path, Some(body), ANSWER_BYTES_MAX)
            .await
    }

    /// `POST /v1/terminals/{n}/changes`: what the hub has for the screen, as soon as it is
    /// something else than the terminal says that it has, or the time for waiting is over.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn changes(
        &self,
        screen: ScreenNumber,
        request: &ChangesRequest,
    ) -> Result<ChangesReply, HubError> {
        let body = serde_json::to_vec(request).unwrap_or_default();
        let length = body.len() as u64;
        let path = format!("/v1/terminals/{screen}/changes");
        let call = self
            .request_of(&self.waiting, Method::POST, &path)
            .timeout(self.line.limits().call + Duration::from_millis(request.hold_ms()))
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let room = self.line.meter.held_call(length);
        let room = room.ok_or_else(|| over_budget(Kind::Word))?;
        let response = call
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        self.line.meter.held_ended();
        let response = self.accepted(response, Kind::Word, room).await?;
        self.json(response, CHANGES_BYTES_MAX as u64, Kind::Word, room)
            .await
    }

    /// `PUT /v1/terminals/{n}/frame`: a small picture of what was on the screen, as a JPEG.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn frame(
        &self,
        screen: ScreenNumber,
        note: &FrameNote,
        jpeg: Vec<u8>,
    ) -> Result<FrameReply, HubError> {
        let length = jpeg.len() as u64;
        let path = format!("/v1/terminals/{screen}/frame?{}", note.query());
        let request = self
            .request(Method::PUT, &path)
            .timeout(self.line.limits().call)
            .header(CONTENT_TYPE, "image/jpeg")
            .body(jpeg);
        let (response, room) = self.send(Kind::Frame, request, length).await?;
        self.json(response, ANSWER_BYTES_MAX, Kind::Frame, room)
            .await
    }

    /// `POST /v1/terminals/{n}/key`: the key with which the screen should mint.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn token_key(&self, screen: ScreenNumber) -> Result<KeyReply, HubError> {
        let path = format!("/v1/terminals/{screen}/key");
        let reply: KeyReply = self
            .ask(Kind::Word, &path, Some(Vec::new()), ANSWER_BYTES_MAX)
            .await?;
        match unhex32(&reply.token_key) {
            Some(_) => Ok(reply),
            None => Err(self.not_a_hub("a token key has 64 hexadecimal digits")),
        }
    }

    /// `GET /v1/terminals/{n}/manifest-keys`: what follows a generation of the key that signs
    /// manifests; nothing, from a hub that is older than such keys.
    ///
    /// # Errors
    /// See [`HubError`].
    pub async fn manifest_keys(
        &self,
        screen: ScreenNumber,
        after: u32,
    ) -> Result<ManifestKeysReply, HubError> {
        let path = format!("/v1/terminals/{screen}/manifest-keys?after={after}");
        match self.ask(Kind::Word, &path, None, ANSWER_BYTES_MAX).await {
            Err(HubError::Status { status: 404, .. }) => Ok(ManifestKeysReply::default()),
            answer => answer,
        }
    }

    /// A call with a short answer: `POST` with a body, else `GET`.
    async fn ask<T: DeserializeOwned>(
        &self,
        kind: Kind,
        path: &str,
        body: Option<Vec<u8>>,
        bytes_max: u64,
    ) -> Result<T, HubError> {
        let length = body.as_ref().map_or(0, Vec::len) as u64;
        let request = match body {
            Some(body) if body.is_empty() => self.request(Method::POST, path),
            Some(body) => self
                .request(Method::POST, path)
                .header(CONTENT_TYPE, "application/json")
                .body(body),
            None => self.request(Method::GET, path),
        };
        let request = request.timeout(self.line.limits().call);
        let (response, room) = self.send(kind, request, length).await?;
        self.json(response, bytes_max, kind, room).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_of(&self.http, method, path)
    }

    fn request_of(&self, http: &reqwest::Client, method: Method, path: &str) -> RequestBuilder {
        let request = http.request(method, format!("{}{path}", self.url));
        match &self.bearer {
            Some(bearer) => request.header(AUTHORIZATION, format!("Bearer {bearer}")),
            None => request,
        }
    }

    /// Sends a request with a body of some bytes; returns the answer and how many bytes its body
    /// may use of the day's data.
    async fn send(
        &self,
        kind: Kind,
        request: RequestBuilder,
        body_bytes: u64,
    ) -> Result<(Response, u64), HubError> {
        let room = self
            .line
            .meter
            .call(kind, body_bytes)
            .ok_or_else(|| over_budget(kind))?;
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        Ok((self.accepted(response, kind, room).await?, room))
    }

    /// Returns an answer that says yes; what any other means is an error.
    async fn accepted(
        &self,
        response: Response,
        kind: Kind,
        room: u64,
    ) -> Result<Response, HubError> {
        let status = response.status();
        if answer::is_packed(&response) {
            let what = answer::foreign(status, response.headers());
            return Err(self.not_a_hub(&what));
        }
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let body = self.bytes(response, ANSWER_BYTES_MAX, kind, room).await;
        Err(answer::refusal(
            &self.url,
            status,
            &headers,
            body.ok().as_deref(),
        ))
    }

    async fn json<T: DeserializeOwned>(
        &self,
        response: Response,
        bytes_max: u64,
        kind: Kind,
        room: u64,
    ) -> Result<T, HubError> {
        let what = answer::foreign(response.status(), response.headers());
        let body = self.bytes(response, bytes_max, kind, room).await?;
        bounded::json(&body, ANSWER_TEXT_BYTES_MAX).map_err(|error| {
            self.not_a_hub(&format!(
                "{what}; {}",
                answer::printable(&error.to_string())
            ))
        })
    }

    async fn bytes(
        &self,
        mut response: Response,
        bytes_max: u64,
        kind: Kind,
        room: u64,
    ) -> Result<Vec<u8>, HubError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            self.line.meter.got(chunk.len() as u64);
            let length = (body.len() + chunk.len()) as u64;
            if length > bytes_max {
                return Err(self.not_a_hub(&format!("the answer is longer than {bytes_max} bytes")));
            }
            if length > room {
                return Err(over_budget(kind));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, error: &reqwest::Error) -> HubError {
        if error.is_timeout() && !error.is_connect() {
            return self.timed_out("its answer does not come, or not to its end");
        }
        HubError::Unreachable {
            url: self.url.clone(),
            reason: deepest(error),
        }
    }

    fn timed_out(&self, what: &'static str) -> HubError {
        HubError::TimedOut {
            url: self.url.clone(),
            what,
        }
    }

    pub(super) fn not_a_hub(&self, reason: &str) -> HubError {
        HubError::NotAHub {
            url: self.url.clone(),
            reason: answer::printable(reason),
            status: None,
        }
    }
}

const fn over_budget(kind: Kind) -> HubError {
    HubError::OverBudget(match kind {
        Kind::Frame => "pictures of the screen",
        Kind::Large => "files of more than 1 MB",
        Kind::Small => "files",
        Kind::Word => "manifests and heartbeats",
        Kind::Plays => "plays",
    })
}

/// The cause that lies deepest says most; a certificate's has words of its own.
fn deepest(error: &reqwest::Error) -> String {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        reason = cause.to_string();
        if let Some(error) = of_certificate(cause) {
            return certificates::words(error);
        }
        source = cause.source();
    }
    reason
}

/// Finds what is wrong with a certificate in an error, which may lie in several of the system's.
fn of_certificate<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> Option<&'e rustls::CertificateError> {
    if let Some(rustls::Error::InvalidCertificate(error)) = error.downcast_ref() {
        return Some(error);
    }
    of_certificate(error.downcast_ref::<std::io::Error>()?.get_ref()?)
}
