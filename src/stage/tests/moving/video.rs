//! Video has the colours that it says, and is smooth where it is scaled.

use super::*;

#[test]
fn video_has_the_colours_that_the_standards_give() {
    // Luma, Cb, Cr of full red, green, blue, white, black and a grey, as the recommendations work
    // out.
    let cases = [
        (
            Matrix::Bt601,
            false,
            [
                [81, 90, 240],
                [145, 54, 34],
                [41, 240, 110],
                [235, 128, 128],
                [16, 128, 128],
                [126, 128, 128],
            ],
        ),
        (
            Matrix::Bt709,
            false,
            [
                [63, 102, 240],
                [173, 42, 26],
                [32, 240, 118],
                [235, 128, 128],
                [16, 128, 128],
                [126, 128, 128],
            ],
        ),
        (
            Matrix::Bt2020,
            false,
            [
                [74, 97, 240],
                [164, 47, 25],
                [29, 240, 119],
                [235, 128, 128],
                [16, 128, 128],
                [126, 128, 128],
            ],
        ),
        (
            Matrix::Bt601,
            true,
            [
                [76, 85, 255],
                [150, 44, 21],
                [29, 255, 107],
                [255, 128, 128],
                [0, 128, 128],
                [128, 128, 128],
            ],
        ),
        (
            Matrix::Bt709,
            true,
            [
                [54, 99, 255],
                [182, 30, 12],
                [18, 255, 116],
                [255, 128, 128],
                [0, 128, 128],
                [128, 128, 128],
            ],
        ),
    ];
    let wanted = [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255; 3],
        [0; 3],
        [128; 3],
    ];
    for (matrix, full_range, colours) in cases {
        let area = Area::new(8, 8, 96, 16);
        let coding = VideoCoding { matrix, full_range };
        let moving = Moving {
            area,
            picture: nv12(&colours, coding),
            turn: 0,
            travel: Travel::Still(ALL),
        };
        let mut stepped = start();
        let frame = stepped.cut(Zone::MAIN, WHOLE, holed(area, moving));
        for (number, wanted) in (0..).zip(wanted) {
            for x in 4..12 {
                let seen = pixel(&frame, area.x + number * 16 + x, area.y + 8);
                assert!(
                    distance(seen, wanted) <= 2,
                    "{matrix:?} full {full_range}, colour {number}: {seen:?}, not {wanted:?}"
                );
            }
        }
    }
}

#[test]
fn video_that_is_scaled_is_smooth() {
    let coding = VideoCoding {
        matrix: Matrix::Bt709,
        full_range: false,
    };
    let moving = Moving {
        area: HOLE,
        picture: nv12(&[[60, 128, 128], [180, 128, 128]], coding),
        turn: 0,
        travel: Travel::Still(ALL),
    };
    let mut stepped = start();
    let frame = stepped.cut(Zone::MAIN, WHOLE, holed(HOLE, moving));
    let row: Vec<u8> = (HOLE.x..HOLE.right())
        .map(|x| pixel(&frame, x, HOLE.y + 20)[0])
        .collect();
    assert!(row.is_sorted(), "{row:?}");
    let between = row.iter().filter(|&&v| v > row[0] + 5 && v < row[95] - 5);
    assert!(between.count() >= 2, "{row:?}");
}
