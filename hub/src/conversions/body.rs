//! What a shop says of one conversion, in the body of a call or in a link.
//!
//! Invariants: an id, a kind and a click are short and hold nothing that cannot be seen; a key that
//! is not known is refused, so that a shop that misspells one hears of it.

use jiff::Timestamp;
use passerby_protocol::foreign::has_hidden;
use passerby_protocol::hexadecimal::hex;
use serde::Deserialize;
use serde_json::Value;

use crate::conversions::money::{Money, MoneyError};

/// Longest id of an order, in characters.
pub const ID_CHARS_MAX: usize = 64;
/// Longest kind, in bytes.
pub const KIND_BYTES_MAX: usize = 32;
/// Longest click, in characters. One that is no click id is kept all the same: customers may change
/// the address in which a shop finds it, and no order is lost for that.
pub const CLICK_CHARS_MAX: usize = 64;
/// The kind that takes back what was reported before.
pub const REFUND: &str = "refund";
/// Most conversions in one call.
pub const BATCH_MAX: usize = 100;

/// What a shop says of one conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The shop's id of it, by which it counts once.
    pub id: String,
    /// What was done, such as `purchase`; or [`REFUND`].
    pub kind: String,
    /// The click id with which the customer came; `None` for one who came without.
    pub click: Option<String>,
    /// What it is worth.
    pub money: Option<Money>,
    /// When, as Unix time in milliseconds.
    pub at_ms: Option<i64>,
    /// The id of what a refund takes back; its own where none is named.
    pub order: String,
}

/// Says what is wrong with what a shop says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON, or not of this form.
    #[error("the body is not a conversion: {0}")]
    Form(String),
    /// A number where a text is wanted, as many programs write it.
    #[error(
        "{0} is a text: write it in quotation marks, as in \"id\": \"1001\", \"value\": \"59.00\""
    )]
    Text(&'static str),
    /// Too many, or none.
    #[error("send 1 to {BATCH_MAX} conversions in one call")]
    Count,
    /// The id.
    #[error("{0} is a text of 1 to {ID_CHARS_MAX} characters, all of which can be seen")]
    Id(&'static str),
    /// The kind.
    #[error(
        "kind is a word of 1 to {KIND_BYTES_MAX} small letters, digits and -, such as purchase"
    )]
    Kind,
    /// The click.
    #[error("click is the click id as it came, at most {CLICK_CHARS_MAX} characters")]
    Click,
    /// One without the other.
    #[error("value and currency come together")]
    Half,
    /// The money.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The moment.
    #[error("at is a moment with its offset (RFC 3339), such as 2026-12-01T19:42:00+08:00")]
    At,
    /// A refund is of something.
    #[error("order is for refunds alone")]
    Order,
}

/// What programs like to write as numbers.
const TEXTS: [&str; 5] = ["id", "value", "click", "order", "at"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    kind: String,
    #[serde(default)]
    click: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    order: Option<String>,
}

impl Said {
    /// Reads the body of a call: one conversion, or several as a list. Each of several is right or
    /// wrong for itself.
    ///
    /// # Errors
    /// It is no JSON, or there are none or too many.
    pub fn read(body: &[u8]) -> Result<(bool, Vec<Result<Self, BodyError>>), BodyError> {
        let form = |error: serde_json::Error| {
            BodyError::Form(passerby_protocol::foreign::one_line(
                &error.to_string(),
                150,
            ))
        };
        let one = |value: Value| {
            let number = TEXTS.iter().find(|name| value[**name].is_number());
            if let Some(name) = number {
                return Err(BodyError::Text(name));
            }
            let body: Body = serde_json::from_value(value).map_err(form)?;
            Self::check(body)
        };
        if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
            let said = "it is no JSON, such as {\"id\": \"order-1\", \"kind\": \"purchase\"}";
            return Err(BodyError::Form(said.to_owned()));
        }
        match serde_json::from_slice(body).map_err(form)? {
            Value::Array(list) if (1..=BATCH_MAX).contains(&list.len()) => {
                Ok((true, list.into_iter().map(one).collect()))
            }
            Value::Array(_) => Err(BodyError::Count),
            value => Ok((false, vec![one(value)])),
        }
    }

    /// Reads the parameters of a link. Others are somebody else's.
    ///
    /// # Errors
    /// See [`BodyError`].
    pub fn of_link(parameters: &[(String, String)]) -> Result<Self, BodyError> {
        let of = |name: &str| {
            let found = parameters.iter().find(|(known, _)| known == name);
            found
                .map(|(_, value)| value.clone())
                .filter(|value| !value.is_empty())
        };
        Self::check(Body {
            id: of("id").unwrap_or_default(),
            kind: of("kind").unwrap_or_else(|| "purchase".to_owned()),
            click: of("click"),
            value: of("value"),
            currency: of("currency"),
            at: of("at"),
            order: None,
        })
    }

    fn check(body: Body) -> Result<Self, BodyError> {
        let id = order_id("id", body.id)?;
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=KIND_BYTES_MAX).contains(&body.kind.len()) || !body.kind.bytes().all(is_plain) {
            return Err(BodyError::Kind);
        }
        let click = body.click.filter(|click| !click.is_empty());
        if let Some(click) = &click
            && (click.chars().count() > CLICK_CHARS_MAX || is_unseen(click))
        {
            return Err(BodyError::Click);
        }
        let money = match (body.value, body.currency) {
            (Some(value), Some(currency)) => Some(Money::parse(&value, &currency)?),
            (None, None) => None,
            _ => return Err(BodyError::Half),
        };
        let at_ms = match body.at {
            Some(at) => {
                let at: Timestamp = at.parse().map_err(|_| BodyError::At)?;
                Some(at.as_millisecond())
            }
            None => None,
        };
        let order = match body.order {
            Some(order) if body.kind == REFUND => order_id("order", order)?,
            Some(_) => return Err(BodyError::Order),
            None => id.clone(),
        };
        Ok(Self {
            id,
            kind: body.kind,
            click,
            money,
            at_ms,
            order,
        })
    }

    /// The click, if it has the form of one.
    pub fn click(&self) -> Option<[u8; 16]> {
        self.click.as_deref().and_then(click_of)
    }
}

/// Accepts an id of a shop's.
///
/// # Errors
/// It is empty, too long, or has something in it that cannot be seen; `what` is what it is called.
pub fn order_id(what: &'static str, text: String) -> Result<String, BodyError> {
    let fits = (1..=ID_CHARS_MAX).contains(&text.chars().count());
    if fits && !is_unseen(&text) && text.trim() == text {
        Ok(text)
    } else {
        Err(BodyError::Id(what))
    }
}

fn is_unseen(text: &str) -> bool {
    text.contains(char::is_control) || has_hidden(text)
}

/// Writes a click id as shops get it: 32 hexadecimal digits.
pub fn click_id(click: &[u8; 16]) -> String {
    hex(click)
}

/// Reads one, in any letter case.
pub fn click_of(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut click = [0; 16];
    for (at, byte) in click.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(click)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(body: &Value) -> Result<Said, BodyError> {
        let (is_list, mut all) = Said::read(body.to_string().as_bytes())?;
        assert!(!is_list);
        all.remove(0)
    }

    #[test]
    fn a_conversion_is_read_as_the_shop_said_it() {
        let said = one(&json!({
            "click": "0123456789abcdef0123456789ABCDEF", "id": "order-1", "kind": "purchase",
            "value": "59.00", "currency": "CNY", "at": "2026-12-01T19:42:00.5+08:00"
        }));
        let said = said.unwrap();
        assert_eq!(said.at_ms, Some(1_796_125_320_500));
        assert_eq!(said.money.unwrap().minor, 5_900);
        assert_eq!(said.click().unwrap()[..2], [0x01, 0x23]);
        assert_eq!(
            click_id(&said.click().unwrap()),
            "0123456789abcdef".repeat(2)
        );
        let least = one(&json!({ "id": "1", "kind": "sign-up" })).unwrap();
        assert_eq!((least.click, least.money, least.at_ms), (None, None, None));
        let refund = one(&json!({ "id": "r-1", "order": "order-1", "kind": "refund" }));
        assert_eq!(refund.unwrap().order, "order-1");
    }

    #[test]
    fn what_is_no_conversion_is_told_with_what_is_wrong() {
        let but = |name: &str, value: Value| {
            let mut body =
                json!({ "id": "1", "kind": "purchase", "value": "1", "currency": "CNY" });
            body[name] = value;
            one(&body).unwrap_err()
        };
        for id in [
            json!(""),
            json!("x".repeat(65)),
            json!(" 1"),
            json!("a\nb"),
            json!("a\u{202e}b"),
        ] {
            assert_eq!(but("id", id), BodyError::Id("id"));
        }
        for kind in ["", "Purchase", "a b", "购买", &"a".repeat(33)] {
            assert_eq!(but("kind", json!(kind)), BodyError::Kind);
        }
        assert_eq!(but("click", json!("x".repeat(65))), BodyError::Click);
        assert_eq!(but("value", json!(null)), BodyError::Half);
        assert_eq!(but("at", json!("2026-12-01T19:42:00")), BodyError::At);
        assert_eq!(but("at", json!("yesterday")), BodyError::At);
        assert_eq!(but("order", json!("1")), BodyError::Order);
        assert_eq!(but("value", json!(59.0)), BodyError::Text("value"));
        assert_eq!(but("id", json!(1001)), BodyError::Text("id"));
        assert!(matches!(but("clik", json!("x")), BodyError::Form(_)));
        assert!(matches!(Said::read(b"{"), Err(BodyError::Form(_))));
        let told = Said::read(b"id=1&kind=purchase").unwrap_err().to_string();
        assert!(told.contains("no JSON"), "{told}");
        let many = json!(vec![json!({ "id": "1", "kind": "a" }); BATCH_MAX + 1]).to_string();
        assert_eq!(Said::read(many.as_bytes()).unwrap_err(), BodyError::Count);
        assert_eq!(Said::read(b"[]").unwrap_err(), BodyError::Count);
        let (is_list, all) =
            Said::read(br#"[{"id":"1","kind":"a"},{"id":"","kind":"a"}]"#).unwrap();
        assert!(is_list && all[0].is_ok() && all[1] == Err(BodyError::Id("id")));
    }
}
