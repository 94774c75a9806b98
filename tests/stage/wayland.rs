//! Windows on a Wayland compositor of the tests' own.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use image::RgbaImage;
use passerby_testing::required_program;

use crate::display::{BOTH, Xvfb, probe, resize_only_window};
use crate::player::PATIENCE;

/// How long a test waits before it looks again.
const GLANCE: Duration = Duration::from_millis(20);
/// What the compositor calls its socket.
const SOCKET: &str = "passerby-test";

/// A compositor whose screen is nowhere, or a window of an X server.
struct Weston {
    compositor: Child,
    folder: tempfile::TempDir,
}

impl Weston {
    fn start(width_px: u32, height_px: u32) -> Self {
        Self::with("headless", None, width_px, height_px)
    }

    fn with(backend: &str, display: Option<&str>, width_px: u32, height_px: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(required_program("weston"));
        if let Some(display) = display {
            command.env("DISPLAY", display);
        }
        let mut compositor = command
            .arg(format!("--backend={backend}-backend.so"))
            .arg("--shell=desktop-shell.so")
            .args(["--use-pixman", "--no-config", "--idle-time=0"])
            // Lets others take a picture of what is shown.
            .arg("--debug")
            .arg(format!("--socket={SOCKET}"))
            .arg(format!("--width={width_px}"))
            .arg(format!("--height={height_px}"))
            .env("XDG_RUNTIME_DIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("weston starts");
        let deadline = Instant::now() + PATIENCE;
        while UnixStream::connect(folder.path().join(SOCKET)).is_err() {
            let ended = compositor.try_wait().unwrap();
            assert!(ended.is_none(), "weston has ended: {ended:?}");
            assert!(Instant::now() < deadline, "weston does not listen");
            thread::sleep(GLANCE);
        }
        Self { compositor, folder }
    }

    fn client(&self, mut command: Command) -> Command {
        command
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("WAYLAND_DISPLAY", SOCKET)
            .env_remove("DISPLAY");
        command
    }

    /// What the compositor shows.
    fn picture(&self) -> RgbaImage {
        let folder = tempfile::tempdir().unwrap();
        let taken = self
            .client(Command::new(required_program("weston-screenshooter")))
            .current_dir(folder.path())
            .status()
            .unwrap();
        assert!(taken.success());
        let file = fs::read_dir(folder.path()).unwrap().next().unwrap();
        image::open(file.unwrap().path()).unwrap().to_rgba8()
    }
}

impl Drop for Weston {
    fn drop(&mut self) {
        let _ = self.compositor.kill();
        let _ = self.compositor.wait();
    }
}

#[test]
fn a_window_on_wayland_shows_exact_pixels_and_then_rests() {
    for draw in BOTH {
        let weston = Weston::start(800, 450);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wanted.png");
        let mut child = weston
            .client(probe())
            .args(["--draw", draw, "--slides", "3", "--idle-s", "5"])
            .arg("--wanted")
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        assert_eq!(lines.next().unwrap(), "sized 800x450");
        assert!(lines.any(|line| line == "snapshot_exact true"), "{draw}");
        // Nothing changes any more; the compositor may show it a frame later.
        let wanted = image::open(&file).unwrap().to_rgba8();
        let deadline = Instant::now() + PATIENCE;
        while weston.picture() != wanted {
            assert!(Instant::now() < deadline, "{draw}: it shows something else");
            thread::sleep(GLANCE);
        }
        let said: Vec<String> = lines.collect();
        println!("{said:?}");
        let mut idle = said.iter().filter_map(|line| {
            let percent = line.strip_prefix("idle_cpu_percent ")?;
            percent.parse::<f64>().ok()
        });
        assert!(idle.next_back().unwrap() < 3.0, "{said:?}");
        if draw == "cpu" {
            assert!(said.contains(&"drivers none".to_owned()), "{said:?}");
        }
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_monitor_that_changes_its_size_is_filled_again() {
    for draw in BOTH {
        let screen = Xvfb::start("1280x720x24");
        let weston = Weston::with("x11", Some(&screen.display), 800, 450);
        let mut child = weston
            .client(probe())
            .args(["--draw", draw, "--slides", "1", "--resizes", "1"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        assert_eq!(lines.next().unwrap(), "sized 800x450");
        assert!(lines.any(|line| line == "waiting for_a_resize"), "{draw}");
        resize_only_window(&screen.display, 960, 600);
        let refit = lines.find(|line| line.starts_with("refit"));
        assert_eq!(refit.unwrap(), "refit 960x600 true", "{draw}");
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_compositor_that_goes_away_ends_the_stage_with_its_own_status() {
    for draw in BOTH {
        // At rest, and in the middle of a transition.
        for (args, then) in [
            (
                ["--fade-ms", "0", "--idle-s", "3600"],
                "snapshot_exact true",
            ),
            (["--fade-ms", "3600000", "--idle-s", "0"], "presented 1"),
        ] {
            let mut weston = Weston::start(640, 360);
            let mut child = weston
                .client(probe())
                .args(["--draw", draw, "--slides", "2"])
                .args(args)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert!(lines.any(|line| line.unwrap() == then), "{then}");
            weston.compositor.kill().unwrap();
            let deadline = Instant::now() + PATIENCE;
            let status = loop {
                if let Some(status) = child.try_wait().unwrap() {
                    break status;
                }
                assert!(Instant::now() < deadline, "it goes on without a display");
                thread::sleep(GLANCE);
            };
            let mut errors = String::new();
            let mut told = child.stderr.take().unwrap();
            told.read_to_string(&mut errors).unwrap();
            assert_eq!(status.code(), Some(3), "{draw}: {errors}");
            assert!(errors.contains("the display is gone"), "{draw}: {errors}");
        }
    }
}
