//! Drawings, kind and hostile.

mod bounds;

use std::fmt::Write;
use std::time::{Duration, Instant};

use passerby_testing::required_file;

use super::*;
use crate::creative::picture_file;
use crate::text::fonts;
use crate::text::fonts::Fonts;

fn open(text: &str) -> Result<Drawing, ComposeError> {
    Drawing::open(
        "poster.svg",
        text.as_bytes().to_vec(),
        DrawingFonts::bundled(),
    )
}

fn svg(body: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 160 90">{body}</svg>"#
    )
}

/// Opens and draws at full HD; the time it took beside what came of it.
fn drawn(text: &str) -> (Duration, Result<Vec<u8>, String>) {
    let began = Instant::now();
    let made = open(text).and_then(|drawing| {
        let (width, height) = drawing.size();
        drawing.scaled(Crop::whole(width, height), (1_920, 1_080), Rgb([255; 3]))
    });
    (began.elapsed(), made.map_err(|error| error.0))
}

fn refused(text: &str, reason: &str) {
    let (took, made) = drawn(text);
    let why = made.map(|_| ()).expect_err(reason);
    assert!(why.starts_with("poster.svg: "), "{why}");
    assert!(why.contains(reason), "{why:?} should say {reason:?}");
    assert!(took < Duration::from_secs(600), "{took:?} to refuse: {why}");
}

fn pixel(rgb: &[u8], width: u32, x: u32, y: u32) -> [u8; 3] {
    let at = ((y * width + x) * 3) as usize;
    [rgb[at], rgb[at + 1], rgb[at + 2]]
}

#[test]
fn a_drawing_is_sharp_at_any_size_and_shows_the_paper() {
    let drawing = open(&svg(
        r##"<rect x="40" width="80" height="90" fill="#f00"/>"##,
    ))
    .expect("opens");
    assert_eq!(drawing.size(), (10_000, 5_625));
    for (width, height) in [(160, 90), (1_920, 1_080), (3_840, 2_160)] {
        let rgb = drawing
            .scaled(Crop::whole(10_000, 5_625), (width, height), Rgb([1, 2, 3]))
            .expect("draws");
        let edge = width / 4;
        assert_eq!(pixel(&rgb, width, edge - 1, height / 2), [1, 2, 3]);
        assert_eq!(pixel(&rgb, width, edge, height / 2), [255, 0, 0]);
        assert_eq!(pixel(&rgb, width, width - edge - 1, 0), [255, 0, 0]);
    }
    let crop = Crop::covering(drawing.size(), (100, 100));
    let rgb = drawing
        .scaled(crop, (100, 100), Rgb([1, 2, 3]))
        .expect("draws");
    // A square of the middle: 35 to 125 of 160, so the red starts at 5 of 90.
    assert_eq!(pixel(&rgb, 100, 4, 50), [1, 2, 3]);
    assert_eq!(pixel(&rgb, 100, 7, 50), [255, 0, 0]);
}

#[test]
fn letters_come_from_the_bundled_fonts_whatever_the_family() {
    for family in ["Helvetica", "serif", "monospace", "Noto Sans SC"] {
        let text =
            format!(r#"<text x="10" y="60" font-size="40" font-family="{family}">书 Book</text>"#);
        let (_, rgb) = drawn(&svg(&text));
        let rgb = rgb.expect("draws");
        let dark = rgb.chunks_exact(3).filter(|pixel| pixel[0] < 64).count();
        assert!(dark > 20_000, "{family}: {dark}");
    }
}

#[test]
fn accents_as_macos_writes_them_count_as_the_letters_that_are_drawn() {
    let text = svg("<text x=\"10\" y=\"60\" font-size=\"40\">Geba\u{308}ude</text>");
    let drawing = open(&text).unwrap_or_else(|error| panic!("{}", error.0));
    assert_eq!(drawing.letters(), "Gbdeuä");
}

#[test]
fn a_picture_inside_is_drawn_and_files_are_never_opened() {
    let folder = passerby_testing::package_folder().join("tests/media");
    let png = std::fs::read(folder.join("rgb.png")).expect("reads");
    let embedded = |bytes: &[u8], mime: &str| {
        let mut hex = String::new();
        for byte in bytes {
            write!(hex, "%{byte:02x}").expect("writes");
        }
        svg(&format!(
            r#"<image width="160" height="90" preserveAspectRatio="none" xlink:href="data:{mime},{hex}"/>"#
        ))
    };
    let (_, rgb) = drawn(&embedded(&png, "image/png"));
    assert_eq!(pixel(&rgb.expect("draws"), 1_920, 200, 200), [255, 0, 0]);
    refused(
        &embedded(&png[..40], "image/png"),
        "a picture inside the drawing",
    );
    refused(
        &embedded(b"<svg/>", "image/svg+xml"),
        "no PNG, JPEG, WebP or GIF",
    );

    let here = folder.join("rgb.png").display().to_string();
    for href in [
        here.as_str(),
        "rgb.png",
        "https://example.org/x.png",
        "file:///etc/passwd",
    ] {
        refused(
            &svg(&format!(r#"<image width="9" height="9" href="{href}"/>"#)),
            "must hold everything itself",
        );
    }
    refused(
        &svg(r#"<filter id="f"><feImage href="secret.png"/></filter>"#),
        "asks for \"secret.png\"",
    );
    // Where a link leads people is no part of the drawing.
    let (_, made) = drawn(&svg(
        r#"<a href="https://example.org"><rect width="9" height="9"/></a>"#,
    ));
    assert!(made.is_ok(), "{made:?}");
}

#[test]
fn what_cannot_be_read_is_said_plainly() {
    let cases = [
        ("<svg", "damaged"),
        ("<!-- nothing -->", "damaged"),
        ("<?xml version='1.0'?><html/>", "it is no SVG"),
        (
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="0"/>"#,
            "no size",
        ),
        (
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9000"/>"#,
            "longer one way",
        ),
    ];
    for (text, reason) in cases {
        refused(text, reason);
    }
    let error = Drawing::open("x.svg", vec![0x1F, 0x8B, 8, 0], DrawingFonts::bundled()).map(|_| ());
    assert!(error.expect_err("refused").0.contains("SVGZ"));
    let error = Drawing::open(
        "x.svg",
        vec![b'<'; SVG_BYTES_MAX + 1],
        DrawingFonts::bundled(),
    )
    .map(|_| ());
    assert!(error.expect_err("refused").0.contains("8 MiB"));
    let error = Drawing::open(
        "x.svg",
        b"<svg>\xFF</svg>".to_vec(),
        DrawingFonts::bundled(),
    )
    .map(|_| ());
    assert!(error.expect_err("refused").0.contains("UTF-8"));
}

#[test]
fn text_is_set_in_the_operators_fonts_too() {
    let font = required_file("/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(font, folder.path().join("a.ttf")).expect("copies");
    let (own, problems) = fonts::Fonts::load(&[folder.path().to_owned()]);
    assert!(problems.is_empty(), "{problems:?}");
    let words = ["مرحبا", "كتابك"].map(|word| {
        let text = svg(&format!(
            r#"<text x="20" y="60" font-size="40" font-family="Noto Sans Arabic">{word}</text>"#
        ));
        let path = folder.path().join(format!("{word}.svg"));
        std::fs::write(&path, &text).expect("writes");
        (text, path)
    });
    let draw = |fonts: &fonts::Fonts| {
        words.clone().map(|(text, _)| {
            let drawing = Drawing::open("poster.svg", text.into_bytes(), fonts.of_drawings());
            let whole = Crop::whole(10_000, 5_625);
            let drawing = drawing.expect("opens");
            let drawn = drawing.scaled(whole, (320, 180), Rgb([255; 3]));
            drawn.expect("draws")
        })
    };
    let [one, other] = draw(&fonts::Fonts::default());
    assert_eq!(one, other, "boxes instead of letters");
    let [one, other] = draw(&own);
    assert_ne!(one, other, "letters");
    let found = crate::inspect(&words[0].1, &own).expect("opens");
    assert_eq!(found.letters, "ابحرم");
    assert_eq!(own.lacking(&found.letters), None);
    assert!(fonts::Fonts::default().lacking(&found.letters).is_some());
}

#[test]
fn a_drawing_in_utf_16_is_shown_as_the_same_in_utf_8() {
    let text = "<?xml version='1.0' encoding='UTF-16'?><svg xmlns='http://www.w3.org/2000/svg' \
                viewBox='0 0 160 90'><rect width='90' height='90' fill='#f00'/><text y='50'>茶</text></svg>";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tea.svg");
    for bytes in [
        [&b"\xFF\xFE"[..], &little].concat(),
        [&b"\xFE\xFF"[..], &big].concat(),
        little,
        big,
    ] {
        std::fs::write(&path, &bytes).expect("writes");
        let found = picture_file::inspect(&path, &Fonts::default());
        let found = found.expect("it is shown");
        assert_eq!(found.letters, "茶");
        assert_eq!((found.losses.len(), found.notes.len()), (0, 0), "{found:?}");
    }
}

#[test]
fn a_drawing_in_an_older_encoding_is_refused_with_its_name() {
    let mut bytes = b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><text>".to_vec();
    // "Please leave at once" in GBK, several times.
    bytes.extend(b"\xC7\xEB\xC1\xA2\xBC\xB4\xB3\xB7\xC0\xEB".repeat(4));
    bytes.extend(b"</text></svg>");
    let refused = Drawing::open("tea.svg", bytes, DrawingFonts::bundled());
    let said = refused.map(|_| ()).expect_err("refused").to_string();
    assert!(
        said.starts_with("tea.svg: it is not UTF-8 text but GBK; save it as UTF-8"),
        "{said}"
    );
}
