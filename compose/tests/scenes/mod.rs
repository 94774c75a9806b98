//! Scenes of the goldens: what is composed, on what screen, and how it looks on the glass at its first moment.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use image::RgbImage;
use passerby_compose::SlideComposer;
use passerby_compose::settings::Settings;
use passerby_compose::slide::{MovingPicture, Patch, Plane, Slide};
use passerby_playout::clock::SimulatedClock;
use passerby_playout::context::{LiveContext, Reading};
use passerby_playout::show::{
    CodeOrder, Composer, Creative, CreativeFile, Geometry, Part, SlideOrder, Ticket, Zone,
};
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, Corner};
use passerby_protocol::card::Card;
use passerby_protocol::creative::{CreativeKind, Motion};

/// Thursday 17 December 2026, 18:05:12 in Shanghai.
const NOW_MS: i64 = 1_797_501_912_000;

/// One scene.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    size: (u32, u32),
    what: What,
    code: Option<(Corner, &'static str)>,
}

enum What {
    Card(&'static str),
    Ticker(&'static str),
    Notice(&'static str, &'static str),
    House,
}

impl Scene {
    pub(crate) fn all() -> Vec<Self> {
        let scene = |name, size, what, code| Self {
            name,
            size,
            what,
            code,
        };
        let right = Some((Corner::BottomRight, "扫码下单 Order now"));
        vec![
            scene("card-landscape", (640, 360), What::Card(BEANS), right),
            scene(
                "card-portrait",
                (270, 480),
                What::Card(BOOK),
                Some((Corner::BottomRight, "扫码试读 Read on")),
            ),
            scene(
                "card-strip",
                (960, 190),
                What::Card(STRIP),
                Some((Corner::BottomRight, "扫码订座 Book a table")),
            ),
            scene("card-price", (480, 360), What::Card(PRICE), None),
            scene(
                "card-countdown",
                (640, 360),
                What::Card(COUNTDOWN),
                Some((Corner::BottomLeft, "扫码预约 Remind me")),
            ),
            scene("card-queue", (240, 540), What::Card(QUEUE), None),
            scene("card-words", (640, 360), What::Card(WORDS), None),
            scene("card-welcome", (400, 400), What::Card(WELCOME), None),
            scene("ticker-strip", (960, 96), What::Ticker(TICKER), None),
            scene(
                "ticker-full",
                (640, 360),
                What::Ticker(TICKER),
                Some((Corner::BottomRight, "扫码看时刻表 Timetable")),
            ),
            scene(
                "notice-landscape",
                (640, 360),
                What::Notice(
                    "请立即离开车站 Leave the station now",
                    "沿绿色标志走楼梯，不要乘电梯。Follow the green signs. Take the stairs, not the lifts.",
                ),
                None,
            ),
            scene(
                "notice-portrait",
                (270, 480),
                What::Notice("暂停营业", "因暴雨，今天下午三点起关门。明早十点见。"),
                None,
            ),
            scene(
                "notice-strip",
                (960, 120),
                What::Notice(
                    "Storm warning: this square closes at 17:00",
                    "请提前离开，注意安全。",
                ),
                None,
            ),
            scene("house-landscape", (480, 270), What::House, None),
            scene("house-strip", (960, 60), What::House, None),
            scene("house-column", (240, 540), What::House, None),
            scene("house-small", (300, 200), What::House, None),
        ]
    }
}

const BEANS: &str = r##"
headline = "新豆到店，今天就喝"
body = "埃塞俄比亚 · 水洗。茉莉、佛手柑，回甘很长。Washed Ethiopian: jasmine and bergamot."
price = "¥48"
was = "¥68"
picture = "friday-night-jazz/record-cup.jpg"
[colours]
paper = "#fff1dc"
ink = "#3a1208"
accent = "#b03a15"
"##;

const BOOK: &str = r##"
headline = "末班车走了，故事刚上车"
price = "¥36"
picture = "after-the-last-train/book-tunnel.jpg"
[colours]
paper = "#06222a"
ink = "#fff0cf"
accent = "#ffb454"
"##;

const STRIP: &str = r##"
headline = "周五晚八点，咖啡会唱歌"
price = "¥88"
picture = "friday-night-jazz/steam-score.jpg"
[colours]
paper = "#fff1dc"
ink = "#3a1208"
accent = "#b03a15"
"##;

const PRICE: &str = r##"
headline = "Moon jar, hand thrown"
body = "One of twelve. Fired once, at full moon."
price = "€240"
was = "€310"
picture = "clay-and-light/moon-jar.jpg"
[colours]
paper = "#0a1533"
ink = "#fff1d6"
accent = "#f2bf5e"
"##;

const COUNTDOWN: &str = r##"
headline = "平安夜音乐会 Christmas Eve concert"
picture = "clay-and-light/sky-vase.jpg"
clock = true
date = true
[colours]
paper = "#0a1533"
ink = "#fff1d6"
accent = "#f2bf5e"
[countdown]
to = "2026-12-18T09:30"
label = "距开票 Tickets in"
done = "现在开始 Now on"
"##;

const QUEUE: &str = r##"
headline = "叫号取餐"
body = "听到号码请到一号窗口。 Please wait for your number."
clock = true
[colours]
paper = "#0f3d33"
ink = "#fdf6e3"
accent = "#ffc857"
[counter]
name = "queue"
label = "前面还有 Ahead of you"
unit = "桌"
"##;

const WORDS: &str = r##"
headline = "Every book was once a stranger"
body = "Bring one, take one. The shelf by the east gate is open day and night."
[colours]
paper = "#f4efe4"
ink = "#1d2a44"
accent = "#c23b2b"
"##;

const WELCOME: &str = r##"
headline = "早上好 Good morning"
clock = true
date = true
[colours]
paper = "#ffe9c7"
ink = "#2b2340"
accent = "#b5432a"
"##;

const TICKER: &str = r##"
lines = ["末班车 23:40", "Last train 23:40", "二号线今晚加开一班"]
[colours]
paper = "#06222a"
ink = "#fff0cf"
accent = "#ffb454"
"##;

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo")
}

/// Composes a scene and returns what the glass shows at its first moment.
pub(crate) fn rendered(scene: &Scene) -> RgbImage {
    let folder = tempfile::tempdir().expect("a folder");
    let creative = match scene.what {
        What::Card(text) => file(folder.path(), "scene.card.toml", text),
        What::Ticker(text) => file(folder.path(), "scene.ticker.toml", text),
        What::Notice(headline, body) => Creative::Notice {
            headline: headline.to_owned(),
            body: body.to_owned(),
        },
        What::House => Creative::House,
    };
    let context = LiveContext::default();
    context
        .set("queue", Reading::Number(12.0))
        .expect("is taken");
    let settings = Settings {
        clock: Arc::new(SimulatedClock::new("scene", NOW_MS)),
        time_zone: jiff::tz::TimeZone::fixed(jiff::tz::offset(8)),
        context: Arc::new(context),
        ..Settings::default()
    };
    let order = SlideOrder {
        ticket: Ticket(1),
        zone: Zone::MAIN,
        creative,
        campaign: String::new(),
        play: None,
        headline: None,
        code: scene.code.map(|(corner, call)| CodeOrder {
            url: "HTTPS://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRSTVWXYZ".to_owned(),
            call: call.to_owned(),
            leads_to: "hub.example".to_owned(),
            corner,
        }),
        colours: Colours::default(),
        motion: Motion::Still,
        sound: false,
        dwell: None,
    };
    let (width, height) = scene.size;
    let composed = SlideComposer::new(settings)
        .compose(&order, &Geometry::whole(width, height))
        .unwrap_or_else(|error| panic!("{}: {error}", scene.name));
    on_glass(composed.slide)
}

/// Writes a text creative, and names the demo pictures that it refers to.
fn file(folder: &Path, name: &str, text: &str) -> Creative {
    // Demo pictures lie in folders of their own; a card names plain files.
    let mut parts = Vec::new();
    let mut text = text.to_owned();
    for campaign in std::fs::read_dir(demo()).expect("the demo").flatten() {
        let prefix = format!("{}/", campaign.file_name().to_string_lossy());
        text = text.replace(&prefix, "");
    }
    if let Ok(card) = Card::parse(name, &text) {
        for part in card.parts() {
            let path = std::fs::read_dir(demo())
                .expect("the demo")
                .flatten()
                .map(|campaign| campaign.path().join(part))
                .find(|path| path.is_file())
                .expect("a demo picture");
            let digest = Digest::of(&std::fs::read(&path).expect("reads"));
            parts.push(Part {
                name: part.to_owned(),
                path,
                digest,
            });
        }
    }
    let path = folder.join(name);
    std::fs::write(&path, &text).expect("writes");
    Creative::File(CreativeFile {
        kind: CreativeKind::of_name(name).expect("a creative"),
        name: name.to_owned(),
        path,
        digest: Digest::of(text.as_bytes()),
        parts: parts.into(),
    })
}

/// Lays the layers of a slide over each other, at the moment when it is drawn first.
fn on_glass(mut slide: Slide) -> RgbImage {
    let width = slide.width_px as usize;
    if let Some(reel) = &mut slide.reel {
        let mut due: Vec<Patch> = Vec::new();
        reel.begin();
        reel.advance(Duration::ZERO, &mut due);
        for patch in due {
            assert!(patch.plane == Plane::Still, "{patch:?}");
            let row = patch.area.width as usize * 4;
            for (line, bytes) in patch.bytes.chunks_exact(row).enumerate() {
                let at = ((patch.area.y as usize + line) * width + patch.area.x as usize) * 4;
                slide.rgba[at..at + row].copy_from_slice(bytes);
            }
        }
    }
    let strip = slide.moving.as_ref().map(|moving| {
        let MovingPicture::Strip {
            row_px,
            height_px,
            length_px,
            pixels,
        } = &moving.picture
        else {
            panic!("a ticker runs");
        };
        (moving.area, *row_px, *height_px, *length_px, pixels)
    });
    RgbImage::from_fn(slide.width_px, slide.height_px, |x, y| {
        let at = (y as usize * width + x as usize) * 4;
        let over = &slide.rgba[at..at + 4];
        let under = strip
            .filter(|_| over[3] < 255)
            .map(|(area, row_px, height_px, length_px, pixels)| {
                let along = (x - area.x) % length_px;
                let row = along / row_px * height_px + (y - area.y);
                let at = (row as usize * row_px as usize + (along % row_px) as usize) * 4;
                [pixels[at], pixels[at + 1], pixels[at + 2]]
            })
            .unwrap_or([0; 3]);
        let mix = |channel: usize| {
            let (over, under, cover) = (
                u32::from(over[channel]),
                u32::from(under[channel]),
                u32::from(over[3]),
            );
            u8::try_from((over * cover + under * (255 - cover) + 127) / 255).unwrap_or(255)
        };
        image::Rgb([mix(0), mix(1), mix(2)])
    })
}
