//! What the reference says of kiosk.toml.

use passerby_folder::content_folder::DEPTH_MAX;
use passerby_protocol::campaign::ZONE_NAME_BYTES_MAX;
use passerby_protocol::limits::TOML_BYTES_MAX;
use passerby_protocol::toml_fields::{Problem, Reader};
use passerby_protocol::toml_reference::{KeyTable, key, markdown};

use crate::code::legibility::{CONTRAST_MIN, WIDTHS_PER_DISTANCE_MAX};
use crate::content::cache;
use crate::hub_link;
use crate::identity::page_token;
use crate::screen::layout;
use crate::screen::sound_settings::VOLUME_PERCENT;
use crate::settings::config::{
    Config, FONT_BYTES_MAX, FONT_FILE_BYTES_MAX, FONT_FILES_MAX, LANGUAGES, TAG_BYTES_MAX,
};

/// Settings with every section, every list and every kind of layout.
const EXAMPLES: [&str; 4] = [
    r#"
[screen]
languages = ["en"]
sound = { hours = ["mon-sun 09:00-20:00"] }
[layout]
kind = "main-side"
[venue]
tags = ["metro"]
open = ["mon-sat 08:00-22:00"]
closed = ["12-25"]
[content]
folders = ["demo"]
fonts = ["fonts"]
[pages]
private_hosts = ["board.lan"]
[[override]]
campaign = "jazz"
[hub]
url = "https://hub.example"
[data]
[local]
"#,
    "[layout]\nkind = \"main-ticker\"\n",
    "[layout]\nkind = \"picture-in-picture\"\n",
    "[[layout.zone]]\nname = \"main\"\nwidth = 100\nheight = 100\n",
];

/// The page, with a paragraph or an entry of a list on each line.
///
/// # Errors
/// What is read and not described, or described and not read.
pub fn page() -> Result<String, Vec<String>> {
    let mut asked = Vec::new();
    for example in EXAMPLES {
        let wrong = |found: Vec<Problem>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
        asked.extend(Reader::asked(example, Config::read).map_err(wrong)?);
    }
    let sections = markdown(&tables(), &asked)?;
    Ok(format!("# kiosk.toml\n\n{}\n\n{sections}\n", intro()))
}

/// What is said before the sections.
fn intro() -> String {
    format!(
        "The settings of one terminal. `passerby` reads `kiosk.toml` of the folder in which it is started, or the \
         file that `--config` names. Without a file every key has the value that it has when absent. Relative \
         folders are taken from the folder of the file. Unknown keys are mistakes; `passerby check` names each \
         mistake with its line. The file is UTF-8, at most {} MiB. Every key is optional that is not called required.",
        TOML_BYTES_MAX >> 20
    )
}

/// Every section, in the order in which people should read them.
fn tables() -> Vec<KeyTable> {
    let default = Config::default();
    vec![
        screen(&default),
        sound(),
        zones(),
        own_zones(),
        venue(),
        content(&default),
        pages(),
        overrides(),
        hub(),
        data(&default),
        local(&default),
    ]
}

fn screen(default: &Config) -> KeyTable {
    let languages = LANGUAGES
        .map(|language| format!("\"{language}\""))
        .join(", ");
    KeyTable::chapter(
        "screen",
        "## `[screen]`",
        vec![
            key("name", "the screen's name for people")
                .more(
                    "The hub's operator is offered it when the screen is enrolled; it is `utm_source` where a campaign \
                     asks for that, and placements may name it in `screens`.",
                )
                .absent("none"),
            key("frame", "the screen's number in SPACE, for `passerby plays --format outsmart`").absent("none"),
            key("size_cm", "what is lit, as mounted, width and height in centimetres, such as `[122, 69]`")
                .absent("the code takes a quarter of the short side"),
            key("viewing_distance_m", "how far away people stand, in metres")
                .more(format!(
                    "With `size_cm` or `led_pitch_mm`, codes are as large as that asks for, at least \
                     1/{WIDTHS_PER_DISTANCE_MAX} of it wide. What does not fit is not shown, and `passerby check` says what would."
                ))
                .absent(default.viewing_distance_m.to_string()),
            key(
                "led_pitch_mm",
                "on a wall of LEDs that shows one pixel with each, from one LED to the next in millimetres; tells the \
                 size instead of `size_cm`",
            )
            .absent("none"),
            key(
                "contrast",
                "how many times as bright as black white is there, with the light that falls on the screen",
            )
            .more(format!("Codes need {CONTRAST_MIN}."))
            .absent("not known"),
            key("scan_seconds", "how long a code must be on the screen, in seconds")
                .more("What is shorter does not air with a code.")
                .absent(default.scan_time.as_secs().to_string()),
            key("languages", "what people there speak, most of them the first")
                .more("Calls to action are in the first two that are known.")
                .absent(format!("`[{languages}]`")),
            key("rotation", "clockwise turn of the content in degrees: 0, 90, 180 or 270")
                .told()
                .absent(default.rotation.to_string()),
            key("draw", "what draws: `\"gpu\"`, `\"cpu\"` without any driver, or `\"auto\"`: the GPU where there is one, else the processor")
                .told()
                .more("`passerby check` says which one that is.")
                .absent("`auto`"),
            key("timezone", "of the venue").absent("the machine's"),
            key("trust_clock", "`true` believes the machine's clock although no time service vouches for it")
                .told()
                .absent("`false`"),
            key("sound", "when and how films may be heard, see below").told().absent("never"),
        ],
    )
}

fn sound() -> KeyTable {
    KeyTable::chapter(
        "screen.sound",
        "### `sound`",
        vec![
            key("hours", "parts of the week, see [dayparts](campaign-toml.md#placement)")
                .more("Where the time is not known, a screen with hours is silent.")
                .absent("always"),
            key("volume", "loudness in percent of the recording's own").absent(VOLUME_PERCENT.to_string()),
            key(
                "format",
                "what ffmpeg calls the kind of output: `\"alsa\"`, `\"pulse\"`, or `\"wav\"` for a file",
            )
            .told()
            .absent("`\"alsa\"`"),
            key("device", "what ffmpeg calls the output itself").absent("`\"default\"`"),
        ],
    )
    .intro("A table: `sound = { hours = [\"mon-sun 09:00-20:00\"], volume = 60 }`.")
}

fn zones() -> KeyTable {
    KeyTable::chapter(
        "layout",
        "## `[layout]`",
        vec![
            key("kind", "how the screen is divided")
                .more("The second zone is called `side`, `ticker` or `inset`.")
                .absent("one zone, `main`, or the zones of `[[layout.zone]]`"),
            key(
                "side",
                "where the second zone is: for `main-side` `\"right\"`, `\"left\"`, `\"top\"` or `\"bottom\"`, for \
                 `main-ticker` `\"bottom\"` or `\"top\"`",
            )
            .told()
            .absent("the first of them"),
            key("corner", "where the inset is").absent("`\"top-right\"`"),
            key(
                "share_percent",
                format!(
                    "how much of the screen the second zone gets, in percent, an inset of both sides: {}",
                    layout::shares()
                ),
            )
            .told()
            .absent("see there"),
            key("background", "what is seen where no zone is").absent("black"),
            key("overscan_percent", "what a television hides at each edge").absent("0"),
        ],
    )
}

fn own_zones() -> KeyTable {
    KeyTable::chapter(
        "layout.zone",
        "### `[[layout.zone]]`",
        vec![
            key(
                "name",
                format!(
                    "1 to {ZONE_NAME_BYTES_MAX} lower-case letters, digits and dashes, each its own; the first is \
                     `\"main\"`"
                ),
            )
            .told(),
            key("x", "the left edge").absent("0"),
            key("y", "the upper edge").absent("0"),
            key("width", "how wide it is; it ends on the screen"),
            key("height", "how high it is; it ends on the screen"),
        ],
    )
    .intro("Zones of your own instead of a `kind`, in percent of the screen as people see it.")
    .notes(
        "Zones may abut. A later one may lie wholly on an earlier one without covering all of it; zones may not \
         overlap otherwise.",
    )
}

fn pages() -> KeyTable {
    KeyTable::chapter(
        "pages",
        "## `[pages]`",
        vec![
            key(
                "private_hosts",
                "what web pages may open although its address is private, with or without a port",
            )
            .absent("none"),
            key(
                "user",
                "who Chromium runs as where `passerby` runs as root; never root",
            )
            .absent("`\"nobody\"`"),
        ],
    )
}

fn venue() -> KeyTable {
    KeyTable::chapter(
        "venue",
        "## `[venue]`",
        vec![
            key("name", "what a placement's `when` can ask about").absent("none"),
            key("tags", "what a placement's `when` can ask about, and its `screens` can name")
                .more(format!("A tag has up to {TAG_BYTES_MAX} bytes."))
                .absent("none"),
            key("open", "hours of the week, see [dayparts](campaign-toml.md#placement)")
                .more("Outside them only the house creative airs.")
                .absent("always"),
            key("closed", "days on which the venue is closed")
                .more("Spans of days of every year are written `\"12-24..01-02\"`. A night that begins on an open day ends by its hours.")
                .absent("none"),
        ],
    )
}

fn content(default: &Config) -> KeyTable {
    KeyTable::chapter(
        "content",
        "## `[content]`",
        vec![
            key("folders", "local campaigns, or folders of them; changes air within seconds")
                .more(format!(
                    "A folder with a `campaign.toml` is a campaign; else one in which campaigns lie, up to {} folders \
                     deep, is a folder of these, and pictures beside them are named and do not air; else one with \
                     pictures is a campaign. Give a campaign whose folder has other folders with pictures in it a \
                     `campaign.toml`.",
                    DEPTH_MAX
                ))
                .absent("none"),
            key("seconds", "time on screen for placements that name none")
                .absent((default.dwell_ms / 1_000).to_string()),
            key(
                "fonts",
                "folders with fonts of your own (`.ttf`, `.otf`, `.ttc`, `.otc`), for scripts that the built-in ones \
                 lack; drawings use them too",
            )
            .more(format!(
                "At most {FONT_FILES_MAX} files, each up to {} MiB, {} MiB in all.",
                FONT_FILE_BYTES_MAX >> 20,
                FONT_BYTES_MAX >> 20
            ))
            .absent("none"),
        ],
    )
}

fn overrides() -> KeyTable {
    KeyTable::chapter(
        "override",
        "## `[[override]]`",
        vec![
            key("campaign", "the campaign's name"),
            key("placement", "its placement of that number, from 1").absent("all of them"),
            key("air", "`false` takes it off this screen")
                .told()
                .absent("`true`"),
            key("weight", "another weight").absent("as published"),
            key("seconds", "another time on screen").absent("as published"),
        ],
    )
    .intro("What this screen does differently.")
}

fn hub() -> KeyTable {
    KeyTable::chapter(
        "hub",
        "## `[hub]`",
        vec![
            key("url", "the hub: scheme, host and port; `https://`, or `http://` to this machine"),
            key("allow_plain_http", "`true` says that `http://` to another machine is meant")
                .told()
                .absent("`false`"),
            key("ca", "the root certificate of a private hub, taken beside the machine's own")
                .absent("the machine's alone"),
            key(
                "daily_mb",
                "at most so much data a day, in megabytes of 1,000,000 bytes, for a line that is paid by the megabyte",
            )
            .more(hub_link::budget_in_words())
            .absent("no limit"),
            key("send_frames", "`false` sends the hub no small pictures of what is on the screen")
                .more(hub_link::frames_in_words())
                .told()
                .absent("`true`"),
        ],
    )
    .intro(
        "Without this section the terminal has no hub: codes carry each campaign's own target, and nothing is sent.",
    )
}

fn data(default: &Config) -> KeyTable {
    KeyTable::chapter(
        "data",
        "## `[data]`",
        vec![
            key("dir", "the folder for ledger, cache, keys and credentials; one terminal a folder")
                .absent(format!("`{}`", default.data_dir.display())),
            key("commit_seconds", "plays are held for up to so long and written together")
                .more("[What that saves and risks](../operator-guide.md#the-memory-card).")
                .absent("0, each is on disk before it counts"),
            key("ledger_mb", "largest size of the ledger in MiB")
                .more(
                    "When it is full, plays that the hub has go first, then new ones are dropped and counted as missing.",
                )
                .absent((default.ledger.bytes_max >> 20).to_string()),
            key("keep_plays", "how many plays stay in the ledger after the hub has them")
                .absent(default.ledger.acked_rows_kept.to_string()),
            key("cache_mb", "what the hub's files may take in MiB")
                .more(cache::floor_in_words())
                .absent((default.cache.bytes_max >> 20).to_string()),
        ],
    )
}

fn local(default: &Config) -> KeyTable {
    KeyTable::chapter(
        "local",
        "## `[local]`",
        vec![
            key("listen", "address and port of the local page")
                .more("On an address that others reach it opens with a page token only.")
                .absent(format!("`{}`", default.listen)),
            key(
                "token",
                format!(
                    "the page token, which opens the local page: {} to {} letters, digits, `-` or `_`",
                    page_token::CHARS_MIN,
                    page_token::CHARS_MAX
                ),
            )
            .told()
            .absent(
                "on a loopback address none; else one is made at random, kept in `data.dir` and told in the log with \
                 the link",
            ),
        ],
    )
}
