//! A terminal learns a new key by itself, and loses no code over it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use passerby_hub::Hub;
use passerby_hub::hub::TokenFault;
use passerby_playout::catalog::Catalog;
use passerby_playout::clock::{SystemClock, boot_ms};
use passerby_playout::config::Config;
use passerby_playout::credentials::Enrolment;
use passerby_playout::ledger::Ledger;
use passerby_playout::link::{PlayerRequest, Status};
use passerby_playout::player::{Parts, Player};
use passerby_playout::show::{
    ComposeError, Composed, Composer, Geometry, SlideOrder, StageCommand, StageEvent,
};
use passerby_playout::uplink::{Line, Uplink};
use passerby_protocol::token::{Claims, Token};

use crate::parts::{HubProcess, enrol, hub, publish};

/// Longest wait for something that comes with one of the next heartbeats.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Decodes nothing; its slide is the token.
struct Reader;

impl Composer for Reader {
    type Slide = Option<String>;
    fn compose(
        &mut self,
        order: &SlideOrder,
        _: &Geometry,
    ) -> Result<Composed<Self::Slide>, ComposeError> {
        let token = order
            .code
            .as_ref()
            .and_then(|code| code.url.split_once("/Q/"));
        Ok(Composed::from(token.map(|(_, token)| token.to_owned())))
    }
}

/// The terminal without its screen: every token that was on it comes out of `shown`.
pub(crate) struct Terminal {
    shown: Receiver<String>,
    pub(crate) requests: Sender<PlayerRequest>,
    player: std::thread::JoinHandle<()>,
}

impl Terminal {
    pub(crate) fn start(data_dir: &Path, enrolment: &Enrolment) -> Self {
        let (requests, request_queue) = bounded(64);
        let (commands, command_queue) = bounded(16);
        let (event_queue, events) = bounded(64);
        let (log, shown) = unbounded();
        let clock = Arc::new(SystemClock::new(true));
        let recorded = Arc::default();
        let uplink = Uplink {
            hub_url: enrolment.hub.clone(),
            name: String::new(),
            data_dir: data_dir.to_owned(),
            clock: clock.clone(),
            player: requests.clone(),
            context: Arc::default(),
            zone: "UTC".to_owned(),
            cache: passerby_playout::cache::Settings::default(),
            recorded: Arc::clone(&recorded),
            poll: Duration::from_millis(200),
            line: Line::default(),
        };
        let player = Player::new(Parts {
            config: Config {
                data_dir: data_dir.to_owned(),
                dwell_ms: 50,
                ..Config::default()
            },
            ledger: Ledger::open(data_dir).expect("opens").0,
            local: Catalog::new(),
            enrolment: Some(enrolment.clone()),
            clock,
            composer: Reader,
            urgent: Reader,
            stage: commands,
            events,
            requests: request_queue,
            context: Arc::default(),
            recorded,
            run_for_ms: None,
        })
        .expect("a player");
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            tokio::task::LocalSet::new().block_on(&runtime, uplink.run());
        });
        std::thread::spawn(move || present(&command_queue, &event_queue, &log));
        let player = std::thread::spawn(move || player.run());
        Self {
            shown,
            requests,
            player,
        }
    }

    pub(crate) fn stop(self) {
        self.requests
            .send(PlayerRequest::Stop)
            .expect("the player lives");
        self.player.join().expect("it ended well");
    }

    /// Asks how it is doing.
    pub(crate) fn status(&self) -> Status {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.requests
            .send(PlayerRequest::Status(reply))
            .expect("the player lives");
        answer.blocking_recv().expect("answers")
    }

    /// Waits until it is doing as it should.
    pub(crate) fn wait_for(&self, what: &str, is_it: impl Fn(&Status) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if is_it(&status) {
                return;
            }
            assert!(Instant::now() < deadline, "{what}: {status:?}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Collects what is shown into `all` until a token is as it should be.
    pub(crate) fn show_until(
        &self,
        what: &str,
        all: &mut Vec<String>,
        is_it: impl Fn(&Claims) -> bool,
    ) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let token = self.shown.recv_deadline(deadline);
            let token = token.unwrap_or_else(|_| panic!("not shown: {what}"));
            let parsed = Token::parse(&token).expect("a token");
            all.push(token);
            if is_it(parsed.unverified()) {
                return;
            }
        }
    }
}

fn present(
    commands: &Receiver<StageCommand<Option<String>>>,
    events: &Sender<StageEvent>,
    log: &Sender<String>,
) {
    let mut loaded = std::collections::HashMap::new();
    let _ = events.send(StageEvent::Sized {
        width_px: 1920,
        height_px: 1080,
    });
    for command in commands {
        let event = match command {
            StageCommand::Load { ticket, slide, .. } => {
                loaded.insert(ticket, slide);
                StageEvent::Loaded(ticket)
            }
            StageCommand::Swap { ticket, .. } => {
                if let Some(Some(token)) = loaded.remove(&ticket) {
                    let _ = log.send(token);
                }
                StageEvent::Presented {
                    ticket,
                    boot_ms: boot_ms(),
                }
            }
            StageCommand::Drop { ticket } => {
                loaded.remove(&ticket);
                continue;
            }
            StageCommand::Clear { zone } => StageEvent::Cleared {
                zone,
                boot_ms: boot_ms(),
            },
            StageCommand::Snapshot(_) => continue,
            StageCommand::Quit => break,
        };
        if events.send(event).is_err() {
            break;
        }
    }
}

#[test]
fn a_terminal_mints_with_its_old_key_while_it_is_offline_and_no_code_is_lost_when_it_learns_the_new()
 {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let address = process.address.clone();
    publish(folder.path(), &data);
    let (data_dir, enrolment) = enrol(folder.path(), &data, &process.url());
    let screen = enrolment.credentials.screen.to_string();
    let terminal = Terminal::start(&data_dir, &enrolment);
    let now_ms = || jiff::Timestamp::now().as_millisecond();
    let verdict = |token: &str, now_ms| {
        let hub = Hub::open(&data).expect("opens");
        hub.verified(token, now_ms).expect("answers").map(|_| ())
    };

    let mut all = Vec::new();
    terminal.show_until("a code", &mut all, |claims| claims.generation == 0);
    drop(process);
    assert_eq!(hub(&data, &["screen", "rotate", &screen])["generation"], 1);
    for _ in 0..10 {
        terminal.show_until("a code of an offline screen", &mut all, |_| true);
    }
    for token in &all {
        let generation = Token::parse(token).map(|token| token.unverified().generation);
        assert_eq!(generation, Some(0));
        assert_eq!(
            verdict(token, now_ms()),
            Ok(()),
            "the key is not superseded"
        );
    }

    let process = HubProcess::start(&data, &address);
    terminal.show_until("a code of the new key", &mut all, |claims| {
        claims.generation == 1
    });
    let kept = Enrolment::load(&data_dir).expect("reads").expect("there");
    assert_eq!(kept.credentials.generation, 1);
    assert_ne!(kept.credentials.token_key, enrolment.credentials.token_key);
    assert_eq!(kept.credentials.bearer, enrolment.credentials.bearer);
    let file = std::fs::metadata(data_dir.join("credentials.json")).expect("there");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);

    // The hub hears of it with the next heartbeat; until then the screen shows more codes.
    let deadline = Instant::now() + PATIENCE;
    while hub(&data, &["screen", "list"])[0]["minting"] != 1 {
        assert!(Instant::now() < deadline, "no heartbeat says so");
        terminal.show_until("a code", &mut all, |_| true);
    }
    terminal.show_until("one more", &mut all, |_| true);
    let news = all.iter().filter(|token| {
        Token::parse(token).is_some_and(|token| token.unverified().generation == 1)
    });
    assert!(news.count() >= 2);
    for token in &all {
        assert_eq!(verdict(token, now_ms()), Ok(()), "no code is lost");
    }
    let late = Claims {
        minutes: Claims::minutes_at(Some(now_ms() + 3_600_000)),
        ..*Token::parse(&all[0]).expect("a token").unverified()
    };
    let late = Token::mint(late, &enrolment.token_key()).to_string();
    assert_eq!(verdict(&late, now_ms()), Err(TokenFault::Retired));

    terminal.stop();
    drop(process);
}

#[test]
fn a_hub_that_was_restored_from_a_backup_gets_codes_that_it_knows_again() {
    let folder = tempfile::tempdir().expect("folder");
    let (data, backup) = (folder.path().join("hub"), folder.path().join("backup"));
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let address = process.address.clone();
    publish(folder.path(), &data);
    let (data_dir, enrolment) = enrol(folder.path(), &data, &process.url());
    let screen = enrolment.credentials.screen.to_string();
    drop(process);
    let copy = |from: &Path, to: &Path| {
        let status = Command::new("cp").arg("-r").arg(from).arg(to).status();
        assert!(status.expect("runs").success());
    };
    copy(&data, &backup);

    hub(&data, &["screen", "rotate", &screen]);
    let process = HubProcess::start(&data, &address);
    let terminal = Terminal::start(&data_dir, &enrolment);
    let mut all = Vec::new();
    terminal.show_until("a code of the new key", &mut all, |claims| {
        claims.generation == 1
    });
    drop(process);
    std::fs::remove_dir_all(&data).expect("removes");
    copy(&backup, &data);
    let process = HubProcess::start(&data, &address);
    terminal.show_until("a code of the hub's key", &mut all, |claims| {
        claims.generation == 0
    });
    let hub = Hub::open(&data).expect("opens");
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let verdict = |token: &String| hub.verified(token, now_ms).expect("answers");
    assert!(all.last().is_some_and(|token| verdict(token).is_ok()));
    terminal.stop();
    drop(process);
}

#[test]
fn a_machine_whose_screen_was_taken_over_says_so_and_takes_the_hubs_content_off() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    publish(folder.path(), &data);
    let (data_dir, enrolment) = enrol(folder.path(), &data, &process.url());
    let terminal = Terminal::start(&data_dir, &enrolment);
    let mut all = Vec::new();
    terminal.show_until("a code", &mut all, |_| true);

    let screen = enrolment.credentials.screen.to_string();
    let renewed = hub(&data, &["screen", "renew", &screen]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let newcomer = runtime
        .block_on(passerby_playout::uplink::enrol(
            &process.url(),
            renewed["token"].as_str(),
            "",
            &folder.path().join("newcomer"),
            None,
            |_| (),
        ))
        .expect("enrols");
    assert_eq!(newcomer.credentials.screen, enrolment.credentials.screen);
    assert_eq!(newcomer.credentials.generation, 1);

    let deadline = Instant::now() + PATIENCE;
    loop {
        let (reply, answer) = tokio::sync::oneshot::channel();
        terminal
            .requests
            .send(PlayerRequest::Status(reply))
            .expect("the player lives");
        let status = answer.blocking_recv().expect("answers");
        let says_so = status
            .problems
            .iter()
            .any(|problem| problem.contains("does not know this screen any more"));
        if says_so && status.manifest_version == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{status:?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    terminal.stop();
}
