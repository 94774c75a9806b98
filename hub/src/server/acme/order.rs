//! One attempt to get a certificate: from the account at the CA to a chain that is kept.
//!
//! Invariants: the key of a certificate is in the database before the CA hears of it, and an answer
//! before the CA is asked to look; so an attempt that was cut off at any point is gone on with by
//! whoever does the work next, with the same order. A chain is kept only if it goes with its key,
//! is for every name, and has not run out.

use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeStatus, ChallengeType, Identifier,
    NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use serde::{Deserialize, Serialize};

use crate::server::acme::calls::Calls;
use crate::server::acme::challenges;
use crate::server::acme::failure::Failure;
use crate::server::acme::settings::AcmeSettings;
use crate::server::app_state::{AppState, Shared};
use crate::server::tls::{Certificate, day};
use crate::store::{AcmeOrder, AcmeSubject, StoreError, StoredCertificate};
use crate::system::clock::DAY_MS;

/// Longest time of an attempt.
const ATTEMPT_TIME: Duration = Duration::from_secs(600);
/// Longest time for which a CA's proof, and its certificate, are waited for.
const PATIENCE: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.4)
    .timeout(Duration::from_secs(150));
/// How often a request with a nonce that the CA has forgotten is made again at once, besides what
/// the library does.
const MOMENTARY_MAX: usize = 5;
/// An order that is older is not gone on with; CAs forget them after a week.
const ORDER_MS_MAX: i64 = DAY_MS;
/// Longest address of an order, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// What a hub keeps of its account at a CA.
#[derive(Serialize, Deserialize)]
struct KeptAccount {
    contact: Option<String>,
    credentials: AccountCredentials,
}

/// Something that is being obtained.
pub(super) struct Attempt<'a> {
    pub(super) app: &'a Shared,
    pub(super) settings: &'a AcmeSettings,
    pub(super) subject: &'a AcmeSubject,
    pub(super) calls: &'a Calls,
    pub(super) now_ms: i64,
}

/// What an account is sealed for.
fn account_purpose(directory: &str) -> String {
    format!("account at {directory}")
}

/// What the key of a certificate is sealed for.
pub(super) fn key_purpose(subject: &AcmeSubject) -> String {
    format!(
        "key of a certificate for {} by {}",
        subject.names, subject.directory
    )
}

impl Attempt<'_> {
    /// Obtains a certificate and keeps it.
    ///
    /// # Errors
    /// See [`Failure`].
    pub(super) async fn run(&self) -> Result<StoredCertificate, Failure> {
        self.calls.begin(self.now_ms);
        let attempt = async {
            let mut is_account_new = false;
            let mut momentary = 0;
            loop {
                match self.go_on(is_account_new).await {
                    // A CA that was set up anew, or that closed the account.
                    Err(failure) if failure.is_account_unknown() && !is_account_new => {
                        tracing::warn!("the CA does not know the account; it gets a new one");
                        is_account_new = true;
                    }
                    Err(failure) if failure.is_momentary() && momentary < MOMENTARY_MAX => {
                        momentary += 1;
                    }
                    done => return done,
                }
            }
        };
        match tokio::time::timeout(ATTEMPT_TIME, attempt).await {
            Ok(done) => done,
            Err(_) => Err(Failure::TooSlow),
        }
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&AppState) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        Ok(self.app.work(work).await?)
    }

    async fn go_on(&self, is_account_new: bool) -> Result<StoredCertificate, Failure> {
        let account = self.account(is_account_new).await?;
        let (mut order, key) = self.order(&account).await?;
        match self.finish(&mut order, &key).await {
            Ok(certificate) => self.keep(certificate).await,
            Err(failure) => {
                if failure.is_final() {
                    // Nothing else will come of it.
                    self.forget_order().await?;
                }
                Err(failure)
            }
        }
    }

    async fn finish(&self, order: &mut Order, key: &KeyPair) -> Result<StoredCertificate, Failure> {
        if order.state().status == OrderStatus::Pending {
            self.prove(order).await?;
        }
        if order.state().status == OrderStatus::Ready {
            let mut params = CertificateParams::new(self.names()).map_err(own_fault)?;
            params.distinguished_name = DistinguishedName::new();
            let request = params.serialize_request(key).map_err(own_fault)?;
            order.finalize_csr(request.der()).await?;
        }
        let chain = order.poll_certificate(&PATIENCE).await?;
        self.checked(chain, &key.serialize_pem())
    }

    fn names(&self) -> Vec<String> {
        let names = self.settings.names().into_iter();
        names.map(str::to_owned).collect()
    }

    /// Comes back to the account, or makes one.
    async fn account(&self, is_new: bool) -> Result<Account, Failure> {
        let directory = self.subject.directory.clone();
        let contact = self.settings.contact.as_ref();
        let contact = contact.map(|contact| contact.as_str().to_owned());
        let contacts: Vec<&str> = contact.as_deref().into_iter().collect();
        let purpose = account_purpose(&directory);
        let kept = self.work({
            let (directory, purpose) = (directory.clone(), purpose.clone());
            move |app| {
                let sealed = app.hub.store.acme_account(&directory)?;
                Ok(sealed.and_then(|sealed| app.hub.keys().open_for(&purpose, &sealed)))
            }
        });
        let kept = kept.await?.filter(|_| !is_new);
        let kept = kept.and_then(|text| serde_json::from_slice::<KeptAccount>(&text).ok());
        let builder = Account::builder_with_http(Box::new(self.calls.clone()));
        let (account, made) = match kept {
            Some(kept) if kept.contact == contact => {
                return Ok(builder.from_credentials(kept.credentials).await?);
            }
            Some(kept) => {
                let credentials = serde_json::to_value(&kept.credentials).map_err(own_fault)?;
                let account = builder.from_credentials(kept.credentials).await?;
                account.update_contacts(&contacts).await?;
                (
                    account,
                    serde_json::from_value(credentials).map_err(own_fault)?,
                )
            }
            None => {
                let new = NewAccount {
                    contact: &contacts,
                    terms_of_service_agreed: true,
                    only_return_existing: false,
                };
                builder.create(&new, directory.clone(), None).await?
            }
        };
        let kept = KeptAccount {
            contact,
            credentials: made,
        };
        let text = serde_json::to_vec(&kept).map_err(own_fault)?;
        let keep = move |app: &AppState| {
            let sealed = app.hub.keys().seal_for(&purpose, &text);
            app.hub.store.keep_acme_account(&directory, &sealed)
        };
        self.work(keep).await?;
        Ok(account)
    }

    /// Goes on with the order that is under way, or makes one.
    async fn order(&self, account: &Account) -> Result<(Order, KeyPair), Failure> {
        if let Some(found) = self.known_order(account).await? {
            return Ok(found);
        }
        let names = self.names().into_iter();
        let identifiers: Vec<Identifier> = names.map(Identifier::Dns).collect();
        let order = account.new_order(&NewOrder::new(&identifiers)).await?;
        let key = KeyPair::generate().map_err(own_fault)?;
        let (subject, purpose) = (self.subject.clone(), key_purpose(self.subject));
        let (url, made_ms, pem) = (order.url().to_owned(), self.now_ms, key.serialize_pem());
        if url.len() > URL_BYTES_MAX {
            return Err(Failure::unusable("the address of an order is too long"));
        }
        self.work(move |app| {
            let sealed_key = app.hub.keys().seal_for(&purpose, pem.as_bytes());
            let order = AcmeOrder {
                url,
                sealed_key,
                made_ms,
            };
            app.hub.store.keep_acme_order(&subject, &order)
        })
        .await?;
        Ok((order, key))
    }

    async fn known_order(&self, account: &Account) -> Result<Option<(Order, KeyPair)>, Failure> {
        let (subject, purpose) = (self.subject.clone(), key_purpose(self.subject));
        let kept = self.work(move |app| {
            let kept = app.hub.store.acme_order(&subject)?;
            Ok(kept.map(|kept| {
                let key = app.hub.keys().open_for(&purpose, &kept.sealed_key);
                (kept.url, kept.made_ms, key)
            }))
        });
        let Some((url, made_ms, key)) = kept.await? else {
            return Ok(None);
        };
        let key = key.and_then(|key| String::from_utf8(key).ok());
        let key = key.and_then(|key| KeyPair::from_pem(&key).ok());
        let is_fresh = (0..ORDER_MS_MAX).contains(&self.now_ms.saturating_sub(made_ms));
        if let (Some(key), true) = (key, is_fresh) {
            match account.order(url).await.map_err(Failure::from) {
                Ok(mut order) => {
                    if order.state().status != OrderStatus::Invalid {
                        tracing::info!("the order of before is gone on with");
                        return Ok(Some((order, key)));
                    }
                }
                Err(failure) if failure.is_final() && !failure.is_account_unknown() => {}
                Err(failure) => return Err(failure),
            }
        }
        self.forget_order().await?;
        Ok(None)
    }

    async fn forget_order(&self) -> Result<(), Failure> {
        let subject = self.subject.clone();
        self.work(move |app| app.hub.store.forget_acme_order(&subject))
            .await
    }

    /// Proves to the CA that the names lead to this hub.
    async fn prove(&self, order: &mut Order) -> Result<(), Failure> {
        let mut asked = 0;
        let names = self.settings.names();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            asked += 1;
            if asked > names.len() {
                return Err(Failure::unusable(
                    "it wants more proofs than there are names",
                ));
            }
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let name = authorization.identifier().to_string();
            if !names.contains(&name.as_str()) {
                return Err(Failure::unusable("it wants a proof for another name"));
            }
            let Some(mut challenge) = authorization.challenge(ChallengeType::Http01) else {
                return Err(Failure::NoHttpProof(name));
            };
            if !challenges::is_token(&challenge.token) {
                return Err(Failure::unusable(
                    "a token is none that may be in an address",
                ));
            }
            let (token, answer) = (challenge.token.clone(), challenge.key_authorization());
            let (answer, now_ms) = (answer.as_str().to_owned(), self.now_ms);
            self.work(move |app| challenges::keep(app, &token, &answer, now_ms))
                .await?;
            if challenge.status == ChallengeStatus::Pending {
                challenge.set_ready().await?;
            }
        }
        let ready = order.poll_ready(&PATIENCE).await;
        let failure = match ready {
            Ok(OrderStatus::Ready) => return Ok(()),
            Ok(_) => Failure::unusable("an order became invalid without a reason"),
            Err(error) => Failure::from(error),
        };
        if failure.is_final() {
            // The order says that it failed, and a challenge why.
            return Err(reason_of(order).await.unwrap_or(failure));
        }
        Err(failure)
    }

    /// Looks at what the CA sent.
    fn checked(&self, chain: String, key: &str) -> Result<StoredCertificate, Failure> {
        let is_text = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        if !chain.bytes().all(is_text) {
            return Err(Failure::unusable("there are odd bytes in its chain"));
        }
        let read = Certificate::of_texts(("its chain", &chain), ("the key of the hub", key));
        let read = read.map_err(|error| Failure::unusable(&error.to_string()))?;
        for name in self.settings.names() {
            if !read.covers(name) {
                let words = format!("the certificate is not for {name}");
                return Err(Failure::unusable(&words));
            }
        }
        if read.not_after_ms <= self.now_ms {
            let words = format!(
                "the certificate ran out on {}, or this machine's clock is wrong",
                day(read.not_after_ms)
            );
            return Err(Failure::unusable(&words));
        }
        Ok(StoredCertificate {
            subject: self.subject.clone(),
            chain,
            sealed_key: self
                .app
                .hub
                .keys()
                .seal_for(&key_purpose(self.subject), key.as_bytes()),
            not_before_ms: read.not_before_ms,
            not_after_ms: read.not_after_ms,
            obtained_ms: self.now_ms,
        })
    }

    async fn keep(&self, certificate: StoredCertificate) -> Result<StoredCertificate, Failure> {
        self.work(move |app| {
            app.hub.store.keep_acme_certificate(&certificate)?;
            Ok(certificate)
        })
        .await
    }
}

/// Finds out which challenge failed, and why.
async fn reason_of(order: &mut Order) -> Option<Failure> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if authorization.refresh().await.is_err() {
            continue;
        }
        let name = authorization.identifier().to_string();
        let failed = authorization.challenges.iter().find_map(|challenge| {
            let mut problem = challenge.error.clone()?;
            let detail = problem.detail.unwrap_or_default();
            problem.detail = Some(format!("{name}: {detail}"));
            Some(problem)
        });
        if let Some(problem) = failed {
            return Some(Failure::of_problem(&problem));
        }
    }
    None
}

/// Nothing that a CA says leads here.
fn own_fault(error: impl std::fmt::Display) -> Failure {
    Failure::unusable(&format!("a request cannot be made: {error}"))
}
