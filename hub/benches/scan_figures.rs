//! Prints how many scans a hub records in a second, one figure a line: name, value, unit, compared
//! with, ratio.
//!
//! The first argument names the folder in whose file system the database lies: on a disk most of
//! the time goes into making each scan durable, in memory all of it is the hub's own. Without one,
//! it is the system's folder for temporary files.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Instant;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use passerby_hub::publish::folder::Publication;
use passerby_hub::publish::inspection::Workers;
use passerby_hub::store::Targets;
use passerby_hub::system::clock;
use passerby_hub::{Hub, server};
use passerby_protocol::hexadecimal::unhex32;
use passerby_protocol::token::{Token, TokenContents, TokenKey};
use passerby_protocol::{Assignment, PlayNumber, ScreenNumber};
use tower_service::Service as _;

/// How many people open each code.
const SCANS_A_PLAY: u32 = 4;
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";

fn main() {
    let base = std::env::args()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let scans = std::env::args()
        .nth(2)
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000);
    let folder = base.join(format!("passerby-scan-figures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for landing in ["redirect", "page"] {
        measure(&folder.join(landing), landing, scans);
    }
    std::fs::remove_dir_all(folder).expect("removes its own folder");
}

fn measure(folder: &Path, landing: &str, scans: u32) {
    let campaign = folder.join("cafe");
    std::fs::create_dir_all(&campaign).expect("a folder");
    image::GrayImage::from_pixel(64, 48, image::Luma([60]))
        .save(campaign.join("a.png"))
        .expect("a picture");
    let toml = format!("title = 'Cafe'\ntarget = 'https://cafe.example/'\nlanding = '{landing}'\n");
    std::fs::write(campaign.join("campaign.toml"), toml).expect("writes");
    let hub = Hub::open(&folder.join("data")).expect("a hub");
    let now_ms = clock::now_ms();
    let (screen, _) = hub
        .store
        .add_screen(&passerby_hub::people::Actor::COMMAND_LINE, "one", now_ms)
        .expect("a screen");
    // Cargo puts the hub's program one folder above its examples.
    let example = std::env::current_exe().expect("a program");
    let program = example
        .ancestors()
        .nth(2)
        .expect("a folder")
        .join("passerby-hub");
    let workers = Workers::new(program);
    let publication = Publication::read(&campaign, &|folder, jobs| workers.look_at(folder, jobs))
        .expect("a campaign");
    hub.publish(
        &passerby_hub::people::Actor::COMMAND_LINE,
        &publication,
        &Targets::Everywhere,
        now_ms,
    )
    .expect("publishes");
    let key = hub.token_key(screen).expect("reads").expect("there");
    let key = TokenKey::from_bytes(unhex32(&key.token_key).expect("a key"));
    let paths: Vec<String> = (0..scans)
        .map(|scan| format!("/Q/{}", mint(screen, scan / SCANS_A_PLAY, now_ms, &key)))
        .collect();

    let url = "http://hub.example".parse().expect("a URL");
    let mut app = server::app(hub, url, Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let started = Instant::now();
    runtime.block_on(async {
        for (scan, path) in (0..scans).zip(paths) {
            let mut request = Request::get(path)
                .header(header::USER_AGENT, PHONE)
                .body(Body::empty())
                .expect("a request");
            // Spread over all networks, by a multiplier that is prime to their number.
            let ip = Ipv4Addr::from_bits(scan.wrapping_mul(2_654_435_761));
            let from = SocketAddr::from((ip, 40_000));
            request.extensions_mut().insert(ConnectInfo(from));
            let answer = app.call(request).await.expect("answers");
            assert_eq!(answer.status(), StatusCode::FOUND);
        }
    });
    let a_second = f64::from(scans) / started.elapsed().as_secs_f64();
    println!(
        "scans recorded, {landing}\t{a_second:.0}\t/s\tgoal at least 100\t{:.4}",
        a_second / 100.0
    );
}

fn mint(screen: ScreenNumber, play: u32, now_ms: i64, key: &TokenKey) -> Token {
    let contents = TokenContents {
        generation: 0,
        screen,
        assignment: Assignment::new(1).expect("in range"),
        play: PlayNumber::new(play).expect("in range"),
        minutes: TokenContents::minutes_at(Some(now_ms)),
    };
    Token::mint(contents, key)
}
