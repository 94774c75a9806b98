//! News of a campaign, for those who follow it by mail or by its feed.
//!
//! Invariants: what was sent is never changed; a draft goes to nobody; whoever follows at the
//! moment at which it is sent gets it, and nobody who comes later.

use passerby_protocol::{CampaignId, foreign};

use crate::database::{DatabaseError, Lock, Row, values};
use crate::people::{Actor, Scope};
use crate::store::audit::Verb;
use crate::store::campaign_list::refuse_others;
use crate::store::followers::mails::end_news;
use crate::store::{Result, Store, StoreError, audit};

/// Most characters of a subject.
pub const SUBJECT_CHARS_MAX: usize = 120;
/// Most characters of a text.
pub const BODY_CHARS_MAX: usize = 5_000;
/// Most news of one campaign that is kept; then something older has to go.
pub(super) const NEWS_MAX: i64 = 1_000;
/// How many are listed, and in a feed.
pub const NEWS_LISTED: u32 = 50;

/// What somebody writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNews {
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Where it leads, if anywhere.
    pub link: Option<String>,
}

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub text: NewNews,
    /// Who wrote it.
    pub made_by: String,
    /// When.
    pub made_ms: i64,
    /// When it was sent; a draft until then.
    pub begun_ms: Option<i64>,
    /// When all of it was over.
    pub ended_ms: Option<i64>,
    /// For how many it is.
    pub total: u64,
    /// How many the server has taken.
    pub sent: u64,
    /// How many it has not.
    pub failed: u64,
    /// Of how many nobody knows.
    pub uncertain: u64,
    /// How many wait for their turn.
    pub waiting: u64,
}

/// Says why news is not kept or sent.
#[derive(Debug, thiserror::Error)]
pub enum NewsError {
    /// The subject or the text is empty, or too long.
    #[error(
        "write a subject of at most {SUBJECT_CHARS_MAX} characters and a text of at most {BODY_CHARS_MAX}, all of which can be seen"
    )]
    Text,
    /// The link is none.
    #[error("use a link that begins with https:// or http://, of at most 300 bytes")]
    Link,
    /// There is none of this number, or it is another campaign's.
    #[error("there is no such news")]
    Unknown,
    /// It was sent.
    #[error("it was sent already, and is not sent or changed again")]
    Sent,
    /// There is too much of it.
    #[error("the campaign has {NEWS_MAX} pieces of news; delete drafts first")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for NewsError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

impl NewNews {
    /// Reads what somebody wrote.
    ///
    /// # Errors
    /// See [`NewsError`].
    pub fn read(subject: &str, body: &str, link: &str) -> Result<Self, NewsError> {
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let body = body.replace("\r\n", "\n").trim().to_owned();
        let is_bad = |text: &str, most: usize| {
            let without_breaks = text.replace(['\n', '\t'], " ");
            text.is_empty() || text.chars().count() > most || foreign::has_hidden(&without_breaks)
        };
        if is_bad(&subject, SUBJECT_CHARS_MAX) || is_bad(&body, BODY_CHARS_MAX) {
            return Err(NewsError::Text);
        }
        let link = Some(link.trim()).filter(|link| !link.is_empty());
        let link = link.map(passerby_protocol::campaign::target).transpose();
        Ok(Self {
            subject,
            body,
            link: link.map_err(|_| NewsError::Link)?,
        })
    }
}

const COLUMNS: &str =
    "id, subject, body, link, made_by, made_ms, begun_ms, ended_ms, total, sent, failed, uncertain,
     (SELECT count(*) FROM follow_mails WHERE news = follow_news.id AND follow_mails.begun_ms IS NULL
      AND follow_mails.ended_ms IS NULL)";

fn news_of(row: &Row<'_>) -> Result<News, DatabaseError> {
    Ok(News {
        id: row.get(0)?,
        text: NewNews {
            subject: row.get(1)?,
            body: row.get(2)?,
            link: row.get(3)?,
        },
        made_by: row.get(4)?,
        made_ms: row.get(5)?,
        begun_ms: row.get(6)?,
        ended_ms: row.get(7)?,
        total: row.get(8)?,
        sent: row.get(9)?,
        failed: row.get(10)?,
        uncertain: row.get(11)?,
        waiting: row.get(12)?,
    })
}

impl Store {
    /// Lists the news of a campaign of the scope, the newest first; drafts too.
    ///
    /// # Errors
    /// The database fails.
    pub fn news_list(&self, campaign: &CampaignId, scope: &Scope) -> Result<Option<Vec<News>>> {
        if self.campaign_facts(campaign, scope)?.is_none() {
            return Ok(None);
        }
        self.read_once(|tx| {
            let rows = tx.all(
                &format!(
                    "SELECT {COLUMNS} FROM follow_news WHERE campaign = ?1 ORDER BY id DESC LIMIT ?2"
                ),
                values![campaign.as_str(), NEWS_LISTED],
                news_of,
            )?;
            Ok(Some(rows))
        })
    }

    /// Lists what of a campaign's news was sent, the newest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn sent_news(&self, campaign: &CampaignId) -> Result<Vec<News>> {
        self.read_once(|tx| {
            Ok(tx.all(
                &format!(
                    "SELECT {COLUMNS} FROM follow_news WHERE campaign = ?1 AND begun_ms IS NOT NULL
                     ORDER BY id DESC LIMIT ?2"
                ),
                values![campaign.as_str(), NEWS_LISTED],
                news_of,
            )?)
        })
    }

    /// Returns one piece of a campaign's news.
    ///
    /// # Errors
    /// The database fails.
    pub fn news(&self, campaign: &CampaignId, id: i64) -> Result<Option<News>> {
        self.read_once(|tx| {
            Ok(tx.optional(
                &format!("SELECT {COLUMNS} FROM follow_news WHERE campaign = ?1 AND id = ?2"),
                values![campaign.as_str(), id],
                news_of,
            )?)
        })
    }

    /// Keeps a draft: a new one, or in place of one.
    ///
    /// # Errors
    /// See [`NewsError`].
    pub fn keep_news(
        &self,
        actor: &Actor,
        campaign: &CampaignId,
        id: Option<i64>,
        text: &NewNews,
        now_ms: i64,
    ) -> Result<i64, NewsError> {
        self.write(Lock::Everything, |tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            let link = text.link.as_deref();
            if let Some(id) = id {
                let changed = tx.execute(
                    "UPDATE follow_news SET subject = ?3, body = ?4, link = ?5, made_by = ?6, made_ms = ?7
                     WHERE id = ?1 AND campaign = ?2 AND begun_ms IS NULL",
                    values![
                        id,
                        campaign.as_str(),
                        &text.subject,
                        &text.body,
                        link,
                        actor.named(),
                        now_ms
                    ],
                )?;
                if changed > 0 {
                    return Ok(id);
                }
                let is_there = tx.exists(
                    "SELECT 1 FROM follow_news WHERE id = ?1 AND campaign = ?2",
                    values![id, campaign.as_str()],
                )?;
                return Err(if is_there { NewsError::Sent } else { NewsError::Unknown });
            }
            if !tx.exists(
                "SELECT 1 FROM campaigns WHERE id = ?1",
                values![campaign.as_str()],
            )? {
                return Err(NewsError::Unknown);
            }
            let kept: i64 = tx.value(
                "SELECT count(*) FROM follow_news WHERE campaign = ?1",
                values![campaign.as_str()],
            )?;
            if kept >= NEWS_MAX {
                return Err(NewsError::TooMany);
            }
            let id = tx.value(
                "INSERT INTO follow_news (campaign, subject, body, link, made_by, made_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
                values![
                    campaign.as_str(),
                    &text.subject,
                    &text.body,
                    link,
                    actor.named(),
                    now_ms
                ],
            )?;
            Ok(id)
        })
    }

    /// Has a draft go out to everybody who follows now, once. Returns to how many.
    ///
    /// # Errors
    /// See [`NewsError`].
    pub fn send_news(
        &self,
        actor: &Actor,
        campaign: &CampaignId,
        id: i64,
        now_ms: i64,
    ) -> Result<u64, NewsError> {
        self.write(Lock::Everything, |tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            let begun: Option<Option<i64>> = tx.optional(
                "SELECT begun_ms FROM follow_news WHERE id = ?1 AND campaign = ?2",
                values![id, campaign.as_str()],
                |row| row.get(0),
            )?;
            match begun {
                None => return Err(NewsError::Unknown),
                Some(Some(_)) => return Err(NewsError::Sent),
                Some(None) => {}
            }
            let total = tx.execute(
                "INSERT INTO follow_mails (follower, campaign, news, made_ms, next_ms)
                 SELECT id, campaign, ?2, ?3, ?3 FROM followers
                 WHERE campaign = ?1 AND confirmed_ms IS NOT NULL AND ends_ms > ?3",
                values![campaign.as_str(), id, now_ms],
            )?;
            tx.execute(
                "UPDATE follow_news SET begun_ms = ?2, total = ?3 WHERE id = ?1",
                values![id, now_ms, total],
            )?;
            end_news(tx, now_ms)?;
            let subject = format!("campaign {campaign}");
            let said = format!("news {id}, to {total}");
            audit::note(tx, actor, Verb::SentNews, (&subject, &said), now_ms)?;
            Ok(total)
        })
    }

    /// Deletes a draft, or has news go to nobody further who was to get it.
    ///
    /// # Errors
    /// See [`NewsError`].
    pub fn stop_news(
        &self,
        actor: &Actor,
        campaign: &CampaignId,
        id: i64,
        now_ms: i64,
    ) -> Result<(), NewsError> {
        self.write(Lock::Everything, |tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            let dropped = tx.execute(
                "DELETE FROM follow_news WHERE id = ?1 AND campaign = ?2 AND begun_ms IS NULL",
                values![id, campaign.as_str()],
            )?;
            if dropped > 0 {
                return Ok(());
            }
            let is_there = tx.exists(
                "SELECT 1 FROM follow_news WHERE id = ?1 AND campaign = ?2",
                values![id, campaign.as_str()],
            )?;
            if !is_there {
                return Err(NewsError::Unknown);
            }
            let stopped = tx.execute(
                "DELETE FROM follow_mails WHERE news = ?1 AND begun_ms IS NULL AND ended_ms IS NULL",
                values![id],
            )?;
            tx.execute(
                "UPDATE follow_news SET total = total - ?2 WHERE id = ?1",
                values![id, stopped],
            )?;
            end_news(tx, now_ms)?;
            if stopped > 0 {
                let subject = format!("campaign {campaign}");
                let said = format!("news {id}, {stopped} less");
                audit::note(tx, actor, Verb::StoppedNews, (&subject, &said), now_ms)?;
            }
            Ok(())
        })
    }
}
