//! Drawings, kind and hostile.

use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use passerby_testing::required_file;

use super::*;
use crate::creative::drawing::threads::Threads;
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
fn copies_of_copies_are_counted_before_they_are_made() {
    let mut body = String::from(r#"<g id="a0"><rect width="1" height="1"/></g>"#);
    for level in 1..40 {
        let before = level - 1;
        write!(
            body,
            r##"<g id="a{level}"><use href="#a{before}"/><use href="#a{before}"/></g>"##
        )
        .expect("writes");
    }
    refused(&svg(&body), "with all its copies");
    let mut laughs = String::from("<!DOCTYPE svg [<!ENTITY l0 \"ha\">");
    for level in 1..10 {
        let before = level - 1;
        write!(
            laughs,
            "<!ENTITY l{level} \"&l{before};&l{before};&l{before};\">"
        )
        .expect("writes");
    }
    let laughs = format!("{laughs}]>{}", svg("<text>&l9;</text>"));
    refused(&laughs, "entities");
    let many = format!(
        "<!DOCTYPE svg [<!ENTITY l \"{}\">]>{}",
        "ha".repeat(4_000),
        svg(&format!("<text>{}</text>", "&l;".repeat(100_000)))
    );
    refused(&many, "entities");
    // What drawing programs really write.
    let namespaces = format!(
        "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"svg11.dtd\" [<!ENTITY ns \"http://example.org/\">]>{}",
        svg(r#"<g xmlns:i="&ns;"><rect width="9" height="9"/></g>"#)
    );
    let (_, made) = drawn(&namespaces);
    assert!(made.is_ok(), "{made:?}");
}

#[test]
fn what_uses_itself_or_nests_too_deeply_is_refused_without_a_crash() {
    let deep = |count: usize| {
        svg(&format!(
            "{}{}",
            "<g opacity='0.5'>".repeat(count),
            "</g>".repeat(count)
        ))
    };
    let (_, made) = drawn(&deep(150));
    assert!(made.is_ok(), "{made:?}");
    refused(&deep(1_000), "nest more than");
    refused(&deep(90_000), "nest more than");
    for kind in ["mask", "clipPath", "pattern", "filter", "marker"] {
        let attribute = match kind {
            "clipPath" => "clip-path",
            "pattern" => "fill",
            "marker" => "marker-mid",
            kind => kind,
        };
        let mut chain = String::new();
        let mut circle = String::new();
        for level in 0..30_000 {
            let next = level + 1;
            write!(
                chain,
                r##"<{kind} id="m{level}"><path d="M0 0h9" {attribute}="url(#m{next})"/></{kind}>"##
            )
            .expect("writes");
        }
        for level in 0..3 {
            let next = (level + 1) % 3;
            write!(circle, r##"<{kind} id="m{level}"><path d="M0 0h9v9" {attribute}="url(#m{next})"/></{kind}>"##)
                .expect("writes");
        }
        let user = format!(r##"<path d="M0 0h90v90h9" {attribute}="url(#m0)"/>"##);
        for body in [chain + &user, circle + &user] {
            let why = drawn(&svg(&body)).1.map(|_| ()).expect_err(kind);
            assert!(
                why.contains("nest more than") || why.contains("uses"),
                "{kind}: {why}"
            );
        }
        // The same circle, said by style rules.
        let styled = format!(
            r##"<style>.u, g > .u:hover {{ /* }} */ {attribute}: url( "#m0" ) }} .c{{{attribute}:url(#m1)}}</style>
            <{kind} id="m0"><path class="c" d="M0 0h9v9"/></{kind}><{kind} id="m1"><path class="u" d="M0 0h9v9"/></{kind}>
            <path class="u" d="M0 0h90v90h9"/>"##
        );
        let why = drawn(&svg(&styled)).1.map(|_| ()).expect_err(kind);
        assert!(why.contains("uses"), "{kind}: {why}");
    }
    refused(
        &svg(
            r##"<g id="a"><use href="#b"/></g><g id="b"><use href="#c"/></g><g id="c"><use href="#a"/></g>"##,
        ),
        "uses itself",
    );
}

#[test]
fn style_rules_that_drawing_programs_write_are_no_circles() {
    let (_, made) = drawn(&svg(
        r##"<defs><style>.cls-1{fill:url(#g)}.cls-2{clip-path:url(#c)}.cls-3{mask:url(#m);filter:url(#s)}</style>
        <linearGradient id="g"><stop offset="0"/><stop offset="1" stop-color="red"/></linearGradient>
        <clipPath id="c"><rect width="80" height="80"/></clipPath>
        <mask id="m"><rect class="cls-1" width="80" height="80"/></mask>
        <filter id="s"><feGaussianBlur stdDeviation="2"/></filter></defs>
        <g class="cls-2"><g class="cls-3"><rect class="cls-1" width="80" height="80"/></g></g>"##,
    ));
    assert!(made.is_ok(), "{made:?}");
}

#[test]
fn markers_on_every_corner_are_counted() {
    let marker = format!(
        r#"<marker id="m">{}</marker>"#,
        r#"<path d="M0 0h1"/>"#.repeat(200)
    );
    let corners = "h1v1".repeat(20_000);
    refused(
        &svg(&format!(
            r##"{marker}<path d="M0 0{corners}" marker-mid="url(#m)"/>"##
        )),
        "with all its copies",
    );
    let arrow = r##"<marker id="a" markerWidth="4" markerHeight="4"><path d="M0 0L4 2L0 4z"/></marker>
        <path d="M0 0L90 90" stroke="#000" marker-end="url(#a)"/>"##;
    assert!(drawn(&svg(arrow)).1.is_ok());
}

#[test]
fn filters_patterns_and_layers_that_would_take_minutes_are_refused() {
    let filter = |primitive: &str| {
        svg(&format!(
            r##"<filter id="f" x="-500%" y="-500%" width="1100%" height="1100%">{primitive}</filter>
            <rect width="160" height="90" filter="url(#f)"/>"##
        ))
    };
    for primitive in [
        r#"<feMorphology operator="dilate" radius="80"/>"#.to_owned(),
        r#"<feTurbulence baseFrequency="0.5" numOctaves="200"/>"#.to_owned(),
        format!(
            r#"<feConvolveMatrix order="60" kernelMatrix="{}"/>"#,
            "1 ".repeat(3_600)
        ),
        r#"<feGaussianBlur stdDeviation="9000"/>"#.repeat(60),
    ] {
        refused(&filter(&primitive), "the drawing ");
    }
    let mut patterns = String::new();
    for level in 0..60 {
        let next = level + 1;
        let fill = format!(r##"<rect width="9" height="9" fill="url(#p{next})"/>"##).repeat(4);
        write!(
            patterns,
            r#"<pattern id="p{level}" width="9" height="9" patternUnits="userSpaceOnUse">{fill}</pattern>"#
        )
        .expect("writes");
    }
    patterns.push_str(r##"<rect width="160" height="90" fill="url(#p0)"/>"##);
    refused(&svg(&patterns), "the drawing ");
    refused(
        &svg(
            r##"<pattern id="p" width="40000" height="40000" patternUnits="userSpaceOnUse"><rect width="9" height="9"/></pattern>
            <rect width="160" height="90" fill="url(#p)"/>"##,
        ),
        "the drawing ",
    );
    let layers = r#"<g opacity="0.9">"#.repeat(190);
    refused(
        &svg(&format!(
            r#"{layers}<rect x="-9999" y="-9999" width="99999" height="99999"/>{}"#,
            "</g>".repeat(190)
        )),
        "the drawing ",
    );
    // A usual shadow and a usual glow are quick.
    let (took, made) = drawn(&svg(
        r##"<filter id="f"><feDropShadow dx="2" dy="2" stdDeviation="3"/><feTurbulence baseFrequency="0.1" numOctaves="2"/><feBlend in2="SourceGraphic"/></filter>
        <rect x="20" y="20" width="100" height="50" filter="url(#f)"/>"##,
    ));
    assert!(made.is_ok(), "{made:?}");
    assert!(took < Duration::from_secs(600));
}

#[test]
fn many_elements_and_many_rules_stay_within_time() {
    let rects: String = (0..60_000)
        .map(|at| {
            format!(
                r#"<rect class="c{at}" x="{}" y="{}" width="2" height="2"/>"#,
                at % 160,
                at / 700
            )
        })
        .collect();
    let (took, made) = drawn(&svg(&rects));
    assert!(made.is_ok(), "{made:?}");
    assert!(took < Duration::from_secs(600), "{took:?}");
    let rules: String = (0..20_000)
        .map(|at| format!(".c{at}{{fill:red}}"))
        .collect();
    refused(
        &svg(&format!("<style>{rules}</style>{rects}")),
        "too many style rules",
    );
    let text = "书".repeat(200_000);
    refused(&svg(&format!("<text>{text}</text>")), "with all its copies");
    let gradients: String = (0..30_000)
        .map(|at| format!(r##"<linearGradient id="g{at}" href="#g{}"/>"##, at + 1))
        .collect();
    refused(
        &svg(&format!(
            r##"{gradients}<rect width="9" height="9" fill="url(#g0)"/>"##
        )),
        "nest more than",
    );
    refused(&svg(&"<g/>".repeat(250_000)), "more than 200000 elements");
}

#[test]
fn a_drawing_that_does_not_end_is_given_up_and_no_second_one_is_begun() {
    let threads = Threads::new(Duration::from_millis(50));
    let (release, held) = bounded::<()>(0);
    let stuck = threads.run(move || {
        let _ = held.recv();
        Ok(())
    });
    assert!(stuck.expect_err("given up").contains("not done after"));
    let next = threads.run(|| Ok(7)).expect_err("refused");
    assert!(next.contains("an earlier drawing"), "{next}");
    drop(release);
    let patience = Instant::now() + Duration::from_secs(600);
    while threads.abandoned.load(Ordering::Acquire) > 0 {
        assert!(Instant::now() < patience, "it is never forgiven");
        thread::yield_now();
    }
    let patient = Threads::new(Duration::from_secs(600));
    assert_eq!(patient.run(|| Ok(7)), Ok(7));
    let broken: Result<(), String> = patient.run(|| panic!("inside"));
    assert!(broken.expect_err("a panic").contains("damaged"));
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
