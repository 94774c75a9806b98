//! Weighs two ways to bound what a drawing costs against each other: to count and estimate before
//! it is drawn, and to draw it in a process with bounds of the system. The grounds of
//! docs/decisions/2026-11-29-svg-guard.md.
//!
//! `drawing_figures`: a line for each of some ordinary and some hostile drawings. The columns are:
//! what they are; what counting and estimating say; after how many milliseconds; what is estimated
//! for full HD, in seconds; what became of the drawing without any of that, in a process of at most
//! 1 GiB and 40 s; how many milliseconds it took, its start with it; of them, reading fonts,
//! parsing and drawing; the most memory that it had, in MiB.
//!
//! `drawing_figures FILE.svg …`: how many of the files are refused, and how far the estimates are
//! from what drawing took.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures of small numbers"
)]

#[path = "../src/creative/drawing/cost.rs"]
mod cost;
#[path = "../src/creative/drawing/guard.rs"]
mod guard;
#[path = "../src/creative/drawing/links.rs"]
mod links;

/// The place of [`links`] in the package.
mod creative {
    pub(crate) mod drawing {
        pub(crate) use crate::links;
    }
}

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree, roxmltree};
use rustix::process::{Resource, Rlimit, setrlimit};

const FONTS: [&[u8]; 2] = [
    include_bytes!("../../assets/fonts/NotoSansSC-Regular.otf"),
    include_bytes!("../../assets/fonts/NotoSansSC-Bold.otf"),
];
const SCREEN_PX: (u32, u32) = (1_920, 1_080);
const TIME_MAX: Duration = Duration::from_secs(40);
const MEMORY_BYTES_MAX: u64 = 1 << 30;
const STACK_BYTES: usize = 64 << 20;
/// How often a drawing that is drawn is drawn; the middle one counts.
const ROUNDS: usize = 5;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [way, file] if way == "guarded" || way == "bare" => child(way, file),
        [] => built_in(),
        files => of_files(files),
    }
}

/// Does one drawing in this process. Says what became of it on standard error, writes its pixels to
/// standard output.
fn child(way: &str, file: &str) {
    let is_guarded = way == "guarded";
    let at_most = |most| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    // What is only counted and estimated has no bound but that of the machine.
    let memory_bytes_max = if is_guarded {
        8 << 30
    } else {
        MEMORY_BYTES_MAX
    };
    setrlimit(Resource::As, at_most(memory_bytes_max)).unwrap();
    setrlimit(Resource::Core, at_most(0)).unwrap();
    let text = fs::read_to_string(file).unwrap();
    let done = thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || draw(&text, is_guarded))
        .unwrap()
        .join()
        .unwrap_or_else(|_| Err("a panic".to_owned()));
    match done {
        Ok((told, pixels)) => {
            eprintln!("drawn\t{told}");
            std::io::stdout().write_all(&pixels).unwrap();
        }
        Err(reason) => eprintln!("refused\t{reason}"),
    }
}

/// Returns the times, estimated and taken, and the pixels.
fn draw(text: &str, is_guarded: bool) -> Result<(String, Vec<u8>), String> {
    let began = Instant::now();
    let fonts = fonts();
    let fonts_ms = ms(began);
    let began = Instant::now();
    if is_guarded {
        guard::check_text(text)?;
    }
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        nodes_limit: 200_000,
        ..roxmltree::ParsingOptions::default()
    };
    let xml = roxmltree::Document::parse_with_options(text, options)
        .map_err(|error| error.to_string())?;
    if is_guarded {
        guard::check(&xml)?;
    }
    let options = Options {
        font_family: "Noto Sans SC".to_owned(),
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    let tree = Tree::from_xmltree(&xml, &options).map_err(|error| error.to_string())?;
    let parse_ms = ms(began);
    let (wide, high) = (tree.size().width(), tree.size().height());
    let scale = (SCREEN_PX.0 as f32 / wide).min(SCREEN_PX.1 as f32 / high);
    let transform = Transform::from_scale(scale, scale);
    let mut estimated_s = f64::NAN;
    if is_guarded {
        estimated_s = cost::estimate(&tree, transform, SCREEN_PX)
            .map_or(f64::INFINITY, |cost| cost.time_ns / 1e9);
        if let Err(reason) = cost::check(&tree, transform, SCREEN_PX) {
            return Err(format!("{reason}\t{estimated_s:.2}"));
        }
    }
    let mut took: Vec<f64> = Vec::new();
    let mut pixmap = Pixmap::new(SCREEN_PX.0, SCREEN_PX.1).unwrap();
    // What takes long is drawn once.
    while took.len() < ROUNDS && took.iter().sum::<f64>() < 1_000.0 {
        pixmap = Pixmap::new(SCREEN_PX.0, SCREEN_PX.1).unwrap();
        let began = Instant::now();
        resvg::render(&tree, transform, &mut pixmap.as_mut());
        took.push(ms(began));
        if !is_guarded {
            break;
        }
    }
    let told = format!(
        "{fonts_ms:.1} {parse_ms:.1} {:.1} {} {estimated_s:.4}",
        median(&mut took),
        peak_kib("self")
    );
    Ok((told, pixmap.take()))
}

fn fonts() -> Database {
    let mut fonts = Database::new();
    for bytes in FONTS {
        fonts.load_font_source(Source::Binary(Arc::new(bytes)));
    }
    fonts.set_serif_family("Noto Sans SC");
    fonts.set_sans_serif_family("Noto Sans SC");
    fonts.set_monospace_family("Noto Sans SC");
    fonts
}

/// What became of a drawing in a process of its own.
struct Outcome {
    /// `drawn`, `refused` with a reason, or what ended the process.
    verdict: String,
    is_drawn: bool,
    /// From before its start until its end.
    took_ms: f64,
    /// The most memory that it was seen to have.
    peak_kib: u64,
    /// What it said of itself when it has drawn: reading fonts, parsing, drawing, in milliseconds;
    /// its memory in KiB; the estimate in seconds.
    figures: Vec<f64>,
}

fn run(way: &str, file: &Path) -> Outcome {
    let began = Instant::now();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(way)
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut made = child.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        made.read_to_end(&mut bytes).unwrap();
        bytes.len()
    });
    let mut seen_kib = 0;
    let process = child.id().to_string();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if began.elapsed() > TIME_MAX {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        seen_kib = seen_kib.max(peak_kib(&process));
        thread::sleep(Duration::from_millis(1));
    };
    reader.join().unwrap();
    let took_ms = ms(began);
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap_or_default();
    let last = said.lines().last().unwrap_or_default();
    let (word, rest) = last.split_once('\t').unwrap_or((last, ""));
    let is_drawn = word == "drawn";
    let verdict = match status {
        None => format!("killed after {} s", TIME_MAX.as_secs()),
        Some(status) if !status.success() => {
            if said.contains("memory allocation") {
                "ended: no memory".to_owned()
            } else {
                format!("ended: {status}")
            }
        }
        Some(_) if is_drawn => word.to_owned(),
        Some(_) => rest.to_owned(),
    };
    let figures: Vec<f64> = rest
        .split([' ', '\t'])
        .filter_map(|figure| figure.parse().ok())
        .collect();
    Outcome {
        verdict,
        is_drawn,
        took_ms,
        peak_kib: seen_kib.max(figures.get(3).map_or(0, |kib| *kib as u64)),
        figures,
    }
}

/// The most memory that a process had so far, in KiB; 0 when it has ended.
fn peak_kib(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0)
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn built_in() {
    let folder = tempfile::tempdir().unwrap();
    println!(
        "drawing\tcounted and estimated\tms\testimate s\tin a process\tms\tfonts, parsing, drawing\tMiB"
    );
    for (name, text) in ordinary().into_iter().chain(hostile()) {
        let file = folder.path().join("drawing.svg");
        fs::write(&file, text).unwrap();
        let guarded = run("guarded", &file);
        let estimate = match guarded.figures.as_slice() {
            [.., estimate] => format!("{estimate:.2}"),
            [] => "-".to_owned(),
        };
        let rounds = if guarded.is_drawn { ROUNDS } else { 1 };
        let mut bare: Vec<Outcome> = (0..rounds).map(|_| run("bare", &file)).collect();
        bare.sort_by(|one, other| one.took_ms.total_cmp(&other.took_ms));
        let bare = bare.swap_remove(rounds / 2);
        let of_it: Vec<String> = bare.figures.iter().take(3).map(f64::to_string).collect();
        println!(
            "{name}\t{}\t{:.0}\t{estimate}\t{}\t{:.0}\t{}\t{}",
            guarded.verdict,
            guarded.took_ms,
            bare.verdict,
            bare.took_ms,
            of_it.join(", "),
            bare.peak_kib >> 10,
        );
    }
}

/// Says how far the estimates are off, and which files are refused.
fn of_files(files: &[String]) {
    let mut ratios = Vec::new();
    let (mut drawn, mut refused) = (0, 0);
    for file in files {
        let file = PathBuf::from(file);
        let outcome = run("guarded", &file);
        if outcome.is_drawn {
            drawn += 1;
            if let [_, _, draw_ms, _, estimate_s] = outcome.figures.as_slice()
                && *draw_ms > 0.0
            {
                ratios.push((estimate_s * 1e3 / draw_ms, *draw_ms, file));
            }
        } else {
            refused += 1;
            println!("{}\t{}", file.display(), outcome.verdict);
        }
    }
    ratios.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
    println!("{drawn} drawn, {refused} not");
    for percent in [0, 1, 10, 50, 90, 99, 100] {
        if let Some((ratio, draw_ms, file)) = ratios.get((ratios.len() - 1) * percent / 100) {
            println!(
                "{percent} of 100: estimated {ratio:.2} times what it took ({draw_ms:.1} ms, {})",
                file.display()
            );
        }
    }
}

fn svg(body: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 160 90">{body}</svg>"#
    )
}

/// What posters look like.
fn ordinary() -> Vec<(&'static str, String)> {
    let mut poster = String::from(
        r##"<defs><linearGradient id="g"><stop offset="0" stop-color="#135"/><stop offset="1" stop-color="#fc8"/></linearGradient>
        <filter id="s"><feDropShadow dx="1" dy="1" stdDeviation="1.5"/></filter>
        <clipPath id="c"><rect x="4" y="4" width="152" height="82" rx="6"/></clipPath></defs>
        <rect width="160" height="90" fill="url(#g)"/><g clip-path="url(#c)">"##,
    );
    for at in 0..400 {
        let (x, y) = (at * 37 % 160, at * 53 % 90);
        write!(
            poster,
            r##"<path d="M{x} {y}c4 -6 9 -6 12 0s-3 9 -6 12c-4 -3 -9 -6 -6 -12z" fill="#{at:03x}" fill-opacity="0.5" stroke="#fff" stroke-width="0.3"/>"##
        )
        .unwrap();
    }
    poster.push_str(r##"</g><g filter="url(#s)"><text x="12" y="40" font-size="18" fill="#fff">春茶 Spring tea</text>
        <text x="12" y="60" font-size="8" fill="#fff">Every cup until Sunday, half the price</text></g>"##);
    let icon = r##"<circle cx="80" cy="45" r="30" fill="#c33"/><path d="M60 45h40M80 25v40" stroke="#fff" stroke-width="6"/>"##;
    let glow = r##"<filter id="f"><feGaussianBlur stdDeviation="6"/></filter><mask id="m"><rect width="160" height="90" fill="#999"/></mask>
        <g mask="url(#m)"><rect x="20" y="20" width="120" height="50" fill="#08f" filter="url(#f)"/><g opacity="0.5"><circle cx="80" cy="45" r="40"/></g></g>"##;
    vec![
        ("an icon", svg(icon)),
        ("a poster of 400 shapes with a shadow", svg(&poster)),
        ("a glow behind a mask", svg(glow)),
    ]
}

/// What nobody draws.
fn hostile() -> Vec<(&'static str, String)> {
    let mut all = unforeseen();
    all.extend(known());
    all
}

/// What the counting and the estimate were made for.
fn known() -> Vec<(&'static str, String)> {
    let filter = |primitive: &str| {
        svg(&format!(
            r##"<filter id="f" x="-500%" y="-500%" width="1100%" height="1100%">{primitive}</filter><rect width="160" height="90" filter="url(#f)"/>"##
        ))
    };
    let mut copies = String::from(r#"<g id="a0"><rect width="1" height="1"/></g>"#);
    let mut patterns = String::new();
    let mut chain = String::new();
    for level in 1..60 {
        let before = level - 1;
        write!(
            copies,
            r##"<g id="a{level}"><use href="#a{before}"/><use href="#a{before}"/></g>"##
        )
        .unwrap();
        let fill = format!(r##"<rect width="9" height="9" fill="url(#p{level})"/>"##).repeat(4);
        write!(patterns, r#"<pattern id="p{before}" width="9" height="9" patternUnits="userSpaceOnUse">{fill}</pattern>"#).unwrap();
    }
    patterns.push_str(r##"<rect width="160" height="90" fill="url(#p0)"/>"##);
    for level in 0..30_000 {
        let next = level + 1;
        write!(
            chain,
            r##"<mask id="m{level}"><path d="M0 0h9v9" mask="url(#m{next})"/></mask>"##
        )
        .unwrap();
    }
    chain.push_str(r##"<rect width="9" height="9" mask="url(#m0)"/>"##);
    let mut laughs = String::from("<!DOCTYPE svg [<!ENTITY l0 \"ha\">");
    for level in 1..10 {
        let before = level - 1;
        write!(
            laughs,
            "<!ENTITY l{level} \"&l{before};&l{before};&l{before};\">"
        )
        .unwrap();
    }
    let rects: String = (0..60_000)
        .map(|at| format!(r#"<rect class="c{at}" width="2" height="2"/>"#))
        .collect();
    let rules: String = (0..20_000)
        .map(|at| format!(".c{at}{{fill:red}}"))
        .collect();
    let marker = format!(
        r##"<marker id="m">{}</marker><path d="M0 0{}" marker-mid="url(#m)"/>"##,
        r#"<path d="M0 0h1"/>"#.repeat(200),
        "h1v1".repeat(20_000)
    );
    let layers = format!(
        r#"{}<rect x="-9999" y="-9999" width="99999" height="99999"/>{}"#,
        r#"<g opacity="0.9">"#.repeat(190),
        "</g>".repeat(190)
    );
    vec![
        ("copies of copies, 2 to the 59", svg(&copies)),
        (
            "entities of entities",
            format!("{laughs}]>{}", svg("<text>&l9;</text>")),
        ),
        (
            "groups 90,000 deep",
            svg(&format!(
                "{}{}",
                "<g>".repeat(90_000),
                "</g>".repeat(90_000)
            )),
        ),
        ("a chain of 30,000 masks", svg(&chain)),
        ("200 shapes on 40,000 corners", svg(&marker)),
        (
            "20,000 rules for 60,000 shapes",
            svg(&format!("<style>{rules}</style>{rects}")),
        ),
        ("patterns of patterns, 4 to the 59", svg(&patterns)),
        (
            "a pattern of 40,000 units a side",
            svg(
                r##"<pattern id="p" width="40000" height="40000" patternUnits="userSpaceOnUse"><rect width="9" height="9"/></pattern><rect width="160" height="90" fill="url(#p)"/>"##,
            ),
        ),
        ("190 layers of 25 screens", svg(&layers)),
        (
            "a morphology of 80 units",
            filter(r#"<feMorphology operator="dilate" radius="80"/>"#),
        ),
        (
            "turbulence of 200 octaves",
            filter(r#"<feTurbulence baseFrequency="0.5" numOctaves="200"/>"#),
        ),
        (
            "a convolution of 60 by 60",
            filter(&format!(
                r#"<feConvolveMatrix order="60" kernelMatrix="{}"/>"#,
                "1 ".repeat(3_600)
            )),
        ),
        (
            "60 blurs of 9,000 units",
            filter(&r#"<feGaussianBlur stdDeviation="9000"/>"#.repeat(60)),
        ),
        (
            "200,000 letters",
            svg(&format!("<text>{}</text>", "书".repeat(200_000))),
        ),
    ]
}

/// What they were not made for.
fn unforeseen() -> Vec<(&'static str, String)> {
    let deep = 150;
    let selector = format!(
        "<style>q {} rect{{fill:red}}</style>{}<rect width=\"9\" height=\"9\"/>{}",
        "g ".repeat(24),
        "<g>".repeat(deep),
        "</g>".repeat(deep)
    );
    let dashes = |paths: usize| {
        let path = r##"<path d="M0 45H160" stroke="#000" stroke-width="80" stroke-dasharray="0.0002 0.0001"/>"##;
        svg(&path.repeat(paths))
    };
    let zigzag = |rounds: usize| {
        svg(&format!(
            r##"<path d="M0 45{}" fill="none" stroke="#000" stroke-width="60" stroke-linejoin="round"/>"##,
            "l.1 1l.1-1".repeat(rounds)
        ))
    };
    let copies = format!(
        r##"<defs><g id="s">{}</g></defs>{}"##,
        r##"<path d="M0 0h1v1z" fill="#123" stroke="#456" stroke-width="0.1"/>"##.repeat(500),
        r##"<use href="#s"/>"##.repeat(560)
    );
    vec![
        (
            "280,000 copies of a shape, which are within the limits",
            svg(&copies),
        ),
        (
            "a selector of 24 groups for groups 150 deep",
            svg(&selector),
        ),
        ("one line of 500,000 dashes", dashes(1)),
        ("300 lines of 500,000 dashes", dashes(300)),
        ("a broad line of 100,000 corners", zigzag(50_000)),
        ("a broad line of 800,000 corners", zigzag(400_000)),
        (
            "a shape of 2 by 40,000,000 units",
            svg(r#"<path d="M-7-96 6 0 07 4E7"/>"#),
        ),
    ]
}
