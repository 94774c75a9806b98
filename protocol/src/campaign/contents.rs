//! What a code may hold besides a link: a way into a Wi-Fi, a contact, a calendar's event.
//!
//! Invariant: what was accepted has the text form that phones' cameras read, whatever stands in its
//! fields; each field is escaped by the rules of its format.
//!
//! Sources: Wi-Fi Alliance, WPA3 Specification 3.0, section 7.1 ("URI format"), and what ZXing's
//! wiki calls barcode contents; RFC 2426 (vCard 3.0); RFC 5545 (iCalendar).

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::campaign::host;
use crate::campaign::link;
use crate::content_fault::RuleFault;
use crate::limits::LINE_CHARS_MAX;
use crate::toml_fields::Section;

/// Longest name of a network, in bytes (IEEE 802.11, SSID).
pub(super) const WIFI_NAME_BYTES_MAX: usize = 32;
/// Range of a password's length, in characters (WPA, passphrase).
pub(super) const PASSWORD_CHARS: RangeInclusive<usize> = 8..=63;

/// What a code holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contents {
    /// Joins a wireless network.
    Wifi(Wifi),
    /// Adds somebody to the address book.
    Contact(Contact),
    /// Adds an event to the calendar.
    Event(CalendarEvent),
}

/// A wireless network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wifi {
    /// Its name (SSID), at most 32 bytes.
    pub name: String,
    /// 8 to 63 characters; none for an open network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Whether it does not tell its name by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// Somebody to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// As it is said.
    pub name: String,
    /// Where they belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// With its country's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Something to come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarEvent {
    /// What it is.
    pub title: String,
    /// When it begins, by the clock of the place.
    pub start: DateTime,
    /// When it is over, by the clock of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<DateTime>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Contents {
    /// Returns the text that a code holds.
    pub fn text(&self) -> String {
        match self {
            Self::Wifi(wifi) => wifi.text(),
            Self::Contact(contact) => contact.text(),
            Self::Event(event) => event.text(),
        }
    }

    /// Returns the small line that says what the code is for.
    pub fn leads_to(&self) -> String {
        match self {
            Self::Wifi(wifi) => format!("Wi-Fi {}", wifi.name),
            Self::Contact(contact) => contact.name.clone(),
            Self::Event(event) => event.start.strftime("%Y-%m-%d %H:%M").to_string(),
        }
    }
}

impl Wifi {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let name = section.parsed("name", "the network's name", |text| {
            if (1..=WIFI_NAME_BYTES_MAX).contains(&text.len()) && !text.contains(char::is_control) {
                Ok(text.to_owned())
            } else {
                Err("a network's name has 1 to 32 bytes")
            }
        });
        if name.is_none() && !section.has("name") {
            section.missing("name", "\"Café guests\"");
        }
        let password = section.parsed("password", "the network's password", |text| {
            if PASSWORD_CHARS.contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
                Ok(text.to_owned())
            } else {
                Err("a password has 8 to 63 letters, digits and signs; leave it out for an open network")
            }
        });
        Self {
            name: name.map(|name| name.value).unwrap_or_default(),
            password: password.map(|password| password.value),
            hidden: section.switch("hidden").is_some_and(|hidden| hidden.value),
        }
    }

    fn text(&self) -> String {
        let mut text = "WIFI:".to_owned();
        if self.password.is_some() {
            text.push_str("T:WPA;");
        }
        let _ = write!(text, "S:{};", escaped(&self.name, r#"\;,:""#));
        if let Some(password) = &self.password {
            let _ = write!(text, "P:{};", escaped(password, r#"\;,:""#));
        }
        if self.hidden {
            text.push_str("H:true;");
        }
        text.push(';');
        text
    }
}

impl Contact {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let line = |key, accepted| {
            section
                .text(key, LINE_CHARS_MAX, accepted)
                .map(|line| line.value)
                .filter(|line| !line.trim().is_empty())
        };
        let name = line("name", "a name");
        if name.is_none() {
            section.missing("name", "\"Café on the corner\"");
        }
        let phone = section.parsed("phone", "a number such as \"+86 10 1234 5678\"", |text| {
            let good = |c: char| c.is_ascii_digit() || " +-()".contains(c);
            let digits = text.chars().filter(char::is_ascii_digit).count();
            if text.chars().all(good) && (3..=15).contains(&digits) {
                Ok(text.to_owned())
            } else {
                Err("it is not a telephone number")
            }
        });
        let email = section.parsed(
            "email",
            "an address such as \"hello@cafe.example\"",
            |text| {
                let parts = text.split_once('@');
                if parts.is_some_and(|(who, host)| !who.is_empty() && host.contains('.'))
                    && text.len() <= LINE_CHARS_MAX
                    && !text.contains(char::is_whitespace)
                {
                    Ok(text.to_owned())
                } else {
                    Err("it is not a mail address")
                }
            },
        );
        Self {
            name: name.unwrap_or_default(),
            organisation: line("organisation", "a name"),
            phone: phone.map(|phone| phone.value),
            email: email.map(|email| email.value),
            link: section
                .parsed(
                    "link",
                    "a link such as \"https://cafe.example\"",
                    link::target,
                )
                .map(|link| link.value),
        }
    }

    fn text(&self) -> String {
        let mut lines = vec!["BEGIN:VCARD".to_owned(), "VERSION:3.0".to_owned()];
        let value = |text: &str| escaped(text, r"\;,");
        // The family name alone: a line as it is said cannot be taken apart.
        lines.push(format!("N:{};;;;", value(&self.name)));
        lines.push(format!("FN:{}", value(&self.name)));
        let link = self.link.as_deref().map(host::link_in_ascii);
        let more = [
            ("ORG", self.organisation.as_deref().map(value)),
            ("TEL", self.phone.clone()),
            ("EMAIL", self.email.clone()),
            ("URL", link.map(Cow::into_owned)),
        ];
        for (name, value) in more {
            lines.extend(value.map(|value| format!("{name}:{value}")));
        }
        lines.push("END:VCARD".to_owned());
        lines.join("\r\n")
    }
}

impl CalendarEvent {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let line = |key| {
            section
                .text(key, LINE_CHARS_MAX, "a line of text")
                .map(|line| line.value)
                .filter(|line| !line.trim().is_empty())
        };
        let title = line("title");
        if title.is_none() {
            section.missing("title", "\"Friday-night jazz\"");
        }
        let time = |key| section.day(key, "a time such as 2026-12-04T20:00", moment);
        let (start, end) = (time("start"), time("end"));
        if start.is_none() && !section.has("start") {
            section.missing("start", "2026-12-04T20:00:00");
        }
        if let (Some(start), Some(end)) = (&start, &end)
            && end.value <= start.value
        {
            let fault = RuleFault::EventEndsEarly {
                end: end.value,
                start: start.value,
            };
            section.problem(end, fault);
        }
        Self {
            title: title.unwrap_or_default(),
            start: start.map(|start| start.value).unwrap_or_default(),
            end: end.map(|end| end.value),
            place: line("place"),
        }
    }

    fn text(&self) -> String {
        let value = |text: &str| escaped(text, r"\;,");
        // Without a zone: whoever stands before the screen lives by the same clock.
        let time = |at: DateTime| at.strftime("%Y%m%dT%H%M%S").to_string();
        let mut lines = vec![
            "BEGIN:VCALENDAR".to_owned(),
            "VERSION:2.0".to_owned(),
            "BEGIN:VEVENT".to_owned(),
            format!("SUMMARY:{}", value(&self.title)),
            format!("DTSTART:{}", time(self.start)),
        ];
        lines.extend(self.end.map(|end| format!("DTEND:{}", time(end))));
        let place = self.place.as_deref().map(value);
        lines.extend(place.map(|place| format!("LOCATION:{place}")));
        lines.extend(["END:VEVENT", "END:VCALENDAR"].map(str::to_owned));
        lines.join("\r\n")
    }
}

/// Accepts a date and time without zone.
fn moment(text: &str) -> Result<DateTime, &'static str> {
    text.parse::<DateTime>()
        .ok()
        .filter(|_| text.contains(['T', ' ']))
        .ok_or("it is not a date and a time")
}

/// Puts a backslash before each of some signs, and writes the end of a line as `\n`.
fn escaped(text: &str, signs: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => {}
            c => {
                if signs.contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_joined_whatever_signs_its_name_and_password_have() {
        let wifi = Wifi {
            name: r#"Café; "1:2""#.into(),
            password: Some(r"a\b,c;d:".into()),
            hidden: true,
        };
        assert_eq!(
            wifi.text(),
            r#"WIFI:T:WPA;S:Café\; \"1\:2\";P:a\\b\,c\;d\:;H:true;;"#
        );
        let open = Wifi {
            name: "Guests".into(),
            password: None,
            hidden: false,
        };
        assert_eq!(open.text(), "WIFI:S:Guests;;");
    }

    #[test]
    fn contacts_and_events_have_the_lines_that_their_formats_ask_for() {
        let contact = Contact {
            name: "王, 小明".into(),
            organisation: None,
            phone: Some("+86 10 1234 5678".into()),
            email: None,
            link: Some("https://店.example/?a=1,2".into()),
        };
        assert_eq!(
            contact.text().split("\r\n").collect::<Vec<_>>(),
            [
                "BEGIN:VCARD",
                "VERSION:3.0",
                r"N:王\, 小明;;;;",
                r"FN:王\, 小明",
                "TEL:+86 10 1234 5678",
                "URL:https://xn--hxt.example/?a=1,2",
                "END:VCARD"
            ]
        );
        let event = CalendarEvent {
            title: "Jazz; late".into(),
            start: "2026-12-04T20:00".parse().expect("time"),
            end: Some("2026-12-04T23:30".parse().expect("time")),
            place: Some("Café".into()),
        };
        let text = event.text();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines[3..7],
            [
                r"SUMMARY:Jazz\; late",
                "DTSTART:20261204T200000",
                "DTEND:20261204T233000",
                "LOCATION:Café"
            ]
        );
    }
}
