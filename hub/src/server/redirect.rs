//! Answers what comes unencrypted with the encrypted address of the same, and a CA that asks
//! whether a name leads here.
//!
//! Invariants: where an answer leads is the hub's own address, whatever the request says of hosts;
//! nothing else is served but what a CA is to be answered ([`Challenges`]), and nothing is read but
//! a head.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::public_url::PublicUrl;
use crate::server::acme::{CHALLENGE_PATH, Challenges};

/// How long a browser may remember it.
const REMEMBER: HeaderValue = HeaderValue::from_static("max-age=86400");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// Answers everything with the same path below the hub's own address. What a CA asks is answered
/// here if this hub gets its certificate so, and led on like the rest if somebody else does.
pub(super) fn router(public_url: &PublicUrl, challenges: Option<Arc<Challenges>>) -> Router {
    let origin: Arc<str> = public_url.origin().into();
    Router::new().fallback(move |request: Request| {
        let (origin, challenges) = (Arc::clone(&origin), challenges.clone());
        async move {
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            let token = request.uri().path().strip_prefix(CHALLENGE_PATH);
            match (challenges, token) {
                (Some(challenges), Some(token)) if is_read => challenges.answer(token).await,
                _ => answer(&origin, &request),
            }
        }
    })
}

fn answer(origin: &str, request: &Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        // Whatever was to be sent should not have been sent here.
        let mut refused = StatusCode::METHOD_NOT_ALLOWED.into_response();
        refused.headers_mut().insert(header::ALLOW, METHODS);
        return refused;
    }
    let target = request.uri().path_and_query();
    let target = target.map_or("/", |target| target.as_str());
    // Only `OPTIONS *` and a proxy's `GET http://host?query` have anything else.
    let slash = if target.starts_with('/') { "" } else { "/" };
    let Ok(location) = HeaderValue::try_from(format!("{origin}{slash}{target}")) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, REMEMBER),
    ];
    (StatusCode::PERMANENT_REDIRECT, headers).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const ORIGIN: &str = "https://hub.example";

    fn asked(method: &Method, uri: &str) -> Response {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri.parse().unwrap();
        let host = HeaderValue::from_static("evil.example");
        request.headers_mut().insert(header::HOST, host);
        answer(ORIGIN, &request)
    }

    #[test]
    fn every_address_leads_to_the_same_path_of_the_hub_and_to_no_other_host() {
        for (uri, path) in [
            ("/", "/"),
            (
                "/Q/000000800080000100000K7P7ZPW7E3F",
                "/Q/000000800080000100000K7P7ZPW7E3F",
            ),
            ("/s/abc?fbclid=x&y=%2F", "/s/abc?fbclid=x&y=%2F"),
            ("http://evil.example/q/x", "/q/x"),
            ("http://evil.example", "/"),
            ("http://evil.example?x", "/?x"),
            ("//evil.example/x", "//evil.example/x"),
            ("/.evil.example", "/.evil.example"),
            ("/@evil.example", "/@evil.example"),
            ("/%0d%0aset-cookie:a", "/%0d%0aset-cookie:a"),
            ("*", "/*"),
        ] {
            for method in [Method::GET, Method::HEAD] {
                let answer = asked(&method, uri);
                assert_eq!(answer.status(), StatusCode::PERMANENT_REDIRECT);
                let location = answer.headers()[header::LOCATION].to_str().unwrap();
                assert_eq!(location, format!("{ORIGIN}{path}"), "{uri}");
            }
        }
    }

    #[test]
    fn nothing_that_sends_something_is_led_on() {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let answer = asked(&method, "/v1/enroll");
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
            assert!(!answer.headers().contains_key(header::LOCATION));
        }
    }
}
