use passerby_protocol::{Campaign, CampaignId, ScreenNumber};

use super::*;
use crate::database::{Lock, values};
use crate::people::{Actor, Scope};
use crate::publish::folder::Publication;
use crate::store::testing::on_each_database;
use crate::store::{FILE_NAME, PhoneToRemember, Redeemed, Redeemer, Store, Targets};

const NOW_MS: i64 = 1_800_000_000_000;
const MANY: MailLimits = MailLimits {
    a_minute: 1_000,
    a_day: 1_000,
};

fn campaign() -> CampaignId {
    "book".parse().unwrap()
}

/// A hub with a screen and a campaign.
fn prepared(store: &Store) -> ScreenNumber {
    let toml = "title = 'Book'\nlanding = 'page'\n[follow]\nmail = true\nfor_fans = { offer = 'A tea', offer_until = 2027-01-31 }\n";
    let publication = Publication {
        id: campaign(),
        campaign: Campaign::parse("campaign.toml", toml, &["a.png".into()]).unwrap(),
        items: Vec::new(),
        creatives: Vec::new(),
        account_picture: None,
        notes: Vec::new(),
        written: String::new(),
    };
    let actor = Actor::COMMAND_LINE;
    store.set_scan_base("HTTPS://HUB.EXAMPLE", 0).unwrap();
    let (screen, _) = store.add_screen(&actor, "one", 1_000).unwrap();
    store
        .publish(&actor, &publication, &Targets::Everywhere, 1_000)
        .unwrap();
    screen
}

/// Puts somebody there who is asked to confirm.
fn asked(store: &Store, screen: ScreenNumber, name: &str, at_ms: i64) {
    let hmac = hmac(name);
    store
        .write(Lock::Everything, |tx| {
            let follower: i64 = tx.value(
                "INSERT INTO followers (name, campaign, screen, address_hmac, sealed, language, consent, asked_ms, ends_ms,
                                        phone_hmac, phone_ends_ms, visit_ms, last_share)
                 VALUES (?1, 'book', ?2, ?3, ?4, 'en', 1, ?5, ?6, ?7, ?8, ?5, 0) RETURNING id",
                values![
                    name,
                    screen.get(),
                    &hmac,
                    &sealed(name),
                    at_ms,
                    at_ms + CONFIRM_MS,
                    phone(name),
                    at_ms + PHONE_MS
                ],
            )?;
            tx.execute(
                "INSERT INTO follow_mails (follower, campaign, made_ms, next_ms) VALUES (?1, 'book', ?2, ?2)",
                values![follower, at_ms],
            )
        })
        .unwrap();
}

fn hmac(name: &str) -> [u8; 32] {
    let mut bytes = *b"the keyed hash of an address....";
    for (place, byte) in name.bytes().take(4).enumerate() {
        bytes[28 + place] = byte;
    }
    bytes
}

fn phone(name: &str) -> [u8; 32] {
    let mut bytes = hmac(name);
    bytes[..9].copy_from_slice(b"the phone");
    bytes
}

fn sealed(name: &str) -> Vec<u8> {
    format!("the sealed address of {name}").into_bytes()
}

/// Puts somebody there who has confirmed, and had the mail that asked.
fn joined(store: &Store, screen: ScreenNumber, name: &str) {
    asked(store, screen, name, NOW_MS);
    for mail in store.begin_follow_mails(MANY, NOW_MS).unwrap() {
        assert_eq!(mail.news, None);
        store.end_follow_mail(&mail, MailEnd::Sent, NOW_MS).unwrap();
    }
    assert!(
        store
            .confirm_follower(name, PhoneToRemember::AsAsked, NOW_MS)
            .unwrap()
    );
}

fn sent(store: &Store) -> i64 {
    let actor = Actor::COMMAND_LINE;
    let text = NewNews::read("New", "It is out.", "https://a.example/").unwrap();
    let news = store
        .keep_news(&actor, &campaign(), None, &text, NOW_MS)
        .unwrap();
    store.send_news(&actor, &campaign(), news, NOW_MS).unwrap();
    news
}

#[test]
fn news_goes_to_each_at_most_once_whatever_becomes_of_who_sends_it() {
    on_each_database(|database| {
        let store = database.open();
        let screen = prepared(&store);
        for name in ["a", "b", "c", "d"] {
            joined(&store, screen, name);
        }
        asked(&store, screen, "nobody", NOW_MS);
        let news = sent(&store);
        let begun = store.begin_follow_mails(MANY, NOW_MS).unwrap();
        assert_eq!(begun.iter().filter(|mail| mail.news.is_none()).count(), 1);
        let begun: Vec<_> = begun
            .into_iter()
            .filter(|mail| mail.news.is_some())
            .collect();
        assert_eq!(begun.len(), 4, "who has not confirmed gets none");
        assert!(store.begin_follow_mails(MANY, NOW_MS).unwrap().is_empty());
        let ends = [MailEnd::Sent, MailEnd::Later, MailEnd::Refused];
        for (mail, end) in begun.iter().zip(ends) {
            store.end_follow_mail(mail, end, NOW_MS).unwrap();
        }
        // Whoever sent the fourth is gone.
        let later = NOW_MS + 11 * 60_000;
        let again = store.begin_follow_mails(MANY, later).unwrap();
        let again: Vec<i64> = again.iter().map(|mail| mail.id).collect();
        assert_eq!(again, [begun[1].id]);
        let mut second = begun[1].clone();
        second.attempts = 1;
        store
            .end_follow_mail(&second, MailEnd::Sent, later)
            .unwrap();
        let told = store.news(&campaign(), news).unwrap().unwrap();
        assert_eq!(
            (told.total, told.sent, told.failed, told.uncertain),
            (4, 2, 1, 1)
        );
        assert_eq!(told.ended_ms, Some(later));
        let actor = Actor::COMMAND_LINE;
        let once_more = store.send_news(&actor, &campaign(), news, later);
        assert!(matches!(once_more, Err(NewsError::Sent)));
        for hours in 1..100 {
            let at = later + hours * 3_600_000;
            assert!(store.begin_follow_mails(MANY, at).unwrap().is_empty());
        }
    });
}

#[test]
fn no_more_goes_out_than_in_a_minute_and_a_day() {
    on_each_database(|database| {
        let store = database.open();
        let screen = prepared(&store);
        for at in 0..8 {
            joined(&store, screen, &format!("n{at}"));
        }
        sent(&store);
        let limits = MailLimits {
            a_minute: 3,
            a_day: 5,
        };
        let mut at_ms = NOW_MS + 120_000;
        let mut counts = Vec::new();
        for _ in 0..4 {
            let begun = store.begin_follow_mails(limits, at_ms).unwrap();
            for mail in &begun {
                store.end_follow_mail(mail, MailEnd::Sent, at_ms).unwrap();
            }
            counts.push(begun.len());
            at_ms += 60_001;
        }
        assert_eq!(counts, [3, 2, 0, 0]);
        let begun = store
            .begin_follow_mails(limits, at_ms + 86_400_000)
            .unwrap();
        assert_eq!(begun.len(), 3);
    });
}

#[test]
fn an_address_that_is_none_ends_and_what_was_stopped_goes_no_further() {
    on_each_database(|database| {
        let store = database.open();
        let screen = prepared(&store);
        for name in ["a", "b", "c"] {
            joined(&store, screen, name);
        }
        let news = sent(&store);
        let one = MailLimits {
            a_minute: 1,
            ..MANY
        };
        let at_ms = NOW_MS + 120_000;
        let begun = store.begin_follow_mails(one, at_ms).unwrap();
        store
            .end_follow_mail(&begun[0], MailEnd::NoAddress, at_ms)
            .unwrap();
        assert_eq!(store.follower("a", at_ms).unwrap(), None);
        let counts = store
            .fan_counts(Some(&campaign()), None, (None, None))
            .unwrap();
        assert_eq!((counts.total, counts.new, counts.gone), (2, 3, 1));
        let actor = Actor::COMMAND_LINE;
        store.stop_news(&actor, &campaign(), news, at_ms).unwrap();
        assert!(store.begin_follow_mails(MANY, at_ms).unwrap().is_empty());
        let told = store.news(&campaign(), news).unwrap().unwrap();
        assert_eq!((told.total, told.failed), (1, 1));
        assert!(told.ended_ms.is_some());
    });
}

#[test]
fn who_does_not_confirm_in_time_is_forgotten_and_so_is_who_is_not_heard_of() {
    on_each_database(|database| {
        let store = database.open();
        let screen = prepared(&store);
        asked(&store, screen, "late", NOW_MS);
        joined(&store, screen, "fan");
        store.forget_followers(NOW_MS + CONFIRM_MS - 1).unwrap();
        assert!(store.follower("late", NOW_MS).unwrap().is_some());
        store.forget_followers(NOW_MS + CONFIRM_MS).unwrap();
        assert_eq!(store.follower("late", NOW_MS).unwrap(), None);
        assert!(
            !store
                .confirm_follower("late", PhoneToRemember::AsAsked, NOW_MS)
                .unwrap()
        );
        store.forget_followers(NOW_MS + PHONE_MS + 1).unwrap();
        let fan = store.follower("fan", NOW_MS).unwrap().unwrap();
        assert_eq!(fan.phone_ends_ms, None);
        store.forget_followers(NOW_MS + FOLLOW_MS).unwrap();
        assert_eq!(store.follower("fan", NOW_MS).unwrap(), None);
        let counts = store.fan_counts(None, None, (None, None)).unwrap();
        assert_eq!((counts.total, counts.new, counts.gone), (0, 1, 1));
    });
}

#[test]
fn a_code_is_used_once_and_whoever_tries_it_again_hears_when_that_was() {
    on_each_database(|database| {
        let store = database.open();
        let screen = prepared(&store);
        joined(&store, screen, "fan");
        let fan = store.follower("fan", NOW_MS).unwrap().unwrap();
        store.give_code(&fan, &[1; 32], b"sealed", NOW_MS).unwrap();
        store.give_code(&fan, &[2; 32], b"other", NOW_MS).unwrap();
        let known = store.with_code(fan).unwrap();
        assert_eq!(
            known.sealed_code.as_deref(),
            Some(&b"sealed"[..]),
            "one each"
        );
        let actor = Actor::COMMAND_LINE;
        let day = jiff::civil::date(2027, 1, 15);
        let at = (day, NOW_MS);
        let by_word = |word: &[u8; 32]| {
            store
                .redeem_code(&[1; 32], Redeemer::Word(word), at)
                .unwrap()
        };
        assert_eq!(by_word(&[9; 32]), Redeemed::Unknown, "no word is set");
        store
            .set_fan_word(&actor, &campaign(), &[9; 32], NOW_MS)
            .unwrap();
        assert_eq!(by_word(&[8; 32]), Redeemed::Unknown);
        let over = (jiff::civil::date(2027, 2, 1), NOW_MS);
        let late = store.redeem_code(&[1; 32], Redeemer::Word(&[9; 32]), over);
        assert!(matches!(late, Ok(Redeemed::Over(_))));
        assert!(matches!(by_word(&[9; 32]), Redeemed::Now { .. }));
        let again = store
            .redeem_code(&[1; 32], Redeemer::Person(&actor), (day, NOW_MS + 5))
            .unwrap();
        let Redeemed::Before { at_ms, by } = again else {
            panic!("{again:?}");
        };
        assert_eq!((at_ms, by.as_str()), (NOW_MS, "the shop's staff"));
        // It stays used when whoever had it is gone, and is nobody's then.
        assert!(store.leave("fan", NOW_MS).unwrap());
        assert!(matches!(by_word(&[9; 32]), Redeemed::Before { .. }));
        assert_eq!(
            store
                .redeem_code(&[2; 32], Redeemer::Person(&actor), at)
                .unwrap(),
            Redeemed::Unknown
        );
    });
}

#[test]
fn whoever_is_erased_is_in_no_table_and_no_file_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let screen = prepared(&store);
    for name in ["goes", "stays"] {
        joined(&store, screen, name);
    }
    sent(&store);
    let fan = store.follower("goes", NOW_MS).unwrap().unwrap();
    store
        .give_code(&fan, &[77; 32], b"a code, sealed", NOW_MS)
        .unwrap();
    let traces: [Vec<u8>; 4] = [
        hmac("goes").to_vec(),
        phone("goes").to_vec(),
        sealed("goes"),
        b"a code, sealed".to_vec(),
    ];
    let lies = |bytes: &[u8]| {
        let mut files = std::fs::read_dir(folder.path()).unwrap();
        files.any(|file| {
            let content = std::fs::read(file.unwrap().path()).unwrap();
            content.windows(bytes.len()).any(|part| part == bytes)
        })
    };
    assert!(folder.path().join(FILE_NAME).exists());
    for trace in &traces {
        assert!(lies(trace));
    }
    assert_eq!(store.erase_address(&hmac("goes"), NOW_MS).unwrap(), 1);
    for trace in &traces {
        assert!(!lies(trace), "{}", String::from_utf8_lossy(trace));
    }
    assert!(lies(&sealed("stays")));
    assert_eq!(store.erase_address(&hmac("goes"), NOW_MS).unwrap(), 0);
    let listed = store.follower_list(&Actor::COMMAND_LINE, &campaign(), 0, 9, NOW_MS);
    assert_eq!(listed.unwrap().len(), 1);
    let news = store.news_list(&campaign(), &Scope::ALL).unwrap().unwrap();
    assert_eq!(news[0].total, 1);
}
