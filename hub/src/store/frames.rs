//! The last small picture of each screen, and who waits for a new one.
//!
//! Invariants: a screen has one picture, the newest, kept as it came and never opened here; one
//! that comes twice, or late, changes nothing; with its screen's revocation it goes; a wish that
//! was not met within [`WISH_MS`] is none any more. Backups have none of them: they are as old as
//! the backup, and screens send new ones by themselves.

use passerby_protocol::ScreenNumber;
use passerby_protocol::last_frame::FrameNote;
use serde::Serialize;

use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::people::{Actor, Scope};
use crate::store::{Result, Store, StoreError, changes, screen_list};

/// For how long a terminal is told of a wish, in milliseconds.
pub const WISH_MS: i64 = 120_000;
/// Shortest time between two wishes for one screen, in milliseconds: a terminal sends no picture
/// more often.
const WISHES_APART_MS: i64 = 10_000;

/// What the last picture of a screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastFrame {
    /// When it was on the screen, by the hub's time.
    pub taken_ms: i64,
    /// Pixels a row.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// The number of the play; none for what is built in.
    pub play: Option<u32>,
    /// The campaign of that play; empty for what is built in.
    pub campaign: String,
    /// Its creative's digest, `house` or `notice`.
    pub creative: String,
}

/// The picture of a screen, and whether somebody waits for a new one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScreenFrame {
    /// The last one that came.
    pub last: Option<LastFrame>,
    /// Since when somebody waits for one.
    pub wished_ms: Option<i64>,
}

impl Store {
    /// Keeps a picture in the place of the last one. One that was taken before that is left out.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_frame(
        &self,
        screen: ScreenNumber,
        note: &FrameNote,
        jpeg: &[u8],
        now_ms: i64,
    ) -> Result<()> {
        let taken_ms = now_ms.saturating_sub_unsigned(note.age_ms);
        self.write(Lock::Screens(&[screen]), |tx| {
            let kept = tx.execute(
                "INSERT INTO screen_frames (screen, asked_ms, received_ms, taken_ms, width_px, height_px, play, campaign, creative)
                 SELECT ?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM screens WHERE number = ?1 AND revoked_ms IS NULL)
                 ON CONFLICT (screen) DO UPDATE SET received_ms = excluded.received_ms, taken_ms = excluded.taken_ms,
                    width_px = excluded.width_px, height_px = excluded.height_px, play = excluded.play,
                    campaign = excluded.campaign, creative = excluded.creative
                 WHERE coalesce(screen_frames.taken_ms, 0) <= excluded.taken_ms",
                values![
                    screen.get(),
                    now_ms,
                    taken_ms,
                    note.width,
                    note.height,
                    note.play,
                    &note.campaign,
                    &note.creative
                ],
            )?;
            if kept > 0 {
                tx.execute(
                    "INSERT INTO screen_frame_pictures (screen, jpeg) VALUES (?1, ?2)
                     ON CONFLICT (screen) DO UPDATE SET jpeg = excluded.jpeg",
                    values![screen.get(), jpeg],
                )?;
            }
            Ok(())
        })
    }

    /// Returns what is known of a screen's picture.
    ///
    /// # Errors
    /// The database fails.
    pub fn screen_frame(&self, screen: ScreenNumber, now_ms: i64) -> Result<ScreenFrame> {
        self.read_once(|tx| {
            let found = tx.optional(
                "SELECT taken_ms, width_px, height_px, play, campaign, creative FROM screen_frames
                 WHERE screen = ?1 AND taken_ms IS NOT NULL",
                values![screen.get()],
                |row| {
                    Ok::<_, DatabaseError>(LastFrame {
                        taken_ms: row.get(0)?,
                        width_px: row.get(1)?,
                        height_px: row.get(2)?,
                        play: row.get(3)?,
                        campaign: row.get(4)?,
                        creative: row.get(5)?,
                    })
                },
            )?;
            Ok(ScreenFrame {
                last: found,
                wished_ms: wish(tx, screen, now_ms)?,
            })
        })
    }

    /// Returns the picture of a screen, as it came, and when it was taken; none of a screen outside
    /// the scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn frame_picture(
        &self,
        screen: ScreenNumber,
        scope: &Scope,
    ) -> Result<Option<(i64, Vec<u8>)>> {
        self.read(|tx| {
            if screen_list::one(tx, screen, scope, 0)?.is_none() {
                return Ok(None);
            }
            let found = tx.optional(
                "SELECT taken_ms, jpeg FROM screen_frames JOIN screen_frame_pictures
                 ON screen_frame_pictures.screen = screen_frames.screen WHERE screen_frames.screen = ?1",
                values![screen.get()],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )?;
            Ok(found)
        })
    }

    /// Notes that somebody wishes to see what is on a screen. Whoever wishes it just after another
    /// waits with them.
    ///
    /// # Errors
    /// The screen is none of theirs, or the database fails.
    pub fn wish_for_frame(&self, actor: &Actor, screen: ScreenNumber, now_ms: i64) -> Result<()> {
        self.write(Lock::Screens(&[screen]), |tx| {
            screen_list::refuse_others(tx, actor, screen)?;
            let noted = tx.execute(
                "INSERT INTO screen_frames (screen, asked_ms, received_ms)
                 SELECT number, ?2, 0 FROM screens WHERE number = ?1 AND revoked_ms IS NULL
                 ON CONFLICT (screen) DO UPDATE SET asked_ms = greatest(excluded.asked_ms, screen_frames.received_ms + 1)
                 WHERE screen_frames.asked_ms + ?3 <= excluded.asked_ms",
                values![screen.get(), now_ms, WISHES_APART_MS],
            )?;
            if noted > 0 {
                changes::note(tx)?;
            }
            Ok::<_, StoreError>(())
        })
    }

    /// The wish that a screen's terminal should hear of: another number for each.
    ///
    /// # Errors
    /// The database fails.
    pub fn frame_wish(&self, screen: ScreenNumber, now_ms: i64) -> Result<u64> {
        let wished = self.read_once(|tx| wish(tx, screen, now_ms))?;
        Ok(wished.map_or(0, i64::unsigned_abs))
    }
}

fn wish(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    now_ms: i64,
) -> Result<Option<i64>, DatabaseError> {
    tx.optional(
        "SELECT asked_ms FROM screen_frames WHERE screen = ?1 AND asked_ms > received_ms AND asked_ms > ?2",
        values![screen.get(), now_ms - WISH_MS],
        |row| row.get(0),
    )
}

/// Takes away what a screen showed.
pub(super) fn forget(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<(), DatabaseError> {
    for table in ["screen_frame_pictures", "screen_frames"] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE screen = ?1"),
            values![screen.get()],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::on_each_database;

    const ME: Actor = Actor::COMMAND_LINE;

    fn note(age_ms: u64, play: u32) -> FrameNote {
        FrameNote {
            age_ms,
            width: 480,
            height: 270,
            play: Some(play),
            campaign: "jazz".to_owned(),
            creative: "ab".repeat(32),
        }
    }

    #[test]
    fn a_screen_has_its_newest_picture_alone_until_it_is_revoked() {
        on_each_database(|database| {
            let store = database.open();
            let (screen, _) = store.add_screen(&ME, "Exit A", 0).unwrap();
            let (other, _) = store.add_screen(&ME, "Exit B", 0).unwrap();
            assert_eq!(
                store.screen_frame(screen, 1).unwrap(),
                ScreenFrame::default()
            );
            assert_eq!(store.frame_picture(screen, &Scope::ALL).unwrap(), None);
            let shown = |play| {
                let last = store.screen_frame(screen, 30_000).unwrap().last.unwrap();
                let (taken_ms, jpeg) = store.frame_picture(screen, &Scope::ALL).unwrap().unwrap();
                assert_eq!((last.play, last.taken_ms), (Some(play), taken_ms));
                (taken_ms, jpeg)
            };
            store
                .keep_frame(screen, &note(500, 7), b"seven", 10_000)
                .unwrap();
            assert_eq!(shown(7), (9_500, b"seven".to_vec()));
            store
                .keep_frame(screen, &note(0, 8), b"eight", 20_000)
                .unwrap();
            // The first one again, by a retry that was long on its way.
            store
                .keep_frame(screen, &note(10_500, 7), b"seven", 20_001)
                .unwrap();
            assert_eq!(shown(8), (20_000, b"eight".to_vec()));
            assert_eq!(
                store.screen_frame(other, 1).unwrap(),
                ScreenFrame::default()
            );
            let nobody = Scope {
                screens: Some(std::collections::BTreeSet::from(["north".to_owned()])),
                campaigns: None,
            };
            assert_eq!(store.frame_picture(screen, &nobody).unwrap(), None);
            store.revoke_screen(&ME, screen, false, 30_000).unwrap();
            assert_eq!(store.frame_picture(screen, &Scope::ALL).unwrap(), None);
            store
                .keep_frame(screen, &note(0, 9), b"nine", 30_001)
                .unwrap();
            assert_eq!(
                store.frame_picture(screen, &Scope::ALL).unwrap(),
                None,
                "too late"
            );
        });
    }

    #[test]
    fn a_wish_is_told_until_it_is_met_or_nobody_waits_any_more() {
        on_each_database(|database| {
            let store = database.open();
            let (screen, _) = store.add_screen(&ME, "Exit A", 0).unwrap();
            let wish = |now_ms| store.frame_wish(screen, now_ms).unwrap();
            let told = |now_ms| store.screen_frame(screen, now_ms).unwrap().wished_ms;
            assert_eq!(wish(1), 0);
            let change = |seen| {
                store
                    .changed_since(seen)
                    .unwrap()
                    .map(|changed| changed.number)
            };
            let before = change(None);
            store.wish_for_frame(&ME, screen, 100_000).unwrap();
            let after = change(before);
            assert!(after > before, "whoever waits is woken");
            assert_eq!((wish(100_001), told(100_001)), (100_000, Some(100_000)));
            store.wish_for_frame(&ME, screen, 105_000).unwrap();
            assert_eq!(change(after), None);
            assert_eq!(wish(105_000), 100_000, "two people wait for one picture");
            store
                .keep_frame(screen, &note(9_000, 7), b"seven", 106_000)
                .unwrap();
            assert_eq!((wish(106_000), told(106_000)), (0, None));
            store.wish_for_frame(&ME, screen, 120_000).unwrap();
            assert_eq!(wish(120_000 + WISH_MS - 1), 120_000);
            assert_eq!(wish(120_000 + WISH_MS), 0, "they have gone");
            store.revoke_screen(&ME, screen, false, 130_000).unwrap();
            store.wish_for_frame(&ME, screen, 140_000).unwrap();
            assert_eq!(wish(140_001), 0);
        });
    }
}
