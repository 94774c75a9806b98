//! Money: a currency of ISO 4217 and a whole number of its smallest unit.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

/// Most of the smallest unit of a currency in one conversion. Ninety million of that size are still
/// added up in 64 bits.
const MINOR_MAX: i64 = 100_000_000_000;

/// Currencies without a smaller unit.
const NO_DIGITS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
/// Currencies with a hundred smaller units in one; also those that were withdrawn in 2025 and 2026,
/// in which something may still be bought back.
const TWO_DIGITS: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV \
    BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB \
    EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD \
    KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO \
    NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP \
    STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR \
    ZMW ZWG";
/// Currencies with a thousand.
const THREE_DIGITS: &str = "BHD IQD JOD KWD LYD OMR TND";
/// Currencies with ten thousand.
const FOUR_DIGITS: &str = "CLF UYW";

/// A currency of ISO 4217, by its three letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency {
    code: &'static str,
    /// How many digits its smaller unit has.
    digits: usize,
}

impl Currency {
    /// Finds one by its three capital letters.
    pub fn of_code(code: &str) -> Option<Self> {
        let lists = [
            (NO_DIGITS, 0),
            (TWO_DIGITS, 2),
            (THREE_DIGITS, 3),
            (FOUR_DIGITS, 4),
        ];
        lists.into_iter().find_map(|(list, digits)| {
            let found = list.split_ascii_whitespace().find(|known| *known == code)?;
            Some(Self {
                code: found,
                digits,
            })
        })
    }

    /// Its three letters.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Writes an amount of its smallest unit as a decimal number.
    pub fn decimal(self, minor: i64) -> String {
        let sign = if minor < 0 { "-" } else { "" };
        let text = minor.unsigned_abs().to_string();
        let text = format!("{text:0>width$}", width = self.digits + 1);
        let (whole, part) = text.split_at(text.len() - self.digits);
        if part.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{part}")
        }
    }
}

/// Says why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a currency.
    #[error("currency is not one of ISO 4217 in capitals, such as CNY")]
    Currency,
    /// Not a number.
    #[error("value is not a decimal number in a text, such as \"59.00\"")]
    Value,
    /// Too exact.
    #[error("value has more digits behind the point than its currency has")]
    Digits,
    /// Too much.
    #[error("value is more than one conversion may have")]
    TooMuch,
}

/// An amount, not below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Of which currency.
    pub currency: Currency,
    /// How many of its smallest unit.
    pub minor: i64,
}

impl Money {
    /// Reads a decimal number without a sign, and a currency.
    ///
    /// # Errors
    /// See [`MoneyError`].
    pub fn parse(value: &str, currency: &str) -> Result<Self, MoneyError> {
        let currency = Currency::of_code(currency).ok_or(MoneyError::Currency)?;
        let (whole, part) = value.split_once('.').unwrap_or((value, "0"));
        let are_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let has_zeros = whole.len() > 1 && whole.starts_with('0');
        if !are_digits(whole) || !are_digits(part) || has_zeros {
            return Err(MoneyError::Value);
        }
        let part = part.trim_end_matches('0');
        if part.len() > currency.digits {
            return Err(MoneyError::Digits);
        }
        let digits = currency.digits;
        let minor: i64 = format!("{whole}{part:0<digits$}")
            .parse()
            .map_err(|_| MoneyError::TooMuch)?;
        if minor > MINOR_MAX {
            return Err(MoneyError::TooMuch);
        }
        Ok(Self { currency, minor })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.currency.decimal(self.minor))
    }
}

/// What conversions are worth together, by currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worth(BTreeMap<String, i64>);

impl Worth {
    /// Adds an amount of the smallest unit of a currency; of none, nothing.
    pub fn add(&mut self, currency: &str, minor: i64) {
        if !currency.is_empty() && minor != 0 {
            let sum = self.0.entry(currency.to_owned()).or_default();
            *sum = sum.saturating_add(minor);
        }
    }

    /// Adds another one.
    pub fn add_all(&mut self, other: &Self) {
        for (currency, minor) in &other.0 {
            self.add(currency, *minor);
        }
    }

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(|minor| *minor == 0)
    }

    /// Each currency with its amount as a decimal number.
    pub fn amounts(&self) -> impl Iterator<Item = (&str, String)> {
        let there = self.0.iter().filter(|(_, minor)| **minor != 0);
        there.map(|(currency, minor)| {
            let known = Currency::of_code(currency);
            let amount = known.map_or_else(|| minor.to_string(), |known| known.decimal(*minor));
            (currency.as_str(), amount)
        })
    }
}

impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (currency, amount)) in self.amounts().enumerate() {
            let glue = if at > 0 { ", " } else { "" };
            write!(f, "{glue}{currency} {amount}")?;
        }
        Ok(())
    }
}

impl Serialize for Worth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.amounts())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_numbers_of_the_smallest_unit_and_come_back_as_they_were() {
        for (value, currency, minor, said) in [
            ("59.00", "CNY", 5_900, "59.00"),
            ("59", "CNY", 5_900, "59.00"),
            ("59.5", "CNY", 5_950, "59.50"),
            ("59.500", "CNY", 5_950, "59.50"),
            ("0", "USD", 0, "0.00"),
            ("0.07", "EUR", 7, "0.07"),
            ("1200", "JPY", 1_200, "1200"),
            ("1200.00", "JPY", 1_200, "1200"),
            ("1.234", "KWD", 1_234, "1.234"),
            ("1000000000.00", "CNY", MINOR_MAX, "1000000000.00"),
        ] {
            let money = Money::parse(value, currency).unwrap();
            assert_eq!(money.minor, minor, "{value} {currency}");
            assert_eq!(money.to_string(), said);
        }
        let wrong = |value: &str, currency: &str| Money::parse(value, currency).unwrap_err();
        for value in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "٣", "0x1", " 1", "007", "1.2.3", "NaN",
        ] {
            assert_eq!(wrong(value, "CNY"), MoneyError::Value, "{value}");
        }
        assert_eq!(wrong("1.001", "CNY"), MoneyError::Digits);
        assert_eq!(wrong("1.5", "JPY"), MoneyError::Digits);
        assert_eq!(wrong("1000000000.01", "CNY"), MoneyError::TooMuch);
        assert_eq!(wrong(&"9".repeat(99), "CNY"), MoneyError::TooMuch);
        for currency in ["", "cny", "RMB", "XXX", "CNY "] {
            assert_eq!(wrong("1", currency), MoneyError::Currency, "{currency}");
        }
    }

    #[test]
    fn each_currency_is_listed_once() {
        let all = [NO_DIGITS, TWO_DIGITS, THREE_DIGITS, FOUR_DIGITS].join(" ");
        let mut codes: Vec<&str> = all.split_ascii_whitespace().collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        let is_code = |code: &&str| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
        assert!(codes.iter().all(is_code));
    }

    #[test]
    fn what_is_worth_together_is_told_by_currency() {
        let mut worth = Worth::default();
        worth.add("CNY", 5_900);
        worth.add("JPY", 300);
        worth.add("CNY", -100);
        worth.add("", 7);
        assert_eq!(worth.to_string(), "CNY 58.00, JPY 300");
        assert_eq!(
            serde_json::to_string(&worth).unwrap(),
            r#"{"CNY":"58.00","JPY":"300"}"#
        );
        worth.add("CNY", -5_800);
        worth.add("JPY", -300);
        assert!(worth.is_empty() && worth.to_string().is_empty());
    }
}
