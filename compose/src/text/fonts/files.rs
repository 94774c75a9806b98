//! Font files of the operator's, read and looked through.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use passerby_folder::regular_file::{self, FileError};
use passerby_playout::settings::config;
use swash::scale::ScaleContext;
use swash::{FontDataRef, FontRef, StringId, Tag};

use crate::text::fonts::bundled::BUNDLED;

/// Largest font file, in bytes.
pub(super) const FILE_BYTES_MAX: u64 = config::FONT_FILE_BYTES_MAX;
/// Most bytes of all font files together.
pub(super) const BYTES_MAX: u64 = config::FONT_BYTES_MAX;
/// Most faces that one collection file may hold.
const FACES_MAX: usize = 32;

/// One face of one file.
pub(super) struct Face {
    pub(super) file: usize,
    pub(super) index: usize,
    pub(super) family: String,
    pub(super) weight: u16,
    pub(super) upright: bool,
}

/// The font files of a folder in the order of their names, links followed.
pub(super) fn font_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
            let hidden = path
                .file_name()
                .is_none_or(|name| name.to_string_lossy().starts_with('.'));
            !hidden && matches!(ending.as_deref(), Some("ttf" | "otf" | "ttc" | "otc"))
        })
        .collect();
    paths.sort();
    Ok(paths)
}

/// Reads a font file, unless it is too large by itself or for what is left.
pub(super) fn read(path: &Path, bytes_left: u64) -> Result<Vec<u8>, String> {
    // Fonts are often linked from where the system keeps them; the operator names their folder.
    let bytes = regular_file::open_anywhere(path)
        .and_then(|file| file.start(FILE_BYTES_MAX + 1))
        .map_err(|error| match error {
            FileError::NotRegular(kind) => {
                format!("it is not a file but {kind}; put a font there")
            }
            other => format!("the font cannot be read: {other}"),
        })?;
    let length = bytes.len() as u64;
    if length > FILE_BYTES_MAX {
        let most = FILE_BYTES_MAX >> 20;
        Err(format!(
            "the font is larger than {most} MiB; use one with fewer characters"
        ))
    } else if length > bytes_left {
        let most = BYTES_MAX >> 20;
        Err(format!(
            "all fonts together are larger than {most} MiB; remove those that no text needs"
        ))
    } else {
        Ok(bytes)
    }
}

/// The faces of a file that can be drawn as outlines.
pub(super) fn faces_of(bytes: &[u8], file: usize) -> Result<Vec<Face>, String> {
    let no_font = || "it is no font; use a .ttf, .otf or .ttc file".to_owned();
    let data = FontDataRef::new(bytes).ok_or_else(no_font)?;
    if data.len() > FACES_MAX {
        return Err(format!(
            "it holds {} fonts, more than {FACES_MAX}; use single ones",
            data.len()
        ));
    }
    let mut faces = Vec::new();
    let mut reason = no_font();
    for index in 0..data.len() {
        let Some(font) = data.get(index) else {
            continue;
        };
        let outlined = [b"glyf", b"CFF ", b"CFF2"]
            .iter()
            .any(|tag| font.table(Tag::from_be_bytes(**tag)).is_some());
        if !outlined {
            reason = "its letters are pictures, which are not supported; use a font with outlines"
                .to_owned();
            continue;
        }
        let Some(family) = font
            .localized_strings()
            .find_by_id(StringId::TypographicFamily, None)
            .or_else(|| font.localized_strings().find_by_id(StringId::Family, None))
            .map(|name| name.to_string())
            .filter(|name| !name.is_empty() && name != BUNDLED)
        else {
            reason = "the font has no name; use another".to_owned();
            continue;
        };
        if !draws_something(font) {
            reason = "the font is damaged; copy it again".to_owned();
            continue;
        }
        let attributes = font.attributes();
        faces.push(Face {
            file,
            index,
            family,
            weight: attributes.weight().0,
            upright: attributes.style() == swash::Style::Normal,
        });
    }
    if faces.is_empty() {
        Err(reason)
    } else {
        Ok(faces)
    }
}

/// Draws a few of a font's letters.
fn draws_something(font: FontRef<'_>) -> bool {
    const PROBES: usize = 8;
    let mut scaler = ScaleContext::with_max_entries(1);
    let mut scaler = scaler.builder(font).size(32.0).build();
    let mut glyphs = Vec::new();
    font.charmap().enumerate(|_, glyph| {
        if glyphs.len() < 64 * PROBES {
            glyphs.push(glyph);
        }
    });
    glyphs.iter().step_by(8).take(PROBES * 8).any(|&glyph| {
        scaler
            .scale_outline(glyph)
            .is_some_and(|outline| !outline.is_empty())
    })
}
