//! The connections to a store.
//!
//! Invariants: each request has an end, by the time that its bytes may take; nothing but a creative
//! is read without a bound; redirects are not followed, and nothing packed is unpacked; of a
//! refusal no more is kept than its status and its code.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::header::{CONTENT_RANGE, RANGE};
use hyper::{Method, StatusCode};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};

use crate::blobs::counts::{Outcome, RequestCounts};
use crate::blobs::objects::bounded_body::BoundedBody;
use crate::blobs::objects::fault::{Fault, deepest};

/// Longest time until a connection is there.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Longest time until an answer begins, of a request without a body.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// What a line must carry at least, in bytes a second, while a body is sent.
const SENT_BYTES_PER_S: u64 = 64 << 10;
/// Most bytes of a list of a thousand keys of 1 KiB each, or of whatever else is no creative.
const ANSWER_BYTES_MAX: u64 = 4 << 20;
/// Most bytes of a refusal that are looked at, and the longest time for them.
const REFUSAL_BYTES_MAX: u64 = 64 << 10;
const REFUSAL_TIME: Duration = Duration::from_secs(5);
/// Longest code that is believed to be one.
const CODE_CHARS_MAX: usize = 64;
/// Connections that wait for the next request.
const IDLE_CONNECTIONS_MAX: usize = 16;

/// Makes such connections.
#[derive(Debug)]
pub(super) struct Connector {
    client: StoreClient,
}

/// A client that counts.
#[derive(Debug, Clone)]
struct StoreClient {
    http: reqwest::Client,
    counts: Arc<RequestCounts>,
}

impl Connector {
    /// Makes a client that believes the certificates of `tls`; without it only what is not
    /// encrypted is spoken to.
    pub(super) fn new(
        tls: Option<rustls::ClientConfig>,
        counts: Arc<RequestCounts>,
    ) -> Result<Self, String> {
        // Fails when it is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("passerby-hub/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .connect_timeout(CONNECT_TIME);
        if let Some(tls) = tls {
            builder = builder.tls_backend_preconfigured(tls);
        }
        let http = builder.build().map_err(|error| deepest(&error))?;
        Ok(Self {
            client: StoreClient { http, counts },
        })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.client.clone()))
    }
}

impl HttpService for StoreClient {
    // What `async_trait` makes of `async fn call(&self, request: HttpRequest) -> …`.
    fn call<'s, 'a>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>
    where
        's: 'a,
        Self: 'a,
    {
        Box::pin(async move {
            let method = request.method().clone();
            let begun = Instant::now();
            let answered = self.ask(request).await;
            let outcome = match &answered {
                Ok(response) if response.status() == StatusCode::NOT_FOUND => Outcome::Missing,
                Ok(_) => Outcome::Ok,
                Err((_, fault)) => fault.outcome(),
            };
            self.counts.add(method.as_str(), outcome, begun.elapsed());
            answered.map_err(|(kind, fault)| HttpError::new(kind, fault))
        })
    }
}

impl StoreClient {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, (HttpErrorKind, Fault)> {
        let (parts, body) = request.into_parts();
        let method = parts.method.clone();
        // A list is of the bucket, and all else that is asked for is a creative.
        let is_list = (parts.uri.query()).is_some_and(|query| query.contains("list-type="));
        let is_creative = matches!(method, Method::GET | Method::HEAD) && !is_list;
        let asks_for_part = parts.headers.contains_key(RANGE);
        let sent_s = body.content_length() as u64 / SENT_BYTES_PER_S;
        let time = ANSWER_TIME + Duration::from_secs(sent_s);
        let request = hyper::Request::from_parts(parts, sendable(body));
        let request = reqwest::Request::try_from(request)
            .map_err(|error| (HttpErrorKind::Unknown, unreachable(&error)))?;
        let response = match tokio::time::timeout(time, self.http.execute(request)).await {
            Err(_) => return Err((HttpErrorKind::Timeout, Fault::Slow)),
            Ok(Err(error)) if error.is_connect() => {
                return Err((HttpErrorKind::Connect, unreachable(&error)));
            }
            Ok(Err(error)) => return Err((HttpErrorKind::Interrupted, unreachable(&error))),
            Ok(Ok(response)) => response,
        };
        let status = response.status();
        let (mut parts, body) = hyper::Response::from(response).into_parts();
        // rclone answers with the part that was asked for, says which, and calls it the whole.
        if status == StatusCode::OK && asks_for_part && parts.headers.contains_key(CONTENT_RANGE) {
            parts.status = StatusCode::PARTIAL_CONTENT;
        }
        if status.is_success() {
            let bytes_max = if is_creative {
                u64::MAX
            } else {
                ANSWER_BYTES_MAX
            };
            let body = HttpResponseBody::new(BoundedBody::new(body, bytes_max));
            return Ok(HttpResponse::from_parts(parts, body));
        }
        let code = code_of(body).await;
        if status == StatusCode::NOT_FOUND && is_creative && code != "NoSuchBucket" {
            let body = HttpResponseBody::from(Vec::new());
            return Ok(HttpResponse::from_parts(parts, body));
        }
        // Whatever is asked for here may be asked for twice.
        let is_passing = status.is_server_error()
            || matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
            );
        let kind = if is_passing {
            HttpErrorKind::Request
        } else {
            HttpErrorKind::Unknown
        };
        let status = status.as_u16();
        Err((kind, Fault::Answer { status, code }))
    }
}

fn unreachable(error: &reqwest::Error) -> Fault {
    Fault::Unreachable(deepest(error))
}

fn sendable(body: HttpRequestBody) -> reqwest::Body {
    match body.as_bytes() {
        Some(bytes) => bytes.clone().into(),
        None => reqwest::Body::wrap(body),
    }
}

/// Reads what S3 calls a refusal; empty where there is nothing like it.
async fn code_of(body: reqwest::Body) -> String {
    let bounded = HttpResponseBody::new(BoundedBody::new(body, REFUSAL_BYTES_MAX));
    match tokio::time::timeout(REFUSAL_TIME, bounded.bytes()).await {
        Ok(Ok(bytes)) => code_in(&String::from_utf8_lossy(&bytes)),
        Ok(Err(_)) | Err(_) => String::new(),
    }
}

fn code_in(text: &str) -> String {
    let code = text
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map_or("", |(code, _)| code.trim());
    let is_code =
        code.len() <= CODE_CHARS_MAX && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_code {
        code.to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_refusal_only_a_word_is_kept() {
        for (text, code) in [
            ("<Error><Code>NoSuchKey</Code></Error>", "NoSuchKey"),
            ("<Error><Code> SlowDown </Code>", "SlowDown"),
            ("<Code>\u{1b}[2J</Code>", ""),
            ("<Code>one two</Code>", ""),
            ("<Code>", ""),
            ("", ""),
            ("<html>502</html>", ""),
        ] {
            assert_eq!(code_in(text), code, "{text}");
        }
        assert_eq!(code_in(&format!("<Code>{}</Code>", "a".repeat(65))), "");
    }
}
