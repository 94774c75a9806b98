//! Where a scan leads, and in which form a code carries that.
//!
//! Invariants: a link that was accepted is absolute, http or https, and has no character that ends
//! a header, an attribute or a code's text; its host is in ASCII when it goes out.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::campaign::host;
use crate::content_fault::RuleFault;
use crate::digital_link::DigitalLink;
use crate::foreign::has_hidden;
use crate::limits::{DOMAIN_BYTES_MAX, URL_BYTES_MAX, UTM_CHARS_MAX};
use crate::toml_fields::Section;

/// How a campaign's codes carry its link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What the code holds.
    #[serde(default)]
    pub form: LinkForm,
    /// A domain of the campaign's own that leads to the hub, in lower case, with a port if it needs
    /// one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// What the target is told about where a visitor came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utm: Option<Utm>,
    /// Under which name the target of a button that was pressed gets the press's click id: as
    /// [`CLICK_NAME`] when absent, not at all when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub click: Option<String>,
}

/// The parameter that carries a click id unless a campaign names another one.
pub const CLICK_NAME: &str = "pclick";
/// Longest name of such a parameter, in bytes.
pub(super) const CLICK_NAME_BYTES_MAX: usize = 32;

/// What a code holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkForm {
    /// A link to the hub with a token of the play; without a hub, the target itself.
    #[default]
    Token,
    /// The target itself, also on a screen that has a hub. Its scans are not counted.
    Direct,
    /// The target itself, which must be a GS1 Digital Link. Its scans are not counted.
    Gs1,
}

/// The parameters by which web statistics tell visitors' origins apart. What is left open is filled
/// in from the play.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Utm {
    /// `utm_source`; the screen's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `utm_medium`; `dooh`, digital out of home, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// `utm_campaign`; the campaign's name in reports when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// `utm_content`; the creative's file name, without its ending, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// The play that a link is made for.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The screen's name; may be empty.
    pub screen: &'a str,
    /// The campaign's name in reports.
    pub campaign: &'a str,
    /// The creative's file name.
    pub creative: &'a str,
}

impl Link {
    /// Reads a `[link]` table and holds the campaign's target against it.
    pub(super) fn read(root: &Section<'_>, target: Option<&str>) -> Self {
        root.table("link", |section| {
            let form = section
                .choice(
                    "form",
                    &[
                        ("token", LinkForm::Token),
                        ("direct", LinkForm::Direct),
                        ("gs1", LinkForm::Gs1),
                    ],
                )
                .map_or(LinkForm::Token, |form| form.value);
            if let Some(place) = section.placed("form") {
                match (form, target) {
                    (LinkForm::Direct | LinkForm::Gs1, None) => {
                        section.problem(&place, RuleFault::FormWithoutTarget);
                    }
                    (LinkForm::Gs1, Some(target)) => {
                        if let Err(error) = DigitalLink::parse(target) {
                            let why = error.to_string();
                            section.problem(&place, RuleFault::NoDigitalLink { why });
                        }
                    }
                    _ => {}
                }
            }
            let domain = section
                .parsed("domain", "a domain such as \"go.shop.example\"", domain)
                .map(|domain| (domain.value.clone(), domain));
            if let Some((name, place)) = &domain
                && form != LinkForm::Token
            {
                let domain = name.clone();
                section.problem(place, RuleFault::DomainOfDirectCode { domain });
            }
            let utm = section.table("utm", |utm| {
                let word = |key| {
                    utm.text(key, UTM_CHARS_MAX, "a word such as \"street\"")
                        .map(|word| word.value)
                        .filter(|word| !word.trim().is_empty())
                };
                Utm {
                    source: word("source"),
                    medium: word("medium"),
                    campaign: word("campaign"),
                    content: word("content"),
                }
            });
            if let (Some(place), LinkForm::Gs1) = (section.placed("utm"), form) {
                section.problem(&place, RuleFault::UtmOfDigitalLink);
            }
            let click = section
                .parsed(
                    "click",
                    "a word such as \"pclick\", or \"\" for none",
                    click_name,
                )
                .map(|name| name.value)
                .filter(|name| name != CLICK_NAME);
            Self {
                form,
                domain: domain.map(|(name, _)| name),
                utm,
                click,
            }
        })
        .unwrap_or_default()
    }

    /// Returns a target as a visitor of a play should open it: with its host in ASCII, and with UTM
    /// parameters where the campaign asks for them. Parameters that the target has already stay as
    /// they are.
    pub fn outward<'a>(&self, target: &'a str, origin: &Origin<'_>) -> Cow<'a, str> {
        let target = host::link_in_ascii(target);
        let Some(utm) = &self.utm else {
            return target;
        };
        let stem = origin.creative.split('.').next().unwrap_or_default();
        let given = [
            ("utm_source", utm.source.as_deref(), origin.screen),
            ("utm_medium", utm.medium.as_deref(), "dooh"),
            ("utm_campaign", utm.campaign.as_deref(), origin.campaign),
            ("utm_content", utm.content.as_deref(), stem),
        ];
        let (address, fragment) = match target.split_once('#') {
            Some((address, fragment)) => (address, Some(fragment)),
            None => (&*target, None),
        };
        let mut link = address.to_owned();
        for (name, own, otherwise) in given {
            let value = own.unwrap_or(otherwise);
            if !value.is_empty() && !has_parameter(address, name) {
                push_parameter(&mut link, name, value);
            }
        }
        if let Some(fragment) = fragment {
            link.push('#');
            link.push_str(fragment);
        }
        Cow::Owned(link)
    }

    /// The parameter under which a press's click id goes to the target; `None` where the campaign
    /// wants none.
    pub fn click_name(&self) -> Option<&str> {
        let name = self.click.as_deref().unwrap_or(CLICK_NAME);
        Some(name).filter(|name| !name.is_empty())
    }

    /// Returns the address of a button that was pressed, with the press's click id. What the
    /// address has already stays as it is, also a parameter of that name; nothing is added to what
    /// is no http or https link.
    pub fn with_click(&self, target: String, click: &str) -> String {
        let is_web = ["https://", "http://"]
            .iter()
            .any(|scheme| target.starts_with(scheme));
        let (address, fragment) = match target.split_once('#') {
            Some((address, fragment)) => (address, Some(fragment)),
            None => (target.as_str(), None),
        };
        let name = self.click_name();
        let Some(name) = name.filter(|name| is_web && !has_parameter(address, name)) else {
            return target;
        };
        let mut link = address.to_owned();
        push_parameter(&mut link, name, click);
        if let Some(fragment) = fragment {
            link.push('#');
            link.push_str(fragment);
        }
        link
    }
}

/// Whether an address, without its fragment, has a parameter of this name.
fn has_parameter(address: &str, name: &str) -> bool {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .any(|pair| pair.split('=').next() == Some(name))
}

/// Adds a parameter to an address without a fragment.
fn push_parameter(link: &mut String, name: &str, value: &str) {
    let glue = match link.find('?') {
        None => "?",
        Some(at) if at + 1 == link.len() || link.ends_with('&') => "",
        Some(_) => "&",
    };
    link.push_str(glue);
    link.push_str(name);
    link.push('=');
    push_escaped(link, value);
}

/// Accepts a word that may stand in an address as it is, or nothing.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn click_name(text: &str) -> Result<String, &'static str> {
    if text.len() > CLICK_NAME_BYTES_MAX {
        return Err("it is longer than 32 letters");
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if !text.bytes().all(is_plain) {
        return Err("it has more than letters, digits, _, - and . in it");
    }
    Ok(text.to_owned())
}

/// Writes a value as it stands in a query (RFC 3986, section 2.3: only unreserved characters stay).
fn push_escaped(link: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            link.push(char::from(byte));
        } else {
            link.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// Accepts an absolute http or https link without spaces, quotes, control characters and what
/// cannot be seen.
///
/// # Errors
/// Says what is wrong with it.
pub fn target(text: &str) -> Result<String, &'static str> {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err("it does not start with https://");
    }
    if text.len() > URL_BYTES_MAX {
        return Err("it is longer than 300 bytes");
    }
    if text.contains(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\')
    }) {
        return Err("it has a space or a quote in it");
    }
    if has_hidden(text) {
        return Err(
            "it has characters that cannot be seen; type it anew, or copy it from the address line of a browser",
        );
    }
    let authority = host::authority(text);
    if authority.is_empty() || authority.contains('@') {
        return Err("it names no host");
    }
    if !authority.starts_with('[') {
        host::ascii(host::without_port(authority).0)?;
    }
    Ok(text.to_owned())
}

/// Accepts a domain with or without a port, in any letter case, and returns it in lower case. Names
/// with other letters than those of ASCII are returned in their `xn--` form, since a code's small
/// alphabet has no others.
///
/// # Errors
/// Says what is wrong with it.
pub fn domain(text: &str) -> Result<String, &'static str> {
    if text.contains('/') {
        return Err("it is more than a domain");
    }
    let mut lower = text.to_ascii_lowercase();
    if !lower.is_ascii() {
        let (host, port) = host::without_port(&lower);
        lower = host::ascii(host)? + port;
    }
    let (host, port) = match lower.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (lower.as_str(), None),
    };
    if lower.len() > DOMAIN_BYTES_MAX {
        return Err("it is longer than 100 bytes, and each makes the code larger");
    }
    let label = |label: &str| {
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(good)
    };
    if !host.contains('.') || !host.split('.').all(label) {
        return Err("it is not a domain's name");
    }
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("its port is not a number");
    }
    Ok(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin<'_> = Origin {
        screen: "Exit B",
        campaign: "三体",
        creative: "poster.night.jpg",
    };

    #[test]
    fn a_link_tells_the_target_where_its_visitor_came_from() {
        let link = Link {
            utm: Some(Utm::default()),
            ..Link::default()
        };
        assert_eq!(
            link.outward("https://shop.example/b?x=1&utm_medium=poster#top", &ORIGIN),
            "https://shop.example/b?x=1&utm_medium=poster&utm_source=Exit%20B&utm_campaign=%E4%B8%89%E4%BD%93&utm_content=poster#top"
        );
        let link = Link {
            utm: Some(Utm {
                source: Some("street".into()),
                campaign: Some("spring".into()),
                ..Utm::default()
            }),
            ..Link::default()
        };
        assert_eq!(
            link.outward("https://店.example/?", &ORIGIN),
            "https://xn--hxt.example/?utm_source=street&utm_medium=dooh&utm_campaign=spring&utm_content=poster"
        );
        assert_eq!(
            Link::default().outward("https://shop.example/", &ORIGIN),
            "https://shop.example/"
        );
    }

    #[test]
    fn a_click_id_is_added_to_what_is_there_and_to_nothing_but_web_addresses() {
        let with = |link: &Link, target: &str| link.with_click(target.to_owned(), "0af");
        let usual = Link::default();
        assert_eq!(
            with(&usual, "https://shop.example/b?x=%201&y#top"),
            "https://shop.example/b?x=%201&y&pclick=0af#top"
        );
        assert_eq!(
            with(&usual, "http://shop.example"),
            "http://shop.example?pclick=0af"
        );
        for stays in [
            "https://shop.example/?pclick=own",
            "weixin://dl/business/?t=1",
            "tel:12345",
        ] {
            assert_eq!(with(&usual, stays), stays);
        }
        let named = Link {
            click: Some("cid".into()),
            ..Link::default()
        };
        assert_eq!(
            with(&named, "https://shop.example/?pclick=own&"),
            "https://shop.example/?pclick=own&cid=0af"
        );
        let off = Link {
            click: Some(String::new()),
            ..Link::default()
        };
        assert_eq!(with(&off, "https://shop.example/"), "https://shop.example/");
        for wrong in ["a b", "a=b", "a&b", "钱", &"a".repeat(33)] {
            assert!(click_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn targets_are_told_from_what_a_browser_would_not_open() {
        for good in [
            "https://店.example/三?x=1",
            "http://192.168.1.20:8420",
            "http://[::1]:8420/",
            "https://xn--hxt.example",
            "https://shop.example/می\u{200c}خواهم",
        ] {
            assert!(target(good).is_ok(), "{good}");
        }
        for bad in [
            "shop.example",
            "https://",
            "https:///x",
            "https://u@shop.example",
            "https://shop.example，快来",
            "https://shop..example",
            "https://xn--.example/",
            "https://shop.example/a\u{200b}",
            "https://shop.example/a\u{202e}b",
            "https://shop\u{200b}.example/",
            "https://shop.example/\u{feff}",
        ] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hosts_are_told_from_what_is_more_or_less_than_one() {
        assert_eq!(
            domain("Go.Shop.Example:8443").as_deref(),
            Ok("go.shop.example:8443")
        );
        assert_eq!(domain("书.Example").as_deref(), Ok("xn--1jq.example"));
        for wrong in [
            "",
            "localhost",
            "https://go.shop.example",
            "go.shop.example/x",
            "go..example",
            "书，.example",
            "go.example:x",
        ] {
            assert!(domain(wrong).is_err(), "{wrong}");
        }
    }
}
