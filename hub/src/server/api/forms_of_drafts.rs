//! The forms of drafts, their files, films, findings and versions.

use crate::server::api::schema::{Form, Holds, field, maybe};

/// All of them.
pub(super) const FORMS: &[Form] = &[
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
            maybe(
                "fault",
                Holds::One("ContentFault"),
                "the same for programs, of what is met often",
            ),
        ],
    ),
    (
        "ContentFault",
        &[
            field("type", Holds::Text, "what is wrong, as one stable word"),
            maybe("kind", Holds::Text, "what kind of creative it is"),
            maybe("what", Holds::Text, "what file it really is"),
            maybe("width", Holds::Whole, "pixels across"),
            maybe("height", Holds::Whole, "pixels down"),
            maybe("side_max", Holds::Whole, "most pixels a side"),
            maybe("million_max", Holds::Whole, "most pixels, in millions"),
            maybe("bytes", Holds::Whole, "how many bytes it has"),
            maybe("bytes_max", Holds::Whole, "most bytes"),
            maybe("mib_max", Holds::Whole, "most MiB"),
            maybe("bytes_a_pixel", Holds::Whole, "bytes of each pixel"),
            maybe("frames", Holds::Whole, "how many frames it has"),
            maybe("frames_max", Holds::Whole, "most frames"),
            maybe("minutes_max", Holds::Whole, "most minutes"),
            maybe("seconds_max", Holds::Whole, "most seconds"),
            maybe("distance_cm", Holds::Whole, "where people stand"),
            maybe("reach_cm", Holds::Whole, "from where its code is read"),
            maybe("needed", Holds::Whole, "how many pixels its code needs"),
            maybe("room", Holds::Whole, "how many there are"),
            maybe("dwell_ms", Holds::Whole, "how long its code is there"),
            maybe("needed_ms", Holds::Whole, "how long it must be"),
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
            maybe(
                "fault",
                Holds::One("ContentFault"),
                "the same for programs, of what is met often",
            ),
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
];
