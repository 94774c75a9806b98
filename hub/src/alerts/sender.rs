//! Sends one message its one way.

use passerby_protocol::private_host::PrivateHost;

use crate::Hub;
use crate::alerts::mail::{Letter, Refused};
use crate::alerts::own_reasons::OwnReason;
use crate::alerts::web_hook::Hook;
use crate::alerts::{check, hook, mail, texts};
use crate::sources::fetch::{FetchError, Fetcher};
use crate::store::{AlertRule, AlertTelling, ClaimedMessage};

/// For what the password of the mail server is sealed.
const MAIL_PURPOSE: &str = "mail server";
/// Largest answer of a web hook that is looked at, in bytes.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// Seals the password of a mail server for the database.
pub(crate) fn sealed_password(hub: &Hub, password: &str) -> Vec<u8> {
    hub.keys().seal_for(MAIL_PURPOSE, password.as_bytes())
}

/// What sends.
#[derive(Debug)]
pub(crate) struct Sender {
    fetcher: Fetcher,
    /// The page of alerts, where this process knows the hub's address.
    link: Option<String>,
}

/// Whom one message is for.
pub(crate) type Recipient<'a> = Option<&'a str>;

impl Sender {
    pub(crate) const fn new(private_hosts: Vec<PrivateHost>, link: Option<String>) -> Self {
        Self {
            fetcher: Fetcher::new(private_hosts),
            link,
        }
    }

    /// Sends a message that was claimed.
    pub(super) fn send(
        &self,
        hub: &Hub,
        rule: &AlertRule,
        message: &ClaimedMessage,
        now_ms: i64,
    ) -> Result<(), Refused> {
        let named = (message.id, message.made_ms);
        self.send_to(
            hub,
            rule,
            (message.recipient.as_deref(), &message.telling),
            named,
            now_ms,
        )
    }

    /// Sends a message that only tries the way, at once. Says why it was not taken.
    pub(crate) fn attempt(
        &self,
        hub: &Hub,
        rule: &AlertRule,
        recipient: Recipient<'_>,
        now_ms: i64,
    ) -> Result<(), String> {
        let telling = AlertTelling {
            is_test: true,
            ..AlertTelling::default()
        };
        let sent = self.send_to(hub, rule, (recipient, &telling), (0, now_ms), now_ms);
        sent.map_err(|refused| refused.reason)
    }

    fn send_to(
        &self,
        hub: &Hub,
        rule: &AlertRule,
        (recipient, telling): (Recipient<'_>, &AlertTelling),
        (id, made_ms): (i64, i64),
        now_ms: i64,
    ) -> Result<(), Refused> {
        let settings = &rule.settings;
        let link = self.link.as_deref();
        let text = texts::text(settings.words, &settings.name, telling, link);
        match recipient {
            Some(to) => {
                let to = check::mail(to).ok_or_else(|| Refused::for_good(OwnReason::NoAddress))?;
                let server = hub.store.mail_server().map_err(Refused::now)?;
                let Some((server, sealed)) = server else {
                    return Err(Refused::now(OwnReason::NoMailServer));
                };
                let password = sealed.map(|sealed| {
                    let opened = hub.keys().open_for(MAIL_PURPOSE, &sealed);
                    opened.and_then(|bytes| String::from_utf8(bytes).ok())
                });
                let password = match password {
                    Some(None) => {
                        return Err(Refused::now(OwnReason::OthersPassword));
                    }
                    Some(password) => password,
                    None => None,
                };
                let letter = Letter {
                    to: &to,
                    from_name: settings.words.say(["路人 Passerby", "Passerby"]),
                    id,
                    made_ms,
                };
                mail::send(
                    &self.fetcher,
                    (&server, password.as_deref()),
                    &letter,
                    &text,
                )
            }
            None => {
                let (Some(kind), Some(sealed)) = (settings.hook, &rule.sealed_hook) else {
                    return Err(Refused::for_good(OwnReason::NoHook));
                };
                let hook = Hook::open(hub, sealed);
                let hook = hook.ok_or_else(|| Refused::now(OwnReason::OthersHook))?;
                let url = check::hook(&hook.url).map_err(Refused::for_good)?;
                let call = hook::call(
                    kind,
                    (&url, &hook.secret),
                    (id, &settings.name),
                    (&text, telling),
                    now_ms,
                );
                let mut headers = call.headers;
                headers.push(("content-type", "application/json; charset=utf-8".to_owned()));
                let answer = self
                    .fetcher
                    .post(&call.url, &headers, call.body, ANSWER_BYTES_MAX)
                    .map_err(|error| match error {
                        // Nothing of the address but its host: robots have their key in it.
                        FetchError::NoLink(_) => Refused::for_good(OwnReason::NoLink),
                        error => Refused::now(error),
                    })?;
                match hook::refusal(kind, &answer) {
                    None => Ok(()),
                    Some(reason) => Err(Refused::now(reason)),
                }
            }
        }
    }
}
