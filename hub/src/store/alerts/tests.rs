use std::collections::BTreeSet;

use passerby_protocol::ScreenNumber;
use passerby_protocol::plays::Display;
use passerby_protocol::wire::Heartbeat;

use crate::database::{Lock, values};
use crate::people::{Actor, Role, Scope};
use crate::store::alerts::records::{
    AlertError, AlertKind, AlertSettings, AlertTelling, AlertWords, CHANGES_MAX,
};
use crate::store::rollups::QUARTER_MS;
use crate::store::testing::on_each_database;
use crate::store::{ClaimedMessage, Store, StoreError};

const OPERATOR: Actor = Actor::COMMAND_LINE;
const MINUTE_MS: i64 = 60_000;
/// Any moment, at noon.
const NOON: u32 = 12 * 60;
const START_MS: i64 = 1_000 * QUARTER_MS;

fn settings(kinds: &[AlertKind]) -> AlertSettings {
    AlertSettings {
        name: "North".into(),
        group: None,
        kinds: kinds.iter().copied().collect(),
        silent_minutes: 15,
        dark_minutes: 60,
        dark_hours: None,
        free_mib: 100,
        gather_s: 0,
        messages_a_day: 3,
        mails: vec!["ops@hub.example".into()],
        hook: None,
        hook_host: None,
        words: AlertWords::English,
        paused: false,
    }
}

fn screens(store: &Store, count: u32) -> Vec<ScreenNumber> {
    let added: Vec<ScreenNumber> = (1..=count)
        .map(|n| {
            store
                .add_screen(&OPERATOR, &format!("Exit {n}"), START_MS)
                .unwrap()
                .0
        })
        .collect();
    for screen in &added {
        let mut bearer = [0; 32];
        bearer[..4].copy_from_slice(&screen.get().to_be_bytes());
        let enrolled = "UPDATE screens SET bearer_sha256 = ?1 WHERE number = ?2";
        store
            .write(Lock::Everything, |tx| {
                tx.execute(enrolled, values![bearer, screen.get()])
            })
            .unwrap();
    }
    added
}

fn well() -> Heartbeat {
    Heartbeat {
        software: "0.1.0".into(),
        clock_trusted: true,
        screen_px: [1_920, 1_080],
        disk_free_bytes: 10 << 30,
        ..Heartbeat::default()
    }
}

/// Looks once a minute for some minutes; some of the screens say meanwhile how they are.
fn pass(store: &Store, now_ms: &mut i64, minutes: i64, heard: &[(ScreenNumber, Heartbeat)]) {
    for _ in 0..minutes {
        *now_ms += MINUTE_MS;
        for (screen, heartbeat) in heard {
            store.heard_from(*screen, heartbeat, *now_ms).unwrap();
        }
        store.judge_alerts(NOON, *now_ms).unwrap();
    }
}

/// Takes all that there is to send.
fn sent(store: &Store, now_ms: i64) -> Vec<AlertTelling> {
    let claimed: Vec<ClaimedMessage> = store.claim_alert_messages(100, now_ms).unwrap();
    claimed
        .into_iter()
        .map(|message| {
            store.alert_message_sent(message.id, now_ms).unwrap();
            message.telling
        })
        .collect()
}

#[test]
fn a_silent_screen_is_told_once_and_once_more_when_it_is_well_again() {
    on_each_database(|database| {
        let store = database.open();
        let [screen, other] = screens(&store, 2)[..] else {
            panic!("two screens");
        };
        let mut now_ms = START_MS;
        store
            .add_alert_rule(&OPERATOR, &settings(&[AlertKind::Silent]), None, now_ms)
            .unwrap();
        let both = [(screen, well()), (other, well())];
        pass(&store, &mut now_ms, 5, &both);
        assert_eq!(sent(&store, now_ms), []);
        pass(&store, &mut now_ms, 14, &both[1..]);
        assert_eq!(sent(&store, now_ms), []);
        pass(&store, &mut now_ms, 1, &both[1..]);
        let told = sent(&store, now_ms);
        let [telling] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!((telling.bad, telling.well), (1, 0));
        assert_eq!(telling.changes[0].name, "Exit 1");
        assert_eq!(telling.changes[0].since_ms, START_MS + 5 * MINUTE_MS);
        assert_eq!(store.open_alerts(&Scope::ALL, 9).unwrap().len(), 1);
        // Neither time nor another process tells it once more.
        drop(store);
        let store = database.open();
        pass(&store, &mut now_ms, 60, &both[1..]);
        assert_eq!(sent(&store, now_ms), []);
        // A sign of life now and then is no recovery.
        for _ in 0..5 {
            pass(&store, &mut now_ms, 1, &both);
            pass(&store, &mut now_ms, 10, &both[1..]);
        }
        assert_eq!(sent(&store, now_ms), []);
        pass(&store, &mut now_ms, 5, &both);
        assert_eq!(sent(&store, now_ms), []);
        pass(&store, &mut now_ms, 2, &both);
        let told = sent(&store, now_ms);
        assert_eq!(
            told.iter()
                .map(|one| (one.bad, one.well))
                .collect::<Vec<_>>(),
            [(0, 1)]
        );
        assert_eq!(store.open_alerts(&Scope::ALL, 9).unwrap(), []);
        pass(&store, &mut now_ms, 30, &both);
        assert_eq!(sent(&store, now_ms), []);
    });
}

#[test]
fn a_hub_that_was_away_gives_screens_their_whole_time_and_tells_the_rest_in_one_message() {
    on_each_database(|database| {
        let store = database.open();
        let all = screens(&store, 40);
        let mut now_ms = START_MS;
        let rule = AlertSettings {
            gather_s: 120,
            ..settings(&[AlertKind::Silent])
        };
        store
            .add_alert_rule(&OPERATOR, &rule, None, now_ms)
            .unwrap();
        let heard: Vec<_> = all.iter().map(|screen| (*screen, well())).collect();
        pass(&store, &mut now_ms, 5, &heard);
        // Nobody looks for a day, and nobody can be heard.
        now_ms += 24 * 60 * MINUTE_MS;
        pass(&store, &mut now_ms, 10, &heard[..1]);
        assert_eq!(sent(&store, now_ms), []);
        // Two come back; the others stay away.
        pass(&store, &mut now_ms, 5, &heard[..2]);
        assert_eq!(sent(&store, now_ms), []);
        pass(&store, &mut now_ms, 3, &heard[..2]);
        let told = sent(&store, now_ms);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((told[0].bad, told[0].well), (38, 0));
        assert_eq!(told[0].changes.len(), CHANGES_MAX);
    });
}

#[test]
fn what_flickers_while_it_is_gathered_is_never_told_and_a_rule_is_quiet_after_its_number() {
    on_each_database(|database| {
        let store = database.open();
        let screen = screens(&store, 1)[0];
        let mut now_ms = START_MS;
        let rule = AlertSettings {
            gather_s: 600,
            ..settings(&[AlertKind::Full])
        };
        let id = store
            .add_alert_rule(&OPERATOR, &rule, None, now_ms)
            .unwrap();
        let full = |mib: u64| {
            let disk_free_bytes = mib << 20;
            [(
                screen,
                Heartbeat {
                    disk_free_bytes,
                    ..well()
                },
            )]
        };
        pass(&store, &mut now_ms, 2, &full(99));
        pass(&store, &mut now_ms, 20, &full(200));
        assert_eq!(sent(&store, now_ms), []);
        let rule = AlertSettings {
            gather_s: 0,
            ..rule
        };
        store
            .change_alert_rule(&OPERATOR, id, &rule, None, now_ms)
            .unwrap();
        pass(&store, &mut now_ms, 1, &full(99));
        assert_eq!(sent(&store, now_ms).len(), 1);
        // About the line nothing changes.
        pass(&store, &mut now_ms, 20, &full(110));
        assert_eq!(sent(&store, now_ms), []);
        let mut last = Vec::new();
        for _ in 0..4 {
            pass(&store, &mut now_ms, 10, &full(200));
            pass(&store, &mut now_ms, 1, &full(50));
            last.extend(sent(&store, now_ms));
        }
        assert_eq!(
            last.iter().map(|one| one.is_last).collect::<Vec<_>>(),
            [false, true]
        );
        // What differs a day later is told then.
        pass(&store, &mut now_ms, 24 * 60, &full(200));
        assert_eq!(sent(&store, now_ms).len(), 1);
    });
}

#[test]
fn a_screen_without_the_time_is_told_after_a_while_and_one_that_plays_nothing_in_its_hours() {
    on_each_database(|database| {
        let store = database.open();
        let screen = screens(&store, 1)[0];
        let mut now_ms = START_MS;
        store
            .add_alert_rule(&OPERATOR, &settings(&[AlertKind::Clock]), None, now_ms)
            .unwrap();
        let lost = [(
            screen,
            Heartbeat {
                clock_trusted: false,
                ..well()
            },
        )];
        pass(&store, &mut now_ms, 10, &lost);
        assert_eq!(sent(&store, now_ms), []);
        pass(&store, &mut now_ms, 1, &lost);
        assert_eq!(sent(&store, now_ms)[0].changes[0].kind, AlertKind::Clock);
        let rule = AlertSettings {
            dark_hours: Some((22 * 60, 13 * 60)),
            messages_a_day: 50,
            ..settings(&[AlertKind::Dark])
        };
        store
            .add_alert_rule(&OPERATOR, &rule, None, now_ms)
            .unwrap();
        // Nothing is published for it, so there is nothing to play.
        let heard = [(screen, well())];
        pass(&store, &mut now_ms, 120, &heard);
        assert!(sent(&store, now_ms).iter().all(|one| one.bad == 0));
        let blind = [(
            screen,
            Heartbeat {
                screen_px: [0, 0],
                ..well()
            },
        )];
        now_ms += MINUTE_MS;
        store.heard_from(screen, &blind[0].1, now_ms).unwrap();
        store.judge_alerts(13 * 60, now_ms).unwrap();
        assert_eq!(sent(&store, now_ms), [], "it is not within the hours");
        pass(&store, &mut now_ms, 1, &blind);
        assert_eq!(sent(&store, now_ms)[0].changes[0].kind, AlertKind::Dark);
        let lit =
            "INSERT INTO play_hours (screen, hour, content, outcome, display, plays, visible_ms)
                   SELECT ?1, ?2, id, 0, ?3, 5, 0 FROM contents";
        let content =
            "INSERT INTO contents (assignment, campaign, creative) VALUES (0, 'cafe', '00')";
        store
            .write(Lock::Everything, |tx| tx.execute(content, values![]))
            .unwrap();
        let show = |display: Display, now_ms: i64| {
            let hour = values![screen.get(), now_ms / 3_600_000, u8::from(display)];
            store
                .write(Lock::Everything, |tx| tx.execute(lit, hour))
                .unwrap();
        };
        let played = "INSERT INTO screen_quarters (quarter, screen, plays, visible_ms, scans, visits, pressed, shares)
                      VALUES (?1, ?2, 5, 0, 0, 0, 0, 0)";
        store
            .write(Lock::Everything, |tx| {
                tx.execute(played, values![now_ms / QUARTER_MS, screen.get()])
            })
            .unwrap();
        show(Display::Off, now_ms);
        pass(&store, &mut now_ms, 8, &heard);
        assert_eq!(sent(&store, now_ms), [], "its display is off");
        show(Display::On, now_ms);
        pass(&store, &mut now_ms, 8, &heard);
        assert_eq!(sent(&store, now_ms)[0].well, 1);
    });
}

#[test]
fn rules_are_of_those_who_have_to_do_with_their_screens() {
    on_each_database(|database| {
        let store = database.open();
        let all = screens(&store, 2);
        let change = crate::store::ScreenChange {
            group: Some(Some("north".into())),
            ..Default::default()
        };
        store
            .change_screen(&OPERATOR, all[0], &change, START_MS)
            .unwrap();
        let mut now_ms = START_MS;
        let scope = Scope {
            screens: Some(BTreeSet::from(["north".to_owned()])),
            campaigns: None,
        };
        let north = Actor::person(1, "Ada".into(), Role::Operator, scope.clone());
        let everywhere = settings(&[AlertKind::Silent]);
        let of_north = AlertSettings {
            group: Some("north".into()),
            ..everywhere.clone()
        };
        let refused = store.add_alert_rule(&north, &everywhere, None, now_ms);
        assert!(matches!(
            refused,
            Err(AlertError::Store(StoreError::OutOfScope))
        ));
        let own = store
            .add_alert_rule(&north, &of_north, None, now_ms)
            .unwrap();
        let others = store
            .add_alert_rule(&OPERATOR, &everywhere, Some(b"sealed"), now_ms)
            .unwrap();
        assert_eq!(store.alert_rules(&scope).unwrap().len(), 1);
        assert!(store.alert_rule(&scope, others).unwrap().is_none());
        for refused in [
            store.change_alert_rule(&north, others, &of_north, None, now_ms),
            store.remove_alert_rule(&north, others, now_ms),
            store.try_alert_rule(&north, others, now_ms).map(drop),
        ] {
            assert!(matches!(refused, Err(AlertError::Unknown)), "{refused:?}");
        }
        pass(&store, &mut now_ms, 20, &[]);
        let told = sent(&store, now_ms);
        assert_eq!(told.iter().map(|one| one.bad).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(store.open_alerts(&scope, 9).unwrap().len(), 1);
        assert_eq!(store.open_alerts(&Scope::ALL, 9).unwrap().len(), 2);
        assert_eq!(store.alert_messages(&scope, None, 9).unwrap().len(), 1);
        store.remove_alert_rule(&north, own, now_ms).unwrap();
        assert_eq!(store.alert_messages(&scope, None, 9).unwrap(), []);
        assert_eq!(store.alert_messages(&Scope::ALL, None, 9).unwrap().len(), 1);
        // Of a paused rule nothing is remembered.
        let paused = AlertSettings {
            paused: true,
            ..everywhere
        };
        store
            .change_alert_rule(&OPERATOR, others, &paused, None, now_ms)
            .unwrap();
        pass(&store, &mut now_ms, 1, &[]);
        assert_eq!(store.open_alerts(&Scope::ALL, 9).unwrap(), []);
        assert_eq!(sent(&store, now_ms), []);
    });
}

#[test]
fn a_message_is_claimed_by_one_tried_again_with_pauses_and_given_up() {
    on_each_database(|database| {
        let store = database.open();
        let now_ms = START_MS;
        let rule = settings(&[AlertKind::Silent]);
        let id = store
            .add_alert_rule(&OPERATOR, &rule, None, now_ms)
            .unwrap();
        screens(&store, 1);
        let mut at_ms = now_ms;
        pass(&store, &mut at_ms, 20, &[]);
        let mut tries = 0;
        loop {
            let claimed = store.claim_alert_messages(9, at_ms).unwrap();
            let [message] = &claimed[..] else {
                panic!("{claimed:?}");
            };
            assert_eq!(store.claim_alert_messages(9, at_ms).unwrap(), []);
            tries += 1;
            let again = store
                .alert_message_failed(message, ("away", false), at_ms)
                .unwrap();
            match again {
                Some(next_ms) => at_ms = next_ms,
                None => break,
            }
        }
        assert_eq!(tries, 6);
        let listed = store.alert_messages(&Scope::ALL, Some(id), 9).unwrap();
        assert_eq!(listed[0].failed_ms, Some(at_ms));
        assert_eq!(listed[0].problem.as_deref(), Some("away"));
        assert_eq!(
            store
                .claim_alert_messages(9, at_ms + 1_000_000_000)
                .unwrap(),
            []
        );
        // Whoever claimed it may have died.
        store.try_alert_rule(&OPERATOR, id, at_ms).unwrap();
        assert_eq!(store.claim_alert_messages(9, at_ms).unwrap().len(), 1);
        let later = store
            .claim_alert_messages(9, at_ms + 10 * MINUTE_MS)
            .unwrap();
        assert_eq!(later[0].attempts, 1);
    });
}

#[test]
fn a_password_stays_with_its_server_and_goes_nowhere_else() {
    use crate::store::{MailEncryption, MailServer};
    on_each_database(|database| {
        let store = database.open();
        let server = MailServer {
            host: "smtp.hub.example".into(),
            port: 465,
            encryption: MailEncryption::Tls,
            user: Some("hub".into()),
            reply_to: None,
            from: "hub@hub.example".into(),
        };
        let sealed = |store: &Store| store.mail_server().unwrap().unwrap().1;
        store
            .set_mail_server(&OPERATOR, &server, Some(b"s3cret"), 1)
            .unwrap();
        let renamed = MailServer {
            from: "ops@hub.example".into(),
            ..server.clone()
        };
        store.set_mail_server(&OPERATOR, &renamed, None, 2).unwrap();
        assert_eq!(sealed(&store).as_deref(), Some(&b"s3cret"[..]));
        for other in [
            MailServer {
                host: "evil.example".into(),
                ..server.clone()
            },
            MailServer {
                port: 25,
                ..server.clone()
            },
            MailServer {
                encryption: MailEncryption::None,
                ..server.clone()
            },
        ] {
            store
                .set_mail_server(&OPERATOR, &server, Some(b"s3cret"), 3)
                .unwrap();
            store.set_mail_server(&OPERATOR, &other, None, 3).unwrap();
            assert_eq!(sealed(&store), None, "{other:?}");
        }
        store.remove_mail_server(&OPERATOR, 4).unwrap();
        assert_eq!(store.mail_server().unwrap(), None);
    });
}
