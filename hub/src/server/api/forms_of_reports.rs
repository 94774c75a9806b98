//! The forms of reports.

use crate::server::api::schema::{BY, Form, Holds, field, maybe};

/// All of them.
pub(super) const FORMS: &[Form] = &[
    (
        "Report",
        &[
            field("by", BY, "what rows are by"),
            field("time_zone", Holds::Text, "whose days and hours these are"),
            field("total", Holds::One("Figures"), "all rows together"),
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
        ],
    ),
];
