//! The forms of reports.

use crate::server::api::schema::{BY, Form, Holds, field, maybe};

/// All of them.
pub(super) const FORMS: &[Form] = &[
    (
        "Report",
        &[
            field("by", BY, "what rows are by"),
            field("time_zone", Holds::Text, "whose days and hours these are"),
            maybe(
                "kind",
                Holds::One("KindReport"),
                "of one campaign: what its kind is about",
            ),
            field("total", Holds::One("Figures"), "all rows together"),
            field(
                "value",
                Holds::Many("Amount"),
                "what all conversions are worth, by currency",
            ),
            field("fans", Holds::One("FanCounts"), "who follow by mail"),
            field("rows", Holds::Many("ReportRow"), "each with its figures"),
            maybe(
                "next",
                Holds::Text,
                "where the next page begins, as `after`",
            ),
        ],
    ),
    (
        "Figures",
        &[
            field("plays", Holds::Whole, "plays"),
            field(
                "visible_ms",
                Holds::Whole,
                "for how long these were visible",
            ),
            field("scans", Holds::Whole, "scans that count"),
            field("visits", Holds::Whole, "visits of their chains"),
            field("presses", Holds::Whole, "visitors who pressed the button"),
            field(
                "shares",
                Holds::Whole,
                "links that somebody got from somebody else",
            ),
            field(
                "conversions",
                Holds::Whole,
                "what shops reported, with a click of a chain that counts",
            ),
        ],
    ),
    (
        "Amount",
        &[
            field("currency", Holds::Text, "of ISO 4217, such as CNY"),
            field("amount", Holds::Text, "a decimal number, such as 59.00"),
        ],
    ),
    (
        "ReportRow",
        &[
            field(
                "key",
                Holds::Text,
                "a day, an hour, a weekday from 0 = Monday, a number, a folder, a SHA-256",
            ),
            maybe("name", Holds::Text, "what people call it"),
            field("figures", Holds::One("Figures"), "what was counted"),
            field(
                "value",
                Holds::Many("Amount"),
                "what its conversions are worth",
            ),
            maybe(
                "fans",
                Holds::One("FanMoves"),
                "who came to follow, left and came back; missing of creatives",
            ),
        ],
    ),
];
