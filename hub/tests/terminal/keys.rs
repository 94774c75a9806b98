//! A terminal learns a new key by itself, and loses no code over it.

use std::os::unix::fs::PermissionsExt as _;

use passerby_hub::Hub;
use passerby_hub::hub::TokenFault;
use passerby_playout::identity::credentials::Enrolment;
use passerby_protocol::token::{Token, TokenContents};

use crate::parts::{HubProcess, copy_folder, enrol, hub, publish, renew, wait_until};
use crate::stand::{Shown, Terminal};

/// Collects the tokens that are shown into `all` until one is as it should be.
fn show_until(
    terminal: &Terminal,
    what: &str,
    all: &mut Vec<String>,
    is_it: impl Fn(&TokenContents) -> bool,
) {
    let shown = terminal.show_until(what, |shown| {
        let token = shown.token().and_then(Token::parse);
        token.is_some_and(|token| is_it(token.unverified()))
    });
    all.extend(shown.iter().filter_map(Shown::token).map(str::to_owned));
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
    show_until(&terminal, "a code", &mut all, |contents| {
        contents.generation == 0
    });
    drop(process);
    assert_eq!(hub(&data, &["screen", "rotate", &screen])["generation"], 1);
    for _ in 0..10 {
        show_until(&terminal, "a code of an offline screen", &mut all, |_| true);
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
    show_until(&terminal, "a code of the new key", &mut all, |contents| {
        contents.generation == 1
    });
    let kept = Enrolment::load(&data_dir).expect("reads").expect("there");
    assert_eq!(kept.credentials.generation, 1);
    assert_ne!(kept.credentials.token_key, enrolment.credentials.token_key);
    assert_eq!(kept.credentials.bearer, enrolment.credentials.bearer);
    let file = std::fs::metadata(data_dir.join("credentials.json")).expect("there");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);

    // The hub hears of it with the next heartbeat; until then the screen shows more codes.
    wait_until("a heartbeat that says so", || {
        show_until(&terminal, "a code", &mut all, |_| true);
        hub(&data, &["screen", "list"])[0]["minting"] == 1
    });
    show_until(&terminal, "one more", &mut all, |_| true);
    let news = all.iter().filter(|token| {
        Token::parse(token).is_some_and(|token| token.unverified().generation == 1)
    });
    assert!(news.count() >= 2);
    for token in &all {
        assert_eq!(verdict(token, now_ms()), Ok(()), "no code is lost");
    }
    let late = TokenContents {
        minutes: TokenContents::minutes_at(Some(now_ms() + 3_600_000)),
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
    copy_folder(&data, &backup);

    hub(&data, &["screen", "rotate", &screen]);
    let process = HubProcess::start(&data, &address);
    let terminal = Terminal::start(&data_dir, &enrolment);
    let mut all = Vec::new();
    show_until(&terminal, "a code of the new key", &mut all, |contents| {
        contents.generation == 1
    });
    drop(process);
    std::fs::remove_dir_all(&data).expect("removes");
    copy_folder(&backup, &data);
    let process = HubProcess::start(&data, &address);
    show_until(&terminal, "a code of the hub's key", &mut all, |contents| {
        contents.generation == 0
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
    show_until(&terminal, "a code", &mut all, |_| true);

    let screen = enrolment.credentials.screen.to_string();
    let newcomer = renew(
        &data,
        &screen,
        &process.url(),
        &folder.path().join("newcomer"),
    );
    assert_eq!(newcomer.credentials.screen, enrolment.credentials.screen);
    assert_eq!(newcomer.credentials.generation, 1);

    terminal.wait_for("it says so", |status| {
        let mut problems = status.problems.iter();
        let says_so = "does not know this screen any more";
        status.manifest_version == 0 && problems.any(|problem| problem.contains(says_so))
    });
    terminal.stop();
}
