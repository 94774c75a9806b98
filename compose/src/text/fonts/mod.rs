//! The fonts that text is set in: the bundled two weights, and whatever the operator put into a
//! folder.
//!
//! Invariants: no font of the machine is used; at most [`FILES_MAX`] files of at most
//! [`files::FILE_BYTES_MAX`] bytes are read, [`BYTES_MAX`] in all; a file that is no font, or one
//! whose letters cannot be drawn as outlines, costs one problem that names it and nothing else;
//! what [`Fonts::missing_glyphs`] does not report can be drawn.

mod bundled;
pub(crate) mod drawings;
mod files;
mod preference;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use parley::FontFamilyName;
use parley::fontique::{Blob, Collection, CollectionOptions, FontInfoOverride};
use passerby_playout::settings::config;
use passerby_protocol::file_names::normal_form;
use passerby_protocol::toml_fields::Problem;
use swash::FontRef;

use crate::text::fonts::bundled::{BOLD, BUNDLED, BUNDLED_FILES, REGULAR};
use crate::text::fonts::drawings::DrawingFonts;
use crate::text::fonts::files::{BYTES_MAX, Face};
use crate::text::fonts::preference::Preference;

/// Most font files of the operator's.
pub(crate) const FILES_MAX: usize = config::FONT_FILES_MAX;
/// Most characters that are named in one message.
const NAMED_MAX: usize = 10;

/// A shared set of fonts. Cloning is cheap.
#[derive(Clone)]
pub struct Fonts(Arc<Set>);

struct Set {
    /// The folders that the operator named.
    folders: Vec<PathBuf>,
    files: Vec<Blob<u8>>,
    faces: Vec<Face>,
    /// The same for drawings; made when the first one comes.
    drawings: OnceLock<DrawingFonts>,
}

impl Default for Fonts {
    fn default() -> Self {
        Self::load(&[]).0
    }
}

impl Fonts {
    /// Reads every .ttf, .otf and .ttc file in some folders, in the order of their names, and puts
    /// it beside the bundled fonts. Returns a problem for each file or folder that is no use.
    pub fn load(folders: &[PathBuf]) -> (Self, Vec<Problem>) {
        let mut set = Set {
            folders: folders.to_vec(),
            files: Vec::new(),
            faces: Vec::new(),
            drawings: OnceLock::new(),
        };
        for (bytes, weight) in [(REGULAR, 400), (BOLD, 700)] {
            set.faces.push(Face {
                file: set.files.len(),
                index: 0,
                family: BUNDLED.to_owned(),
                weight,
                upright: true,
            });
            set.files.push(Blob::new(Arc::new(bytes)));
        }
        let mut problems = Vec::new();
        let (mut count, mut total) = (0, 0);
        for folder in folders {
            let paths = match files::font_files(folder) {
                Ok(paths) => paths,
                Err(error) => {
                    let message = format!(
                        "the font folder cannot be read ({error}); give content.fonts folders with .ttf or .otf files"
                    );
                    problems.push(Problem::with_file(folder.display().to_string(), message));
                    continue;
                }
            };
            for path in paths {
                let name = path.display().to_string();
                if count == FILES_MAX {
                    let message = format!(
                        "there are more than {FILES_MAX} fonts; remove those that no text needs"
                    );
                    problems.push(Problem::with_file(name, message));
                    return (Self(Arc::new(set)), problems);
                }
                count += 1;
                match files::read(&path, BYTES_MAX - total) {
                    Ok(bytes) => {
                        total += bytes.len() as u64;
                        if let Err(reason) = set.take(bytes) {
                            problems.push(Problem::with_file(name, reason));
                        }
                    }
                    Err(reason) => problems.push(Problem::with_file(name, reason)),
                }
            }
        }
        (Self(Arc::new(set)), problems)
    }

    /// Returns the characters of a text that none of the fonts can draw, each once, in order of
    /// appearance. Accents count as they are set: composed where a letter with them exists.
    pub fn missing_glyphs(&self, text: &str) -> Vec<char> {
        let mut missing = Vec::new();
        for character in normal_form(text).chars() {
            if !missing.contains(&character) && !self.can_draw(character) {
                missing.push(character);
            }
        }
        missing
    }

    /// Names the characters of a text that none of the fonts can draw, for people, with their code
    /// points: `𠀀 (U+20000), 🎉 (U+1F389)`. At most [`NAMED_MAX`]; then it says how many more
    /// there are. None when all can be drawn.
    pub fn lacking(&self, text: &str) -> Option<String> {
        let missing = self.missing_glyphs(text);
        let named = missing.iter().take(NAMED_MAX);
        let mut names = named
            .map(|&character| format!("{character} (U+{:04X})", u32::from(character)))
            .collect::<Vec<_>>()
            .join(", ");
        if missing.len() > NAMED_MAX {
            // Writing into a String cannot fail.
            let _ = write!(names, " and {} more", missing.len() - NAMED_MAX);
        }
        (!names.is_empty()).then_some(names)
    }

    /// Tells whether a character can be drawn, or needs no ink.
    pub(crate) fn can_draw(&self, character: char) -> bool {
        needs_no_ink(character)
            || self
                .0
                .faces
                .iter()
                .any(|face| self.0.glyph(face, character).is_some())
    }

    /// The same fonts for the text of drawings; the files are shared, not copied.
    pub(crate) fn of_drawings(&self) -> &DrawingFonts {
        self.0.drawings.get_or_init(|| {
            let files = self.0.files.iter().skip(BUNDLED_FILES.len());
            let files = files.map(|file| file.clone().into_raw_parts().0);
            DrawingFonts::with(&self.0.folders, files)
        })
    }

    /// Registers everything with Parley.
    pub(crate) fn collection(&self) -> Collection {
        let mut collection = Collection::new(CollectionOptions {
            shared: false,
            system_fonts: false,
        });
        for (at, file) in self.0.files.iter().enumerate() {
            let bundled = self
                .0
                .faces
                .iter()
                .any(|face| face.file == at && face.family == BUNDLED);
            let name = FontInfoOverride {
                family_name: Some(BUNDLED),
                ..Default::default()
            };
            collection.register_fonts(file.clone(), bundled.then_some(name));
        }
        collection
    }

    /// The families for a text, best first. The bundled ones lead, but Japanese and Korean are set
    /// in a font of the operator's that is made for them, since the same character is drawn
    /// differently there.
    pub(crate) fn families(&self, text: &str) -> Vec<FontFamilyName<'_>> {
        let preference = Preference::of(text);
        let probe = match preference {
            Preference::Chinese => None,
            Preference::Japanese => Some('か'),
            Preference::Korean => Some('한'),
        };
        let mut names: Vec<(u8, &str)> = Vec::new();
        for face in &self.0.faces {
            if names.iter().any(|(_, name)| *name == face.family) {
                continue;
            }
            let suits = probe.is_some_and(|probe| self.0.glyph(face, probe).is_some());
            let rank = match (face.family == BUNDLED, suits) {
                (true, _) => 10,
                (false, true) => preference.rank(&face.family),
                (false, false) => 10 + preference.rank(&face.family),
            };
            names.push((rank, &face.family));
        }
        names.sort_by_key(|(rank, _)| *rank);
        names
            .into_iter()
            .map(|(_, name)| FontFamilyName::Named(Cow::Borrowed(name)))
            .collect()
    }

    /// The face that draws a character standing alone, in a weight, and its glyph.
    pub(crate) fn face_of(&self, character: char, bold: bool) -> Option<(FontRef<'_>, u16)> {
        let wanted: i32 = if bold { 700 } else { 400 };
        let bundled = |face: &Face| face.family != BUNDLED;
        let mut best: Option<((bool, i32), &Face, u16)> = None;
        for face in &self.0.faces {
            let Some(glyph) = self.0.glyph(face, character) else {
                continue;
            };
            let slant = if face.upright { 0 } else { 1_000 };
            let rank = (
                bundled(face),
                (i32::from(face.weight) - wanted).abs() + slant,
            );
            if best.as_ref().is_none_or(|(best, ..)| rank < *best) {
                best = Some((rank, face, glyph));
            }
        }
        best.and_then(|(_, face, glyph)| Some((self.0.font(face)?, glyph)))
    }
}

impl Set {
    fn font(&self, face: &Face) -> Option<FontRef<'_>> {
        FontRef::from_index(self.files.get(face.file)?.data(), face.index)
    }

    fn glyph(&self, face: &Face, character: char) -> Option<u16> {
        let glyph = self.font(face)?.charmap().map(character);
        (glyph != 0).then_some(glyph)
    }

    /// Takes the faces of one file in.
    fn take(&mut self, bytes: Vec<u8>) -> Result<(), String> {
        let file = self.files.len();
        // The readers of fonts are written not to panic; this guards against the one that does.
        let faces = catch_unwind(AssertUnwindSafe(|| files::faces_of(&bytes, file)))
            .unwrap_or_else(|_| Err("the font is damaged; copy it again".to_owned()))?;
        self.files.push(Blob::new(Arc::new(bytes)));
        self.faces.extend(faces);
        Ok(())
    }
}

/// Spaces, control characters, joiners, marks of direction and selectors of variants.
pub(crate) fn needs_no_ink(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}
