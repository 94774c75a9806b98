//! What a file really is that only has the name of a picture.

/// How far into a text its first tag is looked for, in bytes.
const TEXT_BYTES: usize = 1_024;
/// Brands of ISO files that hold a picture (ISO/IEC 23008-12), and how people call them.
const BRANDS: [(&[u8], &str); 8] = [
    (b"heic", "a HEIC picture"),
    (b"heix", "a HEIC picture"),
    (b"heim", "a HEIC picture"),
    (b"heis", "a HEIC picture"),
    (b"mif1", "a HEIC picture"),
    (b"msf1", "a HEIC picture"),
    (b"avif", "an AVIF picture"),
    (b"avis", "an AVIF picture"),
];
/// What other files begin with.
const OPENINGS: [(&[u8], &str); 5] = [
    (b"%PDF-", "a PDF document"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\0\0\x01\0", "an icon"),
];

/// Says what a file is that is no picture of ours, and what to do; `None` when it may be one, or
/// something unknown.
pub(super) fn named(bytes: &[u8]) -> Option<String> {
    if is_web_page(bytes) {
        return Some(
            "it is a web page that was saved under the name of a picture; save the picture itself"
                .to_owned(),
        );
    }
    let what = match (bytes.get(4..8), bytes.get(8..12)) {
        (Some(b"ftyp"), Some(brand)) => {
            let known = BRANDS.iter().find(|(known, _)| *known == brand);
            known.map_or("a film or sound", |(_, what)| *what)
        }
        _ => {
            let known = OPENINGS.iter().find(|(known, _)| bytes.starts_with(known));
            known?.1
        }
    };
    Some(format!(
        "it is {what}, whatever its name says; export it as JPEG or PNG"
    ))
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
