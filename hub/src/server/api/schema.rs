//! The forms of what calls take and answer, as the description has them. A test holds the answers
//! to these.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Whole,
    Truth,
    Texts,
    /// A moment, as Unix time in milliseconds.
    Moment,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of another form.
    One(&'static str),
    /// A list of another form.
    Many(&'static str),
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) holds: Holds,
    pub(super) may_be_missing: bool,
    pub(super) means: &'static str,
}

/// A form with its fields.
pub(super) type Form = (&'static str, &'static [Field]);

const fn field(name: &'static str, holds: Holds, means: &'static str) -> Field {
    Field {
        name,
        holds,
        may_be_missing: false,
        means,
    }
}

const fn maybe(name: &'static str, holds: Holds, means: &'static str) -> Field {
    Field {
        name,
        holds,
        may_be_missing: true,
        means,
    }
}

const STATES: Holds = Holds::Word(&["in-touch", "silent", "waiting", "revoked"]);
const ROLES: Holds = Holds::Word(&["owner", "operator", "publisher", "contributor", "viewer"]);
pub(super) const BY: Holds =
    Holds::Word(&["day", "hour", "weekday", "screen", "campaign", "creative"]);

const ALERTS: Holds = Holds::Word(&["silent", "dark", "full", "clock"]);
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

/// All forms.
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
        ],
    ),
    (
        "ScreenChange",
        &[
            maybe("name", Holds::Text, "a new name"),
            maybe("group", Holds::Text, "a group; empty for none"),
            maybe("tags", Holds::Texts, "all tags"),
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
        "Grouping",
        &[maybe("group", Holds::Text, "a group; empty for none")],
    ),
    (
        "TakenOff",
        &[field("screens", Holds::Whole, "how many screens changed")],
    ),
    (
        "Report",
        &[
            field("by", BY, "what rows are by"),
            field("time_zone", Holds::Text, "whose days and hours these are"),
            field("total", Holds::One("Figures"), "all rows together"),
            field("rows", Holds::Many("ReportRow"), "each with its figures"),
        ],
    ),
    (
        "Figures",
        &[
            field("plays", Holds::Whole, "plays"),
            field(
                "visible_ms",
                Holds::Whole,
                "for how long these were visible",
            ),
            field("scans", Holds::Whole, "scans that count"),
            field("visits", Holds::Whole, "visits of their chains"),
            field("presses", Holds::Whole, "visitors who pressed the button"),
            field(
                "shares",
                Holds::Whole,
                "links that somebody got from somebody else",
            ),
        ],
    ),
    (
        "ReportRow",
        &[
            field(
                "key",
                Holds::Text,
                "a day, an hour, a weekday from 0 = Monday, a number, a folder, a SHA-256",
            ),
            maybe("name", Holds::Text, "what people call it"),
            field("figures", Holds::One("Figures"), "what was counted"),
        ],
    ),
    (
        "Alerts",
        &[
            field("alerts", Holds::Many("Alert"), "rules, by number"),
            field(
                "wrong",
                Holds::Many("OpenAlert"),
                "what is wrong now, the oldest first; at most 500",
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
        ],
    ),
    (
        "People",
        &[field("people", Holds::Many("Person"), "by name")],
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
