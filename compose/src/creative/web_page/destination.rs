//! Which addresses a page may open: the public ones, and those of hosts that the operator allows.
//!
//! Invariant: an address is judged, never a name, see [`passerby_protocol::public_address`].

use std::fmt;
use std::net::IpAddr;

use passerby_protocol::private_host::PrivateHost;

/// What a page may open.
#[derive(Debug, Clone, Default)]
pub(super) struct Destinations {
    private_hosts: Vec<PrivateHost>,
}

impl Destinations {
    pub(super) const fn new(private_hosts: Vec<PrivateHost>) -> Self {
        Self { private_hosts }
    }

    /// Tells whether a port of a host may be opened wherever it is.
    pub(super) fn allow(&self, host: &str, port: u16) -> bool {
        self.private_hosts
            .iter()
            .any(|allowed| allowed.allows(host, port))
    }
}

/// An address that no page may open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) address: IpAddr,
    /// What kind of address it is; follows "which is".
    pub(super) kind: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            port,
            address,
            kind,
        } = self;
        let allowed = PrivateHost::new(host, *port);
        if address.to_string() == host.trim_matches(['[', ']']) {
            write!(f, "it asks for {allowed}, which is {kind}")?;
        } else {
            write!(f, "it asks for {allowed}, which leads to {address}, {kind}")?;
        }
        write!(
            f,
            "; pages open only public addresses, and what [pages] of kiosk.toml names: private_hosts = [\"{allowed}\"]"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_write_where() {
        let refused = |host: &str, address: &str| {
            let refused = Refused {
                host: host.into(),
                port: 80,
                address: address.parse().expect(address),
                kind: "a private address",
            };
            refused.to_string()
        };
        assert_eq!(
            refused("board.lan", "192.168.1.20"),
            "it asks for board.lan:80, which leads to 192.168.1.20, a private address; pages open only public \
             addresses, and what [pages] of kiosk.toml names: private_hosts = [\"board.lan:80\"]"
        );
        let literal = refused("fd00::1", "fd00::1");
        assert!(
            literal.starts_with("it asks for [fd00::1]:80, which is a private address;"),
            "{literal}"
        );
        assert!(literal.ends_with("private_hosts = [\"[fd00::1]:80\"]"));
    }
}
