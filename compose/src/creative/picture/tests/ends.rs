//! Files whose end is missing or is something else, and files that are really cut.

use super::*;

/// Decodes a file that is written for it.
fn shown(name: &str, bytes: &[u8]) -> Result<Bitmap, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("writes");
    let judged = inspect(&path, &fonts::Fonts::default());
    let shown = opened(&path);
    assert_eq!(judged.is_ok(), shown.is_ok(), "{name}: {judged:?}");
    shown.map_err(|error| error.0)
}

fn media_bytes(name: &str) -> Vec<u8> {
    std::fs::read(media(name)).expect("reads")
}

/// A JPEG with much in it, as `encoder` says.
fn busy_jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        let wave = (x * 7 + y * 13 + x * y / 5) % 256;
        let byte = |value: u32| u8::try_from(value % 256).expect("a byte");
        image::Rgb([byte(wave), byte(wave * 3 + x), byte(255 - wave + y)])
    });
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 85)
        .encode_image(&picture)
        .expect("encodes");
    jpeg
}

/// What phones, door cameras and disks put in place of the end.
fn tails() -> Vec<(&'static str, Vec<u8>)> {
    let jpeg = media_bytes("baseline.jpg");
    vec![
        ("nothing", Vec::new()),
        ("zeros", vec![0; 4_096]),
        ("padding", vec![0xFF; 512]),
        ("a door camera", b"dhavY\x19\x01\0".to_vec()),
        (
            "a phone",
            b"\0\0\x01\x0A\x0E\0\0\0Image_UTC_Data1700000000000SEFH\x6B\0\0\0SEFT".to_vec(),
        ),
        ("a marker", b"\xFF\x5Asomething".to_vec()),
        ("a second picture", jpeg),
        (
            "a film",
            b"\0\0\0\x18ftypmp42\xFF\xF1\x50\x80\xFF\xD9".to_vec(),
        ),
    ]
}

#[test]
fn a_jpeg_of_which_all_is_there_is_shown_whatever_ends_it() {
    let files = [
        ("busy.jpg", busy_jpeg(203, 117)),
        ("small.jpg", busy_jpeg(5, 3)),
        ("baseline.jpg", media_bytes("baseline.jpg")),
        ("grey.jpg", media_bytes("grey.jpg")),
        ("progressive.jpg", media_bytes("progressive.jpg")),
        ("grey_progressive.jpg", media_bytes("grey_progressive.jpg")),
        ("cmyk_adobe.jpg", media_bytes("cmyk_adobe.jpg")),
        ("ycck_adobe.jpg", media_bytes("ycck_adobe.jpg")),
        ("profile_cmyk.jpg", media_bytes("profile_cmyk.jpg")),
    ];
    for (name, whole) in files {
        let wanted = shown(name, &whole).expect(name);
        assert_eq!(whole[whole.len() - 2..], [0xFF, 0xD9], "{name}");
        for (what, tail) in tails() {
            let endless = [&whole[..whole.len() - 2], &tail].concat();
            let is = shown(name, &endless).unwrap_or_else(|why| panic!("{name}, {what}: {why}"));
            assert!(is.pixels == wanted.pixels, "{name}, {what}");
            let behind = [&whole[..], &tail].concat();
            let is = shown(name, &behind).unwrap_or_else(|why| panic!("{name}, {what}: {why}"));
            assert!(is.pixels == wanted.pixels, "{name}, {what} behind the end");
        }
    }
}

#[test]
fn a_jpeg_of_which_a_part_is_missing_is_refused_whatever_ends_it() {
    for (name, whole) in [
        ("busy.jpg", busy_jpeg(203, 117)),
        ("baseline.jpg", media_bytes("baseline.jpg")),
        ("progressive.jpg", media_bytes("progressive.jpg")),
        ("grey_progressive.jpg", media_bytes("grey_progressive.jpg")),
        ("cmyk_adobe.jpg", media_bytes("cmyk_adobe.jpg")),
    ] {
        let coded = &whole[..whole.len() - 2];
        for percent in [10, 50, 75, 97] {
            let cut = &coded[..coded.len() * percent / 100];
            for (what, tail) in tails().iter().take(5) {
                // Zeros are what the last pixels of a small picture may be.
                if *what == "zeros" && name != "busy.jpg" {
                    continue;
                }
                let refused = shown(name, &[cut, tail].concat()).map(|_| ());
                let Err(why) = refused else {
                    panic!("{percent} % of {name} and {what} is shown");
                };
                assert!(why.contains("; "), "{why}");
            }
        }
    }
    // Programs that copy what they get put an end behind it.
    let whole = busy_jpeg(203, 117);
    for percent in [50, 75, 90] {
        let cut = &whole[..whole.len() * percent / 100];
        let refused = shown("ended.jpg", &[cut, &[0xFF, 0xD9]].concat());
        let why = refused.map(|_| ()).expect_err("refused");
        assert!(why.contains("damaged or cut off"), "{why}");
    }
}

#[test]
fn a_grey_picture_is_not_taken_for_one_that_breaks_off() {
    let grey = image::RgbImage::from_pixel(64, 48, image::Rgb([128; 3]));
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg)
        .encode_image(&grey)
        .expect("encodes");
    assert!(shown("grey.jpg", &jpeg).is_ok());
    assert!(shown("grey.jpg", &jpeg[..jpeg.len() - 2]).is_ok());
}

#[test]
fn png_gif_and_webp_are_shown_without_their_ends_and_refused_without_their_pixels() {
    let tail = b"and somebody's notes".as_slice();
    for (name, end) in [
        ("rgb.png", 12),
        ("palette_trns.png", 12),
        ("one_frame.gif", 1),
        ("lossless.webp", 0),
        ("lossy_alpha.webp", 0),
    ] {
        let whole = media_bytes(name);
        let wanted = shown(name, &whole).expect(name);
        let endless = &whole[..whole.len() - end];
        for bytes in [endless.to_vec(), [&whole[..], tail].concat()] {
            let is = shown(name, &bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
            assert!(is.pixels == wanted.pixels, "{name}");
        }
        let half = &whole[..whole.len() / 2];
        let why = shown(name, half).map(|_| ()).expect_err(name);
        assert!(why.contains("; "), "{why}");
    }
    // A length in the head of a WebP that is not that of the file.
    for (name, longest) in [
        ("lossless.webp", 1_000_000),
        ("lossy_alpha.webp", 1_000_000),
        ("twice.webp", 12),
    ] {
        let whole = media_bytes(name);
        let wanted = shown(name, &whole).expect(name);
        for length in [0_u32, 12, longest] {
            let mut wrong = whole.clone();
            wrong[4..8].copy_from_slice(&length.to_le_bytes());
            let is = shown(name, &wrong).unwrap_or_else(|why| panic!("{name}, {length}: {why}"));
            assert!(is.pixels == wanted.pixels, "{name}");
        }
    }
}

#[test]
fn animations_are_shown_without_their_ends_and_say_which_frames_are_missing() {
    for (name, end) in [("forever.gif", 1), ("twice.apng", 12), ("twice.webp", 0)] {
        let whole = media_bytes(name);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, &whole[..whole.len() - end]).expect("writes");
        let found = inspect(&path, &fonts::Fonts::default()).expect(name);
        assert_eq!((found.frames, found.losses), (4, vec![]), "{name}");
        // With somebody's notes behind it.
        std::fs::write(&path, [&whole[..], b"notes"].concat()).expect("writes");
        let found = inspect(&path, &fonts::Fonts::default()).expect(name);
        assert_eq!((found.frames, found.losses), (4, vec![]), "{name}");
    }
    // A frame that is missing in the middle of the file is a loss.
    let whole = media_bytes("twice.apng");
    let last = whole.windows(4).rposition(|kind| kind == b"fdAT");
    let cut = &whole[..last.expect("a frame") + 6];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cut.png");
    std::fs::write(&path, cut).expect("writes");
    let found = inspect(&path, &fonts::Fonts::default()).expect("its first frames are shown");
    assert_eq!(found.losses.len(), 1, "{found:?}");
    assert!(
        found.losses[0].starts_with("frame 4 of its animation"),
        "{found:?}"
    );
}

#[test]
fn a_lossy_webp_that_announces_alpha_and_has_none_is_shown() {
    let plain = media_bytes("lossy.webp");
    assert_eq!(&plain[12..16], b"VP8 ");
    let mut extended = b"RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0\x10\0\0\0\x1F\0\0\x17\0\0".to_vec();
    extended.extend(&plain[12..]);
    let length = u32::try_from(extended.len() - 8).expect("short");
    extended[4..8].copy_from_slice(&length.to_le_bytes());
    let bitmap = shown("announced.webp", &extended).expect("it is shown");
    let wanted = shown("lossy.webp", &plain).expect("it is shown");
    assert_eq!(quarters(&bitmap), quarters(&wanted));
}

#[test]
fn a_file_that_only_has_the_name_of_a_picture_is_called_what_it_is() {
    for (bytes, what) in [
        (
            &b"<!DOCTYPE html><html><p>Log in</p></html>"[..],
            "a web page",
        ),
        (b"\n <!-- saved --><html><p>Log in", "a web page"),
        (
            b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>",
            "a web page",
        ),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF picture"),
        (b"%PDF-1.7\n", "a PDF document"),
    ] {
        for name in ["a.png", "a.jpg"] {
            let why = shown(name, bytes).map(|_| ()).expect_err("refused");
            assert!(why.contains(&format!("it is {what}")), "{why}");
            assert!(why.contains("; "), "{why}");
        }
    }
}
