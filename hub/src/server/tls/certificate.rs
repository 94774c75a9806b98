//! A certificate with its chain and its key, read from PEM files.
//!
//! Invariants: what [`Certificate::read`] returns belongs together; a file is a regular file of at
//! most [`FILE_BYTES_MAX`]. Dates and names are judged apart ([`Certificate::doubts`]), since a hub
//! with an old certificate is of more use than none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use passerby_folder::regular_file;
use passerby_folder::regular_file::FileError;
use rustls::InconsistentKeys;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use x509_cert::der::Decode as _;
use x509_cert::time::Time;

use crate::system::clock::DAY_MS;

/// Largest file with a chain or a key, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Most certificates of a chain.
const CHAIN_MAX: usize = 16;
/// So long before its end a certificate that nobody renews is worth a warning.
const WARNING_MS: i64 = 14 * DAY_MS;

/// Where a hub's certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain in PEM, the hub's own certificate first.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

/// Says why a hub cannot use a certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{file}: {source}")]
    File {
        /// As the operator named it.
        file: String,
        /// What is wrong with it.
        source: FileError,
    },
    /// The hub's user has no right to a file.
    #[error(
        "{0}: the user that runs the hub may not read it; make a copy that belongs to that user, with a deploy hook of what renews the certificate"
    )]
    NotAllowed(String),
    /// A file is something else than PEM.
    #[error(
        "{file}: this is not PEM, a text with lines such as -----BEGIN CERTIFICATE----- ({reason}); convert it with `openssl x509` or `openssl pkey`"
    )]
    NotPem {
        /// As the operator named it.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file with the chain has no certificate.
    #[error("{0}: there is no certificate in it; name the file with the chain with --tls-cert")]
    NoCertificate(String),
    /// The chain is longer than any.
    #[error(
        "{file}: there are more than {certificates_max} certificates in it; leave the hub's own and those that lead to its root"
    )]
    ChainTooLong {
        /// As the operator named it.
        file: String,
        /// How many there may be.
        certificates_max: usize,
    },
    /// A certificate is damaged.
    #[error("{file}: certificate {number} in it cannot be read ({reason}); get it anew")]
    Certificate {
        /// As the operator named it.
        file: String,
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The file with roots has none.
    #[error(
        "{0}: there is no certificate in it; name the file with the root of the CA with --acme-root"
    )]
    NoRoot(String),
    /// The file with the key has none.
    #[error("{0}: there is no private key in it; name the file with the key with --tls-key")]
    NoKey(String),
    /// The key is encrypted, and nobody is there to enter a passphrase.
    #[error(
        "{0}: the key is encrypted with a passphrase; write it without one with `openssl pkey -in {0} -out NEW`, and close that file to others"
    )]
    EncryptedKey(String),
    /// The key is of a kind that the hub does not know, or damaged.
    #[error(
        "{file}: the key cannot be used ({reason}); use ECDSA on P-256 or P-384, Ed25519, or RSA of 2,048 bits or more"
    )]
    Key {
        /// As the operator named it.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The two do not belong together.
    #[error(
        "the key in {key} does not go with the first certificate in {certificate}; name the two that were issued together, the hub's own certificate first in its file"
    )]
    Mismatch {
        /// As the operator named it.
        certificate: String,
        /// As the operator named it.
        key: String,
    },
    /// The system gives no random numbers, or the like.
    #[error("cannot begin with TLS: {0}")]
    Begin(rustls::Error),
}

/// A certificate that is good to be used.
pub(in crate::server) struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    pub(in crate::server) not_before_ms: i64,
    pub(in crate::server) not_after_ms: i64,
}

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub(super) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let certificate = Pem::read(&files.certificate)?;
        Self::of(&certificate, &Pem::read(&files.key)?)
    }

    /// The same of texts that were in no file; errors call them by these names.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub(in crate::server) fn of_texts(
        (chain_name, chain): (&str, &str),
        (key_name, key): (&str, &str),
    ) -> Result<Self, TlsError> {
        let pem = |name: &str, text: &str| Pem::of(name.to_owned(), text.as_bytes().to_vec());
        Self::of(&pem(chain_name, chain)?, &pem(key_name, key)?)
    }

    fn of(certificate: &Pem, key: &Pem) -> Result<Self, TlsError> {
        let (file, chain) = (certificate.name.clone(), chain(certificate)?);
        let mut dates = None;
        for (at, certificate) in chain.iter().enumerate() {
            let damaged = |reason: String| TlsError::Certificate {
                file: file.clone(),
                number: at + 1,
                reason,
            };
            let read = x509_cert::Certificate::from_der(certificate)
                .map_err(|error| damaged(error.to_string()))?;
            if dates.is_none() {
                ParsedCertificate::try_from(certificate)
                    .map_err(|error| damaged(error.to_string()))?;
                dates = Some(read.tbs_certificate.validity);
            }
        }
        let dates = dates.ok_or(TlsError::NoCertificate(file))?;
        Ok(Self {
            key: Arc::new(with_key(chain, certificate, key)?),
            not_before_ms: ms(dates.not_before),
            not_after_ms: ms(dates.not_after),
        })
    }

    /// Says what phones and screens may have against it: its dates, and that it is for another name
    /// than the one in codes.
    pub(in crate::server) fn doubts(&self, host: &str, now_ms: i64) -> Vec<String> {
        let mut doubts = Vec::new();
        let last_day = day(self.not_after_ms);
        if now_ms >= self.not_after_ms {
            doubts.push(format!(
                "the certificate ran out on {last_day}: phones and screens refuse it; renew it"
            ));
        } else if now_ms >= self.not_after_ms - WARNING_MS {
            doubts.push(format!(
                "the certificate runs out on {last_day}, and nothing has renewed it yet"
            ));
        }
        if now_ms < self.not_before_ms {
            let first_day = day(self.not_before_ms);
            doubts.push(format!(
                "the certificate is good from {first_day} on only; look at this machine's clock"
            ));
        }
        if !self.covers(host) {
            doubts.push(format!(
                "the certificate is not for {host}, which codes lead to: phones refuse it; get one with that name, or name \
                 another --public-url"
            ));
        }
        doubts
    }

    /// Tells whether it is for this name or address.
    pub(in crate::server) fn covers(&self, host: &str) -> bool {
        let Ok(name) = ServerName::try_from(host) else {
            return false;
        };
        let own = self.key.end_entity_cert().ok();
        let own = own.and_then(|own| ParsedCertificate::try_from(own).ok());
        own.is_some_and(|own| rustls::client::verify_server_name(&own, &name).is_ok())
    }
}

/// A text with something in PEM, and how errors call it.
struct Pem {
    name: String,
    bytes: Vec<u8>,
}

impl Pem {
    fn read(path: &Path) -> Result<Self, TlsError> {
        let name = path.display().to_string();
        let file = regular_file::open_anywhere(path);
        match file.and_then(|file| file.read(FILE_BYTES_MAX)) {
            Ok(bytes) => Self::of(name, bytes),
            Err(FileError::NotAllowed) => Err(TlsError::NotAllowed(name)),
            Err(source) => Err(TlsError::File { file: name, source }),
        }
    }

    fn of(name: String, bytes: Vec<u8>) -> Result<Self, TlsError> {
        if bytes.windows(11).any(|piece| piece == b"-----BEGIN ") {
            return Ok(Self { name, bytes });
        }
        Err(TlsError::NotPem {
            file: name,
            reason: "nothing begins in it".to_owned(),
        })
    }

    fn is_wrong(&self, error: &rustls::pki_types::pem::Error) -> TlsError {
        use rustls::pki_types::pem::Error;
        // In its own words these have the bytes of the file as a list of numbers.
        let reason = match error {
            Error::MissingSectionEnd { .. } => "it is cut off: an END line is missing".to_owned(),
            Error::IllegalSectionStart { .. } => "a BEGIN line is damaged".to_owned(),
            error => error.to_string(),
        };
        TlsError::NotPem {
            file: self.name.clone(),
            reason,
        }
    }
}

fn chain(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let mut chain = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem.bytes) {
        chain.push(certificate.map_err(|error| pem.is_wrong(&error))?);
        if chain.len() > CHAIN_MAX {
            return Err(TlsError::ChainTooLong {
                file: pem.name.clone(),
                certificates_max: CHAIN_MAX,
            });
        }
    }
    Ok(chain)
}

/// Reads the certificates of those who are to be trusted.
///
/// # Errors
/// See [`TlsError`].
pub(in crate::server) fn roots(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = Pem::read(file)?;
    let roots = chain(&pem)?;
    if roots.is_empty() {
        return Err(TlsError::NoRoot(pem.name));
    }
    Ok(roots)
}

fn with_key(
    chain: Vec<CertificateDer<'static>>,
    certificate: &Pem,
    key: &Pem,
) -> Result<CertifiedKey, TlsError> {
    let (pem, bytes) = (key, &key.bytes);
    let file = || pem.name.clone();
    let key = PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match error {
        // An old form of encryption has lines in it that are no base64.
        _ if is_encrypted(bytes) => TlsError::EncryptedKey(file()),
        rustls::pki_types::pem::Error::NoItemsFound => TlsError::NoKey(file()),
        error => pem.is_wrong(&error),
    })?;
    CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch {
            certificate: certificate.name.clone(),
            key: file(),
        },
        // An old form of encryption keeps the label of the key.
        _ if is_encrypted(bytes) => TlsError::EncryptedKey(file()),
        error => TlsError::Key {
            file: file(),
            reason: error.to_string(),
        },
    })
}

fn is_encrypted(pem: &[u8]) -> bool {
    pem.windows(9).any(|piece| piece == b"ENCRYPTED")
}

/// The date of a moment as certificates have it, in UTC.
pub(in crate::server) fn day(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%d").to_string()
}

fn ms(time: Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    pub(in crate::server::tls) const NOW_MS: i64 = 1_800_000_000_000;

    /// Writes a certificate for a name that is good for these days from [`NOW_MS`], and its key.
    pub(in crate::server::tls) fn issue(folder: &Path, name: &str, days: (i64, i64)) -> TlsFiles {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let at = |days: i64| {
            let seconds = (NOW_MS + days * DAY_MS) / 1_000;
            rcgen::date_time_ymd(1970, 1, 1)
                + std::time::Duration::from_secs(seconds.unsigned_abs())
        };
        (params.not_before, params.not_after) = (at(days.0), at(days.1));
        let files = TlsFiles {
            certificate: folder.join("chain.pem"),
            key: folder.join("key.pem"),
        };
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(&files.certificate, certificate.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn what_belongs_together_is_read_and_its_dates_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let files = issue(folder.path(), "hub.example", (-1, 60));
        let certificate = Certificate::read(&files).unwrap();
        assert_eq!(certificate.not_before_ms, NOW_MS - DAY_MS);
        assert_eq!(certificate.not_after_ms, NOW_MS + 60 * DAY_MS);
        assert_eq!(
            certificate.doubts("hub.example", NOW_MS),
            Vec::<String>::new()
        );
        assert_eq!(
            certificate.doubts("HUB.EXAMPLE", NOW_MS),
            Vec::<String>::new()
        );
    }

    #[test]
    fn doubts_name_the_date_and_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let doubts = |name: &str, days, host: &str| {
            let files = issue(folder.path(), name, days);
            Certificate::read(&files)
                .unwrap()
                .doubts(host, NOW_MS)
                .join("\n")
        };
        assert!(doubts("a.example", (-9, -1), "a.example").contains("ran out on 2027-01-14"));
        assert!(doubts("a.example", (-9, 13), "a.example").contains("runs out on 2027-01-28"));
        assert_eq!(doubts("a.example", (-9, 15), "a.example"), "");
        assert!(doubts("a.example", (2, 60), "a.example").contains("good from 2027-01-17"));
        assert!(doubts("a.example", (-9, 60), "b.example").contains("not for b.example"));
        assert_eq!(doubts("*.a.example", (-9, 60), "hub.a.example"), "");
        assert!(doubts("*.a.example", (-9, 60), "a.example").contains("not for a.example"));
        assert_eq!(doubts("192.0.2.7", (-9, 60), "192.0.2.7"), "");
        assert!(doubts("a.example", (-9, 60), "192.0.2.7").contains("not for 192.0.2.7"));
    }

    #[test]
    fn each_thing_that_is_wrong_is_one_clear_error() {
        let folder = tempfile::tempdir().unwrap();
        let files = issue(folder.path(), "hub.example", (-1, 60));
        let (chain, key) = (
            std::fs::read_to_string(&files.certificate).unwrap(),
            std::fs::read_to_string(&files.key).unwrap(),
        );
        let error = |certificate: &[u8], key: &[u8]| {
            std::fs::write(&files.certificate, certificate).unwrap();
            std::fs::write(&files.key, key).unwrap();
            match Certificate::read(&files) {
                Ok(_) => panic!("it was taken"),
                Err(error) => error.to_string(),
            }
        };
        let (chain, key) = (chain.as_bytes(), key.as_bytes());
        let other = KeyPair::generate().unwrap().serialize_pem();
        let encrypted =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let in_old_form = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMAA=\n-----END EC PRIVATE KEY-----\n";
        let cut = &chain[..chain.len() / 2];
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let endless = chain.repeat(CHAIN_MAX + 1);
        for (certificate, key, expected) in [
            (b"hello".as_slice(), key, "chain.pem: this is not PEM"),
            (b"", key, "chain.pem: this is not PEM"),
            (cut, key, "(it is cut off: an END line is missing)"),
            (key, key, "chain.pem: there is no certificate in it"),
            (
                damaged.as_bytes(),
                key,
                "chain.pem: certificate 1 in it cannot be read",
            ),
            (&endless, key, "chain.pem: there are more than 16"),
            (chain, b"\x30\x82".as_slice(), "key.pem: this is not PEM"),
            (chain, chain, "key.pem: there is no private key in it"),
            (chain, encrypted.as_bytes(), "encrypted with a passphrase"),
            (chain, in_old_form.as_bytes(), "encrypted with a passphrase"),
            (
                chain,
                other.as_bytes(),
                "does not go with the first certificate",
            ),
        ] {
            let said = error(certificate, key);
            assert!(said.contains(expected), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
        std::fs::remove_file(&files.certificate).unwrap();
        let said = Certificate::read(&files).err().unwrap().to_string();
        assert!(said.contains("chain.pem: the file is missing"), "{said}");
        std::fs::create_dir(&files.certificate).unwrap();
        let said = Certificate::read(&files).err().unwrap().to_string();
        assert!(said.contains("chain.pem: it is not a file"), "{said}");
    }
}
