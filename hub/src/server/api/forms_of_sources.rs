//! The forms of what calls about sources take and answer.

use crate::server::api::schema::{Form, Holds, field, maybe};

/// All of them.
pub(super) const FORMS: &[Form] = &[
    (
        "Sources",
        &[
            field("sources", Holds::Many("Source"), "by name"),
            maybe(
                "next",
                Holds::Text,
                "where the next page begins, as `after`",
            ),
        ],
    ),
    (
        "Source",
        &[
            field("source", Holds::Text, "its name"),
            field(
                "kind",
                Holds::Word(&["link", "file", "hook"]),
                "how it comes",
            ),
            maybe("location", Holds::Text, "its address"),
            field("rules", Holds::One("SourceRules"), "which items air"),
            field("paused", Holds::Truth, "whether it is not fetched for now"),
            maybe("fetched_ms", Holds::Moment, "when it was fetched last"),
            maybe("succeeded_ms", Holds::Moment, "when that went well"),
            field("next_ms", Holds::Moment, "when it is fetched next"),
            field("failures", Holds::Whole, "how often it failed since then"),
            maybe("problem", Holds::Text, "why it failed last"),
            maybe("left_out", Holds::Text, "what was left out of it"),
        ],
    ),
    (
        "SourceRules",
        &[
            field("newest", Holds::Whole, "how many items air at one time"),
            field("must", Holds::Texts, "words of which one must be there"),
            field("must_not", Holds::Texts, "words of which none may be there"),
            field(
                "approval",
                Holds::Truth,
                "whether somebody approves each item",
            ),
            field("days", Holds::Whole, "for how many days an item airs"),
            field("every_minutes", Holds::Whole, "how often it is fetched"),
        ],
    ),
    (
        "SourceRule",
        &[
            field(
                "source",
                Holds::Text,
                "what to call it: small letters, digits, hyphens",
            ),
            maybe(
                "url",
                Holds::Text,
                "its address; missing for what a program sends",
            ),
            maybe("newest", Holds::Whole, "1 to 50; 5"),
            maybe("must", Holds::Texts, "words of which one must be there"),
            maybe("must_not", Holds::Texts, "words of which none may be there"),
            maybe(
                "approval",
                Holds::Truth,
                "whether somebody approves each item",
            ),
            maybe("days", Holds::Whole, "1 to 365; 14"),
            maybe("every_minutes", Holds::Whole, "1 to 1440; 15"),
            maybe(
                "screens",
                Holds::Wholes,
                "numbers of screens; all if missing",
            ),
            maybe(
                "template",
                Holds::One("SourceTemplate"),
                "how its cards look",
            ),
        ],
    ),
    (
        "SourceChange",
        &[
            maybe("newest", Holds::Whole, "1 to 50"),
            maybe("must", Holds::Texts, "words of which one must be there"),
            maybe("must_not", Holds::Texts, "words of which none may be there"),
            maybe(
                "approval",
                Holds::Truth,
                "whether somebody approves each item",
            ),
            maybe("days", Holds::Whole, "1 to 365"),
            maybe("every_minutes", Holds::Whole, "1 to 1440"),
            maybe("screens", Holds::Wholes, "numbers of screens; all if empty"),
            maybe(
                "template",
                Holds::One("SourceTemplate"),
                "how cards look that are made from now on",
            ),
        ],
    ),
    (
        "SourceTemplate",
        &[
            maybe(
                "headline",
                Holds::Text,
                "with {title}, {text}, {price} or {source} in it",
            ),
            maybe("body", Holds::Text, "likewise; empty for none"),
            maybe("price", Holds::Text, "likewise"),
            maybe(
                "layout",
                Holds::Text,
                "where the picture goes, such as picture-left",
            ),
            maybe("paper", Holds::Text, "#rrggbb"),
            maybe("ink", Holds::Text, "#rrggbb"),
            maybe("accent", Holds::Text, "#rrggbb"),
            maybe("call", Holds::Text, "beside the code"),
            maybe(
                "landing",
                Holds::Word(&["redirect", "page", "follow"]),
                "what a scan opens",
            ),
            maybe("button", Holds::Text, "of the page"),
            maybe("share", Holds::Text, "the words that go with a shared link"),
            maybe("seconds", Holds::Whole, "5 to 60; 12"),
        ],
    ),
    (
        "NewSource",
        &[
            field("source", Holds::One("Source"), "as lists have it"),
            maybe("secret", Holds::Text, "with which a program sends items"),
        ],
    ),
    (
        "SourceItems",
        &[field(
            "items",
            Holds::Many("SourceItem"),
            "the newest first",
        )],
    ),
    (
        "SourceItem",
        &[
            field("item", Holds::Whole, "its number"),
            field(
                "state",
                Holds::Word(&[
                    "waiting",
                    "ready",
                    "airing",
                    "ended",
                    "taken-down",
                    "failed",
                ]),
                "what becomes of it",
            ),
            field("title", Holds::Text, "its title"),
            field("text", Holds::Text, "its words; may be empty"),
            maybe("link", Holds::Text, "where it can be read"),
            maybe("picture", Holds::Text, "the address of its picture"),
            maybe("price", Holds::Text, "what it costs"),
            maybe("campaign", Holds::Text, "its campaign, once it has aired"),
            field("ends_ms", Holds::Moment, "when it ends"),
            maybe(
                "told",
                Holds::Text,
                "what was left out of it, or why it does not air",
            ),
        ],
    ),
    (
        "WhichItems",
        &[
            maybe("items", Holds::Wholes, "their numbers"),
            maybe("all", Holds::Truth, "all of them"),
        ],
    ),
    (
        "ItemNumbers",
        &[field(
            "items",
            Holds::Wholes,
            "the numbers of those that changed",
        )],
    ),
    (
        "Pausing",
        &[field(
            "paused",
            Holds::Truth,
            "whether it is not fetched for now",
        )],
    ),
];
