//! The forms of what is answered about when something may air.

use crate::server::api::schema::{Field, Form, Holds, field, maybe};

const STANDING: Holds = Holds::Word(&["future", "airing", "ended"]);
const FROM: Field = field("from_ms", Holds::Moment, "when the first day begins");
const UNTIL: Field = field("until_ms", Holds::Moment, "when the last day ends");
const ZONE: Field = field("time_zone", Holds::Text, "by whose days it is asked");
const SCREEN: Field = field("screen", Holds::Whole, "its number");
const NAME: Field = field("name", Holds::Text, "its name");
const EMERGENCY: Field = maybe("emergency", Holds::Text, "the message that covers it now");
const SINCE: Field = maybe("emergency_since_ms", Holds::Moment, "since when");
const CAMPAIGNS: Field = field(
    "campaigns",
    Holds::Many("CampaignTimes"),
    "those that are over come last; at most 60, and no further ones behind 1000 stretches of time",
);
const LEFT_OUT: Field = field("left_out", Holds::Whole, "how many more there are");

/// All of them.
pub(super) const FORMS: &[Form] = &[
    (
        "TimesOfScreens",
        &[
            FROM,
            UNTIL,
            ZONE,
            field("screens", Holds::Many("TimesOfOne"), "by number"),
            maybe(
                "next",
                Holds::Whole,
                "where the next page begins, as `after`",
            ),
        ],
    ),
    (
        "TimesOfOne",
        &[SCREEN, NAME, EMERGENCY, SINCE, CAMPAIGNS, LEFT_OUT],
    ),
    (
        "TimesOfScreen",
        &[
            FROM, UNTIL, ZONE, SCREEN, NAME, EMERGENCY, SINCE, CAMPAIGNS, LEFT_OUT,
        ],
    ),
    (
        "TimesOfCampaign",
        &[
            FROM,
            UNTIL,
            ZONE,
            field("times", Holds::One("CampaignTimes"), "its times"),
            field("live", Holds::Truth, "whether it is on the screens"),
            field("screens", Holds::Whole, "on how many"),
        ],
    ),
    (
        "CampaignTimes",
        &[
            field("campaign", Holds::Text, "the name of its folder"),
            field("title", Holds::Text, "its title"),
            field("standing", STANDING, "how it stands by its dates"),
            field(
                "spans",
                Holds::Many("TimeSpan"),
                "when one of its placements may air",
            ),
            field(
                "placements",
                Holds::Many("PlacementTimes"),
                "in the order of the file",
            ),
        ],
    ),
    (
        "PlacementTimes",
        &[
            field("placement", Holds::Whole, "which one, from 1"),
            field("file", Holds::Text, "its creative's file"),
            maybe("zone", Holds::Text, "its zone; none for the main one"),
            field("takes_over", Holds::Truth, "whether all else waits for it"),
            field(
                "filler",
                Holds::Truth,
                "whether it airs when nothing else may",
            ),
            field("standing", STANDING, "how it stands by its dates"),
            maybe("next_ms", Holds::Moment, "when it may air next"),
            field("spans", Holds::Many("TimeSpan"), "when it may air"),
        ],
    ),
    (
        "Conflicts",
        &[
            field(
                "looked_at",
                Holds::Truth,
                "whether the draft was looked at and nothing is wrong with it; otherwise nothing is found",
            ),
            field("conflicts", Holds::Many("Conflict"), "at most 40"),
            maybe(
                "times",
                Holds::One("CampaignTimes"),
                "when it would air in the next 28 days",
            ),
        ],
    ),
    (
        "Conflict",
        &[
            field(
                "what",
                Holds::Word(&[
                    "no-screen",
                    "over",
                    "no-moment",
                    "other-zone",
                    "other-screens",
                    "other-venue",
                    "taken-over",
                    "takes-over",
                    "both-take-over",
                    "sold-twice",
                    "filler-hidden",
                    "too-far-apart",
                    "emergency",
                ]),
                "what it is",
            ),
            field(
                "never_airs",
                Holds::Truth,
                "whether something can never air for it",
            ),
            maybe("placement", Holds::Whole, "which placement, from 1"),
            field("screens", Holds::Whole, "on how many of its screens"),
            field("message", Holds::Text, "the same in words"),
        ],
    ),
    (
        "TimeSpan",
        &[
            field("from_ms", Holds::Moment, "from when"),
            field("until_ms", Holds::Moment, "until when"),
        ],
    ),
];
