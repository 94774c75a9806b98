//! Puts slides on the stage and prints what the stage did, one `name value` a line.
//!
//! ```text
//! stage_probe [--draw cpu|gpu] [--offscreen] [--size 1280x720] [--slides 3] [--fade-ms 400]
//!             [--idle-s 10] [--capture DIR] [--framebuffer FILE] [--resizes N]
//!             [--code LINK] [--shot FILE] [--wanted FILE]
//! ```
//!
//! The framebuffer is what `Xvfb -fbdir` keeps its screen in; N is how often somebody else will
//! resize the window. With a link the slides are the built-in screen with its code, and what the
//! framebuffer shows of the last one goes into a PNG file. Another one takes the last slide as it
//! should be shown.
//!
//! `tests/stage` runs it under Xvfb, because a window wants a main thread of its own.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crossbeam_channel::{Receiver, bounded};
use passerby::stage::{self, CaptureConfig, DrawWith, StageConfig, StageSender, StageTime};
use passerby_compose::SlideComposer;
use passerby_compose::slide::{Caption, Slide};
use passerby_playout::code::issuer::CodeOrder;
use passerby_playout::content::creative::Creative;
use passerby_playout::messages::stage_messages::{
    Composer, SlideOrder, StageCommand, StageEvent, Ticket, Transition,
};
use passerby_playout::screen::area::Area;
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_protocol::campaign::{Colours, Corner, Motion};

const PATIENCE: Duration = Duration::from_secs(600);

/// A stage that uses less of a core than this rests.
const IDLE_PERCENT: f64 = 3.0;

struct Script {
    slides: u32,
    fade: Duration,
    idle: Duration,
    framebuffer: Option<PathBuf>,
    resizes: u32,
    code: Option<String>,
    shot: Option<PathBuf>,
    wanted: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let mut config = StageConfig {
        draw_with: DrawWith::Cpu,
        offscreen: false,
        size: None,
        capture: None,
        title: "stage probe".into(),
        run_for: None,
        cuts_when_slow: false,
        background: [0; 3],
        time: StageTime::Real {
            boot_clock: boot_ms,
        },
        observer: None,
    };
    let mut script = Script {
        slides: 3,
        fade: Duration::from_millis(400),
        idle: Duration::ZERO,
        framebuffer: None,
        resizes: 0,
        code: None,
        shot: None,
        wanted: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let mut value = || args.next().with_context(|| format!("{flag} wants a value"));
        match flag.as_str() {
            "--offscreen" => config.offscreen = true,
            "--draw" => {
                config.draw_with = match value()?.as_str() {
                    "cpu" => DrawWith::Cpu,
                    "gpu" => DrawWith::Gpu,
                    other => bail!("--draw {other}"),
                }
            }
            "--size" => {
                let value = value()?;
                let (width, height) = value.split_once('x').context("--size 1280x720")?;
                config.size = Some((width.parse()?, height.parse()?));
            }
            "--slides" => script.slides = value()?.parse()?,
            "--fade-ms" => script.fade = Duration::from_millis(value()?.parse()?),
            "--idle-s" => script.idle = Duration::from_secs(value()?.parse()?),
            "--resizes" => script.resizes = value()?.parse()?,
            "--framebuffer" => script.framebuffer = Some(value()?.into()),
            "--code" => script.code = Some(value()?),
            "--shot" => script.shot = Some(value()?.into()),
            "--wanted" => script.wanted = Some(value()?.into()),
            "--capture" => {
                config.capture = Some(CaptureConfig {
                    dir: value()?.into(),
                    every: Duration::from_millis(100),
                });
            }
            _ => bail!("unknown flag {flag}"),
        }
    }

    let (sender, inbox) = stage::channel(16);
    let (event_sender, events) = bounded(64);
    let player = thread::spawn(move || {
        let outcome = play(&script, &sender, &events);
        // The stage may have closed already.
        let _ = sender.send(StageCommand::Quit);
        outcome
    });
    if let Err(error) = stage::run(config, inbox, event_sender) {
        eprintln!("{error}");
        // The status of the terminal itself.
        return Ok(ExitCode::from(3));
    }
    match player.join() {
        Ok(outcome) => outcome.map(|()| ExitCode::SUCCESS),
        Err(_) => bail!("the player panicked"),
    }
}

fn play(script: &Script, stage: &StageSender, events: &Receiver<StageEvent>) -> anyhow::Result<()> {
    let StageEvent::Sized {
        width_px,
        height_px,
    } = events.recv_timeout(PATIENCE)?
    else {
        bail!("the size comes first");
    };
    println!("sized {width_px}x{height_px}");
    let memory_kb = rss_kb()?;
    let started = Instant::now();
    let cpu = cpu_ticks()?;
    for number in 0..script.slides {
        let ticket = Ticket(number.into());
        send(
            stage,
            StageCommand::Load {
                ticket,
                zone: Zone::MAIN,
                area: Area::new(0, 0, width_px, height_px),
                slide: script.slide(number, width_px, height_px)?,
            },
        )?;
        expect(events, |event| *event == StageEvent::Loaded(ticket))?;
        send(
            stage,
            StageCommand::Swap {
                ticket,
                transition: Transition::fade(script.fade),
            },
        )?;
        expect(
            events,
            |event| matches!(event, StageEvent::Presented { ticket: t, .. } if *t == ticket),
        )?;
        println!("presented {number}");
    }
    thread::sleep(script.fade);
    println!("slides_ms {}", started.elapsed().as_millis());
    println!("slides_cpu_ticks {}", cpu_ticks()? - cpu);

    let last = script.slide(script.slides.saturating_sub(1), width_px, height_px)?;
    if let Some(code_square) = last.code_square {
        println!(
            "code_square {} {} {}",
            code_square.x, code_square.y, code_square.width
        );
    }
    if let Some(wanted) = &script.wanted {
        keep(wanted, &last.rgba, width_px, height_px)?;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (reply, answer) = bounded(1);
        send(stage, StageCommand::Snapshot(reply))?;
        if answer.recv_timeout(PATIENCE)?.rgba == last.rgba {
            println!("snapshot_exact true");
            break;
        }
        if Instant::now() > deadline {
            println!("snapshot_exact false");
            break;
        }
    }
    if let Some(file) = &script.framebuffer {
        let deadline = Instant::now() + PATIENCE;
        while read_screen(file, width_px, height_px)? != last.rgba && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(50));
        }
        let exact = read_screen(file, width_px, height_px)? == last.rgba;
        println!("screen_exact {exact}");
        if let Some(shot) = &script.shot {
            let seen = read_screen(file, width_px, height_px)?;
            keep(shot, &seen, width_px, height_px)?;
        }
    }
    for resize in 0..script.resizes {
        println!("waiting for_a_resize");
        let (width_px, height_px) = loop {
            match events.recv_timeout(PATIENCE)? {
                StageEvent::Sized {
                    width_px,
                    height_px,
                } => break (width_px, height_px),
                event => println!("event {event:?}"),
            }
        };
        let number = script.slides + resize;
        let ticket = Ticket(number.into());
        let area = Area::new(0, 0, width_px, height_px);
        let wanted = script.slide(number, width_px, height_px)?;
        send(
            stage,
            StageCommand::Load {
                ticket,
                zone: Zone::MAIN,
                area,
                slide: script.slide(number, width_px, height_px)?,
            },
        )?;
        expect(events, |event| *event == StageEvent::Loaded(ticket))?;
        let transition = Transition::CUT;
        send(stage, StageCommand::Swap { ticket, transition })?;
        let deadline = Instant::now() + PATIENCE;
        let exact = loop {
            let (reply, answer) = bounded(1);
            send(stage, StageCommand::Snapshot(reply))?;
            let seen = answer.recv_timeout(PATIENCE)?.rgba;
            let exact = seen == wanted.rgba;
            if exact || Instant::now() > deadline {
                break exact;
            }
        };
        println!("refit {width_px}x{height_px} {exact}");
    }
    println!("rss_growth_kb {}", rss_kb()? - memory_kb);
    println!("drivers {}", drivers()?);

    if !script.idle.is_zero() {
        // What the last frame left behind is not idling yet; on a busy machine that takes longer.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let before = cpu_ticks()?;
            thread::sleep(script.idle);
            // A tick is 10 ms on every Linux that Rust runs on.
            let busy_ms = (cpu_ticks()? - before) * 10;
            let percent = 100.0 * busy_ms as f64 / script.idle.as_millis() as f64;
            println!("idle_cpu_percent {percent:.2}");
            if percent < IDLE_PERCENT || Instant::now() > deadline {
                break;
            }
        }
        for event in events.try_iter() {
            println!("event {event:?}");
        }
    }
    Ok(())
}

/// Writes pixels into a PNG file.
fn keep(file: &Path, rgba: &[u8], width_px: u32, height_px: u32) -> anyhow::Result<()> {
    let colours = image::ColorType::Rgba8;
    Ok(image::save_buffer(
        file, rgba, width_px, height_px, colours,
    )?)
}

fn send(stage: &StageSender, command: StageCommand<Slide>) -> anyhow::Result<()> {
    stage.send(command).ok().context("the stage is gone")
}

fn expect(
    events: &Receiver<StageEvent>,
    wanted: impl Fn(&StageEvent) -> bool,
) -> anyhow::Result<()> {
    loop {
        let event = events.recv_timeout(PATIENCE)?;
        if wanted(&event) {
            return Ok(());
        }
        println!("event {event:?}");
        if event == StageEvent::Closed {
            bail!("the stage has closed");
        }
    }
}

impl Script {
    fn slide(&self, number: u32, width_px: u32, height_px: u32) -> anyhow::Result<Slide> {
        match &self.code {
            Some(link) => built_in(link, width_px, height_px),
            None => Ok(pattern(number, width_px, height_px)),
        }
    }
}

/// The built-in screen with the code of a link.
fn built_in(link: &str, width_px: u32, height_px: u32) -> anyhow::Result<Slide> {
    let order = SlideOrder {
        play: None,
        ticket: Ticket(0),
        zone: Zone::MAIN,
        creative: Creative::House,
        motion: Motion::Still,
        sound: false,
        dwell: None,
        campaign: "probe".into(),
        headline: None,
        code: Some(CodeOrder {
            url: link.into(),
            call: "扫码 Scan".into(),
            leads_to: "hub.example".into(),
            corner: Corner::BottomRight,
        }),
        colours: Colours::default(),
    };
    let composed =
        SlideComposer::default().compose(&order, &Geometry::whole(width_px, height_px))?;
    Ok(composed.slide)
}

/// A gradient with a fine pattern, different for every number.
fn pattern(number: u32, width_px: u32, height_px: u32) -> Slide {
    let mut rgba = Vec::with_capacity(width_px as usize * height_px as usize * 4);
    for y in 0..height_px {
        for x in 0..width_px {
            let bar = if (x / 4 + number).is_multiple_of(3) && y > height_px / 2 {
                255
            } else {
                0
            };
            rgba.extend_from_slice(&[
                (x * 255 / width_px) as u8,
                (y * 255 / height_px) as u8 | bar,
                (number * 71 % 256) as u8,
                255,
            ]);
        }
    }
    Slide::still(
        width_px,
        height_px,
        rgba,
        Caption {
            campaign: "probe".into(),
            creative: format!("{number}"),
            play: Some(number),
            url: None,
        },
    )
}

fn boot_ms() -> u64 {
    std::fs::read_to_string("/proc/uptime")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
        .map_or(0, |seconds| (seconds * 1000.0) as u64)
}

/// Reads the top left of an X screen from an XWD file: big-endian header, colour map, then blue,
/// green, red, nothing.
fn read_screen(file: &Path, width_px: u32, height_px: u32) -> anyhow::Result<Vec<u8>> {
    let dump = std::fs::read(file)?;
    let field = |index: usize| {
        let bytes = dump.get(index * 4..index * 4 + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize)
    };
    let (header, colours) = field(0).zip(field(19)).context("an XWD file")?;
    let (across, stride) = field(4).zip(field(12)).context("an XWD file")?;
    let mut rgba = Vec::new();
    for y in 0..height_px as usize {
        let start = header + colours * 12 + y * stride;
        let row = dump.get(start..start + across * 4).context("a row")?;
        for pixel in row.chunks_exact(4).take(width_px as usize) {
            rgba.extend_from_slice(&[pixel[2], pixel[1], pixel[0], 255]);
        }
    }
    Ok(rgba)
}

/// User and system time of this process so far.
fn cpu_ticks() -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The second field may hold spaces; it ends with the last bracket.
    let (_, rest) = stat.rsplit_once(')').context("/proc/self/stat")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}

/// What this process has opened that only a GPU needs.
fn drivers() -> anyhow::Result<String> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let known = ["libvulkan", "libLLVM", "libEGL", "libGL"];
    let opened: Vec<_> = known
        .into_iter()
        .filter(|name| maps.contains(name))
        .collect();
    Ok(match opened.is_empty() {
        true => "none".to_owned(),
        false => opened.join(","),
    })
}

fn rss_kb() -> anyhow::Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .context("/proc/self/status")?;
    let number = line.split_whitespace().nth(1).context("VmRSS")?;
    Ok(number.parse()?)
}
