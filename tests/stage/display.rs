//! X servers of the tests' own, and the probe that opens a window on one.

use std::collections::HashMap;
use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use passerby_testing::required_program;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt, CreateWindowAux, ImageFormat, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

/// What draws, each in turn.
pub(crate) const BOTH: [&str; 2] = ["cpu", "gpu"];

/// An X server of our own, without a window manager.
pub(crate) struct Xvfb {
    pub(crate) server: Child,
    pub(crate) display: String,
    screen: tempfile::TempDir,
}

impl Xvfb {
    pub(crate) fn start(screen: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Command::new(required_program("Xvfb"))
            .arg("-fbdir")
            .arg(dir.path())
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                screen,
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            server,
            display: format!(":{}", line.trim()),
            screen: dir,
        }
    }

    /// Runs the probe on this display and returns what it printed.
    pub(crate) fn probe(
        &self,
        draw: &str,
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> HashMap<String, String> {
        let output = probe()
            .args(["--draw", draw])
            .args(args)
            .envs(variables.iter().copied())
            .arg("--framebuffer")
            .arg(self.screen.path().join("Xvfb_screen0"))
            .env("DISPLAY", &self.display)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        println!("{text}{errors}");
        assert!(output.status.success(), "{errors}");
        text.lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub(crate) fn probe() -> Command {
    // Cargo builds examples beside the tests: target/debug/deps/this-test,
    // target/debug/examples/stage_probe.
    let here = env::current_exe().unwrap();
    let target = here.parent().and_then(Path::parent).unwrap();
    let mut command = Command::new(target.join("examples/stage_probe"));
    command
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET");
    command
}

/// Gives the only window with this title another size, as a window manager would.
pub(crate) fn resize_window(display: &str, width: u32, height: u32) {
    let (server, screen) = x11rb::connect(Some(display)).unwrap();
    let root = server.setup().roots[screen].root;
    let windows = server.query_tree(root).unwrap().reply().unwrap().children;
    let ours = windows.into_iter().find(|window| {
        let name = AtomEnum::WM_NAME;
        let title = server.get_property(false, *window, name, AtomEnum::ANY, 0, 100);
        title
            .unwrap()
            .reply()
            .is_ok_and(|title| title.value == b"stage probe")
    });
    resize(&server, ours.unwrap(), (width, height));
}

/// Gives the only window of a display another size.
pub(crate) fn resize_only_window(display: &str, width: u32, height: u32) {
    let (server, screen) = x11rb::connect(Some(display)).unwrap();
    let root = server.setup().roots[screen].root;
    let windows = server.query_tree(root).unwrap().reply().unwrap().children;
    let [only] = windows[..] else {
        panic!("{display} has {} windows", windows.len());
    };
    resize(&server, only, (width, height));
}

fn resize(server: &RustConnection, window: Window, (width, height): (u32, u32)) {
    let size = ConfigureWindowAux::new().width(width).height(height);
    let asked = server.configure_window(window, &size).unwrap();
    asked.check().unwrap();
}

/// What an X server shows, and how other programs come and go before a window.
pub(crate) struct OtherProgram {
    server: RustConnection,
    screen: usize,
}

impl OtherProgram {
    pub(crate) fn on(display: &str) -> Self {
        let (server, screen) = x11rb::connect(Some(display)).unwrap();
        Self { server, screen }
    }

    /// The pixels on the screen.
    pub(crate) fn picture(&self) -> Vec<u8> {
        let screen = &self.server.setup().roots[self.screen];
        let (width, height) = (screen.width_in_pixels, screen.height_in_pixels);
        let form = ImageFormat::Z_PIXMAP;
        let asked = self
            .server
            .get_image(form, screen.root, 0, 0, width, height, !0);
        asked.unwrap().reply().unwrap().data
    }

    /// Covers a part of the screen.
    pub(crate) fn cover(&self, (left, top, width, height): (i16, i16, u16, u16)) -> u32 {
        let window = self.server.generate_id().unwrap();
        let root = self.server.setup().roots[self.screen].root;
        let look = CreateWindowAux::new()
            .override_redirect(1)
            .background_pixel(0xff_00ff);
        let class = WindowClass::INPUT_OUTPUT;
        let made = self.server.create_window(
            0, window, root, left, top, width, height, 0, class, 0, &look,
        );
        made.unwrap().check().unwrap();
        self.server.map_window(window).unwrap().check().unwrap();
        window
    }

    /// Moves what covers a part of the screen.
    pub(crate) fn move_to(&self, window: u32, left: i32, top: i32) {
        let place = ConfigureWindowAux::new().x(left).y(top);
        let asked = self.server.configure_window(window, &place).unwrap();
        asked.check().unwrap();
    }

    /// Uncovers it again.
    pub(crate) fn uncover(&self, window: u32) {
        self.server.destroy_window(window).unwrap().check().unwrap();
    }
}
