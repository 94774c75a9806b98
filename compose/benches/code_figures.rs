//! Prints what a code costs from the contents to the finished frame, one figure a line: name,
//! value, unit, compared with, ratio.
//!
//! The parts inside the composer are its own spans, timed while it makes the slide of a repeat at
//! 1920 × 1080, where only the code is new. Speed is a goal for `scripts/bench`, never a test:
//! machines differ.

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "figures of small numbers"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use passerby_compose::SlideComposer;
use passerby_playout::code::issuer::CodeOrder;
use passerby_playout::content::creative::{Creative, CreativeFile};
use passerby_playout::messages::stage_messages::{Composer, SlideOrder, Ticket};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_protocol::campaign::{Colours, Corner, CreativeKind, Motion};
use passerby_protocol::token::{Token, TokenContents, TokenKey};
use passerby_protocol::{Assignment, Digest, PlayNumber, ScreenNumber};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const ROUNDS: u32 = 300;
/// Most that minting, encoding and making the texture may take together.
const GOAL_US: f64 = 1_500.0;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poster.png");
    image::RgbImage::from_fn(960, 540, |x, y| {
        let wave = u8::try_from((x / 4 + y / 7) % 256).unwrap();
        image::Rgb([wave, 120, 255 - wave])
    })
    .save(&path)
    .unwrap();
    let screen = ScreenNumber::new(7).unwrap();
    let key = TokenKey::derive(&[7; 32], screen, 0);
    let mut play = 0;
    let mut link = || {
        play += 1;
        let contents = TokenContents {
            generation: 0,
            screen,
            assignment: Assignment::new(3).unwrap(),
            play: PlayNumber::new(play).unwrap(),
            minutes: 500_000,
        };
        format!("HTTPS://HUB.EXAMPLE/Q/{}", Token::mint(contents, &key))
    };
    let started = Instant::now();
    for _ in 0..20_000 {
        black_box(link());
    }
    let mint_us = started.elapsed().as_secs_f64() * 1e6 / 20_000.0;

    let mut order = SlideOrder {
        play: None,
        ticket: Ticket(1),
        zone: Zone::MAIN,
        creative: Creative::File(CreativeFile {
            kind: CreativeKind::Picture,
            name: "poster.png".into(),
            digest: Digest::of(&std::fs::read(&path).unwrap()),
            path,
            parts: [].into(),
        }),
        motion: Motion::Still,
        sound: false,
        dwell: None,
        campaign: "Figures".into(),
        headline: Some("三体 · The Three-Body Problem".into()),
        code: None,
        colours: Colours::default(),
    };
    let screen = Geometry::whole(1_920, 1_080);
    let mut composer = SlideComposer::default();
    let mut compose = |url: String| {
        order.code = Some(CodeOrder {
            url,
            call: "扫码购书 Scan to buy".into(),
            leads_to: "hub.example".into(),
            corner: Corner::BottomRight,
        });
        composer.compose(&order, &screen).unwrap().slide
    };
    // The picture, the words and the shaping of them are not the code's.
    let code_square = compose(link()).code_square.unwrap();

    tracing::subscriber::set_global_default(StopWatch::default()).unwrap();
    let mut whole = Duration::ZERO;
    for _ in 0..ROUNDS {
        let url = link();
        let started = Instant::now();
        black_box(compose(url));
        whole += started.elapsed();
    }
    let spent = SPENT.lock().unwrap();
    let part = |name: &str| {
        let spent: &Duration = spent.get(name).expect("a span of the composer");
        spent.as_secs_f64() * 1e6 / f64::from(ROUNDS)
    };
    let (encode_us, draw_us) = (part("code encode"), part("code draw"));
    figure("mint a token and its link", mint_us, 2.0);
    figure("encode it as a code", encode_us, GOAL_US);
    figure(
        &format!(
            "draw it into the frame, {0} × {0} pixels",
            code_square.width
        ),
        draw_us,
        GOAL_US,
    );
    figure(
        "mint, encode and draw",
        mint_us + encode_us + draw_us,
        GOAL_US,
    );
    figure("check its form, each pixel", part("code form"), GOAL_US);
    figure("read it back with rxing", part("code rxing"), 10_000.0);
    figure("read it back with rqrr", part("code rqrr"), 10_000.0);
    let whole_us = whole.as_secs_f64() * 1e6 / f64::from(ROUNDS);
    figure("the whole slide of a repeat", whole_us, 50_000.0);
}

fn figure(name: &str, value_us: f64, goal_us: f64) {
    println!(
        "{name}\t{value_us:.1}\tµs\tgoal {goal_us}\t{:.4}",
        value_us / goal_us
    );
}

/// Time spent in each span.
static SPENT: Mutex<BTreeMap<&'static str, Duration>> = Mutex::new(BTreeMap::new());

thread_local! {
    static OPEN: RefCell<Vec<Instant>> = const { RefCell::new(Vec::new()) };
}

/// Times the spans of the composer, which all open and close on one thread.
#[derive(Default)]
struct StopWatch {
    names: Mutex<BTreeMap<u64, &'static str>>,
    last: AtomicU64,
}

impl Subscriber for StopWatch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("passerby_compose")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let name = span.metadata().name();
        self.names.lock().unwrap().insert(number, name);
        Id::from_u64(number)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {
        OPEN.with_borrow_mut(|open| open.push(Instant::now()));
    }

    fn exit(&self, id: &Id) {
        let Some(started) = OPEN.with_borrow_mut(Vec::pop) else {
            return;
        };
        let spent = started.elapsed();
        if let Some(name) = self.names.lock().unwrap().remove(&id.into_u64()) {
            *SPENT.lock().unwrap().entry(name).or_default() += spent;
        }
    }
}
