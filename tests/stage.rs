//! The stage as the player sees it: real rendering on whatever Vulkan there is, real files, real
//! windows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod frames;

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use passerby::stage::{self, CaptureConfig, StageConfig, StageError, StageSender, StageTime};
use passerby_compose::slide::{Caption, Slide};
use passerby_playout::code::qr::{QUIET_MODULES, QrMatrix};
use passerby_playout::messages::stage_messages::{
    Snapshot, StageCommand, StageEvent, Ticket, Transition,
};
use passerby_playout::screen::area::Area;
use passerby_playout::screen::geometry::Zone;
use passerby_testing::required_program;

const WIDTH_PX: u32 = 640;
const HEIGHT_PX: u32 = 360;
/// Long enough for a software GPU on a busy machine; never waited for when things work.
const PATIENCE: Duration = Duration::from_secs(600);

fn boot_ms() -> u64 {
    // Any monotonic clock will do here.
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap()
}

fn config(size: (u32, u32)) -> StageConfig {
    StageConfig {
        offscreen: true,
        size: Some(size),
        capture: None,
        title: "test".into(),
        run_for: None,
        background: [0; 3],
        time: StageTime::Real {
            boot_clock: boot_ms,
        },
        observer: None,
    }
}

fn whole((width_px, height_px): (u32, u32)) -> Area {
    Area::new(0, 0, width_px, height_px)
}

/// Where slides that have room for one show their code.
const CARD: Area = Area::new(20, 16, CARD_PX, CARD_PX);
/// 25 modules and the quiet zone, 4 pixels each.
const CARD_PX: u32 = (25 + 2 * 4) * 4;

fn url(number: u32) -> String {
    format!("HTTPS://HUB.EXAMPLE/Q/{number}")
}

/// Tells what a pixel of the card shows.
fn card_pixel(matrix: &QrMatrix, x: u32, y: u32) -> [u8; 4] {
    let at = |along: u32| (along / 4).checked_sub(QUIET_MODULES);
    let dark = at(x).zip(at(y)).is_some_and(|(x, y)| matrix.is_dark(x, y));
    if dark { [0, 0, 0, 255] } else { [255; 4] }
}

/// A colour of its own for every slide, its code if there is room, and black and white bars in the
/// lower half that spell its number.
fn slide(number: u32, (width_px, height_px): (u32, u32)) -> Slide {
    let colour = [
        u8::try_from(number * 53 % 200 + 40).unwrap(),
        u8::try_from(number * 97 % 200 + 40).unwrap(),
        u8::try_from(number * 29 % 200 + 40).unwrap(),
        255,
    ];
    let matrix = QrMatrix::encode(&url(number)).unwrap();
    assert_eq!((matrix.modules() + 2 * QUIET_MODULES) * 4, CARD_PX);
    let has_code = width_px >= 320 && height_px >= 2 * CARD.bottom();
    let mut rgba = Vec::with_capacity((width_px * height_px * 4) as usize);
    for y in 0..height_px {
        for x in 0..width_px {
            if has_code
                && (CARD.x..CARD.right()).contains(&x)
                && (CARD.y..CARD.bottom()).contains(&y)
            {
                rgba.extend_from_slice(&card_pixel(&matrix, x - CARD.x, y - CARD.y));
                continue;
            }
            let bar = (number >> (x / 3 % 8)) & 1 == 1;
            rgba.extend_from_slice(match (y > height_px / 2, bar) {
                (false, _) => &colour,
                (true, true) => &[0, 0, 0, 255],
                (true, false) => &[255; 4],
            });
        }
    }
    let caption = Caption {
        campaign: "test".into(),
        creative: format!("slide-{number}"),
        play: Some(number),
        url: has_code.then(|| url(number)),
    };
    let mut slide = Slide::still(width_px, height_px, rgba, caption);
    slide.card = has_code.then_some(CARD);
    slide
}

/// The pixels of the card and those of everything else, a row after the other.
fn parted(rgba: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut card, mut rest) = (Vec::new(), Vec::new());
    for (y, row) in (0..).zip(rgba.chunks_exact(WIDTH_PX as usize * 4)) {
        if (CARD.y..CARD.bottom()).contains(&y) {
            let (from, to) = (CARD.x as usize * 4, CARD.right() as usize * 4);
            card.extend_from_slice(&row[from..to]);
            rest.extend_from_slice(&row[..from]);
            rest.extend_from_slice(&row[to..]);
        } else {
            rest.extend_from_slice(row);
        }
    }
    (card, rest)
}

/// The player's side of the seam.
struct Player {
    stage: StageSender,
    events: Receiver<StageEvent>,
}

impl Player {
    fn send(&self, command: StageCommand<Slide>) {
        self.stage.send(command).ok().unwrap();
    }

    fn await_event(&self) -> StageEvent {
        self.events
            .recv_timeout(PATIENCE)
            .expect("the stage says something")
    }

    fn await_size(&self) -> (u32, u32) {
        match self.await_event() {
            StageEvent::Sized {
                width_px,
                height_px,
            } => (width_px, height_px),
            other => panic!("expected the size, got {other:?}"),
        }
    }

    fn show(&self, number: u32, size: (u32, u32), fade: Duration) -> u64 {
        let ticket = Ticket(u64::from(number));
        self.send(StageCommand::Load {
            ticket,
            zone: Zone::MAIN,
            area: whole(size),
            slide: slide(number, size),
        });
        assert_eq!(self.await_event(), StageEvent::Loaded(ticket));
        self.send(StageCommand::Swap {
            ticket,
            transition: Transition::fade(fade),
        });
        match self.await_event() {
            StageEvent::Presented {
                ticket: shown,
                boot_ms,
            } => {
                assert_eq!(shown, ticket);
                boot_ms
            }
            other => panic!("expected slide {number} to be presented, got {other:?}"),
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (reply, answer) = bounded(1);
        self.send(StageCommand::Snapshot(reply));
        answer.recv_timeout(PATIENCE).expect("a snapshot comes")
    }

    /// Waits until the screen shows a slide to the last pixel.
    fn await_picture(&self, number: u32, size: (u32, u32)) {
        let wanted = slide(number, size);
        let deadline = Instant::now() + PATIENCE;
        while self.snapshot().rgba != wanted.rgba {
            assert!(Instant::now() < deadline, "slide {number} never came fully");
        }
    }
}

/// Runs a stage here and a player's script beside it.
fn play(
    config: StageConfig,
    script: impl FnOnce(&Player) + Send + 'static,
) -> Result<(), StageError> {
    let (sender, inbox) = stage::channel(16);
    let (event_sender, events) = bounded(16);
    let player = thread::spawn(move || {
        let player = Player {
            stage: sender,
            events,
        };
        script(&player);
        // Gone already when the script closed it.
        let _ = player.stage.send(StageCommand::Quit);
    });
    let outcome = stage::run(config, inbox, event_sender);
    player.join().unwrap();
    outcome
}

fn linear(value: u8) -> f64 {
    let v = f64::from(value) / 255.0;
    if v <= 0.04045 {
        v / 12.92
    } else {
        ((v + 0.055) / 1.055).powf(2.4)
    }
}

fn encoded(value: f64) -> f64 {
    255.0
        * if value <= 0.003_130_8 {
            value * 12.92
        } else {
            1.055 * value.powf(1.0 / 2.4) - 0.055
        }
}

/// The largest difference to the best mix of two pictures, in levels of 255.
fn distance_to_mix(picture: &[u8], old: &[u8], new: &[u8]) -> f64 {
    // Flat colours make few distinct cases out of very many pixels.
    let cases: BTreeSet<(u8, u8, u8)> = old
        .iter()
        .zip(new)
        .zip(picture)
        .map(|((old, new), seen)| (*old, *new, *seen))
        .collect();
    let worst = |share: f64| {
        cases.iter().fold(0.0, |worst: f64, (old, new, seen)| {
            let mix = linear(*old) * (1.0 - share) + linear(*new) * share;
            worst.max((encoded(mix) - f64::from(*seen)).abs())
        })
    };
    // One share has to explain every pixel.
    (0..=10_000)
        .map(|n| worst(f64::from(n) / 10_000.0))
        .fold(f64::INFINITY, f64::min)
}

fn read_png(path: &Path) -> Vec<u8> {
    image::open(path).unwrap().to_rgba8().into_raw()
}

/// How many of the frames that were captured so far are of a kind.
fn count_frames(folder: &Path, is_it: impl Fn(&serde_json::Value) -> bool) -> usize {
    let index = std::fs::read_to_string(folder.join("frames.jsonl")).unwrap_or_default();
    let notes = index
        .lines()
        .map_while(|line| serde_json::from_str(line).ok());
    notes.filter(is_it).count()
}

#[test]
fn captured_frames_are_slides_or_mixes_of_two_slides() {
    const SIZE: (u32, u32) = (WIDTH_PX, HEIGHT_PX);
    let dir = tempfile::tempdir().unwrap();
    let frames = dir.path().join("frames");
    let config = StageConfig {
        capture: Some(CaptureConfig {
            dir: frames.clone(),
            every: Duration::from_millis(50),
        }),
        ..config(SIZE)
    };
    let captured = frames.clone();
    play(config, move |player| {
        assert_eq!(player.await_size(), SIZE);
        let (mut last_ms, mut number, mut mixed) = (0, 0, 0);
        let mut fade = Duration::from_millis(200);
        while number < 12 || mixed < 6 {
            number += 1;
            assert!(number <= 60, "only {mixed} frames in transitions");
            let shown_ms = player.show(number, SIZE, fade);
            assert!(shown_ms >= last_ms, "time runs forwards");
            last_ms = shown_ms;
            player.await_picture(number, SIZE);
            // Stays up until it was captured, as a real slide does.
            let deadline = Instant::now() + PATIENCE;
            while count_frames(&captured, |note| {
                note["play"] == number && note["transition"] == false
            }) == 0
            {
                assert!(Instant::now() < deadline, "slide {number} is not captured");
                thread::sleep(Duration::from_millis(10));
            }
            let seen = count_frames(&captured, |note| note["transition"] == true);
            // A machine that takes its time needs longer transitions to catch one.
            if seen == mixed {
                fade *= 2;
            }
            mixed = seen;
        }
    })
    .unwrap();

    let index = std::fs::read_to_string(frames.join("frames.jsonl")).unwrap();
    let (mut steady, mut mixed) = (0, 0);
    let mut last_t = None;
    for line in index.lines() {
        let note: serde_json::Value = serde_json::from_str(line).unwrap();
        let picture = read_png(&frames.join(note["file"].as_str().unwrap()));
        let number = u32::try_from(note["play"].as_u64().unwrap()).unwrap();
        assert_eq!(note["creative"], format!("slide-{number}"));
        assert_eq!(note["url"], url(number));
        assert_eq!(note["campaign"], "test");
        assert!(note["t_ms"].as_u64() > last_t, "frames are in order");
        last_t = note["t_ms"].as_u64();
        let new = slide(number, SIZE).rgba;
        if note["transition"].as_bool().unwrap() {
            mixed += 1;
            // In its first half a transition bears the old slide's name.
            let before = match number {
                1 => [0, 0, 0, 255].repeat(new.len() / 4),
                _ => slide(number - 1, SIZE).rgba,
            };
            let others = [before, slide(number + 1, SIZE).rgba];
            let ((card, rest), (new_card, new)) = (parted(&picture), parted(&new));
            // Codes are never mixed: the named one is there, whole, or that which it replaces or
            // which replaces it.
            let whole = others.iter().any(|other| parted(other).0 == card);
            assert!(card == new_card || whole, "{line}: no code is whole");
            let distance = others
                .iter()
                .map(|other| distance_to_mix(&rest, &parted(other).1, &new))
                .fold(f64::INFINITY, f64::min);
            assert!(distance < 1.5, "{line}: {distance} levels off any mix");
        } else {
            steady += 1;
            assert!(picture == new, "{line}: not exactly its slide");
        }
    }
    println!("{steady} steady frames, {mixed} in transition");
    assert!(steady >= 12 && mixed >= 6, "{steady} steady, {mixed} mixed");
    let pngs = std::fs::read_dir(&frames).unwrap().count() - 1;
    assert_eq!(pngs, steady + mixed, "every picture has its line");
    let tally = frames::read_capture(&frames);
    assert_eq!(tally.steady, steady as u64);
    assert!(tally.codes >= tally.steady, "{tally}");
}

#[test]
fn commands_in_any_order_never_break_the_stage() {
    const SIZE: (u32, u32) = (64, 48);
    play(config(SIZE), |player| {
        player.await_size();
        // Unknown tickets.
        player.send(StageCommand::Swap {
            ticket: Ticket(99),
            transition: Transition::CUT,
        });
        player.send(StageCommand::Drop { ticket: Ticket(98) });
        // Slides that cannot be textures.
        for (ticket, bad) in [
            (
                90,
                Slide {
                    rgba: vec![0; 7],
                    ..slide(1, SIZE)
                },
            ),
            (
                91,
                Slide {
                    width_px: 0,
                    ..slide(1, SIZE)
                },
            ),
            (
                92,
                Slide {
                    width_px: 1 << 30,
                    height_px: 1,
                    ..slide(1, SIZE)
                },
            ),
        ] {
            player.send(StageCommand::Load {
                ticket: Ticket(ticket),
                zone: Zone::MAIN,
                area: whole(SIZE),
                slide: bad,
            });
            let refused = StageEvent::Refused(Ticket(ticket));
            assert_eq!(player.await_event(), refused);
        }
        player.send(StageCommand::Load {
            ticket: Ticket(93),
            zone: Zone::MAIN,
            area: Area::default(),
            slide: slide(1, SIZE),
        });
        assert_eq!(player.await_event(), StageEvent::Refused(Ticket(93)));
        player.show(1, SIZE, Duration::ZERO);
        player.await_picture(1, SIZE);
        // A swap in the middle of a fade ends that fade.
        player.show(2, SIZE, Duration::from_secs(3600));
        player.show(3, SIZE, Duration::ZERO);
        player.await_picture(3, SIZE);
        // Swap right behind load, without waiting.
        player.send(StageCommand::Load {
            ticket: Ticket(4),
            zone: Zone::MAIN,
            area: whole(SIZE),
            slide: slide(4, SIZE),
        });
        player.send(StageCommand::Swap {
            ticket: Ticket(4),
            transition: Transition::CUT,
        });
        assert_eq!(player.await_event(), StageEvent::Loaded(Ticket(4)));
        assert!(matches!(
            player.await_event(),
            StageEvent::Presented {
                ticket: Ticket(4),
                ..
            }
        ));
        // A dropped slide is not shown.
        player.send(StageCommand::Load {
            ticket: Ticket(5),
            zone: Zone::MAIN,
            area: whole(SIZE),
            slide: slide(5, SIZE),
        });
        assert_eq!(player.await_event(), StageEvent::Loaded(Ticket(5)));
        player.send(StageCommand::Drop { ticket: Ticket(5) });
        player.send(StageCommand::Swap {
            ticket: Ticket(5),
            transition: Transition::CUT,
        });
        player.await_picture(4, SIZE);
    })
    .unwrap();
}

#[test]
fn commands_sent_before_the_stage_starts_are_kept() {
    const SIZE: (u32, u32) = (64, 48);
    let (sender, inbox) = stage::channel(16);
    let (event_sender, events) = bounded(16);
    sender
        .send(StageCommand::Load {
            ticket: Ticket(1),
            zone: Zone::MAIN,
            area: whole(SIZE),
            slide: slide(1, SIZE),
        })
        .ok()
        .unwrap();
    let player = thread::spawn(move || {
        let player = Player {
            stage: sender,
            events,
        };
        let mut loaded = false;
        while !loaded {
            loaded = player.await_event() == StageEvent::Loaded(Ticket(1));
        }
        player.send(StageCommand::Quit);
    });
    stage::run(config(SIZE), inbox, event_sender).unwrap();
    player.join().unwrap();
}

#[test]
fn stage_ends_when_its_time_is_over_or_its_player_is_gone() {
    let (sender, inbox) = stage::channel(1);
    let (event_sender, _events) = bounded(1);
    let config_timed = StageConfig {
        run_for: Some(Duration::from_millis(300)),
        ..config((64, 48))
    };
    stage::run(config_timed, inbox, event_sender.clone()).unwrap();
    assert!(sender.send(StageCommand::Quit).is_err());

    let (sender, inbox) = stage::channel(1);
    drop(sender);
    stage::run(config((64, 48)), inbox, event_sender).unwrap();
}

#[test]
fn show_goes_on_when_the_capture_folder_cannot_be_written() {
    const SIZE: (u32, u32) = (64, 48);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a-file");
    std::fs::write(&file, "in the way").unwrap();
    let config = StageConfig {
        capture: Some(CaptureConfig {
            dir: file.join("frames"),
            every: Duration::from_millis(10),
        }),
        ..config(SIZE)
    };
    play(config, |player| {
        player.await_size();
        for number in 1..=3 {
            player.show(number, SIZE, Duration::from_millis(50));
            player.await_picture(number, SIZE);
        }
    })
    .unwrap();
}

#[test]
fn a_size_that_no_gpu_draws_is_an_error() {
    let error = play(config((0, 100)), |_| {}).unwrap_err();
    assert!(matches!(error, StageError::Size { .. }), "{error}");
}

/// An X server of our own, without a window manager.
struct Xvfb {
    server: Child,
    display: String,
    screen: tempfile::TempDir,
}

impl Xvfb {
    fn start(screen: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Command::new(required_program("Xvfb"))
            .arg("-fbdir")
            .arg(dir.path())
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                screen,
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            server,
            display: format!(":{}", line.trim()),
            screen: dir,
        }
    }

    /// Runs the probe on this display and returns what it printed.
    fn probe(&self, args: &[&str], variables: &[(&str, &str)]) -> HashMap<String, String> {
        let output = probe()
            .args(args)
            .envs(variables.iter().copied())
            .arg("--framebuffer")
            .arg(self.screen.path().join("Xvfb_screen0"))
            .env("DISPLAY", &self.display)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        println!("{text}{errors}");
        assert!(output.status.success(), "{errors}");
        text.lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn probe() -> Command {
    // Cargo builds examples beside the tests: target/debug/deps/this-test,
    // target/debug/examples/stage_probe.
    let here = std::env::current_exe().unwrap();
    let target = here.parent().and_then(Path::parent).unwrap();
    let mut command = Command::new(target.join("examples/stage_probe"));
    command
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET");
    command
}

#[test]
fn window_fills_the_screen_shows_exact_pixels_and_then_rests() {
    let screen = Xvfb::start("1280x720x24");
    let seen = screen.probe(&["--slides", "3", "--idle-s", "10"], &[]);
    assert_eq!(seen["sized"], "1280x720");
    assert_eq!(seen["snapshot_exact"], "true");
    assert_eq!(seen["screen_exact"], "true");
    let idle_percent: f64 = seen["idle_cpu_percent"].parse().unwrap();
    assert!(idle_percent < 3.0, "idle at {idle_percent} % of a core");
}

#[test]
fn window_fills_screens_of_other_sizes_without_a_window_manager() {
    let screen = Xvfb::start("1024x600x24");
    let seen = screen.probe(&["--slides", "2"], &[]);
    assert_eq!(seen["sized"], "1024x600");
    assert_eq!(seen["snapshot_exact"], "true");
    assert_eq!(seen["screen_exact"], "true");
    let seen = screen.probe(&["--slides", "2", "--size", "500x333"], &[]);
    assert_eq!(seen["sized"], "500x333");
    assert_eq!(seen["snapshot_exact"], "true");
    assert_eq!(seen["screen_exact"], "true");
}

#[test]
fn one_module_is_whole_pixels_of_the_window_on_any_display_scale() {
    const LINK: &str = "HTTPS://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let matrix = QrMatrix::encode(LINK).unwrap();
    let across = matrix.modules() + 2 * QUIET_MODULES;
    let dir = tempfile::tempdir().unwrap();
    for (scale, screen, size) in [
        ("1", "1280x720x24", None),
        ("1.5", "1280x720x24", None),
        ("2", "1366x768x24", None),
        ("1.5", "1280x720x24", Some("801x599")),
    ] {
        let xvfb = Xvfb::start(screen);
        let shot = dir.path().join("shot.png");
        let mut args = vec!["--slides", "1", "--code", LINK, "--shot"];
        args.push(shot.to_str().unwrap());
        if let Some(size) = size {
            args.extend(["--size", size]);
        }
        let seen = xvfb.probe(&args, &[("WINIT_X11_SCALE_FACTOR", scale)]);
        let wanted = size.unwrap_or(screen.trim_end_matches("x24"));
        assert_eq!(seen["sized"], wanted, "real pixels at scale {scale}");
        assert_eq!(seen["screen_exact"], "true", "scale {scale}");

        // What the X server shows, not what was handed to it.
        let picture = image::open(&shot).unwrap().to_rgba8();
        let numbers: Vec<u32> = seen["card"]
            .split(' ')
            .map(|n| n.parse().unwrap())
            .collect();
        let (left, top, card_px) = (numbers[0], numbers[1], numbers[2]);
        assert_eq!(card_px % across, 0, "whole pixels at scale {scale}");
        let module_px = card_px / across;
        for y in 0..card_px {
            for x in 0..card_px {
                let inside = |at: u32| (at / module_px).checked_sub(QUIET_MODULES);
                let dark = inside(x)
                    .zip(inside(y))
                    .is_some_and(|(x, y)| matrix.is_dark(x, y));
                let round = |at: u32| at < module_px || at >= card_px - module_px;
                if round(x) && round(y) {
                    continue;
                }
                let wanted = if dark { 0 } else { 255 };
                let pixel = picture.get_pixel(left + x, top + y).0;
                assert_eq!(pixel, [wanted, wanted, wanted, 255], "{scale}: {x}, {y}");
            }
        }
        let link = BTreeSet::from([LINK.to_owned()]);
        frames::expect_codes(picture.width(), picture.as_raw(), &link, scale);
    }
}

#[test]
fn a_resized_window_is_measured_and_filled_again() {
    let screen = Xvfb::start("1280x720x24");
    let mut child = probe()
        .args(["--slides", "1", "--size", "500x300", "--resizes", "2"])
        .env("DISPLAY", &screen.display)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen = Vec::new();
    for (width, height) in [(640, 400), (333, 222)] {
        let line = lines.find(|line| line.as_ref().unwrap() == "waiting for_a_resize");
        assert!(line.is_some(), "the probe waits");
        resize_window(&screen.display, width, height);
        let refit = lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.starts_with("refit"));
        seen.push(refit.unwrap());
    }
    assert_eq!(seen, ["refit 640x400 true", "refit 333x222 true"]);
    assert!(child.wait().unwrap().success());
}

/// Gives the only window with this title another size, as a window manager would.
fn resize_window(display: &str, width: u32, height: u32) {
    use x11rb::connection::Connection;
    use x11rb::protocol::xproto::{AtomEnum, ConfigureWindowAux, ConnectionExt};

    let (server, screen) = x11rb::connect(Some(display)).unwrap();
    let root = server.setup().roots[screen].root;
    let windows = server.query_tree(root).unwrap().reply().unwrap().children;
    let ours = windows.into_iter().find(|window| {
        let name = AtomEnum::WM_NAME;
        let title = server.get_property(false, *window, name, AtomEnum::ANY, 0, 100);
        title
            .unwrap()
            .reply()
            .is_ok_and(|title| title.value == b"stage probe")
    });
    let size = ConfigureWindowAux::new().width(width).height(height);
    let asked = server.configure_window(ours.unwrap(), &size).unwrap();
    asked.check().unwrap();
}

#[test]
fn a_display_that_goes_away_ends_the_stage_with_its_own_status() {
    // At rest, and in the middle of a transition.
    for (args, then) in [
        (
            ["--fade-ms", "0", "--idle-s", "3600"],
            "snapshot_exact true",
        ),
        (["--fade-ms", "3600000", "--idle-s", "0"], "presented 1"),
    ] {
        let mut screen = Xvfb::start("640x360x24");
        let mut child = probe()
            .args(["--slides", "2"])
            .args(args)
            .env("DISPLAY", &screen.display)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == then), "{then}");
        screen.server.kill().unwrap();
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it goes on without a display");
            thread::sleep(Duration::from_millis(50));
        };
        let mut errors = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        assert_eq!(status.code(), Some(3), "{errors}");
        assert!(errors.contains("the display is gone"), "{errors}");
    }
}

#[test]
fn window_without_a_display_says_how_to_get_one() {
    for display in [None, Some(":4711")] {
        let mut command = probe();
        command.env_remove("DISPLAY");
        if let Some(display) = display {
            command.env("DISPLAY", display);
        }
        let output = command.output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(errors.contains("--offscreen"), "{errors}");
        assert!(!errors.contains("panicked"), "{errors}");
    }
}

#[test]
fn machine_without_a_gpu_driver_says_what_to_install() {
    let output = probe()
        .args(["--offscreen", "--size", "64x48"])
        .env("WGPU_BACKEND", "vulkan")
        .env("VK_DRIVER_FILES", "/nonexistent")
        .env("VK_ICD_FILENAMES", "/nonexistent")
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(errors.contains("mesa-vulkan-drivers"), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
}
