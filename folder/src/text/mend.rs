//! Texts in the encodings of East Asia of which some bytes were lost or changed.
//!
//! A byte that is missing shifts each character behind it. So every text is parted into characters
//! and damaged bytes in the way that costs least: a damaged byte costs most, a character that is
//! seldom written costs something, others nothing.
//!
//! Invariants: a text is taken for one in such an encoding only if nearly all its characters are
//! such as people write every day in the language of it; languages with letters never come near
//! that. Time and memory grow as the text does, which has at most [`BYTES_MAX`].

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS};

use crate::text::Decoded;

/// No longer text is mended; the longest emergency has half of it.
const BYTES_MAX: usize = 16 << 10;
/// What a damaged byte costs.
const DAMAGED_COST: u32 = 6;
/// What a character costs that is seldom written.
const SELDOM_COST: u32 = 2;
/// Of a hundred characters, the most that a good text costs.
const COST_PERCENT_MAX: u32 = 70;
/// Of a hundred characters, how many of a good text are seldom written.
const SELDOM_PERCENT_MAX: u32 = 12;
/// A text of fewer characters past ASCII says too little.
const CHARS_MIN: u32 = 4;
/// Chinese and Japanese have at least so many characters for each blank among them; words of
/// letters are shorter.
const CHARS_BETWEEN_GAPS: u32 = 5;
/// Of so many Japanese characters one is kana.
const KANA_SHARE: u32 = 8;
/// No character has more bytes.
const CHAR_BYTES_MAX: usize = 4;

/// The reading that makes most sense, if it makes more than one in the encoding that was found
/// `before`.
pub(super) fn best(bytes: &[u8], before: Option<&'static str>) -> Option<Decoded> {
    if bytes.len() > BYTES_MAX {
        return None;
    }
    // Of equals the first.
    [GBK, BIG5, SHIFT_JIS, EUC_JP, EUC_KR]
        .into_iter()
        .filter_map(|encoding| mended(encoding, bytes))
        .filter(|mended| mended.cost_percent <= COST_PERCENT_MAX)
        .min_by_key(|mended| {
            let is_found = Some(mended.decoded.encoding) == before;
            (mended.cost_percent, !is_found)
        })
        .map(|mended| mended.decoded)
}

struct MendedText {
    decoded: Decoded,
    /// For a hundred characters past ASCII.
    cost_percent: u32,
}

/// How the cheapest way to a place in the text ends.
#[derive(Clone, Copy)]
struct Step {
    cost: u32,
    from: usize,
    /// `None` for a damaged byte.
    character: Option<char>,
}

fn mended(encoding: &'static Encoding, bytes: &[u8]) -> Option<MendedText> {
    let mut steps: Vec<Option<Step>> = vec![None; bytes.len() + 1];
    // Of two ways that cost the same, the one that is damaged later: what stands before was not
    // shifted.
    let relax = |steps: &mut [Option<Step>], to: usize, step: Step| {
        let is_better = |known: Step| {
            step.cost < known.cost || (step.cost == known.cost && step.character.is_none())
        };
        if steps[to].is_none_or(is_better) {
            steps[to] = Some(step);
        }
    };
    for from in 0..bytes.len() {
        let before = steps[from].map_or(0, |step| step.cost);
        let lengths = if bytes[from].is_ascii() {
            1
        } else {
            CHAR_BYTES_MAX
        };
        for length in 1..=lengths.min(bytes.len() - from) {
            let piece = &bytes[from..from + length];
            if let Some(character) = only_character(encoding, piece) {
                let is_seldom = !character.is_ascii() && !is_usual(encoding, piece);
                let cost = before + if is_seldom { SELDOM_COST } else { 0 };
                let step = Step {
                    cost,
                    from,
                    character: Some(character),
                };
                relax(&mut steps, from + length, step);
            }
        }
        if !bytes[from].is_ascii() {
            let step = Step {
                cost: before + DAMAGED_COST,
                from,
                character: None,
            };
            relax(&mut steps, from + 1, step);
        }
    }
    let mut cost = steps[bytes.len()]?.cost;
    let mut seldom = 0_u32;
    let mut characters = Vec::new();
    let mut at = bytes.len();
    while at > 0 {
        let step = steps[at]?;
        characters.push(step.character);
        let before = steps[step.from].map_or(0, |step| step.cost);
        seldom += u32::from(step.cost - before == SELDOM_COST);
        at = step.from;
    }
    characters.reverse();
    let is_kana = |c: char| matches!(c, '\u{3041}'..='\u{30ff}');
    let foreign = || characters.iter().flatten().filter(|c| !c.is_ascii());
    let [all, kana] = [
        foreign().count(),
        foreign().filter(|&&c| is_kana(c)).count(),
    ]
    .map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    if all < CHARS_MIN || seldom.saturating_mul(100) > all.saturating_mul(SELDOM_PERCENT_MAX) {
        return None;
    }
    // Korean alone is written with blanks between its words.
    if encoding != EUC_KR && gaps(&characters).saturating_mul(CHARS_BETWEEN_GAPS) > all {
        return None;
    }
    if [SHIFT_JIS, EUC_JP].contains(&encoding) && kana.saturating_mul(KANA_SHARE) < all {
        cost = cost.saturating_add(all.saturating_mul(SELDOM_COST));
    }
    let mut decoded = Decoded {
        text: String::with_capacity(bytes.len() * 2),
        encoding: encoding.name(),
        damaged: 0,
        is_doubtful: false,
    };
    for character in characters {
        match character {
            Some(character) => decoded.text.push(character),
            None if decoded.text.ends_with(char::REPLACEMENT_CHARACTER) => {}
            None => {
                decoded.text.push(char::REPLACEMENT_CHARACTER);
                decoded.damaged += 1;
            }
        }
    }
    Some(MendedText {
        decoded,
        cost_percent: cost.saturating_mul(100) / all,
    })
}

/// Blanks, with or without a mark, between characters past ASCII in one line.
fn gaps(characters: &[Option<char>]) -> u32 {
    let is_foreign = |c: char| !c.is_ascii();
    let (mut gaps, mut is_after, mut has_blank) = (0, false, false);
    for c in characters.iter().flatten().copied() {
        if is_foreign(c) {
            gaps += u32::from(is_after && has_blank);
            (is_after, has_blank) = (true, false);
        } else if c == ' ' {
            has_blank = true;
        } else if c.is_ascii_alphanumeric() || c == '\n' {
            is_after = false;
        }
    }
    gaps
}

/// The character that some bytes are, if they are one.
fn only_character(encoding: &'static Encoding, piece: &[u8]) -> Option<char> {
    if let [byte] = piece
        && byte.is_ascii()
    {
        return Some(char::from(*byte));
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(piece)?;
    let mut characters = text.chars();
    let first = characters.next().filter(|c| !c.is_control())?;
    characters.next().is_none().then_some(first)
}

/// Tells whether a character is one that people write every day, by the rows of the national
/// standards: their first levels are ordered by use (GB 2312, Big5, JIS X 0208, KS X 1001).
fn is_usual(encoding: &'static Encoding, piece: &[u8]) -> bool {
    let [lead, trail] = *piece else {
        return false;
    };
    if encoding == SHIFT_JIS {
        return matches!(lead, 0x81..=0x83 | 0x88..=0x97);
    }
    if encoding == BIG5 {
        return matches!(lead, 0xA1 | 0xA4..=0xC6);
    }
    trail >= 0xA1
        && match lead {
            0xA1 | 0xA3 => true,
            0xA4 | 0xA5 => encoding == EUC_JP,
            0xB0..=0xC8 => true,
            0xC9..=0xCF => encoding != EUC_KR,
            0xD0..=0xD7 => encoding == GBK,
            _ => false,
        }
}
