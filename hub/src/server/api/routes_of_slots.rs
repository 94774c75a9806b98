//! The calls about slots for contributors.

use crate::people::Right::{ChangeDrafts, ChangeSlots, SeeCampaigns};
use crate::server::api::calls::slots;
use crate::server::api::route::{PAGES, QueryField, Route, get, post};
use crate::server::api::schema::{Field, Form, Holds, field, maybe};
use crate::server::console::rule::Rule;

const OF_SLOTS: &[QueryField] = &[
    ("before", Holds::Whole, "before which slot to begin"),
    PAGES[1],
];

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/slots",
            may(SeeCampaigns),
            &[200],
            "slots for contributors, the newest first",
            "Slots",
            slots::list,
        )
        .with_query(OF_SLOTS, "?before=N&limit=N"),
        post(
            "/slots",
            ChangeSlots,
            &[201, 400, 409, 422],
            "opens a slot",
            (Some("SlotOpening"), "Slot"),
            slots::open,
        ),
        get(
            "/slots/{slot}",
            may(SeeCampaigns),
            &[200, 404],
            "one slot",
            "Slot",
            slots::show,
        ),
        post(
            "/slots/{slot}/begin",
            ChangeDrafts,
            &[200, 404, 409],
            "begins the slot's draft, unless there is one; files go into it as into every draft",
            (None, "Slot"),
            slots::begin,
        ),
        post(
            "/slots/{slot}/invite",
            ChangeSlots,
            &[201, 404, 409],
            "makes a link for a contributor to this slot alone",
            (None, "Link"),
            slots::invite,
        )
        .with_secret(),
        post(
            "/slots/{slot}/close",
            ChangeSlots,
            &[200, 404],
            "closes a slot before its last day",
            (None, "Slot"),
            slots::close,
        ),
    ]
}

const NAME: Field = field(
    "name",
    Holds::Text,
    "what it is called; the group of its campaign too",
);
const FIRST: Field = field(
    "first",
    Holds::Text,
    "the first day on which it airs, such as 2026-12-01",
);
const LAST: Field = field("last", Holds::Text, "the last one");
const PIECES_MAX: Field = field(
    "pieces_max",
    Holds::Whole,
    "how many pieces there may be, at most 100",
);
const KINDS: Field = field("kinds", Holds::Texts, "picture, film or text");

/// Their forms.
pub(super) const FORMS: &[Form] = &[
    (
        "Slots",
        &[
            field("slots", Holds::Many("Slot"), "the newest first"),
            maybe(
                "next",
                Holds::Whole,
                "where the next page begins, as `before`",
            ),
        ],
    ),
    (
        "Slot",
        &[
            field("slot", Holds::Whole, "its number"),
            NAME,
            field("campaign", Holds::Text, "the folder of its campaign"),
            FIRST,
            LAST,
            field(
                "state",
                Holds::Word(&["open", "ended", "closed"]),
                "whether pieces may come in",
            ),
            field("pieces", Holds::Whole, "how many there are"),
            PIECES_MAX,
            KINDS,
            field(
                "screens",
                Holds::Wholes,
                "screens that it is for; all, where groups are empty too",
            ),
            field("groups", Holds::Texts, "groups of screens that it is for"),
            field("submitted", Holds::Truth, "whether it waits for approval"),
            field("live", Holds::Truth, "whether it is on the screens"),
            field("made_by", Holds::Text, "who opened it"),
            field("made_ms", Holds::Moment, "when"),
        ],
    ),
    (
        "SlotOpening",
        &[
            NAME,
            FIRST,
            LAST,
            PIECES_MAX,
            KINDS,
            maybe("screens", Holds::Wholes, "screens that it is for"),
            maybe("groups", Holds::Texts, "groups of screens"),
            maybe("person", Holds::Whole, "the contributor whom it is for"),
        ],
    ),
];
