//! Reads the certificate anew when its files change, by whatever renews it.
//!
//! Invariants: files are read once they have stayed the same for a moment, since a chain and its
//! key are replaced one after the other; what is bad is told once, and the certificate before it
//! stays.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::server::tls::acceptor::Acceptor;
use crate::server::tls::certificate::{Certificate, TlsError, TlsFiles, day};
use crate::system::clock;
use crate::system::clock::DAY_MS;

/// Time between two looks at the files.
const PAUSE: Duration = Duration::from_secs(2);

/// What tells one state of a file from another: device, number, length, and when it was changed, in
/// seconds and nanoseconds. Links are followed; a file that is missing has none.
type FileState = Option<[i128; 5]>;

/// A certificate's files, and which state of them is in use.
pub(in crate::server) struct Renewal {
    files: TlsFiles,
    /// Which name codes have.
    host: String,
    acceptor: Arc<Acceptor>,
    /// As they were at the last look.
    seen: [FileState; 2],
    /// As they were when they were read.
    read: [FileState; 2],
    doubts_told_ms: i64,
}

impl Renewal {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub(in crate::server) fn begin(
        files: TlsFiles,
        host: &str,
        now_ms: i64,
    ) -> Result<(Arc<Acceptor>, Self), TlsError> {
        let state = state(&files);
        let acceptor = Arc::new(Acceptor::new(Some(Certificate::read(&files)?))?);
        let mut renewal = Self {
            files,
            host: host.to_owned(),
            acceptor: Arc::clone(&acceptor),
            seen: state,
            read: state,
            doubts_told_ms: now_ms,
        };
        renewal.tell_doubts(now_ms);
        Ok((acceptor, renewal))
    }

    /// Looks at the files, and reads them if they have changed and stayed so since the last look.
    fn look(&mut self, now_ms: i64) {
        let state = state(&self.files);
        let is_settled = std::mem::replace(&mut self.seen, state) == state;
        if is_settled && self.read != state {
            self.read = state;
            match Certificate::read(&self.files) {
                Ok(certificate) => {
                    let day = day(certificate.not_after_ms);
                    tracing::info!("the certificate was renewed; it is good until {day}");
                    self.acceptor.renew(certificate);
                    self.tell_doubts(now_ms);
                }
                Err(error) => tracing::error!(
                    "the certificate was changed and cannot be used, so the one before it stays in use: {error}"
                ),
            }
        }
        if now_ms >= self.doubts_told_ms.saturating_add(DAY_MS) {
            self.tell_doubts(now_ms);
        }
    }

    fn tell_doubts(&mut self, now_ms: i64) {
        self.doubts_told_ms = now_ms;
        let certificate = self.acceptor.certificate();
        let doubts = certificate.map(|certificate| certificate.doubts(&self.host, now_ms));
        for doubt in doubts.unwrap_or_default() {
            tracing::warn!("{doubt}");
        }
    }
}

/// Looks for a renewed certificate, for ever.
pub(in crate::server) async fn keep(mut renewal: Renewal) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let look = tokio::task::spawn_blocking(move || {
            renewal.look(clock::now_ms());
            renewal
        });
        match look.await {
            Ok(after) => renewal = after,
            Err(error) => {
                tracing::error!(%error, "certificates are no longer read anew; restart the hub");
                return;
            }
        }
    }
}

fn state(files: &TlsFiles) -> [FileState; 2] {
    let of = |path: &Path| {
        let of = |metadata: Metadata| {
            [
                metadata.dev().into(),
                metadata.ino().into(),
                metadata.len().into(),
                metadata.mtime().into(),
                metadata.mtime_nsec().into(),
            ]
        };
        std::fs::metadata(path).ok().map(of)
    };
    [of(&files.certificate), of(&files.key)]
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::server::tls::certificate::tests::{NOW_MS, issue};

    const HOST: &str = "hub.example";

    fn begin(files: TlsFiles) -> (Arc<Acceptor>, Renewal) {
        Renewal::begin(files, HOST, NOW_MS).unwrap()
    }

    #[test]
    fn files_that_changed_are_read_once_they_have_stayed_the_same_for_one_look() {
        let folder = tempfile::tempdir().unwrap();
        let (acceptor, mut renewal) = begin(issue(folder.path(), HOST, (-1, 30)));
        let first = acceptor.not_after_ms().unwrap();
        renewal.look(NOW_MS);
        issue(folder.path(), HOST, (-1, 60));
        renewal.look(NOW_MS);
        assert_eq!(acceptor.not_after_ms(), Some(first));
        renewal.look(NOW_MS);
        assert_eq!(acceptor.not_after_ms(), Some(first + 30 * DAY_MS));
    }

    #[test]
    fn a_key_that_comes_after_its_chain_is_waited_for_and_a_bad_pair_is_never_used() {
        let folder = tempfile::tempdir().unwrap();
        let files = issue(folder.path(), HOST, (-1, 30));
        let (acceptor, mut renewal) = begin(files.clone());
        let first = acceptor.not_after_ms().unwrap();
        let old_key = std::fs::read(&files.key).unwrap();
        issue(folder.path(), HOST, (-1, 60));
        let new_key = std::fs::read(&files.key).unwrap();
        std::fs::write(&files.key, &old_key).unwrap();
        for _ in 0..3 {
            renewal.look(NOW_MS);
            assert_eq!(acceptor.not_after_ms(), Some(first));
        }
        std::fs::remove_file(&files.key).unwrap();
        for _ in 0..3 {
            renewal.look(NOW_MS);
            assert_eq!(acceptor.not_after_ms(), Some(first));
        }
        std::fs::write(&files.key, &new_key).unwrap();
        for _ in 0..2 {
            renewal.look(NOW_MS);
        }
        assert_eq!(acceptor.not_after_ms(), Some(first + 30 * DAY_MS));
    }

    #[test]
    fn a_link_that_is_turned_to_another_folder_is_followed_as_certbot_does_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, days) in [("one", 30), ("two", 60)] {
            std::fs::create_dir(at(name)).unwrap();
            issue(&at(name), HOST, (-1, days));
        }
        for file in ["chain.pem", "key.pem"] {
            symlink(at("one").join(file), at(file)).unwrap();
        }
        let (acceptor, mut renewal) = begin(TlsFiles {
            certificate: at("chain.pem"),
            key: at("key.pem"),
        });
        let first = acceptor.not_after_ms().unwrap();
        for file in ["chain.pem", "key.pem"] {
            symlink(at("two").join(file), at("new")).unwrap();
            std::fs::rename(at("new"), at(file)).unwrap();
        }
        renewal.look(NOW_MS);
        renewal.look(NOW_MS);
        assert_eq!(acceptor.not_after_ms(), Some(first + 30 * DAY_MS));
    }

    #[test]
    fn a_certificate_that_nobody_renews_is_told_once_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let (_, mut renewal) = begin(issue(folder.path(), HOST, (-1, 13)));
        for hours in [1, 23] {
            renewal.look(NOW_MS + hours * DAY_MS / 24);
            assert_eq!(renewal.doubts_told_ms, NOW_MS);
        }
        renewal.look(NOW_MS + DAY_MS);
        assert_eq!(renewal.doubts_told_ms, NOW_MS + DAY_MS);
    }
}
