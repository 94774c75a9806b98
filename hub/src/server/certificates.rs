//! Where a hub's certificate comes from: files that somebody else renews, or a CA that it asks.

use std::sync::Arc;

use crate::server::Shared;
use crate::server::acme::{self, AcmeSettings, Calls, Keeper};
use crate::server::tls::{self, Acceptor, Renewal, TlsError, TlsFiles};
use crate::store::StoreError;
use crate::system::clock;

/// A hub's certificate, as far as its database is not needed for it.
pub(super) enum Begun {
    Files(Arc<Acceptor>, Box<Renewal>),
    Acme(Box<(AcmeSettings, Calls)>, Arc<Acceptor>),
}

/// A hub's certificate, and what sees to it.
pub(super) struct Certificates {
    acceptor: Arc<Acceptor>,
    upkeep: Upkeep,
}

enum Upkeep {
    Files(Box<Renewal>),
    Acme(Box<Keeper>),
}

impl Certificates {
    /// Reads what is in files; `None` for a hub without TLS. Codes lead to `host`.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub(super) async fn begin(
        files: Option<TlsFiles>,
        acme: Option<AcmeSettings>,
        host: &str,
    ) -> Result<Option<Begun>, TlsError> {
        let host = host.to_owned();
        let begin = move || match (files, acme) {
            (Some(files), _) => {
                let (acceptor, renewal) = Renewal::begin(files, &host, clock::now_ms())?;
                Ok(Some(Begun::Files(acceptor, Box::new(renewal))))
            }
            (None, Some(settings)) => {
                let calls = Calls::new(settings.root.as_deref())?;
                let acceptor = Arc::new(Acceptor::new(None)?);
                Ok(Some(Begun::Acme(Box::new((settings, calls)), acceptor)))
            }
            (None, None) => Ok(None),
        };
        // Files are not read on a thread that serves others.
        match tokio::task::spawn_blocking(begin).await {
            Ok(begun) => begun,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    pub(super) fn acceptor(&self) -> Arc<Acceptor> {
        Arc::clone(&self.acceptor)
    }

    /// How asking a CA goes, for those who watch the hub; `None` where nobody is asked.
    pub(super) fn acme_status(&self) -> Option<Arc<acme::Status>> {
        match &self.upkeep {
            Upkeep::Files(_) => None,
            Upkeep::Acme(keeper) => Some(keeper.status()),
        }
    }

    /// Sees to it, for ever.
    pub(super) async fn keep(self) {
        match self.upkeep {
            Upkeep::Files(renewal) => tls::keep(*renewal).await,
            Upkeep::Acme(keeper) => acme::keep(*keeper).await,
        }
    }
}

impl Begun {
    /// Takes the certificate that the database has.
    ///
    /// # Errors
    /// The database fails.
    pub(super) async fn with_kept(self, app: &Shared) -> Result<Certificates, StoreError> {
        match self {
            Self::Files(acceptor, renewal) => Ok(Certificates {
                acceptor,
                upkeep: Upkeep::Files(renewal),
            }),
            Self::Acme(asking, acceptor) => {
                let (settings, calls) = *asking;
                let now_ms = clock::now_ms();
                let app = Arc::clone(app);
                let mut keeper = Keeper::new(app, Arc::clone(&acceptor), settings, calls, now_ms);
                keeper.look(now_ms).await?;
                Ok(Certificates {
                    acceptor,
                    upkeep: Upkeep::Acme(Box::new(keeper)),
                })
            }
        }
    }
}
