//! The legibility of a code, judged before it airs: whether people can read it from where they
//! stand, and what would help if not.
//!
//! Two rules, and a code keeps both at the viewing distance: it is at least a tenth of it wide, and
//! each module at least a [`MODULES_PER_DISTANCE_MAX`]th, which is what a tenth gives to the code
//! of a token. A phone that scans sees about 1,400 pixels per radian (a preview of 1,920 pixels
//! over 70 degrees), so a module then has 4.8 of them, and 3.4 at an angle of 45 degrees.
//! `scripts/camera` measures what that is worth to three readers.
//!
//! Invariants: what passed can be read at its distance, as far as the screen's size is known; what
//! did not is told with a number that would pass; a module is a whole number of pixels.

use std::fmt;
use std::time::Duration;

use crate::code::qr::QUIET_MODULES;
use crate::screen::geometry::Geometry;

/// How many modules may lie side by side along the viewing distance.
pub const MODULES_PER_DISTANCE_MAX: f64 = 290.0;
/// How many widths of the code the viewing distance may have.
pub const WIDTHS_PER_DISTANCE_MAX: f64 = 10.0;
/// Fewest pixels on a side of a module; below, cameras lose it between the screen's own pixels.
pub const MODULE_PX_MIN: u32 = 3;
/// How many times as bright as black white must be at the screen, with the light that falls on it.
/// Symbol contrast (ISO/IEC 15415) is then 60 %, grade B.
pub const CONTRAST_MIN: f64 = 2.5;
/// Time on screen in which most people can take out a phone and scan, for advice.
pub const DWELL_ADVISED: Duration = Duration::from_secs(8);
/// Modules on a side up to which all readers do as the rules say, for advice: version 6.
pub const MODULES_ADVISED: u32 = 41;
/// Modules on a side of the smallest code and of the largest (ISO/IEC 18004: versions 1 and 40).
const MODULES: std::ops::RangeInclusive<u32> = 21..=177;

/// A code that wants to be shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// Modules on a side, without the quiet zone.
    pub modules: u32,
    /// The side that the layout would give the code square with its quiet zone, in pixels.
    pub wanted_px: f64,
    /// The largest side that there is room for, in pixels.
    pub room_px: u32,
    /// How long it is on the screen; none until something changes.
    pub dwell: Option<Duration>,
}

/// How a code that passed is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Legible {
    /// Pixels on a side of a module.
    pub module_px: u32,
    /// The code's width without its quiet zone, in centimetres; none while the screen's size is not
    /// known.
    pub width_cm: Option<f64>,
    /// The distance up to which it can be read, in metres; none while the screen's size is not
    /// known.
    pub reach_m: Option<f64>,
}

/// Why a code cannot be read, with what is needed to say what would help.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Illegible {
    /// People stand too far away for the largest code that fits.
    TooFar {
        /// Where they stand, in metres.
        distance_m: f64,
        /// How wide the code would have to be, in centimetres.
        needed_cm: f64,
        /// From how far the largest one that fits can be read, in metres.
        reach_m: f64,
        /// The most modules a side with which a code could be read from there; none if no code
        /// could.
        modules_max: Option<u32>,
    },
    /// Its modules would have fewer than [`MODULE_PX_MIN`] pixels.
    TooSmall {
        /// Modules on a side.
        modules: u32,
        /// What the code square needs, in pixels.
        needed_px: u32,
        /// What there is, in pixels.
        room_px: u32,
    },
    /// It leaves before anybody can scan it.
    TooShort {
        /// How long it is there.
        dwell: Duration,
        /// How long it must be.
        needed: Duration,
    },
    /// Light on the screen washes it out.
    TooPale {
        /// White to black.
        contrast: f64,
    },
    /// Its code square would reach into the screen's edge.
    TooNearEdge {
        /// What the code square and the margins beside it need, in pixels.
        needed_px: u32,
        /// What there is, in pixels.
        room_px: u32,
    },
}

/// Judges a code on a screen.
///
/// # Errors
/// Why people could not read it.
pub fn judge(question: &Question, screen: &Geometry) -> Result<Legible, Illegible> {
    if let Some(dwell) = question.dwell.filter(|dwell| *dwell < screen.scan_time) {
        return Err(Illegible::TooShort {
            dwell,
            needed: screen.scan_time,
        });
    }
    if let Some(contrast) = screen.contrast.filter(|contrast| *contrast < CONTRAST_MIN) {
        return Err(Illegible::TooPale { contrast });
    }
    let modules = question.modules;
    let across = modules + 2 * QUIET_MODULES;
    let most = question.room_px / across;
    if most < MODULE_PX_MIN {
        return Err(Illegible::TooSmall {
            modules,
            needed_px: MODULE_PX_MIN * across,
            room_px: question.room_px,
        });
    }
    let wanted = whole(question.wanted_px / f64::from(across)).clamp(MODULE_PX_MIN, most);
    let Some(density) = pixels_per_cm(screen) else {
        return Ok(of(modules, wanted, screen));
    };
    let distance_m = screen.viewing_distance_m;
    let module_cm = distance_m * 100.0 / distances_per_module(modules);
    // What differs by less than a hundredth of a pixel is the same.
    let required = whole((module_cm * density - 0.01).ceil());
    if required > most {
        let could = |modules: &u32| {
            let module_px = question.room_px / (modules + 2 * QUIET_MODULES);
            reach_m(*modules, module_px, density) >= distance_m
        };
        return Err(Illegible::TooFar {
            distance_m,
            needed_cm: module_cm * f64::from(modules),
            reach_m: reach_m(modules, most, density),
            modules_max: MODULES.step_by(4).take_while(could).last(),
        });
    }
    Ok(of(modules, wanted.max(required), screen))
}

/// Tells how a code with modules of a size is seen.
pub fn of(modules: u32, module_px: u32, screen: &Geometry) -> Legible {
    let density = pixels_per_cm(screen);
    Legible {
        module_px,
        width_cm: density.map(|density| f64::from(module_px * modules) / density),
        reach_m: density.map(|density| reach_m(modules, module_px, density)),
    }
}

/// The distance up to which a code can be read, in metres, at a density in pixels per centimetre.
fn reach_m(modules: u32, module_px: u32, density: f64) -> f64 {
    f64::from(module_px) / density / 100.0 * distances_per_module(modules)
}

/// How many times a module's width the viewing distance may be.
fn distances_per_module(modules: u32) -> f64 {
    (WIDTHS_PER_DISTANCE_MAX * f64::from(modules)).min(MODULES_PER_DISTANCE_MAX)
}

/// Pixels per centimetre of the lit area, in its denser direction; `None` when neither its size nor
/// the pitch of its LEDs is known.
pub fn pixels_per_cm(screen: &Geometry) -> Option<f64> {
    if let Some(pitch_mm) = screen.led_pitch_mm {
        return Some(10.0 / pitch_mm);
    }
    let [wide_cm, high_cm] = screen.size_cm?;
    if !(wide_cm > 0.0 && high_cm > 0.0) {
        return None;
    }
    // Somebody who turned the screen may have measured it upright.
    let [width_px, height_px] = screen.screen_px;
    let turned = (wide_cm > high_cm) != (width_px > height_px);
    let (wide_cm, high_cm) = if turned {
        (high_cm, wide_cm)
    } else {
        (wide_cm, high_cm)
    };
    Some((f64::from(width_px) / wide_cm).max(f64::from(height_px) / high_cm))
}

impl fmt::Display for Illegible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooFar {
                distance_m,
                needed_cm,
                reach_m,
                modules_max,
            } => {
                write!(
                    f,
                    "people stand {distance_m} m away, so it must be {needed_cm:.0} cm wide, and the largest that fits can be read from {0:.1} m; set screen.viewing_distance_m to {0:.1} or less if they come that near, ",
                    (reach_m * 10.0).floor() / 10.0
                )?;
                if let Some(modules) = modules_max {
                    write!(
                        f,
                        "use a link of at most {} bytes, or of {} capitals and digits, ",
                        bytes_max(modules),
                        capitals_max(modules)
                    )?;
                }
                write!(
                    f,
                    "or a screen {:.1} times as large",
                    (distance_m / reach_m * 10.0).ceil() / 10.0
                )
            }
            Self::TooSmall {
                modules,
                needed_px,
                room_px,
            } => write!(
                f,
                "its link makes a code of {modules} modules a side, which takes {needed_px} of at most {room_px} pixels here; shorten the link, or use a zone or a screen with more pixels"
            ),
            Self::TooShort { dwell, needed } => write!(
                f,
                "it is on the screen for {} s, and people need {} s to scan it (screen.scan_seconds); give its placement seconds = {:.0}, or take the code off",
                dwell.as_secs_f64(),
                needed.as_secs_f64(),
                needed.as_secs_f64().ceil()
            ),
            Self::TooPale { contrast } => write!(
                f,
                "white is only {contrast} times as bright as black there (screen.contrast), and phones need {CONTRAST_MIN}; shade the screen or make it brighter, and measure again"
            ),
            Self::TooNearEdge { needed_px, room_px } => write!(
                f,
                "its code square and the margins beside it need {needed_px} of {room_px} pixels, so it would stand too near the edge; use a larger zone, or take the code off"
            ),
        }
    }
}

impl std::error::Error for Illegible {}

/// Data bits at level M by version, from 1 (ISO/IEC 18004, table 7).
const DATA_BITS_M: [u32; 40] = [
    128, 224, 352, 512, 688, 864, 992, 1_232, 1_456, 1_728, 2_032, 2_320, 2_672, 2_920, 3_320,
    3_624, 4_056, 4_504, 5_016, 5_352, 5_712, 6_256, 6_880, 7_312, 8_000, 8_496, 9_024, 9_544,
    10_136, 10_984, 11_640, 12_328, 13_048, 13_800, 14_496, 15_312, 15_936, 16_816, 17_728, 18_672,
];

/// Bits for data in a code of so many modules, after the mode and the count.
fn data_bits(modules: u32, count_bits: [u32; 3]) -> u32 {
    let version = (modules.saturating_sub(17) / 4).clamp(1, 40);
    let count = match version {
        1..=9 => count_bits[0],
        10..=26 => count_bits[1],
        _ => count_bits[2],
    };
    DATA_BITS_M[version as usize - 1] - 4 - count
}

fn bytes_max(modules: u32) -> u32 {
    data_bits(modules, [8, 16, 16]) / 8
}

fn capitals_max(modules: u32) -> u32 {
    data_bits(modules, [9, 11, 13]) * 2 / 11
}

/// A count of pixels, which has no use for fractions and is never negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped before"
)]
fn whole(pixels: f64) -> u32 {
    pixels.clamp(0.0, 1e9) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    fn screen(width_cm: f64, distance_m: f64) -> Geometry {
        Geometry {
            size_cm: Some([width_cm, width_cm * 9.0 / 16.0]),
            viewing_distance_m: distance_m,
            ..Geometry::whole(1_920, 1_080)
        }
    }

    fn question(modules: u32) -> Question {
        Question {
            modules,
            wanted_px: 270.0,
            room_px: 691,
            dwell: Some(Duration::from_secs(10)),
        }
    }

    #[test]
    fn a_tenth_of_the_distance_is_the_rule_for_small_codes_and_the_module_for_large_ones() {
        let small = judge(&question(29), &screen(122.0, 3.0)).expect("fits");
        assert!(small.width_cm.is_some_and(|cm| (30.0..33.0).contains(&cm)));
        // Modules of the distance's 290th part, 6.2 mm: with a tenth they would have 3.2 mm.
        let large = judge(&question(57), &screen(122.0, 1.8)).expect("fits");
        assert!(large.width_cm.is_some_and(|cm| cm > 35.0), "{large:?}");
    }

    #[test]
    fn codes_that_nobody_could_read_are_refused_with_what_would_help() {
        let far = judge(&question(45), &screen(122.0, 6.0)).expect_err("too far");
        let text = far.to_string();
        assert!(
            text.contains("people stand 6 m away, so it must be 93 cm wide")
                && text.contains("set screen.viewing_distance_m to 2.")
                && text.contains("or a screen 2.")
                && !text.contains("bytes"),
            "{text}"
        );
        let longer = judge(&question(57), &screen(122.0, 3.0)).expect_err("too far");
        let text = longer.to_string();
        assert!(
            text.contains("use a link of at most 42 bytes, or of 61 capitals"),
            "{text}"
        );
        let strip = Question {
            room_px: 80,
            ..question(29)
        };
        assert!(matches!(
            judge(&strip, &screen(122.0, 3.0)),
            Err(Illegible::TooSmall { needed_px: 111, .. })
        ));
        let short = Geometry {
            scan_time: Duration::from_secs(12),
            ..screen(122.0, 3.0)
        };
        let refused = judge(&question(29), &short)
            .expect_err("too short")
            .to_string();
        assert!(
            refused.contains("10 s") && refused.contains("seconds = 12"),
            "{refused}"
        );
        let sunny = Geometry {
            contrast: Some(1.9),
            ..screen(122.0, 3.0)
        };
        assert!(matches!(
            judge(&question(29), &sunny),
            Err(Illegible::TooPale { .. })
        ));
    }

    #[test]
    fn the_pitch_of_leds_tells_the_size_of_a_module() {
        let wall = Geometry {
            led_pitch_mm: Some(4.0),
            viewing_distance_m: 10.0,
            ..Geometry::whole(1_024, 576)
        };
        let question = Question {
            modules: 29,
            wanted_px: 144.0,
            room_px: 368,
            dwell: None,
        };
        let seen = judge(&question, &wall).expect("fits");
        assert_eq!(seen.module_px, 9, "a metre wide: 29 × 9 × 4 mm");
    }

    #[test]
    fn capacities_are_those_of_the_standard() {
        for (modules, bytes, capitals) in [
            (21, 14, 20),
            (29, 42, 61),
            (45, 122, 178),
            (57, 213, 311),
            (177, 2_331, 3_391),
        ] {
            assert_eq!(
                (bytes_max(modules), capitals_max(modules)),
                (bytes, capitals)
            );
        }
    }

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn what_passes_can_be_read_and_what_would_help_helps(
            version in 1u32..41, width_cm in 10.0f64..400.0, distance_m in 0.2f64..50.0,
            wanted_px in 50.0f64..600.0, room_px in 50u32..1_400,
        ) {
            let asked = Question { modules: 17 + 4 * version, wanted_px, room_px, dwell: None };
            let screen = screen(width_cm, distance_m);
            match judge(&asked, &screen) {
                Ok(seen) => {
                    prop_assert!(seen.reach_m.is_some_and(|reach| reach >= distance_m * 0.995));
                    prop_assert!(seen.module_px >= MODULE_PX_MIN);
                    prop_assert!(seen.module_px * (asked.modules + 8) <= room_px);
                }
                Err(Illegible::TooFar { reach_m, modules_max, .. }) => {
                    let nearer = Geometry { viewing_distance_m: reach_m * 0.99, ..screen.clone() };
                    prop_assert!(judge(&asked, &nearer).is_ok());
                    if let Some(modules) = modules_max {
                        prop_assert!(modules < asked.modules);
                        let shorter = Question { modules, ..asked };
                        let passes = judge(&shorter, &screen).is_ok();
                        prop_assert!(passes);
                    }
                }
                Err(other) => {
                    let is_too_small = matches!(other, Illegible::TooSmall { .. });
                    prop_assert!(is_too_small);
                }
            }
        }
    }
}
