//! Who did what: one row for each thing that somebody changed.
//!
//! Whoever adds something that is written down adds a [`Verb`], calls `audit::note` in the
//! transaction that does it, and gives the verb its words in `hub/src/server/console/words.rs`.
//!
//! Invariants: a row is written in the transaction that does what it tells, and never changed; at
//! most [`ROWS_MAX`] are kept, the newest.

use serde::Serialize;

use crate::database::{DatabaseError, Row, Sql, Transaction, Value, values};
use crate::people::Actor;
use crate::store::{Result, Store};

/// Most rows that are kept.
pub const ROWS_MAX: i64 = 1_000_000;
/// How often old rows are looked for, in rows.
const LOOK_EVERY: i64 = 1_000;
/// Longest text beside a verb, in characters; what is longer is cut.
const DETAIL_CHARS_MAX: usize = 400;

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// What somebody did.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Verb { $($(#[$doc])* $name),+ }

        impl Verb {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word for it in databases and calls.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

verbs! {
    /// Added a screen.
    AddedScreen = "screen.add",
    /// Paired a screen by its code.
    PairedScreen = "screen.pair",
    /// Named or grouped a screen, or changed its tags.
    ChangedScreen = "screen.change",
    /// Let another machine take a screen over.
    RenewedScreen = "screen.renew",
    /// Took a screen out of service.
    RevokedScreen = "screen.revoke",
    /// Gave a screen a new key for its codes.
    RotatedKey = "screen.rotate-key",
    /// Sent a campaign out.
    Published = "campaign.publish",
    /// Took a campaign off the screens.
    TookOff = "campaign.unpublish",
    /// Put a campaign into a group.
    GroupedCampaign = "campaign.group",
    /// Began a draft.
    MadeDraft = "draft.make",
    /// Changed a draft.
    ChangedDraft = "draft.change",
    /// Handed a draft in.
    SubmittedDraft = "draft.submit",
    /// Sent a draft back that was handed in.
    ReturnedDraft = "draft.return",
    /// Deleted a draft.
    DeletedDraft = "draft.delete",
    /// Had a film stay as it came.
    CalledFilmOff = "draft.film-off",
    /// Had a film tried again.
    TriedFilmAgain = "draft.film-again",
    /// Set how much files may take.
    SetQuota = "quota.set",
    /// Opened a slot for a contributor.
    OpenedSlot = "slot.open",
    /// Closed it before its last day.
    ClosedSlot = "slot.close",
    /// Said that a domain leads here.
    AddedDomain = "domain.add",
    /// Said that it no longer does.
    RemovedDomain = "domain.remove",
    /// Made a link for somebody new.
    Invited = "person.invite",
    /// Took such a link back.
    Withdrew = "person.withdraw",
    /// Came in by such a link.
    Joined = "person.join",
    /// Changed what somebody may do.
    ChangedPerson = "person.change",
    /// Made a link by which somebody chooses a new password.
    ResetPerson = "person.reset",
    /// Took somebody out.
    RemovedPerson = "person.remove",
    /// Chose a new password; all other sessions end.
    ChangedPassword = "account.password",
    /// Signed in.
    SignedIn = "account.sign-in",
    /// Began to need a second step.
    BeganSecondStep = "account.second-step",
    /// Needs it no longer.
    EndedSecondStep = "account.no-second-step",
    /// Ended other sessions.
    EndedSessions = "account.end-sessions",
    /// Made a token for a program.
    MadeToken = "token.make",
    /// Ended such a token.
    EndedToken = "token.end",
    /// Had cards made of what comes by itself.
    AddedSource = "source.add",
    /// Changed the rules of a source.
    ChangedSource = "source.change",
    /// Had a source fetched at once.
    FetchedSource = "source.fetch",
    /// Had a source fetched no more for now.
    PausedSource = "source.pause",
    /// Had it fetched again.
    ResumedSource = "source.resume",
    /// Removed a source with all that aired of it.
    RemovedSource = "source.remove",
    /// Sent news to those who follow a campaign.
    SentNews = "news.send",
    /// Had it go to nobody further.
    StoppedNews = "news.stop",
    /// Erased somebody who followed.
    ErasedFollower = "follower.erase",
    /// Took the addresses of those who follow out.
    ExportedFollowers = "follower.export",
    /// Set the word by which a shop's staff redeems codes.
    SetFanWord = "follower.word",
    /// Let items of a source air.
    ApprovedItems = "source.approve",
    /// Took items of a source down, or kept them from ever airing.
    TookDownItems = "source.take-down",
    /// Covered screens with an emergency message.
    BeganEmergency = "emergency.begin",
    /// Took such a message off.
    EndedEmergency = "emergency.end",
    /// Made a rule for who is told when a screen needs somebody.
    AddedAlert = "alert.add",
    /// Changed such a rule.
    ChangedAlert = "alert.change",
    /// Removed such a rule.
    RemovedAlert = "alert.remove",
    /// Had a rule send a message that only tries the way.
    TriedAlert = "alert.test",
    /// Set the server that takes the hub's mail.
    SetMail = "mail.set",
    /// Forgot it.
    RemovedMail = "mail.remove",
    /// Said who runs the hub.
    SetOperator = "operator.set",
    /// Answered what a passer-by said.
    AnsweredVoice = "voice.answer",
    /// Let screens show it.
    ApprovedVoice = "voice.approve",
    /// Let screens show it no more.
    WithdrewVoice = "voice.withdraw",
    /// Took it down.
    RemovedVoice = "voice.remove",
    /// Took no more of one passer-by on that day.
    BlockedVoices = "voice.block",
    /// Took down what somebody typed when they passed a campaign on.
    RemovedMoment = "moment.remove",
    /// Made a key with which a shop reports what was bought.
    AddedConversionKey = "conversion-key.add",
    /// Revoked such a key.
    RevokedConversionKey = "conversion-key.revoke",
    /// Had a program told of what happens.
    AddedHook = "hook.add",
    /// Had it told no more for now, or again.
    PausedHook = "hook.pause",
    /// Had it told no more at all.
    RemovedHook = "hook.remove",
    /// Had it sent again what was given up.
    SentAgain = "hook.again",
}

/// One row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditLine {
    /// Its number; newer ones have greater ones.
    pub id: i64,
    /// When, as Unix time in milliseconds.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What, as one of the words of [`Verb`].
    pub verb: String,
    /// To what.
    pub subject: String,
    /// What else there is to say.
    pub detail: String,
}

/// Writes down that somebody did something.
pub(super) fn note(
    tx: &Transaction<'_>,
    actor: &Actor,
    verb: Verb,
    (subject, detail): (&str, &str),
    now_ms: i64,
) -> Result<(), DatabaseError> {
    let detail: String = detail.chars().take(DETAIL_CHARS_MAX).collect();
    let id: i64 = tx.value(
        "INSERT INTO audit (at_ms, actor, person, verb, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        values![
            now_ms,
            actor.named(),
            actor.person_id(),
            verb.word(),
            subject,
            detail
        ],
    )?;
    if id % LOOK_EVERY == 0 {
        tx.execute("DELETE FROM audit WHERE id <= ?1", values![id - ROWS_MAX])?;
    }
    Ok(())
}

fn line(row: &Row<'_>) -> Result<AuditLine, DatabaseError> {
    Ok(AuditLine {
        id: row.get(0)?,
        at_ms: row.get(1)?,
        actor: row.get(2)?,
        verb: row.get(3)?,
        subject: row.get(4)?,
        detail: row.get(5)?,
    })
}

impl Store {
    /// Returns rows of the audit log, newest first, older than `before`; all of them or those with
    /// a text in who, what or to what.
    ///
    /// # Errors
    /// The database fails.
    pub fn audit(&self, before: Option<i64>, text: &str, count: usize) -> Result<Vec<AuditLine>> {
        let mut values = vec![Value::from(before.unwrap_or(i64::MAX)), Value::from(count)];
        let mut matching = String::new();
        if !text.is_empty() {
            values.push(Value::from(crate::store::search::pattern(text)));
            matching = ["actor", "verb", "subject"]
                .map(|column| format!("lower({column}) LIKE ?3 ESCAPE '!'"))
                .join(" OR ");
            matching = format!("WHERE ({matching})");
        }
        // PostgreSQL takes a text for rare, and would look at the whole log for it first.
        let read = |unbound: &str| {
            format!(
                "SELECT id, at_ms, actor, verb, subject, detail
                 FROM (SELECT id, at_ms, actor, verb, subject, detail FROM audit
                       WHERE id < ?1 ORDER BY id DESC{unbound}) AS newest
                 {matching} ORDER BY id DESC LIMIT ?2"
            )
        };
        let (sqlite, postgres) = (read(""), read(" OFFSET 0"));
        self.read_once(|tx| Ok(tx.all(Sql::pair(&sqlite, &postgres), &values, line)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Lock;
    use crate::store::testing::on_each_database;

    #[test]
    fn the_audit_log_is_read_newest_first_and_by_its_words() {
        on_each_database(|database| {
            let store = database.open();
            for at in 1..=5 {
                let (verb, subject) = if at == 3 {
                    (Verb::RevokedScreen, "screen 3")
                } else {
                    (Verb::AddedScreen, "screen 100%")
                };
                let noted: Result<()> = store.write(Lock::Everything, |tx| {
                    note(
                        tx,
                        &Actor::COMMAND_LINE,
                        verb,
                        (subject, &"é".repeat(500)),
                        at,
                    )?;
                    Ok(())
                });
                noted.unwrap();
            }
            let page = store.audit(None, "", 3).unwrap();
            assert_eq!(
                page.iter().map(|line| line.at_ms).collect::<Vec<_>>(),
                [5, 4, 3]
            );
            assert_eq!(page[0].detail.chars().count(), DETAIL_CHARS_MAX);
            let rest = store.audit(Some(page[2].id), "", 3).unwrap();
            assert_eq!(
                rest.iter().map(|line| line.at_ms).collect::<Vec<_>>(),
                [2, 1]
            );
            assert_eq!(store.audit(None, "REVOKE", 9).unwrap().len(), 1);
            assert_eq!(store.audit(None, "100%", 9).unwrap().len(), 4);
            assert_eq!(store.audit(None, "1%0", 9).unwrap().len(), 0);
            assert_eq!(store.audit(None, "command", 9).unwrap().len(), 5);
        });
    }

    #[test]
    fn every_verb_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            Verb::ALL.iter().map(|verb| verb.word()).collect();
        assert_eq!(words.len(), Verb::ALL.len());
    }
}
