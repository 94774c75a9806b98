//! All eight orientations of a camera's notes, in every format that has them.

use super::*;

/// Puts the orientation of a camera's notes into a file.
fn turned(format: ImageFormat, bytes: &[u8], orientation: u8) -> Vec<u8> {
    let notes = [
        b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(),
        &[orientation, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    if format == ImageFormat::Png {
        return png_with(bytes, b"eXIf", &notes, 33);
    }
    // The extended form of WebP: its flags, then the picture, then the notes.
    let flags = if bytes[12..16] == *b"VP8X" {
        bytes[20]
    } else {
        0
    };
    let mut file = b"RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0".to_vec();
    file.extend([flags | 8, 0, 0, 0, 31, 0, 0, 23, 0, 0]);
    let from = if bytes[12..16] == *b"VP8X" { 30 } else { 12 };
    file.extend(&bytes[from..]);
    file.resize(file.len().next_multiple_of(2), 0);
    file.extend(b"EXIF");
    file.extend(u32::try_from(notes.len()).expect("short").to_le_bytes());
    file.extend(notes);
    let length = u32::try_from(file.len() - 8).expect("short");
    file[4..8].copy_from_slice(&length.to_le_bytes());
    file
}

/// Puts a chunk into a PNG.
fn png_with(png: &[u8], kind: &[u8; 4], data: &[u8], at: usize) -> Vec<u8> {
    let mut chunk = u32::try_from(data.len())
        .expect("short")
        .to_be_bytes()
        .to_vec();
    chunk.extend(kind);
    chunk.extend(data);
    chunk.extend(crc(&chunk[4..]).to_be_bytes());
    [&png[..at], &chunk, &png[at..]].concat()
}

/// The checksum of PNG, section 5.5.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 }
        })
    })
}

#[test]
fn png_and_webp_and_animations_stand_upright_too() {
    // Where red, the top left quarter, is seen.
    let red = [
        (0, 0),
        (1, 0),
        (1, 1),
        (0, 1),
        (0, 0),
        (1, 0),
        (1, 1),
        (0, 1),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["rgb.png", "lossless.webp", "lossy.webp"] {
        let bytes = std::fs::read(media(name)).expect("reads");
        let format = image::guess_format(&bytes).expect("a picture");
        for (orientation, (across, down)) in (1_u8..).zip(red) {
            let path = folder.path().join(format!("{orientation}-{name}"));
            std::fs::write(&path, turned(format, &bytes, orientation)).expect("writes");
            let bitmap = opened(&path).expect("opens");
            let (width, height) = if orientation > 4 { (24, 32) } else { (32, 24) };
            assert_eq!((bitmap.width, bitmap.height), (width, height), "{name}");
            let Pixels::Rgb(rgb) = &bitmap.pixels else {
                panic!("{name} has no alpha");
            };
            let (x, y) = (
                width / 4 + across * width / 2,
                height / 4 + down * height / 2,
            );
            let at = ((y * width + x) * 3) as usize;
            let near = rgb[at] > 240 && rgb[at + 1] < 15 && rgb[at + 2] < 15;
            assert!(
                near,
                "{name}, orientation {orientation}: {:?}",
                &rgb[at..at + 3]
            );
        }
    }
    // Notes may also stand behind the pixels of a PNG.
    let png = std::fs::read(media("rgb.png")).expect("reads");
    let notes = turned(ImageFormat::Png, &png, 6)[33..].to_vec();
    let length = notes.len() - (png.len() - 33);
    let late = [
        &png[..png.len() - 12],
        &notes[..length],
        &png[png.len() - 12..],
    ]
    .concat();
    let path = folder.path().join("late.png");
    std::fs::write(&path, late).expect("writes");
    let bitmap = opened(&path).expect("opens");
    assert_eq!((bitmap.width, bitmap.height), (24, 32));

    for name in ["twice.apng", "twice.webp"] {
        let bytes = std::fs::read(media(name)).expect("reads");
        let format = image::guess_format(&bytes).expect("a picture");
        let path = folder.path().join(name);
        std::fs::write(&path, turned(format, &bytes, 8)).expect("writes");
        let inspected = inspect(&path, &fonts::Fonts::default()).expect(name);
        let size = (inspected.width_px, inspected.height_px);
        assert_eq!((size, inspected.frames), ((24, 32), 4), "{name}");
    }
}

#[test]
fn all_eight_orientations_stand_upright() {
    let jpeg = std::fs::read(media("baseline.jpg")).expect("reads");
    let folder = tempfile::tempdir().expect("a folder");
    // Red, green, blue, grey from the top left, as each orientation shows them.
    let shown = [
        [0, 1, 2, 3],
        [1, 0, 3, 2],
        [3, 2, 1, 0],
        [2, 3, 0, 1],
        [0, 2, 1, 3],
        [2, 0, 3, 1],
        [3, 1, 2, 0],
        [1, 3, 0, 2],
    ];
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 200, 200]];
    for (orientation, shown) in (1_u8..).zip(shown) {
        for is_little in [false, true] {
            let exif = if is_little {
                [
                    b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(),
                    &[orientation, 0, 0, 0, 0, 0, 0, 0],
                ]
                .concat()
            } else {
                [
                    b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(),
                    &[orientation, 0, 0, 0, 0, 0, 0],
                ]
                .concat()
            };
            let length = u16::try_from(exif.len() + 2).expect("short");
            let mut turned = jpeg[..2].to_vec();
            turned.extend([0xFF, 0xE1]);
            turned.extend(length.to_be_bytes());
            turned.extend(exif);
            turned.extend(&jpeg[2..]);
            let path = folder.path().join(format!("{orientation}.jpg"));
            std::fs::write(&path, turned).expect("writes");
            let bitmap = opened(&path).expect("opens");
            let (width, height) = if orientation > 4 { (24, 32) } else { (32, 24) };
            assert_eq!((bitmap.width, bitmap.height), (width, height));
            let Pixels::Rgb(rgb) = &bitmap.pixels else {
                panic!("a JPEG has no alpha");
            };
            for (at, colour) in shown.into_iter().enumerate() {
                let x = if at % 2 == 0 {
                    width / 4
                } else {
                    width * 3 / 4
                };
                let y = if at < 2 { height / 4 } else { height * 3 / 4 };
                let start = ((y * width + x) * 3) as usize;
                let found = &rgb[start..start + 3];
                let near = found
                    .iter()
                    .zip(colours[colour])
                    .all(|(found, expected)| found.abs_diff(expected) <= 6);
                assert!(near, "orientation {orientation}, quarter {at}: {found:?}");
            }
        }
    }
}
