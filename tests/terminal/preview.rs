//! A preview of the hub and the frame that a terminal captures are the same picture.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use image::RgbImage;
use passerby_protocol::Digest;
use passerby_testing::{required_file, required_program};
use serde_json::Value;

use crate::parts::{
    HubProcess, Terminal, captured, finish, hub, hub_program, picture, run_until, terminal, text,
};

/// A campaign that is on a screen, and what is known of it.
struct Show {
    folder: tempfile::TempDir,
    hub: HubProcess,
    screen: Terminal,
    /// The place of each creative among the placements, from 1, by its digest.
    placements: BTreeMap<String, usize>,
    /// The folder of fonts that the screen has beside the built-in ones.
    fonts: Option<PathBuf>,
}

impl Show {
    /// Publishes files with what their placements say, for a screen with some settings.
    fn of(settings: &str, head: &str, files: &[(&str, &str)], write: impl Fn(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("hub");
        let hub_process = HubProcess::start(&data, "127.0.0.1:0");
        let campaign = folder.path().join("cafe");
        std::fs::create_dir(&campaign).expect("a folder");
        write(&campaign);
        let placements = files.iter().map(|(name, says)| {
            format!("[[placement]]\ncreative = '{name}'\nseconds = 2\ntransition = 'cut'\n{says}")
        });
        let toml = format!("title = 'Café'\n{head}{}", placements.collect::<String>());
        std::fs::write(campaign.join("campaign.toml"), toml).expect("writes");
        hub(&data, &["publish", campaign.to_str().expect("text")]);
        let url = hub_process.url();
        let settings = format!("[hub]\nurl = '{url}'\n[screen]\ndraw = 'cpu'\n{settings}");
        let screen = Terminal::with_settings(folder.path(), &settings);
        screen.enrol(&data, &url);
        let placements = files.iter().zip(1..).map(|((name, _), place)| {
            let bytes = std::fs::read(campaign.join(name)).expect("a creative");
            (Digest::of(&bytes).to_string(), place)
        });
        Self {
            placements: placements.collect(),
            fonts: None,
            folder,
            hub: hub_process,
            screen,
        }
    }

    fn frames(&self) -> PathBuf {
        self.folder.path().join("frames")
    }

    /// A run that captures its frames.
    fn capture(&self, size: &str, every_ms: &str) -> Command {
        let mut command = terminal();
        command
            .args(["run", "--offscreen", "--size", size, "--config"])
            .arg(&self.screen.settings)
            .args(["--capture-every", every_ms, "--capture"])
            .arg(self.frames())
            .env("PASSERBY_VIDEO_DECODER", "software");
        command
    }

    /// The frame that a note tells of.
    fn frame(&self, note: &Value) -> RgbImage {
        let file = self.frames().join(note["file"].as_str().expect("a file"));
        image::open(file).expect("a picture").to_rgb8()
    }

    /// What the hub draws of the creative of a note, with the code of its play.
    fn preview(&self, size: &str, note: &Value) -> RgbImage {
        let place = self.placements[creative_of(note)];
        let file = self.folder.path().join(format!("preview-{place}.png"));
        let mut command = Command::new(hub_program());
        command
            .arg("preview")
            .arg(self.folder.path().join("cafe"))
            .arg(&file)
            .args(["--placement", &place.to_string(), "--size", size])
            .args(["--public-url", &self.hub.url(), "--settings"])
            .arg(&self.screen.settings);
        if let Some(fonts) = &self.fonts {
            command.arg("--fonts").arg(fonts);
        }
        if let Some(url) = note["url"].as_str() {
            let token = url.rsplit('/').next().expect("a token");
            command.args(["--token", token]);
        }
        let output = finish(&mut command);
        assert!(output.status.success(), "{}", text(&output.stderr));
        image::open(file).expect("a picture").to_rgb8()
    }
}

fn creative_of(note: &Value) -> &str {
    note["creative"].as_str().expect("text")
}

fn assert_same(seen: &RgbImage, drawn: &RgbImage, what: &Value) {
    assert_eq!(seen.dimensions(), drawn.dimensions());
    let pixels = seen.enumerate_pixels().zip(drawn.pixels());
    let others: Vec<_> = pixels.filter(|((_, _, a), b)| *a != *b).collect();
    let first = others.first().map(|((x, y, a), b)| (*x, *y, **a, **b));
    assert_eq!(first, None, "{} pixels differ in {what}", others.len());
}

const STILLS: [(&str, &str); 4] = [
    ("cup.png", ""),
    (
        "window.png",
        "headline = '末班车之后 After the last train'\ncode = { corner = 'top-left', call = '扫码 Scan' }\n",
    ),
    ("mark.svg", "code = { corner = 'bottom-left' }\n"),
    ("sale.card.toml", ""),
];

fn write_stills(folder: &Path) {
    picture(&folder.join("cup.png"), [[60, 40, 30], [240, 220, 190]]);
    picture(&folder.join("window.png"), [[90, 20, 30], [250, 230, 200]]);
    let mark = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 400 300'><rect width='400' height='300' fill='#246'/>\
                <circle cx='200' cy='150' r='90' fill='#fc6'/><text x='20' y='60' font-size='40' fill='#fff'>Café 咖啡</text></svg>";
    std::fs::write(folder.join("mark.svg"), mark).expect("writes");
    let card = "headline = 'Half price on Friday'\nprice = '¥18'\n";
    std::fs::write(folder.join("sale.card.toml"), card).expect("writes");
}

/// Captures a screen until each creative was on it, and compares every steady frame.
fn stills_are_the_same(size: &str, settings: &str) {
    let target = "target = 'https://cafe.example/friday'\nlanding = 'page'\n";
    let show = Show::of(settings, target, &STILLS, write_stills);
    show_is_the_same(&show, size, &STILLS);
}

fn show_is_the_same(show: &Show, size: &str, files: &[(&str, &str)]) {
    let steady = || -> Vec<Value> {
        let frames = captured(&show.frames()).into_iter();
        frames
            .filter(|frame| frame["transition"] == false && frame["creative"] != "house")
            .collect()
    };
    run_until(&mut show.capture(size, "200"), "every creative", |_| {
        let frames = steady();
        let seen: BTreeSet<&str> = frames.iter().map(creative_of).collect();
        seen.len() == files.len()
    });
    let mut drawn: BTreeMap<String, RgbImage> = BTreeMap::new();
    let frames = steady();
    let mut codes = BTreeSet::new();
    for frame in &frames {
        let url = frame["url"].as_str().expect("each has a code").to_owned();
        let preview = drawn
            .entry(url.clone())
            .or_insert_with(|| show.preview(size, frame));
        assert_same(&show.frame(frame), preview, frame);
        codes.insert(url);
    }
    assert!(codes.len() >= files.len(), "{codes:?}");
    println!(
        "{} frames of {size} equal {} previews",
        frames.len(),
        drawn.len()
    );
}

#[test]
fn a_preview_is_the_frame_of_a_landscape_screen() {
    stills_are_the_same("640x360", "");
}

#[test]
fn a_preview_is_the_frame_of_a_portrait_screen() {
    stills_are_the_same("360x640", "");
}

#[test]
fn a_preview_is_the_frame_of_a_screen_that_is_turned_and_speaks_another_language() {
    stills_are_the_same(
        "640x360",
        "rotation = 90\nlanguages = ['ja']\nsize_cm = [122, 69]\nviewing_distance_m = 3\n",
    );
}

#[test]
fn a_preview_is_the_frame_of_a_screen_with_fonts_of_its_own() {
    let type_folder = tempfile::tempdir().expect("a folder");
    let hebrew = "NotoSansHebrew-Regular.ttf";
    let font = format!("/usr/share/fonts/truetype/noto/{hebrew}");
    std::fs::copy(required_file(&font), type_folder.path().join(hebrew)).expect("copies");
    let settings = format!("[content]\nfonts = ['{}']\n", type_folder.path().display());
    let files = [
        (
            "window.png",
            "headline = 'שלום Café 咖啡'\ncode = { call = 'סרקו' }\n",
        ),
        ("sale.card.toml", ""),
    ];
    let target = "target = 'https://cafe.example/friday'\nlanding = 'page'\n";
    let mut show = Show::of(&settings, target, &files, |folder| {
        picture(&folder.join("window.png"), [[90, 20, 30], [250, 230, 200]]);
        let card = "headline = 'מבצע ביום שישי'\nprice = '¥18'\n";
        std::fs::write(folder.join("sale.card.toml"), card).expect("writes");
    });
    show.fonts = Some(type_folder.path().to_owned());
    show_is_the_same(&show, "640x360", &files);
}

#[test]
fn a_preview_is_the_first_picture_of_a_film_and_of_an_animation() {
    let moving = [("clip.mp4", ""), ("turn.gif", "")];
    let size = "480x270";
    let ffmpeg = required_program("ffmpeg");
    let show = Show::of("", "", &moving, |folder| {
        for (name, source) in [
            ("clip.mp4", "testsrc=size=480x270:rate=1:duration=4"),
            ("turn.gif", "testsrc=size=240x160:rate=1:duration=4"),
        ] {
            let mut command = Command::new(&ffmpeg);
            command.args(["-v", "error", "-f", "lavfi", "-i", source]);
            if name == "clip.mp4" {
                command.args(["-c:v", "libx264", "-pix_fmt", "yuv420p"]);
            }
            let made = finish(command.arg(folder.join(name)));
            assert!(made.status.success(), "{}", text(&made.stderr));
        }
    });
    let mut drawn: BTreeMap<String, RgbImage> = BTreeMap::new();
    let mut equal: BTreeSet<String> = BTreeSet::new();
    let mut begun: BTreeSet<u64> = BTreeSet::new();
    let mut looked_at = 0;
    // Their first pictures are on the screen for a second; on a machine so busy that a frame of it
    // comes later, the next play is looked at.
    run_until(&mut show.capture(size, "20"), "every first picture", |_| {
        let frames = captured(&show.frames());
        for frame in &frames[looked_at..] {
            let creative = creative_of(frame);
            let is_first = frame["play"]
                .as_u64()
                .is_some_and(|play| begun.insert(play));
            if !is_first || !show.placements.contains_key(creative) {
                continue;
            }
            let preview = drawn
                .entry(creative.to_owned())
                .or_insert_with(|| show.preview(size, frame));
            if show.frame(frame) == *preview {
                equal.insert(creative.to_owned());
            }
        }
        looked_at = frames.len();
        equal.len() == moving.len()
    });
    println!(
        "{} plays began, {} kinds as their previews",
        begun.len(),
        equal.len()
    );
}
