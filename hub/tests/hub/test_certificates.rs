//! A root of the tests' own, and certificates of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// Somebody who issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate in PEM, which phones trust.
    pub(crate) pem: String,
}

/// Files as `--tls-cert` and `--tls-key` name them.
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// Writes a certificate for this name or address, good from yesterday for so many days from
    /// now, and its key.
    pub(crate) fn issue(&self, folder: &Path, name: &str, days: i64) -> Files {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let at = |days: i64| {
            let seconds = i64::try_from(now.as_secs()).unwrap() + days * 86_400;
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.unsigned_abs())
        };
        (params.not_before, params.not_after) = (at(days.min(0) - 1), at(days));
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::create_dir_all(folder).unwrap();
        let files = Files {
            certificate: folder.join("chain.pem"),
            key: folder.join("key.pem"),
        };
        std::fs::write(&files.certificate, certificate.pem() + &self.pem).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }
}

impl Files {
    /// The options that name them.
    pub(crate) fn options(&self) -> [&str; 4] {
        let certificate = self.certificate.to_str().unwrap();
        [
            "--tls-cert",
            certificate,
            "--tls-key",
            self.key.to_str().unwrap(),
        ]
    }
}
