//! What passes for a code that scans, and what does not.

use passerby_playout::screen::geometry::Geometry;
use passerby_protocol::campaign::{Corner, Rgb};

use super::*;
use crate::page::code_square;
use crate::raster::canvas;

const URL: &str = "HTTPS://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const OTHER: &str = "HTTPS://HUB.EXAMPLE/Q/ZYXWVTSRQPNMKJHGFEDCBA9876543210";

/// A finished frame: noise, a white code square, and the code of a link.
struct Scene {
    canvas: Canvas,
    matrix: QrMatrix,
    plan: CodePlan,
    frame: Frame,
}

impl Scene {
    fn of(url: &str, rotation: u16) -> Self {
        let screen = Geometry {
            rotation,
            ..Geometry::whole(960, 540)
        };
        let frame = Frame::of(&screen).expect("a frame");
        let matrix = QrMatrix::encode(url).expect("fits");
        let plan = code_square::plan(matrix.modules(), Corner::BottomRight, &frame, &screen, None)
            .expect("has room");
        let mut canvas = Canvas::filled(frame.width, frame.height, Rgb([0; 3]));
        let mut noise = 7_u32;
        for pixel in canvas.rgba.chunks_exact_mut(4) {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            pixel[..3].copy_from_slice(&noise.to_be_bytes()[..3]);
        }
        canvas.fill_rounded(
            plan.code_square,
            canvas::real(plan.module_px),
            Rgb([255; 3]),
        );
        let mut canvas = canvas.rotated(rotation);
        code_square::draw(&mut canvas, &matrix, &plan, &frame);
        Self {
            canvas,
            matrix,
            plan,
            frame,
        }
    }

    fn verify(&self, url: &str) -> Result<(), ComposeError> {
        CodeVerifier::default().verify(1, &self.canvas, &self.matrix, &self.plan, &self.frame, url)
    }

    /// The code square as the output shows it.
    fn code_square(&self) -> Area {
        let Frame {
            width,
            height,
            rotation,
            ..
        } = self.frame;
        self.plan.code_square.rotated(width, height, rotation)
    }

    fn paint(&mut self, x: u32, y: u32, colour: [u8; 3]) {
        self.canvas.fill(Area::new(x, y, 1, 1), Rgb(colour));
    }
}

#[test]
fn a_code_in_the_middle_of_noise_is_proved_at_every_rotation() {
    for rotation in [0, 90, 180, 270] {
        let scene = Scene::of(URL, rotation);
        assert_eq!(scene.verify(URL), Ok(()), "{rotation}");
        for reader in Reader::ALL {
            let view = surroundings(&scene.canvas, &scene.plan, &scene.frame);
            let sight = reader.read(&view, scene.plan.module_px);
            assert_eq!(
                sight,
                ReaderInput::Text(URL.into()),
                "{reader} at {rotation}"
            );
        }
    }
}

#[test]
fn one_wrong_pixel_anywhere_in_the_card_is_noticed() {
    for rotation in [0, 90, 180, 270] {
        let good = Scene::of(URL, rotation);
        let (code_square, module) = (good.code_square(), good.plan.module_px);
        let last = code_square.right() - 1;
        let spots = [
            // The quiet zone's first and last column, beside the rounded corners; its inner edge; a
            // finder; the middle.
            (code_square.x, code_square.y + module),
            (last, code_square.y + 5 * module),
            (code_square.x + module, code_square.bottom() - 1),
            (code_square.x + 4 * module - 1, code_square.y + 9 * module),
            (code_square.x + 4 * module, code_square.y + 4 * module),
            (
                code_square.x + code_square.width / 2,
                code_square.y + code_square.height / 2,
            ),
        ];
        for (x, y) in spots {
            let [red, green, blue] = good.canvas.pixel(x, y);
            for colour in [[red ^ 1, green, blue], [red, green, blue ^ 255]] {
                let mut scene = Scene::of(URL, rotation);
                scene.paint(x, y, colour);
                let error = scene.verify(URL).expect_err("a stain");
                assert!(
                    error.0.contains(&format!("pixel at {x}, {y} is #")),
                    "{rotation}: {error}"
                );
            }
            let mut scene = Scene::of(URL, rotation);
            scene.canvas.open_hole(Area::new(x, y, 1, 1));
            let error = scene.verify(URL).expect_err("a hole");
            assert!(error.0.contains("is a hole"), "{error}");
        }
    }
}

#[test]
fn what_lies_outside_the_code_square_and_in_its_round_corners_is_free() {
    let mut scene = Scene::of(URL, 0);
    let code_square = scene.code_square();
    // Black right up to the code square on all sides, and a hole beyond it.
    let around = code_square.outset(2 * scene.plan.module_px);
    let inside = scene.canvas.part(code_square);
    scene.canvas.fill(around, Rgb([0; 3]));
    scene.canvas.open_hole(Area::new(0, 0, 400, 300));
    for y in 0..code_square.height {
        for x in 0..code_square.width {
            scene.paint(code_square.x + x, code_square.y + y, inside.pixel(x, y));
        }
    }
    assert_eq!(scene.verify(URL), Ok(()));
}

#[test]
fn a_code_square_that_does_not_lie_in_the_frame_is_an_error() {
    let mut scene = Scene::of(URL, 0);
    scene.plan.code_square.x += 500;
    let error = scene.verify(URL).expect_err("outside");
    assert!(error.0.contains("does not lie in the frame"), "{error}");
}

#[test]
fn a_perfect_code_of_another_link_is_refused_and_both_readers_are_quoted() {
    let scene = Scene::of(OTHER, 0);
    let error = scene.verify(URL).expect_err("another link");
    for reader in Reader::ALL {
        let quoted = format!("{reader} reads {OTHER:?}");
        assert!(error.0.contains(&quoted), "{error}");
    }
    assert!(error.0.contains(URL), "{error}");
}

#[test]
fn one_reader_is_enough_but_a_different_text_is_always_a_refusal() {
    let text = |text: &str| ReaderInput::Text(text.into());
    let unclear = || ReaderInput::Unclear("too many errors".into());
    let nothing = || ReaderInput::Nothing;
    let cases = [
        (text(URL), text(URL), true),
        (text(URL), nothing(), true),
        (unclear(), text(URL), true),
        (text(OTHER), text(URL), false),
        (text(URL), text(OTHER), false),
        // Letter case is part of the link.
        (text(&URL.to_lowercase()), nothing(), false),
        (nothing(), unclear(), false),
    ];
    for (first, second, scans) in cases {
        let seen = [(Reader::Rxing, first), (Reader::Rqrr, second)];
        let judged = judge(&seen, URL);
        assert_eq!(judged.is_ok(), scans, "{seen:?}");
        if let Err(error) = judged {
            for (reader, sight) in &seen {
                assert!(error.0.contains(&format!("{reader} {sight}")), "{error}");
            }
        }
    }
}

#[test]
fn a_link_is_read_once_a_frame_and_the_memory_of_that_is_bounded() {
    let scene = Scene::of(OTHER, 0);
    let mut verifier = CodeVerifier::default();
    let mut verify = |base, url| {
        verifier.verify(
            base,
            &scene.canvas,
            &scene.matrix,
            &scene.plan,
            &scene.frame,
            url,
        )
    };
    assert_eq!(verify(1, OTHER), Ok(()));
    assert!(verify(1, URL).is_err(), "a new link is read");
    // Remembered as proved, so that only what is not read again can pass with a link that is not
    // there.
    verifier.proved.push_back((1, URL.to_owned()));
    let mut verify = |base, url| {
        verifier.verify(
            base,
            &scene.canvas,
            &scene.matrix,
            &scene.plan,
            &scene.frame,
            url,
        )
    };
    assert_eq!(verify(1, URL), Ok(()));
    assert!(verify(2, URL).is_err(), "another frame is read");
    for base in 10..10 + PROVED_MAX as u64 {
        assert_eq!(verify(base, OTHER), Ok(()));
    }
    assert!(verify(1, URL).is_err(), "it was forgotten");
    assert_eq!(verifier.proved.len(), PROVED_MAX);
}

#[test]
fn links_in_any_script_are_read_as_they_were_written() {
    for url in [
        "https://shop.example/books/three-body?utm_source=screen&utm_medium=qr",
        "https://shop.example/书/三体",
        "https://café.example/ÀÉ?q=日本語",
        "WIFI:T:WPA;S:书店 Books;P:p%40ss;;",
        "HTTPS://ID.GS1.EXAMPLE/01/09506000134352/10/ABC%20123",
    ] {
        let scene = Scene::of(url, 0);
        assert_eq!(scene.verify(url), Ok(()), "{url}");
    }
}
