//! A hub with two campaigns on one screen, set back to the same state before each input.

use std::cell::Cell;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use passerby_hub::public_url::PublicUrl;
use passerby_hub::publish::folder::Publication;
use passerby_hub::publish::inspection;
use passerby_hub::publish::inspection::{Job, Thumbnail};
use passerby_hub::store::{Report, Store, Targets};
use passerby_hub::system::clock;
use passerby_hub::{Hub, server};
use passerby_protocol::PlayNumber;
use passerby_protocol::token::{Token, TokenContents, TokenKey};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower_service::Service as _;

/// Folder and campaign.toml. Each is on the screen with its `poster.png`.
const CAMPAIGNS: [(&str, &str); 2] = [
    (
        "cafe",
        "title = \"Café\"\ntarget = \"https://cafe.example/tonight\"\n",
    ),
    (
        "reading",
        "title = \"三体 · <The> \\\"Three\\\" & Body\"\ntarget = \"https://shop.example/三\"\nlanding = \"page\"\n\
         share = \"路过地铁站。\"\nstory = \"A story.\"\n[voices]\ntake = \"words\"\n[follow]\nfeed = true\n",
    ),
];
/// The hub's keys, the same in every run, so that the tokens of the corpus are genuine.
const KEYS: &str = include_str!("keys.json");
const MASTER: [u8; 32] = [0x7A; 32];
const SECRET: [u8; 32] = [0x11; 32];
/// When the dated tokens below were minted: in November 2026.
const TOKEN_MINUTES: u32 = 470_000;
const PUBLIC_URL: &str = "http://127.0.0.1:8420";
/// What screen 1 minted: two plays of each campaign, one of them with an untrusted clock. The
/// corpus and the dictionary hold them.
const TOKENS: [&str; 4] = [
    "000000800080000100000K7P7ZPW7E3F",
    "00000080008000020WNZ1KBFCF38HYDT",
    "0000008000G0000300001MYST9193KCT",
    "0000008000G000040WNZ05WC4VVCGJGD",
];
/// Largest answer that is read, in bytes; more fails.
const ANSWER_BYTES_MAX: usize = 1 << 20;

pub(crate) struct Stand {
    folder: TempDir,
    /// Each input has a data folder of its own: a thread of the hub before may close its files
    /// late.
    input: Cell<u32>,
    /// The database as it is before anybody has scanned, and its write-ahead log.
    database: [Vec<u8>; 2],
    /// Every token that was minted: those above, and one of each campaign that was minted just now.
    pub(super) tokens: Vec<String>,
    /// The file name of a landing page's picture.
    pub(super) picture: String,
    bearer: String,
    runtime: Runtime,
}

/// What was answered to what.
pub(super) struct Answer {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Stand {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("prepared");
        make_data(&data);
        // Keys without a database are refused.
        drop(passerby_hub::store::Store::open(&data).expect("a database"));
        let Prepared {
            tokens,
            picture,
            bearer,
        } = prepare(folder.path(), &data);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        Self {
            database: [
                std::fs::read(data.join("hub.db")).expect("database"),
                std::fs::read(data.join("hub.db-wal")).unwrap_or_default(),
            ],
            folder,
            input: Cell::default(),
            tokens,
            picture,
            bearer,
            runtime,
        }
    }

    fn data(&self) -> PathBuf {
        self.folder
            .path()
            .join(format!("data-{}", self.input.get()))
    }

    /// Opens the hub as it was at first.
    pub(crate) fn fresh_hub(&self) -> Router {
        let _ = std::fs::remove_dir_all(self.data());
        self.input.set(self.input.get().wrapping_add(1));
        let data = self.data();
        make_data(&data);
        for (name, bytes) in ["hub.db", "hub.db-wal"].iter().zip(&self.database) {
            if !bytes.is_empty() {
                std::fs::write(data.join(name), bytes).expect("database");
            }
        }
        server::app(
            Hub::open(&data).expect("hub"),
            public_url(),
            vec!["127.0.0.1".parse().expect("an address")],
        )
    }

    /// Asks, and reads the answer to its end.
    pub(super) fn answer(&self, app: &mut Router, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        self.runtime.block_on(async {
            let Ok(response) = app.call(request).await;
            let (parts, body) = response.into_parts();
            let body = axum::body::to_bytes(body, ANSWER_BYTES_MAX)
                .await
                .unwrap_or_else(|error| panic!("{method} {path}: the answer breaks off: {error}"));
            Answer {
                method,
                path,
                status: parts.status,
                headers: parts.headers,
                body,
            }
        })
    }

    /// Sends a batch as the screen; returns the status and what was said.
    pub(crate) fn send_plays(&self, app: &mut Router, body: &[u8]) -> (u16, String) {
        self.send(app, "/v1/terminals/1/plays", body)
    }

    /// Asks for changes as the screen; returns the status and what was said.
    pub(crate) fn send_changes(&self, app: &mut Router, body: &[u8]) -> (u16, String) {
        self.send(app, "/v1/terminals/1/changes", body)
    }

    fn send(&self, app: &mut Router, path: &str, body: &[u8]) -> (u16, String) {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.bearer))
            .body(Body::from(body.to_vec()))
            .expect("a request");
        let answer = self.answer(app, request);
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        (answer.status.as_u16(), said)
    }

    /// Returns how many scans the hub reports.
    pub(super) fn scans_total(&self) -> u64 {
        self.report().scans.tally.total
    }

    /// Returns how many plays the hub reports.
    pub(crate) fn plays_total(&self) -> u64 {
        self.report().plays.tally.total
    }

    fn report(&self) -> Report {
        let store = Store::open(&self.data()).expect("database");
        store.report().expect("report")
    }
}

impl Answer {
    /// Returns a header as text; empty when there is none.
    pub(super) fn header(&self, name: header::HeaderName) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str());
        value.map_or("", |text| text.expect("headers of answers are ASCII"))
    }
}

/// Makes a data folder with the hub's keys.
fn make_data(data: &Path) {
    std::fs::create_dir_all(data).expect("data folder");
    std::fs::write(data.join("keys.json"), KEYS).expect("keys");
}

/// Returns the UTC day; pseudonyms of visitors change with it.
pub(super) fn today() -> String {
    clock::utc_day(clock::now_ms())
}

fn public_url() -> PublicUrl {
    PUBLIC_URL.parse().expect("an address")
}

struct Prepared {
    tokens: Vec<String>,
    picture: String,
    bearer: String,
}

/// Takes every creative, in place of the process that looks at them, which is not part of this
/// target.
fn look_at(folder: &Path, jobs: &[Job]) -> Vec<inspection::Answer> {
    let seen = |job: &Job| {
        let picture = image::open(folder.join(&job.file)).expect("picture");
        let mut jpeg = Cursor::new(Vec::new());
        picture
            .to_rgb8()
            .write_to(&mut jpeg, image::ImageFormat::Jpeg)
            .expect("JPEG");
        inspection::Answer {
            thumbnail: Some(Thumbnail {
                width_px: picture.width(),
                height_px: picture.height(),
                jpeg: jpeg.into_inner(),
            }),
            ..inspection::Answer::default()
        }
    };
    jobs.iter().map(seen).collect()
}

/// Enrols one screen and publishes what leads away at once, and what shows a page first.
fn prepare(folder: &Path, data: &Path) -> Prepared {
    let hub = Hub::open(data).expect("hub");
    let now_ms = clock::now_ms();
    let base = public_url().scan_base();
    hub.store.set_scan_base(&base, now_ms).expect("base");
    let (screen, enrolment) = hub
        .store
        .add_screen(&passerby_hub::people::Actor::COMMAND_LINE, "one", now_ms)
        .expect("screen");
    let redeemed = hub
        .store
        .redeem(&enrolment, &SECRET, now_ms)
        .expect("enrolled");
    let credentials = hub
        .credentials(redeemed, &SECRET, &public_url(), now_ms)
        .expect("credentials");
    for (name, toml) in CAMPAIGNS {
        let campaign = folder.join(name);
        std::fs::create_dir_all(&campaign).expect("folder");
        std::fs::write(campaign.join("campaign.toml"), toml).expect("file");
        let seed = name.len();
        image::RgbImage::from_fn(300, 400, |x, y| {
            let wave = (x as usize * seed + y as usize) % 251;
            image::Rgb([u8::try_from(wave).expect("small"), 90, 160])
        })
        .save(campaign.join("poster.png"))
        .expect("picture");
        let publication = Publication::read(&campaign, &look_at)
            .unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        hub.publish(
            &passerby_hub::people::Actor::COMMAND_LINE,
            &publication,
            &Targets::Everywhere,
            now_ms,
        )
        .expect("published");
    }
    let campaigns = hub.store.manifest(screen).expect("manifest").campaigns;
    let assignments = campaigns
        .iter()
        .map(|campaign| campaign.items[0].assignment);
    let minted = |contents: TokenContents| {
        Token::mint(contents, &TokenKey::derive(&MASTER, screen, 0)).to_string()
    };
    let mut tokens = TOKENS.map(str::to_owned).to_vec();
    for (place, assignment) in assignments.enumerate() {
        let contents = |play, minutes| TokenContents {
            generation: 0,
            screen,
            assignment,
            play: PlayNumber::new(play).expect("in range"),
            minutes,
        };
        let first = u32::try_from(2 * place).expect("few") + 1;
        let written = [
            minted(contents(first, 0)),
            minted(contents(first + 1, TOKEN_MINUTES)),
        ];
        assert_eq!(
            written,
            TOKENS[2 * place..][..2],
            "the corpus was made for other tokens"
        );
        tokens.push(minted(contents(
            first + 100,
            TokenContents::minutes_at(Some(now_ms)),
        )));
    }
    Prepared {
        tokens,
        picture: format!("{}.jpg", campaigns[1].items[0].creative),
        bearer: credentials.bearer,
    }
}
