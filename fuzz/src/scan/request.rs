//! Reads requests from the text of an input. What no HTTP server would pass on is left out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};

/// Most header lines of one request; hyper takes 100.
const HEADERS_MAX: usize = 24;

/// Splits an input at its empty lines.
pub(super) fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let whole = rest?;
        let end = whole.windows(2).position(|two| two == b"\n\n");
        rest = end.map(|end| &whole[end + 2..]);
        Some(&whole[..end.unwrap_or(whole.len())])
    })
}

/// Reads one request, with what some places in its path stand for; `None` if it could not have come
/// over HTTP.
pub(super) fn read(text: &[u8], places: &[(&str, &str)]) -> Option<Request<Body>> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let mut first = lines.next()?.splitn(2, |&byte| byte == b' ');
    let method = Method::from_bytes(first.next()?).ok()?;
    let target = replaced(first.next()?, places);
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::try_from(target).ok()?;
    let mut peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
    for line in lines.take(HEADERS_MAX) {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let value = line[colon + 1..].trim_ascii();
        match &line[..colon] {
            b"peer" => {
                let ip: IpAddr = std::str::from_utf8(value).ok()?.parse().ok()?;
                peer.set_ip(ip);
            }
            b"body" => *request.body_mut() = Body::from(value.to_vec()),
            name => {
                let name = HeaderName::from_bytes(name).ok()?;
                let value = HeaderValue::from_bytes(value).ok()?;
                request.headers_mut().append(name, value);
            }
        }
    }
    request.extensions_mut().insert(ConnectInfo(peer));
    Some(request)
}

fn replaced(target: &[u8], places: &[(&str, &str)]) -> Vec<u8> {
    let mut whole = target.to_vec();
    for (place, value) in places {
        let found = whole
            .windows(place.len())
            .position(|part| part == place.as_bytes());
        if let Some(at) = found {
            whole.splice(at..at + place.len(), value.bytes());
        }
    }
    whole
}
