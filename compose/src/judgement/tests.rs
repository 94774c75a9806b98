//! Verdicts, and that they are those of the composer.

use std::path::{Path, PathBuf};

use passerby_playout::content::creative::{Creative, Part};
use passerby_playout::messages::stage_messages::Composer as _;
use passerby_playout::screen::geometry::Geometry;
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, Rgb};

use super::*;
use crate::SlideComposer;
use crate::raster::palette::contrast;
use crate::settings::Settings;
use crate::tests::order;

fn judge() -> Judge {
    Judge::new(Fonts::default(), Tools::with(None, None, "/"))
}

fn creative(path: &Path, parts: &[&Path]) -> CreativeFile {
    let name = |path: &Path| {
        let name = path.file_name().expect("a name");
        name.to_string_lossy().into_owned()
    };
    let digest = |path: &Path| Digest::of(&std::fs::read(path).unwrap_or_default());
    let parts: Vec<Part> = parts
        .iter()
        .map(|part| Part {
            name: name(part),
            path: part.to_path_buf(),
            digest: digest(part),
        })
        .collect();
    CreativeFile {
        kind: CreativeKind::of_name(&name(path)).unwrap_or(CreativeKind::Picture),
        name: name(path),
        path: path.to_owned(),
        digest: digest(path),
        parts: parts.into(),
    }
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("writes");
    path
}

fn media(name: &str) -> PathBuf {
    passerby_testing::package_folder()
        .join("tests/media")
        .join(name)
}

/// Judges a creative, and sees to it that the composer does the same.
fn agreed(composer: &mut SlideComposer, creative: &CreativeFile) -> Judgement {
    let judged = judge().judge(creative, &Colours::default());
    let order = order(Creative::File(creative.clone()), None, None);
    let made = composer.compose(&order, &Geometry::whole(640, 360));
    assert_eq!(
        judged.is_shown(),
        Some(made.is_ok()),
        "{}: {judged:?}, {:?}",
        creative.name,
        made.err()
    );
    judged
}

#[test]
fn the_judge_says_yes_to_what_the_composer_shows_and_no_to_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut composer = SlideComposer::default();
    let jpeg = std::fs::read(media("baseline.jpg")).expect("reads");
    let svg = |body: &str| {
        format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 9'>{body}</svg>")
            .into_bytes()
    };
    for (name, bytes, is_shown) in [
        ("whole.jpg", jpeg.clone(), true),
        ("endless.jpg", jpeg[..jpeg.len() - 2].to_vec(), true),
        ("half.jpg", jpeg[..jpeg.len() * 2 / 3].to_vec(), false),
        ("nothing.jpg", Vec::new(), false),
        ("noise.png", vec![0xA7; 400], false),
        ("good.svg", svg("<rect width='9' height='9'/>"), true),
        (
            "lost.svg",
            svg("<flowRoot><flowPara>Tea</flowPara></flowRoot>"),
            true,
        ),
        (
            "outside.svg",
            svg("<image href='secret.png' width='9' height='9'/>"),
            false,
        ),
        ("good.card.toml", b"headline = 'Tea'\n".to_vec(), true),
        ("bad.card.toml", b"headline = \n".to_vec(), false),
        (
            "good.ticker.toml",
            b"lines = ['Tea', 'Cake']\n".to_vec(),
            true,
        ),
        ("bad.ticker.toml", b"lines = []\n".to_vec(), false),
    ] {
        let path = written(folder.path(), name, &bytes);
        let judged = agreed(&mut composer, &creative(&path, &[]));
        assert_eq!(judged.is_shown(), Some(is_shown), "{name}: {judged:?}");
        for reason in &judged.refusals {
            assert_eq!(reason.file, path.display().to_string());
            assert!(!reason.message.contains(name), "{reason}");
        }
    }
}

#[test]
fn a_part_that_cannot_be_shown_refuses_its_card_and_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut composer = SlideComposer::default();
    let logo = written(
        folder.path(),
        "logo.png",
        b"\x89PNG\r\n\x1a\n and then nothing",
    );
    let card = written(
        folder.path(),
        "tea.card.toml",
        b"headline = 'Tea'\nlogo = 'logo.png'\n",
    );
    let judged = agreed(&mut composer, &creative(&card, &[&logo]));
    assert_eq!(judged.refusals.len(), 1, "{judged:?}");
    assert_eq!(judged.refusals[0].file, logo.display().to_string());
    let without = agreed(&mut composer, &creative(&card, &[]));
    assert!(
        without.refusals[0]
            .message
            .contains("logo.png is not beside the card")
    );
    std::fs::copy(media("rgb.png"), &logo).expect("copies");
    let judged = agreed(&mut composer, &creative(&card, &[&logo]));
    assert_eq!(judged.texts[0].line, 1, "{judged:?}");
}

#[test]
fn a_film_that_cannot_be_played_airs_its_poster_and_that_is_a_loss() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut composer = SlideComposer::default();
    let film = written(folder.path(), "tea.mp4", b"\0\0\0\x18ftypmp42 and no more");
    let poster = written(folder.path(), "tea.poster.png", b"none");
    let judged = agreed(&mut composer, &creative(&film, &[]));
    assert!(
        judged.refusals[0]
            .message
            .contains("cannot be read as a film"),
        "{judged:?}"
    );
    std::fs::copy(media("rgb.png"), &poster).expect("copies");
    let judged = agreed(&mut composer, &creative(&film, &[&poster]));
    assert!(
        judged.losses[0]
            .message
            .ends_with("until then its poster airs"),
        "{judged:?}"
    );
}

#[test]
fn a_film_that_was_cut_off_is_shown_and_said_to_lack_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tea.mp4");
    let made = std::process::Command::new(passerby_testing::required_program("ffmpeg"))
        .args(["-v", "error", "-f", "lavfi", "-i"])
        .arg("testsrc2=s=160x90:r=25:d=8,noise=alls=20:allf=t,format=yuv420p")
        .args(["-c:v", "libx264", "-preset", "veryfast"])
        .args(["-movflags", "+faststart"])
        .arg(&path)
        .status();
    assert!(made.expect("ffmpeg runs").success());
    let mut composer = SlideComposer::default();
    let judged = agreed(&mut composer, &creative(&path, &[]));
    assert_eq!(judged.losses, [], "{judged:?}");
    let bytes = std::fs::read(&path).expect("reads");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("writes");
    let judged = agreed(&mut composer, &creative(&path, &[]));
    let [loss] = &judged.losses[..] else {
        panic!("one loss: {judged:?}");
    };
    assert_eq!(loss.file, path.display().to_string());
    assert!(loss.message.starts_with("only "), "{loss}");
    assert!(
        loss.message
            .contains(" s of 8.0 s can be decoded; copy it again"),
        "{loss}"
    );
}

#[test]
fn a_screen_that_is_told_to_looks_through_each_film_that_it_has_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tea.mp4");
    let made = std::process::Command::new(passerby_testing::required_program("ffmpeg"))
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=160x90:r=25:d=1",
        ])
        .args([
            "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p",
        ])
        .arg(&path)
        .status();
    assert!(made.expect("ffmpeg runs").success());
    let film = creative(&path, &[]);
    for looks_through_films in [false, true] {
        let mut composer = SlideComposer::new(Settings {
            looks_through_films,
            ..Settings::default()
        });
        let order = order(Creative::File(film.clone()), None, None);
        let made = composer.compose(&order, &Geometry::whole(640, 360));
        assert!(made.is_ok(), "{:?}", made.err());
        let knows = |composer: &SlideComposer| composer.film_looks().knows(&film.digest);
        assert!(!knows(&composer), "not while it is shown");
        drop(made);
        assert_eq!(knows(&composer), looks_through_films);
    }
}

#[test]
fn a_machine_without_ffmpeg_cannot_tell_about_films() {
    let folder = tempfile::tempdir().expect("a folder");
    let film = written(folder.path(), "tea.mp4", b"\0\0\0\x18ftypmp42");
    let bare = Judge::new(
        Fonts::default(),
        Tools::with(Some("/nowhere/ffmpeg".into()), None, "/"),
    );
    let judged = bare.judge(&creative(&film, &[]), &Colours::default());
    assert_eq!(judged.is_shown(), None, "{judged:?}");
    let missing = judged.missing_program.expect("it says what is missing");
    assert!(
        missing.message.starts_with("films cannot be played: "),
        "{missing}"
    );
    let judged = bare.judge(&creative(&film, &[&media("rgb.png")]), &Colours::default());
    assert_eq!(judged.is_shown(), Some(true), "{judged:?}");
    assert!(
        judged.notes[0]
            .message
            .ends_with("until then its poster airs"),
        "{judged:?}"
    );
}

#[test]
fn previews_show_what_screens_show_upright_and_in_srgb() {
    let preview = |name: &str, side| {
        let made = judge().preview(&creative(&media(name), &[]), &Colours::default(), side);
        made.expect(name)
    };
    for name in [
        "profile_adobe.jpg",
        "profile_prophoto16.png",
        "profile_p3.webp",
    ] {
        let small = preview(name, 16);
        assert_eq!((small.width_px, small.height_px), (16, 12), "{name}");
        assert_eq!(small.rgb.len(), 16 * 12 * 3, "{name}");
        let red = &small.rgb[(3 * 16 + 4) * 3..][..3];
        assert!(
            red[0] > 240 && red[1] < 16 && red[2] < 16,
            "{name}: {red:?}"
        );
    }
    assert_eq!(preview("rgb.png", 800).width_px, 32, "never enlarged");
    assert_eq!(
        preview("shapes.svg", 800)
            .width_px
            .max(preview("shapes.svg", 800).height_px),
        800
    );
    let transparent = preview("rgba.png", 32);
    let seen = &transparent.rgb[(18 * 32 + 24) * 3..][..3];
    assert!(seen.iter().all(|&value| value > 225), "paper: {seen:?}");
    let colours = Colours {
        paper: Some(Rgb([32, 64, 96])),
        ..Colours::default()
    };
    let rgba = creative(&media("rgba.png"), &[]);
    let on_paper = judge().preview(&rgba, &colours, 32);
    let on_paper = on_paper.expect("rgba.png");
    assert_eq!(on_paper.rgb[(18 * 32 + 24) * 3..][..3], [32, 64, 96]);
}

#[test]
fn a_preview_of_a_card_has_its_words_and_no_time_that_would_stand_still() {
    let folder = tempfile::tempdir().expect("a folder");
    let preview = |name: &str, text: &str| {
        let path = written(folder.path(), name, text.as_bytes());
        judge().preview(&creative(&path, &[]), &Colours::default(), 320)
    };
    let words = preview("a.card.toml", "headline = 'Tea'\n");
    let words = words.expect("a card");
    assert_eq!((words.width_px, words.height_px), (320, 180));
    assert!(words.rgb.iter().any(|byte| *byte != words.rgb[0]), "words");
    let with_clock = preview(
        "b.card.toml",
        "headline = 'Tea'\nclock = true\ndate = true\n",
    );
    assert_eq!(with_clock, Ok(words));
}

#[test]
fn a_preview_of_a_ticker_is_its_first_moment_and_one_of_a_web_page_is_a_card_with_its_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let preview = |name: &str, text: &str| {
        let path = written(folder.path(), name, text.as_bytes());
        let made = judge().preview(&creative(&path, &[]), &Colours::default(), 320);
        made.expect(name)
    };
    let has_words = |seen: &Preview| seen.rgb.iter().any(|byte| *byte != seen.rgb[0]);
    let ticker = preview("a.ticker.toml", "lines = ['Tea']\n");
    assert_eq!((ticker.width_px, ticker.height_px), (320, 180));
    assert!(has_words(&ticker));
    // Nothing of it is a hole, and what runs is at the left already.
    let dark = |x: usize| {
        (70..110).any(|y| {
            let at = (y * 320 + x) * 3;
            ticker.rgb[at..at + 3].iter().all(|&byte| byte < 90)
        })
    };
    assert!((0..60).any(dark), "its line begins at the left");
    let page = preview("a.page.toml", "url = 'https://a.example/menu'\n");
    let other = preview("b.page.toml", "url = 'https://b.example/menu'\n");
    assert!(has_words(&page) && page != other);
}

/// A picture of one colour, transparent but for a bar in its middle.
fn bar(folder: &Path, name: &str, Rgb([red, green, blue]): Rgb) -> PathBuf {
    let path = folder.join(name);
    let picture = image::RgbaImage::from_fn(160, 90, |x, y| {
        let is_seen = (60..100).contains(&x) && (40..50).contains(&y);
        image::Rgba([red, green, blue, if is_seen { 255 } else { 0 }])
    });
    picture.save(&path).expect("saves");
    path
}

#[test]
fn what_is_transparent_stands_out_from_its_paper_on_the_screen_and_in_the_preview() {
    let folder = tempfile::tempdir().expect("a folder");
    let colours = [
        [0, 0, 0],
        [0x33; 3],
        [0, 0, 128],
        [128, 0, 0],
        [0xc8, 0x10, 0x2e],
        [128; 3],
        [0xaa; 3],
        [255, 255, 0],
        [255; 3],
    ];
    for colour in colours.map(Rgb) {
        let drawing = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 160 90'><rect x='60' y='40' width='40' height='10' fill='{colour}'/></svg>"
        );
        for path in [
            bar(folder.path(), "a.png", colour),
            bar(folder.path(), "a.webp", colour),
            bar(folder.path(), "a.gif", colour),
            written(folder.path(), "a.svg", drawing.as_bytes()),
        ] {
            let name = path.display();
            let file = creative(&path, &[]);
            let mut composer = SlideComposer::default();
            let order = order(Creative::File(file.clone()), None, None);
            let made = composer.compose(&order, &Geometry::whole(160, 90));
            let shown = made.expect("composes").slide.rgba;
            let seen = judge().preview(&file, &Colours::default(), 160);
            let seen = seen.expect("a preview");
            let at = |x: usize, y: usize| y * 160 + x;
            let of = |bytes: &[u8], start: usize| {
                Rgb([bytes[start], bytes[start + 1], bytes[start + 2]])
            };
            let art = of(&shown, at(80, 45) * 4);
            let paper = of(&shown, at(5, 5) * 4);
            assert!(
                contrast(art, paper) >= 3.0,
                "{name}: {art} on {paper} for {colour}"
            );
            assert_eq!(of(&seen.rgb, at(5, 5) * 3), paper, "{name}: {colour}");
            let judged = judge().judge(&file, &Colours::default());
            assert_eq!(judged.notes, [], "{name}: {colour}");
        }
    }
}

#[test]
fn a_paper_that_a_publisher_chose_is_kept_and_noted_where_a_picture_is_lost_on_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let colours = |paper| Colours {
        paper: Some(Rgb(paper)),
        ..Colours::default()
    };
    let black = creative(&bar(folder.path(), "a.png", Rgb([0; 3])), &[]);
    let on_dark = colours([16; 3]);
    let preview = judge().preview(&black, &on_dark, 160);
    let preview = preview.expect("a preview");
    assert_eq!(preview.rgb[..3], [16; 3]);
    let judged = judge().judge(&black, &on_dark);
    assert_eq!(judged.is_shown(), Some(true));
    let [note] = &judged.notes[..] else {
        panic!("{judged:?}");
    };
    assert!(
        note.message
            .contains("hardly stands out from the paper #101010"),
        "{note:?}"
    );
    assert_eq!(judge().judge(&black, &colours([255; 3])).notes, []);

    let card = written(
        folder.path(),
        "a.card.toml",
        b"headline = 'Tea'\nlogo = 'a.png'\n[colours]\npaper = '#101010'\n",
    );
    let logo = folder.path().join("a.png");
    let judged = judge().judge(&creative(&card, &[&logo]), &Colours::default());
    assert_eq!(judged.notes.len(), 1, "{judged:?}");
}
