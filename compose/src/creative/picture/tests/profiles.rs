//! Colour profiles of every kind, on files that Little CMS made or shows.

use super::*;

#[test]
fn profiles_of_every_kind_become_srgb() {
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [200; 3]];
    let inks = [[245, 49, 47], [46, 245, 47], [44, 48, 246], [198; 3]];
    let cases = [
        ("profile_adobe.jpg", colours, 6),
        ("profile_two_pieces.jpg", colours, 6),
        ("profile_srgb.jpg", colours, 6),
        ("profile_prophoto16.png", colours, 8),
        ("profile_swapped.png", colours, 3),
        ("profile_alpha.png", colours, 4),
        ("profile_p3.webp", colours, 4),
        ("cicp_p3.png", colours, 4),
        ("gamma_adobe.png", colours, 4),
        // What Little CMS shows of them, as profiles.py prints it.
        ("profile_cmyk.jpg", inks, 8),
        (
            "profile_grey.png",
            [[0; 3], [255; 3], [127; 3], [200; 3]],
            2,
        ),
        (
            "profile_grey_rgb.jpg",
            [[0; 3], [255; 3], [105; 3], [215; 3]],
            3,
        ),
    ];
    for (name, expected, tolerance) in cases {
        let found = quarters(&opened(&media(name)).expect(name));
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            let near = found
                .iter()
                .zip(expected)
                .all(|(found, expected)| found.abs_diff(expected) <= tolerance);
            assert!(near || found[3] == 0, "{name}, quarter {at}: {found:?}");
        }
        assert_eq!(found[3][3] == 0, name == "profile_alpha.png", "{name}");
        let inspected = inspect(&media(name), &fonts::Fonts::default()).expect(name);
        assert_eq!(inspected.notes, [""; 0], "{name}");
    }
}

/// A PNG with chunks put in front of its pixels.
fn with_chunks(png: &[u8], chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    // The first chunk, the header, has 13 bytes of data.
    let at = 8 + 12 + 13;
    let mut made = png[..at].to_vec();
    for (kind, data) in chunks {
        let length = u32::try_from(data.len()).expect("short");
        made.extend(length.to_be_bytes());
        let covered = [&kind[..], data].concat();
        made.extend(&covered);
        made.extend(crc32fast::hash(&covered).to_be_bytes());
    }
    made.extend(&png[at..]);
    made
}

#[test]
fn a_png_that_only_tells_its_gamma_or_its_corners_is_shown_as_browsers_do() {
    let deep = image::ImageBuffer::from_pixel(32, 24, image::Luma([14_000_u16]));
    let flat = image::RgbImage::from_pixel(32, 24, image::Rgb([0, 128, 255]));
    let png = |picture: image::DynamicImage| {
        let mut png = std::io::Cursor::new(Vec::new());
        picture
            .write_to(&mut png, ImageFormat::Png)
            .expect("encodes");
        png.into_inner()
    };
    let deep = png(deep.into());
    let flat = png(flat.into());
    let gamma = |value: u32| (b"gAMA", value.to_be_bytes().to_vec());
    let srgb = (b"sRGB", vec![0]);
    // Red and green are swapped.
    let corners = [
        31_270, 32_900, 30_000, 60_000, 64_000, 33_000, 15_000, 6_000_u32,
    ];
    let swapped = (
        b"cHRM",
        corners.iter().flat_map(|n| n.to_be_bytes()).collect(),
    );
    for (what, bytes, wanted) in [
        (
            "linear",
            with_chunks(&deep, &[gamma(100_000)]),
            [127, 127, 127],
        ),
        ("none", deep.clone(), [54, 54, 54]),
        (
            "sRGB goes first",
            with_chunks(&deep, &[gamma(100_000), srgb]),
            [54, 54, 54],
        ),
        ("nonsense", with_chunks(&deep, &[gamma(0)]), [54, 54, 54]),
        // As Chromium shows them.
        (
            "television",
            with_chunks(&flat, &[(b"cICP", vec![1, 1, 0, 1])]),
            [0, 121, 255],
        ),
        (
            "wide television",
            with_chunks(&flat, &[(b"cICP", vec![9, 14, 0, 1])]),
            [0, 126, 255],
        ),
        (
            "cinema",
            with_chunks(&flat, &[(b"cICP", vec![12, 13, 0, 1])]),
            [0, 130, 255],
        ),
        (
            "linear colours",
            with_chunks(&flat, &[gamma(100_000)]),
            [0, 188, 255],
        ),
        (
            "corners and gamma",
            with_chunks(&flat, &[gamma(45_455), swapped.clone()]),
            [128, 0, 255],
        ),
        (
            "corners alone",
            with_chunks(&flat, &[swapped]),
            [0, 128, 255],
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("picture.png");
        std::fs::write(&path, &bytes).expect("writes");
        let found = quarters(&opened(&path).expect(what));
        let near = found[0].iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 2);
        assert!(near, "{what}: {:?}", found[0]);
        let judged = inspect(&path, &fonts::Fonts::default()).expect(what);
        assert_eq!(judged.notes, [""; 0], "{what}");
    }
}

#[test]
fn frames_of_animations_are_in_srgb_too() {
    for name in ["profile.apng", "profile_moving.webp"] {
        let bitmap = opened(&media(name)).expect(name);
        for (found, expected) in quarters(&bitmap)
            .iter()
            .flatten()
            .zip([255, 0, 0, 255].iter().cycle())
        {
            assert!(found.abs_diff(*expected) <= 4, "{name}: {found}");
        }
    }
}

#[test]
fn a_profile_that_is_no_use_costs_a_note_and_not_the_picture() {
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [200; 3]];
    for (name, why) in [
        ("profile_cut.png", "is damaged"),
        ("profile_noise.jpg", "is damaged"),
        ("profile_of_inks.png", "is made for other colours"),
    ] {
        let found = quarters(&opened(&media(name)).expect(name));
        for (found, expected) in found.iter().zip(colours) {
            let near = found
                .iter()
                .zip(expected)
                .all(|(found, expected)| found.abs_diff(expected) <= 6);
            assert!(near, "{name}: {found:?}");
        }
        let inspected = inspect(&media(name), &fonts::Fonts::default()).expect(name);
        assert_eq!(inspected.notes.len(), 1, "{name}: {:?}", inspected.notes);
        assert!(inspected.notes[0].contains(why), "{:?}", inspected.notes);
        assert!(inspected.notes[0].contains("; export it"), "{name}");
    }
}
