//! Creatives are looked at by a process of their own before they are published, as screens look at
//! them.

use std::path::Path;
use std::time::Duration;

use passerby_hub::publish::inspection::{Answer, Job, TIME_MAX, Workers};
use passerby_protocol::Digest;
use passerby_protocol::campaign::Colours;
use passerby_protocol::creative::CreativeKind;
use serde_json::Value;

use crate::stand::{Stand, png};

/// A program that is no ffmpeg, and none at all.
const NO_FFMPEG: &str = "/nowhere/ffmpeg";

fn picture_job(name: &str, bytes: &[u8]) -> Job {
    Job {
        name: name.to_owned(),
        file: name.to_owned(),
        kind: CreativeKind::Picture,
        digest: Digest::of(bytes),
        parts: Vec::new(),
        colours: Colours::default(),
    }
}

fn said(answer: &Answer) -> String {
    answer.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_that_takes_too_much_memory_is_named_and_costs_no_other_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, pixels: &image::RgbImage| {
        let path = folder.path().join(name);
        pixels.save(&path).unwrap();
        picture_job(name, &std::fs::read(path).unwrap())
    };
    let jobs = [
        write("large.png", &image::RgbImage::new(6_000, 6_000)),
        write("small.png", &image::RgbImage::new(60, 60)),
    ];
    // What a worker maps before it opens anything is less than 64 MiB; the large picture takes 108
    // MB.
    let workers = Workers::new(env!("CARGO_BIN_EXE_passerby-hub").into());
    let answers = workers
        .clone()
        .within(TIME_MAX, 160 << 20)
        .look_at(folder.path(), &jobs);
    let large = said(&answers[0]);
    assert!(
        large.starts_with(
            "large.png: it takes more than 160 MiB of memory to open; make it smaller"
        ),
        "{large}"
    );
    assert_eq!(said(&answers[1]), "");
    assert!(answers[1].thumbnail.is_some());
    let answers = workers.look_at(folder.path(), &jobs);
    assert_eq!(said(&answers[0]), "", "with all of its memory it is opened");

    let late = Workers::new(env!("CARGO_BIN_EXE_passerby-hub").into()).within(
        Duration::ZERO,
        passerby_hub::publish::inspection::MEMORY_BYTES_MAX,
    );
    let answers = late.look_at(folder.path(), &jobs);
    assert!(said(&answers[0]).starts_with("large.png: it took longer than 0 s"));
}

#[test]
fn what_changes_while_it_is_looked_at_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.png"), png([9; 3])).unwrap();
    let job = picture_job("a.png", &png([90; 3]));
    let workers = Workers::new(env!("CARGO_BIN_EXE_passerby-hub").into());
    let answers = workers.look_at(folder.path(), &[job]);
    assert!(
        said(&answers[0]).contains("a.png: the file changed"),
        "{answers:?}"
    );
}

#[test]
fn a_bad_file_leaves_what_was_published_before_on_the_screens() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign("shop", "", &[[9; 3]]);
    stand.publish(&folder);
    let before = stand.manifest(&terminal);
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(Path::new(&folder).join(name), bytes).unwrap();
    let whole = png([50; 3]);
    write("cut.png", &whole[..whole.len() / 2]);
    write("page.svg", b"<html></html>");
    write("packed.svg", &[0x1F, 0x8B, 8, 0, 0, 0, 0, 0]);
    write("name.jpg", b"II*\0........");
    write("moved.webp", b"RIFF\x10\0\0\0WEBPVP8X");
    write("cut.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0 and nothing more");
    write("words.card.toml", b"headline = ''\n");
    let output = stand.command(&["publish", &folder]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    let mut named: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix(&format!("{folder}/"))?.split(':').next())
        .collect();
    named.sort_unstable();
    let bad = [
        "cut.mp4",
        "cut.png",
        "moved.webp",
        "name.jpg",
        "packed.svg",
        "page.svg",
        "words.card.toml",
    ];
    assert_eq!(named, bad, "{said}");
    assert_eq!(stand.manifest(&terminal), before);
}

#[test]
fn films_are_published_unseen_where_there_is_no_ffmpeg_and_one_note_says_so() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign("shop", "", &[]);
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(Path::new(&folder).join(name), bytes).unwrap();
    write("a.mp4", b"\0\0\0\x18ftypmp42 and so on");
    write("b.mp4", b"\0\0\0\x18ftypmp42 and so forth");
    write("b.png", &png([50; 3]));
    let output = stand
        .hub_command()
        .args(["publish", &folder, "--json", "--data"])
        .arg(stand.data())
        .env("PASSERBY_FFMPEG", NO_FFMPEG)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    let notes: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("note: "))
        .collect();
    assert!(
        notes
            .iter()
            .filter(|note| note.contains("its films were not looked at: "))
            .count()
            == 1
            && told.contains("apt-get install ffmpeg"),
        "{told}"
    );
    let published: Value = serde_json::from_slice(&output.stdout).unwrap();
    let notes = published["published"][0]["notes"].as_array().unwrap();
    assert!(
        notes.iter().any(|note| note["file"] == folder.as_str()),
        "{published}"
    );
    let items = stand.manifest(&terminal).campaigns[0].items.clone();
    let status = |at: usize| {
        stand
            .visit(1, &format!("/p/{}.jpg", items[at].creative))
            .status()
    };
    assert_eq!(status(0), 404, "nobody has seen it");
    assert_eq!(status(1), 200, "its poster is seen");
}

#[test]
fn letters_that_no_font_here_has_are_noted_and_fonts_of_the_screens_may_be_named() {
    let stand = Stand::start();
    let folder = stand.campaign("shop", "", &[]);
    let card = Path::new(&folder).join("a.card.toml");
    std::fs::write(card, "headline = 'Sale'\nbody = '한글'\n").unwrap();
    let output = stand.command(&["publish", &folder]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    let note = format!(
        "note: {folder}/a.card.toml:2: body has 한 (U+D55C), 글 (U+AE00), which none of the fonts here has"
    );
    assert!(told.contains(&note), "{told}");
    let nowhere = format!("{folder}/fonts");
    let output = stand.command(&["publish", &folder, "--fonts", &nowhere]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("fonts: the font folder cannot be read"),
        "{told}"
    );
}
