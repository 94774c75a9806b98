//! The QR matrix of a link.
//!
//! Smallest version that fits at level M, then the highest level that still fits that version. A
//! link in upper case, digits and ` $%*+-./:` uses alphanumeric mode by itself; what is not ASCII
//! goes as bytes of UTF-8, never as kanji.

use std::fmt;
use std::ops::RangeInclusive;

use qrcode::bits::Bits;
use qrcode::canvas::Canvas;
use qrcode::ec::construct_codewords;
use qrcode::optimize::{Optimizer, Parser, Segment, total_encoded_len};
use qrcode::types::Mode;
use qrcode::{EcLevel, Version};

mod mask;

/// Modules of white around a code (ISO/IEC 18004, 5.3.8).
pub const QUIET_MODULES: u32 = 4;

/// Within these versions a link is cut into the same segments, since the lengths before them have
/// the same bits (ISO/IEC 18004, table 3).
const VERSIONS: [RangeInclusive<i16>; 3] = [1..=9, 10..=26, 27..=40];

/// How much of a code may be hidden or wrong and still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// About 15 % of its codewords.
    M,
    /// About 25 % of its codewords.
    Q,
    /// About 30 % of its codewords.
    H,
}

/// What a link needs, without the code itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QrPlan {
    version: u8,
    level: Level,
}

/// A finished code, without its quiet zone.
///
/// ```
/// use passerby_playout::code::qr::QrMatrix;
///
/// let code = QrMatrix::encode("HTTPS://HUB.EXAMPLE/Q/00000000000000000000000000000000");
/// let code = code.expect("it fits");
/// assert_eq!(code.modules(), 17 + 4 * u32::from(code.version()));
/// // The finder pattern, up to its light ring.
/// assert!(code.is_dark(0, 0) && code.is_dark(6, 6) && !code.is_dark(1, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrMatrix {
    plan: QrPlan,
    dark: Vec<bool>,
}

/// Says that a link does not fit into any code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the link has {0} bytes and does not fit into a QR code; use a shorter one")]
pub struct CodeError(usize);

impl Level {
    const fn of_library(self) -> EcLevel {
        match self {
            Self::M => EcLevel::M,
            Self::Q => EcLevel::Q,
            Self::H => EcLevel::H,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl QrPlan {
    /// The version, 1 to 40.
    pub const fn version(self) -> u8 {
        self.version
    }

    /// The level of error correction.
    pub const fn level(self) -> Level {
        self.level
    }

    /// Modules on a side, from 21 to 177.
    pub const fn modules(self) -> u32 {
        17 + 4 * self.version as u32
    }
}

impl QrMatrix {
    /// Says which version and level a link gets, without encoding it.
    ///
    /// # Errors
    /// The link does not fit into version 40 at level M (2,331 bytes).
    pub fn plan(link: &str) -> Result<QrPlan, CodeError> {
        fit(link).map(|(plan, _)| plan)
    }

    /// Encodes a link.
    ///
    /// # Errors
    /// The link does not fit into version 40 at level M (2,331 bytes).
    pub fn encode(link: &str) -> Result<Self, CodeError> {
        let refused = || CodeError(link.len());
        let (plan, segments) = fit(link)?;
        let level = plan.level.of_library();
        let version = Version::Normal(plan.version.into());
        let mut bits = Bits::new(version);
        let (data, correction) = bits
            .push_segments(link.as_bytes(), segments.into_iter())
            .and_then(|()| bits.push_terminator(level))
            .and_then(|()| construct_codewords(&bits.into_bytes(), version, level))
            .map_err(|_| refused())?;
        let mut canvas = Canvas::new(version, level);
        canvas.draw_all_functional_patterns();
        canvas.draw_data(&data, &correction);
        let dark = mask::best(&canvas, plan.modules() as usize);
        Ok(Self { plan, dark })
    }

    /// The version, 1 to 40.
    pub const fn version(&self) -> u8 {
        self.plan.version
    }

    /// The level of error correction.
    pub const fn level(&self) -> Level {
        self.plan.level
    }

    /// Modules on a side, from 21 to 177.
    pub const fn modules(&self) -> u32 {
        self.plan.modules()
    }

    /// Tells whether a module is dark; outside the matrix everything is light.
    pub fn is_dark(&self, x: u32, y: u32) -> bool {
        let modules = self.modules();
        x < modules && y < modules && self.dark[(y * modules + x) as usize]
    }
}

/// Finds the version and level of a link, and the segments it is encoded in.
fn fit(link: &str) -> Result<(QrPlan, Vec<Segment>), CodeError> {
    // Two bytes of UTF-8 may look like a letter of Shift JIS. As such they would be read as another
    // letter.
    let in_bytes = |segment: Segment| match segment.mode {
        Mode::Kanji => Segment {
            mode: Mode::Byte,
            ..segment
        },
        _ => segment,
    };
    let parsed: Vec<Segment> = Parser::new(link.as_bytes()).map(in_bytes).collect();
    for versions in VERSIONS {
        let of_range = Version::Normal(*versions.start());
        let segments: Vec<Segment> = Optimizer::new(parsed.iter().copied(), of_range).collect();
        // The optimiser is greedy: ten digits in a token may cost it more than they bring.
        let segments = match in_one(&segments)
            .filter(|one| one.encoded_len(of_range) < total_encoded_len(&segments, of_range))
        {
            Some(one) => vec![one],
            None => segments,
        };
        let bits = total_encoded_len(&segments, of_range);
        let holds = |version: i16, level: Level| {
            Bits::new(Version::Normal(version))
                .max_len(level.of_library())
                .is_ok_and(|most| bits <= most)
        };
        let Some(version) = versions.into_iter().find(|&v| holds(v, Level::M)) else {
            continue;
        };
        let level = [Level::H, Level::Q]
            .into_iter()
            .find(|&level| holds(version, level))
            .unwrap_or(Level::M);
        let version = u8::try_from(version).map_err(|_| CodeError(link.len()))?;
        return Ok((QrPlan { version, level }, segments));
    }
    Err(CodeError(link.len()))
}

/// All of a link in the one mode that holds it.
fn in_one(segments: &[Segment]) -> Option<Segment> {
    let mode = segments
        .iter()
        .map(|segment| segment.mode)
        .reduce(Mode::max)?;
    Some(Segment {
        mode,
        begin: segments.first()?.begin,
        end: segments.last()?.end,
    })
}

#[cfg(test)]
mod tests;
