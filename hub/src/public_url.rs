//! The address under which phones and screens reach the hub.

use std::str::FromStr;

use passerby_protocol::campaign::link_in_ascii;
use passerby_protocol::limits::URL_BYTES_MAX;

/// An absolute `http` or `https` address, perhaps with a path, never with a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    whole: String,
    path_at: usize,
}

/// Says that a text is not an address of a hub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an address of a hub; use one such as https://hub.example, without ? or #")]
pub struct PublicUrlError;

impl FromStr for PublicUrl {
    type Err = PublicUrlError;
    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let whole = link_in_ascii(text.trim_end_matches('/'));
        let host_at = ["https://", "http://"]
            .iter()
            .find(|scheme| whole.starts_with(*scheme))
            .map(|scheme| scheme.len())
            .ok_or(PublicUrlError)?;
        let path_at = whole[host_at..]
            .find('/')
            .map_or(whole.len(), |at| host_at + at);
        let plain = whole.len() <= URL_BYTES_MAX
            && whole.bytes().all(|b| b.is_ascii_graphic())
            && !whole.contains(['?', '#', '@', '"', '<', '>', '\\']);
        if plain && path_at > host_at {
            Ok(Self {
                whole: whole.into_owned(),
                path_at,
            })
        } else {
            Err(PublicUrlError)
        }
    }
}

impl PublicUrl {
    /// Returns the absolute form of a path of the hub, for what leaves the hub: shared links and
    /// previews.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.whole)
    }

    /// Returns a path of the hub as a browser on one of its pages asks for it, whatever name it
    /// reached the hub by.
    pub fn local(&self, path: &str) -> String {
        format!("{}{path}", &self.whole[self.path_at..])
    }

    /// Tells whether phones reach it encrypted.
    pub fn is_https(&self) -> bool {
        self.whole.starts_with("https://")
    }

    /// Returns scheme, host and port, without a path.
    pub fn origin(&self) -> &str {
        &self.whole[..self.path_at]
    }

    /// Returns the name or address in it, without port or brackets.
    pub fn host(&self) -> &str {
        let origin = self.origin();
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        match host.strip_prefix('[') {
            Some(address) => address.split(']').next().unwrap_or(address),
            None => host.split(':').next().unwrap_or(host),
        }
    }

    /// Returns what codes start with. Scheme and host go upper case, which makes a smaller code; a
    /// path keeps its case, since the server that stands before the hub may care.
    pub fn scan_base(&self) -> String {
        if self.path_at == self.whole.len() {
            self.whole.to_ascii_uppercase()
        } else {
            self.whole.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_hosts_go_upper_case_and_paths_keep_theirs() {
        let bare: PublicUrl = "https://hub.example/".parse().unwrap();
        assert_eq!(bare.scan_base(), "HTTPS://HUB.EXAMPLE");
        assert_eq!(bare.local("/s/a"), "/s/a");
        let deep: PublicUrl = "http://a.example:8420/Hub".parse().unwrap();
        assert_eq!(deep.scan_base(), "http://a.example:8420/Hub");
        assert_eq!(deep.local("/s/a"), "/Hub/s/a");
        assert_eq!(deep.absolute("/s/a"), "http://a.example:8420/Hub/s/a");
        let chinese: PublicUrl = "https://店.example".parse().unwrap();
        assert_eq!(chinese.scan_base(), "HTTPS://XN--HXT.EXAMPLE");
        for own in [bare, deep, chinese] {
            let base = own.scan_base();
            assert!(passerby_protocol::manifest::is_scan_base(&base), "{base}");
        }
    }

    #[test]
    fn the_parts_of_an_address_are_told_apart() {
        for (whole, is_https, origin, host) in [
            (
                "https://hub.example",
                true,
                "https://hub.example",
                "hub.example",
            ),
            (
                "https://hub.example:8443/Hub",
                true,
                "https://hub.example:8443",
                "hub.example",
            ),
            (
                "http://192.0.2.7:8420",
                false,
                "http://192.0.2.7:8420",
                "192.0.2.7",
            ),
            (
                "https://[2001:db8::7]:443/a",
                true,
                "https://[2001:db8::7]:443",
                "2001:db8::7",
            ),
        ] {
            let url: PublicUrl = whole.parse().unwrap();
            assert_eq!(
                (url.is_https(), url.origin(), url.host()),
                (is_https, origin, host)
            );
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for bad in [
            "",
            "hub.example",
            "ftp://a",
            "https://",
            "https:///a",
            "https://a?b",
            "https://a b",
            "https://u@a",
        ] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad:?}");
        }
    }
}
