//! Drawings as programs write them, and what is said of each.

use crate::creative::drawing::Drawing;
use crate::creative::drawing::losses::TOLD_MAX;
use crate::page::content::Content as _;
use crate::text::fonts::drawings::DrawingFonts;

/// The losses and the notes of a drawing.
fn told(body: &str) -> (Vec<String>, Vec<String>) {
    let text = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 160 90">{body}</svg>"#
    );
    told_of(&text)
}

fn told_of(text: &str) -> (Vec<String>, Vec<String>) {
    let drawing = Drawing::open(
        "poster.svg",
        text.as_bytes().to_vec(),
        DrawingFonts::bundled(),
    );
    let drawing = drawing.expect("opens");
    (drawing.losses().to_vec(), drawing.notes().to_vec())
}

#[track_caller]
fn loses(body: &str, what: &str) {
    let (losses, notes) = told(body);
    assert_eq!((losses.len(), notes.len()), (1, 0), "{losses:?} {notes:?}");
    assert!(
        losses[0].contains(what),
        "{:?} should say {what:?}",
        losses[0]
    );
    assert!(losses[0].contains("; "), "{:?} says what to do", losses[0]);
}

#[track_caller]
fn notes(body: &str, what: &str) {
    let (losses, notes) = told(body);
    assert_eq!((losses.len(), notes.len()), (0, 1), "{losses:?} {notes:?}");
    assert!(
        notes[0].contains(what),
        "{:?} should say {what:?}",
        notes[0]
    );
}

#[test]
fn text_that_is_not_drawn_is_named_with_its_words() {
    loses(
        r#"<flowRoot><flowRegion><rect width="90" height="40"/></flowRegion><flowPara>Free entry</flowPara><flowPara>for children</flowPara></flowRoot>"#,
        r#""Free entry for children" is flowed text"#,
    );
    loses("<textArea>Tea at four</textArea>", r#""Tea at four""#);
    loses(
        r#"<foreignObject width="90" height="40"><div xmlns="http://www.w3.org/1999/xhtml">Room <b>12</b></div></foreignObject>"#,
        r#""Room 12" is in a foreignObject"#,
    );
    loses(
        r#"<foreignObject width="9" height="9"><img xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>"#,
        "only browsers draw",
    );
    loses(
        r#"<switch><foreignObject><p xmlns="http://www.w3.org/1999/xhtml">Alone</p></foreignObject></switch>"#,
        r#""Alone""#,
    );
    loses(
        "<banner><text>Sale</text></banner>",
        r#"its element banner with "Sale""#,
    );
}

#[test]
fn what_is_empty_hidden_or_has_an_alternative_is_no_loss() {
    for body in [
        "<flowRoot><flowRegion/><flowPara> </flowPara></flowRoot>",
        r#"<g style="display: none"><flowRoot><flowPara>Old</flowPara></flowRoot></g>"#,
        r#"<flowRoot display="none"><flowPara>Old</flowPara></flowRoot>"#,
        r#"<switch><foreignObject requiredExtensions="x"><p xmlns="http://www.w3.org/1999/xhtml">A</p></foreignObject><text>A</text></switch>"#,
        r#"<metadata><thing>words</thing></metadata><title>T</title><desc>D</desc>"#,
        r#"<i:pgf xmlns:i="http://ns.adobe.com/AdobeIllustrator/10.0/">KLUv</i:pgf>"#,
        r#"<text font-family="sans-serif">A</text><text>B</text><text font-family="'Noto Sans SC', x">C</text>"#,
        r##"<linearGradient id="g"/><rect style="fill:url(#g);mix-blend-mode:multiply;filter:blur(2px)" width="9" height="9"/>"##,
        r##"<linearGradient id="g"><stop offset="0" stop-color="hsl(20 50% 50%)"/></linearGradient>"##,
        r#"<style>.a{fill:#123456} /* @import url(x.css); @media print */</style>"#,
    ] {
        assert_eq!(told(body), (vec![], vec![]), "{body}");
    }
}

#[test]
fn typefaces_that_are_not_here_are_notes_with_their_names() {
    notes(
        r#"<text font-family="MyriadPro-Bold">A</text><text font-family="MyriadPro-Bold">B</text>"#,
        "its typeface MyriadPro-Bold is not here, and Noto Sans SC stands in",
    );
    notes(
        r#"<style>text{font-family:Brand,'Pacifico',cursive}</style><text>A</text>"#,
        "its typeface Brand, Pacifico is not here",
    );
    notes(
        "<style>@font-face{font-family:'Brand';src:url(https://cdn.example/brand.woff2)}</style>",
        r#"web font "Brand""#,
    );
    notes(
        "<style>@import url('https://fonts.googleapis.com/css2?family=Pacifico');</style>",
        "asks for web fonts by @import",
    );
    notes(
        r#"<defs><font><font-face font-family="Own"/><glyph unicode="A"/></font></defs>"#,
        "brings a font of its own",
    );
}

#[test]
fn styles_and_paints_that_are_not_understood_are_losses() {
    loses(
        "<style>@import url(brand.css);</style>",
        "asks for styles by @import url(brand.css)",
    );
    loses(
        "<style>@media (min-width: 9px){rect{fill:red}}</style>",
        "under @media",
    );
    loses(
        r#"<rect style="fill:var(--brand)" width="9" height="9"/>"#,
        "its styles use var(…)",
    );
    loses("<style>rect{fill:oklch(0.7 0.1 200)}</style>", "oklch(…)");
    loses(
        "<meshgradient><meshrow><meshpatch/></meshrow></meshgradient>",
        "meshgradient",
    );
    loses(
        r#"<filter id="f"><feBlend in="SourceGraphic" in2="BackgroundImage"/></filter>"#,
        "BackgroundImage",
    );
    let (losses, _) = told_of(
        r#"<?xml version="1.0"?><?xml-stylesheet href="brand.css"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>"#,
    );
    assert!(
        losses[0].contains("the style sheet beside it is not read"),
        "{losses:?}"
    );
}

#[test]
fn what_would_move_is_said_to_stand_still() {
    for body in [
        "<script>alert(1)</script>",
        r#"<rect width="9" height="9"><animate attributeName="x" to="9" dur="1s"/></rect>"#,
        "<style>@keyframes a{from{opacity:0}} rect{animation: a 1s}</style>",
    ] {
        notes(body, "it is drawn as it begins");
    }
}

#[test]
fn a_drawing_that_lacks_much_says_so_within_bounds() {
    let many: String = (0..400)
        .map(|at| format!("<odd{at}>word</odd{at}>"))
        .collect();
    let (losses, _) = told(&many);
    assert_eq!(losses.len(), TOLD_MAX);
    let long = format!(
        "<flowRoot><flowPara>{}</flowPara></flowRoot>",
        "word ".repeat(9_000)
    );
    let (losses, _) = told(&long);
    assert!(losses[0].len() < 400, "{}", losses[0].len());
}

#[test]
fn styles_of_text_that_only_browsers_draw_are_named() {
    for (style, what) in [
        ("font-variant:small-caps", "the font-variant of its text"),
        ("font-variant-numeric: tabular-nums", "font-variant-numeric"),
        ("text-transform:uppercase", "the text-transform of its text"),
        ("text-shadow: 1px 1px red !important", "text-shadow"),
        ("text-decoration: underline wavy", "text-decoration"),
        ("font-feature-settings:'smcp'", "font-feature-settings"),
        ("-webkit-text-stroke: 1px red", "-webkit-text-stroke"),
        ("direction:rtl", "direction"),
    ] {
        loses(&format!(r#"<text y="50" style="{style}">Tea</text>"#), what);
        loses(
            &format!(r#"<g style="{style}"><text y="50"><tspan>Tea</tspan></text></g>"#),
            what,
        );
        loses(
            &format!(r#"<style>text{{fill:red;{style}}}</style><text y="50">Tea</text>"#),
            what,
        );
    }
    loses(
        r#"<text y="50" font-variant="small-caps">Tea</text>"#,
        "font-variant",
    );
}

#[test]
fn styles_of_text_that_change_nothing_are_not_named() {
    for body in [
        // What Inkscape writes for every text.
        r#"<text y="50" style="font-variant:normal;font-variant-caps:normal;font-feature-settings:normal;text-transform:none;direction:ltr;text-orientation:mixed;text-decoration:none;text-decoration-style:solid;text-shadow:none">Tea</text>"#,
        r#"<text y="50" style="text-transform:uppercase;font-variant:small-caps">茶 TEA</text>"#,
        r#"<text y="50" style="text-decoration:underline">Tea</text>"#,
        r#"<text y="50">Tea</text><rect width="9" height="9" style="text-shadow:1px 1px red"/>"#,
        r#"<text y="50">Tea</text><g style="display:none;text-shadow:1px 1px red"><text>Tea</text></g>"#,
        r#"<style>rect{text-shadow:1px 1px red}</style><rect width="9" height="9"/>"#,
    ] {
        assert_eq!(told(body), (Vec::new(), Vec::new()), "{body}");
    }
}

#[test]
fn text_along_a_path_that_is_missing_is_named() {
    loses(
        r##"<text y="50"><textPath href="#none">Tea at four</textPath></text>"##,
        r#""Tea at four" runs along a path that is not there"#,
    );
    loses(
        r##"<text y="50"><textPath>Tea at four</textPath></text>"##,
        "not there",
    );
    for link in ["href", "xlink:href"] {
        let body = format!(
            r##"<path id="way" d="M0 50H160" fill="none"/><text><textPath {link}="#way">Tea</textPath></text>"##
        );
        assert_eq!(told(&body), (Vec::new(), Vec::new()), "{link}");
    }
}

#[test]
fn values_and_selectors_that_are_not_understood_are_named() {
    for (style, what) in [
        ("font:60px/1.2 'Noto Sans SC'", "its font"),
        ("font-size:3rem", "its font-size \"3rem\""),
        ("font-size:5vw", "its font-size \"5vw\""),
        ("fill:rgb(255 0 0 / 50%)", "its fill"),
        ("fill:color(display-p3 1 0 0)", "its fill"),
        (
            "transform:translate(200px,100px) rotate(45deg)",
            "its transform",
        ),
        ("translate:40px 10px", "its translate"),
        ("clip-path:circle(10px)", "its clip-path"),
        ("x:10px", "its x"),
        ("fill:url(#nope)", "it uses #nope"),
        ("filter:url(#nope)", "it uses #nope"),
    ] {
        loses(&format!(r#"<text y="50" style="{style}">Tea</text>"#), what);
        loses(
            &format!(r#"<style>.a,text{{{style} !important}}</style><text y="50">Tea</text>"#),
            what,
        );
    }
    for (body, what) in [
        (r#"<rect width="9vw" height="9"/>"#, "its width"),
        (
            r#"<rect width="9" height="9" fill="color(srgb 1 0 0)"/>"#,
            "its fill",
        ),
        (r##"<use href="#nothere"/>"##, "it uses #nothere"),
        (r##"<use xlink:href="#nothere"/>"##, "it uses #nothere"),
        (
            r#"<rect width="9" height="9" mask="url(#m)"/>"#,
            "it uses #m",
        ),
        (
            "<style>g > text:nth-child(2){fill:red}</style>",
            "text:nth-child(2)",
        ),
        ("<style>text:not(.z){fill:blue}</style>", "text:not(.z)"),
        ("<style>rect ~ text{fill:blue}</style>", "rect ~ text"),
        (
            "<style>g{fill:blue; text{fill:red}}</style>",
            "rules of their own",
        ),
        (
            r#"<text y="50" style="font-style:italic">Tea</text>"#,
            "its italic text",
        ),
    ] {
        loses(body, what);
    }
    let (losses, _) =
        told(r#"<text y="50" style="font:italic small-caps bold 60px serif">Tea</text>"#);
    assert_eq!(losses.len(), 2, "{losses:?}");
}

#[test]
fn values_and_selectors_that_are_drawn_right_are_not_named() {
    for body in [
        r##"<style>rect{fill:#0a0;stroke:none;stroke-width:2px;opacity:50%;transform:none}
            rect:hover{fill:var-free} text[id='q'], g > text, *:first-child{font-size:large}
            .unused{translate:9px} svg{width:100%;height:auto}
            rect{transform:translate(2, 2) rotate(45)}</style><rect width="50%" height="9mm"/>"##,
        r#"<text x="1 2 3" y="50" dx="1em" style="font:bold 60px 'Noto Sans SC';fill:hsl(120 50% 50%);letter-spacing:normal">Tea</text>"#,
        r#"<rect width="9" height="9" rx="auto" fill="currentColor" stroke="transparent" transform="rotate(9)" clip-path="none"/>"#,
        r##"<rect width="9" height="9" fill="url(#gone) red" stroke-dasharray="1, 2 3%"/>"##,
        r##"<filter id="f"><feFlood flood-color="red" x="0" width="100%"/></filter><rect filter="url(#f) blur(2px)" width="9" height="9" fill="hwb(120 0% 0%)"/>"##,
        r#"<g display="none"><rect width="9vw" height="9" fill="url(#nope)"/></g>"#,
    ] {
        assert_eq!(told(body), (Vec::new(), Vec::new()), "{body}");
    }
}
