//! What is packed reads back, also by those who know less, and what is impossible is refused.

use super::*;
use jiff::civil::date;
use passerby_testing::random_cases;
use proptest::prelude::*;

const AS_OF_MS: i64 = 1_798_000_000_000; // 2026-12-23

fn screen() -> ScreenNumber {
    ScreenNumber::new(7).expect("in range")
}

fn row(assignment: u32, day: Date, hour: u16, plays: u32, scanned: u32) -> Tally {
    let weekday = day.weekday().to_monday_zero_offset().unsigned_abs();
    Tally {
        assignment: Assignment::new(assignment).expect("in range"),
        day,
        part: WeekPart::at(weekday, hour * 60),
        plays,
        scanned,
        led_to: LedTo::default(),
    }
}

fn rows() -> impl Strategy<Value = Vec<Tally>> {
    let one = (1u32..50, 0i32..56, 0u16..24, 1..=TALLY_PLAYS_MAX);
    prop::collection::vec(one, 0..200).prop_map(|rows| {
        let mut rows: Vec<Tally> = rows
            .into_iter()
            .map(|(assignment, day, hour, plays)| {
                row(
                    assignment,
                    date(2026, 10, 20) + day.days(),
                    hour,
                    plays,
                    plays / 3,
                )
            })
            .collect();
        rows.sort_by_key(|row| (row.assignment, row.day, row.part));
        rows.dedup_by_key(|row| (row.assignment, row.day, row.part));
        rows
    })
}

proptest! {
    #![proptest_config(random_cases(256))]

    #[test]
    fn what_is_packed_reads_back_through_json(rows in rows()) {
        let packed = Tallies::pack(screen(), AS_OF_MS, 3_600_000, &rows);
        let json = serde_json::to_string(&packed).expect("serialises");
        let read: Tallies = serde_json::from_str(&json).expect("reads");
        prop_assert_eq!(read.unpack(), Ok(rows));
    }

    #[test]
    fn no_numbers_make_unpack_panic(day in any::<u16>(), plays in any::<u32>(), scanned in any::<u32>(), as_of_ms in any::<i64>(), settle_ms in any::<u64>()) {
        let mut tallies = Tallies::pack(screen(), AS_OF_MS, 3_600_000, &[row(1, date(2026, 12, 1), 8, 10, 1)]);
        tallies.as_of_ms = as_of_ms;
        tallies.settle_ms = settle_ms;
        tallies.columns.day[0] = day;
        tallies.columns.plays[0] = plays;
        tallies.columns.scanned[0] = scanned;
        if let Ok(rows) = tallies.unpack() {
            prop_assert!(rows[0].scanned <= rows[0].plays && rows[0].plays <= TALLY_PLAYS_MAX);
        }
    }
}

#[test]
fn each_impossible_row_is_refused_with_its_reason() {
    let good = [
        row(1, date(2026, 12, 1), 8, 10, 1),
        row(2, date(2026, 12, 1), 8, 10, 1),
    ];
    let reason = |change: fn(&mut Tallies)| {
        let mut tallies = Tallies::pack(screen(), AS_OF_MS, 3_600_000, &good);
        change(&mut tallies);
        tallies
            .unpack()
            .expect_err("one row is impossible")
            .to_string()
    };
    for (change, says) in [
        (
            (|t: &mut Tallies| t.columns.scanned[0] = 11) as fn(&mut Tallies),
            "more plays scanned",
        ),
        (|t| t.columns.plays[1] = 0, "number of plays"),
        (
            |t| t.columns.plays[1] = TALLY_PLAYS_MAX + 1,
            "number of plays",
        ),
        (|t| t.columns.day[1] = 56, "further from the first day"),
        (|t| t.first_day = date(2027, 1, 1), "after as_of_ms"),
        (
            |t| t.columns.part[0] = WeekPart::at(6, 0),
            "part of the week",
        ),
        (|t| t.columns.assignment.swap(0, 1), "out of order"),
        (
            |t| t.columns.assignment[1] = t.columns.assignment[0],
            "twice",
        ),
        (|t| t.columns.assignment[0] = Assignment::NONE, "local"),
        (|t| t.settle_ms = 0, "settle_ms"),
        (|t| t.as_of_ms = i64::MAX, "as_of_ms"),
        (|t| t.columns.day.truncate(1), "differ in length"),
        (|t| t.columns.pressed = vec![1], "differ in length"),
        (|t| t.columns.pressed = vec![1, 11], "led to something"),
    ] {
        let reason = reason(change);
        assert!(reason.contains(says), "{reason:?} should say {says:?}");
    }
    let part: Result<WeekPart, _> = serde_json::from_str("10");
    assert!(part.is_err());
}

#[test]
fn packing_keeps_the_newest_days() {
    let many: Vec<Tally> = (0..100)
        .map(|day| row(1, date(2026, 9, 1) + day.days(), 8, 10, 1))
        .collect();
    let packed = Tallies::pack(screen(), AS_OF_MS, 3_600_000, &many);
    assert_eq!(packed.unpack().expect("good"), many[100 - TALLY_DAYS_MAX..]);
}

#[test]
fn a_week_is_cut_as_stated() {
    let at = |weekday, hour: u16, minute| WeekPart::at(weekday, hour * 60 + minute).index();
    assert_eq!(at(0, 0, 0), 0);
    assert_eq!(at(0, 5, 59), 0);
    assert_eq!(at(4, 6, 0), 1);
    assert_eq!(at(4, 9, 59), 1);
    assert_eq!(at(4, 23, 59), 4);
    assert_eq!(at(5, 0, 0), 5);
    assert_eq!(at(6, 15, 0), 8);
    assert_eq!(WeekPart::at(6, 900).words(), "weekend afternoons (15-19)");
    assert_eq!(WeekPart::all().count(), WEEK_PARTS);
}

#[test]
fn what_an_older_hub_sends_reads_and_what_is_not_counted_is_told_as_scans() {
    // As hubs sent it that counted scans alone.
    let json = r#"{"screen":7,"as_of_ms":1798000000000,"settle_ms":3600000,"first_day":"2026-12-01",
        "columns":{"assignment":[1],"day":[0],"part":[1],"plays":[10],"scanned":[4]}}"#;
    let older: Tallies = serde_json::from_str(json).expect("reads");
    let tally = older.unpack().expect("is possible")[0];
    assert_eq!(tally.led_to, LedTo::default());
    for (_, by) in AdaptiveBy::ALL {
        assert_eq!(tally.brought(by), 4);
    }
    // And as they are packed now where nothing else is counted: the same, to the letter.
    let again = Tallies::pack(older.screen, older.as_of_ms, older.settle_ms, &[tally]);
    assert_eq!(again, older);
    let text = serde_json::to_string(&again).expect("serialises");
    assert!(
        !text.contains("pressed") && !text.contains("visited"),
        "{text}"
    );
}

#[test]
fn what_scans_led_to_travels_and_a_terminal_that_knows_scans_alone_reads_past_it() {
    /// The columns as terminals knew them that counted scans alone.
    #[derive(Deserialize)]
    struct Older {
        scanned: Vec<u32>,
    }
    let mut tally = row(1, date(2026, 12, 1), 8, 10, 4);
    tally.led_to = LedTo {
        visited: Some(3),
        pressed: Some(2),
        converted: None,
    };
    let packed = Tallies::pack(screen(), AS_OF_MS, 3_600_000, &[tally]);
    let json = serde_json::to_value(&packed).expect("serialises");
    let older: Older = serde_json::from_value(json["columns"].clone()).expect("reads");
    assert_eq!(older.scanned, [4]);
    let read: Tallies = serde_json::from_value(json).expect("reads");
    let read = read.unpack().expect("is possible")[0];
    let brought = AdaptiveBy::ALL.map(|(_, by)| read.brought(by));
    assert_eq!(brought, [4, 3, 2, 4], "conversions are not counted");
}
