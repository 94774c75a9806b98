//! The proxies of the operator's own, which say for whom they ask.
//!
//! Invariants: nobody is believed whom the operator has not named, not even a program on the same
//! machine; of what a proxy says only that counts which proxies of the operator's have written; a
//! name stands for the addresses that it had when it was last looked up, and for nobody while that
//! fails.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Most hops that are followed.
const HOPS_MAX: usize = 16;

/// Most addresses that a name may have.
const ADDRESSES_MAX: usize = 64;
/// Longest time to look a name up.
const LOOK_UP_TIME: Duration = Duration::from_secs(10);
/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(30);
/// Longest name of a host, and of a part of it, in bytes (RFC 1035, 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// One's own proxies: an address, a network as `10.0.0.0/8`, or the name of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxy(Trusted);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Trusted {
    Network(IpNet),
    Name(String),
}

/// Says that a text names no proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an address such as 127.0.0.1 or ::1, nor a network such as 10.0.0.0/8, nor a name such as proxy.example"
)]
pub struct TrustedProxyError;

/// Says that nobody knows the addresses of a proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot find the address of the proxy {name} ({reason}); name its address with --trusted-proxy"
)]
pub struct ProxyNameError {
    name: String,
    reason: String,
}

impl FromStr for TrustedProxy {
    type Err = TrustedProxyError;

    fn from_str(text: &str) -> Result<Self, TrustedProxyError> {
        let network = match text.parse::<IpAddr>() {
            Ok(address) => Ok(IpNet::from(address.to_canonical())),
            Err(_) => text.parse(),
        };
        match network {
            Ok(network) => Ok(Self(Trusted::Network(network))),
            Err(_) if is_name(text) => Ok(Self(Trusted::Name(text.to_ascii_lowercase()))),
            Err(_) => Err(TrustedProxyError),
        }
    }
}

/// Tells the names of hosts. What ends in a number is none: systems take `10.1` for an address.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(is_byte)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let bare = text.strip_suffix('.').unwrap_or(text);
    let last = bare.rsplit('.').next().unwrap_or_default();
    bare.len() <= NAME_BYTES_MAX
        && bare.split('.').all(is_label)
        && !last.starts_with(|first: char| first.is_ascii_digit())
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    networks: Vec<IpNet>,
    names: Vec<NamedProxy>,
    has_warned: AtomicBool,
}

#[derive(Debug)]
struct NamedProxy {
    name: String,
    /// None while they are not known.
    addresses: RwLock<Vec<IpAddr>>,
}

impl Proxies {
    /// Names are believed from [`Proxies::look_up`] on.
    pub(super) fn new(trusted: Vec<TrustedProxy>) -> Self {
        let mut proxies = Self::default();
        for TrustedProxy(trusted) in trusted {
            match trusted {
                Trusted::Network(network) => proxies.networks.push(network),
                Trusted::Name(name) => proxies.names.push(NamedProxy {
                    name,
                    addresses: RwLock::default(),
                }),
            }
        }
        proxies
    }

    /// Looks all names up.
    ///
    /// # Errors
    /// The first that is not found.
    pub(super) async fn look_up(&self) -> Result<(), ProxyNameError> {
        for proxy in &self.names {
            proxy.set(proxy.found().await)?;
        }
        Ok(())
    }

    /// Looks names up again and again, for ever.
    pub(super) async fn keep(&self) {
        while !self.names.is_empty() {
            tokio::time::sleep(PAUSE).await;
            for proxy in &self.names {
                let was_known = !proxy.addresses().is_empty();
                match proxy.set(proxy.found().await) {
                    Err(error) if was_known => tracing::warn!(
                        "{error}; until it is found, what it says of visitors is not believed"
                    ),
                    Ok(()) if !was_known => {
                        tracing::info!("the proxy {} is found again", proxy.name);
                    }
                    Ok(()) | Err(_) => {}
                }
            }
        }
    }

    /// Tells whether a connection is a proxy's.
    pub(super) fn are_at(&self, peer: IpAddr) -> bool {
        // A socket for both families says ::ffff:127.0.0.1.
        let peer = peer.to_canonical();
        self.networks.iter().any(|network| network.contains(&peer))
            || self
                .names
                .iter()
                .any(|proxy| proxy.addresses().contains(&peer))
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

impl NamedProxy {
    async fn found(&self) -> Result<Vec<IpAddr>, String> {
        let found = tokio::net::lookup_host((self.name.as_str(), 0));
        match tokio::time::timeout(LOOK_UP_TIME, found).await {
            Ok(Ok(found)) => Ok(found.map(|found| found.ip().to_canonical()).collect()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    /// Takes what was found; nobody is believed when that is nothing.
    fn set(&self, found: Result<Vec<IpAddr>, String>) -> Result<(), ProxyNameError> {
        let (mut addresses, reason) = match found {
            Ok(addresses) => (addresses, "it has none"),
            Err(reason) => {
                self.replace(Vec::new());
                let name = self.name.clone();
                return Err(ProxyNameError { name, reason });
            }
        };
        addresses.truncate(ADDRESSES_MAX);
        let is_known = !addresses.is_empty();
        self.replace(addresses);
        is_known.then_some(()).ok_or_else(|| ProxyNameError {
            name: self.name.clone(),
            reason: reason.to_owned(),
        })
    }

    fn replace(&self, addresses: Vec<IpAddr>) {
        *self
            .addresses
            .write()
            .unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    fn addresses(&self) -> std::sync::RwLockReadGuard<'_, Vec<IpAddr>> {
        self.addresses
            .read()
            .unwrap_or_else(PoisonError::into_inner)
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
            ".",
            "10.0.0.0/40",
            "127.0.0.1:80",
            "10.0.0/8",
            "10.1",
            "1",
            "0x7f.1",
            "proxy.example:80",
            "-proxy.example",
            "proxy..example",
            "proxy example",
            "https://proxy.example",
        ] {
            assert!(wrong.parse::<TrustedProxy>().is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_name_stands_for_its_addresses_and_for_nobody_while_it_has_none() {
        let here = "127.0.0.1".parse().unwrap();
        let proxies = Proxies::new(vec!["LocalHost".parse().unwrap()]);
        assert!(!proxies.are_at(here), "nobody has looked it up");
        proxies.look_up().await.unwrap();
        assert!(proxies.are_at(here));
        let name = &proxies.names[0];
        let other: IpAddr = "192.0.2.7".parse().unwrap();
        name.set(Ok(vec![other])).unwrap();
        assert!(proxies.are_at(other) && !proxies.are_at(here));
        let error = name.set(Err("no such host".to_owned())).unwrap_err();
        assert!(!proxies.are_at(other));
        let said = error.to_string();
        assert!(said.contains("localhost (no such host)") && said.contains("--trusted-proxy"));
        name.set(Ok(vec![other])).unwrap();
        assert!(name.set(Ok(Vec::new())).is_err() && !proxies.are_at(other));
        let many = (0..=255)
            .map(|last| IpAddr::from([198, 51, 100, last]))
            .collect();
        name.set(Ok(many)).unwrap();
        assert_eq!(name.addresses().len(), ADDRESSES_MAX);
        let nowhere = Proxies::new(vec!["nowhere.invalid".parse().unwrap()]);
        assert!(nowhere.look_up().await.is_err());
    }
}
