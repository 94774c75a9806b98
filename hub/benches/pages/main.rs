//! Prints how long every page of the console and every call of `/api/v1` takes that looks at
//! something, and how large it is, over a large fleet and on both databases; one a line: name,
//! value, unit, compared with, ratio. The ratio is that of time or size, whichever is larger.
//!
//! The first argument is a folder on the disk that is measured. `PASSERBY_PAGES_SCREENS`,
//! `PASSERBY_PAGES_CAMPAIGNS`, `PASSERBY_PAGES_PLAYS` and `PASSERBY_PAGES_SCANS` say how large the
//! fleet is, `PASSERBY_PAGES_TIMES` how often each is asked for, `PASSERBY_PAGES_ON` which of
//! `sqlite` and `postgres` are wanted. With `PASSERBY_PAGES_ONLY` only addresses with that in them
//! are asked for. With `PASSERBY_PAGES_WAITS` it waits for a line on its input in the end, so that
//! the database can be looked at.
//!
//! Speed is a goal for `scripts/bench`, never a test: machines differ.

#[path = "../load/fill.rs"]
mod fill;
#[path = "../load/fleet.rs"]
mod fleet;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use passerby_hub::Hub;
use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::publish::folder::Publication;
use passerby_hub::publish::inspection::Workers;
use passerby_hub::store::{ChosenScreens, NewDraft, Targets};
use passerby_hub::system::clock;
use passerby_testing::postgres::PostgresServer;
use reqwest::blocking::Client;

use crate::fleet::{Address, Fleet};

/// What a page may take, in milliseconds.
const GOAL_MS: f64 = 200.0;
/// How large it may be, in bytes.
const GOAL_BYTES: f64 = 100_000.0;

fn main() {
    // reqwest asks for a provider even when it only speaks http.
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("the first one");
    let folder = std::env::args().nth(1);
    let folder = folder.map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("passerby-pages-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let fleet = Fleet {
        screens: number_from("PASSERBY_PAGES_SCREENS", 10_000),
        campaigns: number_from("PASSERBY_PAGES_CAMPAIGNS", 1_000),
        plays: number_from("PASSERBY_PAGES_PLAYS", 10_000_000),
        scans: number_from("PASSERBY_PAGES_SCANS", 1_000_000),
    };
    let wanted = std::env::var("PASSERBY_PAGES_ON");
    let wanted = wanted.unwrap_or_else(|_| "sqlite postgres".to_owned());
    let mut over = 0;
    if wanted.contains("sqlite") {
        over += measure(&folder, None, fleet);
    }
    if wanted.contains("postgres") {
        let options = ["-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"];
        over += measure(&folder, Some(&PostgresServer::start(&options)), fleet);
    }
    println!("pages over a goal\t{over}\tpages\tgoal at most 1\t{over}.0000");
    std::fs::remove_dir_all(folder).expect("removes its own folder");
}

/// Makes a fleet, asks for everything, and tells how much was over a goal.
fn measure(folder: &Path, server: Option<&PostgresServer>, fleet: Fleet) -> usize {
    let name = if server.is_some() {
        "PostgreSQL"
    } else {
        "SQLite"
    };
    let stand = Stand {
        name,
        data: folder.join(format!("hub-{name}")),
        database: server.map(PostgresServer::new_database),
    };
    let people = stand.begin(folder);
    let started = Instant::now();
    stand.fill(server, fleet);
    eprintln!("{name}: {fleet:?} made in {:?}", started.elapsed());
    let started = Instant::now();
    let differences = stand.hub().store.recount().expect("counts");
    assert_eq!(differences, [], "{name}");
    eprintln!("{name}: counted anew in {:?}", started.elapsed());
    let (_serving, url) = stand.serve();
    let times = usize::try_from(number_from("PASSERBY_PAGES_TIMES", 5)).expect("few");
    let only = std::env::var("PASSERBY_PAGES_ONLY").unwrap_or_default();
    let all = fleet::addresses().into_iter();
    let asked = all.filter(|address| address.path.contains(&only));
    let over = asked
        .filter(|address| is_over(&stand, &people, &url, address, times))
        .count();
    if std::env::var_os("PASSERBY_PAGES_WAITS").is_some() {
        eprintln!("{name}: {} {:?}", stand.data.display(), stand.database);
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).expect("a line");
    }
    over
}

/// Somebody who may look at everything, in a browser and by a program.
struct People {
    session: String,
    token: String,
}

struct Stand {
    name: &'static str,
    data: PathBuf,
    database: Option<String>,
}

/// A hub that serves, until this is dropped.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Stand {
    fn hub(&self) -> Hub {
        Hub::open_with(&self.data, self.database.as_deref()).expect("a hub")
    }

    /// The hub's program with this data; Cargo puts it one folder above its examples.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).arg("--data").arg(&self.data);
        if let Some(database) = &self.database {
            command.env("PASSERBY_HUB_DATABASE", database);
        }
        command.env("RUST_LOG", "warn");
        command
    }

    /// Makes what the fleet is copied from.
    fn begin(&self, folder: &Path) -> People {
        let hub = self.hub();
        let (actor, now_ms) = (Actor::COMMAND_LINE, clock::now_ms());
        let link = hub.store.invite(&actor, Role::Owner, &Scope::ALL, now_ms);
        let id = hub
            .store
            .join(&link.expect("a link"), "Ada", "nobody's", now_ms);
        let id = id.expect("somebody");
        let (session, _) = hub
            .store
            .begin_session(id, "bench", now_ms)
            .expect("a session");
        let rights = Right::ALL.into_iter().collect();
        let day_ms = 24 * 3_600_000;
        let token = hub
            .store
            .make_token(&actor, (id, "bench"), &rights, now_ms + day_ms, now_ms);
        let campaign = folder.join(format!("campaigns-{}/model", self.name));
        std::fs::create_dir_all(&campaign).expect("a folder");
        image::GrayImage::from_pixel(64, 48, image::Luma([90]))
            .save(campaign.join("0.png"))
            .expect("a picture");
        std::fs::write(campaign.join("campaign.toml"), fleet::CAMPAIGN).expect("writes");
        let workers = Workers::new(program());
        let look_at = |folder: &Path, jobs: &[_]| workers.look_at(folder, jobs);
        let publication = Publication::read(&campaign, &look_at).expect("a campaign");
        hub.publish(&actor, &publication, &Targets::Everywhere, now_ms)
            .expect("publishes");
        let draft = NewDraft {
            text: fleet::CAMPAIGN.to_owned(),
            files: Vec::new(),
            group: String::new(),
            targets: ChosenScreens::default(),
        };
        let name = "model-draft".parse().expect("a name");
        hub.store
            .make_draft(&actor, &name, &draft, now_ms)
            .expect("a draft");
        let days = ["--from", "2027-01-01", "--until", "2027-01-31"];
        for arguments in [
            vec!["source", "add", "--hook", "model-source"],
            [&["slot", "open", "model-slot"], &days[..]].concat(),
        ] {
            let output = self.command(&arguments).output().expect("the hub starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {said}");
        }
        People {
            session: session.as_str().to_owned(),
            token: token.expect("a token").as_str().to_owned(),
        }
    }

    /// Has the database make the fleet.
    fn fill(&self, server: Option<&PostgresServer>, fleet: Fleet) {
        let statements = fleet.statements(server.is_some());
        fill::run(
            server.zip(self.database.as_deref()),
            &self.data,
            &statements,
        );
    }

    fn serve(&self) -> (Serving, String) {
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        let mut child = self
            .command(&serve)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the hub starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("reads");
        let url = line.trim().strip_prefix("listening on ");
        let url = url.unwrap_or_else(|| panic!("{line}")).to_owned();
        // Nobody reads further; a full pipe would stop the hub.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::stderr()));
        (Serving(child), url)
    }
}

/// Asks for something some times, prints how that went, and tells whether a goal was missed.
fn is_over(stand: &Stand, people: &People, url: &str, address: &Address, times: usize) -> bool {
    let client = Client::new();
    let (mut all, mut bytes, mut status) = (Vec::new(), 0, 0);
    for _ in 0..times {
        let request = client.get(format!("{url}{}", address.path));
        let request = if address.path.starts_with("/api/") {
            request.bearer_auth(&people.token)
        } else {
            let cookie = format!("passerby={}", people.session);
            request.header("cookie", cookie)
        };
        let started = Instant::now();
        let answer = request.send().expect("an answer");
        status = answer.status().as_u16();
        bytes = answer.bytes().expect("reads").len();
        all.push(started.elapsed().as_secs_f64() * 1e3);
    }
    all.sort_by(f64::total_cmp);
    let (median, worst) = (all[times / 2], all[times - 1]);
    let size = f64::from(u32::try_from(bytes).expect("small"));
    // A file that is downloaded has what there is, and a picture is drawn elsewhere.
    let ratio = if address.is_file {
        0.0
    } else {
        (median / GOAL_MS).max(size / GOAL_BYTES)
    };
    println!(
        "{} {}, {status}\t{median:.1}\tms, at worst {worst:.1}; {bytes} B\tgoal {GOAL_MS} ms and {GOAL_BYTES} B\t{ratio:.4}",
        stand.name, address.path
    );
    ratio > 1.0
}

fn program() -> PathBuf {
    let example = std::env::current_exe().expect("a program");
    let folder = example.ancestors().nth(2).expect("a folder");
    folder.join("passerby-hub")
}

/// A number from a variable.
fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}
