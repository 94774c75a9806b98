//! The calls about what shops report, and about their keys.

use crate::people::Right::{ChangeCampaigns, SeeReports};
use crate::server::api::calls::conversions;
use crate::server::api::route::{PAGES, QueryField, Route, delete, get, post};
use crate::server::api::schema::{Form, Holds, field, maybe};
use crate::server::console::rule::Rule;

const OF_CONVERSIONS: &[QueryField] = &[
    ("before", Holds::Whole, "before which row to begin"),
    PAGES[1],
];

/// All of them.
pub(super) fn all() -> Vec<Route> {
    vec![
        get(
            "/campaigns/{campaign}/conversions",
            Rule::May(SeeReports),
            &[200, 400, 404],
            "what shops reported for a campaign, the newest first",
            "Conversions",
            conversions::list,
        )
        .with_query(OF_CONVERSIONS, "?before=N&limit=N"),
        get(
            "/campaigns/{campaign}/conversion-keys",
            Rule::May(SeeReports),
            &[200, 404],
            "the keys with which shops report for a campaign",
            "ConversionKeys",
            conversions::keys,
        ),
        post(
            "/campaigns/{campaign}/conversion-keys",
            ChangeCampaigns,
            &[201, 400, 404, 409, 422],
            "makes a key for a shop",
            (Some("NewConversionKey"), "MadeConversionKey"),
            conversions::add_key,
        )
        .with_secret(),
        delete(
            "/campaigns/{campaign}/conversion-keys/{key}",
            Rule::May(ChangeCampaigns),
            "revokes a key of a shop",
            conversions::revoke_key,
        ),
    ]
}

/// Their forms.
pub(super) const FORMS: &[Form] = &[
    (
        "Conversions",
        &[
            field("conversions", Holds::Many("Conversion"), "the newest first"),
            maybe(
                "next",
                Holds::Whole,
                "where the next page begins, as `before`",
            ),
        ],
    ),
    (
        "Conversion",
        &[
            field("conversion", Holds::Whole, "its number"),
            field("id", Holds::Text, "the shop's id of it"),
            field("kind", Holds::Text, "what was done, such as purchase"),
            field(
                "proof",
                Holds::Word(&["key", "signed-link", "open-link"]),
                "who says so: a key, a signed link, or a link that anybody may open",
            ),
            maybe("value", Holds::Text, "what it is worth, a decimal number"),
            maybe("refunded", Holds::Text, "what of that was taken back"),
            maybe("currency", Holds::Text, "of ISO 4217"),
            field("withdrawn", Holds::Truth, "whether all was taken back"),
            field("at_ms", Holds::Moment, "when"),
            field("received_ms", Holds::Moment, "when the hub heard of it"),
            field("counted", Holds::Truth, "whether its chain counts"),
            maybe(
                "screen",
                Holds::Whole,
                "where the chain began; none without a click that is known",
            ),
            maybe("screen_name", Holds::Text, "what that is called"),
            maybe("play", Holds::Whole, "with which play"),
            maybe("played_ms", Holds::Moment, "when that was, once it is here"),
            maybe("scanned_ms", Holds::Moment, "when its code was scanned"),
            maybe("pressed_ms", Holds::Moment, "when the button was pressed"),
            maybe("creative", Holds::Text, "the SHA-256 of what was shown"),
            maybe(
                "generation",
                Holds::Whole,
                "how often the link had been passed on",
            ),
            maybe("link", Holds::Text, "under which link it was pressed"),
        ],
    ),
    (
        "ConversionKeys",
        &[field(
            "keys",
            Holds::Many("ConversionKey"),
            "those that work first",
        )],
    ),
    (
        "ConversionKey",
        &[
            field("key", Holds::Whole, "its number"),
            field("name", Holds::Text, "what it is called"),
            field("made_by", Holds::Text, "who made it"),
            field("made_ms", Holds::Moment, "when"),
            maybe(
                "used_ms",
                Holds::Moment,
                "when it was last used, to the hour",
            ),
            maybe("revoked_ms", Holds::Moment, "since when it does not work"),
        ],
    ),
    (
        "NewConversionKey",
        &[field("name", Holds::Text, "what to call it")],
    ),
    (
        "MadeConversionKey",
        &[
            field("key", Holds::Whole, "its number"),
            field("bearer", Holds::Text, "what a program sends; shown once"),
            field("link_secret", Holds::Text, "what signs links; shown once"),
        ],
    ),
];
