//! Whether, when and where a screen may be heard: `[screen] sound` of kiosk.toml.
//!
//! Invariant: a screen is silent unless its operator has said otherwise; where hours are given and
//! the time is not known, it is silent too.

use std::str::FromStr;

use jiff::Zoned;
use passerby_protocol::daypart::Daypart;
use passerby_protocol::toml_fields::Section;

use crate::system::clock;

/// Loudness where none is given, in percent of the recording's own.
pub(crate) const VOLUME_PERCENT: u8 = 60;

/// When and where videos are heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundSettings {
    /// Parts of the week; always, when there are none.
    pub hours: Vec<Daypart>,
    /// What ffmpeg calls the kind of output: `alsa`, `pulse`, or `wav` for a file.
    pub format: String,
    /// What ffmpeg calls the output itself.
    pub device: String,
    /// Loudness in percent of the recording's own, 0 to 100.
    pub volume_percent: u8,
}

impl Default for SoundSettings {
    fn default() -> Self {
        Self {
            hours: Vec::new(),
            format: "alsa".to_owned(),
            device: "default".to_owned(),
            volume_percent: VOLUME_PERCENT,
        }
    }
}

impl SoundSettings {
    /// Reads the section; what is wrong is reported to it.
    pub fn read(section: &Section<'_>) -> Self {
        let mut sound = Self::default();
        if let Some(hours) = section.list(
            "hours",
            "days and hours such as \"mon-sun 09:00-20:00\"",
            Daypart::from_str,
        ) {
            sound.hours = hours.value;
        }
        let formats = [("alsa", "alsa"), ("pulse", "pulse"), ("wav", "wav")];
        if let Some(format) = section.choice("format", &formats) {
            format.value.clone_into(&mut sound.format);
        }
        if let Some(device) = section.text("device", 255, "an output such as \"default\"") {
            sound.device = device.value;
        }
        if let Some(volume) = section.integer("volume", 0..=100) {
            sound.volume_percent = u8::try_from(volume.value).unwrap_or(VOLUME_PERCENT);
        }
        sound
    }

    /// Tells whether a video that starts at this local time may be heard.
    pub fn is_heard_at(&self, local: Option<&Zoned>) -> bool {
        self.hours.is_empty()
            || local.is_some_and(|local| {
                let (weekday, minute) = clock::weekday_and_minute(local);
                self.hours.iter().any(|part| part.contains(weekday, minute))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_keeps_its_hours_and_is_silent_when_the_time_is_not_known() {
        let sound = SoundSettings {
            hours: vec!["mon-fri 09:00-20:00".parse().expect("hours")],
            ..SoundSettings::default()
        };
        let at = |text: &str| text.parse::<Zoned>().expect("a time");
        assert!(sound.is_heard_at(Some(&at("2026-11-23T09:00[Asia/Shanghai]"))));
        assert!(!sound.is_heard_at(Some(&at("2026-11-23T20:00[Asia/Shanghai]"))));
        assert!(!sound.is_heard_at(Some(&at("2026-11-22T12:00[Asia/Shanghai]"))));
        assert!(!sound.is_heard_at(None));
        assert!(
            SoundSettings::default().is_heard_at(None),
            "no hours, always"
        );
    }
}
