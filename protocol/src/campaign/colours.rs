//! A campaign's colours, and how they are written in a file.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::bounded;
use crate::toml_fields::Section;

/// Three colours of a campaign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colours {
    /// What lies behind text.
    pub paper: Option<Rgb>,
    /// The colour of text.
    pub ink: Option<Rgb>,
    /// Of the call to action and of buttons.
    pub accent: Option<Rgb>,
}

impl Colours {
    /// Reads a `[colours]` table; what it leaves out, or all without one, stays open.
    pub(crate) fn read(root: &Section<'_>) -> Self {
        let colours = root.table("colours", |colours| {
            let colour = |key| {
                colours
                    .parsed(key, "a colour such as \"#c8102e\"", Rgb::from_str)
                    .map(|colour| colour.value)
            };
            Self {
                paper: colour("paper"),
                ink: colour("ink"),
                accent: colour("accent"),
            }
        });
        colours.unwrap_or_default()
    }
}

/// An sRGB colour; its text form is `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Rgb(pub [u8; 3]);

/// Says that a text is not a colour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a colour")]
pub struct RgbError;

impl FromStr for Rgb {
    type Err = RgbError;
    fn from_str(text: &str) -> Result<Self, RgbError> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.is_ascii())
            .ok_or(RgbError)?;
        let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| RgbError);
        Ok(Self([channel(0)?, channel(2)?, channel(4)?]))
    }
}

impl<'de> Deserialize<'de> for Rgb {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded::value(deserializer)
    }
}

impl From<Rgb> for String {
    fn from(colour: Rgb) -> String {
        colour.to_string()
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}
