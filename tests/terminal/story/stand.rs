//! Everything that takes part in the story but the phones.

use std::path::{Path, PathBuf};
use std::process::Command;

use passerby_hub::Hub;
use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::store::ScreenChange;
use passerby_hub::system::clock;
use passerby_protocol::ScreenNumber;
use passerby_testing::faketime;
use passerby_testing::mail_receiver::MailReceiver;
use serde_json::{Value, json};

use crate::frames::zbarimg;
use crate::parts::{
    HubProcess, Terminal, captured, finish, hub_as, hub_program, picture, run_until, terminal, text,
};
use crate::story::shop::Shop;

/// How a hub and a terminal are told that a week has passed. What counts time that passes is left
/// alone.
const A_WEEK_LATER: [(&str, &str); 3] = [
    ("FAKETIME", "+7d"),
    ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ("NO_FAKE_STAT", "1"),
];

/// Everything that takes part, but for the phones.
pub(super) struct Story {
    pub(super) folder: tempfile::TempDir,
    /// The hub's database, where it is on a server.
    database: Option<String>,
    /// Where the hub listens, each time.
    address: String,
    hub: Option<HubProcess>,
    pub(super) mail: MailReceiver,
    pub(super) shop: Shop,
    /// A program's way into the hub's calls.
    bearer: String,
    pub(super) is_a_week_later: bool,
}

impl Story {
    pub(super) fn begin(database: Option<String>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut story = Self {
            folder: tempfile::tempdir().expect("a folder"),
            database,
            address: "127.0.0.1:0".to_owned(),
            hub: None,
            mail: MailReceiver::start(None),
            shop: Shop::open(),
            bearer: String::new(),
            is_a_week_later: false,
        };
        story.serve();
        story.bearer = story.bearer();
        let server = json!({ "host": "127.0.0.1", "port": story.mail.port, "encryption": "none",
            "from": "news@hub.example" });
        story.call("/mail", Some(&server));
        story.publish();
        let key = story.hub(&["conversion-key", "add", "book", "--name", "Xinhua"]);
        let bearer = key["bearer"].as_str().expect("a key").to_owned();
        story.shop.know(story.url(), bearer);
        story
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("hub")
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A program as it runs now, beside this hub.
    fn now(&self, mut command: Command) -> Command {
        if let Some(database) = &self.database {
            command.env("PASSERBY_HUB_DATABASE", database);
        }
        if self.is_a_week_later {
            command.envs(A_WEEK_LATER).env("LD_PRELOAD", faketime());
        }
        command
    }

    /// Has the hub serve where it did before.
    pub(super) fn serve(&mut self) {
        let host = format!("127.0.0.1:{}", self.mail.port);
        let options = ["--source-host", &host];
        let command = self.now(Command::new(hub_program()));
        let hub = HubProcess::start_as(command, &self.data(), &self.address, &options);
        self.address.clone_from(&hub.address);
        self.hub = Some(hub);
    }

    /// Takes the hub off the network.
    pub(super) fn stop(&mut self) {
        self.hub = None;
    }

    pub(super) fn hub(&self, arguments: &[&str]) -> Value {
        hub_as(
            self.now(Command::new(hub_program())),
            &self.data(),
            arguments,
        )
    }

    fn opened(&self) -> Hub {
        Hub::open_with(&self.data(), self.database.as_deref()).expect("opens")
    }

    fn bearer(&self) -> String {
        let (store, now_ms) = (self.opened().store, clock::now_ms());
        let actor = Actor::COMMAND_LINE;
        let link = store.invite(&actor, Role::Owner, &Scope::ALL, now_ms);
        let person = store.join(&link.expect("a link"), "Ada", "a long password", now_ms);
        let rights = Right::ALL.into_iter().collect();
        // Good for longer than the story takes.
        let ends_ms = now_ms + 30 * 86_400_000;
        let of = (person.expect("a person"), "story");
        let token = store.make_token(&actor, of, &rights, ends_ms, now_ms);
        token.expect("a token").as_str().to_owned()
    }

    /// Calls the hub as a program does, with something to do or to read.
    pub(super) fn call(&self, path: &str, body: Option<&Value>) -> Value {
        let client = reqwest::blocking::Client::new();
        let address = format!("{}/api/v1{path}", self.url());
        let request = match body {
            Some(body) => client.post(address).body(body.to_string()),
            None => client.get(address),
        };
        let answer = request.bearer_auth(&self.bearer).send();
        let answer = answer.expect("the hub answers");
        let status = answer.status();
        let said = answer.text().expect("reads");
        assert!(status.is_success(), "{path}: {status} {said}");
        serde_json::from_str(&said).expect("JSON")
    }

    fn publish(&self) {
        let campaign = self.folder.path().join("book");
        picture(&campaign.join("book.png"), [[30, 40, 70], [220, 200, 150]]);
        let toml = format!(
            "title = '三体'\nkind = 'fans'\ntarget = 'http://{}/book'\nlanding = 'page'\nstory = '四百光年之外。'\n\
             [words.en]\ntitle = 'The Three-Body Problem'\nstory = 'Four hundred light years away.'\n\
             [follow]\nmail = true\n[[placement]]\ncreative = 'book.png'\nseconds = 3\n",
            self.shop.address
        );
        std::fs::write(campaign.join("campaign.toml"), toml).expect("writes");
        self.hub(&["publish", text_of(&campaign)]);
    }

    /// A screen at a place, enrolled.
    pub(super) fn screen(&self, name: &str, place: &str) -> (ScreenNumber, Terminal) {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        let settings = format!("[hub]\nurl = '{}'\n[screen]\ndraw = 'cpu'\n", self.url());
        let screen = Terminal::with_settings(&folder, &settings);
        let added = self.hub(&["screen", "add", name]);
        let token = added["token"].as_str().expect("a token");
        let enrolled = finish(
            terminal()
                .args(["enroll", "--json", "--hub", &self.url(), "--token", token])
                .arg("--config")
                .arg(&screen.settings),
        );
        assert!(enrolled.status.success(), "{}", text(&enrolled.stderr));
        let number = added["screen"].as_u64().expect("a number");
        let number = u32::try_from(number).ok().and_then(ScreenNumber::new);
        let number = number.expect("a number");
        let change = ScreenChange {
            place: Some(place.to_owned()),
            ..ScreenChange::default()
        };
        let store = self.opened().store;
        let changed = store.change_screen(&Actor::COMMAND_LINE, number, &change, clock::now_ms());
        changed.expect("changes");
        (number, screen)
    }

    /// Has a terminal run, and keep what is on its glass in a folder.
    pub(super) fn on_air(&self, screen: &Terminal, frames: &Path) -> Command {
        let mut command = self.now(terminal());
        command
            .args(["run", "--offscreen", "--size", "960x540"])
            .args(["--capture-every", "200", "--capture"])
            .arg(frames)
            .arg("--config")
            .arg(&screen.settings);
        command
    }

    /// Runs a terminal until the poster is on its glass; returns what a camera reads there, and the
    /// play.
    pub(super) fn poster(&self, screen: &Terminal, name: &str) -> (String, u64) {
        let frames = self.folder.path().join(name);
        let mut found = None;
        // Until its play is over, and kept.
        run_until(&mut self.on_air(screen, &frames), "a poster", |_| {
            found = found.take().or_else(|| {
                captured(&frames)
                    .into_iter()
                    .find(|frame| frame["campaign"] == "book" && frame["transition"] == false)
            });
            let play = found.as_ref().map(|frame| &frame["play"]);
            play.is_some_and(|play| {
                screen
                    .plays_so_far()
                    .iter()
                    .any(|kept| kept["play"] == *play)
            })
        });
        let frame = found.expect("a poster");
        let file = frames.join(frame["file"].as_str().expect("a file"));
        let pixels = image::open(file).expect("a picture").to_rgba8();
        let codes = zbarimg(pixels.width(), &pixels);
        let code = codes.first().expect("a code").clone();
        assert_eq!(codes.len(), 1, "{codes:?}");
        (code, frame["play"].as_u64().expect("a play"))
    }

    pub(super) fn report(&self) -> Value {
        let differences = self.hub(&["recount"])["differences"].clone();
        assert_eq!(differences, json!([]));
        self.hub(&["report"])
    }
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("text")
}
