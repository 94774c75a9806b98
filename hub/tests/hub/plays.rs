//! Plays on their way in: once each, whatever happens on the way.

use passerby_protocol::limits::{BATCH_BYTES_MAX, BATCH_UNPACKED_BYTES_MAX};
use passerby_protocol::plays::{Display, Gap, GapReason, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::wire::{Heartbeat, HeartbeatReply, PlaysReply, ProblemDetails, Rejected};
use passerby_protocol::{Assignment, Digest, Epoch, PlayNumber};
use reqwest::blocking::Response;

use crate::stand::{Stand, Terminal};

fn rows(seqs: std::ops::RangeInclusive<u64>) -> Vec<Play> {
    seqs.map(|seq| Play {
        seq,
        number: PlayNumber::new(u32::try_from(1_000 + seq).unwrap()).unwrap(),
        content: PlayContent {
            assignment: Assignment::NONE,
            campaign: "demo".into(),
            creative: Digest([7; 32]),
        },
        boot: "boot".into(),
        start_boot_ms: 10_000 * seq,
        visible_ms: 9_500,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    })
    .collect()
}

fn send_raw(stand: &Stand, terminal: &Terminal, body: Vec<u8>) -> Response {
    let path = format!("/v1/terminals/{}/plays", terminal.credentials.screen);
    stand
        .client
        .post(stand.address(&path))
        .bearer_auth(&terminal.credentials.bearer)
        .header("content-encoding", "zstd")
        .body(body)
        .send()
        .unwrap()
}

fn send(stand: &Stand, terminal: &Terminal, epoch: u64, plays: &[Play]) -> Response {
    let batch = PlayBatch::pack(Epoch(epoch), plays, Vec::new());
    let json = serde_json::to_vec(&batch).unwrap();
    send_raw(stand, terminal, zstd::encode_all(&json[..], 3).unwrap())
}

fn send_batch(stand: &Stand, terminal: &Terminal, batch: &PlayBatch) -> Response {
    let json = serde_json::to_vec(batch).unwrap();
    send_raw(stand, terminal, zstd::encode_all(&json[..], 3).unwrap())
}

fn reply(response: Response) -> PlaysReply {
    assert_eq!(response.status(), 200);
    serde_json::from_slice(&response.bytes().unwrap()).unwrap()
}

fn problem(response: Response, status: u16) -> ProblemDetails {
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let details: ProblemDetails = serde_json::from_slice(&response.bytes().unwrap()).unwrap();
    assert_eq!(details.status, status);
    details
}

#[test]
fn repeated_and_overlapping_batches_count_once() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    assert_eq!(
        reply(send(&stand, &terminal, 1, &rows(1..=5))).acked_through,
        5
    );
    assert_eq!(
        reply(send(&stand, &terminal, 1, &rows(1..=5))).acked_through,
        5
    );
    assert_eq!(
        reply(send(&stand, &terminal, 1, &rows(4..=8))).acked_through,
        8
    );
    let report = stand.report();
    assert_eq!(report["plays"]["total"], 8);
    assert_eq!(report["plays"]["local"]["by_campaign"]["demo"], 8);
    assert_eq!(
        report["plays"]["by_screen"][terminal.credentials.screen.to_string()],
        8
    );
    assert_eq!(report["plays"]["by_creative"], serde_json::json!({}));
    assert_eq!(report["screens"][0]["acked_through"], 8);
    assert!(report["screens"][0]["last_seen"].is_string());
}

#[test]
fn cursor_outlives_a_killed_hub() {
    let mut stand = Stand::start();
    let terminal = stand.terminal("one");
    reply(send(&stand, &terminal, 1, &rows(1..=5)));
    stand.kill_and_restart();
    let gap = problem(send(&stand, &terminal, 1, &rows(7..=8)), 409);
    assert_eq!(gap.expected_seq, Some(6));
    assert_eq!(
        reply(send(&stand, &terminal, 1, &rows(5..=6))).acked_through,
        6
    );
    assert_eq!(stand.report()["plays"]["total"], 6);
}

#[test]
fn unknown_ledger_begins_at_its_first_row() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let gap = problem(send(&stand, &terminal, 9, &rows(2..=3)), 409);
    assert_eq!(gap.expected_seq, Some(1));
    assert_eq!(stand.report()["plays"]["total"], 0);
}

#[test]
fn play_number_of_another_row_is_refused_for_good_and_acked() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    reply(send(&stand, &terminal, 1, &rows(1..=3)));
    let mut plays = rows(1..=2);
    plays[1].number = PlayNumber::new(5).unwrap();
    let answer = reply(send(&stand, &terminal, 2, &plays));
    assert_eq!(answer.acked_through, 2);
    assert_eq!(
        answer.rejected,
        [Rejected {
            seq: 1,
            code: "duplicate-play-number".into()
        }]
    );
    assert_eq!(stand.report()["plays"]["total"], 4);
}

#[test]
fn garbage_bombs_and_impossible_rows_are_refused_without_harm() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    problem(send_raw(&stand, &terminal, b"garbage".to_vec()), 400);
    problem(
        send_raw(&stand, &terminal, zstd::encode_all(&b"{}"[..], 3).unwrap()),
        400,
    );
    let mut torn = zstd::encode_all(&b"{}"[..], 3).unwrap();
    torn.truncate(torn.len() - 3);
    problem(send_raw(&stand, &terminal, torn), 400);

    let bomb = zstd::encode_all(&vec![b' '; BATCH_UNPACKED_BYTES_MAX + 1][..], 3).unwrap();
    assert!(bomb.len() < BATCH_BYTES_MAX);
    problem(send_raw(&stand, &terminal, bomb), 413);
    problem(
        send_raw(&stand, &terminal, vec![0; BATCH_BYTES_MAX + 1]),
        413,
    );

    let mut batch = PlayBatch::pack(Epoch(1), &rows(1..=3), Vec::new());
    batch.columns.visible_ms[1] = u64::MAX;
    let body = serde_json::to_vec(&batch).unwrap();
    let details = problem(
        send_raw(&stand, &terminal, zstd::encode_all(&body[..], 3).unwrap()),
        422,
    );
    assert!(details.title.contains("row 2"), "{}", details.title);

    assert_eq!(stand.report()["plays"]["total"], 0);
    assert_eq!(
        reply(send(&stand, &terminal, 1, &rows(1..=3))).acked_through,
        3
    );
}

#[test]
fn heartbeat_tells_the_time_and_the_current_manifest() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    assert!(stand.report()["screens"][0]["last_seen"].is_null());
    let path = format!("/v1/terminals/{}/heartbeat", terminal.credentials.screen);
    let beat = serde_json::to_vec(&Heartbeat::default()).unwrap();
    let ask = |bearer: &str, body: Vec<u8>| {
        stand
            .client
            .post(stand.address(&path))
            .bearer_auth(bearer)
            .body(body)
            .send()
            .unwrap()
    };
    let answer = ask(&terminal.credentials.bearer, beat.clone());
    let answer: HeartbeatReply = serde_json::from_slice(&answer.bytes().unwrap()).unwrap();
    assert_eq!(answer.manifest_version, stand.manifest(&terminal).version);
    assert!(stand.report()["screens"][0]["last_seen"].is_string());
    assert_eq!(ask("wrong", beat).status(), 401);
    assert_eq!(
        ask(&terminal.credentials.bearer, b"[]".to_vec()).status(),
        400
    );
    assert_eq!(
        ask(&terminal.credentials.bearer, vec![b' '; 20_000]).status(),
        413
    );
}

#[test]
fn what_became_of_plays_is_reported_and_a_code_from_the_future_refused_until_its_row_comes_empty() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let mut plays = rows(1..=5);
    for (play, outcome) in plays.iter_mut().zip(Outcome::ALL) {
        play.outcome = outcome;
    }
    assert_eq!(reply(send(&stand, &terminal, 1, &plays)).acked_through, 5);
    let by_outcome = &stand.report()["plays"]["by_outcome"];
    for word in ["complete", "cut short", "late", "poster", "covered"] {
        assert_eq!(by_outcome[word], 1, "{by_outcome}");
    }
    let batch = PlayBatch::pack(Epoch(1), &rows(6..=6), Vec::new());
    let newer = serde_json::to_string(&batch)
        .unwrap()
        .replace("\"outcome\":[0]", "\"outcome\":[200]");
    assert!(newer.contains("200"));
    let answer = send_raw(
        &stand,
        &terminal,
        zstd::encode_all(newer.as_bytes(), 3).unwrap(),
    );
    problem(answer, 400);
    assert_eq!(
        reply(send(&stand, &terminal, 1, &rows(6..=7))).acked_through,
        7
    );
}

#[test]
fn a_hub_from_an_old_backup_passes_rows_that_the_terminal_no_longer_has_and_knows_how_many() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    reply(send(&stand, &terminal, 1, &rows(1..=5)));
    // The terminal still has row 6 and the rest: it is asked for it.
    let mut later = PlayBatch::pack(Epoch(1), &rows(10..=12), Vec::new());
    later.gone_through = 5;
    assert_eq!(
        problem(send_batch(&stand, &terminal, &later), 409).expected_seq,
        Some(6)
    );
    // It pruned up to row 8 and is asked for row 9 only.
    later.gone_through = 8;
    assert_eq!(
        problem(send_batch(&stand, &terminal, &later), 409).expected_seq,
        Some(9)
    );
    assert_eq!(stand.report()["plays"]["missing"]["total"], 0);
    later.gone_through = 9;
    for _ in 0..2 {
        assert_eq!(
            reply(send_batch(&stand, &terminal, &later)).acked_through,
            12
        );
        let plays = &stand.report()["plays"];
        assert_eq!(
            (&plays["total"], &plays["missing"]["total"]),
            (&8.into(), &4.into())
        );
        assert_eq!(plays["missing"]["by_reason"]["pruned"], 4);
        assert_eq!(
            plays["missing"]["by_screen"][terminal.credentials.screen.to_string()],
            4
        );
    }
}

#[test]
fn gaps_of_a_ledger_are_stored_once_with_the_row_behind_them() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let gap = |after_seq, reason, plays| Gap {
        after_seq,
        reason,
        plays,
        boot: "boot".into(),
        from_boot_ms: 1,
        until_boot_ms: 2,
    };
    let gaps = vec![
        gap(0, GapReason::Damaged, 7),
        gap(2, GapReason::Full, 20),
        gap(2, GapReason::Disk, 3),
    ];
    let batch = PlayBatch::pack(Epoch(1), &rows(1..=3), Vec::new()).with_gaps(gaps.clone(), 0);
    for _ in 0..2 {
        assert_eq!(
            reply(send_batch(&stand, &terminal, &batch)).acked_through,
            3
        );
    }
    let mut lying = PlayBatch::pack(Epoch(1), &rows(4..=4), Vec::new());
    lying.gaps = gaps;
    problem(send_batch(&stand, &terminal, &lying), 400);
    lying.gaps = vec![gap(3, GapReason::Pruned, 1_000)];
    reply(send_batch(&stand, &terminal, &lying));
    let missing = &stand.report()["plays"]["missing"];
    assert_eq!(missing["total"], 30);
    assert_eq!(missing["by_reason"]["ledger full"], 20);
}

#[test]
fn plays_on_a_display_that_was_off_stand_apart() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let mut plays = rows(1..=4);
    plays[1].display = Display::On;
    plays[2].display = Display::Off;
    reply(send(&stand, &terminal, 1, &plays));
    let counts = &stand.report()["plays"];
    assert_eq!(counts["total"], 4);
    assert_eq!(
        counts["by_display"],
        serde_json::json!({"off": 1, "on": 1, "unknown": 2})
    );
}

#[test]
fn a_play_whose_number_another_one_has_is_stored_beside_it_once() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let first = reply(send(&stand, &terminal, 1, &rows(1..=3)));
    assert_eq!(first.play_floor, PlayNumber::new(1_004));
    // A memory card that took the credentials over, in a boot of its own.
    let mut others = rows(1..=3);
    for play in &mut others {
        play.boot = "another".into();
    }
    for epoch in [2, 2, 3] {
        let answer = reply(send(&stand, &terminal, epoch, &others));
        assert_eq!(answer.acked_through, 3);
        // The third time they come from a ledger that was salvaged: the same plays under another
        // name.
        assert_eq!(answer.rejected.len(), if epoch == 3 { 3 } else { 0 });
        assert_eq!(answer.play_floor, PlayNumber::new(1_004));
        assert_eq!(stand.report()["plays"]["total"], 6);
    }
}

#[test]
fn a_ledger_that_was_put_back_to_an_older_state_is_told_from_which_row_on() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    reply(send(&stand, &terminal, 1, &rows(1..=8)));
    // Rows up to 4 are as they were; what came then are other plays in the same places.
    let mut restored = rows(3..=6);
    for play in &mut restored[2..] {
        play.boot = "after the image".into();
    }
    let details = problem(send(&stand, &terminal, 1, &restored), 409);
    assert_eq!((details.forked_at, details.expected_seq), (Some(5), None));
    assert_eq!(stand.report()["plays"]["total"], 8);
    // They come again as the first rows of another ledger.
    for (play, seq) in restored[2..].iter_mut().zip(1..) {
        play.seq = seq;
    }
    assert_eq!(
        reply(send(&stand, &terminal, 2, &restored[2..])).acked_through,
        2
    );
    assert_eq!(stand.report()["plays"]["total"], 10);
}
