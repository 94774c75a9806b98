//! What a hub is told of its CA, and for which names it wants a certificate.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use crate::public_url::PublicUrl;
use crate::store::AcmeSubject;

/// The directory that is asked unless the operator says otherwise.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Most names of one certificate.
pub const NAMES_MAX: usize = 25;
/// Longest name of a host, and of a part of it, in bytes (RFC 1035, 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;
/// Longest address of a directory, and of a contact, in bytes.
const TEXT_BYTES_MAX: usize = 512;
/// Where https is unless an address says otherwise.
const HTTPS_PORT: u16 = 443;

/// How a hub gets its certificate.
#[derive(Debug, Clone)]
pub struct AcmeSettings {
    /// For which names; at least one.
    pub domains: Vec<AcmeDomain>,
    /// Whom it asks.
    pub directory: AcmeDirectory,
    /// Whom the CA may write to.
    pub contact: Option<AcmeContact>,
    /// The roots that the directory's own certificate is checked with, if not the system's.
    pub root: Option<PathBuf>,
}

/// A name for which a CA gives certificates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AcmeDomain(String);

/// The address of a CA's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeDirectory(String);

/// An address for mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeContact(String);

/// Says that a text is nothing that a CA could be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AcmeTextError {
    /// It is an address of a machine.
    #[error("this is an address, and certificates are for names; use one such as hub.example")]
    Address,
    /// It stands for many names.
    #[error("a certificate for * takes a proof in DNS, which the hub cannot give; name each host")]
    Wildcard,
    /// It is no name that everybody can look up.
    #[error(
        "not the name of a host such as hub.example, in ASCII (xn--… for others), without https:// or a port"
    )]
    Name,
    /// It is no address of a directory.
    #[error("not the address of a CA's directory, such as https://ca.example/directory")]
    Directory,
    /// It is no address for mail.
    #[error("not an address for mail, such as operator@example.com")]
    Contact,
}

impl FromStr for AcmeDomain {
    type Err = AcmeTextError;

    fn from_str(text: &str) -> Result<Self, AcmeTextError> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err(AcmeTextError::Address);
        }
        if name.starts_with("*.") {
            return Err(AcmeTextError::Wildcard);
        }
        let is_label = |label: &str| {
            let is_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (1..=LABEL_BYTES_MAX).contains(&label.len())
                && label.bytes().all(is_byte)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_name = name.len() <= NAME_BYTES_MAX
            && name.contains('.')
            && name.split('.').all(is_label)
            && !last.bytes().all(|byte| byte.is_ascii_digit());
        is_name.then_some(Self(name)).ok_or(AcmeTextError::Name)
    }
}

impl AcmeDomain {
    /// The name, lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_plain(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl FromStr for AcmeDirectory {
    type Err = AcmeTextError;

    fn from_str(text: &str) -> Result<Self, AcmeTextError> {
        let host = text.strip_prefix("https://").unwrap_or_default();
        let is_directory = is_plain(text)
            && host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[')
            && !text.contains(['@', '#', '"', '<', '>', '\\']);
        let directory = is_directory.then(|| Self(text.to_owned()));
        directory.ok_or(AcmeTextError::Directory)
    }
}

impl FromStr for AcmeContact {
    type Err = AcmeTextError;

    fn from_str(text: &str) -> Result<Self, AcmeTextError> {
        let text = text.strip_prefix("mailto:").unwrap_or(text);
        let is_mail = match text.split_once('@') {
            // A CA takes none with a list, a subject or the like in it.
            Some((name, host)) => {
                is_plain(text)
                    && !name.is_empty()
                    && host.contains('.')
                    && !text.contains([',', '?', '%', '<', '>', '"', '&'])
                    && !host.contains('@')
            }
            None => false,
        };
        let contact = is_mail.then(|| Self(format!("mailto:{text}")));
        contact.ok_or(AcmeTextError::Contact)
    }
}

impl AcmeContact {
    /// As a CA is told it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl AcmeSettings {
    /// The names, each once, in one order whatever the order of the options.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.domains.iter().map(AcmeDomain::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What is asked, and of whom.
    pub(super) fn subject(&self) -> AcmeSubject {
        AcmeSubject {
            directory: self.directory.0.clone(),
            names: self.names().join(","),
        }
    }

    /// How phones reach a hub that listens on this port, unless the operator says otherwise: by the
    /// name that came first.
    pub(in crate::server) fn public_url(&self, port: u16) -> Option<PublicUrl> {
        let name = self.domains.first()?.as_str();
        let own = match port {
            HTTPS_PORT => format!("https://{name}"),
            port => format!("https://{name}:{port}"),
        };
        own.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_ca_could_give_a_certificate_for_are_told_from_others() {
        for (text, name) in [
            ("hub.example", "hub.example"),
            ("HUB.Example.", "hub.example"),
            ("xn--hxt.example", "xn--hxt.example"),
            ("1.hub.example", "1.hub.example"),
        ] {
            assert_eq!(text.parse::<AcmeDomain>().unwrap().as_str(), name);
        }
        let long = format!("{}.example", "a".repeat(64));
        for (text, error) in [
            ("192.0.2.7", AcmeTextError::Address),
            ("[2001:db8::1]", AcmeTextError::Address),
            ("*.hub.example", AcmeTextError::Wildcard),
            ("", AcmeTextError::Name),
            ("localhost", AcmeTextError::Name),
            ("hub..example", AcmeTextError::Name),
            ("-hub.example", AcmeTextError::Name),
            ("https://hub.example", AcmeTextError::Name),
            ("hub.example:443", AcmeTextError::Name),
            ("店.example", AcmeTextError::Name),
            ("a,b.example", AcmeTextError::Name),
            ("10.1", AcmeTextError::Name),
            (&long, AcmeTextError::Name),
        ] {
            assert_eq!(text.parse::<AcmeDomain>().unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn directories_are_encrypted_and_contacts_are_for_mail() {
        assert!(LETS_ENCRYPT.parse::<AcmeDirectory>().is_ok());
        assert!("https://[::1]:14000/dir".parse::<AcmeDirectory>().is_ok());
        for text in [
            "",
            "http://ca.example/dir",
            "https://",
            "https:///dir",
            "ca.example",
            "https://user@ca.example/dir",
            "https://ca.example/a b",
        ] {
            assert!(text.parse::<AcmeDirectory>().is_err(), "{text}");
        }
        for text in ["a@b.example", "mailto:a@b.example"] {
            let contact: AcmeContact = text.parse().unwrap();
            assert_eq!(contact.as_str(), "mailto:a@b.example");
        }
        for text in [
            "",
            "a",
            "@b.example",
            "a@b",
            "a@b.example,c@d.example",
            "a@b.example?x=1",
        ] {
            assert!(text.parse::<AcmeContact>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_order_of_options_changes_nothing_but_the_public_address() {
        let settings = |domains: &[&str]| AcmeSettings {
            domains: domains.iter().map(|name| name.parse().unwrap()).collect(),
            directory: LETS_ENCRYPT.parse().unwrap(),
            contact: None,
            root: None,
        };
        let one = settings(&["b.example", "a.example", "B.example"]);
        let other = settings(&["a.example", "b.example"]);
        assert_eq!(one.subject(), other.subject());
        assert_eq!(one.subject().names, "a.example,b.example");
        let url = |settings: &AcmeSettings, port| settings.public_url(port).unwrap().absolute("");
        assert_eq!(url(&one, 443), "https://b.example");
        assert_eq!(url(&other, 8443), "https://a.example:8443");
    }
}
