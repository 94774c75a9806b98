//! What the player's tests play with.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::content::catalog::{Catalog, LocalContent};
use crate::content::creative::{Creative, CreativeFile};
use crate::ledger::{DatedPlay, Ledger};
use crate::messages::player_requests::{PlayerRequest, Status};
use crate::messages::stage_messages::{
    ComposeError, Composed, Composer, Health, SlideOrder, StageCommand, StageEvent, Ticket,
    Transition,
};
use crate::player::{Parts, Player};
use crate::schedule::live_context::LiveContext;
use crate::screen::area::Area;
use crate::screen::geometry::{Geometry, Zone};
use crate::settings::config::Config;
use crate::system::clock::{Clock, Moment, SystemClock};

/// Longest wait for something that should happen; it only ends tests that hang.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
/// How often a player under a [`SteppedClock`] looks at the time.
const LOOK: Duration = Duration::from_millis(2);

/// Composes nothing. The text of a file says what becomes of it: `bad` fails, `bad once` only the
/// first time, `panic` panics, `poster` loses its decoder, `hang` takes as long as the test lasts.
#[derive(Clone)]
pub(super) struct Sketch {
    hung: Receiver<()>,
    unanswered: Sender<()>,
    expected: Sender<Expected>,
    findings: Receiver<String>,
}

/// What a composer was told: names of files and where they may be shown.
pub(super) type Expected = Vec<(String, Geometry)>;

impl Composer for Sketch {
    type Slide = (SlideOrder, Geometry);
    fn compose(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
    ) -> Result<Composed<Self::Slide>, ComposeError> {
        let health = Health::default();
        if let Creative::File(file) = &order.creative {
            match std::fs::read_to_string(&file.path)
                .unwrap_or_default()
                .as_str()
            {
                text @ ("bad" | "bad once") => {
                    if text == "bad once" {
                        std::fs::write(&file.path, "good by now").expect("writes");
                    }
                    return Err(ComposeError::new(format!(
                        "{}: not a picture",
                        file.path.display()
                    )));
                }
                "panic" => panic!("a composer's mistake"),
                "poster" => {
                    health.fail("clip.mp4: the decoder stopped; its poster is shown".to_owned());
                }
                "hang" => {
                    let _ = self.unanswered.send(());
                    let _ = self.hung.recv();
                }
                _ => {}
            }
        }
        Ok(Composed {
            slide: (order.clone(), screen.clone()),
            health,
        })
    }

    fn expect(&mut self, coming: &[(CreativeFile, Geometry)]) {
        let named = coming.iter();
        let named = named.map(|(file, place)| (file.name.clone(), place.clone()));
        let _ = self.expected.send(named.collect());
    }

    fn findings(&self) -> Receiver<String> {
        self.findings.clone()
    }
}

/// What the stage does with a slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Shows it at once.
    Good,
    /// Shows it after so many milliseconds of the test's clock.
    IsLate(u64),
    /// Cannot draw it.
    Refuses,
    /// Never says that it is loaded.
    LoadsForEver,
    /// Never says that it was presented.
    SwapsForEver,
}

/// Something that the stage saw.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    Swapped {
        order: Box<SlideOrder>,
        geometry: Geometry,
        area: Area,
        transition: Transition,
        boot_ms: u64,
    },
    Cleared {
        zone: Zone,
        boot_ms: u64,
    },
}

impl Seen {
    pub(super) fn order(&self) -> Option<&SlideOrder> {
        match self {
            Self::Swapped { order, .. } => Some(order),
            Self::Cleared { .. } => None,
        }
    }

    pub(super) fn zone(&self) -> Option<Zone> {
        self.order().map(|order| order.zone)
    }
}

/// A clock whose time passes when the test says so.
pub(super) struct SteppedClock {
    boot_ms: AtomicU64,
    passes_when_idle: bool,
    is_busy: AtomicBool,
}

impl SteppedClock {
    /// Its time stands still in between.
    pub(super) fn standing() -> Arc<Self> {
        Self::new(false)
    }

    /// Its time passes also while the player waits for nothing but the time, and then at once.
    pub(super) fn idling() -> Arc<Self> {
        Self::new(true)
    }

    fn new(passes_when_idle: bool) -> Arc<Self> {
        Arc::new(Self {
            boot_ms: AtomicU64::new(0),
            passes_when_idle,
            is_busy: AtomicBool::new(true),
        })
    }

    pub(super) fn pass_ms(&self, span_ms: u64) {
        self.boot_ms.fetch_add(span_ms, Ordering::SeqCst);
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Moment {
        Moment {
            boot: "stepped".into(),
            boot_ms: self.boot_ms.load(Ordering::SeqCst),
            wall_ms: None,
        }
    }
    fn learn(&self, _: u64, _: i64) {}
    fn pace(&self, span: Duration, is_busy: bool) -> Duration {
        self.is_busy.store(is_busy, Ordering::SeqCst);
        if self.passes_when_idle && !is_busy {
            Duration::ZERO
        } else {
            span.min(LOOK)
        }
    }
    fn waited(&self, span: Duration) {
        if self.passes_when_idle && !self.is_busy.load(Ordering::SeqCst) {
            self.pass_ms(u64::try_from(span.as_millis()).expect("a short wait"));
        }
    }
}

/// How a test's player is set up.
pub(super) struct PlayerSetup {
    pub(super) config: Config,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) manner: fn(&SlideOrder) -> Manner,
    pub(super) run_for_ms: Option<u64>,
    pub(super) requests: Option<Receiver<PlayerRequest>>,
    pub(super) size: [u32; 2],
    pub(super) context: Arc<LiveContext>,
}

impl PlayerSetup {
    /// A good stage, the machine's clock, campaigns below `content`, plays of 40 ms.
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            config: Config {
                folders: vec![folder.join("content")],
                data_dir: folder.join("data"),
                dwell_ms: 40,
                ..Config::default()
            },
            clock: Arc::new(SystemClock::new(true)),
            manner: |_| Manner::Good,
            run_for_ms: None,
            requests: None,
            size: [640, 360],
            context: Arc::default(),
        }
    }

    /// The same, with settings from a kiosk.toml without folders.
    pub(super) fn with_toml(folder: &Path, toml: &str) -> Self {
        let setup = Self::in_folder(folder);
        let read = Config::parse("kiosk.toml", toml).expect(toml);
        Self {
            config: Config {
                folders: setup.config.folders.clone(),
                data_dir: setup.config.data_dir.clone(),
                dwell_ms: 40,
                ..read
            },
            ..setup
        }
    }

    pub(super) fn start(self) -> Running {
        let (commands, command_queue) = bounded(16);
        let (event_queue, events) = bounded(64);
        let (log, seen) = unbounded();
        let (own, own_requests) = bounded(16);
        let (hangs, hung) = bounded(0);
        let (told, expected) = unbounded();
        let (unanswered, left) = unbounded();
        let (found, findings) = bounded(16);
        let sketch = Sketch {
            hung,
            unanswered: unanswered.clone(),
            expected: told,
            findings,
        };
        let data_dir = self.config.data_dir.clone();
        let local: Catalog = self
            .config
            .folders
            .iter()
            .filter(|folder| folder.exists())
            .flat_map(|folder| LocalContent::read(folder).catalog)
            .collect();
        let stage = Stage {
            clock: self.clock.clone(),
            manner: self.manner,
            events: event_queue.clone(),
            log,
            unanswered,
        };
        let size = self.size;
        let drawn = std::thread::spawn(move || stage.run(&command_queue, size));
        let player = Player::new(Parts {
            ledger: Ledger::open(&data_dir).expect("opens").0,
            config: self.config,
            local,
            enrolment: None,
            clock: self.clock,
            composer: sketch.clone(),
            urgent: sketch,
            stage: commands,
            events,
            requests: self.requests.unwrap_or(own_requests),
            context: self.context,
            recorded: Arc::default(),
            run_for_ms: self.run_for_ms,
        })
        .expect("a player");
        let player = std::thread::spawn(move || player.run());
        Running {
            seen,
            expected,
            unanswered: left,
            requests: own,
            found,
            events: event_queue,
            threads: vec![player, drawn],
            data_dir,
            _hangs: hangs,
        }
    }
}

struct Stage {
    clock: Arc<dyn Clock>,
    manner: fn(&SlideOrder) -> Manner,
    events: Sender<StageEvent>,
    log: Sender<Seen>,
    unanswered: Sender<()>,
}

impl Stage {
    fn run(self, commands: &Receiver<StageCommand<(SlideOrder, Geometry)>>, size: [u32; 2]) {
        let mut loaded: HashMap<Ticket, (SlideOrder, Geometry, Area)> = HashMap::new();
        let answer = |event| {
            let _ = self.events.send(event);
        };
        answer(StageEvent::Sized {
            width_px: size[0],
            height_px: size[1],
        });
        for command in commands {
            let boot_ms = self.clock.now().boot_ms;
            match command {
                StageCommand::Load {
                    ticket,
                    zone,
                    area,
                    slide: (order, geometry),
                } => {
                    assert_eq!(zone, order.zone);
                    match (self.manner)(&order) {
                        Manner::Refuses => answer(StageEvent::Refused(ticket)),
                        Manner::LoadsForEver => {
                            let _ = self.unanswered.send(());
                        }
                        Manner::Good | Manner::IsLate(_) | Manner::SwapsForEver => {
                            loaded.insert(ticket, (order, geometry, area));
                            answer(StageEvent::Loaded(ticket));
                        }
                    }
                }
                StageCommand::Swap { ticket, transition } => {
                    let (order, geometry, area) = loaded
                        .remove(&ticket)
                        .expect("only loaded slides are swapped in");
                    let manner = (self.manner)(&order);
                    let boot_ms = match manner {
                        Manner::IsLate(late_ms) => {
                            self.clock.waited(Duration::from_millis(late_ms));
                            self.clock.now().boot_ms
                        }
                        _ => boot_ms,
                    };
                    let _ = self.log.send(Seen::Swapped {
                        order: Box::new(order),
                        geometry,
                        area,
                        transition,
                        boot_ms,
                    });
                    if manner != Manner::SwapsForEver {
                        answer(StageEvent::Presented { ticket, boot_ms });
                    } else {
                        let _ = self.unanswered.send(());
                    }
                }
                StageCommand::Drop { ticket } => {
                    loaded.remove(&ticket);
                }
                StageCommand::Clear { zone } => {
                    let _ = self.log.send(Seen::Cleared { zone, boot_ms });
                    answer(StageEvent::Cleared { zone, boot_ms });
                }
                StageCommand::Snapshot(_) | StageCommand::SnapshotAtRest(_) => {}
                StageCommand::Quit => break,
            }
        }
    }
}

/// A player that runs.
pub(super) struct Running {
    pub(super) seen: Receiver<Seen>,
    /// What the composers were told to expect.
    pub(super) expected: Receiver<Expected>,
    /// One for each thing that a composer or the stage was asked for and will not answer.
    pub(super) unanswered: Receiver<()>,
    pub(super) requests: Sender<PlayerRequest>,
    /// What a composer finds out in the background.
    pub(super) found: Sender<String>,
    /// What the stage says besides its answers.
    pub(super) events: Sender<StageEvent>,
    threads: Vec<JoinHandle<()>>,
    data_dir: PathBuf,
    /// Lets composers that hang go on when the test ends.
    _hangs: Sender<()>,
}

impl Running {
    /// Waits for something that the stage sees.
    pub(super) fn wait_for(&self, what: &str, is_it: impl Fn(&Seen) -> bool) -> Seen {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self
                .seen
                .recv_deadline(deadline)
                .unwrap_or_else(|_| panic!("not seen: {what}"));
            if is_it(&seen) {
                return seen;
            }
        }
    }

    pub(super) fn status(&self) -> Status {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.requests
            .send(PlayerRequest::Status(reply))
            .expect("the player lives");
        answer.blocking_recv().expect("an answer")
    }

    /// Holds that one of the problems on the board is as it should be.
    #[track_caller]
    pub(super) fn assert_problem(&self, is_it: impl Fn(&str) -> bool) {
        let problems = self.status().problems;
        assert!(
            problems.iter().any(|problem| is_it(problem)),
            "{problems:?}"
        );
    }

    /// Asks until the status is as it should be: the player may hear of it before it hears of what
    /// the stage did.
    pub(super) fn status_when(&self, what: &str, is_it: impl Fn(&Status) -> bool) -> Status {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if is_it(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "{what}: {status:?}");
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    pub(super) fn stop(self) -> Past {
        self.requests
            .send(PlayerRequest::Stop)
            .expect("the player lives");
        self.finish()
    }

    /// Waits until the player has ended by itself.
    pub(super) fn finish(self) -> Past {
        for thread in self.threads {
            thread.join().expect("it ended well");
        }
        let ledger = Ledger::open(&self.data_dir).expect("opens").0;
        Past {
            seen: self.seen.try_iter().collect(),
            plays: ledger.plays_since(None).expect("reads"),
        }
    }
}

/// What a player leaves behind.
pub(super) struct Past {
    /// What the stage saw since the test last asked.
    pub(super) seen: Vec<Seen>,
    pub(super) plays: Vec<DatedPlay>,
}

impl Past {
    pub(super) fn presented(&self) -> Vec<SlideOrder> {
        self.seen
            .iter()
            .filter_map(|seen| seen.order().cloned())
            .collect()
    }
}

pub(super) fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, bytes).expect("writes");
}

/// The name of the file that an order shows.
pub(super) fn name_of(order: &SlideOrder) -> &str {
    match &order.creative {
        Creative::File(file) => &file.name,
        Creative::House => "house",
        Creative::Notice { .. } => "notice",
    }
}
