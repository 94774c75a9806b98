//! Judges the hub's certificates, also on a machine that does not know what time it is.
//!
//! Invariants:
//! - The chain, the host's name and the signatures are checked in full, whatever the clock says.
//! - When the clock is known, certificates are judged at its time and nothing else.
//! - When it is not, they are judged at the latest time that the terminal can vouch for: when this
//!   software was made, the newest time at which a hub's certificate was found good, and what the
//!   machine's clock says if that can be. What had expired by then is refused. What only begins
//!   later is taken, for the clock must be behind.
//!
//! The newest time lies in a file of data.dir. It is always one at which the hub's certificate was
//! good, so it is never past the end of that certificate, and a renewed one, which ends later, is
//! never locked out by it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use passerby_folder::durable_file;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::hub_link::hub_time::{HubTime, WALL_MS_MAX, WALL_MS_MIN, date};
use crate::system::clock::Clock;

/// The file's name in data.dir.
const FILE_NAME: &str = "newest-time.json";
/// The newest time is written again once it is so much later, in milliseconds: a day, for the
/// memory card's sake.
const KEEP_MS: i64 = 86_400_000;
/// Most certificates of a chain that may begin later than an untrusted clock says, one after the
/// other.
const CHAIN_MAX: usize = 8;
/// Most certificates of a file of `hub.ca`.
const CA_MAX: usize = 100;

/// Tells the time at which certificates are judged.
pub(super) struct CertificateTime {
    clock: Arc<dyn Clock>,
    hub_time: Arc<HubTime>,
    path: PathBuf,
    newest_ms: AtomicI64,
    kept_ms: AtomicI64,
}

/// A time, and who vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    /// A time service or the operator.
    Known(i64),
    /// The hub, and nobody else.
    Told(i64),
    /// Nobody; it is no earlier than this.
    AtLeast(i64),
}

impl CertificateTime {
    pub(super) fn new(clock: Arc<dyn Clock>, hub_time: Arc<HubTime>, data_dir: &Path) -> Self {
        let path = data_dir.join(FILE_NAME);
        let kept_ms = std::fs::read_to_string(&path)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .filter(|kept| (WALL_MS_MIN..WALL_MS_MAX).contains(kept))
            .unwrap_or(WALL_MS_MIN);
        Self {
            clock,
            hub_time,
            path,
            newest_ms: AtomicI64::new(kept_ms),
            kept_ms: AtomicI64::new(kept_ms),
        }
    }

    /// `machine` is what the machine's clock says, right or wrong.
    fn now(&self, machine: UnixTime) -> Time {
        let now = self.clock.now();
        match now.wall_ms {
            Some(wall_ms) if self.hub_time.is_source_of(now.boot_ms, wall_ms) => {
                Time::Told(wall_ms)
            }
            Some(wall_ms) => Time::Known(wall_ms),
            None => Time::AtLeast(self.floor(machine)),
        }
    }

    fn floor(&self, machine: UnixTime) -> i64 {
        let machine_ms = i64::try_from(machine.as_secs().saturating_mul(1_000)).unwrap_or(0);
        // A clock past what can be was never set; it says nothing.
        let machine_ms = if machine_ms < WALL_MS_MAX {
            machine_ms
        } else {
            0
        };
        self.newest_ms.load(Ordering::Relaxed).max(machine_ms)
    }

    /// Remembers a time at which the hub's certificate was good.
    fn was_good(&self, wall_ms: i64) {
        if !(WALL_MS_MIN..WALL_MS_MAX).contains(&wall_ms) {
            return;
        }
        self.newest_ms.fetch_max(wall_ms, Ordering::Relaxed);
        if wall_ms < self.kept_ms.load(Ordering::Relaxed) + KEEP_MS {
            return;
        }
        self.kept_ms.store(wall_ms, Ordering::Relaxed);
        if let Err(error) = durable_file::write_private(&self.path, wall_ms.to_string().as_bytes())
        {
            tracing::debug!("{}: cannot be written: {error}", self.path.display());
        }
    }
}

/// Checks as rustls does, at the time that [`CertificateTime`] tells.
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    time: Arc<CertificateTime>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        machine: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let at = |wall_ms: i64| {
            let time = UnixTime::since_unix_epoch(Duration::from_millis(wall_ms.unsigned_abs()));
            self.inner.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                time,
            )
        };
        match self.time.now(machine) {
            Time::Known(wall_ms) => {
                let verified = at(wall_ms)?;
                self.time.was_good(wall_ms);
                Ok(verified)
            }
            Time::Told(wall_ms) => match at(wall_ms) {
                Ok(verified) => {
                    self.time.was_good(wall_ms);
                    Ok(verified)
                }
                // A hub whose clock ran ahead would be cut off for the rest of the boot: its
                // certificate and its clock contradict each other, and the clock is the less likely
                // to be right.
                Err(error) if has_expired(&error) => from(self.time.floor(machine), at),
                Err(error) => Err(error),
            },
            Time::AtLeast(floor_ms) => from(floor_ms, at),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Verifies at a time, and as long as a certificate of the chain begins later than that, at its
/// beginning.
fn from<T>(floor_ms: i64, at: impl Fn(i64) -> Result<T, Error>) -> Result<T, Error> {
    let mut time_ms = floor_ms;
    for _ in 0..CHAIN_MAX {
        match at(time_ms) {
            Err(Error::InvalidCertificate(CertificateError::NotValidYetContext {
                not_before,
                ..
            })) => {
                let begins_ms = i64::try_from(not_before.as_secs().saturating_mul(1_000))
                    .unwrap_or(i64::MAX)
                    .max(time_ms);
                if begins_ms >= WALL_MS_MAX || begins_ms == time_ms {
                    return at(time_ms);
                }
                time_ms = begins_ms;
            }
            verdict => return verdict,
        }
    }
    at(time_ms)
}

fn has_expired(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. }
        )
    )
}

/// Reads the certificates of a file of `hub.ca`.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(crate) fn read_ca(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |reason: &str| {
        format!(
            "hub.ca names {}: {reason}; name a PEM file with the root certificate of your hub, which begins with -----BEGIN CERTIFICATE-----",
            path.display()
        )
    };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .map_err(|error| wrong(&format!("it cannot be read ({error})")))?
        .take(CA_MAX + 1)
        .collect();
    match found {
        Err(error) => Err(wrong(&format!("it is not PEM ({error})"))),
        Ok(found) if found.is_empty() => Err(wrong("no certificate is in it")),
        Ok(found) if found.len() > CA_MAX => {
            Err(wrong(&format!("more than {CA_MAX} certificates are in it")))
        }
        Ok(found) => Ok(found),
    }
}

/// Sets TLS up with the machine's roots and those of `ca`.
///
/// # Errors
/// No root can be used; in words for the operator.
pub(super) fn tls(time: Arc<CertificateTime>, ca: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca {
        for certificate in read_ca(path)? {
            roots.add(certificate).map_err(|error| {
                format!("hub.ca names {}, which is no root: {error}", path.display())
            })?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let inner =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| {
                format!("this machine trusts nobody's certificates ({error}); install the package ca-certificates")
            })?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { inner, time }))
        .with_no_client_auth();
    // A session that is taken up again is not judged again, though the time may have become known
    // since.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Says what is wrong with a hub's certificate, in words for the operator.
pub(super) fn words(error: &CertificateError) -> String {
    let day = |time: &UnixTime| {
        date(
            i64::try_from(time.as_secs())
                .unwrap_or(0)
                .saturating_mul(1_000),
        )
    };
    match error {
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "its certificate is good from {} on, and this screen's clock, which is trusted, says {}; set the one that is wrong (`timedatectl` shows the clock)",
            day(not_before),
            day(time)
        ),
        CertificateError::ExpiredContext { time, not_after } => format!(
            "its certificate ran out on {}, and it is {} at least; renew the hub's certificate",
            day(not_after),
            day(time)
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name than hub.url has; is the address right, and is there a Wi-Fi log-in on the way?".to_owned()
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "nobody whom this machine trusts has signed its certificate; is there a Wi-Fi log-in on the way? For a hub with a certificate of your own, name its root in hub.ca".to_owned()
        }
        other => format!("its certificate is not good: {other}"),
    }
}
