//! The two readers behind one question: what does the code in this view say?

use std::fmt;

use rxing::common::HybridBinarizer;
use rxing::qrcode::cpp_port::QrReader;
use rxing::{BarcodeFormat, BinaryBitmap, DecodeHints, Luma8Source, Reader as _};

use crate::verify::View;

/// Pixels a module that a reader is first shown; more only cost time.
const MODULE_PX_AFAR: u32 = 4;

/// Somebody else's reader of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A port of zxing with the detector of zxing-cpp.
    Rxing,
    /// A port of quirc.
    Rqrr,
}

/// What a reader sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReaderInput {
    /// No code.
    Nothing,
    /// A code that it cannot decode, and why.
    Unclear(String),
    /// A code that says this.
    Text(String),
}

impl Reader {
    /// Both, in the order in which they are asked.
    pub const ALL: [Self; 2] = [Self::Rxing, Self::Rqrr];

    /// Reads the code in a view: from afar first, then closer, until there is a text.
    pub fn read(self, view: &View, module_px: u32) -> ReaderInput {
        let afar = (module_px / MODULE_PX_AFAR).max(1) as usize;
        let mut best = ReaderInput::Nothing;
        for stride in [afar, afar.div_ceil(2), 1] {
            let sight = self.read_once(&view.from_afar(stride));
            if matches!(sight, ReaderInput::Text(_)) {
                return sight;
            }
            if best == ReaderInput::Nothing {
                best = sight;
            }
            if stride == 1 {
                break;
            }
        }
        best
    }

    /// Reads the code in a view as it is.
    pub fn read_once(self, view: &View) -> ReaderInput {
        match self {
            Self::Rxing => rxing(view),
            Self::Rqrr => rqrr(view),
        }
    }
}

fn rxing(view: &View) -> ReaderInput {
    let _span = tracing::trace_span!("code rxing").entered();
    let (Ok(width), Ok(height)) = (u32::try_from(view.width()), u32::try_from(view.height()))
    else {
        return ReaderInput::Nothing;
    };
    let source = match Luma8Source::new_with_slice(view.grey(), width, height) {
        Ok(source) => source,
        Err(error) => return ReaderInput::Unclear(error.to_string()),
    };
    let hints = DecodeHints {
        PossibleFormats: Some([BarcodeFormat::QR_CODE].into()),
        ..DecodeHints::default()
    };
    let mut picture = BinaryBitmap::new(HybridBinarizer::new(source));
    // It does not tell a code that it cannot decode from none.
    match QrReader.decode_with_hints(&mut picture, &hints) {
        Ok(code) => ReaderInput::Text(code.getText().to_owned()),
        Err(_) => ReaderInput::Nothing,
    }
}

fn rqrr(view: &View) -> ReaderInput {
    let _span = tracing::trace_span!("code rqrr").entered();
    let mut picture =
        rqrr::PreparedImage::prepare_from_greyscale(view.width(), view.height(), |x, y| {
            view.grey()[y * view.width() + x]
        });
    let mut best = ReaderInput::Nothing;
    for grid in picture.detect_grids() {
        match grid.decode() {
            Ok((_, text)) => return ReaderInput::Text(text),
            Err(error) => best = ReaderInput::Unclear(error.to_string()),
        }
    }
    best
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rxing => "rxing",
            Self::Rqrr => "rqrr",
        })
    }
}

impl fmt::Display for ReaderInput {
    /// Continues a sentence that begins with the reader.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("finds no code"),
            Self::Unclear(reason) => write!(f, "cannot decode it ({reason})"),
            Self::Text(text) => write!(f, "reads {text:?}"),
        }
    }
}
