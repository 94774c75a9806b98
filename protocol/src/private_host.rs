//! Hosts that an operator lets be opened although their addresses are private.
//!
//! Invariant: an entry allows what is asked for by that very name or address, and nothing that
//! merely leads there.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// Longest entry, in bytes: a host name of DNS (RFC 1035) and a port.
const BYTES_MAX: usize = 253 + 6;

/// A host, and perhaps the one port of it, that may be opened although its address is private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateHost {
    /// In lower case, without brackets and without a dot at its end.
    host: String,
    port: Option<u16>,
}

impl PrivateHost {
    /// Makes an entry for one port of a host, as a link names them.
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: plain(host),
            port: Some(port),
        }
    }

    /// Tells whether this port of this host may be opened.
    pub fn allows(&self, host: &str, port: u16) -> bool {
        self.port.is_none_or(|own| own == port) && self.host == plain(host)
    }
}

impl FromStr for PrivateHost {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text.len() > BYTES_MAX {
            return Err("it is longer than any host name");
        }
        if text.contains("://") || text.contains(['/', '@', '*', '?', '#']) {
            return Err("it is not just a host, or a host and a port");
        }
        let (host, port) = parts(text);
        let port = port
            .map(str::parse)
            .transpose()
            .map_err(|_| "its port is no number from 1 to 65535")?;
        let host = plain(host);
        let is_name = host
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
        if host.is_empty() || port == Some(0) || !(is_name || host.parse::<Ipv6Addr>().is_ok()) {
            return Err("it is no host");
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for PrivateHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.host.contains(':')) {
            (Some(port), true) => write!(f, "[{}]:{port}", self.host),
            (Some(port), false) => write!(f, "{}:{port}", self.host),
            (None, _) => f.write_str(&self.host),
        }
    }
}

/// Splits a port off; an IPv6 address has one only behind brackets.
fn parts(text: &str) -> (&str, Option<&str>) {
    if text.parse::<Ipv6Addr>().is_ok() {
        return (text, None);
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    }
}

/// Writes a host in the one way in which hosts are compared.
fn plain(host: &str) -> String {
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    match host.parse::<Ipv6Addr>() {
        Ok(address) => address.to_string(),
        Err(_) => host.strip_suffix('.').unwrap_or(host).to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> PrivateHost {
        text.parse().expect(text)
    }

    #[test]
    fn a_host_allows_itself_however_it_is_written_and_nothing_else() {
        let board = host("Board.lan.");
        assert!(board.allows("board.lan", 80) && board.allows("BOARD.LAN.", 8080));
        assert!(!board.allows("a.board.lan", 80) && !board.allows("192.168.1.20", 80));
        let one_port = host("192.168.1.20:8080");
        assert!(one_port.allows("192.168.1.20", 8080) && !one_port.allows("192.168.1.20", 80));
        let six = host("[FD00:0::1]:80");
        assert!(six.allows("fd00::1", 80) && six.allows("[fd00::1]", 80));
        assert!(!six.allows("fd00::1", 81) && host("fd00::1").allows("[fd00::1]", 443));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in [
            "",
            ":80",
            "http://board.lan",
            "board.lan/x",
            "*.lan",
            "board.lan:0",
            "board.lan:99999",
            "board.lan:http",
            "user@board.lan",
            "two words",
        ] {
            assert!(bad.parse::<PrivateHost>().is_err(), "{bad}");
        }
        assert!("a".repeat(300).parse::<PrivateHost>().is_err());
    }

    #[test]
    fn an_entry_is_written_as_it_is_read() {
        for text in ["board.lan", "board.lan:8080", "[fd00::1]:80", "fd00::1"] {
            assert_eq!(host(text).to_string(), text);
        }
    }
}
