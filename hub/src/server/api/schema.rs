//! The forms of what calls take and answer, as the description has them. A test holds the answers
//! to these.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Whole,
    /// A number that need not be whole.
    Number,
    Truth,
    Texts,
    /// Many numbers.
    Wholes,
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

pub(super) const fn field(name: &'static str, holds: Holds, means: &'static str) -> Field {
    Field {
        name,
        holds,
        may_be_missing: false,
        means,
    }
}

pub(super) const fn maybe(name: &'static str, holds: Holds, means: &'static str) -> Field {
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

/// Those of screens, campaigns, reports and people.
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
    (
        "Drafts",
        &[
            field("drafts", Holds::Many("Draft"), "by folder"),
            maybe(
                "next",
                Holds::Text,
                "where the next page begins, as `after`",
            ),
        ],
    ),
    (
        "Draft",
        &[
            field("campaign", Holds::Text, "the name of its folder"),
            field(
                "state",
                Holds::Word(&["draft", "submitted"]),
                "whether it waits for approval",
            ),
            field("group", Holds::Text, "its group; empty for none"),
            field("changed_by", Holds::Text, "who changed it last"),
            field("changed_ms", Holds::Moment, "when"),
            field("files", Holds::Whole, "how many files it has"),
            field(
                "as_published",
                Holds::Truth,
                "whether what is on the screens is this draft as it is",
            ),
        ],
    ),
    (
        "DraftFacts",
        &[
            field("draft", Holds::One("Draft"), "as lists have it"),
            field(
                "revision",
                Holds::Whole,
                "one more with each change, for If-Match",
            ),
            field("text", Holds::Text, "its campaign.toml"),
            field(
                "note",
                Holds::Text,
                "of whoever handed it in or sent it back",
            ),
            field(
                "screens",
                Holds::Wholes,
                "screens that it is for; all, where groups are empty too",
            ),
            field("groups", Holds::Texts, "groups of screens that it is for"),
            field("files", Holds::Many("DraftFile"), "by name"),
            field(
                "films",
                Holds::Many("DraftFilm"),
                "what is done, or was, to make films ready for screens; while one waits or runs, the draft is not \
                 looked at or published",
            ),
            field(
                "looked_at",
                Holds::Truth,
                "whether what was found is of this revision",
            ),
            field(
                "problems",
                Holds::Many("Finding"),
                "why it cannot be published",
            ),
            field(
                "notes",
                Holds::Many("Finding"),
                "what is well to know although it airs",
            ),
            maybe(
                "version",
                Holds::Whole,
                "the version of the campaign that it goes back to",
            ),
        ],
    ),
    (
        "DraftFile",
        &[
            field("file", Holds::Text, "its name"),
            field("creative", Holds::Text, "the SHA-256 of what it holds"),
            field("bytes", Holds::Whole, "its size"),
            field("media_type", Holds::Text, "such as image/png"),
        ],
    ),
    (
        "DraftFilm",
        &[
            field("film", Holds::Whole, "its number"),
            field("file", Holds::Text, "what the draft calls it"),
            field("creative", Holds::Text, "the SHA-256 of what came"),
            field(
                "state",
                Holds::Word(&["waiting", "running", "made", "kept", "failed", "called-off"]),
                "made: another one has its place; kept, failed, called-off: it stays as it came",
            ),
            field("permille", Holds::Whole, "how much is done, of 1000"),
            field(
                "reasons",
                Holds::Texts,
                "why it is made anew, such as codec or hdr",
            ),
            field("told", Holds::Text, "why it failed or waits"),
            maybe("made", Holds::Text, "the SHA-256 of what has its place"),
            field("by", Holds::Text, "who handed it in"),
            field("since_ms", Holds::Moment, "when"),
        ],
    ),
    (
        "Finding",
        &[
            field("file", Holds::Text, "in which file"),
            field(
                "line",
                Holds::Whole,
                "in which line, from 1; 0 for the whole",
            ),
            field("message", Holds::Text, "what it is, and what to do"),
        ],
    ),
    (
        "Beginning",
        &[
            field("campaign", Holds::Text, "the name of its folder"),
            maybe("text", Holds::Text, "its campaign.toml"),
            maybe(
                "template",
                Holds::Word(&["event", "fans", "combined", "menu", "offer", "notice"]),
                "what it begins with",
            ),
            maybe(
                "language",
                Holds::Word(&["zh", "en"]),
                "the language of the template",
            ),
            maybe("group", Holds::Text, "its group"),
        ],
    ),
    (
        "DraftChange",
        &[
            maybe("text", Holds::Text, "another campaign.toml"),
            maybe("screens", Holds::Wholes, "screens that it is for"),
            maybe("groups", Holds::Texts, "groups of screens that it is for"),
            maybe("remove", Holds::Texts, "files that go"),
        ],
    ),
    (
        "Added",
        &[
            field("added", Holds::Texts, "the names of the files that are in"),
            field("left_out", Holds::Many("LeftOut"), "those that are not"),
            field(
                "elsewhere",
                Holds::Many("FilePlace"),
                "where else those that are in are used; their bytes are kept once",
            ),
        ],
    ),
    (
        "Imported",
        &[
            field("campaign", Holds::Text, "the name of its folder"),
            field("added", Holds::Texts, "the names of the files that are in"),
            field("left_out", Holds::Many("LeftOut"), "those that are not"),
            field(
                "elsewhere",
                Holds::Many("FilePlace"),
                "where else those that are in are used; their bytes are kept once",
            ),
        ],
    ),
    (
        "FilePlace",
        &[
            field("file", Holds::Text, "what it is called here"),
            field(
                "campaign",
                Holds::Text,
                "the campaign or draft that has it, too",
            ),
            field("name", Holds::Text, "what that calls it"),
        ],
    ),
    (
        "LeftOut",
        &[
            field("file", Holds::Text, "what its sender calls it"),
            field("reason", Holds::Text, "why it was not taken"),
        ],
    ),
    (
        "Note",
        &[maybe("note", Holds::Text, "a line for whoever reads it")],
    ),
    (
        "Copy",
        &[field("name", Holds::Text, "the title of the copy")],
    ),
    (
        "Published",
        &[field("screens", Holds::Whole, "how many screens changed")],
    ),
    (
        "Versions",
        &[field("versions", Holds::Many("Version"), "newest first")],
    ),
    (
        "Version",
        &[
            field("number", Holds::Whole, "its number"),
            field("made_by", Holds::Text, "who published it"),
            field("made_ms", Holds::Moment, "when"),
            field("files", Holds::Whole, "how many files it has"),
        ],
    ),
    (
        "Report",
        &[
            field("by", BY, "what rows are by"),
            field("time_zone", Holds::Text, "whose days and hours these are"),
            field("total", Holds::One("Figures"), "all rows together"),
            field(
                "value",
                Holds::Many("Amount"),
                "what all conversions are worth, by currency",
            ),
            field("rows", Holds::Many("ReportRow"), "each with its figures"),
            maybe(
                "next",
                Holds::Text,
                "where the next page begins, as `after`",
            ),
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
            field(
                "conversions",
                Holds::Whole,
                "what shops reported, with a click of a chain that counts",
            ),
        ],
    ),
    (
        "Amount",
        &[
            field("currency", Holds::Text, "of ISO 4217, such as CNY"),
            field("amount", Holds::Text, "a decimal number, such as 59.00"),
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
            field(
                "value",
                Holds::Many("Amount"),
                "what its conversions are worth",
            ),
        ],
    ),
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
