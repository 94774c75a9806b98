//! Mail: one message to one address, over SMTP.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, ReplyTo};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, SmtpTransport, Transport as _};
use passerby_protocol::foreign;
use rustls::RootCertStore;

use crate::Hub;
use crate::alerts::texts::Text;
use crate::sources::fetch::Fetcher;
use crate::store::{MailEncryption, MailServer};

/// For what the password of the mail server is sealed.
pub(super) const MAIL_PURPOSE: &str = "mail server";
/// How long the server may take for a step.
const STEP_TIME: Duration = Duration::from_secs(20);
/// Longest reason of a failure, in characters.
const REASON_CHARS_MAX: usize = 200;

/// Says why mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) reason: String,
    /// Whether it would be refused again.
    pub(crate) is_final: bool,
    /// Whether the server says that there is no such address.
    pub(crate) has_no_address: bool,
    /// Whether the server may have taken it all the same.
    pub(crate) is_uncertain: bool,
}

impl Refused {
    pub(crate) fn now(reason: impl std::fmt::Display) -> Self {
        Self {
            reason: foreign::one_line(&reason.to_string(), REASON_CHARS_MAX),
            is_final: false,
            has_no_address: false,
            is_uncertain: false,
        }
    }

    pub(crate) fn for_good(reason: impl std::fmt::Display) -> Self {
        Self {
            is_final: true,
            ..Self::now(reason)
        }
    }
}

/// Who is written to, and what stays the same when a message is sent again.
pub(crate) struct Letter<'a> {
    pub(crate) to: &'a Address,
    pub(crate) from_name: &'a str,
    /// What stands before the `@` of its name; the same when it is sent again.
    pub(crate) name: String,
    pub(crate) made_ms: i64,
    /// Where one press ends such mail (RFC 8058), if it is of a list.
    pub(crate) leaves: Option<String>,
}

/// The mail server of a hub, and its password.
///
/// # Errors
/// There is none, or its password cannot be opened.
pub(crate) fn server_of(hub: &Hub) -> Result<(MailServer, Option<String>), Refused> {
    let server = hub.store.mail_server().map_err(Refused::now)?;
    let Some((server, sealed)) = server else {
        return Err(Refused::now(
            "no mail server is set; an owner sets it on the page of alerts",
        ));
    };
    let password = sealed.map(|sealed| {
        let opened = hub.keys().open_for(MAIL_PURPOSE, &sealed);
        opened.and_then(|bytes| String::from_utf8(bytes).ok())
    });
    match password {
        Some(None) => Err(Refused::now(
            "the mail server's password was sealed by another hub; set it anew",
        )),
        Some(password) => Ok((server, password)),
        None => Ok((server, None)),
    }
}

/// Tries whether the mail server answers.
///
/// # Errors
/// It is not there, or does not let the hub in.
pub(crate) fn reach(
    fetcher: &Fetcher,
    (server, password): (&MailServer, Option<&str>),
) -> Result<(), Refused> {
    let from: Address = server.from.parse().map_err(Refused::now)?;
    let transport = transport(fetcher, server, password, from.domain())?;
    match transport.test_connection() {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refused::now("the mail server does not answer")),
        Err(error) => Err(Refused::now(error)),
    }
}

/// Sends a letter.
///
/// # Errors
/// The server is not there or does not take it.
pub(crate) fn send(
    fetcher: &Fetcher,
    (server, password): (&MailServer, Option<&str>),
    letter: &Letter<'_>,
    text: &Text,
) -> Result<(), Refused> {
    let from: Address = server.from.parse().map_err(Refused::for_good)?;
    let domain = from.domain().to_owned();
    let at = Timestamp::from_millisecond(letter.made_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut message = Message::builder()
        .from(Mailbox::new(Some(letter.from_name.to_owned()), from))
        .to(Mailbox::new(None, letter.to.clone()))
        .subject(text.subject.clone())
        // A server that is sent it twice can tell.
        .message_id(Some(format!("<{}@{domain}>", letter.name)))
        .date(at.into())
        .header(ContentType::TEXT_PLAIN)
        .body(text.body.clone())
        .map_err(Refused::for_good)?;
    if let Some(leaves) = &letter.leaves {
        if let Some(to) = (server.reply_to.as_ref()).and_then(|to| to.parse::<Address>().ok()) {
            let to = Mailbox::new(None, to);
            message
                .headers_mut()
                .set(ReplyTo::from(lettre::message::Mailboxes::from(to)));
        }
        for (name, value) in [
            ("List-Unsubscribe", format!("<{leaves}>")),
            (
                "List-Unsubscribe-Post",
                "List-Unsubscribe=One-Click".to_owned(),
            ),
        ] {
            let name = HeaderName::new_from_ascii_str(name);
            message
                .headers_mut()
                .insert_raw(HeaderValue::new(name, value));
        }
    }
    let transport = transport(fetcher, server, password, &domain)?;
    match transport.send(&message) {
        Ok(_) => Ok(()),
        Err(error) if error.is_permanent() => Err(Refused {
            has_no_address: has_no_address(error.status().map(u16::from), &error.to_string()),
            ..Refused::for_good(error)
        }),
        Err(error) => Err(Refused {
            is_uncertain: !error.is_transient() && !error.is_client() && !error.is_tls(),
            ..Refused::now(error)
        }),
    }
}

/// Tells whether a refusal is about the address (RFC 5321, 4.2.3; RFC 3463, X.1.x and X.2.1), and
/// not about who sends or what.
fn has_no_address(status: Option<u16>, said: &str) -> bool {
    let is_of_mailbox = matches!(status, Some(550 | 551 | 553));
    let is_about = |word: &str| said.contains(word);
    let is_of_others = is_about("5.7.") || is_about("5.6.") || is_about("5.5.");
    (is_of_mailbox && !is_of_others) || is_about("5.1.1") || is_about("5.2.1")
}

fn transport(
    fetcher: &Fetcher,
    server: &MailServer,
    password: Option<&str>,
    domain: &str,
) -> Result<SmtpTransport, Refused> {
    let addresses = fetcher.judged(&server.host, server.port);
    let addresses = addresses.map_err(Refused::now)?;
    let address = addresses
        .first()
        .ok_or_else(|| Refused::now(format!("{} is not found", server.host)))?;
    let tls = match server.encryption {
        MailEncryption::None => Tls::None,
        MailEncryption::Tls => Tls::Wrapper(parameters(&server.host)?),
        MailEncryption::Starttls => Tls::Required(parameters(&server.host)?),
    };
    // The very address that was judged; the certificate is for the name.
    let builder = SmtpTransport::builder_dangerous(address.ip().to_string())
        .port(server.port)
        .timeout(Some(STEP_TIME))
        .hello_name(ClientId::Domain(domain.to_owned()))
        .tls(tls);
    let credentials = server.user.as_ref().zip(password);
    let builder = match credentials {
        Some((user, password)) => {
            builder.credentials(Credentials::new(user.clone(), password.to_owned()))
        }
        None => builder,
    };
    Ok(builder.build())
}

/// The certificates of the system are what a server's has to lead to.
fn parameters(host: &str) -> Result<TlsParameters, Refused> {
    let bare = host.trim_matches(['[', ']']);
    let name = bare
        .parse::<IpAddr>()
        .map_or_else(|_| bare.to_owned(), |ip| ip.to_string());
    let mut builder = TlsParameters::builder(name).certificate_store(CertificateStore::None);
    for certificate in rustls_native_certs::load_native_certs().certs {
        // What is not a certificate is skipped: the others may do.
        if RootCertStore::empty().add(certificate.clone()).is_ok()
            && let Ok(certificate) = Certificate::from_der(certificate.to_vec())
        {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(Refused::now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_ends_when_the_server_says_so_of_it_and_not_for_who_sends() {
        assert!(has_no_address(
            Some(550),
            "permanent error (550): nobody of this name"
        ));
        assert!(has_no_address(Some(550), "550 5.1.1 user unknown"));
        for other in [
            "550 5.7.1 blocked by policy",
            "550 5.7.26 not authenticated",
        ] {
            assert!(!has_no_address(Some(550), other), "{other}");
        }
        assert!(!has_no_address(Some(535), "5.7.8 wrong password"));
        assert!(!has_no_address(None, "connection reset"));
    }
}
