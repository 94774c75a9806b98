//! A terminal without a screen, for tests that kill it: the real player, ledger and uplink, with a stage that presents
//! at once and a composer that decodes nothing.
//!
//! `blind_terminal KIOSK_TOML DWELL_MS [SECONDS]`.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use passerby_playout::catalog::{self, Catalog};
use passerby_playout::clock::{Clock, SystemClock, boot_ms};
use passerby_playout::config::Config;
use passerby_playout::credentials::Enrolment;
use passerby_playout::ledger::Ledger;
use passerby_playout::player::{Parts, Player};
use passerby_playout::show::{
    ComposeError, Composed, Composer, Geometry, SlideOrder, StageCommand, StageEvent,
};
use passerby_playout::uplink::{Line, Uplink};

struct Blind;

impl Composer for Blind {
    type Slide = ();
    fn compose(&mut self, _: &SlideOrder, _: &Geometry) -> Result<Composed<()>, ComposeError> {
        Ok(Composed::from(()))
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: blind_terminal KIOSK_TOML DWELL_MS [SECONDS]";
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
    let hub = config.hub.as_ref().expect("a hub in the settings");
    let line = Line::new(
        hub,
        &config.data_dir,
        &(clock.clone() as Arc<dyn Clock>),
        config.time_zone.clone(),
    );
    let uplink = Uplink {
        hub_url: hub.url.clone(),
        name: String::new(),
        data_dir: config.data_dir.clone(),
        clock: clock.clone(),
        player: requests,
        context: Arc::default(),
        zone: "UTC".to_owned(),
        cache: config.cache,
        recorded: Arc::clone(&recorded),
        poll: Duration::from_millis(200),
        line,
    };
    let enrolment = Enrolment::load(&config.data_dir).expect("readable credentials");
    let folders = config.folders.iter();
    let local: Catalog = folders
        .flat_map(|folder| catalog::read_folder(folder).0)
        .collect();
    let player = Player::new(Parts {
        config,
        ledger,
        local,
        enrolment,
        clock,
        composer: Blind,
        urgent: Blind,
        stage: commands,
        events,
        requests: request_queue,
        context: Arc::default(),
        recorded,
        run_for_ms,
    })
    .expect("a player");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, uplink.run());
    });
    std::thread::spawn(move || present(&command_queue, &event_queue));
    player.run();
}

fn present(commands: &crossbeam_channel::Receiver<StageCommand<()>>, events: &Sender<StageEvent>) {
    let mut loaded = HashSet::new();
    let answer = |event| events.send(event).is_ok();
    answer(StageEvent::Sized {
        width_px: 1920,
        height_px: 1080,
    });
    for command in commands {
        let alive = match command {
            StageCommand::Load { ticket, .. } => {
                loaded.insert(ticket);
                answer(StageEvent::Loaded(ticket))
            }
            StageCommand::Swap { ticket, .. } => {
                assert!(loaded.remove(&ticket), "only loaded slides are swapped in");
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
            StageCommand::Snapshot(_) => true,
            StageCommand::Quit => false,
        };
        if !alive {
            break;
        }
    }
}
