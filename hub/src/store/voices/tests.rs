use super::*;
use crate::alerts::check::new_rule;
use crate::people::{Actor, Scope};
use crate::scans::visitor::Visitor;
use crate::store::rollups::tests::{Step, Street};
use crate::store::testing::on_each_database;
use crate::store::voices::say::OF_MINUTE_MAX;
use crate::store::{AlertKind, AlertSettings, AlertWords, Store};
use crate::system::clock::DAY_MS;

/// Something that was said, which is another one each time.
fn new(name: &str, once: u8) -> NewVoice<'_> {
    NewVoice {
        name,
        once: [once; 16],
        sealed: b"sealed",
        picture: None,
        consent: 1,
        for_screen: once.is_multiple_of(2),
        ends_ms: i64::MAX,
    }
}

/// A link of a visitor's own, to play so much.
fn link_of(street: &mut Street, visitor: u8, play: u32) -> String {
    let before = street.links().len();
    street.take(&Step::Scan {
        screen: 0,
        play,
        visitor,
        grade: 0,
        at: 1,
    });
    let link = street.links()[before].clone();
    street.take(&Step::Open {
        link: before,
        visitor,
        grade: 0,
    });
    link
}

fn say(store: &Store, link: &str, visitor: u8, name: &str, once: u8, now_ms: i64) -> SaidVoice {
    let visitor = Visitor([visitor; 16]);
    store.say(link, visitor, new(name, once), now_ms).unwrap()
}

#[test]
fn as_much_is_taken_of_one_visitor_and_in_one_minute_as_was_said_and_no_more() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        let mut names = (0..).map(|at| format!("voice{at:011}"));
        let mut name = || names.next().unwrap();
        let links: Vec<String> = (1..=4).map(|play| link_of(&mut street, 1, play)).collect();
        let (store, now_ms) = (&street.store, street.now_ms);
        let taken: Vec<SaidVoice> = (0..12)
            .map(|at| {
                say(
                    store,
                    &links[at / 4 % 4],
                    1,
                    &name(),
                    u8::try_from(at).unwrap(),
                    now_ms,
                )
            })
            .collect();
        let of_visit = [
            SaidVoice::Kept,
            SaidVoice::Kept,
            SaidVoice::Kept,
            SaidVoice::TooMany,
        ];
        assert_eq!(taken[..4], of_visit);
        let kept = taken
            .iter()
            .filter(|taken| **taken == SaidVoice::Kept)
            .count();
        assert_eq!(i64::try_from(kept).unwrap(), OF_DAY_MAX);
        // What is known is no more of it.
        assert_eq!(
            say(store, &links[0], 1, &name(), 0, now_ms),
            SaidVoice::Kept
        );
        assert_eq!(
            say(store, &links[0], 2, &name(), 77, now_ms),
            SaidVoice::NotOwn
        );
        assert_eq!(
            say(store, "nothing", 1, &name(), 77, now_ms),
            SaidVoice::NotOwn
        );
        assert_eq!(store.report().unwrap().voices.tally.total, 8);
        let mut all = OF_DAY_MAX;
        for visitor in 2..=22 {
            let link = link_of(&mut street, visitor, 9 + u32::from(visitor));
            for once in 0..3 {
                let said = say(&street.store, &link, visitor, &name(), once, now_ms);
                let expected = if all < OF_MINUTE_MAX {
                    SaidVoice::Kept
                } else {
                    SaidVoice::Busy
                };
                assert_eq!(said, expected, "{all}");
                all += 1;
            }
        }
        let link = link_of(&mut street, 99, 99);
        let later = say(&street.store, &link, 99, &name(), 0, now_ms + 60_000);
        assert_eq!(later, SaidVoice::Kept);
    });
}

#[test]
fn words_go_and_facts_stay_whoever_takes_them_away() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        let links: Vec<String> = (1..=5_u8)
            .map(|visitor| link_of(&mut street, visitor, u32::from(visitor)))
            .collect();
        let (store, now_ms) = (&street.store, street.now_ms);
        let names = ["answered", "removed", "erased", "expired", "blocked"];
        let picture = SealedPicture {
            large: vec![1; 9],
            large_px: (1_600, 900),
            small: vec![2; 9],
            small_px: (320, 180),
        };
        for (at, name) in names.iter().enumerate() {
            let visitor = u8::try_from(at).unwrap() + 1;
            let voice = NewVoice {
                picture: Some(&picture),
                ends_ms: now_ms + if *name == "expired" { 1 } else { DAY_MS },
                ..new(name, 0)
            };
            let said = store.say(&links[at], Visitor([visitor; 16]), voice, now_ms);
            assert_eq!(said.unwrap(), SaidVoice::Kept);
        }
        let campaign = "cafe".parse().unwrap();
        let change = |name: &str, change| {
            let changed =
                store.change_voice(&Actor::COMMAND_LINE, (&campaign, name), change, now_ms);
            changed.unwrap()
        };
        assert!(change("answered", VoiceChange::Approve(true)));
        assert!(change("answered", VoiceChange::Answer(b"thanks")));
        assert!(change("answered", VoiceChange::Answer(b"thank you")));
        assert!(change("removed", VoiceChange::Remove(b"why")));
        assert!(!change("removed", VoiceChange::Remove(b"why")));
        assert!(change("blocked", VoiceChange::Block));
        assert!(!change("nothing", VoiceChange::Read));
        assert!(store.erase_voice("erased").unwrap());
        assert!(!store.erase_voice("erased").unwrap());
        store.forget_voices(180, now_ms + 1).unwrap();
        for name in names {
            let voice = store.voice(name).unwrap().unwrap();
            let has_words = name == "answered";
            assert_eq!(voice.words.is_some(), has_words, "{name}");
            assert_eq!(voice.picture_px.is_some(), has_words, "{name}");
            let has_picture = store.voice_picture(name, true, None).unwrap().is_some();
            assert_eq!(has_picture, has_words, "{name}");
            let state = if name == "blocked" { "removed" } else { name };
            assert_eq!(voice.state.word(), state);
        }
        let answered = store.voice("answered").unwrap().unwrap();
        assert_eq!(answered.answer.unwrap().0, b"thank you");
        assert!(answered.words.unwrap().approved_ms.is_some());
        let refused = say(store, &links[4], 5, "more", 1, now_ms);
        assert_eq!(refused, SaidVoice::Blocked);
        let counts = store.report().unwrap().voices;
        assert_eq!((counts.tally.total, counts.answered), (5, 1));
        assert_eq!(store.voices_waiting(&Scope::ALL).unwrap(), 0);
        // After two days nobody knows whose they were.
        store.forget_voices(180, now_ms + 2 * DAY_MS).unwrap();
        assert_eq!(store.own_voices(&links[0], Visitor([1; 16])).unwrap(), []);
        assert!(!change("blocked", VoiceChange::Block));
    });
}

#[test]
fn people_are_told_of_new_voices_once_a_day_and_of_none_twice() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        let links: Vec<String> = (1..=3_u8)
            .map(|visitor| link_of(&mut street, visitor, u32::from(visitor)))
            .collect();
        let (store, now_ms) = (&street.store, street.now_ms);
        let rule = |name: &str, group: Option<&str>, kinds: &[AlertKind]| AlertSettings {
            name: name.to_owned(),
            group: group.map(str::to_owned),
            kinds: kinds.iter().copied().collect(),
            mails: vec!["ada@hub.example".to_owned()],
            ..new_rule(AlertWords::English)
        };
        for settings in [
            rule("all", None, &[AlertKind::Voices]),
            rule("north", Some("north"), &[AlertKind::Voices]),
            rule("screens", None, &AlertKind::OF_SCREENS),
        ] {
            store
                .add_alert_rule(&Actor::COMMAND_LINE, &settings, None, now_ms)
                .unwrap();
        }
        let told = |now_ms: i64| {
            let made = store.tell_of_voices(now_ms).unwrap();
            let claimed = store.claim_alert_messages(9, now_ms).unwrap();
            let voices: Vec<u64> = claimed
                .iter()
                .map(|message| message.telling.voices)
                .collect();
            assert_eq!(made, voices.len());
            for message in claimed {
                store.alert_message_sent(message.id, now_ms).unwrap();
            }
            voices
        };
        assert_eq!(told(now_ms), [0_u64; 0]);
        for (at, link) in links.iter().take(2).enumerate() {
            let visitor = u8::try_from(at).unwrap() + 1;
            say(store, link, visitor, ["one", "two"][at], 0, now_ms);
        }
        assert_eq!(told(now_ms), [2]);
        say(store, &links[2], 3, "three", 0, now_ms);
        assert_eq!(told(now_ms + DAY_MS - 1), [0_u64; 0]);
        assert_eq!(told(now_ms + DAY_MS), [1]);
        assert_eq!(told(now_ms + 2 * DAY_MS), [0_u64; 0], "no new ones");
    });
}

#[test]
fn a_chain_that_is_pruned_leaves_the_facts_of_what_was_said_on_it() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        let link = link_of(&mut street, 1, 1);
        let now_ms = street.now_ms;
        assert_eq!(
            say(&street.store, &link, 1, "voice", 0, now_ms),
            SaidVoice::Kept
        );
        let store = &street.store;
        let before = store.report().unwrap().voices;
        let pruned = store.prune(182, 180, now_ms + 400 * DAY_MS, |_| {});
        assert!(pruned.unwrap().rows.total() > 0);
        assert_eq!(store.landing_facts(&link, None).unwrap().map(|_| ()), None);
        assert_eq!(store.report().unwrap().voices, before);
        assert!(store.voice("voice").unwrap().unwrap().words.is_some());
        assert_eq!(store.recount().unwrap(), []);
    });
}
