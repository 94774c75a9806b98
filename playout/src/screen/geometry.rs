//! A zone of the screen as the composer and the stage need to know it.

use std::time::Duration;

use crate::screen::area::Area;

/// How long a code must be on the screen where the operator says nothing: the shortest time a
/// placement may ask for.
pub const SCAN_TIME: Duration = Duration::from_secs(2);

/// One of the screen's zones: its place in the layout. Zones are drawn in this order, so a later
/// one lies on top.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(pub u8);

impl Zone {
    /// The zone that every layout has.
    pub const MAIN: Self = Self(0);
    /// The whole output, above every other zone: emergencies. The only one that can be empty.
    pub const NOTICE: Self = Self(u8::MAX);
}

/// A zone as it is lit and looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// Pixels of the zone, before rotation.
    pub width_px: u32,
    /// Pixels of the zone, before rotation.
    pub height_px: u32,
    /// Clockwise turn of the content: 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    /// Pixels of the whole output, before rotation; what [`Self::size_cm`] measures.
    pub screen_px: [u32; 2],
    /// What is lit, as mounted, before rotation.
    pub size_cm: Option<[f64; 2]>,
    /// How far away people stand.
    pub viewing_distance_m: f64,
    /// From one LED to the next, on a wall of LEDs of which each shows one pixel.
    pub led_pitch_mm: Option<f64>,
    /// How many times as bright as black white is, with the light that falls on the screen; not
    /// known when absent.
    pub contrast: Option<f64>,
    /// How long a code must be on the screen at least.
    pub scan_time: Duration,
    /// Parts of the zone that others lie over: upright, in the zone's own pixels. Nothing that
    /// matters goes there.
    pub covered: Vec<Area>,
}

impl Geometry {
    /// A zone that is the whole output, with nothing known about the screen.
    pub const fn whole(width_px: u32, height_px: u32) -> Self {
        Self {
            width_px,
            height_px,
            rotation: 0,
            screen_px: [width_px, height_px],
            size_cm: None,
            viewing_distance_m: 3.0,
            led_pitch_mm: None,
            contrast: None,
            scan_time: SCAN_TIME,
            covered: Vec::new(),
        }
    }
}
