use passerby_protocol::toml_fields::{Problem, Reader};
use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;
use crate::screen::area::Area;
use crate::screen::geometry::Geometry;
use crate::screen::layout::zones::{MilliPercent, Plan, WHOLE};

fn parse(text: &str) -> Result<Layout, Vec<Problem>> {
    let text = format!("[layout]\n{text}");
    Reader::parse("kiosk.toml", &text, |root| {
        root.table("layout", Layout::read).unwrap_or_default()
    })
}

fn output(width_px: u32, height_px: u32, rotation: u16) -> Geometry {
    Geometry {
        rotation,
        ..Geometry::whole(width_px, height_px)
    }
}

fn areas(text: &str, output: &Geometry) -> Vec<(String, Area)> {
    let placed = parse(text).expect(text).place(output);
    placed
        .into_iter()
        .map(|zone| (zone.name, zone.area))
        .collect()
}

#[test]
fn named_layouts_have_the_zones_that_people_expect() {
    let hd = output(1920, 1080, 0);
    let named = |name: &str, area| (name.to_owned(), area);
    assert_eq!(areas("", &hd), [named("main", Area::new(0, 0, 1920, 1080))]);
    assert_eq!(
        areas(
            "kind = 'main-side'\nside = 'left'\nshare_percent = 25\n",
            &hd
        ),
        [
            named("main", Area::new(480, 0, 1440, 1080)),
            named("side", Area::new(0, 0, 480, 1080))
        ]
    );
    assert_eq!(
        areas(
            "kind = 'main-ticker'\nshare_percent = 10\noverscan_percent = 5\n",
            &hd
        ),
        [
            named("main", Area::new(96, 54, 1728, 875)),
            named("ticker", Area::new(96, 929, 1728, 97))
        ]
    );
    assert_eq!(
        areas(
            "kind = 'picture-in-picture'\nshare_percent = 25\ncorner = 'bottom-left'\n",
            &hd
        ),
        [
            named("main", Area::new(0, 0, 1920, 1080)),
            named("inset", Area::new(43, 767, 480, 270))
        ]
    );
}

#[test]
fn a_turned_screen_is_divided_as_people_see_it() {
    // A portrait screen whose panel is wired as 1920 × 1080: the ticker at the bottom is at the
    // panel's left.
    let placed = parse("kind = 'main-ticker'\nshare_percent = 10\n")
        .expect("good")
        .place(&output(1920, 1080, 90));
    assert_eq!(placed[1].area, Area::new(0, 0, 192, 1080));
    assert_eq!(
        (placed[1].geometry.width_px, placed[1].geometry.height_px),
        (192, 1080)
    );
    assert_eq!(placed[1].geometry.screen_px, [1920, 1080]);
    assert_eq!(placed[1].geometry.rotation, 90);
}

#[test]
fn a_zone_knows_what_lies_over_it_in_its_own_upright_pixels() {
    let text = "[[layout.zone]]\nname = 'main'\nx = 50\nwidth = 50\nheight = 100\n\
                [[layout.zone]]\nname = 'clock'\nx = 75\ny = 0\nwidth = 25\nheight = 10\n";
    for rotation in [0, 90, 180, 270] {
        let upright = match rotation {
            90 | 270 => output(1000, 2000, rotation),
            _ => output(2000, 1000, rotation),
        };
        let placed = parse(text).expect("good").place(&upright);
        assert_eq!(
            placed[0].geometry.covered,
            [Area::new(500, 0, 500, 100)],
            "{rotation}"
        );
        assert!(placed[1].geometry.covered.is_empty());
    }
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let lines = |text: &str| -> Vec<usize> {
        let problems = parse(text).expect_err(text);
        problems.iter().map(|problem| problem.line).collect()
    };
    assert_eq!(
        lines("kind = 'thirds'\nbackground = 'blue'\noverscan_percent = 11\n"),
        [2, 3, 4]
    );
    assert_eq!(
        lines("kind = 'full'\nside = 'left'\n"),
        [3],
        "a key of another kind"
    );
    assert_eq!(
        lines("kind = 'main-side'\nshare_percent = 51\nside = 'middle'\n"),
        [3, 4]
    );
    let custom = "[[layout.zone]]\nname = 'Main'\nwidth = 60\nheight = 100\n\
                  [[layout.zone]]\nx = 50\nwidth = 60\nheight = 2\n\
                  [[layout.zone]]\nname = 'c'\nwidth = 10\n";
    assert_eq!(lines(custom), [3, 6, 8, 9, 10]);
}

#[test]
fn zones_that_overlap_are_refused_unless_one_lies_on_the_other() {
    let zone = |name: &str, x: u32, y: u32, width: u32, height: u32| {
        format!(
            "[[layout.zone]]\nname = '{name}'\nx = {x}\ny = {y}\nwidth = {width}\nheight = {height}\n"
        )
    };
    let main = zone("main", 0, 0, 60, 100);
    let message = |second: String| {
        parse(&format!("{main}{second}")).map_err(|problems| problems[0].to_string())
    };
    assert!(message(zone("b", 60, 0, 40, 100)).is_ok(), "they abut");
    assert!(
        message(zone("b", 10, 10, 20, 20)).is_ok(),
        "a picture in a picture"
    );
    let overlaps = message(zone("b", 59, 0, 40, 100)).expect_err("they overlap");
    assert!(
        overlaps.contains("kiosk.toml:9: zone \"b\" overlaps zone \"main\""),
        "{overlaps}"
    );
    let covers = message(zone("b", 0, 0, 60, 100)).expect_err("it covers");
    assert!(covers.contains("covers all of zone \"main\""), "{covers}");
    let around = message(zone("b", 0, 0, 100, 100)).expect_err("it goes around");
    assert!(around.contains("overlaps"), "{around}");
    let again = message(zone("main", 60, 0, 40, 100)).expect_err("twice");
    assert!(
        again.contains("there is a zone \"main\" already"),
        "{again}"
    );
    let outside = message(zone("b", 60, 0, 41, 100)).expect_err("outside");
    assert!(outside.contains("use at most 40"), "{outside}");
    let wrong = parse(&zone("left", 0, 0, 10, 10)).expect_err("no main");
    assert!(wrong[0].message.contains("call it \"main\""), "{wrong:?}");
}

/// Cuts the screen into columns and each of them into rows, in percent with up to three places.
fn tiling() -> impl Strategy<Value = Vec<[MilliPercent; 4]>> {
    let cuts = || prop::collection::btree_set(4_000u64..96_000, 0..2);
    (cuts(), cuts(), cuts(), cuts()).prop_map(|(columns, first, second, third)| {
        let spans = |cuts: &std::collections::BTreeSet<MilliPercent>| -> Vec<[MilliPercent; 2]> {
            let edges: Vec<MilliPercent> = [0]
                .into_iter()
                .chain(cuts.iter().copied())
                .chain([WHOLE])
                .collect();
            edges.windows(2).map(|pair| [pair[0], pair[1]]).collect()
        };
        let mut tiles = Vec::new();
        for ([left, right], rows) in spans(&columns).into_iter().zip([first, second, third]) {
            tiles.extend(
                spans(&rows)
                    .into_iter()
                    .map(|[top, bottom]| [left, top, right, bottom]),
            );
        }
        tiles
    })
}

proptest! {
    #![proptest_config(random_cases(256))]

    #[test]
    fn tilings_leave_no_gap_and_share_no_pixel(
        tiles in tiling(), width in 64u32..5_000, height in 64u32..5_000, turn in 0u16..4, overscan in 0u64..=10_000,
    ) {
        let layout = Layout {
            overscan,
            zones: tiles.iter().enumerate().map(|(at, &edges)| Plan::edges(&format!("z{at}"), edges)).collect(),
            ..Layout::default()
        };
        let placed = layout.place(&output(width, height, turn * 90));
        let inner = {
            let whole = Layout { overscan, ..Layout::default() };
            whole.place(&output(width, height, turn * 90))[0].area
        };
        prop_assert!(inner.right() <= width && inner.bottom() <= height);
        let pixels: u64 = placed.iter().map(|zone| u64::from(zone.area.width) * u64::from(zone.area.height)).sum();
        prop_assert_eq!(pixels, u64::from(inner.width) * u64::from(inner.height), "no gap");
        for (at, zone) in placed.iter().enumerate() {
            prop_assert_eq!(zone.area.common(inner), Some(zone.area), "inside what overscan leaves");
            prop_assert!(zone.geometry.covered.is_empty());
            for other in &placed[at + 1..] {
                prop_assert_eq!(zone.area.common(other.area), None, "no overlap");
            }
        }
    }

    #[test]
    fn named_layouts_stay_inside_any_screen(
        kind in 0usize..4, width in 64u32..5_000, height in 64u32..5_000, turn in 0u16..4, overscan in 0u32..=10,
    ) {
        let kind = ["full", "main-side", "main-ticker", "picture-in-picture"][kind];
        let layout = parse(&format!("kind = '{kind}'\noverscan_percent = {overscan}\n")).expect("good");
        for zone in layout.place(&output(width, height, turn * 90)) {
            prop_assert!(!zone.area.is_empty());
            prop_assert!(zone.area.right() <= width && zone.area.bottom() <= height);
        }
    }
}
