//! Live elements over simulated time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use passerby_playout::schedule::live_context::{LiveContext, Reading};
use passerby_playout::system::clock::{Clock, Moment};
use passerby_protocol::campaign::Rgb;

use super::*;
use crate::live::element::LOOK_AGAIN;
use crate::live::moment::{clock, countdown, date};
use crate::raster::canvas::{Area, Canvas};
use crate::settings::Settings;
use crate::slide::Plane;
use crate::text::{Typesetter, Weight};

/// A clock that a test sets; negative means that nothing vouches for it.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Moment {
        let wall_ms = self.0.load(Ordering::SeqCst);
        Moment {
            boot: "test".into(),
            boot_ms: 0,
            wall_ms: (wall_ms >= 0).then_some(wall_ms),
        }
    }

    fn learn(&self, _boot_ms: u64, _wall_ms: i64) {}
}

/// 2026-12-17 18:05:12 in Shanghai.
const NOW_MS: i64 = 1_797_501_912_000;

fn shanghai() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(8))
}

fn settings(clock: Arc<SetClock>, context: Arc<LiveContext>) -> Settings {
    Settings {
        clock,
        context,
        time_zone: shanghai(),
        ..Settings::default()
    }
}

fn element(kind: LiveKind, rotation: u16) -> LiveElement {
    let mut canvas = Canvas::filled(400, 200, Rgb([20, 30, 40]));
    canvas.fill(Area::new(0, 0, 200, 200), Rgb([50, 60, 70]));
    let setting = Setting {
        weight: Weight::Bold,
        size: 40.0,
        ink: Rgb([255; 3]),
        align: Align::Left,
        baseline: 40.0,
        lean: 2,
    };
    let area = Area::new(60, 50, 300, 52);
    LiveElement::on(
        &canvas,
        rotation,
        kind,
        area,
        setting,
        &mut Typesetter::new(),
    )
}

fn ms(text: &str) -> i64 {
    let local: DateTime = text.parse().expect("a local time");
    moment::moment_ms(local, &shanghai()).expect("a moment")
}

#[test]
fn the_clock_changes_on_the_minute() {
    let said = clock(NOW_MS, &shanghai()).expect("a time");
    assert_eq!(said.text, "18:05");
    assert_eq!(said.until_ms, Some(NOW_MS + 48_000));
    let later = clock(NOW_MS + 48_000, &shanghai()).expect("a time");
    assert_eq!(later.text, "18:06");
}

#[test]
fn the_date_changes_at_the_venues_midnight() {
    let said = date(NOW_MS, &shanghai(), LiveLanguage::Chinese).expect("a date");
    assert_eq!(said.text, "12月17日 周四");
    assert_eq!(said.until_ms, Some(ms("2026-12-18T00:00")));
    let english = date(NOW_MS, &shanghai(), LiveLanguage::English).expect("a date");
    assert_eq!(english.text, "Thu 17 Dec");
    // A day of 25 hours.
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
    let to: DateTime = "2026-10-25T00:30".parse().expect("a time");
    let now = moment::moment_ms(to, &zone).expect("a moment");
    let said = date(now, &zone, LiveLanguage::English).expect("a date");
    assert_eq!(said.until_ms, Some(now + (24 * 60 + 30) * 60_000));
}

#[test]
fn a_countdown_tells_what_is_left_and_ends() {
    let to = ms("2026-12-24T19:00");
    let at = |now: &str| countdown(ms(now), to, LiveLanguage::Chinese);
    assert_eq!(at("2026-12-17T18:05:12").text, "7天 00:55");
    assert_eq!(at("2026-12-23T19:00:00").text, "24:00:00");
    assert_eq!(at("2026-12-23T18:59:59").text, "1天 00:01");
    assert_eq!(at("2026-12-24T18:59:59").text, "00:00:01");
    assert_eq!(at("2026-12-24T19:00:00").text, "");
    assert_eq!(at("2026-12-24T19:00:00").until_ms, None);
    assert_eq!(
        at("2020-01-01T00:00:00").until_ms.map(|u| u % 60_000),
        Some(0)
    );
    // It always changes when it said so, and not before.
    let mut now = to - 3 * 86_400_000 - 12_345;
    for _ in 0..200 {
        let said = countdown(now, to, LiveLanguage::English);
        let until = said.until_ms.expect("goes on");
        assert!(until > now);
        assert_eq!(
            countdown(until - 1, to, LiveLanguage::English).text,
            said.text
        );
        assert_ne!(countdown(until, to, LiveLanguage::English).text, said.text);
        now = until
            + if now > to - 80_000_000 {
                0
            } else {
                86_000_000 / 50
            };
    }
}

#[test]
fn a_patch_comes_only_when_the_text_changes_and_covers_the_turned_element() {
    for rotation in [0, 90, 180, 270] {
        let time = Arc::new(SetClock(AtomicI64::new(NOW_MS)));
        let settings = settings(Arc::clone(&time), Arc::default());
        let element = element(LiveKind::Clock, rotation);
        let mut frame_source = element.frame_source(&settings);
        // Composed long before it is shown.
        time.0.store(NOW_MS + 3_600_000, Ordering::SeqCst);
        frame_source.begin();
        let mut due = Vec::new();
        let next = frame_source.advance(Duration::ZERO, &mut due);
        assert_eq!(due.len(), 1);
        assert_eq!(next, Some(LOOK_AGAIN), "48 s are cut into looks");
        let area = element.area.rotated(400, 200, rotation);
        assert!(due[0].plane == Plane::Still && due[0].area == area);
        assert_eq!(due[0].bytes.len(), (area.width * area.height * 4) as usize);
        // The ground comes along: both papers are beneath.
        for paper in [[50, 60, 70, 255], [20, 30, 40, 255]] {
            assert!(due[0].bytes.chunks_exact(4).any(|pixel| pixel == paper));
        }
        due.clear();
        time.0.fetch_add(30_000, Ordering::SeqCst);
        let next = frame_source.advance(Duration::from_secs(30), &mut due);
        assert!(due.is_empty());
        assert_eq!(next, Some(Duration::from_secs(48)));
        time.0.fetch_add(18_000, Ordering::SeqCst);
        frame_source.advance(Duration::from_secs(48), &mut due);
        assert_eq!(due.len(), 1);
    }
}

#[test]
fn without_a_trusted_clock_no_time_is_shown() {
    let time = Arc::new(SetClock(AtomicI64::new(-1)));
    let settings = settings(Arc::clone(&time), Arc::default());
    let clock = element(LiveKind::Clock, 0);
    let bare = clock.patch(clock.ground()).bytes;
    let mut frame_source = clock.frame_source(&settings);
    frame_source.begin();
    let mut due = Vec::new();
    assert_eq!(
        frame_source.advance(Duration::ZERO, &mut due),
        Some(LOOK_AGAIN)
    );
    assert!(due.iter().all(|patch| patch.bytes == bare));
    due.clear();
    time.0.store(NOW_MS, Ordering::SeqCst);
    frame_source.advance(LOOK_AGAIN, &mut due);
    assert!(
        due.len() == 1 && due[0].bytes != bare,
        "shown once it is known"
    );
}

#[test]
fn a_countdown_ends_in_its_words() {
    let to = "2026-12-17T18:05:14".parse().expect("a time");
    let kind = |done: Option<&str>| LiveKind::Countdown {
        to,
        done: done.map(str::to_owned),
        language: LiveLanguage::Chinese,
    };
    for done in [None, Some("现在开始 Now on")] {
        let time = Arc::new(SetClock(AtomicI64::new(NOW_MS)));
        let settings = settings(Arc::clone(&time), Arc::default());
        let element = element(kind(done), 0);
        let mut frame_source = element.frame_source(&settings);
        frame_source.begin();
        let mut shown = Vec::new();
        for second in 0..5 {
            let mut due = Vec::new();
            frame_source.advance(Duration::from_secs(second), &mut due);
            shown.extend(due.into_iter().map(|patch| patch.bytes));
            time.0.fetch_add(1_000, Ordering::SeqCst);
        }
        assert_eq!(shown.len(), 3, "two seconds and the end");
        let bare = element.patch(element.ground()).bytes;
        assert!(shown.iter().all(|bytes| *bytes != bare));
    }
}

#[test]
fn a_counter_rolls_to_its_next_number_and_rests() {
    let context = Arc::new(LiveContext::default());
    let set = |number: f64| {
        context
            .set("queue", Reading::Number(number))
            .expect("is taken");
    };
    let time = Arc::new(SetClock(AtomicI64::new(-1)));
    let settings = settings(time, Arc::clone(&context));
    let counter = element(
        LiveKind::Counter {
            name: "queue".to_owned(),
            unit: Some("桌".to_owned()),
        },
        90,
    );
    let mut frame_source = counter.frame_source(&settings);
    frame_source.begin();
    let step = |frame_source: &mut Box<dyn FrameSource>, at: Duration| {
        let mut due = Vec::new();
        let next = frame_source.advance(at, &mut due).expect("goes on");
        assert!(due.len() <= 1 && next > at, "{next:?} after {at:?}");
        (due.pop().map(|patch| patch.bytes), next)
    };
    let (first, next) = step(&mut frame_source, Duration::ZERO);
    assert!(first.is_some(), "a dash before the first reading");
    set(12.0);
    let (mut at, mut drawn, mut last) = (next, 0, None);
    let began = at;
    // The roll draws, then nothing more does.
    for _ in 0..60 {
        let (patch, next) = step(&mut frame_source, at);
        if let Some(bytes) = patch {
            drawn += 1;
            last = Some((bytes, at));
        }
        at = next;
    }
    let (settled, ended) = last.expect("it rolled");
    assert!((3..40).contains(&drawn), "{drawn}");
    assert!(
        ended - began <= Duration::from_millis(640),
        "{:?}",
        ended - began
    );
    // A fresh frame source shows the same picture at once.
    let mut fresh = counter.frame_source(&settings);
    fresh.begin();
    assert_eq!(step(&mut fresh, Duration::ZERO).0, Some(settled));
    // A reading that is too long, or of other letters, is shown as far as there is room.
    for reading in ["三号窗口请取餐，谢谢您的耐心等待", "🎉", ""] {
        context
            .set("queue", Reading::Text(reading.to_owned()))
            .expect("is taken");
        let mut fresh = counter.frame_source(&settings);
        fresh.begin();
        assert!(step(&mut fresh, Duration::ZERO).0.is_some());
    }
}

#[test]
fn several_reels_ask_for_the_earliest_turn() {
    let time = Arc::new(SetClock(AtomicI64::new(NOW_MS)));
    let settings = settings(time, Arc::default());
    let countdown = LiveKind::Countdown {
        to: "2026-12-17T19:00".parse().expect("a time"),
        done: None,
        language: LiveLanguage::English,
    };
    let frame_sources =
        [LiveKind::Clock, countdown].map(|kind| element(kind, 0).frame_source(&settings));
    let mut frame_sources = FrameSources::joined(frame_sources.into()).expect("two");
    frame_sources.begin();
    let mut due = Vec::new();
    let next = frame_sources.advance(Duration::ZERO, &mut due);
    assert_eq!((due.len(), next), (2, Some(Duration::from_secs(1))));
    assert!(FrameSources::joined(Vec::new()).is_none());
}
