//! Reads from a request what tells visitors apart. See [`crate::visitor`] for what becomes of it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, header};

use super::Shared;
use crate::store::{Store, StoreError};
use crate::visitor::{Grade, Network, Trace, Visitor};

/// Longest header value that tells visitors apart, in bytes.
const HEADER_BYTES_MAX: usize = 400;
static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who asks, and whether asking counts.
pub(super) struct Asker {
    trace: Trace,
    only_head: bool,
    ahead: bool,
}

impl FromRequestParts<Shared> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Ok(Self {
            trace: Trace {
                ip: client_ip(peer, &parts.headers),
                agent: text(&parts.headers, &header::USER_AGENT),
                languages: text(&parts.headers, &header::ACCEPT_LANGUAGE),
            },
            only_head: parts.method == Method::HEAD,
            ahead: parts.headers.contains_key("sec-purpose"),
        })
    }
}

impl Asker {
    /// Tells whether somebody opens a page; what else comes to a page's address leaves no trace.
    pub(super) fn counts(&self) -> bool {
        !self.only_head && !self.ahead
    }

    /// Tells the same of what an open page loads.
    pub(super) fn counts_within(&self) -> bool {
        self.counts()
    }

    /// Tells whether a browser asks before its owner does.
    pub(super) fn ahead(&self) -> bool {
        self.ahead
    }

    /// Returns the day's pseudonym of the network that the request came from, for limits.
    pub(super) fn network(&self, store: &Store, now_ms: i64) -> Result<Network, StoreError> {
        Ok(self.trace.network(&store.salt(now_ms)?))
    }

    pub(super) fn grade(&self) -> Grade {
        self.trace.grade()
    }

    /// Returns the day's pseudonym.
    pub(super) fn visitor(&self, store: &Store, now_ms: i64) -> Result<Visitor, StoreError> {
        Ok(self.trace.visitor(&store.salt(now_ms)?))
    }

    /// Returns the day's pseudonym of somebody whose visit counts; `None` for robots and for `HEAD`.
    pub(super) fn counted(
        &self,
        store: &Store,
        now_ms: i64,
    ) -> Result<Option<Visitor>, StoreError> {
        if !self.counts() || self.grade() == Grade::Robot {
            return Ok(None);
        }
        self.visitor(store, now_ms).map(Some)
    }
}

/// Behind a proxy on this machine the client is the hop that the proxy itself added, the last one; everything before
/// it is what the client says, and anybody else's header is worth nothing.
fn client_ip(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !peer.is_loopback() {
        return peer;
    }
    headers
        .get_all(&FORWARDED_FOR)
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|hops| hops.rsplit(',').next())
        .and_then(|hop| hop.trim().parse().ok())
        .unwrap_or(peer)
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    let bytes = headers.get(name).map_or(&[][..], |value| value.as_bytes());
    String::from_utf8_lossy(&bytes[..bytes.len().min(HEADER_BYTES_MAX)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_on_this_machine_is_believed_and_only_its_own_hop() {
        let mut headers = HeaderMap::new();
        headers.insert(&FORWARDED_FOR, "198.51.100.9, 203.0.113.7".parse().unwrap());
        let far: IpAddr = "192.0.2.1".parse().unwrap();
        let near: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(client_ip(far, &headers), far);
        assert_eq!(client_ip(near, &headers).to_string(), "203.0.113.7");
        headers.insert(&FORWARDED_FOR, "nonsense".parse().unwrap());
        assert_eq!(client_ip(near, &headers), near);
    }
}
