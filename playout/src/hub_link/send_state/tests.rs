//! What answers do to the sending, by example and for any order of answers.

use passerby_protocol::Epoch;
use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;

fn acked(through: u64) -> Answer {
    Answer::Acked(PlaysReply {
        epoch: Epoch(1),
        acked_through: through,
        rejected: Vec::new(),
        server_time_ms: 0,
        next_after_ms: 0,
        play_floor: None,
    })
}

/// Rows none of which was set aside.
const fn full(first_seq: u64, count: usize) -> SentRows {
    SentRows {
        first_seq,
        count,
        is_first_empty: false,
    }
}

#[test]
fn a_poison_row_is_found_by_bisection_and_set_aside() {
    let (mut sync, poison, mut cursor, mut quarantined) =
        (SendState::default(), 137u64, 0u64, None);
    let last = 500;
    for _ in 0..200 {
        let rows = sync
            .rows()
            .min(usize::try_from(last - cursor).expect("small"));
        if rows == 0 {
            break;
        }
        let first = cursor + 1;
        let holds_poison = quarantined.is_none() && (first..first + rows as u64).contains(&poison);
        let answer = if holds_poison {
            Answer::Refused
        } else {
            acked(cursor + rows as u64)
        };
        match sync.answered(0, full(first, rows), &answer, 7) {
            LedgerAction::AckThrough(through) => cursor = through,
            LedgerAction::Quarantine(seq) => quarantined = Some(seq),
            LedgerAction::Keep | LedgerAction::BeginAnew(_) => {}
        }
    }
    assert_eq!((quarantined, cursor), (Some(poison), last));
}

#[test]
fn a_ledger_that_is_older_than_the_hub_is_begun_anew_only_with_a_row_that_was_sent() {
    let mut sync = SendState::default();
    let forked = |from_seq| Answer::Forked { from_seq };
    for (from_seq, verdict) in [
        (10, LedgerAction::BeginAnew(10)),
        (14, LedgerAction::BeginAnew(14)),
        (9, LedgerAction::Keep),
        (15, LedgerAction::Keep),
    ] {
        assert_eq!(sync.answered(0, full(10, 5), &forked(from_seq), 0), verdict);
    }
    assert!(sync.next_at_ms() > Some(0), "not at once");
}

#[test]
fn refusal_of_credentials_stops_until_a_person_acts() {
    let mut sync = SendState::default();
    sync.answered(0, full(1, 10), &Answer::Unauthorised, 0);
    assert_eq!(
        (sync.next_at_ms(), sync.stopped()),
        (None, Some(Stopped::Unauthorised))
    );
}

#[test]
fn a_hub_that_refused_is_asked_again_an_hour_later_with_one_row_and_believed_when_it_takes_it() {
    let mut sync = SendState::default();
    sync.answered(5, full(1, 10), &Answer::Unauthorised, 0);
    assert_eq!(
        (sync.ask_again_at_ms(), sync.rows()),
        (Some(5 + REFUSED_MS), 1)
    );
    let unavailable = Answer::Unavailable {
        retry_after_ms: None,
    };
    sync.answered(REFUSED_MS, full(1, 1), &unavailable, 0);
    assert_eq!(
        sync.stopped(),
        Some(Stopped::Unauthorised),
        "a proxy's word is no pardon"
    );
    sync.answered(9, full(1, 1), &Answer::Decommissioned, 0);
    assert_eq!(sync.ask_again_at_ms(), Some(9 + DECOMMISSIONED_MS));
    assert_eq!(
        sync.answered(10, full(1, 1), &acked(1), 0),
        LedgerAction::AckThrough(1)
    );
    assert_eq!((sync.stopped(), sync.next_at_ms()), (None, Some(10)));
}

#[test]
fn a_line_that_slows_down_gets_smaller_batches_and_a_fast_one_larger_ones_within_bounds() {
    let mut sync = SendState::default();
    let round = |sync: &mut SendState, took_ms: Option<u64>| {
        let rows = sync.rows();
        sync.sending(1_000);
        match took_ms {
            Some(took_ms) => sync.answered(1_000 + took_ms, full(1, rows), &acked(rows as u64), 0),
            None => sync.answered(61_000, full(1, rows), &Answer::TimedOut, 0),
        };
        sync.rows()
    };
    assert_eq!(round(&mut sync, Some(100)), 2 * ROWS_AT_FIRST);
    for _ in 0..20 {
        round(&mut sync, Some(100));
    }
    assert_eq!(sync.rows(), BATCH_PLAYS_MAX);
    assert_eq!(
        round(&mut sync, Some(5_000)),
        BATCH_PLAYS_MAX,
        "neither quick nor slow"
    );
    assert_eq!(round(&mut sync, Some(15_000)), BATCH_PLAYS_MAX / 2);
    assert_eq!(round(&mut sync, None), BATCH_PLAYS_MAX / 4);
    for _ in 0..20 {
        round(&mut sync, None);
    }
    assert_eq!(sync.rows(), ROWS_MIN, "and never none");
}

#[test]
fn a_row_is_set_aside_until_it_travels_empty_and_then_waited_for() {
    let (mut sync, mut set_aside) = (SendState::default(), 0);
    // The disk refuses to mark the row, twice.
    while set_aside < 3 {
        let rows = sync.rows();
        let verdict = sync.answered(0, full(7, rows), &Answer::Refused, 1);
        match verdict {
            LedgerAction::Keep => assert!(rows > 1),
            LedgerAction::Quarantine(7) => set_aside += 1,
            other => panic!("{other:?}"),
        }
    }
    for _ in 0..100 {
        let empty = SentRows {
            is_first_empty: true,
            ..full(7, sync.rows())
        };
        let verdict = sync.answered(0, empty, &Answer::Refused, 1);
        assert_eq!(verdict, LedgerAction::Keep, "it refuses anything");
    }
    assert!(sync.next_at_ms() > Some(0));
}

#[test]
fn who_has_more_to_send_goes_on_at_once_and_who_has_caught_up_waits_as_long_as_the_hub_says() {
    let mut sync = SendState::default();
    let reply = |through| match acked(through) {
        Answer::Acked(reply) => Answer::Acked(PlaysReply {
            next_after_ms: 10_000,
            ..reply
        }),
        other => other,
    };
    sync.answered(50, full(1, 1_000), &reply(1_000), 0);
    assert_eq!(sync.next_at_ms(), Some(50));
    sync.answered(60, full(1_001, 3), &reply(1_003), 0);
    assert_eq!(sync.next_at_ms(), Some(10_060));
}

#[test]
fn a_proxy_that_finds_a_batch_too_large_makes_it_smaller_and_costs_no_row() {
    let mut sync = SendState::default();
    for _ in 0..100 {
        let rows = sync.rows();
        let verdict = sync.answered(0, full(1, rows), &Answer::TooLargeOnTheWay, 1);
        assert_eq!(verdict, LedgerAction::Keep);
    }
    assert_eq!(sync.rows(), ROWS_MIN);
}

proptest! {
    #![proptest_config(random_cases(256))]

    #[test]
    fn whatever_a_hub_answers_the_cursor_never_passes_what_was_sent(
        answers in prop::collection::vec((0u8..9, any::<u64>(), 0u64..30_000), 1..200),
    ) {
        let (mut sync, mut cursor, mut now_ms) = (SendState::default(), 100u64, 0u64);
        for (kind, number, took_ms) in answers {
            let answer = match kind {
                0 => acked(number),
                1 => acked(cursor + number % 20_000),
                2 => Answer::Gap { expected_seq: number },
                3 => Answer::TooLarge,
                4 => Answer::Refused,
                5 => Answer::Unauthorised,
                6 => Answer::Decommissioned,
                7 => Answer::TimedOut,
                _ => Answer::Unavailable { retry_after_ms: Some(number) },
            };
            let rows = sync.rows();
            prop_assert!((1..=BATCH_PLAYS_MAX).contains(&rows));
            let sent_through = cursor + rows as u64;
            sync.sending(now_ms);
            now_ms += took_ms;
            match sync.answered(now_ms, full(cursor + 1, rows), &answer, number) {
                LedgerAction::AckThrough(through) => {
                    prop_assert!(through <= sent_through);
                    if matches!(answer, Answer::Gap { .. }) {
                        prop_assert!(through < cursor);
                    }
                    cursor = through;
                }
                LedgerAction::Quarantine(seq) => {
                    prop_assert_eq!((seq, rows), (cursor + 1, 1));
                    prop_assert!(matches!(answer, Answer::Refused | Answer::TooLarge));
                }
                LedgerAction::Keep | LedgerAction::BeginAnew(_) => {}
            }
            // Always some next moment, and never further away than a day.
            let next = sync.next_at_ms().or(sync.ask_again_at_ms());
            prop_assert!(next.is_some_and(|next| next <= now_ms + DECOMMISSIONED_MS));
        }
    }
}
