//! Who has bought a campaign's air time, in the words of the industry's reports.
//!
//! Source: Outsmart, Playout Reporting Standard 1.7, "Record definition"; the numbers are those of
//! SPACE, the industry's register of buyers and brands.

use serde::{Deserialize, Serialize};

use crate::limits::SPACE_ID;
use crate::toml_fields::Section;

/// The order behind a campaign. Order, buyer and brand are always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// The media owner's name of the order, 1 to 256 characters.
    pub order: String,
    /// The line of the order, up to 36 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// The buyer's number.
    pub buyer: u32,
    /// The agency's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<u32>,
    /// The brand's number.
    pub brand: u32,
    /// The buyer's own name of the campaign, up to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the creative's maker calls it, up to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creative: Option<String>,
}

impl Buyer {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let text = |key, chars_max| {
            section
                .text(key, chars_max, "a text")
                .map(|text| text.value.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let number = |key| {
            section
                .integer(key, SPACE_ID)
                .and_then(|number| u32::try_from(number.value).ok())
        };
        let order = text("order", 256);
        if order.is_none() {
            section.missing("order", "\"the order's name\"");
        }
        let (buyer, brand) = (number("buyer"), number("brand"));
        for (key, known) in [("buyer", buyer), ("brand", brand)] {
            if known.is_none() && !section.has(key) {
                section.missing(key, "its number in SPACE");
            }
        }
        Self {
            order: order.unwrap_or_default(),
            line: text("line", 36),
            buyer: buyer.unwrap_or_default(),
            agency: number("agency"),
            brand: brand.unwrap_or_default(),
            reference: text("reference", 64),
            creative: text("creative", 128),
        }
    }
}
