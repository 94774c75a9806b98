//! The forms of what calls about alerts, mail and emergencies take and answer.

use crate::server::api::schema::{Field, Form, Holds, field, maybe};

const ALERTS: Holds = Holds::Word(&["silent", "dark", "full", "clock", "voices"]);
const HOOKS: Holds = Holds::Word(&["json", "wecom", "feishu", "dingtalk", "slack"]);
const ENCRYPTION: Holds = Holds::Word(&["tls", "starttls", "none"]);

/// What a rule for alerts says.
const ALERT_SETTINGS: &[Field] = &[
    field("name", Holds::Text, "what it is called"),
    maybe("group", Holds::Text, "the group of screens; all if missing"),
    field("kinds", Holds::Texts, "of what it tells"),
    field(
        "silent_minutes",
        Holds::Whole,
        "after how many minutes a screen of which nothing is heard is silent",
    ),
    field(
        "dark_minutes",
        Holds::Whole,
        "after how many minutes without a play it is dark",
    ),
    maybe("dark_hours", Holds::Text, "in which hours it can be dark"),
    field(
        "free_mib",
        Holds::Whole,
        "below how many free MiB it is full",
    ),
    field(
        "gather_s",
        Holds::Whole,
        "for how many seconds changes are gathered into one message",
    ),
    field("messages_a_day", Holds::Whole, "most messages in 24 hours"),
    field("mails", Holds::Texts, "who gets mail"),
    maybe("hook", HOOKS, "how its web hook is told"),
    maybe("hook_host", Holds::Text, "the host of its web hook"),
    field(
        "words",
        Holds::Word(&["zh", "en"]),
        "the language of messages",
    ),
    field("paused", Holds::Truth, "whether it tells nothing for now"),
];

/// All of them.
pub(super) const FORMS: &[Form] = &[
    (
        "Alerts",
        &[
            field("alerts", Holds::Many("Alert"), "rules, by number"),
            field(
                "wrong",
                Holds::Many("OpenAlert"),
                "what is wrong now, the oldest first; at most 200",
            ),
        ],
    ),
    (
        "Alert",
        &[
            field("alert", Holds::Whole, "its number"),
            field("rule", Holds::One("AlertSettings"), "what it says"),
            field("wrong", Holds::Whole, "how many things it finds wrong now"),
            field("made_ms", Holds::Moment, "since when it is here"),
        ],
    ),
    (
        "AlertFacts",
        &[
            field("alert", Holds::One("Alert"), "as lists have it"),
            field(
                "messages",
                Holds::Many("AlertMessage"),
                "what it told lately, newest first",
            ),
        ],
    ),
    ("AlertSettings", ALERT_SETTINGS),
    (
        "AlertRule",
        &[
            field("name", Holds::Text, "what to call it"),
            maybe("group", Holds::Text, "the group of screens; all if missing"),
            maybe("kinds", Holds::Texts, "of silent, dark, full and clock"),
            maybe("silent_minutes", Holds::Whole, "10 to 1440; 15"),
            maybe("dark_minutes", Holds::Whole, "30 to 1440; 60"),
            maybe("dark_hours", Holds::Text, "such as 08:00-22:00"),
            maybe("free_mib", Holds::Whole, "16 to 100000; 200"),
            maybe("gather_s", Holds::Whole, "0 to 3600; 60"),
            maybe("messages_a_day", Holds::Whole, "1 to 200; 24"),
            maybe("mails", Holds::Texts, "addresses for mail, at most 10"),
            maybe("hook", Holds::One("AlertHook"), "its web hook"),
            maybe("words", Holds::Word(&["zh", "en"]), "the language; en"),
            maybe("paused", Holds::Truth, "whether it tells nothing for now"),
        ],
    ),
    (
        "AlertHook",
        &[
            field("kind", HOOKS, "how it is told"),
            maybe("url", Holds::Text, "its address"),
            maybe(
                "secret",
                Holds::Text,
                "what signs messages to it; 16 bytes or more for json",
            ),
        ],
    ),
    (
        "OpenAlert",
        &[
            field("screen", Holds::Whole, "the screen"),
            field("name", Holds::Text, "what it is called"),
            field("kind", ALERTS, "what is wrong"),
            field("since_ms", Holds::Moment, "since when"),
        ],
    ),
    (
        "AlertMessage",
        &[
            field("message", Holds::Whole, "its number"),
            field("rule", Holds::Whole, "the rule's number"),
            field("rule_name", Holds::Text, "what the rule was called"),
            maybe(
                "recipient",
                Holds::Text,
                "for mail; missing for the web hook",
            ),
            field("is_test", Holds::Truth, "whether it only tries the way"),
            field("changes", Holds::Whole, "of how many things it tells"),
            field("made_ms", Holds::Moment, "when it was made"),
            maybe("sent_ms", Holds::Moment, "when it was taken"),
            maybe("failed_ms", Holds::Moment, "when it was given up"),
            maybe("problem", Holds::Text, "why the last attempt failed"),
        ],
    ),
    (
        "AlertTest",
        &[field("messages", Holds::Whole, "how many are on their way")],
    ),
    (
        "Emergencies",
        &[field(
            "emergencies",
            Holds::Many("Emergency"),
            "the newest first",
        )],
    ),
    (
        "Emergency",
        &[
            field("emergency", Holds::Whole, "its number"),
            field("headline", Holds::Text, "one sentence"),
            field("body", Holds::Text, "what else there is to say"),
            field("begun_ms", Holds::Moment, "since when"),
            field("begun_by", Holds::Text, "who began it"),
            field("screens", Holds::Whole, "for how many screens it is"),
            field(
                "reached",
                Holds::Whole,
                "how many of them said that they have it",
            ),
        ],
    ),
    (
        "EmergencyRule",
        &[
            field(
                "headline",
                Holds::Text,
                "one sentence of 1 to 80 characters",
            ),
            maybe(
                "body",
                Holds::Text,
                "what else there is to say; 2,000 characters in all",
            ),
            maybe("everywhere", Holds::Truth, "on all screens"),
            maybe("groups", Holds::Texts, "on those of these groups"),
            maybe("screens", Holds::Wholes, "on those with these numbers"),
            maybe(
                "replaces",
                Holds::Wholes,
                "the messages whose place it may take; any where this is left out",
            ),
        ],
    ),
    (
        "EmergencyScreens",
        &[field(
            "screens",
            Holds::Many("EmergencyScreen"),
            "by number",
        )],
    ),
    (
        "EmergencyScreen",
        &[
            field("screen", Holds::Whole, "its number"),
            field("name", Holds::Text, "what it is called"),
            maybe(
                "covered_by",
                Holds::Whole,
                "the message that covers it now, whose place this one would take",
            ),
        ],
    ),
    (
        "EmergencyBegun",
        &[
            field("emergency", Holds::Whole, "its number"),
            field("screens", Holds::Whole, "for how many screens it is"),
            field(
                "replaced",
                Holds::Wholes,
                "the messages whose place it took",
            ),
        ],
    ),
    (
        "Mail",
        &[
            maybe("server", Holds::One("MailPlace"), "where it is"),
            field("has_password", Holds::Truth, "whether it has a password"),
        ],
    ),
    (
        "MailPlace",
        &[
            field("host", Holds::Text, "its host"),
            field("port", Holds::Whole, "its port"),
            field("encryption", ENCRYPTION, "of the way to it"),
            maybe("user", Holds::Text, "who the hub is there"),
            field("from", Holds::Text, "from whom mail is"),
            maybe(
                "reply_to",
                Holds::Text,
                "where answers of people who follow go",
            ),
        ],
    ),
    (
        "MailServer",
        &[
            field("host", Holds::Text, "its host"),
            field("port", Holds::Whole, "its port"),
            field("encryption", ENCRYPTION, "of the way to it"),
            maybe("user", Holds::Text, "who the hub is there"),
            maybe(
                "password",
                Holds::Text,
                "missing to keep the one that there is",
            ),
            field("from", Holds::Text, "from whom mail is"),
            maybe(
                "reply_to",
                Holds::Text,
                "where answers of people who follow go",
            ),
        ],
    ),
];
