//! Pairing codes from everywhere, and a screen that wants to be taken in meanwhile.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::attack::{Attacked, PATIENCE};

fn ask(attacked: &Attacked, from: &str, code: usize) -> u16 {
    let body = json!({ "code": format!("{code:08}"), "secret": "11".repeat(32) });
    let stand = &attacked.stand;
    let request = stand.client.post(format!("{}/v1/enroll", stand.base));
    let request = request.header("x-forwarded-for", from);
    let answer = request.body(body.to_string()).send().unwrap();
    answer.status().as_u16()
}

/// Asks as a screen does, which tries again when there is no place, until its code waits for the
/// operator.
fn await_place(attacked: &Attacked, from: &str, code: usize) {
    let start = Instant::now();
    loop {
        match ask(attacked, from, code) {
            202 => return,
            429 => assert!(start.elapsed() < PATIENCE, "no place for {from}"),
            other => panic!("{from}: {other}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn pairing_codes_from_many_networks_of_one_provider_leave_room_for_an_honest_screen() {
    let mut attacked = Attacked::start("pairing codes from one provider");
    // Spread over a network of 32 bits, by a multiplier that is prime to the number of its 64-bit
    // networks.
    for code in 0..840_u32 {
        let [a, b, c, d] = code.wrapping_mul(2_654_435_761).to_be_bytes();
        let from = format!("2001:db8:{a:x}{b:02x}:{c:x}{d:02x}::1");
        ask(&attacked, &from, 1_000 + code as usize);
        if code % 120 == 119 {
            let screen = code as usize / 120;
            await_place(&attacked, &format!("192.0.2.{screen}"), screen);
        }
    }
    attacked.honest_scan();
    attacked.assert_withstood();
}

#[test]
fn pairing_codes_from_everywhere_leave_room_for_honest_screens() {
    let mut attacked = Attacked::start("pairing codes from everywhere");
    let screen = |number: usize| format!("203.0.113.{number}");
    for code in 0..1_080_u32 {
        let [a, b, c, d] = code.wrapping_mul(2_654_435_761).to_be_bytes();
        let from = format!("2{a:03x}:{b:02x}{c:02x}:{d:x}::1");
        ask(&attacked, &from, 1_000 + code as usize);
        if code % 120 == 119 {
            let number = code as usize / 120;
            await_place(&attacked, &screen(number), number);
        }
    }
    attacked.honest_scan();
    // All that asked in time are still waited for.
    for number in 0..9 {
        await_place(&attacked, &screen(number), number);
    }
    attacked.assert_withstood();
}

/// How many codes wait, and since when this one does.
fn waiting(attacked: &Attacked, code: usize) -> (usize, i64) {
    let database = rusqlite::Connection::open(attacked.stand.data().join("hub.db")).unwrap();
    database
        .query_row(
            "SELECT (SELECT count(*) FROM pairings WHERE screen IS NULL), created_ms FROM pairings WHERE code = ?1",
            [format!("{code:08}")],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap()
}

#[test]
fn pairing_codes_from_before_a_restart_leave_room_for_honest_screens() {
    let mut attacked = Attacked::start("pairing codes from before a restart");
    let early = ("198.51.100.7", 7);
    await_place(&attacked, early.0, early.1);
    for code in 0..1_100_u32 {
        let [a, b, c, d] = code.wrapping_mul(2_654_435_761).to_be_bytes();
        let from = format!("2{a:03x}:{b:02x}{c:02x}:{d:x}::1");
        // Twice, as a screen does.
        for _ in 0..2 {
            ask(&attacked, &from, 1_000 + code as usize);
        }
        if code % 50 == 0 {
            await_place(&attacked, early.0, early.1);
        }
    }
    let (places, since_ms) = waiting(&attacked, early.1);
    assert_eq!(places, 1_000);
    attacked.stand.kill_and_restart();
    await_place(&attacked, early.0, early.1);
    for number in 20..30 {
        await_place(&attacked, &format!("203.0.113.{number}"), number);
        await_place(&attacked, early.0, early.1);
    }
    assert_eq!(waiting(&attacked, early.1), (1_000, since_ms));
    attacked.honest_scan();
    attacked.assert_withstood();
}
