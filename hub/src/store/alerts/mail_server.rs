//! The server that takes the hub's mail.

use serde::{Deserialize, Serialize};

use crate::database::{Lock, values};
use crate::people::Actor;
use crate::store::audit::Verb;
use crate::store::{Result, Store, StoreError, audit};

/// How the way to it is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailEncryption {
    /// From the first byte, usually on port 465.
    Tls,
    /// After a word in the open, usually on port 587.
    Starttls,
    /// Not at all.
    None,
}

impl MailEncryption {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::Tls, Self::Starttls, Self::None];

    /// The word for it in databases and calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Starttls => "starttls",
            Self::None => "none",
        }
    }

    /// Finds one by its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// Where it is and who the hub is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is encrypted.
    pub encryption: MailEncryption,
    /// Who the hub is there; nobody where it asks for nothing.
    pub user: Option<String>,
    /// From whom mail is.
    pub from: String,
    /// Where answers to mail for people who follow go; to the sender where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

impl Store {
    /// Returns the mail server and its sealed password, if there is one.
    ///
    /// # Errors
    /// The database fails.
    pub fn mail_server(&self) -> Result<Option<(MailServer, Option<Vec<u8>>)>> {
        self.read_once(|tx| {
            tx.optional(
                "SELECT body, sealed FROM mail_server WHERE one = 1",
                values![],
                |row| {
                    let server = serde_json::from_str(&row.get::<String>(0)?)?;
                    Ok::<_, StoreError>((server, row.get(1)?))
                },
            )
        })
    }

    /// Sets the mail server. Without a new password it keeps the one that it has, if it is the same
    /// server and user.
    ///
    /// # Errors
    /// The database fails.
    pub fn set_mail_server(
        &self,
        actor: &Actor,
        server: &MailServer,
        sealed: Option<&[u8]>,
        now_ms: i64,
    ) -> Result<()> {
        let body = serde_json::to_string(server)?;
        let known = self.mail_server()?;
        // A password never goes to another server than the one that it was given for.
        let kept = known.filter(|(known, _)| {
            (&known.host, known.port, &known.user) == (&server.host, server.port, &server.user)
                && known.encryption == server.encryption
        });
        let kept = kept.and_then(|(_, sealed)| sealed);
        let sealed = sealed.or(kept.as_deref());
        self.write(Lock::Everything, |tx| {
            tx.execute(
                "INSERT INTO mail_server (one, body, sealed) VALUES (1, ?1, ?2)
                 ON CONFLICT (one) DO UPDATE SET body = excluded.body, sealed = excluded.sealed",
                values![&body, sealed],
            )?;
            let said = format!("{}:{}, from {}", server.host, server.port, server.from);
            audit::note(tx, actor, Verb::SetMail, ("mail server", &said), now_ms)?;
            Ok(())
        })
    }

    /// Forgets the mail server and its password.
    ///
    /// # Errors
    /// The database fails.
    pub fn remove_mail_server(&self, actor: &Actor, now_ms: i64) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            if tx.execute("DELETE FROM mail_server", values![])? > 0 {
                audit::note(tx, actor, Verb::RemovedMail, ("mail server", ""), now_ms)?;
            }
            Ok(())
        })
    }
}
