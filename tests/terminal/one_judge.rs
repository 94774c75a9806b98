//! One code judges what people put into a campaign folder: where `check` says yes, `publish` and
//! the screen do, and where one refuses a file, all do.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use passerby_compose::SlideComposer;
use passerby_playout::content::creative::{Creative, CreativeFile};
use passerby_playout::messages::stage_messages::{Composer as _, SlideOrder, Ticket};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, Motion};
use passerby_protocol::creative::CreativeKind;
use serde_json::Value;

use crate::parts::{Terminal, finish, hub_program, terminal, text};

const DRAWING: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 30'><path d='M0 0h20v30h-20z' fill='#28a'/></svg>";

fn encoded(format: ImageFormat) -> Vec<u8> {
    let pixels = RgbImage::from_fn(160, 120, |x, y| {
        let wave = u8::try_from((x * 3 + y * 5) % 200).expect("small");
        Rgb([wave, 90, 200 - wave])
    });
    let mut file = Cursor::new(Vec::new());
    pixels.write_to(&mut file, format).expect("a picture");
    file.into_inner()
}

fn animation() -> Vec<u8> {
    let mut file = Vec::new();
    let frames = [[200, 30, 30, 255], [30, 30, 200, 255]]
        .map(|colour| image::Frame::new(RgbaImage::from_pixel(64, 48, Rgba(colour))));
    let mut gif = image::codecs::gif::GifEncoder::new(&mut file);
    gif.encode_frames(frames).expect("an animation");
    drop(gif);
    file
}

fn film(folder: &Path, name: &str) -> Vec<u8> {
    let path = folder.join(name);
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=320x240:r=10:d=1",
        ])
        .args(["-pix_fmt", "yuv420p"])
        .arg(&path)
        .status()
        .expect("ffmpeg, which this test needs: apt-get install ffmpeg");
    assert!(made.success(), "{name}");
    std::fs::read(path).expect("a film")
}

fn half(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len() / 2]
}

/// Files by their names, and whether they are shown.
fn table(folder: &Path) -> Vec<(&'static str, Vec<u8>, bool)> {
    let [jpeg, png, webp] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP].map(encoded);
    let (gif, mp4, webm) = (
        animation(),
        film(folder, "film.mp4"),
        film(folder, "film.webm"),
    );
    let no_end = jpeg[..jpeg.len() - 2].to_vec();
    vec![
        ("whole.jpg", jpeg.clone(), true),
        ("without-end.jpg", no_end.clone(), true),
        (
            "with-trailer.jpg",
            [no_end.as_slice(), b"SEFHe\0\0\0\x01SEFT"].concat(),
            true,
        ),
        (
            "behind-its-end.jpg",
            [jpeg.as_slice(), b"and some more"].concat(),
            true,
        ),
        ("cut.jpg", half(&jpeg).to_vec(), false),
        ("whole.png", png.clone(), true),
        ("cut.png", half(&png).to_vec(), false),
        ("whole.webp", webp.clone(), true),
        ("cut.webp", half(&webp).to_vec(), false),
        ("moving.gif", gif, true),
        ("only-its-head.gif", b"GIF89a......".to_vec(), false),
        ("empty.png", Vec::new(), false),
        ("other.png", b"II*\0........".to_vec(), false),
        ("drawing.svg", DRAWING.into(), true),
        ("drawing-as-a-picture.png", DRAWING.into(), true),
        ("picture-as-a-drawing.svg", encoded(ImageFormat::Png), true),
        ("page.svg", b"<html><body>404</body></html>".to_vec(), false),
        ("packed.svg", vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0], false),
        (
            "no-size.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'/>".to_vec(),
            false,
        ),
        ("utf16.svg", b"\xFF\xFE<\0s\0v\0g\0".to_vec(), false),
        ("film.mp4", mp4.clone(), true),
        ("film.webm", webm, true),
        ("cut-film.mp4", half(&mp4).to_vec(), false),
        (
            "film-head.mp4",
            b"\0\0\0\x18ftypmp42\0\0\0\0".to_vec(),
            false,
        ),
        ("text.mp4", b"this is no film".to_vec(), false),
        // Not `empty.mp4`: `empty.png` would be its poster.
        ("nothing.mp4", Vec::new(), false),
        (
            "sound.m4v",
            b"\0\0\0\x1cftypM4A \0\0\x02\0M4A isom".to_vec(),
            false,
        ),
        ("picture.mp4", png, false),
        ("card.card.toml", b"headline = 'Sale'\n".to_vec(), true),
        ("wrong.card.toml", b"headline = ''\n".to_vec(), false),
        ("news.ticker.toml", "lines = ['周五夜 jazz']\n".into(), true),
        ("wrong.ticker.toml", b"lines = []\n".to_vec(), false),
    ]
}

/// The files that `check` calls a problem, and its exit code.
fn refused_by_check(screen: &Terminal) -> (BTreeSet<String>, Option<i32>) {
    let output = finish(
        terminal()
            .args(["check", "--json", "--config"])
            .arg(&screen.settings),
    );
    let told = text(&output.stdout);
    let problems = told
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a JSON object a line"))
        .filter(|told| told["severity"] == "problem");
    let names = problems.map(|problem| {
        let file = problem["file"].as_str().expect("text").to_owned();
        name_of(&file)
    });
    (names.collect(), output.status.code())
}

/// The files that `publish` calls a problem, and its exit code.
fn refused_by_publish(folder: &Path, data: &Path) -> (BTreeSet<String>, Option<i32>) {
    let output = finish(
        Command::new(hub_program())
            .arg("publish")
            .arg(folder)
            .arg("--data")
            .arg(data),
    );
    let told = text(&output.stderr);
    let begin = format!("{}/", folder.display());
    let names = told.lines().filter_map(|line| {
        let rest = line.strip_prefix(&begin)?;
        Some(rest.split(':').next()?.to_owned())
    });
    (names.collect(), output.status.code())
}

/// The files of which the screen's composer makes no slide.
fn refused_by_the_screen<'a>(
    folder: &Path,
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> BTreeSet<String> {
    let mut composer = SlideComposer::default();
    let mut refused = BTreeSet::new();
    for (name, bytes) in files {
        let order = SlideOrder {
            ticket: Ticket(1),
            zone: Zone::MAIN,
            creative: Creative::File(CreativeFile {
                kind: CreativeKind::of_name(name).expect("a creative"),
                name: name.to_owned(),
                path: folder.join(name),
                digest: Digest::of(bytes),
                parts: Vec::new().into(),
            }),
            campaign: String::new(),
            play: None,
            headline: None,
            code: None,
            colours: Colours::default(),
            motion: Motion::Still,
            sound: false,
            dwell: Some(Duration::from_secs(10)),
        };
        if composer
            .compose(&order, &Geometry::whole(640, 360))
            .is_err()
        {
            refused.insert(name.to_owned());
        }
    }
    refused
}

fn name_of(file: &str) -> String {
    Path::new(file)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[test]
fn check_publish_and_the_screen_say_yes_to_the_same_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = folder.path().join("made");
    let shop = folder.path().join("content/shop");
    for path in [&made, &shop] {
        std::fs::create_dir_all(path).expect("a folder");
    }
    let table = table(&made);
    for (name, bytes, _) in &table {
        std::fs::write(shop.join(name), bytes).expect("writes");
    }
    let screen = Terminal::with_settings(folder.path(), "[content]\nfolders = ['content']\n");
    let hub_data = folder.path().join("hub");
    let bad: BTreeSet<String> = table
        .iter()
        .filter(|(_, _, is_shown)| !is_shown)
        .map(|(name, _, _)| (*name).to_owned())
        .collect();
    let files = || {
        table
            .iter()
            .map(|(name, bytes, _)| (*name, bytes.as_slice()))
    };
    assert_eq!(refused_by_the_screen(&shop, files()), bad, "the screen");
    assert_eq!(refused_by_check(&screen), (bad.clone(), Some(2)), "check");
    assert_eq!(
        refused_by_publish(&shop, &hub_data),
        (bad.clone(), Some(2)),
        "publish"
    );

    for name in &bad {
        std::fs::remove_file(shop.join(name)).expect("removes");
    }
    let none = BTreeSet::new();
    assert_eq!(refused_by_check(&screen), (none.clone(), Some(0)), "check");
    assert_eq!(
        refused_by_publish(&shop, &hub_data),
        (none, Some(0)),
        "publish"
    );
}

#[test]
fn publish_says_what_nobody_will_see_and_what_it_did_not_try() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = folder.path().join("shop");
    std::fs::create_dir(&shop).expect("a folder");
    for (name, text) in [
        (
            "campaign.toml",
            "title = 'Shop'\ntarget = 'https://shop.example/'\nstory = 'Once'\n\
             [[placement]]\ncreative = 'sale.card.toml'\nseconds = 4\n\
             [[placement]]\ncreative = 'news.ticker.toml'\nheadline = 'News'\n\
             [[placement]]\ncreative = 'board.page.toml'\n",
        ),
        ("sale.card.toml", "headline = 'Sale'\nbody = 'All of it'\n"),
        ("news.ticker.toml", "lines = ['jazz']\n"),
        ("board.page.toml", "url = 'https://board.example/'\n"),
    ] {
        std::fs::write(shop.join(name), text).expect("writes");
    }
    let output = finish(
        Command::new(hub_program())
            .arg("publish")
            .arg(&shop)
            .arg("--data")
            .arg(folder.path().join("hub")),
    );
    let told = text(&output.stderr);
    assert!(output.status.success(), "{told}");
    for (file, wanted) in [
        ("campaign.toml:3: ", "add landing = \"page\""),
        ("campaign.toml:9: ", "its headline is not shown"),
        ("campaign.toml:8: ", "it has no code, since a ticker"),
        ("sale.card.toml: ", "give its placement seconds = 10"),
        ("board.page.toml: ", "its page was not opened here"),
    ] {
        let begin = format!("note: {}/{file}", shop.display());
        let named = |line: &str| line.starts_with(&begin) && line.contains(wanted);
        assert!(told.lines().any(named), "{file}{wanted}: {told}");
    }
}

#[test]
fn what_libraries_say_of_a_drawing_reaches_nobody_who_does_not_ask_for_it() {
    let folder = tempfile::tempdir().expect("folder");
    let shop = folder.path().join("shop");
    std::fs::create_dir_all(&shop).expect("folder");
    let drawing = DRAWING.replace(
        "<path",
        "<style>@import url(fonts.css);</style><text y='9' font-family='Nobody'>Tea</text><path",
    );
    std::fs::write(shop.join("sale.svg"), drawing).expect("writes");
    let screen = Terminal::with_settings(folder.path(), "[content]\nfolders = ['shop']\n");
    let told = |variable: &str, asked: &str| {
        let check = &mut terminal();
        check.args(["check", "--config"]).arg(&screen.settings);
        let publish = &mut Command::new(hub_program());
        publish.arg("publish").arg(&shop).arg("--data");
        publish.arg(folder.path().join("hub"));
        [check, publish].map(|command| {
            let output = finish(command.env(variable, asked));
            text(&output.stdout) + &text(&output.stderr)
        })
    };
    for (variable, asked) in [("NONE", ""), ("PASSERBY_LOG", "info"), ("RUST_LOG", "info")] {
        for said in told(variable, asked) {
            assert!(said.contains("sale.svg: it asks for "), "{said}");
            assert!(!said.contains("WARN"), "{said}");
            assert!(!said.contains('\u{1b}'), "{said}");
        }
    }
    let [said, _] = told("PASSERBY_LOG", "simplecss=warn");
    let line = said.lines().find(|line| line.contains("WARN"));
    assert!(line.is_some_and(|line| line.contains("@import")), "{said}");
    assert!(!said.contains('\u{1b}'), "{said}");
}
