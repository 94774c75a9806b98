//! The forms of people, their rights, links and tokens, and of the log.

use crate::server::api::schema::{Form, Holds, ROLES, field, maybe};

/// All of them.
pub(super) const FORMS: &[Form] = &[
    (
        "People",
        &[
            field("people", Holds::Many("Person"), "by name"),
            maybe(
                "next",
                Holds::Text,
                "where the next page begins, as `after`",
            ),
        ],
    ),
    (
        "Person",
        &[
            field("person", Holds::Whole, "their number"),
            field("name", Holds::Text, "what they are called"),
            field("role", ROLES, "what they are"),
            maybe(
                "screens",
                Holds::Texts,
                "groups of screens that they are held to",
            ),
            maybe(
                "campaigns",
                Holds::Texts,
                "groups of campaigns that they are held to",
            ),
            field(
                "second_step",
                Holds::Truth,
                "whether they sign in in two steps",
            ),
            maybe("seen_ms", Holds::Moment, "when they signed in last"),
        ],
    ),
    (
        "Rights",
        &[
            field("role", ROLES, "what they are"),
            maybe("screens", Holds::Texts, "groups of screens to hold them to"),
            maybe(
                "campaigns",
                Holds::Texts,
                "groups of campaigns to hold them to",
            ),
        ],
    ),
    (
        "Link",
        &[field("link", Holds::Text, "works once, within seven days")],
    ),
    (
        "Links",
        &[field("links", Holds::Many("WaitingLink"), "newest first")],
    ),
    (
        "WaitingLink",
        &[
            field("id", Holds::Text, "by which it is taken back"),
            field("role", ROLES, "what they will be"),
            maybe("resets", Holds::Text, "who chooses a new password by it"),
            field("made_by", Holds::Text, "who made it"),
            field("expires_ms", Holds::Moment, "until when it works"),
        ],
    ),
    (
        "Log",
        &[
            field("lines", Holds::Many("LogLine"), "newest first"),
            maybe(
                "next",
                Holds::Whole,
                "where the next page begins, as `before`",
            ),
        ],
    ),
    (
        "LogLine",
        &[
            field("id", Holds::Whole, "its number"),
            field("at_ms", Holds::Moment, "when"),
            field("actor", Holds::Text, "who"),
            field("verb", Holds::Text, "what, such as `screen.pair`"),
            field("subject", Holds::Text, "to what"),
            field("detail", Holds::Text, "what else there is to say"),
        ],
    ),
    (
        "Tokens",
        &[field("tokens", Holds::Many("Token"), "by name")],
    ),
    (
        "Token",
        &[
            field("id", Holds::Text, "by which it is ended"),
            field("name", Holds::Text, "what it is called"),
            field("rights", Holds::Texts, "what it may do"),
            field("expires_ms", Holds::Moment, "until when it works"),
            maybe(
                "used_ms",
                Holds::Moment,
                "when it was last used, to the hour",
            ),
        ],
    ),
    (
        "Me",
        &[
            field("name", Holds::Text, "whose token it is"),
            field("role", ROLES, "what they are"),
            field("rights", Holds::Texts, "what the token may do"),
        ],
    ),
    ("Nothing", &[]),
];
