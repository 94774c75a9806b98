//! A terminal without a screen, for tests that kill it: the real player, ledger and hub link, with
//! a stage that presents at once and a composer that decodes nothing.
//!
//! `blind_terminal KIOSK_TOML DWELL_MS [SECONDS] [--tell]`. Without a hub in the settings it plays
//! what its folders hold.
//!
//! With `--tell` it says on standard output, a line each: `number N` when it has handed out a play
//! number, `presented WHAT` when something came onto the screen (a campaign, or `built-in`), and
//! `status JSON` whenever that has changed; what a status calls recorded is on disk.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use passerby_playout::content::catalog::{Catalog, LocalContent};
use passerby_playout::hub_link::{HubConnection, HubLink};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::Ledger;
use passerby_playout::messages::player_requests::PlayerRequest;
use passerby_playout::messages::stage_messages::{
    ComposeError, Composed, Composer, SlideOrder, StageCommand, StageEvent,
};
use passerby_playout::player::{Parts, Player};
use passerby_playout::screen::geometry::Geometry;
use passerby_playout::settings::config::Config;
use passerby_playout::system::clock::{Clock, SystemClock, boot_ms};

/// How often a terminal that tells looks at its status.
const LOOK: Duration = Duration::from_millis(5);

/// Composes nothing; a slide is what its order was for.
struct Blind {
    tells: bool,
}

impl Composer for Blind {
    type Slide = String;

    fn compose(
        &mut self,
        order: &SlideOrder,
        _: &Geometry,
    ) -> Result<Composed<String>, ComposeError> {
        if let (true, Some(number)) = (self.tells, order.play) {
            tell(&format!("number {}", number.get()));
        }
        let what = order.play.map_or("built-in", |_| &order.campaign);
        Ok(Composed::from(what.to_owned()))
    }
}

fn main() {
    let tells = std::env::args().any(|argument| argument == "--tell");
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--tell");
    let usage = "usage: blind_terminal KIOSK_TOML DWELL_MS [SECONDS] [--tell]";
    let path = PathBuf::from(arguments.next().expect(usage));
    let mut config = Config::load(&path).expect("good settings");
    config.dwell_ms = arguments
        .next()
        .and_then(|dwell| dwell.parse().ok())
        .expect(usage);
    let run_for_ms = arguments
        .next()
        .and_then(|seconds| seconds.parse::<u64>().ok())
        .map(|seconds| seconds * 1_000);
    let (ledger, note) = Ledger::open(&config.data_dir).expect("a ledger");
    assert_eq!(note, None, "kill -9 damages no ledger");

    let (requests, request_queue) = bounded(64);
    let (commands, command_queue) = bounded(16);
    let (event_queue, events) = bounded(16);
    let recorded = Arc::default();
    let clock = Arc::new(SystemClock::new(true));
    if tells {
        let requests = requests.clone();
        std::thread::spawn(move || tell_status(&requests));
    }
    if let Some(hub) = &config.hub {
        let line = HubConnection::new(
            hub,
            &config.data_dir,
            &(clock.clone() as Arc<dyn Clock>),
            config.time_zone.clone(),
        );
        let hub_link = HubLink {
            hub_url: hub.url.clone(),
            name: String::new(),
            traits: passerby_protocol::screen_traits::ScreenTraits::default(),
            data_dir: config.data_dir.clone(),
            clock: clock.clone(),
            player: requests.clone(),
            context: Arc::default(),
            zone: "UTC".to_owned(),
            cache: config.cache,
            recorded: Arc::clone(&recorded),
            poll: Duration::from_millis(200),
            line,
            frames: None,
        };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            tokio::task::LocalSet::new().block_on(&runtime, hub_link.run());
        });
    }
    let enrolment = Enrolment::load(&config.data_dir).expect("readable credentials");
    let folders = config.folders.iter();
    let local: Catalog = folders
        .flat_map(|folder| LocalContent::read(folder).catalog)
        .collect();
    let player = Player::new(Parts {
        config,
        ledger,
        local,
        enrolment,
        clock,
        composer: Blind { tells },
        urgent: Blind { tells },
        stage: commands,
        events,
        requests: request_queue,
        context: Arc::default(),
        recorded,
        run_for_ms,
    })
    .expect("a player");
    std::thread::spawn(move || present(&command_queue, &event_queue, tells));
    player.run();
    // The thread that asks must not keep what it holds open beyond this.
    drop(requests);
}

/// One line, whole, or not at all when nobody listens.
fn tell(line: &str) {
    let _ = std::io::stdout()
        .lock()
        .write_all(format!("{line}\n").as_bytes());
}

/// Tells how things are whenever that has changed.
fn tell_status(requests: &Sender<PlayerRequest>) {
    let mut told = String::new();
    loop {
        let (reply, answer) = tokio::sync::oneshot::channel();
        if requests.send(PlayerRequest::Status(reply)).is_err() {
            return;
        }
        let Ok(mut status) = answer.blocking_recv() else {
            return;
        };
        // These change by themselves.
        (status.on_air, status.zones) = (None, Vec::new());
        let status = serde_json::to_string(&status).expect("JSON");
        if status != told {
            tell(&format!("status {status}"));
            told = status;
        }
        std::thread::sleep(LOOK);
    }
}

fn present(
    commands: &crossbeam_channel::Receiver<StageCommand<String>>,
    events: &Sender<StageEvent>,
    tells: bool,
) {
    let mut loaded = HashMap::new();
    let answer = |event| events.send(event).is_ok();
    answer(StageEvent::Sized {
        width_px: 1920,
        height_px: 1080,
    });
    for command in commands {
        let alive = match command {
            StageCommand::Load { ticket, slide, .. } => {
                loaded.insert(ticket, slide);
                answer(StageEvent::Loaded(ticket))
            }
            StageCommand::Swap { ticket, .. } => {
                let slide = loaded.remove(&ticket);
                let what = slide.expect("only loaded slides are swapped in");
                if tells {
                    tell(&format!("presented {what}"));
                }
                answer(StageEvent::Presented {
                    ticket,
                    boot_ms: boot_ms(),
                })
            }
            StageCommand::Drop { ticket } => {
                loaded.remove(&ticket);
                true
            }
            StageCommand::Clear { zone } => answer(StageEvent::Cleared {
                zone,
                boot_ms: boot_ms(),
            }),
            StageCommand::Snapshot(_) | StageCommand::SnapshotAtRest(_) => true,
            StageCommand::Quit => false,
        };
        if !alive {
            break;
        }
    }
}
