//! Looks at all screens and says what there is to tell.
//!
//! Invariants: what was looked at is noted, so a hub that was away knows that it was, and begins to
//! count a screen's silence anew; of two processes that look at one moment, one notes what it saw.
//! All that a rule has to tell goes into one message, so many screens at once are one message too.

use std::collections::{BTreeMap, BTreeSet};

use passerby_protocol::plays::Display;
use passerby_protocol::{ScreenNumber, foreign};

use crate::database::{DatabaseError, Id, Lock, Transaction, owned_values, values};
use crate::people::Scope;
use crate::store::alerts::records::{
    AlertChange, AlertError, AlertKind, AlertRule, AlertTelling, CHANGES_MAX, OpenAlert,
};
use crate::store::alerts::steps::{Present, Said, Seen, State, observe, step};
use crate::store::alerts::{messages, rules};
use crate::store::rollups::quarter_of;
use crate::store::{Result, Store};
use crate::system::clock::{DAY_MS, HOUR_MS};

/// Who was not there for this long was away.
const AWAY_MS: i64 = 3 * 60_000;
/// How often it is noted at least that the hub is there.
const NOTE_MS: i64 = 30_000;
/// How often plays are looked at.
const PLAYS_MS: i64 = 60_000;

/// Since when the hub looks without a break, and when it looked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Watch {
    awake_ms: i64,
    looked_ms: i64,
}

const WATCH: &str = "alerts_watch";

impl Watch {
    fn read(tx: &Transaction<'_>) -> Result<(Option<String>, Option<Self>), DatabaseError> {
        let text: Option<String> = tx.optional(
            "SELECT value FROM settings WHERE name = ?1",
            values![WATCH],
            |row| row.get(0),
        )?;
        let parsed = text.as_deref().and_then(|text| {
            let (awake, looked) = text.split_once(' ')?;
            Some(Self {
                awake_ms: awake.parse().ok()?,
                looked_ms: looked.parse().ok()?,
            })
        });
        Ok((text, parsed))
    }

    fn text(self) -> String {
        format!("{} {}", self.awake_ms, self.looked_ms)
    }
}

type Key = (i64, u32, AlertKind);

/// One screen, its group and what is seen of it.
struct Screen {
    number: ScreenNumber,
    name: String,
    group: Option<String>,
    seen: Seen,
    plays: Option<BTreeMap<u32, bool>>,
}

/// What was read for one look.
struct Look {
    watch_text: Option<String>,
    watch: Option<Watch>,
    rules: Vec<AlertRule>,
    states: BTreeMap<Key, State>,
    screens: Vec<Screen>,
}

fn states(tx: &Transaction<'_>) -> Result<BTreeMap<Key, State>, DatabaseError> {
    let rows: Vec<(Option<Key>, State)> = tx.all(
        "SELECT rule, screen, kind, observed, observed_ms, is_bad, changed_ms, since_ms, told_bad FROM alert_states",
        values![],
        |row| {
            let kind = AlertKind::of_word(&row.get::<String>(2)?);
            let (rule, screen) = (row.get(0)?, row.get(1)?);
            let state = State {
                observed: row.get(3)?,
                observed_ms: row.get(4)?,
                is_bad: row.get(5)?,
                changed_ms: row.get(6)?,
                since_ms: row.get(7)?,
                told_bad: row.get(8)?,
            };
            Ok::<_, DatabaseError>((kind.map(|kind| (rule, screen, kind)), state))
        },
    )?;
    let known = rows.into_iter();
    Ok(known
        .filter_map(|(key, state)| Some((key?, state)))
        .collect())
}

fn screens(tx: &Transaction<'_>) -> Result<Vec<Screen>, DatabaseError> {
    tx.all(
        "SELECT number, name, group_name, coalesce(last_seen_ms, created_ms), heartbeat,
                EXISTS (SELECT 1 FROM airing WHERE airing.screen = number)
         FROM screens LEFT JOIN screen_groups ON screen_groups.screen = number
         WHERE bearer_sha256 IS NOT NULL AND revoked_ms IS NULL",
        values![],
        |row| {
            let said: Option<String> = row.get(4)?;
            Ok::<_, DatabaseError>(Screen {
                number: row.get::<Id<_>>(0)?.0,
                name: foreign::escaped(&row.get::<String>(1)?).into_owned(),
                group: row.get(2)?,
                seen: Seen {
                    last_ms: row.get(3)?,
                    said: said.and_then(|said| serde_json::from_str::<Said>(&said).ok()),
                    has_content: row.get(5)?,
                    has_played: None,
                },
                plays: None,
            })
        },
    )
}

/// Reads which screens have played within each of these times, not all of it on a display that was
/// off.
fn played(
    tx: &Transaction<'_>,
    screens: &mut [Screen],
    minutes: &BTreeSet<u32>,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    for &minutes in minutes {
        let from = quarter_of(now_ms - i64::from(minutes) * 60_000);
        let played: BTreeSet<u32> = tx
            .all(
                "SELECT DISTINCT screen FROM screen_quarters WHERE quarter >= ?1 AND plays > 0",
                values![from],
                |row| row.get::<u32>(0),
            )?
            .into_iter()
            .collect();
        // By the hour alone is it kept what displays said. Asked screen by screen, since the rows
        // of a screen lie together, and those of an hour do not.
        let lit: BTreeSet<u32> = tx
            .all(
                "SELECT number, (SELECT 1 FROM play_hours WHERE play_hours.screen = number AND hour >= ?1
                                 AND display <> ?2 AND plays > 0 LIMIT 1) IS NOT NULL FROM screens",
                values![
                    (now_ms - i64::from(minutes) * 60_000) / HOUR_MS,
                    u8::from(Display::Off)
                ],
                |row| Ok::<_, DatabaseError>((row.get::<u32>(0)?, row.get::<bool>(1)?)),
            )?
            .into_iter()
            .filter_map(|(screen, is_lit)| is_lit.then_some(screen))
            .collect();
        for screen in &mut *screens {
            let number = screen.number.get();
            let has_played = played.contains(&number) && lit.contains(&number);
            let known = screen.plays.get_or_insert_default();
            known.insert(minutes, has_played);
        }
    }
    Ok(())
}

impl Store {
    /// Looks at all screens, and makes the messages that there is reason for. `minute` is that of
    /// the day, where the hub is. Returns how many messages.
    ///
    /// # Errors
    /// The database fails; the next look sees the same.
    pub fn judge_alerts(&self, minute: u32, now_ms: i64) -> Result<usize, AlertError> {
        let look = self.read(|tx| {
            let rules = rules::all(tx)?;
            let (watch_text, watch) = Watch::read(tx)?;
            if rules.is_empty() {
                let (states, screens) = (BTreeMap::new(), Vec::new());
                return Ok::<_, AlertError>(Look {
                    watch_text,
                    watch,
                    rules,
                    states,
                    screens,
                });
            }
            let mut screens = screens(tx)?;
            let looked_ms = watch.map_or(0, |watch| watch.looked_ms);
            if now_ms / PLAYS_MS != looked_ms / PLAYS_MS {
                let of_dark = rules
                    .iter()
                    .filter(|rule| rule.settings.kinds.contains(&AlertKind::Dark));
                let minutes = of_dark.map(|rule| rule.settings.dark_minutes).collect();
                played(tx, &mut screens, &minutes, now_ms)?;
            }
            Ok(Look {
                watch_text,
                watch,
                states: states(tx)?,
                rules,
                screens,
            })
        })?;
        let was_away = look.watch.is_none_or(|watch| {
            let away_ms = now_ms - watch.looked_ms;
            !(-NOTE_MS..=AWAY_MS).contains(&away_ms)
        });
        let awake_ms = look
            .watch
            .filter(|_| !was_away)
            .map_or(now_ms, |watch| watch.awake_ms);
        let present = Present {
            now_ms,
            awake_ms,
            minute,
        };
        let next = stepped(&look, present);
        let tellings = tellings(&look, &next, now_ms);
        let is_due = look
            .watch
            .is_none_or(|watch| was_away || now_ms - watch.looked_ms >= NOTE_MS);
        if next == look.states && tellings.is_empty() && !is_due {
            return Ok(0);
        }
        let watch = Watch {
            awake_ms,
            looked_ms: now_ms,
        };
        self.note_look(&look, watch, &next, &tellings)
    }

    /// Writes down what was seen, unless somebody else has looked meanwhile.
    fn note_look(
        &self,
        look: &Look,
        watch: Watch,
        next: &BTreeMap<Key, State>,
        tellings: &[(usize, Vec<Key>)],
    ) -> Result<usize, AlertError> {
        let now_ms = watch.looked_ms;
        let named: BTreeMap<u32, &str> = look
            .screens
            .iter()
            .map(|screen| (screen.number.get(), screen.name.as_str()))
            .collect();
        self.write(Lock::Everything, |tx| {
            let (text, _) = Watch::read(tx)?;
            if text != look.watch_text {
                return Ok(0);
            }
            tx.execute(
                "INSERT INTO settings (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                values![WATCH, watch.text()],
            )?;
            // A rule may have been changed or removed since it was read; the next look knows.
            let kept: BTreeMap<i64, AlertRule> = rules::all(tx)?
                .into_iter()
                .filter(|rule| look.rules.contains(rule))
                .map(|rule| (rule.id, rule))
                .collect();
            let mut next = next.clone();
            let mut made = 0;
            for (at, keys) in tellings {
                let Some(rule) = look.rules.get(*at).and_then(|rule| kept.get(&rule.id)) else {
                    continue;
                };
                let before = messages::made_since(tx, rule.id, now_ms - DAY_MS)?;
                if before >= rule.settings.messages_a_day {
                    continue;
                }
                let mut telling = telling(keys, &next, &named);
                telling.is_last = before + 1 == rule.settings.messages_a_day;
                made += messages::make(tx, rule, &telling, now_ms)?;
                for key in keys {
                    if let Some(state) = next.get_mut(key) {
                        state.told_bad = state.is_bad;
                    }
                }
            }
            next.retain(|_, state| state.observed || state.is_bad || state.told_bad);
            write_states(tx, &look.states, &next)?;
            Ok(made)
        })
    }

    /// Lists what is wrong now with screens of a scope, the oldest first, each thing once.
    ///
    /// # Errors
    /// The database fails.
    pub fn open_alerts(&self, scope: &Scope, count: usize) -> Result<Vec<OpenAlert>> {
        let rows = self.read_once(|tx| {
            tx.all(
                "SELECT number, name, kind, coalesce(group_name, ''), min(since_ms) FROM alert_states
                 JOIN screens ON number = alert_states.screen
                 LEFT JOIN screen_groups ON screen_groups.screen = number
                 WHERE is_bad GROUP BY number, name, kind, group_name ORDER BY 5, 1",
                values![],
                |row| {
                    let kind = AlertKind::of_word(&row.get::<String>(2)?);
                    let group: String = row.get(3)?;
                    let alert = (row.get::<Id<_>>(0)?.0, row.get::<String>(1)?, row.get(4)?);
                    Ok::<_, DatabaseError>((kind, group, alert))
                },
            )
        })?;
        let alerts = rows.into_iter().filter_map(|(kind, group, alert)| {
            let (screen, name, since_ms) = alert;
            scope.has_screens_of(&group).then_some(OpenAlert {
                screen,
                name: foreign::escaped(&name).into_owned(),
                kind: kind?,
                since_ms,
            })
        });
        Ok(alerts.take(count).collect())
    }

    /// How many things are wrong with the screens of each rule.
    ///
    /// # Errors
    /// The database fails.
    pub fn alert_counts(&self) -> Result<BTreeMap<i64, u64>> {
        let counts = self.read_once(rules::bad_counts)?;
        Ok(counts.into_iter().collect())
    }
}

/// What is remembered after a look.
fn stepped(look: &Look, present: Present) -> BTreeMap<Key, State> {
    let mut next = BTreeMap::new();
    for rule in look.rules.iter().filter(|rule| !rule.settings.paused) {
        let group = rule.settings.group.as_deref();
        let its = look
            .screens
            .iter()
            .filter(|screen| group.is_none() || screen.group.as_deref() == group);
        for screen in its {
            let mut seen = screen.seen;
            let plays = screen.plays.as_ref();
            seen.has_played =
                plays.and_then(|plays| plays.get(&rule.settings.dark_minutes).copied());
            for &kind in &rule.settings.kinds {
                let key = (rule.id, screen.number.get(), kind);
                let state = look.states.get(&key).copied();
                let was_bad = state.is_some_and(|state| state.is_bad);
                let observed = observe(kind, &rule.settings, &seen, was_bad, present);
                let stepped = match observed {
                    Some(observed) => step(kind, state, observed, present.now_ms),
                    None => state,
                };
                if let Some(stepped) = stepped {
                    next.insert(key, stepped);
                }
            }
        }
    }
    next
}

/// What rules have to tell, by their places, with what it is about: all that differs from what was
/// told, once the oldest of it has waited for the rule's time.
fn tellings(look: &Look, next: &BTreeMap<Key, State>, now_ms: i64) -> Vec<(usize, Vec<Key>)> {
    let mut tellings = Vec::new();
    for (at, rule) in look.rules.iter().enumerate() {
        let of_rule =
            next.range((rule.id, 0, AlertKind::Silent)..(rule.id + 1, 0, AlertKind::Silent));
        let untold: Vec<(&Key, &State)> = of_rule
            .filter(|(_, state)| state.is_bad != state.told_bad)
            .collect();
        let oldest_ms = untold.iter().map(|(_, state)| state.changed_ms).min();
        let gather_ms = i64::from(rule.settings.gather_s) * 1_000;
        if oldest_ms.is_some_and(|oldest_ms| now_ms - oldest_ms >= gather_ms) {
            tellings.push((at, untold.into_iter().map(|(key, _)| *key).collect()));
        }
    }
    tellings
}

fn telling(
    keys: &[Key],
    states: &BTreeMap<Key, State>,
    named: &BTreeMap<u32, &str>,
) -> AlertTelling {
    let changes = keys.iter().filter_map(|key| {
        let state = states.get(key)?;
        Some(AlertChange {
            screen: ScreenNumber::new(key.1)?,
            name: named.get(&key.1).map(|name| (*name).to_owned())?,
            kind: key.2,
            is_bad: state.is_bad,
            since_ms: state.since_ms,
        })
    });
    let mut changes: Vec<AlertChange> = changes.collect();
    changes.sort_by_key(|change| (!change.is_bad, change.kind, change.screen));
    let bad = changes.iter().filter(|change| change.is_bad).count();
    let well = changes.len() - bad;
    changes.truncate(CHANGES_MAX);
    AlertTelling {
        bad,
        well,
        changes,
        ..AlertTelling::default()
    }
}

/// Writes what is remembered in place of what was.
fn write_states(
    tx: &Transaction<'_>,
    before: &BTreeMap<Key, State>,
    after: &BTreeMap<Key, State>,
) -> Result<(), DatabaseError> {
    let gone: Vec<_> = before
        .keys()
        .filter(|key| !after.contains_key(*key))
        .map(|(rule, screen, kind)| owned_values![*rule, *screen, kind.word()])
        .collect();
    tx.execute_each(
        "DELETE FROM alert_states WHERE rule = ?1 AND screen = ?2 AND kind = ?3",
        &gone,
    )?;
    let changed: Vec<_> = after
        .iter()
        .filter(|(key, state)| before.get(*key) != Some(*state))
        .map(|((rule, screen, kind), state)| {
            owned_values![
                *rule,
                *screen,
                kind.word(),
                state.observed,
                state.observed_ms,
                state.is_bad,
                state.changed_ms,
                state.since_ms,
                state.told_bad
            ]
        })
        .collect();
    tx.execute_each(
        "INSERT INTO alert_states (rule, screen, kind, observed, observed_ms, is_bad, changed_ms, since_ms, told_bad)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (rule, screen, kind) DO UPDATE SET
             observed = excluded.observed, observed_ms = excluded.observed_ms, is_bad = excluded.is_bad,
             changed_ms = excluded.changed_ms, since_ms = excluded.since_ms, told_bad = excluded.told_bad",
        &changed,
    )?;
    Ok(())
}
