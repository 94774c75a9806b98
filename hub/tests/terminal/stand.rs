//! A terminal without its screen in this process: the real player, ledger and hub link.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use passerby_playout::content::cache::CacheSettings;
use passerby_playout::content::catalog::LocalContent;
use passerby_playout::content::creative::Creative;
use passerby_playout::hub_link::{HubConnection, HubLink};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::Ledger;
use passerby_playout::messages::player_requests::{PlayerRequest, Status};
use passerby_playout::messages::stage_messages::{
    ComposeError, Composed, Composer, SlideOrder, StageCommand, StageEvent,
};
use passerby_playout::player::{Parts, Player};
use passerby_playout::screen::geometry::Geometry;
use passerby_playout::settings::config::Config;
use passerby_playout::system::clock::{Clock, SystemClock};
use passerby_protocol::Digest;

use crate::parts::PATIENCE;

/// What was on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) campaign: String,
    pub(crate) creative: Digest,
    /// What its code said; empty without one.
    pub(crate) url: String,
}

impl Shown {
    /// The token of its code, as text.
    pub(crate) fn token(&self) -> Option<&str> {
        self.url.split_once("/Q/").map(|(_, token)| token)
    }
}

/// Checks what it is given, as the real composer does, and draws nothing. The house creative is
/// `None`.
struct Reader;

impl Composer for Reader {
    type Slide = Option<Shown>;
    fn compose(
        &mut self,
        order: &SlideOrder,
        _: &Geometry,
    ) -> Result<Composed<Self::Slide>, ComposeError> {
        let Creative::File(file) = &order.creative else {
            return Ok(Composed::from(None));
        };
        let bytes = std::fs::read(&file.path);
        if !bytes.is_ok_and(|bytes| Digest::of(&bytes) == file.digest) {
            return Err(ComposeError::new(format!(
                "{}: not what it was",
                file.digest
            )));
        }
        let url = order.code.as_ref().map(|code| code.url.clone());
        Ok(Composed::from(Some(Shown {
            campaign: order.campaign.clone(),
            creative: file.digest,
            url: url.unwrap_or_default(),
        })))
    }
}

/// How a terminal differs from one that is online, for good, with the hub's content alone and in a
/// hurry.
pub(crate) struct Setup {
    pub(crate) clock: Arc<dyn Clock>,
    /// Its own content.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) dwell_ms: u64,
    pub(crate) cache: CacheSettings,
    pub(crate) is_online: bool,
    pub(crate) run_for_ms: Option<u64>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock::new(true)),
            folder: None,
            dwell_ms: 20,
            cache: CacheSettings::default(),
            is_online: true,
            run_for_ms: None,
        }
    }
}

/// A running terminal.
pub(crate) struct Terminal {
    shown: Receiver<Shown>,
    requests: Sender<PlayerRequest>,
    player: JoinHandle<()>,
    stage: JoinHandle<()>,
    /// What ends it, too.
    hub_link: Option<(JoinHandle<()>, tokio::sync::oneshot::Sender<()>)>,
}

impl Terminal {
    pub(crate) fn start(data_dir: &Path, enrolment: &Enrolment) -> Self {
        Self::with(data_dir, enrolment, Setup::default())
    }

    pub(crate) fn with(data_dir: &Path, enrolment: &Enrolment, setup: Setup) -> Self {
        let (requests, request_queue) = bounded(64);
        let (commands, command_queue) = bounded(16);
        let (event_queue, events) = bounded(64);
        let (log, shown) = unbounded();
        let recorded = Arc::default();
        let hub_link = HubLink {
            hub_url: enrolment.hub.clone(),
            name: String::new(),
            traits: passerby_protocol::screen_traits::ScreenTraits::default(),
            data_dir: data_dir.to_owned(),
            clock: setup.clock.clone(),
            player: requests.clone(),
            context: Arc::default(),
            zone: "UTC".to_owned(),
            cache: setup.cache,
            recorded: Arc::clone(&recorded),
            poll: Duration::from_millis(100),
            line: HubConnection::default(),
            frames: None,
        };
        let content = setup.folder.as_deref().map(LocalContent::read);
        let content = content.unwrap_or_default();
        assert_eq!(content.problems, []);
        let player = Player::new(Parts {
            config: Config {
                folders: setup.folder.into_iter().collect(),
                data_dir: data_dir.to_owned(),
                dwell_ms: setup.dwell_ms,
                ..Config::default()
            },
            ledger: Ledger::open(data_dir).expect("opens").0,
            local: content.catalog,
            enrolment: Some(enrolment.clone()),
            clock: setup.clock.clone(),
            composer: Reader,
            urgent: Reader,
            stage: commands,
            events,
            requests: request_queue,
            context: Arc::default(),
            recorded,
            run_for_ms: setup.run_for_ms,
        })
        .expect("a player");
        let stage = move || present(&*setup.clock, &command_queue, &event_queue, &log);
        Self {
            shown,
            requests,
            stage: std::thread::spawn(stage),
            player: std::thread::spawn(move || player.run()),
            hub_link: setup.is_online.then(|| serve(hub_link)),
        }
    }

    pub(crate) fn stop(self) {
        let told = self.requests.send(PlayerRequest::Stop);
        told.expect("the player lives");
        self.join();
    }

    /// Waits for the end of a terminal that runs for a set time.
    pub(crate) fn join(self) {
        self.player.join().expect("it ended well");
        self.stage.join().expect("it ended well");
        // Two hub links must not share a cache: in a terminal they end with their process.
        if let Some((hub_link, ends)) = self.hub_link {
            drop(ends);
            hub_link.join().expect("it ended well");
        }
    }

    /// Asks how it is doing.
    pub(crate) fn status(&self) -> Status {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let asked = self.requests.send(PlayerRequest::Status(reply));
        asked.expect("the player lives");
        answer.blocking_recv().expect("answers")
    }

    /// Waits until it is doing as it should, and returns how.
    pub(crate) fn wait_for(&self, what: &str, is_it: impl Fn(&Status) -> bool) -> Status {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if is_it(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "not so: {what}; {status:#?}");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Waits until something is on the screen; returns it and all before it.
    pub(crate) fn show_until(&self, what: &str, is_it: impl Fn(&Shown) -> bool) -> Vec<Shown> {
        let deadline = Instant::now() + PATIENCE;
        let mut all = Vec::new();
        loop {
            let Ok(shown) = self.shown.recv_deadline(deadline) else {
                panic!("not shown: {what}; {:#?}", self.status());
            };
            let is_last = is_it(&shown);
            all.push(shown);
            if is_last {
                return all;
            }
        }
    }

    /// What is on the screen from now on, for a number of plays.
    pub(crate) fn next(&self, count: usize) -> Vec<Shown> {
        while self.shown.try_recv().is_ok() {}
        let deadline = Instant::now() + PATIENCE;
        let plays = (0..count).map(|_| self.shown.recv_deadline(deadline));
        plays.map(|play| play.expect("goes on")).collect()
    }
}

fn serve(hub_link: HubLink) -> (JoinHandle<()>, tokio::sync::oneshot::Sender<()>) {
    let (ends, ended) = tokio::sync::oneshot::channel();
    let serving = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, async {
            tokio::select! {
                () = hub_link.run() => {}
                _ = ended => {}
            }
        });
    });
    (serving, ends)
}

/// A stage that shows at once what it is told to.
fn present(
    clock: &dyn Clock,
    commands: &Receiver<StageCommand<Option<Shown>>>,
    events: &Sender<StageEvent>,
    log: &Sender<Shown>,
) {
    let mut loaded = HashMap::new();
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
                if let Some(Some(shown)) = loaded.remove(&ticket) {
                    let _ = log.send(shown);
                }
                let boot_ms = clock.now().boot_ms;
                StageEvent::Presented { ticket, boot_ms }
            }
            StageCommand::Clear { zone } => {
                let boot_ms = clock.now().boot_ms;
                StageEvent::Cleared { zone, boot_ms }
            }
            StageCommand::Drop { ticket } => {
                loaded.remove(&ticket);
                continue;
            }
            StageCommand::Snapshot(_) | StageCommand::SnapshotAtRest(_) => continue,
            StageCommand::Quit => break,
        };
        if events.send(event).is_err() {
            break;
        }
    }
}
