//! The calls about what passers-by said, and about what is kept of people.

use crate::people::Right::{ChangeCampaigns, ChangeSettings, SeeCampaigns};
use crate::server::api::calls::{privacy, voices};
use crate::server::api::route::{PAGES, PICTURE, QueryField, Route, get, post};
use crate::server::api::schema::{Form, Holds, field, maybe};
use crate::server::console::rule::Rule;
use crate::server::console::voice_changes::VoiceWish;

const STATES: Holds = Holds::Word(&[
    "waiting", "read", "answered", "removed", "erased", "expired",
]);
const OF_VOICES: &[QueryField] = &[
    ("state", STATES, "of this state; all with words otherwise"),
    ("before", Holds::Whole, "before which voice to begin"),
    PAGES[1],
];

/// All of them.
pub(super) fn all() -> Vec<Route> {
    vec![
        get(
            "/campaigns/{campaign}/voices",
            Rule::May(ChangeCampaigns),
            &[200, 404, 422],
            "what passers-by said to the publisher, the newest first",
            "Voices",
            voices::list,
        )
        .with_query(OF_VOICES, "?state=STATE&before=N&limit=N"),
        post(
            "/campaigns/{campaign}/voices/{voice}",
            ChangeCampaigns,
            &[200, 400, 404, 422],
            "does something with a voice: `read`, `answer` and `remove` with `text`, `approve` and `withdraw` for \
             screens, `block` to take no more of its writer's today",
            (Some("VoiceChange"), "Nothing"),
            voices::change,
        ),
        get(
            "/campaigns/{campaign}/voices/{voice}/picture.jpg",
            Rule::May(ChangeCampaigns),
            &[200, 404],
            "the picture of a voice",
            PICTURE,
            voices::picture,
        ),
        get(
            "/privacy",
            Rule::May(SeeCampaigns),
            &[200],
            "what is kept of people, and by whom",
            "Privacy",
            privacy::show,
        ),
        post(
            "/privacy",
            ChangeSettings,
            &[200, 400, 422],
            "says who runs the hub",
            (Some("HubOperator"), "Privacy"),
            privacy::change,
        ),
    ]
}

/// Their forms.
pub(super) const FORMS: &[Form] = &[
    (
        "Privacy",
        &[
            maybe("operator", Holds::One("HubOperator"), "who runs the hub"),
            field(
                "processings",
                Holds::Many("Processing"),
                "what is kept, in English",
            ),
        ],
    ),
    (
        "HubOperator",
        &[
            field("name", Holds::Text, "a company or a person"),
            field("contact", Holds::Text, "how people reach them"),
        ],
    ),
    (
        "Processing",
        &[
            field("id", Holds::Text, "what it is called"),
            field("what", Holds::Text, "what is kept"),
            field("purpose", Holds::Text, "what for"),
            field("ground", Holds::Text, "on what ground"),
            field("kept", Holds::Text, "for how long"),
            field("erased", Holds::Text, "how somebody has it erased"),
            field("tables", Holds::Texts, "in which tables of the database"),
        ],
    ),
    (
        "Voices",
        &[
            field("voices", Holds::Many("Voice"), "the newest first"),
            maybe(
                "next",
                Holds::Whole,
                "where the next page begins, as `before`",
            ),
        ],
    ),
    (
        "Voice",
        &[
            field("voice", Holds::Text, "what it is called"),
            field("number", Holds::Whole, "by which lists go on"),
            field("state", STATES, "what became of it"),
            field("said_ms", Holds::Moment, "when it was left"),
            field("screen", Holds::Whole, "at which screen its chain began"),
            field(
                "creative",
                Holds::Text,
                "the SHA-256 of what was on the screen",
            ),
            field(
                "generation",
                Holds::Whole,
                "how often the link was passed on since the scan",
            ),
            maybe("sentence", Holds::Text, "what was said, while it is kept"),
            maybe("name", Holds::Text, "the name that its writer chose"),
            field("has_picture", Holds::Truth, "whether a picture is kept"),
            field(
                "for_screen",
                Holds::Truth,
                "whether its writer agreed to a screen",
            ),
            maybe(
                "approved_ms",
                Holds::Moment,
                "when its publisher let screens show it",
            ),
            maybe("ends_ms", Holds::Moment, "until when it is kept"),
            maybe("answer", Holds::Text, "the publisher's answer"),
            maybe("reason", Holds::Text, "why it was taken down"),
            maybe(
                "answered_ms",
                Holds::Moment,
                "when the publisher said either",
            ),
        ],
    ),
    (
        "VoiceChange",
        &[
            field("do", Holds::Word(VoiceWish::WORDS), "what is to be done"),
            maybe(
                "text",
                Holds::Text,
                "an answer, or why it is taken down; at most 500 characters",
            ),
        ],
    ),
];
