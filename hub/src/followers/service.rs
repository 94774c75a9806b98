//! Sends mail to people who follow, within limits.
//!
//! Invariants: a mail is marked as begun before the server hears of it, so news goes to one person
//! at most once; the server is tried before anything is begun; what goes wrong is told without the
//! address that it was for.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::thread;

use passerby_protocol::campaign::PageLanguage;
use passerby_protocol::private_host::PrivateHost;

use crate::Hub;
use crate::alerts::mail::{self, Letter, Refused};
use crate::followers::mail::{confirm_text, link_text, news_text};
use crate::followers::{address, address_of, token};
use crate::people::Scope;
use crate::public_url::PublicUrl;
use crate::sources::fetch::Fetcher;
use crate::store::{FollowMail, MailEnd, MailLimits, MailServer, StoreError};
use crate::system::{clock, repeated_errors};

/// Mails a minute, unless the operator says otherwise.
pub const MAILS_A_MINUTE: u32 = 60;
/// Mails of one campaign's news in 24 hours, unless the operator says otherwise.
pub const NEWS_A_DAY: u32 = 20_000;
/// Most mails that are on their way at one time.
const THREADS: usize = 4;

/// What sends.
#[derive(Debug)]
pub struct Service {
    fetcher: Fetcher,
    public_url: PublicUrl,
    limits: MailLimits,
}

impl Service {
    /// Sends through the hub's mail server, at a public address or at one that the operator names.
    pub fn new(
        private_hosts: Vec<PrivateHost>,
        public_url: PublicUrl,
        (a_minute, a_day): (u32, u32),
    ) -> Self {
        Self {
            fetcher: Fetcher::new(private_hosts),
            public_url,
            limits: MailLimits {
                a_minute: a_minute.into(),
                a_day: a_day.into(),
            },
        }
    }

    /// Sends what is due.
    ///
    /// # Errors
    /// The database fails.
    pub fn send_due(
        &self,
        hub: &Hub,
        goes_on: &(dyn Fn() -> bool + Sync),
        now_ms: i64,
    ) -> Result<(), StoreError> {
        if !hub.store.has_follow_mails(now_ms)? {
            return Ok(());
        }
        let server = mail::server_of(hub).and_then(|(server, password)| {
            mail::reach(&self.fetcher, (&server, password.as_deref()))?;
            Ok((server, password))
        });
        let server = match server {
            Ok(server) => server,
            // Nothing was begun, so all of it waits.
            Err(Refused { reason, .. }) => {
                repeated_errors::tell("mail to people who follow waits", &reason);
                return Ok(());
            }
        };
        let begun = hub.store.begin_follow_mails(self.limits, now_ms)?;
        let threads = THREADS.min(begun.len());
        let begun = Mutex::new(VecDeque::from(begun));
        let failed = Mutex::new(None);
        let next = || {
            begun
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front()
        };
        let work = || {
            while let Some(mail) = next() {
                let end = if goes_on() {
                    self.send(hub, &server, &mail)
                } else {
                    // It was not begun after all.
                    Ok(MailEnd::Later)
                };
                let ended = end.and_then(|end| hub.store.end_follow_mail(&mail, end, now_ms));
                if let Err(error) = ended {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // Without a second thread the first does it all.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(()), Err)
    }

    fn send(
        &self,
        hub: &Hub,
        (server, password): &(MailServer, Option<String>),
        mail: &FollowMail,
    ) -> Result<MailEnd, StoreError> {
        let (keys, follower) = (hub.keys(), &mail.follower);
        // It was claimed with others, which may have taken a while; who has left gets none.
        if hub
            .store
            .follower(&follower.name, clock::now_ms())?
            .is_none()
        {
            return Ok(MailEnd::Refused);
        }
        let facts = hub.store.campaign_facts(&follower.campaign, &Scope::ALL)?;
        let to = address_of(keys, follower).and_then(|text| address(&text));
        let (Some(facts), Some(to)) = (facts, to) else {
            return Ok(MailEnd::Refused);
        };
        let campaign = &facts.row.campaign;
        let link = format!("/fan/{}", token(keys, &follower.name));
        let own = self.public_url.absolute(&link);
        let text = match mail.news {
            Some(news) => match hub.store.news(&follower.campaign, news)? {
                Some(news) => news_text(&news.text, &follower.language, &own),
                None => return Ok(MailEnd::Refused),
            },
            None if follower.confirmed_ms.is_some() => {
                link_text(campaign, &follower.language, &own)
            }
            None => {
                let has_phone = follower.phone_ends_ms.is_some();
                let asked = (own.as_str(), self.public_url.host(), has_phone);
                confirm_text(campaign, &follower.language, asked)
            }
        };
        let language = if follower.language == PageLanguage::Chinese.word() {
            PageLanguage::Chinese
        } else {
            PageLanguage::English
        };
        let name = match mail.news {
            Some(news) => format!("passerby-news-{news}-{}", follower.id),
            None => format!("passerby-follow-{}-{}", mail.id, mail.made_ms),
        };
        let letter = Letter {
            to: &to,
            from_name: campaign.said(language).title,
            name,
            made_ms: mail.made_ms,
            leaves: Some(self.public_url.absolute(&format!("{link}/leave"))),
        };
        let sent = mail::send(&self.fetcher, (server, password.as_deref()), &letter, &text);
        Ok(match sent {
            Ok(()) => MailEnd::Sent,
            Err(refused) => {
                // Servers repeat the address in what they say.
                let reason = without_address(&refused.reason, to.as_ref());
                tracing::warn!(campaign = %follower.campaign, "mail to somebody who follows was not taken: {reason}");
                if refused.has_no_address {
                    MailEnd::NoAddress
                } else if refused.is_uncertain {
                    MailEnd::Uncertain
                } else if refused.is_final {
                    MailEnd::Refused
                } else {
                    MailEnd::Later
                }
            }
        })
    }
}

/// Takes an address out of what a server said.
fn without_address(reason: &str, address: &str) -> String {
    let (reason, address) = (reason.to_lowercase(), address.to_lowercase());
    let reason = reason.replace(&address, "…");
    let user = address.split('@').next().unwrap_or_default();
    if user.len() < 3 {
        return reason;
    }
    reason.replace(user, "…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_no_address() {
        let said = without_address(
            "550 <Li.Lei@B.example>: no mailbox li.lei here",
            "li.lei@b.example",
        );
        assert_eq!(said, "550 <…>: no mailbox … here");
    }
}
