//! The proxies of the operator's own, which say for whom they ask.
//!
//! Invariants: nobody is believed whom the operator has not named, not even a program on the same
//! machine; of what a proxy says only that counts which proxies of the operator's have written.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Most hops that are followed.
const HOPS_MAX: usize = 16;

/// Addresses of one's own proxies: one address, or a network as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

/// Says that a text names no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an address such as 127.0.0.1 or ::1, nor a network such as 10.0.0.0/8")]
pub struct TrustedProxyError;

impl FromStr for TrustedProxy {
    type Err = TrustedProxyError;

    fn from_str(text: &str) -> Result<Self, TrustedProxyError> {
        let network = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address.to_canonical()),
            Err(_) => text.parse().map_err(|_| TrustedProxyError)?,
        };
        Ok(Self(network))
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    trusted: Vec<TrustedProxy>,
    has_warned: AtomicBool,
}

impl Proxies {
    pub(super) fn new(trusted: Vec<TrustedProxy>) -> Self {
        Self {
            trusted,
            has_warned: AtomicBool::new(false),
        }
    }

    /// Tells whether a connection is a proxy's.
    pub(super) fn are_at(&self, peer: IpAddr) -> bool {
        // A socket for both families says ::ffff:127.0.0.1.
        let peer = peer.to_canonical();
        self.trusted.iter().any(|proxy| proxy.0.contains(&peer))
    }

    /// Returns the address from which a request comes: that of the connection, or, when a proxy has
    /// it, the last hop in `X-Forwarded-For` that is no proxy. What stands before it is what the
    /// client says.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.are_at(client) {
            if headers.contains_key(&FORWARDED_FOR) {
                self.warn_once();
            }
            return client;
        }
        let lines = headers.get_all(&FORWARDED_FOR).iter().rev();
        let hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops.take(HOPS_MAX) {
            // Past what is no address nobody knows who wrote what.
            let Some(address) = std::str::from_utf8(hop).ok().and_then(hop_ip) else {
                break;
            };
            client = address;
            if !self.are_at(client) {
                break;
            }
        }
        client
    }

    /// Tells the operator of a proxy that may be theirs. Whose address it is would be a visitor's,
    /// if it is not.
    fn warn_once(&self) {
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a request came with X-Forwarded-For from an address that is not named with --trusted-proxy; the header is \
                 ignored, so visitors behind that address count as one. If a proxy of yours is in front of this hub, name \
                 its address: serve --trusted-proxy ADDRESS"
            );
        }
    }
}

/// Some proxies add the port, and put brackets around an address of IPv6.
fn hop_ip(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']'));
    bare.unwrap_or(hop)
        .parse()
        .or_else(|_| hop.parse().map(|socket: SocketAddr| socket.ip()))
        .ok()
        .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let trusted = trusted.iter().map(|text| text.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&FORWARDED_FOR, line.parse().unwrap());
        }
        let client = Proxies::new(trusted).client(peer.parse().unwrap(), &headers);
        client.to_string()
    }

    #[test]
    fn only_named_proxies_are_believed_and_only_what_they_wrote() {
        const NEAR: &[&str] = &["127.0.0.1"];
        const FARM: &[&str] = &["127.0.0.1", "10.0.0.0/8", "2001:db8:9::/48"];
        for (trusted, peer, lines, expected) in [
            // Nobody is trusted by default, not even this machine.
            (&[][..], "127.0.0.1", &["203.0.113.7"][..], "127.0.0.1"),
            (&[], "::1", &["203.0.113.7"], "::1"),
            (NEAR, "192.0.2.1", &["203.0.113.7"], "192.0.2.1"),
            (NEAR, "127.0.0.2", &["203.0.113.7"], "127.0.0.2"),
            (NEAR, "127.0.0.1", &[], "127.0.0.1"),
            (
                NEAR,
                "127.0.0.1",
                &["198.51.100.9, 203.0.113.7"],
                "203.0.113.7",
            ),
            (
                NEAR,
                "127.0.0.1",
                &["198.51.100.9", "203.0.113.7"],
                "203.0.113.7",
            ),
            (NEAR, "::ffff:127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            // A chain of proxies, each of which added whom it spoke with.
            (
                FARM,
                "127.0.0.1",
                &["198.51.100.9, 203.0.113.7, 10.1.2.3"],
                "203.0.113.7",
            ),
            (
                FARM,
                "10.9.9.9",
                &["203.0.113.7", "2001:db8:9::5, 10.1.2.3"],
                "203.0.113.7",
            ),
            // A client on a proxy's machine.
            (FARM, "127.0.0.1", &["10.1.2.3"], "10.1.2.3"),
            // What is no address ends it.
            (FARM, "127.0.0.1", &["203.0.113.7, unknown"], "127.0.0.1"),
            (
                FARM,
                "127.0.0.1",
                &["203.0.113.7, _hidden, 10.1.2.3"],
                "10.1.2.3",
            ),
            (FARM, "127.0.0.1", &["203.0.113.7,,"], "127.0.0.1"),
        ] {
            assert_eq!(
                client(trusted, peer, lines),
                expected,
                "{trusted:?} {peer} {lines:?}"
            );
        }
        let endless = "10.1.2.3,".repeat(500) + "10.1.2.4";
        assert_eq!(
            client(FARM, "127.0.0.1", &[&format!("203.0.113.7,{endless}")]),
            "10.1.2.3"
        );
    }

    #[test]
    fn hop_is_read_in_every_form_in_which_proxies_write_it() {
        for (hop, ip) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7:51234", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:51234", "2001:db8::7"),
            ("unknown", "127.0.0.1"),
            ("", "127.0.0.1"),
        ] {
            assert_eq!(client(&["127.0.0.1"], "127.0.0.1", &[hop]), ip, "{hop}");
        }
    }

    #[test]
    fn proxies_are_named_by_address_or_network() {
        for (text, inside, outside) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("::1", "::1", "::2"),
            ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"),
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
        ] {
            let proxies = Proxies::new(vec![text.parse().unwrap()]);
            assert!(proxies.are_at(inside.parse().unwrap()), "{text}");
            assert!(!proxies.are_at(outside.parse().unwrap()), "{text}");
        }
        for wrong in [
            "",
            "proxy.example",
            "10.0.0.0/40",
            "127.0.0.1:80",
            "10.0.0/8",
        ] {
            assert!(wrong.parse::<TrustedProxy>().is_err(), "{wrong}");
        }
    }
}
