use super::*;
use crate::show::{Composed, Creative, SlideOrder};
use passerby_protocol::plays::Outcome;
use std::collections::BTreeSet;
use std::path::Path;

/// Composes nothing, fails for files whose text says so.
struct Sketch;

impl Composer for Sketch {
    type Slide = SlideOrder;
    fn compose(
        &mut self,
        order: &SlideOrder,
        _: &Geometry,
    ) -> Result<Composed<SlideOrder>, ComposeError> {
        match &order.creative {
            Creative::File(file)
                if std::fs::read(&file.path).is_ok_and(|bytes| bytes == b"bad") =>
            {
                Err(ComposeError(format!(
                    "{}: not a picture",
                    file.path.display()
                )))
            }
            _ => Ok(Composed::from(order.clone())),
        }
    }
}

/// Answers like a stage that draws at once; returns what was presented.
fn stage(
    commands: Receiver<StageCommand<SlideOrder>>,
    events: Sender<StageEvent>,
) -> std::thread::JoinHandle<Vec<SlideOrder>> {
    std::thread::spawn(move || {
        let mut loaded: HashMap<Ticket, SlideOrder> = HashMap::new();
        let mut presented = Vec::new();
        events
            .send(StageEvent::Sized {
                width_px: 640,
                height_px: 360,
            })
            .expect("player lives");
        for command in commands {
            match command {
                StageCommand::Load { ticket, slide, .. } => {
                    loaded.insert(ticket, slide);
                    let _ = events.send(StageEvent::Loaded(ticket));
                }
                StageCommand::Swap { ticket, .. } => {
                    let slide = loaded
                        .remove(&ticket)
                        .expect("only loaded slides are swapped in");
                    presented.push(slide);
                    let _ = events.send(StageEvent::Presented {
                        ticket,
                        boot_ms: crate::clock::boot_ms(),
                    });
                }
                StageCommand::Drop { ticket } => {
                    loaded.remove(&ticket);
                }
                StageCommand::Snapshot(_) | StageCommand::Clear { .. } => {}
                StageCommand::Quit => break,
            }
        }
        presented
    })
}

fn play(folder: &Path, run_for_ms: u64, requests: Receiver<PlayerRequest>) -> Vec<SlideOrder> {
    let config = Config {
        folders: vec![folder.join("content")],
        data_dir: folder.join("data"),
        dwell_ms: 40,
        ..Config::default()
    };
    let (commands, command_queue) = bounded(16);
    let (event_queue, events) = bounded(16);
    let drawn = stage(command_queue, event_queue);
    let (local, _) = catalog::read_folder(&config.folders[0]);
    let player = Player::new(Parts {
        ledger: Ledger::open(&config.data_dir).expect("opens").0,
        config,
        local,
        enrolment: None,
        clock: Arc::new(crate::clock::SystemClock::new(true)),
        composer: Sketch,
        stage: commands,
        events,
        requests,
        recorded: Arc::default(),
        run_for_ms: Some(run_for_ms),
    })
    .expect("player");
    player.run();
    drawn.join().expect("stage ended well")
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
    std::fs::write(path, bytes).expect("writes");
}

#[test]
fn plays_abut_are_recorded_once_and_never_share_a_number() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/a.png"), b"a");
    write(&folder.path().join("content/cafe/b.png"), b"b");
    write(
        &folder.path().join("content/cafe/campaign.toml"),
        b"title = 'x'\ntarget = 'https://cafe.example/'\n",
    );
    let (_keep, requests) = bounded(1);
    let presented = play(folder.path(), 700, requests);
    assert_eq!(
        presented[0].creative,
        Creative::House,
        "the first picture comes at once"
    );
    assert!(presented[1..].iter().all(|order| {
        order
            .code
            .as_ref()
            .is_some_and(|code| code.url == "https://cafe.example/")
    }));
    let ledger = Ledger::open(&folder.path().join("data")).expect("opens").0;
    let plays = ledger.plays_since(None).expect("reads");
    assert_eq!(
        plays.len(),
        presented.len() - 1,
        "every presented item is one play"
    );
    assert!(plays.len() >= 5, "{}", plays.len());
    let numbers: BTreeSet<_> = plays.iter().map(|play| play.play.number).collect();
    assert_eq!(numbers.len(), plays.len());
    for pair in plays.windows(2) {
        assert_eq!(
            pair[0].play.start_boot_ms + pair[0].play.visible_ms,
            pair[1].play.start_boot_ms,
            "plays abut"
        );
    }
    assert!(
        plays[..plays.len() - 1]
            .iter()
            .all(|play| play.play.outcome == Outcome::Complete)
    );
}

#[test]
fn a_bad_picture_costs_its_own_item_only_and_the_house_airs_when_all_are_bad() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/mixed/bad.png"), b"bad");
    write(&folder.path().join("content/mixed/good.png"), b"good");
    let (_keep, requests) = bounded(1);
    let presented = play(folder.path(), 300, requests);
    assert!(presented.len() >= 3);
    assert!(presented[1..].iter().all(
        |order| matches!(&order.creative, Creative::File(file) if file.path.ends_with("good.png"))
    ));

    std::fs::remove_file(folder.path().join("content/mixed/good.png")).expect("removes");
    let (asks, requests) = bounded(4);
    let (reply, status) = tokio::sync::oneshot::channel();
    let asker = std::thread::spawn(move || {
        std::thread::park_timeout(Duration::from_millis(150));
        asks.send(PlayerRequest::Status(reply))
            .expect("player lives");
        asks
    });
    let presented = play(folder.path(), 300, requests);
    assert_eq!(
        presented
            .iter()
            .map(|order| &order.creative)
            .collect::<Vec<_>>(),
        [&Creative::House]
    );
    let status = status.blocking_recv().expect("answered");
    assert!(
        status
            .problems
            .iter()
            .any(|problem| problem.contains("bad.png: not a picture")),
        "{:?}",
        status.problems
    );
    drop(asker);
}
