//! What the reference says of campaign.toml.

use crate::campaign::ZONE_NAME_BYTES_MAX;
use crate::campaign::contents::{PASSWORD_CHARS, WIFI_NAME_BYTES_MAX};
use crate::campaign::read::read_campaign;
use crate::campaign::terms::{CEILING_PERCENT, FLOOR_PERCENT, TRIGGER_SECONDS_USUAL};
use crate::condition::{LOOPS_INSIDE_MAX, SOURCE_BYTES_MAX};
use crate::creative::KEN_BURNS_GROWTH;
use crate::limits::{
    CALL_LANGUAGES_MAX, DOMAIN_BYTES_MAX, LINE_CHARS_MAX, RECURRENCE_DATES_MAX,
    RECURRENCE_RULE_CHARS_MAX, RECURRENCE_STARTS_A_DAY_MAX, RECURRENCE_YEARS, TOML_BYTES_MAX,
    URL_BYTES_MAX,
};
use crate::toml_fields::{Problem, Reader};
use crate::toml_reference::{KeyTable, key, markdown};

/// A campaign with every section, and every list.
const EXAMPLE: &str = r##"
title = 'a'
target = 'https://shop.example/book'
advertiser = 'A'
link = { utm = {} }
colours = {}
words = { zh = {}, en = {} }
voices = {}
adaptive = {}
buyer = { order = 'o', buyer = 1, brand = 3 }
[[phase]]
name = 'p'
[[placement]]
creative = 'a.png'
dayparts = ['mon-fri 07:00-10:00']
phases = ['p']
screens = ['#metro']
trigger = { name = 'button' }
recurs = { start = 2026-12-04, minutes = 60 }
code = { call = { en = 'scan' }, wifi = { name = 'w' } }
[[placement]]
creative = 'a.png'
code = { call = 'scan', contact = { name = 'n' } }
[[placement]]
creative = 'a.png'
code = { event = { title = 't', start = 2026-12-04T20:00:00 } }
"##;

/// The page, with a paragraph or an entry of a list on each line.
///
/// # Errors
/// What is read and not described, or described and not read.
pub fn page() -> Result<String, Vec<String>> {
    let pictures = ["a.png".to_owned()];
    let asked = Reader::asked(EXAMPLE, |root| read_campaign(root, &pictures, &pictures));
    let wrong = |found: Vec<Problem>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
    let sections = markdown(&tables(), &asked.map_err(wrong)?)?;
    Ok(format!(
        "# campaign.toml\n\n\
         The file that says what a campaign folder is: where its codes lead, and what airs when. Unknown keys are \
         mistakes. `passerby check`, `passerby-hub publish` and the terminal list every mistake with its file, its \
         line and what would be right. The file is UTF-8, at most {} MiB. Only `title` is required. Without any \
         `[[placement]]` every creative of the folder airs in turn.\n\n{sections}\n",
        TOML_BYTES_MAX >> 20
    ))
}

fn tables() -> Vec<KeyTable> {
    vec![
        campaign(),
        link(),
        utm(),
        words(),
        words_of("words.zh"),
        words_of("words.en"),
        voices(),
        colours(),
        phase(),
        buyer(),
        adaptive(),
        placement(),
        trigger(),
        code(),
        wifi(),
        contact(),
        event(),
        recurs(),
    ]
}

fn campaign() -> KeyTable {
    KeyTable::chapter(
        "",
        "## The campaign",
        vec![
            key("title", "names the campaign on its page"),
            key("kind", "in which order the page for phones has its parts: before an event its days come first, afterwards what came of it").absent("`\"event\"`"),
            key("target", "where a scan leads in the end")
                .more(format!(
                    "`https://` or `http://`, up to {URL_BYTES_MAX} bytes; a host in other letters is sent as `xn--…`."
                ))
                .absent("no code; on a hub a code that opens the page"),
            key(
                "landing",
                "what a scan opens: `\"redirect\"` the target at once, `\"page\"` a small page with picture, story \
                 and button, `\"follow\"` the same page inviting to follow",
            )
            .told()
            .more("Only pages can be passed on and counted.")
            .absent("`\"redirect\"`"),
            key("story", "a few sentences for the page").absent("none"),
            key("button", "the page's button").absent("去看看 or Visit, 关注 or Follow"),
            key("share", "the words that go with a shared link").absent("the story"),
            key("headline", "the line beside every picture").absent("the picture fills the frame"),
            key("advertiser", "who pays").absent("none"),
            key("category", "what for, such as `\"coffee\"`").absent("none"),
            key(
                "apart_seconds",
                "the least time between two plays of the advertiser on the whole screen",
            )
            .more("Needs `advertiser`.")
            .absent("0"),
            key("rivals_apart_seconds", "the same between it and others of its category")
                .more("Needs `category`.")
                .absent("0"),
        ],
    )
}

fn link() -> KeyTable {
    KeyTable::chapter(
        "link",
        "## `[link]`",
        vec![
            key(
                "form",
                "what the code holds: `\"token\"` a link to the hub that is counted, `\"direct\"` the target itself, \
                 `\"gs1\"` the target itself, which must be a product's GS1 Digital Link",
            )
            .told()
            .more("The last two need a target and are not counted.")
            .absent("`\"token\"` with a hub, else the target"),
            key("domain", "a domain of your own for the codes, once `passerby-hub domain add` has it")
                .more(format!("Up to {DOMAIN_BYTES_MAX} bytes; only with `\"token\"`."))
                .absent("the hub's"),
            key(
                "utm",
                "what the target is told of where a visitor came from, such as `{ source = \"street\" }`",
            )
            .more(
                "What you leave out is filled in; `{}` will do. Parameters that the target has already stay. Not with \
                 `\"gs1\"`.",
            )
            .absent("nothing"),
        ],
    )
}

fn utm() -> KeyTable {
    KeyTable::nested(
        "link.utm",
        vec![
            key("source", "`utm_source`").absent("the screen's name"),
            key("medium", "`utm_medium`").absent("`dooh`"),
            key("campaign", "`utm_campaign`").absent("the campaign's name"),
            key("content", "`utm_content`").absent("the picture's name"),
        ],
    )
}

fn words() -> KeyTable {
    let own = "as above, for all languages";
    KeyTable::chapter(
        "words",
        "## `[words.zh]` and `[words.en]`",
        vec![
            key("zh", "what the page says to whoever reads Chinese").absent(own),
            key("en", "what it says to all others").absent(own),
        ],
    )
    .intro("A phone gets the page in its own language, Chinese or English.")
}

fn words_of(path: &'static str) -> KeyTable {
    let above = |what: &str| format!("the campaign's `{what}`");
    KeyTable::nested(
        path,
        vec![
            key("title", "what it is called").absent(above("title")),
            key("story", "a few sentences").absent(above("story")),
            key("button", "the button").absent(above("button")),
            key("share", "the words that go with a shared link").absent(above("share")),
            key("after", "what the page tells once the last phase is over")
                .absent("that it is over"),
            key(
                "question",
                "what the publisher asks, see [`[voices]`](#voices)",
            )
            .absent("the question of `[voices]`"),
        ],
    )
}

fn voices() -> KeyTable {
    KeyTable::chapter(
        "voices",
        "## `[voices]`",
        vec![
            key(
                "take",
                "what passers-by may leave: `\"nothing\"`, `\"words\"` a sentence and a name if they like, \
                 `\"words-and-pictures\"` the same with a picture if they like",
            )
            .told()
            .absent("`\"nothing\"`"),
            key("question", "what you ask them").absent("none"),
        ],
    )
    .intro(
        "A sentence for the publisher, who reads and answers it in the console. The page asks for it in one step, so a \
         scan has to open a page.",
    )
}

fn colours() -> KeyTable {
    let taken = "taken from the picture";
    KeyTable::chapter(
        "colours",
        "## `[colours]`",
        vec![
            key("paper", "behind text")
                .more("A transparent picture stands on it too; one that hides the picture is noted by `check` and `publish`.")
                .absent(
                    "taken from the picture; for a transparent one, dark or light enough to see it on",
                ),
            key("ink", "of text").absent(taken),
            key("accent", "of the call to action and the button").absent(taken),
        ],
    )
    .intro("The screen moves them as far as needed to be readable.")
}

fn phase() -> KeyTable {
    KeyTable::chapter(
        "phase",
        "## `[[phase]]`",
        vec![
            key("name", "what placements call it"),
            key("from", "the first day, in the venue's time zone").absent("open"),
            key("until", "the last day, included").absent("open"),
            key("goal_plays", "how many plays you hope for, on all screens of a hub together")
                .more(
                    "With an `until`, they are spread evenly over the hours that are left, and what an outage cost is \
                     caught up the same way; the report compares.",
                )
                .absent("by weight"),
            key("goal_scans", "how many scans you hope for; the report compares").absent("none"),
            key("ends_on", "whether the phase is also over when its goal is reached, and the next one begins")
                .absent("`\"date\"`"),
            key("landing", "as above, for this phase").absent("the campaign's"),
        ],
    )
    .intro("A part of the campaign with its own dates. With phases, the campaign airs only in them.")
}

fn buyer() -> KeyTable {
    KeyTable::chapter(
        "buyer",
        "## `[buyer]`",
        vec![
            key("order", "the media owner's name of the order"),
            key("buyer", "the buyer's number in SPACE"),
            key("brand", "the brand's number in SPACE"),
            key("agency", "the agency's number in SPACE").absent("none"),
            key("line", "the line of the order").absent("none"),
            key("reference", "the buyer's own name of the campaign").absent("none"),
            key("creative", "what the creative's maker calls it").absent("none"),
        ],
    )
    .intro("The order behind the campaign, for `passerby plays --format outsmart`. Default: no such records.")
}

fn adaptive() -> KeyTable {
    KeyTable::chapter(
        "adaptive",
        "## `[adaptive]`",
        vec![
            key("floor_percent", "the least share of the campaign's plays for each placement")
                .absent(FLOOR_PERCENT.to_string()),
            key("ceiling_percent", "the greatest share").absent(CEILING_PERCENT.to_string()),
            key("among_campaigns", "`true` lets all campaigns that say so compete as one")
                .told()
                .absent("`false`"),
        ],
    )
    .intro(
        "The placements compete: whichever is scanned most at that part of the week airs most. Default: by weight.",
    )
}

fn placement() -> KeyTable {
    KeyTable::chapter(
        "placement",
        "## `[[placement]]`",
        vec![
            key("creative", "which file of the folder; the same one may stand in several placements"),
            key("seconds", "time on screen")
                .more("A film that is shorter begins anew.")
                .absent("the terminal's [`content.seconds`](kiosk-toml.md#content)"),
            key("weight", "share of air time beside the others").absent("1"),
            key("share_percent", "an exact share of the zone's air time instead of a weight, in percent")
                .absent("by weight"),
            key("filler", "`true`: only when nothing else may air; not with `takeover`")
                .told()
                .absent("`false`"),
            key(
                "takeover",
                "nothing else airs in its zone while it may: `\"now\"` at once, `\"seam\"` when the play on the \
                 screen is over",
            )
            .told()
            .more("Needs an end: dayparts, `recurs`, a trigger, or an `until` for each phase.")
            .absent("no takeover"),
            key("per_hour", "most plays on a screen within an hour of the venue's clock").absent("no cap"),
            key("per_day", "most plays on a screen within a day of the venue's calendar").absent("no cap"),
            key(
                "sequence",
                format!(
                    "placements with the same name here air one after the other, in the order of the file; 1 to \
                     {ZONE_NAME_BYTES_MAX} lower-case letters, digits and dashes"
                ),
            )
            .told()
            .absent("none"),
            key("phases", "the phases in which it airs").absent("all"),
            key(
                "trigger",
                "`{ name = \"button\", seconds = 60 }`: it airs for so long after something has happened at the \
                 screen, see [the local page's calls](http.md#the-local-page)",
            )
            .absent("always"),
            key("screens", "where it airs").absent("all"),
            key("headline", "this placement's line; `\"\"` for none").absent("the campaign's"),
            key(
                "zone",
                "the part of the screen that it is for, see [`[layout]`](kiosk-toml.md#layout); screens without it do \
                 not air it",
            )
            .absent("`\"main\"`"),
            key("transition", "how it comes").absent("`\"cross-fade\"`"),
            key(
                "motion",
                format!(
                    "`\"still\"`, or `\"ken-burns\"`: a picture grows slowly, by at most {} %, where it is \
                     a code's width away from the code",
                    (KEN_BURNS_GROWTH * 100.0).round()
                ),
            )
            .told()
            .absent("`\"still\"`"),
            key("sound", "`true`: a film may be heard, in the hours that the screen allows")
                .told()
                .absent("`false`"),
            key("dayparts", "parts of the week in the venue's time")
                .more(
                    "Such as `[\"mon-fri 07:00-10:00\", \"sat,sun 10:00-24:00\", \"22:00-02:00\"]`; one that ends \
                     before it starts runs over midnight.",
                )
                .absent("always"),
            key("recurs", "a calendar's rule, see below; with dayparts, both must hold").absent("always"),
            key(
                "when",
                "a condition in the Common Expression Language (CEL) on the venue and on readings, such as \
                 `\"live['temperature'] > 28\"`",
            )
            .more(format!(
                "Up to {SOURCE_BYTES_MAX} bytes. A reading that is not there makes it false; `'rain' in live && \
                 live['rain'] > 0` asks first. At most {LOOPS_INSIDE_MAX} of exists, all, map and filter inside one another."
            ))
            .absent("always"),
            key("code", "how its code is shown, see below")
                .absent("bottom right, a plain call in the screen's languages"),
        ],
    )
    .intro("What the rotation picks from.")
}

fn trigger() -> KeyTable {
    KeyTable::nested(
        "placement.trigger",
        vec![
            key("name", "what happens"),
            key("seconds", "for how long it airs then").absent(TRIGGER_SECONDS_USUAL.to_string()),
        ],
    )
}

fn code() -> KeyTable {
    KeyTable::chapter(
        "placement.code",
        "### `code`",
        vec![
            key("corner", "where it stands; where another zone lies over it, the next corner that is free")
                .absent("`\"bottom-right\"`"),
            key(
                "call",
                format!(
                    "the call to action, up to {LINE_CHARS_MAX} characters; or one for each language, at most \
                     {CALL_LANGUAGES_MAX}, of which screens take those of theirs: `{{ zh = \"扫码订座\", en = \"Book a \
                     table\" }}`"
                ),
            )
            .told()
            .absent("a plain one in the screen's languages"),
            key("wifi", "the code holds the way into a wireless network instead of the link, uncounted")
                .absent("the link"),
            key("contact", "the code holds somebody's contact instead, uncounted").absent("the link"),
            key("event", "the code holds an event of a calendar instead, uncounted").absent("the link"),
        ],
    )
    .intro("`code = { corner = \"bottom-right\", call = \"扫码订座 Book a table\" }`. One of `wifi`, `contact` and `event` only.")
    .notes("A ticker has a code only where its placement says `code = {}` or more.")
}

fn wifi() -> KeyTable {
    KeyTable::nested(
        "placement.code.wifi",
        vec![
            key("name", format!("1 to {WIFI_NAME_BYTES_MAX} bytes")).told(),
            key(
                "password",
                format!(
                    "{} to {} letters, digits and signs",
                    PASSWORD_CHARS.start(),
                    PASSWORD_CHARS.end()
                ),
            )
            .told()
            .absent("an open network"),
            key("hidden", "`true` for a network that does not tell its name")
                .told()
                .absent("`false`"),
        ],
    )
}

fn contact() -> KeyTable {
    KeyTable::nested(
        "placement.code.contact",
        vec![
            key("name", "as it is said"),
            key("organisation", "where they belong to").absent("none"),
            key("phone", "with its country's code").absent("none"),
            key("email", "mail").absent("none"),
            key("link", "where to read more").absent("none"),
        ],
    )
}

fn event() -> KeyTable {
    KeyTable::nested(
        "placement.code.event",
        vec![
            key("title", "what it is"),
            key("start", "when it begins, by the clock of the place"),
            key("end", "when it is over").absent("none"),
            key("place", "where it is").absent("none"),
        ],
    )
}

fn recurs() -> KeyTable {
    KeyTable::chapter(
        "placement.recurs",
        "### `recurs`",
        vec![
            key("start", "the first time").absent("the rule's lines say it; else required"),
            key("minutes", "how long each occurrence lasts").absent("the rule's lines say it; else required"),
            key("rule", "a rule, or the lines of an event as Google, Apple or Outlook export it")
                .more(format!("The rule itself has up to {RECURRENCE_RULE_CHARS_MAX} characters."))
                .absent("once, at the start"),
            key("except", "dates, and starts of single occurrences, that are left out")
                .more(format!("At most {RECURRENCE_DATES_MAX}."))
                .absent("none"),
            key("also", "further starts")
                .more(format!("At most {RECURRENCE_DATES_MAX}."))
                .absent("none"),
        ],
    )
    .intro(
        "A calendar's rule (RFC 5545) in the venue's time: `recurs = { start = 2026-12-04T18:00:00, minutes = 120, \
         rule = \"FREQ=WEEKLY;BYDAY=FR\" }`",
    )
    .notes(format!(
        "A rule may be what a calendar exports, between `'''`, up to a whole event:\n\n\
         ```toml\n\
         recurs = {{ minutes = 120, rule = '''\n\
         DTSTART;TZID=Asia/Shanghai:20261204T180000\n\
         RRULE:FREQ=WEEKLY;UNTIL=20261231T155959Z;BYDAY=FR\n\
         EXDATE;TZID=Asia/Shanghai:20261225T180000\n\
         ''' }}\n\
         ```\n\n\
         `DTSTART` stands for `start`, `DTEND` or `DURATION` for `minutes`, `EXDATE` and `RDATE` for `except` and \
         `also`. With a `TZID`, also one of Windows, times are those of that zone, wherever the screen is; without, \
         the venue's. A zone that the text itself defines in a `VTIMEZONE` is known by what Windows shows for it, such \
         as `(UTC+08:00) Beijing`, by its `X-LIC-LOCATION` or the calendar's `X-WR-TIMEZONE`, or by its offset, where \
         that never changes. `UNTIL` as a date has that day in it. `EXRULE` and single occurrences that were moved are \
         refused; what is said twice must be the same. A start that a change of the clock skips airs with the offset \
         before it. Nothing recurs after {}. A rule that never comes true is refused, and so is one with more than \
         {RECURRENCE_STARTS_A_DAY_MAX} starts a day or a frequency below an hour.",
        RECURRENCE_YEARS.end()
    ))
}
