//! Texts, whatever encoding they were saved in.
//!
//! Invariants: what is UTF-8 is never taken for anything else, but for a few bytes that nobody
//! would write in it; what comes out holds no control characters but tabs and line ends, and where
//! many were in it, it counts as no text.

mod control;
mod decoded;
mod mend;

use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, Encoding, GBK, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use passerby_protocol::content_fault::{FieldFault, Told};
use passerby_protocol::limits::TOML_BYTES_MAX;

use crate::regular_file::{self, FileError, RegularFile};

pub use crate::text::decoded::Decoded;

/// Of a hundred characters, how many may be damaged in what is still taken for a text.
const DAMAGED_PERCENT_MAX: usize = 20;
/// The same for control characters in what says itself that it is a text,
const CONTROLS_PERCENT_MAX: usize = 20;
/// and in what is taken for one by guess.
const GUESSED_CONTROLS_PERCENT_MAX: usize = 2;
/// Of a text with fewer bytes past ASCII, what people write in China decides: 请立即撤离 in GBK is
/// good Hangul as well.
const TELLING_BYTES: usize = 24;
/// Fewer bytes than these, past ASCII or in all of UTF-16 without a mark, are good text in several
/// encodings at once,
const DOUBTFUL_BYTES: usize = 8;
/// unless so many bytes around them say what they are.
const SURE_BYTES: usize = 24;

/// Decodes a text in any encoding: by its byte order mark, else as UTF-8, else as the encoding in
/// which it makes most sense. A few control characters in it are left out, and form feeds and
/// vertical tabs end a line. `None` for what is no text.
pub fn decode(bytes: &[u8]) -> Option<Decoded> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return cleaned(decode_as(encoding, &bytes[mark..])?, CONTROLS_PERCENT_MAX);
    }
    let narrow = control::without_controls(bytes, CONTROLS_PERCENT_MAX);
    if let Some(narrow) = &narrow {
        if control::has_iso_2022(bytes) {
            return decode_as(ISO_2022_JP, control::without_padding(bytes)).filter(is_text);
        }
        if std::str::from_utf8(narrow).is_ok() {
            let as_written = || decode_as(UTF_8, narrow).and_then(|it| cleaned(it, 100));
            // 停电 and a line end in UTF-16 are the letters of \\P5u, a line end and one NUL.
            let is_telling = !bytes.contains(&0) || !narrow.is_ascii();
            let wide = || wide(bytes).filter(|wide| usual_percent(&wide.text) == 100);
            return match (!is_telling).then(wide).flatten() {
                Some(wide) => Some(with_doubt(wide, bytes)),
                None => chinese_by_chance_utf_8(narrow).or_else(as_written),
            };
        }
        if let Some(decoded) = damaged_utf_8(narrow) {
            return Some(decoded);
        }
    }
    let legacy = control::without_controls(bytes, GUESSED_CONTROLS_PERCENT_MAX)
        .and_then(|narrow| guess(&narrow));
    let guessed = match (legacy, wide(bytes)) {
        (Some(legacy), Some(wide)) => {
            let [of_legacy, of_wide] = [&legacy, &wide].map(|it| usual_percent(&it.text));
            let is_wide = of_wide > of_legacy || (of_wide == of_legacy && bytes.contains(&0));
            if is_wide { wide } else { legacy }
        }
        (legacy, wide) => legacy.or(wide)?,
    };
    Some(with_doubt(guessed, bytes))
}

/// The better reading in an encoding of two bytes a character, without a byte order mark.
fn wide(bytes: &[u8]) -> Option<Decoded> {
    [UTF_16LE, UTF_16BE]
        .into_iter()
        .filter_map(|encoding| decode_as(encoding, bytes))
        .filter(is_text)
        .max_by_key(|decoded| usual_percent(&decoded.text))
}

/// The same with what is to be said of a guess: whether it may be wrong.
fn with_doubt(mut guessed: Decoded, bytes: &[u8]) -> Decoded {
    let is_wide = [UTF_16LE.name(), UTF_16BE.name()].contains(&guessed.encoding);
    let telling = bytes
        .iter()
        .filter(|byte| is_wide || !byte.is_ascii())
        .count();
    guessed.is_doubtful =
        guessed.damaged > 0 || (telling < DOUBTFUL_BYTES && bytes.len() < SURE_BYTES);
    guessed
}

/// Takes the bytes of a TOML file for a text, with or without a byte order mark.
///
/// # Errors
/// Says which encoding it was saved in instead of UTF-8, and what to do.
pub fn toml_text(bytes: Vec<u8>) -> Result<String, Told> {
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }),
        Ok(text) => Err(not_utf_8(text.as_bytes()).into()),
        Err(error) => Err(not_utf_8(error.as_bytes()).into()),
    }
}

/// Says which encoding a text was saved in instead of UTF-8, and what to do.
pub fn not_utf_8(bytes: &[u8]) -> FieldFault {
    let encoding = decode(bytes).map(|decoded| decoded.encoding);
    let encoding = encoding.filter(|encoding| *encoding != UTF_8.name());
    FieldFault::NotUtf8 {
        encoding: encoding.map(str::to_owned),
    }
}

/// Reads a TOML file in the folder that its path names, at most [`TOML_BYTES_MAX`] bytes.
///
/// # Errors
/// Says what is wrong with it and what to do.
pub fn read_toml_within(path: &Path) -> Result<String, Told> {
    read_toml(regular_file::open_within(path).map_err(told)?)
}

/// The same for a file that was named by the operator, wherever links lead.
///
/// # Errors
/// Says what is wrong with it and what to do.
pub fn read_toml_anywhere(path: &Path) -> Result<String, Told> {
    read_toml(regular_file::open_anywhere(path).map_err(told)?)
}

fn read_toml(file: RegularFile) -> Result<String, Told> {
    toml_text(file.read(TOML_BYTES_MAX).map_err(told)?)
}

fn told(error: FileError) -> Told {
    match error {
        FileError::TooLarge { bytes, bytes_max } => {
            FieldFault::TooLarge { bytes, bytes_max }.into()
        }
        other => other.to_string().into(),
    }
}

/// A text in UTF-8 of which some bytes were lost or changed: such sequences do not come about by
/// chance.
fn damaged_utf_8(bytes: &[u8]) -> Option<Decoded> {
    let decoded = decode_as(UTF_8, bytes).and_then(|decoded| cleaned(decoded, 100))?;
    let whole = decoded.text.chars().filter(|c| !c.is_ascii()).count() - decoded.damaged;
    let bad_bytes: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    (whole > decoded.damaged * 4 && whole > bad_bytes).then_some(decoded)
}

/// A few Chinese characters in GBK that are good UTF-8 by chance, as 停业 is: two letters that
/// nobody writes.
fn chinese_by_chance_utf_8(bytes: &[u8]) -> Option<Decoded> {
    let is_seldom = |c: char| !is_usual(c) || matches!(c, '\u{460}'..='\u{52f}');
    let is_short = (4..DOUBTFUL_BYTES).contains(&bytes.len()) && !bytes.is_ascii();
    let as_written = decode_as(UTF_8, bytes).filter(|_| is_short)?;
    if !as_written.text.contains(is_seldom) {
        return None;
    }
    let mut chinese = decode_as(GBK, bytes).filter(is_text)?;
    chinese.is_doubtful = true;
    (usual_percent(&chinese.text) == 100).then_some(chinese)
}

/// The best reading in an encoding of one or two bytes a character.
fn guess(bytes: &[u8]) -> Option<Decoded> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let likely = detector.guess(None, Utf8Detection::Allow);
    let in_china = detector.guess(Some(b"cn"), Utf8Detection::Allow);
    let foreign = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let (first, second) = if foreign < TELLING_BYTES {
        (in_china, likely)
    } else {
        (likely, in_china)
    };
    // In a language of Europe such letters stand alone; two bytes for a character mostly come
    // together. Of few bytes that says more than what the detector makes of them.
    let stand_alone = bytes.len() < SURE_BYTES
        && !bytes
            .windows(2)
            .any(|pair| !pair[0].is_ascii() && !pair[1].is_ascii());
    let european = stand_alone.then_some(WINDOWS_1252);
    let whole = european
        .into_iter()
        .chain([first, second, GBK, BIG5])
        .filter_map(|encoding| decode_as(encoding, bytes))
        .filter(is_text)
        // Of equals the first.
        .reduce(|best, other| {
            let of =
                |decoded: &Decoded| (usize::MAX - decoded.damaged, usual_percent(&decoded.text));
            if of(&other) > of(&best) { other } else { best }
        });
    let mended = mend::best(bytes, whole.as_ref().map(|whole| whole.encoding));
    let best = mended.filter(is_text).or(whole)?;
    cleaned(best, 100)
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Option<Decoded> {
    if [UTF_16LE, UTF_16BE].contains(&encoding) && bytes.len() % 2 == 1 && !bytes.contains(&0) {
        return None;
    }
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let mut decoded = Decoded {
        text: String::with_capacity(text.len()),
        encoding: encoding.name(),
        damaged: 0,
        is_doubtful: false,
    };
    for c in text.chars() {
        let is_damaged = c == char::REPLACEMENT_CHARACTER;
        // What is damaged in one place is told once, however many bytes it had.
        if !is_damaged || !decoded.text.ends_with(c) {
            decoded.damaged += usize::from(is_damaged);
            decoded.text.push(c);
        }
    }
    Some(decoded)
}

/// Tells whether a guess has become a text. Such control characters as one byte can be were taken
/// out of it before.
fn is_text(decoded: &Decoded) -> bool {
    let strange = |c: char| control::is_control(c) || c == '\u{85}' || is_nobodys(c);
    !decoded.text.contains(strange) && has_few_damaged(decoded)
}

/// A text without its control characters, if of a hundred characters at most so many are such.
fn cleaned(mut decoded: Decoded, controls_percent_max: usize) -> Option<Decoded> {
    decoded.text = control::cleaned(&decoded.text, controls_percent_max)?;
    let has_nobodys = decoded.text.contains(is_nobodys);
    (!has_nobodys && has_few_damaged(&decoded)).then_some(decoded)
}

fn has_few_damaged(decoded: &Decoded) -> bool {
    decoded.damaged * 100 <= decoded.text.chars().count() * DAMAGED_PERCENT_MAX
}

/// Characters for private use and such as are none.
const fn is_nobodys(c: char) -> bool {
    let code = c as u32;
    matches!(code, 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xF_0000..) || code & 0xFFFE == 0xFFFE
}

/// Of a hundred characters, how many are such as people write every day: Chinese ones of the first
/// level of GB 2312 or Big5, kana, Hangul, letters of Europe and of the Near East, digits,
/// punctuation.
fn usual_percent(text: &str) -> usize {
    let usual = text.chars().filter(|&c| is_usual(c)).count();
    usual * 100 / text.chars().count().max(1)
}

fn is_usual(c: char) -> bool {
    match c {
        '\u{4e00}'..='\u{9fff}' => {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer);
            let lead_of = |encoding: &'static Encoding| {
                let (bytes, _, is_lossy) = encoding.encode(text);
                (!is_lossy && bytes.len() == 2).then(|| (bytes[0], bytes[1]))
            };
            matches!(lead_of(GBK), Some((0xB0..=0xD7, 0xA1..)))
                || matches!(lead_of(BIG5), Some((0xA4..=0xC6, _)))
        }
        '\t' | '\n' | '\r' | ' '..='~' => true,
        // Of the signs between, few are written; each second byte of GBK would be one.
        '\u{a0}' | '£' | '§' | '«' | '°' | '»' | '¡' | '¿' => true,
        '\u{c0}'..='\u{17f}' | '\u{2010}'..='\u{2026}' | '\u{20ac}' => true,
        '\u{370}'..='\u{6ff}' | '\u{900}'..='\u{97f}' | '\u{e00}'..='\u{e7f}' => true,
        '\u{1e00}'..='\u{1eff}' => true,
        '\u{3000}'..='\u{30ff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff5e}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
