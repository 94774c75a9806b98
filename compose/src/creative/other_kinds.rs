//! What a file really is that only has the name of a picture.

use passerby_protocol::content_fault::{ContentFault, OtherFile};

/// How far into a text its first tag is looked for, in bytes.
const TEXT_BYTES: usize = 1_024;
/// Brands of ISO files that hold a picture (ISO/IEC 23008-12), and which.
const BRANDS: [(&[u8], OtherFile); 8] = [
    (b"heic", OtherFile::Heic),
    (b"heix", OtherFile::Heic),
    (b"heim", OtherFile::Heic),
    (b"heis", OtherFile::Heic),
    (b"mif1", OtherFile::Heic),
    (b"msf1", OtherFile::Heic),
    (b"avif", OtherFile::Avif),
    (b"avis", OtherFile::Avif),
];
/// What other files begin with.
const OPENINGS: [(&[u8], OtherFile); 5] = [
    (b"%PDF-", OtherFile::Pdf),
    (b"BM", OtherFile::Bmp),
    (b"II*\0", OtherFile::Tiff),
    (b"MM\0*", OtherFile::Tiff),
    (b"\0\0\x01\0", OtherFile::Icon),
];

/// Says what a file is that is no picture of ours, and what to do; `None` when it may be one, or
/// something unknown.
pub(super) fn named(bytes: &[u8]) -> Option<ContentFault> {
    if is_web_page(bytes) {
        return Some(ContentFault::WebPageAsPicture);
    }
    let what = match (bytes.get(4..8), bytes.get(8..12)) {
        (Some(b"ftyp"), Some(brand)) => {
            let known = BRANDS.iter().find(|(known, _)| *known == brand);
            known.map_or(OtherFile::Film, |(_, what)| *what)
        }
        _ => {
            let known = OPENINGS.iter().find(|(known, _)| bytes.starts_with(known));
            known?.1
        }
    };
    Some(ContentFault::OtherFile { what })
}

/// Whether the first tag of a text is one of HTML.
fn is_web_page(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(TEXT_BYTES)];
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    let mut rest = start.trim_start_matches('\u{feff}').trim_start();
    // Comments and the declaration of XML may stand before it.
    loop {
        let end = match rest {
            rest if rest.starts_with("<!--") => "-->",
            rest if rest.starts_with("<?xml") => "?>",
            _ => break,
        };
        let Some((_, behind)) = rest.split_once(end) else {
            return false;
        };
        rest = behind.trim_start();
    }
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|tag| rest.starts_with(tag))
}
