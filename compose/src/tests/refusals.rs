//! Files and words that are refused, each with its reason.

use passerby_protocol::limits::CREATIVE_BYTES_MAX;

use super::*;

/// The upright width and height of a picture in pixels.
fn size_of(path: &Path) -> (u32, u32) {
    let found = inspect(path, &Fonts::default()).expect("it opens");
    (found.width_px, found.height_px)
}

#[test]
fn bad_files_cost_one_readable_reason_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("writes");
        path
    };
    let jpeg = std::fs::read(photo(folder.path(), "whole.jpg", 400, 300)).expect("reads");
    let png = std::fs::read(photo(folder.path(), "whole.png", 400, 300)).expect("reads");
    let cases = [
        (write("empty.png", b""), "empty.png: the file is empty"),
        (
            write("garbage.jpg", &[0xA7; 4_000]),
            "garbage.jpg: it is no JPEG, PNG, WebP, GIF or SVG picture",
        ),
        (
            write("cut.jpg", &jpeg[..jpeg.len() / 2]),
            "cut.jpg: the picture is cut off",
        ),
        (
            write("cut.png", &png[..png.len() / 2]),
            "cut.png: the picture is",
        ),
        (
            write("stub.jpg", &jpeg[..3]),
            "stub.jpg: the picture is cut off",
        ),
        (
            write("huge.png", &png_claiming(30_000, 30_000)),
            "huge.png: 30000 × 30000 pixels, more than 20000 a side; make it smaller",
        ),
        (
            write("wide.png", &png_claiming(20_000, 6_000)),
            "wide.png: 20000 × 6000 pixels, more than 100 million",
        ),
        (write("flat.png", &png_claiming(0, 6)), "flat.png: "),
        (
            write("liar.png", &png_claiming(5_000, 5_000)),
            "liar.png: the picture is",
        ),
        (
            folder.path().join("gone.png"),
            "gone.png: the file is missing",
        ),
        (folder.path().to_owned(), "it is not a file"),
    ];
    for (path, reason) in cases {
        let refused = refusal(&path);
        assert!(
            refused.contains(reason),
            "{refused:?} should say {reason:?}"
        );
        assert!(inspect(&path, &Fonts::default()).is_err());
    }
    let mut damaged = png;
    for at in (60..damaged.len()).step_by(7) {
        damaged[at] ^= 0x5A;
    }
    assert!(refusal(&write("damaged.png", &damaged)).starts_with("damaged.png: "));
}

#[test]
fn a_file_past_the_limit_is_refused_by_its_length() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heavy.jpg");
    let file = std::fs::File::create(&path).expect("makes it");
    file.set_len(CREATIVE_BYTES_MAX + 1).expect("stretches it");
    let refused = inspect(&path, &Fonts::default()).expect_err("refused");
    assert_eq!(
        refused.0,
        "heavy.jpg: the file is larger than 64 MiB; export it smaller"
    );
}

#[test]
fn a_file_that_changed_on_disk_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = photo(folder.path(), "poster.png", 64, 64);
    let picture = file(&path);
    photo(folder.path(), "poster.png", 65, 64);
    let refused = SlideComposer::default()
        .compose(&order(picture, None, None), &screen(320, 240, 0))
        .expect_err("refused");
    assert!(
        refused
            .0
            .starts_with("poster.png: the file changed on disk"),
        "{refused}"
    );
}

#[test]
fn a_wrong_name_does_not_matter_and_orientation_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = photo(folder.path(), "poster.png", 64, 48);
    let other = folder.path().join("really-a-png.jpg");
    std::fs::rename(&path, &other).expect("renames");
    assert_eq!(size_of(&other), (64, 48));

    let path = photo(folder.path(), "turned.jpg", 64, 48);
    let jpeg = std::fs::read(&path).expect("reads");
    // An EXIF block with one entry: orientation 6, a quarter turn.
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut turned = jpeg[..2].to_vec();
    turned.extend([0xFF, 0xE1]);
    turned.extend(u16::try_from(exif.len() + 2).expect("short").to_be_bytes());
    turned.extend(exif);
    turned.extend(&jpeg[2..]);
    std::fs::write(&path, turned).expect("writes");
    assert_eq!(size_of(&path), (48, 64));
}

#[test]
fn a_letter_that_no_font_has_is_named_and_an_emoji_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = file(&photo(folder.path(), "poster.png", 64, 48));
    let mut composer = SlideComposer::default();
    let mut compose = |line| {
        composer.compose(
            &order(picture.clone(), Some(line), None),
            &screen(640, 480, 0),
        )
    };
    let refused = compose("读𠀀书").expect_err("refused");
    assert!(refused.0.contains("𠀀 (U+20000)"), "{refused}");
    assert!(compose("读书 🎉").is_ok());
    assert!(compose("🎉").is_ok());
}

#[test]
fn a_card_without_its_picture_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sale.card.toml");
    for (text, reason) in [
        (
            "headline = 'a'\npicture = 'gone.png'\n",
            "sale.card.toml: gone.png is not beside the card",
        ),
        (
            "headline = 'a'\nprize = 'x'\n",
            "sale.card.toml:2: unknown key",
        ),
        ("", "sale.card.toml:1: headline is missing"),
        ("headline = '读𠀀书'\n", "sale.card.toml: headline has 𠀀"),
    ] {
        std::fs::write(&path, text).expect("writes");
        let refused = refusal(&path);
        assert!(
            refused.contains(reason),
            "{refused:?} should say {reason:?}"
        );
    }
    std::fs::write(&path, [0xff, 0xfe, 0x00]).expect("writes");
    assert!(refusal(&path).contains("not UTF-8"));
}

fn refusal(path: &Path) -> String {
    let refused =
        SlideComposer::default().compose(&order(file(path), None, None), &screen(320, 240, 0));
    refused.map(|_| ()).expect_err("is refused").0
}

/// A PNG whose header claims a size, with a body that holds next to nothing.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut small = Vec::new();
    image::RgbImage::new(1, 1)
        .write_to(
            &mut std::io::Cursor::new(&mut small),
            image::ImageFormat::Png,
        )
        .expect("encodes");
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut checksum = u32::MAX;
    for byte in &header {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = (checksum >> 1) ^ (0xEDB8_8320 & (0_u32.wrapping_sub(checksum & 1)));
        }
    }
    small.splice(12..29, header);
    small.splice(29..33, (!checksum).to_be_bytes());
    small
}
