//! GS1 Digital Links: the address of a product that a till, an app and a phone's camera all
//! understand.
//!
//! A code may carry such a link as it is, so that whoever scans it for the product finds the
//! product. Source of the rules: GS1 Digital Link Standard, URI Syntax 1.3 (sections 4.2 to 4.9),
//! and the GS1 General Specifications for lengths and check digits.
//!
//! Invariant: a link that passes names exactly one primary key, in its path, with the check digit
//! that belongs to it.

use std::fmt;

/// What a part of a value may be made of, as the General Specifications write it.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// Exactly so many digits; with `true`, the last one is a check digit.
    Digits(usize, bool),
    /// So many digits, the last one a check digit, then at most so many characters.
    DigitsThen(usize, usize),
    /// 1 to so many characters.
    Text(usize),
}

/// Primary keys: application identifier, what people call it, form of its value, and the qualifiers
/// that may follow, in their order.
const PRIMARY_KEYS: &[(&str, &str, Form, &[&str])] = &[
    ("01", "GTIN", Form::Digits(14, true), &["22", "10", "21"]),
    ("00", "SSCC", Form::Digits(18, true), &[]),
    ("253", "GDTI", Form::DigitsThen(13, 17), &[]),
    ("255", "GCN", Form::DigitsThen(13, 12), &[]),
    ("401", "GINC", Form::Text(30), &[]),
    ("402", "GSIN", Form::Digits(17, true), &[]),
    ("414", "GLN", Form::Digits(13, true), &["254"]),
    ("417", "PARTY", Form::Digits(13, true), &["7040"]),
    ("8003", "GRAI", Form::DigitsThen(14, 16), &[]),
    ("8004", "GIAI", Form::Text(30), &["7040"]),
    ("8006", "ITIP", Form::Digits(18, false), &["22", "10", "21"]),
    ("8010", "CPID", Form::Text(30), &["8011"]),
    ("8013", "GMN", Form::Text(25), &[]),
    ("8017", "GSRN-P", Form::Digits(18, true), &["8019"]),
    ("8018", "GSRN", Form::Digits(18, true), &["8019"]),
];

/// Forms of the qualifiers.
const QUALIFIERS: &[(&str, Form)] = &[
    ("22", Form::Text(20)),
    ("10", Form::Text(20)),
    ("21", Form::Text(20)),
    ("254", Form::Text(20)),
    ("7040", Form::Text(4)),
    ("8011", Form::Text(12)),
    ("8019", Form::Text(10)),
];

/// What a link names, as far as people want to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitalLink {
    /// What the key is called, such as `GTIN`.
    pub key: &'static str,
    /// Its value.
    pub value: String,
}

/// Says why a link is not a GS1 Digital Link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitalLinkError(String);

impl fmt::Display for DigitalLinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DigitalLinkError {}

impl DigitalLink {
    /// Reads an absolute link. Folders may stand before the primary key, as the standard allows;
    /// uncompressed form only.
    ///
    /// # Errors
    /// What is missing or wrong, with what would be right where that is known.
    pub fn parse(link: &str) -> Result<Self, DigitalLinkError> {
        let wrong = |what: String| Err(DigitalLinkError(what));
        let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        let parts: Vec<&str> = path
            .split('/')
            .skip(1)
            .filter(|part| !part.is_empty())
            .collect();
        let found = parts.iter().enumerate().find_map(|(at, part)| {
            let key = PRIMARY_KEYS.iter().find(|(key, ..)| key == part)?;
            Some((at, key))
        });
        let Some((at, &(key, name, form, qualifiers))) = found else {
            return wrong("its path names no product, such as /01/09506000134352".to_owned());
        };
        let Some(value) = parts.get(at + 1) else {
            return wrong(format!("nothing follows /{key}, which names a {name}"));
        };
        let value = unescaped(value);
        form.check(&format!("{name} {value:?}"), &value)?;
        let mut allowed = qualifiers.iter();
        let mut following = parts[at + 2..].iter();
        while let Some(&part) = following.next() {
            // Only forward: the order is part of the standard, so that one thing has one link.
            if !allowed.any(|qualifier| *qualifier == part) {
                return wrong(format!(
                    "/{part} cannot stand there; after a {name} may follow, in this order, {}",
                    listed(qualifiers)
                ));
            }
            let Some(value) = following.next() else {
                return wrong(format!("nothing follows /{part}"));
            };
            let form = QUALIFIERS.iter().find(|(qualifier, _)| *qualifier == part);
            let value = unescaped(value);
            if let Some((_, form)) = form {
                form.check(&format!("/{part}/{value}"), &value)?;
            }
        }
        Ok(Self { key: name, value })
    }
}

impl fmt::Display for DigitalLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.value)
    }
}

impl Form {
    fn check(self, what: &str, value: &str) -> Result<(), DigitalLinkError> {
        let wrong = |why: String| Err(DigitalLinkError(format!("{what} {why}")));
        let (digits, is_checked, more_max) = match self {
            Self::Digits(count, is_checked) => (count, is_checked, 0),
            Self::DigitsThen(count, more) => (count, true, more),
            Self::Text(most) => {
                return if !(1..=most).contains(&value.len()) || !value.chars().all(is_character) {
                    wrong(format!(
                        "is not 1 to {most} letters, digits or signs of GS1"
                    ))
                } else {
                    Ok(())
                };
            }
        };
        let head: Vec<u32> = value.chars().map_while(|c| c.to_digit(10)).collect();
        let more = value.len().saturating_sub(digits);
        if head.len() < digits || more > more_max || !value.chars().skip(digits).all(is_character) {
            return wrong(if more_max == 0 {
                format!("has not exactly {digits} digits; put zeros before a shorter one")
            } else {
                format!("is not {digits} digits and then at most {more_max} characters")
            });
        }
        let (body, check) = (&head[..digits - 1], head[digits - 1]);
        let right = check_digit(body);
        if is_checked && check != right {
            return wrong(format!(
                "ends on {check}, and its check digit is {right}; look at the number on the product again"
            ));
        }
        Ok(())
    }
}

/// The last digit of a GS1 key: what brings the sum, in which every other digit counts thrice from
/// the right, to a multiple of ten (General Specifications, section 7.9).
fn check_digit(body: &[u32]) -> u32 {
    let weighted = body.iter().rev().zip([3, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(digit, weight)| digit * weight).sum();
    (10 - sum % 10) % 10
}

/// Tells whether a character is one of GS1's set 82.
fn is_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!\"%&'()*+,-./:;<=>?_".contains(c)
}

fn unescaped(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%')
            .then(|| std::str::from_utf8(tail.get(..2)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn listed(qualifiers: &[&str]) -> String {
    if qualifiers.is_empty() {
        return "nothing".to_owned();
    }
    let named: Vec<String> = qualifiers
        .iter()
        .map(|qualifier| format!("/{qualifier}"))
        .collect();
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(link: &str) -> String {
        DigitalLink::parse(link).expect_err(link).to_string()
    }

    #[test]
    fn products_places_and_assets_are_read() {
        for (link, shown) in [
            (
                "https://id.gs1.org/01/09506000134352",
                "GTIN 09506000134352",
            ),
            (
                "https://brand.example/some/folders/01/09506000134352/10/ABC1/21/12345?17=260101&linkType=gs1:pip",
                "GTIN 09506000134352",
            ),
            (
                "https://id.gs1.org/414/9506000134376/254/32a%2Fb",
                "GLN 9506000134376",
            ),
            (
                "https://id.gs1.org/00/095060001343521113",
                "SSCC 095060001343521113",
            ),
            (
                "https://id.gs1.org/8004/9506000164908X",
                "GIAI 9506000164908X",
            ),
        ] {
            let read = DigitalLink::parse(link).map(|link| link.to_string());
            assert_eq!(read.as_deref(), Ok(shown), "{link}");
        }
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        assert!(reason("https://shop.example/books/three-body").contains("/01/09506000134352"));
        assert!(reason("https://id.gs1.org/01/09506000134353").contains("check digit is 2"));
        assert!(reason("https://id.gs1.org/01/9506000134352").contains("exactly 14 digits"));
        assert!(reason("https://id.gs1.org/01").contains("nothing follows /01"));
        assert!(
            reason("https://id.gs1.org/01/09506000134352/21/1/10/2")
                .contains("in this order, /22, /10, /21")
        );
        assert!(reason("https://id.gs1.org/01/09506000134352/10").contains("nothing follows /10"));
        assert!(
            reason("https://id.gs1.org/01/09506000134352/10/123456789012345678901")
                .contains("1 to 20")
        );
    }
}
