//! Every limit that both sides hold to. A value past its limit is an error with the limit in its
//! text.

/// Longest campaign title, headline or call to action, in characters.
pub const LINE_CHARS_MAX: usize = 80;
/// Longest emergency message, its headline included, in characters.
pub const NOTICE_CHARS_MAX: usize = 2_000;
/// Longest story or share text, in characters.
pub const STORY_CHARS_MAX: usize = 2_000;
/// Longest target link, in bytes. Longer ones no longer make a code that a phone reads from across
/// a street.
pub const URL_BYTES_MAX: usize = 300;
/// Range of the numbers of SPACE, the register of buyers, brands and frames: the positive ones of
/// 32 bits.
pub const SPACE_ID: std::ops::RangeInclusive<i64> = 1..=2_147_483_647;
/// Longest host of a campaign's own, in bytes.
pub const DOMAIN_BYTES_MAX: usize = 100;
/// Longest UTM value, in characters.
pub const UTM_CHARS_MAX: usize = 60;
/// Most languages of one call to action, and of one screen.
pub const CALL_LANGUAGES_MAX: usize = 10;
/// Most placements in one campaign.
pub const PLACEMENTS_MAX: usize = 1_000;
/// Most phases in one campaign.
pub const PHASES_MAX: usize = 100;
/// Shortest and longest time on screen of one still creative, in seconds.
pub const SECONDS: std::ops::RangeInclusive<i64> = 2..=3_600;
/// Range of weights.
pub const WEIGHT: std::ops::RangeInclusive<i64> = 1..=1_000;
/// Range of exact shares of a zone's air time, in percent.
pub const SHARE_PERCENT: std::ops::RangeInclusive<f64> = 0.01..=100.0;
/// Range of caps on plays, by the hour or the day.
pub const CAP_PLAYS: std::ops::RangeInclusive<i64> = 1..=100_000;
/// Range of distances between plays, in seconds: at most a day.
pub const APART_SECONDS: std::ops::RangeInclusive<i64> = 1..=86_400;
/// For how long a trigger may let a placement air, in seconds: at most a day.
pub const TRIGGER_SECONDS: std::ops::RangeInclusive<i64> = 1..=86_400;
/// Most screens, or phases, that one placement names.
pub const SCREENS_MAX: usize = 1_000;
/// Largest campaign file or kiosk file, in bytes.
pub const TOML_BYTES_MAX: u64 = 1 << 20;
/// Largest video, in bytes. It is streamed wherever it goes, never held in memory.
pub const VIDEO_BYTES_MAX: u64 = 512 << 20;
/// Most files that one creative refers to.
pub const PARTS_MAX: usize = 8;
/// Largest creative but for a video, in bytes.
pub const CREATIVE_BYTES_MAX: u64 = 64 << 20;
/// Largest manifest, in bytes.
pub const MANIFEST_BYTES_MAX: u64 = 8 << 20;
/// Most files that one manifest names.
pub const ASSETS_MAX: usize = 20_000;
/// Most bytes that the files of one manifest have together: 4 TiB.
pub const ASSETS_BYTES_MAX: u64 = 1 << 42;
/// Most plays in one batch.
pub const BATCH_PLAYS_MAX: usize = 10_000;
/// Largest batch on the wire (zstd), in bytes.
pub const BATCH_BYTES_MAX: usize = 1 << 20;
/// Largest batch once unpacked, in bytes; guards against a zip bomb.
pub const BATCH_UNPACKED_BYTES_MAX: usize = 16 << 20;
/// Longest text and longest name of a field in a batch or a request to the hub, in bytes as JSON
/// has it.
pub const REQUEST_TEXT_BYTES_MAX: usize = 4 << 10;
/// Longest text and longest name of a field in an answer of the hub's and in a manifest, likewise.
/// An event as a calendar exports it is the longest that there is.
pub const ANSWER_TEXT_BYTES_MAX: usize = 128 << 10;
/// Longest id of a boot, in bytes. Linux gives one of 36.
pub const BOOT_BYTES_MAX: usize = 64;
/// Longest name of a campaign in a batch, in bytes.
pub const CAMPAIGN_BYTES_MAX: usize = 256;
/// Longest play that a ledger records, in milliseconds: one day.
pub const PLAY_MS_MAX: u64 = 86_400_000;
/// Most plays in one gap of a ledger: all play numbers of a screen.
pub const GAP_PLAYS_MAX: u64 = 1 << 28;
/// Most dayparts of one placement, and most of a venue's opening hours.
pub const DAYPARTS_MAX: usize = 100;
/// Most closed days, or spans of them, of a venue.
pub const CLOSED_DAYS_MAX: usize = 400;
/// Length of one occurrence of a recurrence, in minutes: at most a week. What lasts longer is a
/// phase.
pub const RECURRENCE_MINUTES: std::ops::RangeInclusive<i64> = 1..=10_080;
/// Longest recurrence rule, in characters.
pub const RECURRENCE_RULE_CHARS_MAX: usize = 500;
/// Longest text of an event as a calendar exports it, its rule among its lines, in characters.
pub const RECURRENCE_LINES_CHARS_MAX: usize = 10_000;
/// Years in which a recurrence may start. Nothing recurs after the last.
pub const RECURRENCE_YEARS: std::ops::RangeInclusive<i16> = 2000..=2099;
/// Range of a rule's INTERVAL.
pub const RECURRENCE_INTERVAL: std::ops::RangeInclusive<i64> = 1..=1_000;
/// Range of a rule's COUNT.
pub const RECURRENCE_COUNT: std::ops::RangeInclusive<i64> = 1..=10_000;
/// Most occurrences of a rule that start on one day.
pub const RECURRENCE_STARTS_A_DAY_MAX: u32 = 96;
/// Most exceptions of a recurrence, and most additions.
pub const RECURRENCE_DATES_MAX: usize = 500;
/// Most rows of tallies for one screen. Ten creatives of which each airs all day make 50 rows a
/// day.
pub const TALLY_ROWS_MAX: usize = 20_000;
/// Most days that tallies reach back.
pub const TALLY_DAYS_MAX: usize = 56;
/// Most plays in one row of tallies: one day of the shortest plays.
pub const TALLY_PLAYS_MAX: u32 = 43_200;
/// Range of times after which a play is settled, in milliseconds: a minute to a week.
pub const TALLY_SETTLE_MS: std::ops::RangeInclusive<u64> = 60_000..=604_800_000;
/// Largest tallies on the wire, in bytes of JSON.
pub const TALLY_BYTES_MAX: usize = 1 << 20;
/// Longest time for which a hub holds an answer back, in milliseconds: below the 60 seconds after
/// which proxies commonly give a call up.
pub const HOLD_MS_MAX: u64 = 55_000;
/// Largest small picture of a screen that a hub takes, in bytes; terminals make smaller ones.
pub const FRAME_BYTES_MAX: usize = 64 << 10;
/// Longer side of such a picture at most, in pixels.
pub const FRAME_SIDE_PX_MAX: u32 = 480;
/// Oldest such picture that a hub takes, in milliseconds.
pub const FRAME_AGE_MS_MAX: u64 = 600_000;
/// Largest answer to a call for changes, in bytes.
pub const CHANGES_BYTES_MAX: usize = 64 << 10;
/// Longest time after it was minted for which a code may be accepted, in days: a year and some
/// weeks.
pub const CODE_DAYS_MAX: i64 = 400;
/// Unix times in milliseconds that are ever believed, whoever vouches for them: 2026-01-01T00:00Z,
/// before which there was no Passerby, to the end of 2099. A token's minutes reach from 2026 to
/// 2057; codes of later plays carry none.
pub const WALL_MS: std::ops::RangeInclusive<i64> = 1_767_225_600_000..=4_102_444_799_999;
/// Most anchors of one boot. A boot whose clock is never set needs two.
pub const BOOT_ANCHORS_MAX: usize = 48;
/// Most boots in a batch whose anchors come although none of their plays does.
pub const BOOTS_REDATED_MAX: usize = 16;
