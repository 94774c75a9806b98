//! A fleet of thousands of screens with campaigns, plays, scans and people, made by the database
//! itself; and every address of the console and of `/api/v1` at which something of it is looked at,
//! from the hub's own table of routes. For the bench of pages and for the test of their sizes.
//!
//! Invariant: a route that looks at something, and needs what this does not know, is a panic and
//! not a route that nobody measures.

use passerby_hub::server;
use passerby_hub::system::clock;

/// The figures of the schema's own steps are made by their statements.
const FIGURES: [&[&str]; 2] = [
    &[
        include_str!("../../src/store/migrations/sqlite/0017_rollups.sql"),
        include_str!("../../src/store/migrations/sqlite/0019_report_figures.sql"),
        include_str!("../../src/store/migrations/sqlite/0030_hub_quarters.sql"),
        include_str!("../../src/store/migrations/sqlite/0032_report_sums.sql"),
        include_str!("../../src/store/migrations/sqlite/0037_chains.sql"),
    ],
    &[
        include_str!("../../src/store/migrations/postgres/0002_rollups.sql"),
        include_str!("../../src/store/migrations/postgres/0004_report_figures.sql"),
        include_str!("../../src/store/migrations/postgres/0016_hub_quarters.sql"),
        include_str!("../../src/store/migrations/postgres/0018_report_sums.sql"),
        include_str!("../../src/store/migrations/postgres/0023_chains.sql"),
    ],
];
/// Campaigns on one screen, beside those that are on all.
const CAMPAIGNS_OF_A_SCREEN: u64 = 30;
/// A play of each screen every minute, so that the plays are of many hours.
const EVERY_MS: u64 = 60_000;

/// The title of the campaign of which the others are copies.
pub(crate) const TITLE: &str = "The model of all campaigns";
/// It has hours, so that there are many stretches of time to draw.
pub(crate) const CAMPAIGN: &str = "title = 'The model of all campaigns'
target = 'https://cafe.example/'
landing = 'page'
[[phase]]
name = 'always'
from = 2026-01-01
until = 2036-12-31
goal_scans = 5000
[[placement]]
creative = '0.png'
phases = ['always']
dayparts = ['mon-fri 07:00-10:00', 'mon-fri 16:00-19:00', 'sat-sun 11:00-17:00']
";

/// How large a fleet is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fleet {
    pub(crate) screens: u64,
    pub(crate) campaigns: u64,
    pub(crate) plays: u64,
    pub(crate) scans: u64,
}

impl Fleet {
    /// The statements that make it, in a database of a hub that has published the campaign `model`,
    /// and has a draft `model-draft`, a source `model-source` and somebody.
    pub(crate) fn statements(self, is_on_server: bool) -> Vec<String> {
        let now_ms = clock::now_ms().unsigned_abs();
        let a_screen = self.plays / self.screens;
        let start_ms = now_ms - a_screen * EVERY_MS - EVERY_MS;
        let numbers = [
            (":campaigns", self.campaigns),
            (":screens", self.screens),
            (":start_ms", start_ms),
            (":now_ms", now_ms),
            (":every_ms", EVERY_MS),
            (":apart", (self.campaigns / CAMPAIGNS_OF_A_SCREEN).max(1)),
            (":a_screen", a_screen),
            (":a_scan", (self.plays / self.scans.max(1)).max(1)),
        ];
        let mut text = lines_of(include_str!("fleet.sql"));
        for (name, number) in numbers {
            text = text.replace(name, &number.to_string());
        }
        let texts = [
            (":bytes", if is_on_server { "BYTEA" } else { "BLOB" }),
            (":title", TITLE),
            (":zeros", &"0".repeat(59)),
            (":heartbeat", HEARTBEAT),
        ];
        for (name, words) in texts {
            text = text.replace(name, words);
        }
        let mut statements = statements_of(&text);
        for step in FIGURES[usize::from(is_on_server)] {
            statements.extend(
                statements_of(&lines_of(step))
                    .into_iter()
                    .filter(|statement| statement.starts_with("INSERT"))
                    // A publication has written the names.
                    .filter(|statement| !statement.contains("INTO creative_names")),
            );
        }
        statements
    }
}

/// What a terminal says of itself.
const HEARTBEAT: &str = "{\"software\":\"0.1.0\",\"manifest_version\":7,\"clock_trusted\":true,\"plays_waiting\":1,\"screen_px\":[1920,1080],\"disk_free_bytes\":20000000000}";

fn lines_of(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}

fn statements_of(text: &str) -> Vec<String> {
    let statements = text.split(';').map(str::trim);
    statements
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Somewhere to look.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// The path, and what is behind it.
    pub(crate) path: String,
    /// Whether it is a file that somebody downloads, which has what there is, or a picture that is
    /// drawn by another process.
    pub(crate) is_file: bool,
}

/// Routes whose answers are files or pictures; what describes all calls is as large as these are
/// many.
const FILES: [&str; 11] = [
    "/api/v1/openapi.json",
    "/console/report.csv",
    "/console/report/chains.csv",
    "/console/audit.csv",
    "/console/audit.jsonl",
    "/console/drafts/{campaign}/campaign.zip",
    "/console/drafts/{campaign}/preview/{place}/picture.png",
    "/console/campaigns/{campaign}/preview/{placement}/picture.png",
    "/api/v1/drafts/{campaign}/archive",
    "/api/v1/drafts/{campaign}/placements/{placement}/preview.png",
    "/api/v1/campaigns/{campaign}/placements/{placement}/preview.png",
];

/// Every address at which something is looked at, with the questions that are asked behind it.
pub(crate) fn addresses() -> Vec<Address> {
    let mut addresses = Vec::new();
    for (method, path, _) in server::rules() {
        // Two that need somebody who is not quite in.
        let is_for_others = path.contains("/join/") || path.ends_with("/second-step");
        // Nobody has said anything here.
        let is_of_voice = path.contains("{voice}");
        if method != "GET" || is_for_others || is_of_voice {
            continue;
        }
        let is_file = FILES.contains(&path.as_str());
        let known = with_known(&path);
        for question in questions(&path) {
            addresses.push(Address {
                path: format!("{known}{question}"),
                is_file,
            });
        }
    }
    addresses
}

/// A path with things that are there.
fn with_known(path: &str) -> String {
    let mut known = path.to_owned();
    // Only of drafts are there both folders and previews to look at.
    let campaign = match path {
        _ if path.contains("/drafts/") => "model-draft",
        _ if path.contains("preview") => "model",
        _ => "campaign-10003",
    };
    for (name, value) in [
        ("{campaign}", campaign),
        ("{screen}", "77"),
        ("{person}", "2"),
        ("{placement}", "1"),
        ("{place}", "0"),
        ("{number}", "1"),
        ("{source}", "source-10003"),
        ("{alert}", "1"),
        ("{slot}", "1"),
        ("{news}", "1"),
        ("{hook}", "1"),
    ] {
        known = known.replace(name, value);
    }
    assert!(!known.contains('{'), "what is to be looked at at {path}?");
    known
}

/// What is asked behind a path: nothing, and whatever might take long.
fn questions(path: &str) -> Vec<String> {
    let end = path
        .trim_start_matches("/api/v1")
        .trim_start_matches("/console");
    let now = clock::date_of(clock::now_ms());
    let of = |questions: &[&str]| {
        let all = std::iter::once("").chain(questions.iter().copied());
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    match end {
        "/report" => {
            let yesterday = now.yesterday().unwrap_or(now);
            let filters = [
                String::new(),
                format!("&from={yesterday}&until={now}"),
                "&campaign=campaign-10003".to_owned(),
                format!("&campaign=campaign-10003&from={yesterday}"),
                "&campaign=campaign-10500".to_owned(),
                format!("&campaign=campaign-10033&from={yesterday}"),
                "&screen=77".to_owned(),
                format!("&screen=77&from={yesterday}&until={now}"),
                format!("&screen=77&campaign=campaign-10003&from={yesterday}"),
            ];
            let by = ["day", "hour", "weekday", "screen", "campaign", "creative"];
            let asked = by.iter().flat_map(|by| {
                let filters = filters.iter();
                filters.map(move |filter| format!("?by={by}{filter}"))
            });
            asked.collect()
        }
        "/report/chains" | "/report/chains.csv" => [
            "?campaign=campaign-10003",
            "?screen=77",
            "?campaign=campaign-10003&screen=77",
        ]
        .map(str::to_owned)
        .to_vec(),
        "/times" => of(&[
            "?days=7",
            "?days=31",
            "?group=line%203",
            "?after=1000&days=31",
        ]),
        "/screens/{screen}" | "/screens/{screen}/times" | "/campaigns/{campaign}/times" => {
            of(&["?days=31"])
        }
        "/campaigns/{campaign}" => of(&["?days=31"]),
        "/screens" => of(&[
            "?q=exit%20199",
            "?state=silent",
            "?group=line%203",
            "?tag=floor%205",
            "?after=1900",
            "?limit=200",
        ]),
        "/campaigns" => of(&[
            "?q=model%20of%20all%20campaigns%20199",
            "?group=brand%2003",
            "?limit=200",
        ]),
        "/audit" => of(&["?limit=200", "?q=campaign"]),
        "/people" | "/drafts" | "/sources" => of(&["?limit=200"]),
        _ => of(&[]),
    }
}
