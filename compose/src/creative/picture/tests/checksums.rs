//! PNG files whose chunks have wrong checksums.

use super::*;

/// Where the chunks of a PNG are: their kind, and where they start and end.
fn chunks(png: &[u8]) -> Vec<([u8; 4], std::ops::Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 8;
    while at < png.len() {
        let number =
            |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
        let end = at + 12 + number(at) as usize;
        found.push((png[at + 4..at + 8].try_into().expect("four bytes"), at..end));
        at = end;
    }
    found
}

fn shown(bytes: &[u8]) -> Result<Bitmap, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("picture.png");
    std::fs::write(&path, bytes).expect("writes");
    opened(&path).map_err(|error| error.0)
}

#[test]
fn a_wrong_checksum_of_a_chunk_costs_nothing_when_the_pixels_are_sound() {
    for name in [
        "rgb.png",
        "palette.png",
        "rgba16.png",
        "profile_swapped.png",
    ] {
        let png = std::fs::read(media(name)).expect("reads");
        let whole = quarters(&shown(&png).expect(name));
        for (kind, place) in chunks(&png) {
            let mut wrong = png.clone();
            wrong[place.end - 1] ^= 0x55;
            let found = quarters(&shown(&wrong).expect(name));
            assert_eq!(found, whole, "{name}: {}", String::from_utf8_lossy(&kind));
        }
    }
}

#[test]
fn changed_pixels_are_refused_in_words_for_people() {
    let png = std::fs::read(media("rgb16.png")).expect("reads");
    let (_, place) = chunks(&png)
        .into_iter()
        .find(|(kind, _)| kind == b"IDAT")
        .expect("pixels");
    for at in place.start + 10..place.end - 4 {
        let mut changed = png.clone();
        changed[at] ^= 0x10;
        let said = shown(&changed).map(|_| ()).expect_err("refused");
        assert!(said.contains("; "), "{said}");
        assert!(!said.contains(['{', '[']), "{said}");
        assert!(!said.contains("ChunkType"), "{said}");
    }
}
