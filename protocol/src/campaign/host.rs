//! Hosts in links: as people write them, and in the letters of ASCII in which the net knows them.
//!
//! A host in other letters has an `xn--` form (IDNA, RFC 5890; worked out as browsers do, Unicode
//! Technical Standard 46). A browser works it out from an address that somebody types, not from a
//! percent-encoded one in a header, and not every camera does.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// Signs of ASCII that no host has. Underscores are against RFC 1123, and in use.
const DENIED: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// Returns a host's name in ASCII: lower case, other letters in their `xn--` form.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn ascii(host: &str) -> Result<String, &'static str> {
    let name = unescaped(host);
    Uts46::new()
        .to_ascii(&name, DENIED, Hyphens::Allow, DnsLength::VerifyAllowRootDot)
        .map(Cow::into_owned)
        .map_err(|_| "its host has letters, signs or dots as no host has them")
}

/// Returns the part of an absolute link that names its host and port.
pub(super) fn authority(link: &str) -> &str {
    let rest = link.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Splits a host from its port; the port keeps its colon.
pub(super) fn without_port(authority: &str) -> (&str, &str) {
    match authority.rfind(':') {
        Some(at) if authority[at + 1..].bytes().all(|b| b.is_ascii_digit()) => {
            authority.split_at(at)
        }
        _ => (authority, ""),
    }
}

/// Returns a link with its host in ASCII. A host that is so already, or has no such form, stays as
/// it is.
pub fn link_in_ascii(link: &str) -> Cow<'_, str> {
    let authority = authority(link);
    if authority.bytes().all(|b| b.is_ascii() && b != b'%') {
        return Cow::Borrowed(link);
    }
    let (host, port) = without_port(authority);
    match (ascii(host), link.split_once(authority)) {
        (Ok(host), Some((scheme, rest))) => Cow::Owned(format!("{scheme}{host}{port}{rest}")),
        _ => Cow::Borrowed(link),
    }
}

/// Returns the host of a link as people read it: in lower case, as it was written, without a
/// leading `www.`.
pub fn host_of(link: &str) -> String {
    let host = unescaped(authority(link));
    let host = String::from_utf8_lossy(&host).to_lowercase();
    host.strip_prefix("www.")
        .map_or(host.clone(), str::to_owned)
}

/// Takes percent signs out of a host, which some browsers put in when an address is copied.
fn unescaped(host: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(host.len());
    let mut rest = host.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        match byte.filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_in_other_letters_go_out_in_those_of_ascii_and_the_rest_stays() {
        for (written, sent) in [
            ("https://店.example", "https://xn--hxt.example"),
            (
                "https://店.example/三?x=书#顶",
                "https://xn--hxt.example/三?x=书#顶",
            ),
            (
                "https://www.Bücher.example:8443/",
                "https://www.xn--bcher-kva.example:8443/",
            ),
            (
                "https://%E5%BA%97.example/a%20b",
                "https://xn--hxt.example/a%20b",
            ),
            ("https://店。例子?x", "https://xn--hxt.xn--fsqu00a?x"),
            ("http://пример.example#a", "http://xn--e1afmkfd.example#a"),
            ("https://مثال.example", "https://xn--mgbh0fb.example"),
            ("https://ｓｈｏｐ.example", "https://shop.example"),
            // What is ASCII stays as it was written.
            ("https://Shop.Example/三", "https://Shop.Example/三"),
            ("http://192.168.1.20:8420/店", "http://192.168.1.20:8420/店"),
            ("http://[2001:db8::1]:80/店", "http://[2001:db8::1]:80/店"),
            ("https://xn--hxt.example/", "https://xn--hxt.example/"),
        ] {
            assert_eq!(link_in_ascii(written), sent, "{written}");
        }
    }

    #[test]
    fn what_no_host_is_called_is_told() {
        for good in [
            "shop.example",
            "a_b.example",
            "localhost",
            "店.example",
            "r3---sn.example",
            "example.",
        ] {
            assert!(ascii(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "shop..example",
            "shop.example，快来",
            "shop.example：80",
            "shop.example／path",
            "😀\u{200b}，.example",
            "xn--.example",
            "%FF.example",
            "a\u{301}\u{2028}.example",
            &format!("{}.example", "店".repeat(64)),
        ] {
            assert!(ascii(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn people_read_a_host_as_it_was_written() {
        for (link, host) in [
            ("https://www.Shop.example/books?x=1", "shop.example"),
            ("HTTPS://HUB.EXAMPLE/Q/ABC", "hub.example"),
            ("https://店.example:8443/三", "店.example:8443"),
            ("https://%E5%BA%97.example", "店.example"),
        ] {
            assert_eq!(host_of(link), host);
        }
    }
}
