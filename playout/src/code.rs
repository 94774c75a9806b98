//! The QR matrix of a link.
//!
//! Smallest version that fits at level M, then the highest level that still fits that version (DESIGN.md, "Token and
//! code"). A link in upper case, digits and ` $%*+-./:` uses alphanumeric mode by itself.

use qrcode::{EcLevel, QrCode, Version};

/// Modules of white around a code (ISO/IEC 18004, 5.3.8).
pub const QUIET_MODULES: u32 = 4;

/// A finished code, without its quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrMatrix {
    modules: u32,
    dark: Vec<bool>,
}

/// Says that a link does not fit into any code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the link has {0} bytes and does not fit into a QR code; use a shorter one")]
pub struct CodeError(usize);

impl QrMatrix {
    /// Encodes a link.
    ///
    /// # Errors
    /// The link does not fit into version 40 at level M (2,331 bytes).
    pub fn encode(link: &str) -> Result<Self, CodeError> {
        let smallest = QrCode::with_error_correction_level(link, EcLevel::M)
            .map_err(|_| CodeError(link.len()))?;
        let version: Version = smallest.version();
        let best = [EcLevel::H, EcLevel::Q]
            .into_iter()
            .find_map(|level| QrCode::with_version(link, version, level).ok())
            .unwrap_or(smallest);
        let modules = u32::try_from(best.width()).map_err(|_| CodeError(link.len()))?;
        let dark = best
            .to_colors()
            .into_iter()
            .map(|colour| colour == qrcode::Color::Dark)
            .collect();
        Ok(Self { modules, dark })
    }

    /// Modules on a side, from 21 to 177.
    pub const fn modules(&self) -> u32 {
        self.modules
    }

    /// Tells whether a module is dark; outside the matrix everything is light.
    pub fn is_dark(&self, x: u32, y: u32) -> bool {
        x < self.modules && y < self.modules && self.dark[(y * self.modules + x) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_link_makes_a_small_code_of_a_high_level() {
        let link = format!(
            "HTTPS://HUB.EXAMPLE/Q/{}",
            "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        );
        let matrix = QrMatrix::encode(&link).expect("fits");
        assert_eq!(matrix.modules(), 29, "version 3");
        let level_h = QrCode::with_version(&link, Version::Normal(3), EcLevel::H).is_ok();
        let level_q = QrCode::with_version(&link, Version::Normal(3), EcLevel::Q).is_ok();
        assert!(!level_h && !level_q || matrix.modules() == 29);
    }

    #[test]
    fn a_link_past_every_version_is_refused() {
        assert!(QrMatrix::encode(&"x".repeat(3_000)).is_err());
    }
}
