//! The fonts that text is set in: the bundled two weights, and whatever the operator put into a folder.
//!
//! Invariants: no font of the machine is used; at most [`FILES_MAX`] files of at most [`FILE_BYTES_MAX`] bytes are
//! read, [`BYTES_MAX`] in all; a file that is no font, or one whose letters cannot be drawn as outlines, costs one
//! problem that names it and nothing else; what [`Fonts::missing_glyphs`] does not report can be drawn.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parley::FontFamilyName;
use parley::fontique::{Blob, Collection, CollectionOptions, FontInfoOverride};
use swash::scale::ScaleContext;
use swash::{FontDataRef, FontRef, StringId, Tag};

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Regular.otf");
const BOLD: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Bold.otf");
/// The bundled font files, for others that draw text.
pub(super) const BUNDLED_FILES: [&[u8]; 2] = [REGULAR, BOLD];
/// What the bundled fonts are called here, so that no font of the operator's is taken for them.
const BUNDLED: &str = "Passerby Sans";

/// Most font files of the operator's.
pub(super) const FILES_MAX: usize = 64;
/// Largest font file, in bytes.
pub(super) const FILE_BYTES_MAX: u64 = 64 << 20;
/// Most bytes of all font files together.
pub(super) const BYTES_MAX: u64 = 256 << 20;
/// Most faces that one collection file may hold.
const FACES_MAX: usize = 32;

/// A shared set of fonts. Cloning is cheap.
#[derive(Clone)]
pub struct Fonts(Arc<Set>);

struct Set {
    files: Vec<Blob<u8>>,
    faces: Vec<Face>,
}

/// One face of one file.
struct Face {
    file: usize,
    index: usize,
    family: String,
    weight: u16,
    upright: bool,
}

/// How the families of a text are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Preference {
    Chinese,
    Japanese,
    Korean,
}

impl Default for Fonts {
    fn default() -> Self {
        Self::load(&[]).0
    }
}

impl Fonts {
    /// Reads every .ttf, .otf and .ttc file in some folders, in the order of their names, and puts it beside the
    /// bundled fonts. Returns one sentence for each file or folder that is no use.
    pub fn load(folders: &[PathBuf]) -> (Self, Vec<String>) {
        let mut set = Set {
            files: Vec::new(),
            faces: Vec::new(),
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
            let paths = match font_files(folder) {
                Ok(paths) => paths,
                Err(error) => {
                    problems.push(format!(
                        "{}: the font folder cannot be read ({error}); name a folder that exists",
                        folder.display()
                    ));
                    continue;
                }
            };
            for path in paths {
                let name = path.display();
                if count == FILES_MAX {
                    problems.push(format!(
                        "{name}: there are more than {FILES_MAX} fonts; remove those that no text needs"
                    ));
                    return (Self(Arc::new(set)), problems);
                }
                count += 1;
                match read(&path, BYTES_MAX - total) {
                    Ok(bytes) => {
                        total += bytes.len() as u64;
                        if let Err(reason) = set.take(bytes) {
                            problems.push(format!("{name}: {reason}"));
                        }
                    }
                    Err(reason) => problems.push(format!("{name}: {reason}")),
                }
            }
        }
        (Self(Arc::new(set)), problems)
    }

    /// Returns the characters of a text that none of the fonts can draw, each once, in order of appearance.
    pub fn missing_glyphs(&self, text: &str) -> Vec<char> {
        let mut missing = Vec::new();
        for character in text.chars() {
            if !missing.contains(&character) && !self.can_draw(character) {
                missing.push(character);
            }
        }
        missing
    }

    /// Tells whether a character can be drawn, or needs no ink.
    pub(super) fn can_draw(&self, character: char) -> bool {
        needs_no_ink(character)
            || self
                .0
                .faces
                .iter()
                .any(|face| self.0.glyph(face, character).is_some())
    }

    /// Registers everything with Parley.
    pub(super) fn collection(&self) -> Collection {
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

    /// The families for a text, best first. The bundled ones lead, but Japanese and Korean are set in a font of the
    /// operator's that is made for them, since the same character is drawn differently there.
    pub(super) fn families(&self, text: &str) -> Vec<FontFamilyName<'_>> {
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
    pub(super) fn face_of(&self, character: char, bold: bool) -> Option<(FontRef<'_>, u16)> {
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
        let faces = catch_unwind(AssertUnwindSafe(|| faces_of(&bytes, file)))
            .unwrap_or_else(|_| Err("the font is damaged; copy it again".to_owned()))?;
        self.files.push(Blob::new(Arc::new(bytes)));
        self.faces.extend(faces);
        Ok(())
    }
}

impl Preference {
    fn of(text: &str) -> Self {
        let has = |range: std::ops::RangeInclusive<char>| text.chars().any(|c| range.contains(&c));
        if has('\u{AC00}'..='\u{D7A3}') || has('\u{1100}'..='\u{11FF}') {
            Self::Korean
        } else if has('\u{3041}'..='\u{30FF}') {
            Self::Japanese
        } else {
            Self::Chinese
        }
    }

    /// Orders the families of a collection that carries one font for each country; 0 is best.
    fn rank(self, family: &str) -> u8 {
        let has = |words: [&str; 2]| words.iter().any(|word| family.contains(word));
        let made_for = match self {
            Self::Chinese => has([" SC", " CN"]),
            Self::Japanese => has([" JP", "Japan"]),
            Self::Korean => has([" KR", "Korea"]),
        };
        let mono = u8::from(family.contains("Mono"));
        let serif = u8::from(family.contains("Serif"));
        4 * mono + 2 * u8::from(!made_for) + serif
    }
}

/// Returns the characters of a text that the bundled fonts cannot draw, each once, in order of appearance.
pub fn missing_glyphs(text: &str) -> Vec<char> {
    Fonts::default().missing_glyphs(text)
}

/// The same with the operator's font folders beside the bundled fonts. It reads them; for many texts load [`Fonts`]
/// once.
pub fn missing_glyphs_with(fonts: &[PathBuf], text: &str) -> Vec<char> {
    Fonts::load(fonts).0.missing_glyphs(text)
}

/// Spaces, control characters, joiners, marks of direction and selectors of variants.
pub(super) fn needs_no_ink(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The font files of a folder in the order of their names, links followed.
fn font_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
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

fn read(path: &Path, bytes_left: u64) -> Result<Vec<u8>, String> {
    let unreadable =
        |error: std::io::Error| format!("the font cannot be read ({error}); copy it again");
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("it is not a file; put a font there".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
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

fn faces_of(bytes: &[u8], file: usize) -> Result<Vec<Face>, String> {
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

#[cfg(test)]
mod tests;
