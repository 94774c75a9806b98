//! What the reference says of creatives: which files there are, what they may be, and the keys of
//! those that are written as text.

use std::collections::BTreeMap;

use passerby_protocol::card::{Card, NAME_BYTES_MAX, TICKER_LINES_MAX, Ticker};
use passerby_protocol::creative::{CreativeKind, ENDINGS};
use passerby_protocol::toml_fields::{Problem, Reader, Section};
use passerby_protocol::toml_reference::{KeyTable, key, markdown, numbers_with_commas};
use passerby_protocol::web_page::{
    EVERY_MINUTES_USUAL, EXPECT_CHARS_MAX, PAGE_URL_BYTES_MAX, SETTLE_SECONDS_USUAL, WebPage,
    ZOOM_PERCENT_USUAL,
};

use crate::creative::animation::{
    DELAY_MIN, DELAY_UNSAID, FRAME_PIXELS_MAX, FRAME_SIDE_PX_MAX, FRAMES_MAX,
};
use crate::creative::drawing::SVG_BYTES_MAX;
use crate::creative::picture::{PIXELS_MAX, PROGRESSIVE_PIXELS_MAX, SIDE_PX_MAX};
use crate::creative::video;
use crate::creative::web_page::PAGES_MAX;

const CARD: &str = r#"
headline = "a"
colours = {}
countdown = { to = "2026-12-24T19:00" }
counter = { name = "queue" }
"#;
const TICKER: &str = "lines = [\"a\"]\ncolours = {}\n";
const WEB_PAGE: &str = "url = \"https://a.example\"\n";

/// The page, with a paragraph or an entry of a list on each line.
///
/// # Errors
/// What is read and not described, or described and not read.
pub fn page() -> Result<String, Vec<String>> {
    let pictures = pictures();
    let (cards, tickers) = (
        sections(CARD, Card::read, &cards())?,
        sections(TICKER, Ticker::read, &tickers())?,
    );
    let pages = sections(WEB_PAGE, WebPage::read, &web_pages())?;
    let endings = endings();
    Ok(format!(
        "# Creatives\n\n\
         A creative is a file of a campaign folder. What it is, its name's ending tells, in any letter case; what a \
         picture or a film really is, its content. Texts are UTF-8, with or without a byte order mark.\n\n\
         {endings}\n{pictures}\n\n{cards}\n\n{tickers}\n\n{pages}\n\n\
         ## Parts\n\n\
         A file that a card names, and a film's poster, belong to that creative: they air by themselves only where a \
         placement names them.\n"
    ))
}

fn sections<T>(
    example: &str,
    read: impl FnOnce(&Section<'_>) -> T,
    tables: &[KeyTable],
) -> Result<String, Vec<String>> {
    let wrong = |found: Vec<Problem>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
    markdown(tables, &Reader::asked(example, read).map_err(wrong)?)
}

/// What airs, by the endings of names.
fn endings() -> String {
    let kinds = [
        (CreativeKind::Picture, "a picture, still or animated"),
        (CreativeKind::Drawing, "a drawing"),
        (CreativeKind::Video, "a film"),
        (
            CreativeKind::Card,
            "a card: words that are set for the screen",
        ),
        (CreativeKind::Ticker, "lines that run from right to left"),
        (CreativeKind::Page, "a picture of a web page"),
    ];
    let mut text = "| ending | what airs | at most |\n|---|---|---|\n".to_owned();
    let mut left: BTreeMap<&str, CreativeKind> = ENDINGS.into_iter().collect();
    for (kind, airs) in kinds {
        let own = ENDINGS.iter().filter(|(_, other)| *other == kind);
        let own: Vec<String> = own
            .map(|(ending, _)| {
                left.remove(ending);
                format!("`{ending}`")
            })
            .collect();
        let most = match kind {
            CreativeKind::Drawing => SVG_BYTES_MAX as u64,
            other => other.bytes_max(),
        };
        text += &format!("| {} | {airs} | {} MiB |\n", own.join(", "), most >> 20);
    }
    debug_assert!(left.is_empty(), "{left:?}");
    text
}

fn pictures() -> String {
    numbers_with_commas(&format!(
        "## Pictures\n\n\
         * Up to {} million pixels and {SIDE_PX_MAX} pixels on a side; a progressive JPEG up to {} million pixels.\n\
         * Colours of any profile become sRGB. A profile that is no use costs a note by `check`, not the picture.\n\
         * An animation lasts as its file says; less than {} ms for a frame count as {} ms. It plays as often as the \
         file says and then rests on its last frame. Up to {FRAMES_MAX} frames, and up to {FRAME_PIXELS_MAX} pixels \
         and {FRAME_SIDE_PX_MAX} pixels on a side for each.\n\
         * A picture is turned and mirrored as its camera says, all eight ways.\n\
         * A picture that was cut off is refused; one of which only the end mark is missing is shown.\n\n\
         ## Drawings\n\n\
         A drawing holds everything itself: no file and no address is opened for it, pictures inside it are `data:`. \
         Its letters come from the built-in fonts and the operator's. Scripts and SVG's own animation do nothing. \
         `check` and `publish` name what a drawing asks for and will not get: elements, links to what is not there, \
         and styles, selectors and values that only browsers understand.\n\n\
         ## Films\n\n\
         Decoded by ffmpeg on the screen's machine: H.264, HEVC, VP9, AV1, VP8, ProRes, QuickTime Animation and PNG, \
         up to {} pixels a side, {} pixels in all (4096×2304, or 5000×1800) and {} minutes.\n\n\
         * `clip.jpg` or `clip.png` beside `clip.mp4` (any picture of the same name) is its poster: it airs in the \
         film's place where that cannot.\n\
         * Phones see that picture, else the film's first good one.\n\
         * A film with transparency stands on the paper colour.\n\
         * HDR films (PQ, HLG) are brought down to what the screen shows where ffmpeg has zscale and tonemap, at \
         960 × 540 pixels.\n\
         * A film is heard only where its placement and the screen both say so.\n\
         * A film that is shorter than its time on screen begins anew.",
        PIXELS_MAX / 1_000_000,
        PROGRESSIVE_PIXELS_MAX / 1_000_000,
        DELAY_MIN.as_millis(),
        DELAY_UNSAID.as_millis(),
        video::SIDE_PX_MAX,
        video::PIXELS_MAX,
        video::LENGTH_MAX.as_secs() / 60,
    ))
}

fn colours() -> KeyTable {
    let absent = "the campaign's";
    KeyTable::nested(
        "colours",
        vec![
            key("paper", "behind text").absent(absent),
            key("ink", "of text").absent(absent),
            key("accent", "of the call to action").absent(absent),
        ],
    )
}

fn cards() -> Vec<KeyTable> {
    let part = |name: &'static str, what: &str| {
        key(
            name,
            format!("{what}; a name of up to {NAME_BYTES_MAX} bytes"),
        )
        .more("Of an animation the first frame is shown.")
        .absent("none")
    };
    let card = vec![
        key("headline", "the line that is read from afar"),
        key("body", "what is read from near").absent("none"),
        key("price", "what it costs, with its currency").absent("none"),
        key("was", "what it cost before, struck through beside the price; needs `price`").absent("none"),
        part("picture", "a picture or drawing"),
        part("logo", "a logo"),
        key("layout", "where the picture goes").absent("`\"auto\"`"),
        key("colours", "as in [campaign.toml](campaign-toml.md#colours)").absent("the campaign's"),
        key("clock", "`true` shows the time of day").told().absent("`false`"),
        key("date", "`true` shows the date").told().absent("`false`"),
        key(
            "countdown",
            "counts down to a moment in the venue's time: `{ to = \"2026-12-24T19:00\", label = \"…\", done = \"…\" }`",
        )
        .absent("none"),
        key(
            "counter",
            "shows a reading, see [the local page's calls](http.md#the-local-page): `{ name = \"queue\", label = \"…\", \
             unit = \"…\" }`",
        )
        .absent("none"),
    ];
    let countdown = vec![
        key("to", "the moment"),
        key("label", "what it counts down to").absent("none"),
        key("done", "what is shown once it has come").absent("zeros"),
    ];
    let counter = vec![
        key("name", "which reading"),
        key("label", "what it counts").absent("none"),
        key("unit", "stands behind the number").absent("none"),
    ];
    vec![
        KeyTable::chapter("", "## Cards", card).intro("`sale.card.toml`:"),
        colours(),
        KeyTable::nested("countdown", countdown),
        KeyTable::nested("counter", counter),
    ]
}

fn tickers() -> Vec<KeyTable> {
    let ticker = vec![
        key(
            "lines",
            format!("what runs by, in turn, 1 to {TICKER_LINES_MAX} of them"),
        ),
        key("speed", "how fast it runs").absent("`\"normal\"`"),
        key("colours", "as above").absent("the campaign's"),
    ];
    let notes = "A ticker has a code only where its placement says `code = {}` or more.";
    vec![
        KeyTable::chapter("", "## Tickers", ticker)
            .intro("`news.ticker.toml`:")
            .notes(notes),
        colours(),
    ]
}

fn web_pages() -> Vec<KeyTable> {
    let page = vec![
        key(
            "url",
            format!(
                "where it is: `https://` or `http://`, up to {PAGE_URL_BYTES_MAX} bytes, without a user name"
            ),
        ),
        key("every_minutes", "how old its picture may get").absent(EVERY_MINUTES_USUAL.to_string()),
        key("settle_seconds", "from the end of loading to the picture")
            .absent(SETTLE_SECONDS_USUAL.to_string()),
        key("zoom_percent", "size of what is on the page").absent(ZOOM_PERCENT_USUAL.to_string()),
        key(
            "expect",
            format!("what must stand on the page, up to {EXPECT_CHARS_MAX} characters"),
        )
        .absent("none"),
        key(
            "ends_at",
            "another address at which the page may end, with a `*` at its end also what follows",
        )
        .absent("`url` alone"),
    ];
    let notes = format!(
        "A page must end at the address that `url` names: where it leads to another, such as a log-in, the last good \
         picture stays, and the log and `passerby check` say so. `https` instead of `http`, a `www.`, a slash or \
         `index.html` at the end, a language in front of the path, letter case and more parameters make no \
         difference.\n\n\
         Pages open public addresses only, never what is near the screen; [`[pages]`](kiosk-toml.md#pages) names \
         exceptions. A page file in the screen's own `content.folders` may open the host that it names. A screen knows \
         up to {PAGES_MAX} pages."
    );
    let intro = "`board.page.toml`: a picture of a web page, taken by Chromium as soon as the page is among the \
                 content. The last good one airs offline, and while the page is none that it should be.";
    vec![
        KeyTable::chapter("", "## Web pages", page)
            .intro(intro)
            .notes(notes),
    ]
}
