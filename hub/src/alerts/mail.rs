//! Mail: one message to one address, over SMTP.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, SmtpTransport, Transport as _};
use passerby_protocol::foreign;
use rustls::RootCertStore;

use crate::alerts::texts::Text;
use crate::sources::fetch::Fetcher;
use crate::store::{MailEncryption, MailServer};

/// How long the server may take for a step.
const STEP_TIME: Duration = Duration::from_secs(20);
/// Longest reason of a failure, in characters.
const REASON_CHARS_MAX: usize = 200;

/// Says why mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) reason: String,
    /// Whether it would be refused again.
    pub(super) is_final: bool,
}

impl Refused {
    pub(super) fn now(reason: impl std::fmt::Display) -> Self {
        Self {
            reason: foreign::one_line(&reason.to_string(), REASON_CHARS_MAX),
            is_final: false,
        }
    }

    pub(super) fn for_good(reason: impl std::fmt::Display) -> Self {
        Self {
            is_final: true,
            ..Self::now(reason)
        }
    }
}

/// Who is written to, and what stays the same when a message is sent again.
pub(super) struct Letter<'a> {
    pub(super) to: &'a Address,
    pub(super) from_name: &'a str,
    pub(super) id: i64,
    pub(super) made_ms: i64,
}

/// Sends a letter.
///
/// # Errors
/// The server is not there or does not take it.
pub(super) fn send(
    fetcher: &Fetcher,
    (server, password): (&MailServer, Option<&str>),
    letter: &Letter<'_>,
    text: &Text,
) -> Result<(), Refused> {
    let from: Address = server.from.parse().map_err(Refused::for_good)?;
    let domain = from.domain().to_owned();
    let at = Timestamp::from_millisecond(letter.made_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let message = Message::builder()
        .from(Mailbox::new(Some(letter.from_name.to_owned()), from))
        .to(Mailbox::new(None, letter.to.clone()))
        .subject(text.subject.clone())
        // A server that is sent it twice can tell.
        .message_id(Some(format!(
            "<passerby-alert-{}-{}@{domain}>",
            letter.id, letter.made_ms
        )))
        .date(at.into())
        .header(ContentType::TEXT_PLAIN)
        .body(text.body.clone())
        .map_err(Refused::for_good)?;
    let transport = transport(fetcher, server, password, &domain)?;
    match transport.send(&message) {
        Ok(_) => Ok(()),
        Err(error) if error.is_permanent() => Err(Refused::for_good(error)),
        Err(error) => Err(Refused::now(error)),
    }
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
