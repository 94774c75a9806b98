//! Scenes of the goldens: what is composed, on what screen, and how it looks on the screen at its
//! first moment.

mod first_moment;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbImage;
use passerby_compose::SlideComposer;
use passerby_compose::settings::Settings;
use passerby_playout::code::issuer::CodeOrder;
use passerby_playout::content::creative::{Creative, CreativeFile, Part};
use passerby_playout::messages::stage_messages::{Composer, SlideOrder, Ticket};
use passerby_playout::schedule::live_context::{LiveContext, Reading};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, Corner};
use passerby_protocol::card::Card;
use passerby_protocol::creative::{CreativeKind, Motion};
use passerby_simulation::SimulatedClock;

/// Thursday 17 December 2026, 18:05:12 in Shanghai.
const NOW_MS: i64 = 1_797_501_912_000;

/// One scene.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    size: (u32, u32),
    what: SceneContent,
    code: Option<(Corner, &'static str)>,
}

enum SceneContent {
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
            scene(
                "card-landscape",
                (640, 360),
                SceneContent::Card(BEANS),
                right,
            ),
            scene(
                "card-portrait",
                (270, 480),
                SceneContent::Card(BOOK),
                Some((Corner::BottomRight, "扫码试读 Read on")),
            ),
            scene(
                "card-strip",
                (960, 190),
                SceneContent::Card(STRIP),
                Some((Corner::BottomRight, "扫码订座 Book a table")),
            ),
            scene("card-price", (480, 360), SceneContent::Card(PRICE), None),
            scene(
                "card-countdown",
                (640, 360),
                SceneContent::Card(COUNTDOWN),
                Some((Corner::BottomLeft, "扫码预约 Remind me")),
            ),
            scene("card-queue", (240, 540), SceneContent::Card(QUEUE), None),
            scene("card-words", (640, 360), SceneContent::Card(WORDS), None),
            scene(
                "card-welcome",
                (400, 400),
                SceneContent::Card(WELCOME),
                None,
            ),
            scene(
                "ticker-strip",
                (960, 96),
                SceneContent::Ticker(TICKER),
                None,
            ),
            scene(
                "ticker-full",
                (640, 360),
                SceneContent::Ticker(TICKER),
                Some((Corner::BottomRight, "扫码看时刻表 Timetable")),
            ),
            scene(
                "notice-landscape",
                (640, 360),
                SceneContent::Notice(
                    "请立即离开车站 Leave the station now",
                    "沿绿色标志走楼梯，不要乘电梯。Follow the green signs. Take the stairs, not the lifts.",
                ),
                None,
            ),
            scene(
                "notice-portrait",
                (270, 480),
                SceneContent::Notice("暂停营业", "因暴雨，今天下午三点起关门。明早十点见。"),
                None,
            ),
            scene(
                "notice-strip",
                (960, 120),
                SceneContent::Notice(
                    "Storm warning: this square closes at 17:00",
                    "请提前离开，注意安全。",
                ),
                None,
            ),
            scene("house-landscape", (480, 270), SceneContent::House, None),
            scene("house-strip", (960, 60), SceneContent::House, None),
            scene("house-column", (240, 540), SceneContent::House, None),
            scene("house-small", (300, 200), SceneContent::House, None),
        ]
    }
}

const BEANS: &str = include_str!("beans.card.toml");
const BOOK: &str = include_str!("book.card.toml");
const STRIP: &str = include_str!("strip.card.toml");
const PRICE: &str = include_str!("price.card.toml");
const COUNTDOWN: &str = include_str!("countdown.card.toml");
const QUEUE: &str = include_str!("queue.card.toml");
const WORDS: &str = include_str!("words.card.toml");
const WELCOME: &str = include_str!("welcome.card.toml");
const TICKER: &str = include_str!("trains.ticker.toml");

fn demo() -> PathBuf {
    passerby_testing::package_folder().join("../assets/demo")
}

/// Composes a scene and returns what the screen shows at its first moment.
pub(crate) fn rendered(scene: &Scene) -> RgbImage {
    let folder = tempfile::tempdir().expect("a folder");
    let creative = match scene.what {
        SceneContent::Card(text) => file(folder.path(), "scene.card.toml", text),
        SceneContent::Ticker(text) => file(folder.path(), "scene.ticker.toml", text),
        SceneContent::Notice(headline, body) => Creative::Notice {
            headline: headline.to_owned(),
            body: body.to_owned(),
        },
        SceneContent::House => Creative::House,
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
    first_moment::seen_first(composed.slide)
}

/// Writes a text creative, and finds the pictures that it refers to in the demo's folders.
fn file(folder: &Path, name: &str, text: &str) -> Creative {
    let mut parts = Vec::new();
    if let Ok(card) = Card::parse(name, text) {
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
    std::fs::write(&path, text).expect("writes");
    Creative::File(CreativeFile {
        kind: CreativeKind::of_name(name).expect("a creative"),
        name: name.to_owned(),
        path,
        digest: Digest::of(text.as_bytes()),
        parts: parts.into(),
    })
}
