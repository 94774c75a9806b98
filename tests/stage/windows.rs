//! Windows on real displays: their size, their pixels, and what becomes of them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use passerby_playout::code::qr::{QUIET_MODULES, QrMatrix};

use crate::display::{BOTH, OtherProgram, Xvfb, probe, resize_window};
use crate::frames;
use crate::player::PATIENCE;

#[test]
fn window_fills_the_screen_shows_exact_pixels_and_then_rests() {
    for draw in BOTH {
        let screen = Xvfb::start("1280x720x24");
        let seen = screen.probe(draw, &["--slides", "3", "--idle-s", "10"], &[]);
        assert_eq!(seen["sized"], "1280x720");
        assert_eq!(seen["snapshot_exact"], "true");
        assert_eq!(seen["screen_exact"], "true");
        let idle_percent: f64 = seen["idle_cpu_percent"].parse().unwrap();
        assert!(idle_percent < 3.0, "idle at {idle_percent} % of a core");
        if draw == "cpu" {
            assert_eq!(seen["drivers"], "none", "nothing was opened for it");
        }
    }
}

#[test]
fn window_fills_screens_of_other_sizes_without_a_window_manager() {
    for draw in BOTH {
        let screen = Xvfb::start("1024x600x24");
        let seen = screen.probe(draw, &["--slides", "2"], &[]);
        assert_eq!(seen["sized"], "1024x600");
        assert_eq!(seen["snapshot_exact"], "true");
        assert_eq!(seen["screen_exact"], "true");
        let seen = screen.probe(draw, &["--slides", "2", "--size", "500x333"], &[]);
        assert_eq!(seen["sized"], "500x333");
        assert_eq!(seen["snapshot_exact"], "true");
        assert_eq!(seen["screen_exact"], "true");
    }
}

#[test]
fn one_module_is_whole_pixels_of_the_window_on_any_display_scale() {
    for draw in BOTH {
        const LINK: &str = "HTTPS://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let matrix = QrMatrix::encode(LINK).unwrap();
        let across = matrix.modules() + 2 * QUIET_MODULES;
        let dir = tempfile::tempdir().unwrap();
        for (scale, screen, size) in [
            ("1", "1280x720x24", None),
            ("1.5", "1280x720x24", None),
            ("2", "1366x768x24", None),
            ("1.5", "1280x720x24", Some("801x599")),
        ] {
            let xvfb = Xvfb::start(screen);
            let shot = dir.path().join("shot.png");
            let mut args = vec!["--slides", "1", "--code", LINK, "--shot"];
            args.push(shot.to_str().unwrap());
            if let Some(size) = size {
                args.extend(["--size", size]);
            }
            let seen = xvfb.probe(draw, &args, &[("WINIT_X11_SCALE_FACTOR", scale)]);
            let wanted = size.unwrap_or(screen.trim_end_matches("x24"));
            assert_eq!(seen["sized"], wanted, "real pixels at scale {scale}");
            assert_eq!(seen["screen_exact"], "true", "scale {scale}");

            // What the X server shows, not what was handed to it.
            let picture = image::open(&shot).unwrap().to_rgba8();
            let numbers: Vec<u32> = seen["code_square"]
                .split(' ')
                .map(|n| n.parse().unwrap())
                .collect();
            let (left, top, code_square_px) = (numbers[0], numbers[1], numbers[2]);
            assert_eq!(code_square_px % across, 0, "whole pixels at scale {scale}");
            let module_px = code_square_px / across;
            for y in 0..code_square_px {
                for x in 0..code_square_px {
                    let inside = |at: u32| (at / module_px).checked_sub(QUIET_MODULES);
                    let dark = inside(x)
                        .zip(inside(y))
                        .is_some_and(|(x, y)| matrix.is_dark(x, y));
                    let round = |at: u32| at < module_px || at >= code_square_px - module_px;
                    if round(x) && round(y) {
                        continue;
                    }
                    let wanted = if dark { 0 } else { 255 };
                    let pixel = picture.get_pixel(left + x, top + y).0;
                    assert_eq!(pixel, [wanted, wanted, wanted, 255], "{scale}: {x}, {y}");
                }
            }
            let link = BTreeSet::from([LINK.to_owned()]);
            frames::expect_codes(picture.width(), picture.as_raw(), &link, scale);
        }
    }
}

#[test]
fn a_resized_window_is_measured_and_filled_again() {
    for draw in BOTH {
        let screen = Xvfb::start("1280x720x24");
        let mut child = probe()
            .args([
                "--draw",
                draw,
                "--slides",
                "1",
                "--size",
                "500x300",
                "--resizes",
                "2",
            ])
            .env("DISPLAY", &screen.display)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = Vec::new();
        for (width, height) in [(640, 400), (333, 222)] {
            let line = lines.find(|line| line.as_ref().unwrap() == "waiting for_a_resize");
            assert!(line.is_some(), "the probe waits");
            resize_window(&screen.display, width, height);
            let refit = lines
                .by_ref()
                .map(Result::unwrap)
                .find(|line| line.starts_with("refit"));
            seen.push(refit.unwrap());
        }
        assert_eq!(seen, ["refit 640x400 true", "refit 333x222 true"]);
        assert!(child.wait().unwrap().success());
    }
}

/// Waits until the screen shows a picture again.
fn expect_again(other: &OtherProgram, picture: &[u8], when: &str) {
    let deadline = Instant::now() + PATIENCE;
    while other.picture() != picture {
        assert!(Instant::now() < deadline, "{when} something stays");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_lay_over_a_window_at_rest_leaves_no_trace() {
    for draw in BOTH {
        let screen = Xvfb::start("640x360x24");
        let mut child = probe()
            .args(["--draw", draw, "--slides", "2", "--idle-s", "3600"])
            .env("DISPLAY", &screen.display)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "snapshot_exact true"));
        let other = OtherProgram::on(&screen.display);
        let shown = other.picture();
        for place in [(0, 0, 640, 360), (40, 30, 100, 50)] {
            let window = other.cover(place);
            assert!(other.picture() != shown, "{draw}: it is covered");
            other.uncover(window);
            expect_again(&other, &shown, &format!("{draw}: after {place:?}"));
        }
        // While a part is covered all the time, nobody is told that the window is seen again.
        let panel = other.cover((0, 0, 640, 24));
        let beside_panel = other.picture();
        let popup = other.cover((40, 60, 100, 50));
        let popup_at_first = other.picture();
        for step in 1..=5 {
            other.move_to(popup, 40 + step * 60, 60 + step * 20);
        }
        other.move_to(popup, 40, 60);
        expect_again(&other, &popup_at_first, &format!("{draw}: where it was"));
        other.uncover(popup);
        expect_again(&other, &beside_panel, &format!("{draw}: beside a panel"));
        other.uncover(panel);
        expect_again(&other, &shown, &format!("{draw}: in the end"));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn a_display_that_goes_away_ends_the_stage_with_its_own_status() {
    for draw in BOTH {
        // At rest, and in the middle of a transition.
        for (args, then) in [
            (
                ["--fade-ms", "0", "--idle-s", "3600"],
                "snapshot_exact true",
            ),
            (["--fade-ms", "3600000", "--idle-s", "0"], "presented 1"),
        ] {
            let mut screen = Xvfb::start("640x360x24");
            let mut child = probe()
                .args(["--draw", draw, "--slides", "2"])
                .args(args)
                .env("DISPLAY", &screen.display)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert!(lines.any(|line| line.unwrap() == then), "{then}");
            screen.server.kill().unwrap();
            let deadline = Instant::now() + PATIENCE;
            let status = loop {
                if let Some(status) = child.try_wait().unwrap() {
                    break status;
                }
                assert!(Instant::now() < deadline, "it goes on without a display");
                thread::sleep(Duration::from_millis(50));
            };
            let mut errors = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut errors)
                .unwrap();
            assert_eq!(status.code(), Some(3), "{errors}");
            assert!(errors.contains("the display is gone"), "{errors}");
        }
    }
}

#[test]
fn window_without_a_display_says_how_to_get_one() {
    for draw in BOTH {
        for display in [None, Some(":4711")] {
            let mut command = probe();
            command.args(["--draw", draw]).env_remove("DISPLAY");
            if let Some(display) = display {
                command.env("DISPLAY", display);
            }
            let output = command.output().unwrap();
            let errors = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success());
            assert!(errors.contains("--offscreen"), "{errors}");
            assert!(!errors.contains("panicked"), "{errors}");
        }
    }
}

#[test]
fn a_screen_with_other_colours_is_told_with_what_to_do() {
    for draw in BOTH {
        for depth in ["640x360x8", "640x360x16", "640x360x30"] {
            let screen = Xvfb::start(depth);
            let output = probe()
                .args(["--draw", draw])
                .env("DISPLAY", &screen.display)
                .output()
                .unwrap();
            let errors = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(3), "{depth}: {errors}");
            assert!(errors.contains("a depth of 24"), "{depth}: {errors}");
            assert!(!errors.contains("panicked"), "{depth}: {errors}");
        }
    }
}

#[test]
fn machine_without_a_gpu_driver_says_what_to_install() {
    let output = probe()
        .args(["--draw", "gpu", "--offscreen", "--size", "64x48"])
        .env("WGPU_BACKEND", "vulkan")
        .env("VK_DRIVER_FILES", "/nonexistent")
        .env("VK_ICD_FILENAMES", "/nonexistent")
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(errors.contains("mesa-vulkan-drivers"), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
}

#[test]
fn machine_without_a_gpu_driver_plays_without_one() {
    let output = probe()
        .args(["--draw", "cpu", "--offscreen", "--size", "640x360"])
        .env("VK_DRIVER_FILES", "/nonexistent")
        .env("VK_ICD_FILENAMES", "/nonexistent")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("snapshot_exact true"), "{told}");
    assert!(told.contains("drivers none"), "{told}");
}
