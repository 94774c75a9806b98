//! When a browser runs, and that nothing of it stays.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use passerby_compose::SlideComposer;
use passerby_compose::settings::Settings;
use passerby_compose::slide::FrameSource;
use passerby_playout::content::creative::Creative;
use passerby_playout::messages::stage_messages::{Composer, SlideOrder, Ticket};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_playout::system::clock::Clock;
use passerby_protocol::campaign::{Colours, Motion};

use crate::browsers::{await_nothing_left, folders, folders_of, processes, processes_of};
use crate::server::{Answer, Server, halves};
use crate::setup::{MINUTE, PageSetup, SIZE};
use crate::{alone, await_that};

#[test]
fn a_browser_that_is_killed_leaves_no_process_zombie_or_folder() {
    let _turn = alone();
    let setup = PageSetup::new();
    let server = Server::start(Answer::Hang);
    let page = setup.page_of(&server, "slow.page.toml", "");
    let mut keeper = setup.keeper();
    assert!(keeper.picture(&page, SIZE).is_err());
    server.await_hits(1);
    assert_eq!(folders().len(), 1);
    let leader = processes()
        .iter()
        .find(|(_, parent)| *parent == std::process::id())
        .map(|(pid, _)| *pid)
        .unwrap();
    let leader = rustix::process::Pid::from_raw(leader.try_into().unwrap()).unwrap();
    rustix::process::kill_process(leader, rustix::process::Signal::KILL).unwrap();
    let said = setup
        .ask_until(&mut keeper, &page, |found| {
            found
                .as_ref()
                .is_err_and(|said| said.contains("the browser ended"))
        })
        .err()
        .unwrap();
    assert!(said.starts_with("slow.page.toml: "), "{said}");
    await_nothing_left();

    // Dropped in the middle of the next one.
    setup.clock.waited(16 * MINUTE);
    assert!(keeper.picture(&page, SIZE).is_err());
    server.await_hits(2);
    drop(keeper);
    await_nothing_left();
}

#[test]
fn no_browser_runs_while_a_page_is_on_screen() {
    let _turn = alone();
    let setup = PageSetup::new();
    let server = Server::start(halves(""));
    let page = setup.page_of(&server, "board.page.toml", "settle_seconds = 0\n");
    let mut keeper = setup.keeper();
    let picture = setup.await_picture(&mut keeper, &page);

    // A picture that was only made ready keeps nothing away.
    let mut frame_source = picture.frame_source();
    server.answers(Answer::Hang);
    setup.clock.waited(16 * MINUTE);
    keeper.prefetch([(&page, SIZE)]);
    server.await_hits(2);
    assert!(!processes().is_empty());

    // On screen, it sends the browser away and keeps it away.
    frame_source.begin();
    await_nothing_left();
    setup.clock.waited(MINUTE);
    for _ in 0..10 {
        let found = keeper.picture(&page, SIZE).expect("the last good one");
        assert_eq!(found.trouble, None, "being called off is no failure");
        thread::sleep(Duration::from_millis(50));
        assert!(processes().is_empty());
    }
    assert_eq!(server.hits(), 2);

    // In the gap it is taken up again, after a pause that begins when the keeper hears that the
    // browser has gone.
    drop(frame_source);
    await_that("it is taken up again", || {
        setup.clock.waited(Duration::from_millis(100));
        server.hits() == 3
    });
    let mut frame_source = picture.frame_source();
    frame_source.begin();
    await_nothing_left();

    // Pages that leave no gap do not starve: after another interval it is taken with one on screen.
    setup.clock.waited(16 * MINUTE);
    keeper.prefetch([(&page, SIZE)]);
    await_that("it is taken although one is on screen", || {
        // The keeper may hear later than this test that the last browser has gone, and pauses from
        // then on.
        setup.clock.waited(Duration::from_millis(100));
        server.hits() == 4
    });
    let mut next = picture.frame_source();
    next.begin();
    drop(frame_source);
    assert!(!processes().is_empty(), "this run is not called off");
    drop(keeper);
    await_nothing_left();
}

#[test]
fn a_terminal_that_is_killed_takes_its_browser_along() {
    // This test starts itself as the terminal.
    const TERMINAL: &str = "PASSERBY_TEST_TERMINAL";
    if let Some(address) = std::env::var_os(TERMINAL) {
        let setup = PageSetup::new();
        let text = format!("url = 'http://{}/page'\n", address.display());
        let page = setup.page("slow.page.toml", &text);
        let mut keeper = setup.keeper();
        assert!(keeper.picture(&page, SIZE).is_err());
        loop {
            thread::park();
        }
    }
    let _turn = alone();
    let setup = PageSetup::new();
    let server = Server::start(Answer::Hang);
    let mut terminal = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "lifetimes::a_terminal_that_is_killed_takes_its_browser_along",
        ])
        .env(TERMINAL, &server.address)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.await_hits(1);
    assert!(!processes_of(terminal.id()).is_empty());
    terminal.kill().unwrap();
    terminal.wait().unwrap();

    // The browser follows by itself; its folder and what it may have left behind go with the next
    // start.
    let page = setup.page("any.page.toml", "url = 'http://127.0.0.1:9/'\n");
    let mut keeper = setup.keeper();
    assert!(keeper.picture(&page, SIZE).is_err());
    await_that("everything of the killed terminal is gone", || {
        processes_of(terminal.id()).is_empty() && folders_of(terminal.id()).is_empty()
    });
}

#[test]
fn a_page_that_may_be_shown_has_its_picture_before_its_first_slide_is_made() {
    let _turn = alone();
    let setup = PageSetup::new();
    let server = Server::start(halves(""));
    let page = setup.page_of(&server, "board.page.toml", "settle_seconds = 0\n");
    let snapshots = setup.folder.path().join("snapshots");
    let mut composer = SlideComposer::new(Settings {
        snapshots: Some(snapshots.clone()),
        clock: Arc::clone(&setup.clock) as Arc<dyn Clock>,
        own_folders: vec![setup.folder.path().into()],
        ..Settings::default()
    });
    let place = Geometry::whole(SIZE.0, SIZE.1);
    composer.expect(&[(page.clone(), place.clone())]);
    server.await_hits(1);
    await_that("its picture is kept", || {
        let kept = std::fs::read_dir(&snapshots).map(Iterator::count);
        kept.is_ok_and(|count| count > 0)
    });
    await_nothing_left();

    let order = SlideOrder {
        ticket: Ticket(1),
        zone: Zone::MAIN,
        creative: Creative::File(page.clone()),
        campaign: "board".to_owned(),
        play: None,
        headline: None,
        code: None,
        colours: Colours::default(),
        motion: Motion::Still,
        sound: false,
        dwell: None,
    };
    let made = composer.compose(&order, &place);
    let made = made.expect("the first slide of the page is not skipped");
    assert_eq!(made.health.trouble(), None);

    // It is kept fresh on its interval, also before it was ever on screen.
    setup.clock.waited(16 * MINUTE);
    composer.expect(&[(page, place)]);
    server.await_hits(2);
    await_nothing_left();
    drop(made);
}
