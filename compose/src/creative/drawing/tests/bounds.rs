//! Drawings that would take too long or too much are refused before they do.

use crossbeam_channel::bounded;

use super::*;
use crate::creative::drawing::threads;

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
fn a_drawing_that_does_not_end_is_given_up_and_another_is_begun() {
    let (release, held) = bounded::<()>(0);
    let stuck = threads::run(Duration::from_millis(50), move || {
        let _ = held.recv();
        Ok(())
    });
    assert!(stuck.expect_err("given up").contains("not done after"));
    let patient = Duration::from_secs(600);
    assert_eq!(threads::run(patient, || Ok(7)), Ok(7));
    drop(release);
    let broken: Result<(), String> = threads::run(patient, || panic!("inside"));
    assert!(broken.expect_err("a panic").contains("damaged"));
}
