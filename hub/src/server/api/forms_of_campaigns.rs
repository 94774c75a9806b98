//! The forms of campaigns that were published, and of previews.

use crate::server::api::schema::{Form, Holds, field, maybe};

/// All of them.
pub(super) const FORMS: &[Form] = &[
    (
        "Campaigns",
        &[
            field("campaigns", Holds::Many("Campaign"), "by folder"),
            maybe(
                "next",
                Holds::Text,
                "where the next page begins, as `after`",
            ),
        ],
    ),
    (
        "Campaign",
        &[
            field("campaign", Holds::Text, "the name of its folder"),
            field("title", Holds::Text, "its title"),
            field("group", Holds::Text, "its group; empty for none"),
            field(
                "standing",
                Holds::Word(&["airing", "future", "ended", "off"]),
                "whether it is on the screens, by its dates",
            ),
            field(
                "everywhere",
                Holds::Truth,
                "whether it is for all screens, also later ones",
            ),
            field("published_ms", Holds::Moment, "when it was last sent out"),
        ],
    ),
    (
        "CampaignFacts",
        &[
            field("campaign", Holds::One("Campaign"), "as lists have it"),
            field("screens", Holds::Whole, "on how many screens it is"),
            field("placements", Holds::Many("Placement"), "what it shows"),
        ],
    ),
    (
        "Placement",
        &[
            field("file", Holds::Text, "the file in its folder"),
            maybe("creative", Holds::Text, "the SHA-256 of what it holds"),
            field("weight", Holds::Whole, "its share of air time"),
        ],
    ),
    (
        "Preview",
        &[
            field("width_px", Holds::Whole, "pixels across"),
            field("height_px", Holds::Whole, "pixels down"),
            field("is_drawn", Holds::Truth, "whether there is a picture"),
            field("moves", Holds::Truth, "the picture is its first moment"),
            maybe(
                "refused_for",
                Holds::Word(&["code", "creative", "page", "screen"]),
                "what is at fault where screens would skip it",
            ),
            maybe("refusal", Holds::Text, "why they would, in their words"),
            maybe(
                "fault",
                Holds::One("ContentFault"),
                "the same for programs, of what is met often",
            ),
            maybe(
                "code",
                Holds::One("PreviewCode"),
                "its code, read back from the picture",
            ),
            field("notes", Holds::Texts, "what is well to know"),
        ],
    ),
    (
        "PreviewCode",
        &[
            field("modules", Holds::Whole, "modules a side"),
            field("module_px", Holds::Whole, "pixels of a module"),
            field("quiet_px", Holds::Whole, "pixels of white around it"),
            maybe("width_cm", Holds::Number, "how wide it is"),
            maybe("reach_m", Holds::Number, "from how far it is read"),
            maybe("contrast", Holds::Number, "white to black there"),
            field("seconds", Holds::Number, "how long it is there"),
        ],
    ),
    (
        "Grouping",
        &[maybe("group", Holds::Text, "a group; empty for none")],
    ),
    (
        "TakenOff",
        &[field("screens", Holds::Whole, "how many screens changed")],
    ),
];
