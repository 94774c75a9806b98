//! Lines as they are set and drawn.

use super::*;
use crate::raster::canvas;

const SIZES: [f32; 4] = [96.0, 64.0, 40.0, 24.0];

fn style() -> LineStyle<'static> {
    LineStyle {
        weight: Weight::Bold,
        leading: HEADLINE_LEADING,
        sizes: &SIZES,
        lines_max: 4,
    }
}

#[test]
fn ink_never_leaves_the_box_that_a_text_was_fitted_into() {
    let mut typesetter = Typesetter::new();
    let texts = [
        "路过地铁站，看到想读的书。",
        "三体 · The Three-Body Problem",
        "《百年孤独》“限时”开售，今天到店领取（限量一百册）！",
        "Ångström Çédille jpqy — Größenverhältnis",
        "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十",
        "Donaudampfschifffahrtsgesellschaftskapitän",
    ];
    for text in texts {
        for (width, height) in [
            (690_u32, 600_u32),
            (300, 300),
            (160, 90),
            (900, 120),
            (90, 500),
        ] {
            let (wide, high) = (width as f32, height as f32);
            let block = typesetter
                .fit(text, style(), wide, high)
                .unwrap_or_else(|| panic!("{text} fits {width}×{height}"));
            assert!(block.width <= wide && block.height <= high);
            let mut canvas = Canvas::filled(width + 80, height + 80, Rgb([255; 3]));
            typesetter.draw(&mut canvas, &block, 40.0, 40.0, Rgb([0; 3]));
            let mut inked = 0;
            for y in 0..canvas.height {
                for x in 0..canvas.width {
                    if canvas.pixel(x, y) != [255; 3] {
                        inked += 1;
                        // A j may lean out of its line a little.
                        let lean = 2 + canvas::px(block.size * 0.06);
                        let inside = (40 - lean..width + 40 + lean).contains(&x)
                            && (38..height + 42).contains(&y);
                        assert!(
                            inside,
                            "{text} at {} px: ink at {x},{y} of {width}×{height}",
                            block.size
                        );
                    }
                }
            }
            assert!(inked > 100, "{text} is drawn");
        }
    }
}

#[test]
fn no_line_starts_with_chinese_punctuation_and_none_is_a_widow() {
    let mut typesetter = Typesetter::new();
    for text in [
        "路过地铁站，看到想读的书。",
        "今天，明天，后天，都是好日子！",
        "Read it before you see the film",
    ] {
        for width in [150, 200, 260, 333, 420, 500, 640] {
            let text = prepared(&Fonts::default(), text);
            let block = typesetter.set(&text, 40.0, style(), width as f32, Breaks::Characters);
            let lines: Vec<&str> = block
                .layout
                .lines()
                .filter_map(|line| text.get(line.text_range()))
                .collect();
            for line in &lines {
                let first = line.chars().next().unwrap_or(' ');
                assert!(!"，。！？、；：》」』”’）】".contains(first), "{lines:?}");
            }
            if lines.len() > 1 {
                let last = lines.last().map_or(0, |line| line.trim().chars().count());
                assert!(last >= 2, "{lines:?}");
            }
        }
    }
}

#[test]
fn accents_as_macos_writes_them_are_set_as_letters() {
    let fonts = Fonts::default();
    for (decomposed, composed) in [
        ("Geba\u{308}ude geo\u{308}ffnet", "Gebäude geöffnet"),
        ("E\u{301}vacuez", "Évacuez"),
        ("か\u{3099}", "が"),
    ] {
        assert_eq!(prepared(&fonts, decomposed), composed);
        assert_eq!(fonts.lacking(decomposed), None);
    }
    assert_eq!(fonts.missing_glyphs("x\u{302}"), ['\u{302}']);
}

#[test]
fn languages_and_phrases_stay_whole() {
    let mut typesetter = Typesetter::new();
    let mut lines = |text: &str, width: f32| -> Vec<String> {
        let text = prepared(&Fonts::default(), text);
        let split = split_languages(&text);
        let block = typesetter.fit(&text, style(), width, 900.0).expect("fits");
        let shown = if block
            .layout
            .lines()
            .any(|line| line.text_range().end > text.len())
            || block.lines > 1
        {
            split.unwrap_or(text)
        } else {
            text
        };
        block
            .layout
            .lines()
            .filter_map(|line| {
                shown
                    .get(line.text_range())
                    .map(|line| line.trim().to_owned())
            })
            .collect()
    };
    assert_eq!(
        lines("清晨第一杯，从街角开始", 690.0),
        ["清晨第一杯，", "从街角开始"]
    );
    assert_eq!(
        lines("扫码购书 Scan to buy", 560.0),
        ["扫码购书", "Scan to buy"]
    );
    assert_eq!(
        split_languages("三体\u{a0}· The Three Body Problem").as_deref(),
        Some("三体\nThe Three Body Problem")
    );
    assert_eq!(split_languages("用 Passerby 扫码"), None);
}

#[test]
fn a_long_host_ends_in_an_ellipsis() {
    let mut typesetter = Typesetter::new();
    let host = "a-very-long-name-of-a-shop.example";
    let block = typesetter
        .fit_line(host, Weight::Regular, 20.0, 120.0)
        .expect("some of it");
    assert!(block.width <= 120.0 && block.lines == 1);
    assert!(
        typesetter
            .fit_line(host, Weight::Regular, 20.0, 3.0)
            .is_none()
    );
}
