//! The forms of screens: what they are, how they are, and how they come and go.

use crate::server::api::schema::{Form, Holds, STATES, field, maybe};

/// All of them.
pub(super) const FORMS: &[Form] = &[
    (
        "Screens",
        &[
            field("screens", Holds::Many("Screen"), "by number"),
            maybe(
                "next",
                Holds::Whole,
                "where the next page begins, as `after`",
            ),
        ],
    ),
    (
        "Screen",
        &[
            field("screen", Holds::Whole, "its number"),
            field("name", Holds::Text, "its name"),
            field("group", Holds::Text, "its group; empty for none"),
            field("tags", Holds::Texts, "its tags"),
            field("state", STATES, "how it is"),
            maybe("last_seen_ms", Holds::Moment, "when it was last heard of"),
            field(
                "has_newest",
                Holds::Truth,
                "whether it has what is published for it",
            ),
            field(
                "place",
                Holds::Text,
                "where it stands, in words for passers-by; empty where nobody said",
            ),
            field(
                "way",
                Holds::Text,
                "how to go there: an address, or latitude and longitude",
            ),
        ],
    ),
    (
        "ScreenFacts",
        &[
            field("screen", Holds::One("Screen"), "as lists have it"),
            field("made_ms", Holds::Moment, "since when it is here"),
            maybe(
                "revoked_ms",
                Holds::Moment,
                "since when it is out of service",
            ),
            maybe("software", Holds::Text, "the version of its program"),
            maybe("clock_trusted", Holds::Truth, "whether it trusts its clock"),
            maybe(
                "plays_waiting",
                Holds::Whole,
                "plays that it has not sent yet",
            ),
            maybe(
                "disk_free_bytes",
                Holds::Whole,
                "what is free where its ledger lies",
            ),
            field("campaigns", Holds::Texts, "what is published for it"),
            field(
                "missing_plays",
                Holds::Whole,
                "plays that are known to be missing",
            ),
            field("plays_today", Holds::Whole, "plays of today"),
            field("scans_today", Holds::Whole, "scans of today that count"),
            field("frame", Holds::One("LastFrame"), "its last picture"),
        ],
    ),
    (
        "LastFrame",
        &[
            maybe("taken_ms", Holds::Moment, "when it was on the screen"),
            maybe("width_px", Holds::Whole, "pixels a row"),
            maybe("height_px", Holds::Whole, "pixels down"),
            maybe("play", Holds::Whole, "the number of the play"),
            maybe("campaign", Holds::Text, "the campaign of that play"),
            maybe(
                "creative",
                Holds::Text,
                "its creative's digest, `house` or `notice`",
            ),
            maybe("wished_ms", Holds::Moment, "since when one is asked for"),
        ],
    ),
    (
        "ScreenChange",
        &[
            maybe("name", Holds::Text, "a new name"),
            maybe("group", Holds::Text, "a group; empty for none"),
            maybe("tags", Holds::Texts, "all tags"),
            maybe(
                "place",
                Holds::Text,
                "where it stands, in words for passers-by; empty for none",
            ),
            maybe(
                "way",
                Holds::Text,
                "an address, or latitude and longitude; empty for none",
            ),
        ],
    ),
    (
        "Pairing",
        &[
            field("code", Holds::Text, "the eight characters on the screen"),
            field("name", Holds::Text, "what to call the screen"),
            maybe("group", Holds::Text, "its group"),
        ],
    ),
    (
        "Paired",
        &[field("screen", Holds::Whole, "the new screen's number")],
    ),
    (
        "Revocation",
        &[maybe(
            "retire",
            Holds::Truth,
            "also refuse the codes that it has shown",
        )],
    ),
    (
        "Revoked",
        &[field(
            "since_ms",
            Holds::Moment,
            "since when it is out of service",
        )],
    ),
    (
        "EnrolmentToken",
        &[field("token", Holds::Text, "works once, within seven days")],
    ),
];
