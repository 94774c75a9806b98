//! Tickers in zones of every shape.

use passerby_playout::screen::geometry::Geometry;
use passerby_protocol::campaign::Colours;

use super::*;
use crate::tests::{planned, words};

fn page(
    screen: &Geometry,
    ticker: &Ticker,
    corner: Option<Corner>,
) -> Result<(TickerPage, Option<Area>), ComposeError> {
    let frame = Frame::of(screen)?;
    let plan = planned(&frame, screen, corner)?;
    let words = words(plan.as_ref(), "扫码看时刻表 Timetable");
    let card_context = CardContext {
        frame: &frame,
        code: words.as_ref(),
        colours: &Colours::default(),
        dwell: None,
    };
    let page = draw(&mut Typesetter::new(), ticker, &card_context)?;
    Ok((page, plan.map(|(_, plan)| plan.code_square)))
}

fn ticker(lines: &[&str]) -> Ticker {
    let lines: Vec<String> = lines.iter().map(|line| format!("{line:?}")).collect();
    Ticker::parse("t", &format!("lines = [{}]", lines.join(","))).expect("a ticker")
}

#[test]
fn a_strip_is_longer_than_what_is_seen_and_within_a_texture() {
    let long = "今晚二号线末班车延后三十分钟，请各位乘客互相转告。".repeat(7);
    for (width, height) in [
        (1_920, 120),
        (960, 60),
        (1_920, 1_080),
        (480, 1_080),
        (300, 200),
    ] {
        for lines in [
            vec!["好"],
            vec!["末班车 23:40", "Last train 23:40"],
            vec![&long; 4],
        ] {
            let screen = Geometry::whole(width, height);
            let (page, _) = page(&screen, &ticker(&lines), None)
                .unwrap_or_else(|reason| panic!("{width}×{height}: {reason}"));
            let MovingPicture::Strip {
                row_px,
                height_px,
                length_px,
                pixels,
            } = &page.moving.picture
            else {
                panic!("a strip");
            };
            let area = page.moving.area;
            assert!(*length_px > area.width && *height_px == area.height);
            assert!(*row_px <= ROW_PX_MAX && row_px <= length_px);
            let pieces = length_px.div_ceil(*row_px);
            assert!(pieces * height_px <= TEXTURE_PX_MAX);
            assert_eq!(pixels.len(), (row_px * height_px * pieces * 4) as usize);
            assert!(pixels.chunks_exact(4).all(|pixel| pixel[3] == 255));
            assert!(page.canvas.area().common(area) == Some(area));
        }
    }
}

#[test]
fn the_hole_is_where_the_strip_is_and_keeps_away_from_the_code() {
    let corners = [
        Corner::TopLeft,
        Corner::TopRight,
        Corner::BottomLeft,
        Corner::BottomRight,
    ];
    for (width, height) in [
        (1_920, 1_080),
        (1_080, 1_920),
        (1_920, 240),
        (640, 360),
        (480, 1_080),
    ] {
        for (at, corner) in corners.into_iter().enumerate() {
            let screen = Geometry {
                rotation: [0, 90, 180, 270][at],
                ..Geometry::whole(width, height)
            };
            let what = format!("{width}×{height}, {corner:?}");
            let (page, code_square) = match page(&screen, &ticker(&["末班车 23:40"]), Some(corner))
            {
                Ok(made) => made,
                Err(reason) => panic!("{what}: {reason}"),
            };
            let code_square = code_square.expect("a code");
            let (wide, high) = (page.canvas.width, page.canvas.height);
            let back = (360 - screen.rotation) % 360;
            let turned = if screen.rotation.is_multiple_of(180) {
                (wide, high)
            } else {
                (high, wide)
            };
            let run = page.moving.area.rotated(turned.0, turned.1, back);
            let quiet = (code_square.width - code_square.width * 29 / 37) / 2;
            let code = code_square.inset(quiet);
            assert!(
                code.outset(code.width).common(run).is_none(),
                "{what}: {run:?} {code_square:?}"
            );
            let inside = |x: u32, y: u32| {
                (run.x..run.right()).contains(&x) && (run.y..run.bottom()).contains(&y)
            };
            for y in (0..high).step_by(3) {
                for x in (0..wide).step_by(3) {
                    let alpha = page.canvas.rgba[((y * wide + x) * 4 + 3) as usize];
                    assert!(alpha == 255 || inside(x, y), "{what}: a hole at {x},{y}");
                }
            }
            let middle = (run.y + run.height / 2) * wide + run.x + run.width / 2;
            assert_eq!(page.canvas.rgba[(middle * 4 + 3) as usize], 0, "{what}");
        }
    }
}

#[test]
fn too_much_text_and_unknown_letters_are_refused() {
    let screen = Geometry::whole(7_680, 4_320);
    let long = "今晚二号线末班车延后三十分钟请互相转告".repeat(10);
    let lines = vec![long.as_str(); 20];
    let refused = page(&screen, &ticker(&lines), None).err();
    assert!(refused.is_none_or(|reason| reason.0.contains("shorter lines")));
    let refused = page(&screen, &ticker(&["读𠀀书"]), None)
        .err()
        .expect("refused");
    assert!(refused.0.contains("U+20000"), "{refused}");
    let refused = page(&screen, &ticker(&["🎉"]), None)
        .err()
        .expect("refused");
    assert!(refused.0.contains("nothing that the fonts"), "{refused}");
}
