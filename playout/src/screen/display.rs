//! Whether the display is on, as far as the kernel knows: its connectors below /sys/class/drm.
//!
//! Invariants: nothing is guessed. What a monitor does with the picture that it is sent (another
//! input, a backlight that is broken) no connector tells, so "on" means that a picture was sent to
//! a display that was there. A play was seen with the display on only if that was so at its start
//! and at its end, and counts as off if it was off at either: whoever pays is told the worse.

use std::path::{Path, PathBuf};

use passerby_protocol::plays::Display;

/// Where the kernel lists its connectors.
pub const CONNECTORS: &str = "/sys/class/drm";
/// Most connectors that are looked at; the largest graphics cards have eight.
const CONNECTORS_MAX: usize = 64;

/// The machine's displays.
#[derive(Debug, Clone, Default)]
pub struct Displays {
    folder: Option<PathBuf>,
}

impl Displays {
    /// `folder`: [`CONNECTORS`], or `None` when what is played goes to no display of this machine.
    pub const fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// Asks whether a display is on now. It costs some short reads from memory.
    ///
    /// On: one that is connected gets a picture. Off: none of those that are connected does, or
    /// none is connected. Unknown: there are no connectors, or one of them does not know what hangs
    /// on it.
    pub fn read(&self) -> Display {
        let Some(Ok(entries)) = self.folder.as_ref().map(std::fs::read_dir) else {
            return Display::Unknown;
        };
        // The graphics cards themselves stand beside their connectors; a write-back connector has
        // no display.
        let connectors = entries.flatten().take(CONNECTORS_MAX).filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.contains('-') && !name.contains("Writeback")
        });
        let states: Vec<Display> = connectors
            .map(|entry| of_connector(&entry.path()))
            .collect();
        if states.contains(&Display::On) {
            Display::On
        } else if states.is_empty() || states.contains(&Display::Unknown) {
            Display::Unknown
        } else {
            Display::Off
        }
    }
}

/// What is to be said of a play, by what was read at its start and at its end.
pub const fn during(start: Display, end: Display) -> Display {
    match (start, end) {
        (Display::Off, _) | (_, Display::Off) => Display::Off,
        (Display::On, Display::On) => Display::On,
        _ => Display::Unknown,
    }
}

fn of_connector(folder: &Path) -> Display {
    let says = |file: &str| {
        std::fs::read_to_string(folder.join(file)).map(|text| text.trim().to_ascii_lowercase())
    };
    match says("status").as_deref() {
        Ok("disconnected") => return Display::Off,
        Ok("connected") => {}
        _ => return Display::Unknown,
    }
    // Connected, but no picture is sent.
    if says("enabled").is_ok_and(|enabled| enabled == "disabled") {
        return Display::Off;
    }
    match says("dpms").as_deref() {
        Ok("on") => Display::On,
        Ok("off" | "standby" | "suspend") => Display::Off,
        _ => Display::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree as the kernel makes it: name, status, enabled, dpms.
    fn tree(connectors: &[(&str, &str, &str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::create_dir(folder.path().join("card0")).expect("folder");
        std::fs::write(folder.path().join("version"), "drm 1.1.0").expect("writes");
        for (name, status, enabled, dpms) in connectors {
            let connector = folder.path().join(name);
            std::fs::create_dir(&connector).expect("folder");
            for (file, text) in [("status", status), ("enabled", enabled), ("dpms", dpms)] {
                std::fs::write(connector.join(file), format!("{text}\n")).expect("writes");
            }
        }
        folder
    }

    #[test]
    fn a_display_is_on_when_one_that_is_connected_gets_a_picture() {
        const LIT: (&str, &str, &str, &str) = ("card0-HDMI-A-1", "connected", "enabled", "On");
        const NONE: (&str, &str, &str, &str) =
            ("card0-HDMI-A-2", "disconnected", "disabled", "Off");
        let asleep = ("card0-DP-1", "connected", "enabled", "Off");
        let dark = ("card0-DP-1", "connected", "disabled", "On");
        let vague = ("card0-VGA-1", "unknown", "disabled", "On");
        let copy = ("card0-Writeback-1", "unknown", "disabled", "On");
        for (connectors, expected) in [
            (vec![LIT, NONE], Display::On),
            (vec![asleep, LIT], Display::On),
            (vec![asleep, NONE], Display::Off),
            (vec![dark], Display::Off),
            (vec![NONE], Display::Off),
            (vec![NONE, copy], Display::Off),
            (vec![NONE, vague], Display::Unknown),
            (vec![], Display::Unknown),
        ] {
            let folder = tree(&connectors);
            let displays = Displays::new(Some(folder.path().to_owned()));
            assert_eq!(displays.read(), expected, "{connectors:?}");
        }
        assert_eq!(Displays::new(None).read(), Display::Unknown);
        let nowhere = Displays::new(Some("/nowhere/at/all".into()));
        assert_eq!(nowhere.read(), Display::Unknown);
    }

    #[test]
    fn a_play_is_called_on_only_when_both_its_ends_were() {
        use Display::{Off, On, Unknown};
        assert_eq!(during(On, On), On);
        for (start, end) in [(On, Off), (Off, On), (Off, Off), (Unknown, Off)] {
            assert_eq!(during(start, end), Off);
        }
        for (start, end) in [(On, Unknown), (Unknown, On), (Unknown, Unknown)] {
            assert_eq!(during(start, end), Unknown);
        }
    }
}
