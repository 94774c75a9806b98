//! The calls about web hooks that are told of what happens.

use crate::people::Right::ChangeCampaigns;
use crate::server::api::calls::hooks;
use crate::server::api::route::{Route, delete, get, post};
use crate::server::api::schema::{Form, Holds, field, maybe};
use crate::server::console::rule::Rule;

const EVENTS: Holds = Holds::Texts;
const KINDS: Holds = Holds::Word(&["json", "wecom", "feishu", "dingtalk", "slack"]);
const WORDS: Holds = Holds::Word(&["zh", "en"]);

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/hooks",
            may(ChangeCampaigns),
            &[200],
            "web hooks that are told of conversions and shares",
            "EventHooks",
            hooks::list,
        ),
        post(
            "/hooks",
            ChangeCampaigns,
            &[201, 400, 404, 409, 422],
            "adds one",
            (Some("NewEventHook"), "EventHook"),
            hooks::add,
        ),
        get(
            "/hooks/{hook}",
            may(ChangeCampaigns),
            &[200, 404],
            "one web hook, with what was given up of it",
            "EventHookFacts",
            hooks::show,
        ),
        post(
            "/hooks/{hook}",
            ChangeCampaigns,
            &[200, 400, 404],
            "has it told nothing for now, or again",
            (Some("EventHookPause"), "EventHook"),
            hooks::pause,
        ),
        delete(
            "/hooks/{hook}",
            may(ChangeCampaigns),
            "removes it, with all that is on its way to it",
            hooks::remove,
        ),
        post(
            "/hooks/{hook}/test",
            ChangeCampaigns,
            &[200, 404],
            "sends it a test at once, and says what came of it",
            (None, "EventHookTest"),
            hooks::test,
        ),
        post(
            "/hooks/{hook}/again",
            ChangeCampaigns,
            &[200, 400, 404],
            "sends again what was given up: one message, or all",
            (Some("EventAgain"), "EventsAgain"),
            hooks::again,
        ),
    ]
}

/// Their forms.
pub(super) const FORMS: &[Form] = &[
    (
        "EventHooks",
        &[field("hooks", Holds::Many("EventHook"), "by number")],
    ),
    (
        "EventHook",
        &[
            field("hook", Holds::Whole, "its number"),
            field("name", Holds::Text, "what it is called"),
            field("kind", KINDS, "in which form it is told"),
            field("events", EVENTS, "of what: conversion, share"),
            maybe(
                "campaign",
                Holds::Text,
                "of which campaign; of all without one",
            ),
            field(
                "words",
                WORDS,
                "in which language, where it is told in words",
            ),
            maybe("host", Holds::Text, "the host of its address"),
            field("paused", Holds::Truth, "whether it is told nothing for now"),
            field("made_by", Holds::Text, "who made it"),
            field("made_ms", Holds::Moment, "when"),
            field("sent", Holds::Whole, "how much it has taken"),
            maybe("sent_ms", Holds::Moment, "when it took something last"),
            field("failures", Holds::Whole, "how often it failed since then"),
            maybe("problem", Holds::Text, "why it failed last"),
            field("waiting", Holds::Whole, "how much is on its way to it"),
            field("given_up", Holds::Whole, "how much was given up"),
        ],
    ),
    (
        "EventHookFacts",
        &[
            field("hook", Holds::One("EventHook"), "as lists have it"),
            field(
                "given_up",
                Holds::Many("DeadEvent"),
                "what was given up, the newest first",
            ),
        ],
    ),
    (
        "DeadEvent",
        &[
            field("message", Holds::Whole, "its number"),
            field("event", Holds::Word(&["conversion", "share"]), "what"),
            field("campaign", Holds::Text, "of which campaign"),
            field("made_ms", Holds::Moment, "when it happened"),
            field("failed_ms", Holds::Moment, "when it was given up"),
            field("problem", Holds::Text, "why"),
        ],
    ),
    (
        "NewEventHook",
        &[
            field("name", Holds::Text, "what to call it"),
            field("kind", KINDS, "in which form it is told"),
            field("events", EVENTS, "of what: conversion, share"),
            maybe(
                "campaign",
                Holds::Text,
                "of which campaign; of all without one",
            ),
            maybe("words", WORDS, "in which language; English otherwise"),
            field("url", Holds::Text, "its address, http or https"),
            maybe(
                "secret",
                Holds::Text,
                "what signs what it is sent; for json 16 bytes or more",
            ),
        ],
    ),
    (
        "EventHookPause",
        &[field(
            "paused",
            Holds::Truth,
            "whether to tell it nothing for now",
        )],
    ),
    (
        "EventHookTest",
        &[maybe(
            "problem",
            Holds::Text,
            "why it did not take the test",
        )],
    ),
    (
        "EventAgain",
        &[maybe("message", Holds::Whole, "which one; all without it")],
    ),
    (
        "EventsAgain",
        &[field("again", Holds::Whole, "how many are sent again")],
    ),
];
