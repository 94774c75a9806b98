//! A hub of its own: data folder, database, campaigns and screens; and its real program.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use passerby_hub::Hub;
use passerby_hub::publish::folder::Publication;
use passerby_hub::publish::inspection::Workers;
use passerby_hub::store::Targets;
use passerby_hub::system::clock;
use passerby_protocol::ScreenNumber;
use passerby_testing::postgres::PostgresServer;

/// How many campaigns there are, of one picture each.
pub(crate) const CAMPAIGNS: u32 = 10;
/// How many screens show them.
pub(crate) const SCREENS: u32 = 100;

/// A hub's data, and where its database is.
pub(crate) struct Stand {
    /// What the figures call the database.
    pub(crate) name: &'static str,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The address of its database, when it is not in the folder.
    pub(crate) database: Option<String>,
    /// The program that serves it.
    program: PathBuf,
    /// Whether that is an older one, whose database this build may only read a copy of.
    is_older: bool,
    /// How often codes of it were opened; no two times open the same.
    rounds: AtomicU32,
}

/// A hub that serves, until this is dropped.
pub(crate) struct Serving {
    child: Child,
    /// Its address, `http://…`.
    pub(crate) url: String,
}

impl Stand {
    /// Makes one with campaigns and screens.
    pub(crate) fn new(folder: &Path, server: Option<&PostgresServer>) -> Self {
        let name = if server.is_some() {
            "PostgreSQL"
        } else {
            "SQLite"
        };
        let stand = Self {
            name,
            data: folder.join(format!("hub-{name}")),
            database: server.map(PostgresServer::new_database),
            program: program(),
            is_older: false,
            rounds: AtomicU32::new(0),
        };
        let hub = stand.hub();
        let workers = Workers::new(program());
        for campaign in campaigns(folder, name) {
            let look_at = |folder: &Path, jobs: &[_]| workers.look_at(folder, jobs);
            let publication = Publication::read(&campaign, &look_at).expect("a campaign");
            hub.publish(
                &passerby_hub::people::Actor::COMMAND_LINE,
                &publication,
                &Targets::Everywhere,
                clock::now_ms(),
            )
            .expect("publishes");
        }
        for number in 1..=SCREENS {
            let added = hub.store.add_screen(
                &passerby_hub::people::Actor::COMMAND_LINE,
                &format!("screen {number}"),
                clock::now_ms(),
            );
            added.expect("a screen");
        }
        stand
    }

    /// Makes one by the commands of an older build of the hub.
    pub(crate) fn of_older(folder: &Path, program: PathBuf) -> Self {
        let name = "SQLite, older build";
        let stand = Self {
            name,
            data: folder.join("hub-older"),
            database: None,
            program,
            is_older: true,
            rounds: AtomicU32::new(0),
        };
        let run = |arguments: &[&str]| {
            let output = stand.command(arguments).output().expect("the hub starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {said}");
        };
        for campaign in campaigns(folder, name) {
            run(&["publish", campaign.to_str().expect("text")]);
        }
        for number in 1..=SCREENS {
            run(&["screen", "add", &format!("screen {number}")]);
        }
        stand
    }

    /// The number of the next time that codes are opened.
    pub(crate) fn next_round(&self) -> u32 {
        self.rounds.fetch_add(1, Ordering::Relaxed)
    }

    /// Opens its data beside whoever serves it; of an older build's, a copy as it is now.
    pub(crate) fn hub(&self) -> Hub {
        if !self.is_older {
            return Hub::open_with(&self.data, self.database.as_deref()).expect("a hub");
        }
        let copy = self.data.with_file_name("hub-older-copy");
        if copy.exists() {
            std::fs::remove_dir_all(&copy).expect("removes its own folder");
        }
        std::fs::create_dir_all(&copy).expect("a folder");
        for entry in std::fs::read_dir(&self.data).expect("lists") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a kind").is_file() {
                std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("copies");
            }
        }
        Hub::open_with(&copy, None).expect("a hub")
    }

    /// The program with this data.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--data").arg(&self.data);
        if let Some(database) = &self.database {
            command.env("PASSERBY_HUB_DATABASE", database);
        }
        command.env("RUST_LOG", "warn");
        command
    }

    /// Serves it.
    pub(crate) fn serve(&self) -> Serving {
        let serve = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--trusted-proxy",
            "127.0.0.1",
        ];
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
        Serving { child, url }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Makes the folders of the campaigns.
fn campaigns(folder: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    (0..CAMPAIGNS).map(move |number| {
        let campaign = folder.join(format!("campaigns-{name}/cafe-{number}"));
        std::fs::create_dir_all(&campaign).expect("a folder");
        let shade = u8::try_from(60 + number).expect("a shade");
        image::GrayImage::from_pixel(64, 48, image::Luma([shade]))
            .save(campaign.join("a.png"))
            .expect("a picture");
        // A link of its own to pass on for each scan, as campaigns have it by default.
        let toml = "title = 'Cafe'\ntarget = 'https://cafe.example/'\nlanding = 'page'\n";
        std::fs::write(campaign.join("campaign.toml"), toml).expect("writes");
        campaign
    })
}

/// The numbers of the screens.
pub(crate) fn screens() -> impl Iterator<Item = ScreenNumber> {
    (1..=SCREENS).map(|number| ScreenNumber::new(number).expect("in range"))
}

/// The hub's program; Cargo puts it one folder above its examples.
fn program() -> PathBuf {
    let example = std::env::current_exe().expect("a program");
    let folder = example.ancestors().nth(2).expect("a folder");
    folder.join("passerby-hub")
}
