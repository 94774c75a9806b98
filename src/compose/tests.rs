//! The composer as a whole, on real files.

use super::*;
use passerby_playout::show::Ticket;
use passerby_protocol::Digest;
use passerby_protocol::campaign::Corner;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn screen(width_px: u32, height_px: u32, rotation: u16) -> Geometry {
    Geometry {
        width_px,
        height_px,
        rotation,
        size_cm: None,
        viewing_distance_m: 3.0,
    }
}

fn code(corner: Corner) -> CodeOrder {
    CodeOrder {
        url: "HTTPS://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRSTVWXYZ".into(),
        call: "扫码购书 Scan to buy".into(),
        leads_to: "hub.example".into(),
        corner,
    }
}

fn order(picture: Picture, headline: Option<&str>, code: Option<CodeOrder>) -> SlideOrder {
    SlideOrder {
        ticket: Ticket(1),
        picture,
        campaign: "Test".into(),
        headline: headline.map(str::to_owned),
        code,
        colours: Colours::default(),
    }
}

fn file(path: &Path) -> Picture {
    Picture::File {
        path: path.to_owned(),
        creative: Digest::of(&std::fs::read(path).expect("reads")),
    }
}

/// Writes slides to look at; driven by COMPOSE_LOOK=<folder with pictures>, a no-op without it.
#[test]
fn look() {
    let Some(folder) = std::env::var_os("COMPOSE_LOOK").map(PathBuf::from) else {
        return;
    };
    let out = folder.join("out");
    std::fs::create_dir_all(&out).expect("makes it");
    let mut composer = SlideComposer::new();
    let plan = std::fs::read_to_string(folder.join("plan.tsv")).expect("a plan");
    for line in plan.lines().filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, picture, size, rotation, corner, headline, call, cm, distance] = cells[..] else {
            panic!("{line}");
        };
        let (width, height) = size.split_once('x').expect("WxH");
        let mut geometry = screen(width.parse().expect("w"), height.parse().expect("h"), rotation.parse().expect("r"));
        if let Some((wide, high)) = cm.split_once('x') {
            geometry.size_cm = Some([wide.parse().expect("cm"), high.parse().expect("cm")]);
            geometry.viewing_distance_m = distance.parse().expect("m");
        }
        let corner = match corner {
            "tl" => Some(Corner::TopLeft),
            "tr" => Some(Corner::TopRight),
            "bl" => Some(Corner::BottomLeft),
            "br" => Some(Corner::BottomRight),
            _ => None,
        };
        let picture = if picture == "house" { Picture::House } else { file(&folder.join(picture)) };
        let code = corner.map(|corner| CodeOrder { call: call.into(), ..code(corner) });
        let mut order = order(picture, (!headline.is_empty()).then_some(headline), code);
        let start = Instant::now();
        match composer.compose(&order, &geometry) {
            Ok(slide) => {
                let first = start.elapsed();
                if let Some(code) = &mut order.code {
                    code.url = code.url.replace("Z", "0");
                }
                let start = Instant::now();
                composer.compose(&order, &geometry).expect("again");
                println!("{name}: {first:?}, again {:?}", start.elapsed());
                image::save_buffer(out.join(format!("{name}.png")), &slide.rgba, slide.width_px, slide.height_px, image::ColorType::Rgba8).expect("writes");
            }
            Err(error) => println!("{name}: {error}"),
        }
    }
}
