//! How requests travel to a CA.
//!
//! Invariants: only encrypted, to whoever the roots vouch for; no redirect is followed; an answer
//! is at most [`ANSWER_BYTES_MAX`] long and here within [`ANSWER_TIME`]; at most one attempt's
//! calls run at one time.

use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient, Problem};
use jiff::fmt::rfc2822::DateTimeParser;
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};

use crate::server::tls::{TlsError, roots};

/// Largest answer; a chain has a few kilobytes.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// Longest request; the largest has a request for a certificate in it.
const REQUEST_BYTES_MAX: usize = 64 << 10;
/// Longest time until a CA is reached.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Longest time until its answer is here.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// No pause was asked for.
const NONE: i64 = -1;

/// Says why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// Nobody was reached, or somebody else.
    #[error("{0}")]
    Away(String),
    /// It has an answer without a reason.
    #[error("it answers {0}")]
    Status(StatusCode),
    /// It does not come to an end.
    #[error("an answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    /// It leads elsewhere.
    #[error("it names an address that does not begin with https://")]
    NotEncrypted,
    /// Something that cannot be sent.
    #[error("a request cannot be made: {0}")]
    Request(String),
}

/// An answer, or why there is none, in the CA's words.
type Answered = Result<BytesResponse, Problem>;

/// Asks a CA.
#[derive(Clone)]
pub(in crate::server) struct Calls {
    http: reqwest::Client,
    /// For how long, in milliseconds, the CA has asked to be left alone, or [`NONE`].
    told_ms: Arc<AtomicI64>,
    /// What time is taken for the present where a CA names a moment.
    now_ms: Arc<Mutex<i64>>,
}

impl Calls {
    /// Reads the roots, those of the system without a file.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(in crate::server) fn new(root: Option<&Path>) -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        match root {
            Some(file) => store.add_parsable_certificates(roots(file)?),
            // What is not a certificate is skipped: the others may do.
            None => {
                let system = rustls_native_certs::load_native_certs();
                store.add_parsable_certificates(system.certs)
            }
        };
        let config = ClientConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Begin)?
            .with_root_certificates(store)
            .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .user_agent(concat!("passerby-hub/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // A few bytes could be unpacked to any number.
            .no_gzip()
            .https_only(true)
            .pool_max_idle_per_host(1)
            .connect_timeout(CONNECT_TIME)
            .timeout(ANSWER_TIME)
            .build()
            .map_err(|error| TlsError::Begin(rustls::Error::General(deepest(&error))))?;
        Ok(Self {
            http,
            told_ms: Arc::new(AtomicI64::new(NONE)),
            now_ms: Arc::default(),
        })
    }

    /// Begins an attempt: what was told before is forgotten.
    pub(super) fn begin(&self, now_ms: i64) {
        self.told_ms.store(NONE, Ordering::Relaxed);
        *self.now_ms.lock().unwrap_or_else(PoisonError::into_inner) = now_ms;
    }

    /// For how long the CA has asked to be left alone since the attempt began, in milliseconds.
    pub(super) fn told_ms(&self) -> Option<i64> {
        Some(self.told_ms.load(Ordering::Relaxed)).filter(|told_ms| *told_ms != NONE)
    }

    async fn answer(self, request: Request<BodyWrapper<Bytes>>) -> Result<Answered, CallError> {
        let (head, body) = request.into_parts();
        let is_signed = head.method == Method::POST;
        let url = head.uri.to_string();
        if !url.starts_with("https://") {
            return Err(CallError::NotEncrypted);
        }
        let body = axum::body::to_bytes(axum::body::Body::new(body), REQUEST_BYTES_MAX).await;
        let body = body.map_err(|error| CallError::Request(error.to_string()))?;
        let mut headers = head.headers;
        // The CA may want to tell those apart that use its services; the library is none of them.
        headers.remove(header::USER_AGENT);
        let request = self.http.request(head.method, url).headers(headers);
        let answered = request.body(body).send().await;
        let mut answer = answered.map_err(|error| CallError::Away(deepest(&error)))?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| {
            // What is cut off comes anew; a CA that trickles is as good as away.
            CallError::Away(deepest(&error))
        })? {
            if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(CallError::TooLong);
            }
            bytes.extend_from_slice(&piece);
        }
        let status = answer.status();
        if matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        ) {
            let now_ms = *self.now_ms.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(told_ms) = retry_after_ms(answer.headers(), now_ms) {
                self.told_ms.store(told_ms, Ordering::Relaxed);
            }
        }
        if status.is_client_error() || status.is_server_error() {
            let reason = serde_json::from_slice::<Problem>(&bytes);
            let reason = reason.map_err(|_| CallError::Status(status))?;
            // The library looks for a reason only where it has signed.
            if !is_signed {
                return Ok(Err(reason));
            }
        }
        if status.is_redirection() {
            return Err(CallError::Status(status));
        }
        let mut response = Response::new(());
        *response.status_mut() = status;
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(Ok(BytesResponse {
            parts: response.into_parts().0,
            body: Box::new(Bytes::from(bytes)),
        }))
    }
}

impl HttpClient for Calls {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let answer = self.clone().answer(request);
        Box::pin(async move {
            match answer.await {
                Ok(answered) => Ok(answered?),
                Err(error) => Err(Error::Other(Box::new(error))),
            }
        })
    }
}

/// The innermost reason, which says what the outer ones only announce.
fn deepest(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// Reads for how long a CA wants to hear nothing, as a number of seconds or a moment (RFC 9110,
/// 10.2.3).
fn retry_after_ms(headers: &HeaderMap, now_ms: i64) -> Option<i64> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    let at = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(at.as_millisecond().saturating_sub(now_ms).max(0))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_pause_is_read_in_either_form_and_nonsense_is_none() {
        let told = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(text));
            retry_after_ms(&headers, 784_111_777_000)
        };
        assert_eq!(told("120"), Some(120_000));
        assert_eq!(told("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60_000));
        assert_eq!(told("Sun, 06 Nov 1994 08:48:37 GMT"), Some(0));
        assert_eq!(told("4294967295"), Some(4_294_967_295_000));
        for nonsense in ["", "-1", "soon", "99999999999999999999", "1.5"] {
            assert_eq!(told(nonsense), None, "{nonsense}");
        }
        assert_eq!(retry_after_ms(&HeaderMap::new(), 0), None);
    }
}
