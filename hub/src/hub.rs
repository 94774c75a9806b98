//! One hub: its database, its creatives and its keys, in one data folder.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};

use passerby_protocol::hexadecimal::hex;
use passerby_protocol::manifest_keys::ManifestKeysReply;
use passerby_protocol::token::{Token, TokenContents};
use passerby_protocol::wire::{Credentials, KeyReply};
use passerby_protocol::{Digest, ScreenNumber};

use crate::blobs::{BlobError, Blobs, BucketAddress, PlaceError, settle};
use crate::keys::manifest_keys::{KeySummary, ManifestKeyError};
use crate::keys::{Keys, KeysError};
use crate::people::Actor;
use crate::public_url::PublicUrl;
use crate::publish::folder::Publication;
use crate::store::{
    ClaimBy, ClaimError, DatabaseError, FileClaim, KeyGeneration, Landed, PublishError, Screen,
    Store, StoreError, Targets,
};
use crate::system::{private, repeated_errors};

/// A data folder, opened.
pub struct Hub {
    /// What is remembered.
    pub store: Store,
    /// The creatives.
    pub blobs: Blobs,
    keys: Keys,
    folder: PathBuf,
}

/// What of a hub is not in its data folder.
#[derive(Debug, Clone, Copy, Default)]
pub struct Places<'a> {
    /// The address of a database of PostgreSQL.
    pub database: Option<&'a str>,
    /// The store of the creatives.
    pub blobs: Option<&'a BucketAddress>,
}

/// A screen's manifest as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its version.
    pub version: u64,
    /// The generation of the key that signed it.
    pub key_generation: u32,
    /// What is signed.
    pub body: Vec<u8>,
    /// 128 hexadecimal digits.
    pub signature: String,
}

/// Says why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error("cannot use the data folder {folder}: {source}; name another one with --data")]
    Folder {
        /// As the user named it.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody has begun a hub there.
    #[error(
        "{0}: there is no hub in this folder; name the hub's data folder with --data, or begin a new hub with `passerby-hub serve`"
    )]
    NoHub(String),
    /// The keys are missing or damaged.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The creatives are elsewhere, or cannot be used.
    #[error(transparent)]
    Blobs(#[from] PlaceError),
    /// The database is that of a hub with other keys.
    #[error(
        "{folder}: the keys here are not those of the hub whose database this is; copy keys.json and the folder manifest-keys from its data folder, or name the right folder with --data or the right database with --database"
    )]
    OtherKeys {
        /// As the user named it.
        folder: String,
    },
    /// The folder goes with a database of PostgreSQL, and none was named.
    #[error(
        "the data folder {folder} goes with a database of PostgreSQL; name it with --database or in PASSERBY_HUB_DATABASE"
    )]
    DatabaseNotNamed {
        /// As the user named it.
        folder: String,
    },
    /// The folder has a database of its own, and another was named.
    #[error(
        "the data folder {folder} has a database of its own, hub.db; leave out --database, or name another folder with --data"
    )]
    DatabaseInFolder {
        /// As the user named it.
        folder: String,
    },
}

/// Says why there is no new manifest key.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// It cannot be made or kept.
    #[error(transparent)]
    Key(#[from] ManifestKeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Says why a campaign is not out.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A creative could not be stored.
    #[error("nothing was published, since a creative cannot be stored: {0}")]
    Blob(#[from] BlobError),
    /// One is just being deleted, or the database failed.
    #[error("nothing was published: {0}")]
    Claim(#[from] ClaimError),
    /// The campaign was not taken.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Says why a text is not a token of this hub's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It has not the form of a token: cut short, or never one.
    #[error("not a token")]
    Malformed,
    /// It has the form, and no key of this hub made its tag.
    #[error("not minted by a screen of this hub")]
    Forged,
    /// A key made its tag that was retired, or superseded before the token says that it was minted.
    #[error("minted with a key that is no longer accepted")]
    Retired,
}

/// A token that was opened, and what it stands for.
pub(crate) type Opened = Result<(TokenContents, Option<Landed>), TokenFault>;

fn unusable(folder: &Path, source: io::Error) -> OpenError {
    OpenError::Folder {
        folder: folder.display().to_string(),
        source,
    }
}

/// Opens the database that goes with a folder. A hub begins in an empty one where the folder has no
/// keys; with keys it has begun before, and would look like one that has lost everything.
pub(crate) fn open_store(folder: &Path, address: Option<&str>) -> Result<Store, OpenError> {
    let named = || folder.display().to_string();
    // Keys are made after the database: a first start that was killed in between goes on.
    let is_begun = Keys::are_in(folder).map_err(|source| unusable(folder, source))?;
    match address {
        None if private::is_database_elsewhere(folder) => {
            Err(OpenError::DatabaseNotNamed { folder: named() })
        }
        None if is_begun => Ok(Store::open_begun(folder)?),
        None => Ok(Store::open(folder)?),
        Some(_) if Store::is_in(folder) => Err(OpenError::DatabaseInFolder { folder: named() }),
        Some(address) => {
            let store = if is_begun {
                Store::open_begun_server(address)?
            } else {
                Store::open_server(address)?
            };
            if !private::is_database_elsewhere(folder) {
                private::set_database_elsewhere(folder).map_err(|source| OpenError::Folder {
                    folder: named(),
                    source,
                })?;
            }
            Ok(store)
        }
    }
}

/// Opens the keys of a folder, which must be those of the hub that the database belongs to: with
/// others, every screen and every code would be refused.
fn open_keys(folder: &Path, store: &Store) -> Result<Keys, OpenError> {
    let other_keys = || OpenError::OtherKeys {
        folder: folder.display().to_string(),
    };
    let known = store.keys_fingerprint()?;
    let has_keys = Keys::are_in(folder).map_err(|source| unusable(folder, source))?;
    if known.is_some() && !has_keys {
        return Err(other_keys());
    }
    let keys = Keys::open(folder)?;
    let fingerprint = keys.fingerprint();
    let known = match known {
        Some(known) => known,
        None => store.keep_keys_fingerprint(&fingerprint)?,
    };
    if known == fingerprint {
        Ok(keys)
    } else {
        Err(other_keys())
    }
}

impl Hub {
    /// Opens a data folder, making it and beginning a new hub when it is missing, and closes it to
    /// other users of the machine.
    /// The database is a file in it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Self::open_with(folder, None)
    }

    /// The same, with the address of a database of PostgreSQL, if it is not the file in the folder.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_with(folder: &Path, database: Option<&str>) -> Result<Self, OpenError> {
        let blobs = None;
        Self::open_at(folder, Places { database, blobs })
    }

    /// The same, with whatever is not in the folder.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_at(folder: &Path, places: Places<'_>) -> Result<Self, OpenError> {
        private::make_folder(folder).map_err(|source| unusable(folder, source))?;
        private::close(folder);
        let blobs = settle(folder, places.blobs)?;
        let store = open_store(folder, places.database)?;
        let keys = open_keys(folder, &store)?;
        let hub = Self {
            store,
            blobs,
            keys,
            folder: folder.to_owned(),
        };
        hub.share_manifest_keys(true).map_err(|error| match error {
            RotateError::Key(error) => OpenError::Keys(error.into()),
            RotateError::Store(error) => OpenError::Store(error),
        })?;
        Ok(hub)
    }

    /// Brings the manifest keys of this folder and those of the database together: each process of
    /// a hub signs with the newest, whichever made it. Costs one short query where there is nothing
    /// new, and it was not asked for to compare all.
    fn share_manifest_keys(&self, compares_all: bool) -> Result<(), RotateError> {
        if !self.store.is_shared() {
            return Ok(());
        }
        let (own, shared) = (
            self.keys.newest_manifest_key()?,
            self.store.newest_manifest_key()?,
        );
        if own == shared && !compares_all {
            return Ok(());
        }
        let after = if compares_all { 0 } else { own };
        for (generation, sealed) in self.store.manifest_keys_after(after)? {
            self.keys.adopt_manifest_key(generation, &sealed)?;
        }
        // The database was made after these, or comes from a backup.
        for (generation, sealed) in self.keys.sealed_manifest_keys_after(shared)? {
            self.store.share_manifest_key(generation, &sealed)?;
        }
        Ok(())
    }

    /// The same, where going on with what there is is better than nothing.
    fn know_manifest_keys(&self) {
        if let Err(error) = self.share_manifest_keys(false) {
            repeated_errors::tell("newer manifest keys may be missing", &error);
        }
    }

    /// Opens the data folder of a hub that was begun before, and makes nothing where there is none:
    /// with a mistyped folder a new hub would look like one that has lost everything.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_existing(folder: &Path, places: Places<'_>) -> Result<Self, OpenError> {
        let is_begun = private::has_hub(folder).map_err(|source| unusable(folder, source))?;
        if !is_begun {
            return Err(OpenError::NoHub(folder.display().to_string()));
        }
        Self::open_at(folder, places)
    }

    /// Stores the files of a campaign, each unless it is there.
    ///
    /// # Errors
    /// See [`ReleaseError`]; then some of them may be there.
    pub fn store_files(&self, publication: &Publication, now_ms: i64) -> Result<(), ReleaseError> {
        let claims = FileClaim::all_of(publication);
        self.store.claim_files(ClaimBy::Nobody, &claims, now_ms)?;
        for creative in &publication.creatives {
            self.blobs
                .put(creative.digest, creative.size, &creative.source)?;
        }
        Ok(())
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sends a campaign out: first its files, then the word of them.
    ///
    /// # Errors
    /// See [`ReleaseError`].
    pub fn publish(
        &self,
        actor: &Actor,
        publication: &Publication,
        targets: &Targets,
        now_ms: i64,
    ) -> Result<BTreeSet<ScreenNumber>, ReleaseError> {
        self.store_files(publication, now_ms)?;
        self.announce(actor, publication, targets, now_ms)
    }

    /// Has screens learn of a campaign whose files were stored.
    ///
    /// # Errors
    /// See [`ReleaseError`].
    pub fn announce(
        &self,
        actor: &Actor,
        publication: &Publication,
        targets: &Targets,
        now_ms: i64,
    ) -> Result<BTreeSet<ScreenNumber>, ReleaseError> {
        Ok(self.store.publish(actor, publication, targets, now_ms)?)
    }

    /// Returns what an enrolled terminal keeps. The same secret always gets the same bearer.
    ///
    /// # Errors
    /// The database fails.
    pub fn credentials(
        &self,
        screen: Screen,
        secret: &[u8; 32],
        public_url: &PublicUrl,
        now_ms: i64,
    ) -> Result<Credentials, StoreError> {
        let bearer = hex(&self.keys.bearer(screen.number, secret));
        let collected =
            self.store
                .admit(screen.number, &Digest::of(bearer.as_bytes()).0, now_ms)?;
        let token_key = self.keys.token_key(screen.number, screen.key_generation);
        self.know_manifest_keys();
        let (manifest_key_generation, signing) = self.keys.signing();
        Ok(Credentials {
            screen: screen.number,
            token_key: hex(token_key.as_bytes()),
            generation: screen.key_generation,
            bearer,
            manifest_key: hex(signing.verifying_key().as_bytes()),
            manifest_key_generation,
            scan_base: public_url.scan_base(),
            play_floor: collected.play_floor,
        })
    }

    /// Signs a screen's manifest with the newest key.
    ///
    /// # Errors
    /// The database fails.
    pub fn sealed_manifest(&self, screen: ScreenNumber) -> Result<Sealed, StoreError> {
        let manifest = self.store.manifest(screen)?;
        let (key_generation, signing) = self.keys.signing();
        let (body, signature) = manifest.seal(&signing)?;
        Ok(Sealed {
            version: manifest.version,
            key_generation,
            body,
            signature,
        })
    }

    /// Returns the generation of the key that signs manifests.
    pub fn manifest_key_generation(&self) -> u32 {
        self.know_manifest_keys();
        self.keys.signing().0
    }

    /// Returns the endorsements that lead a terminal on from the manifest key that it knows.
    pub fn manifest_keys_after(&self, generation: u32) -> ManifestKeysReply {
        self.know_manifest_keys();
        ManifestKeysReply {
            endorsements: self.keys.endorsements_after(generation),
        }
    }

    /// Makes a new manifest key and returns its generation. Screens learn it when they ask for
    /// their manifest next.
    ///
    /// # Errors
    /// See [`RotateError`]; there is no new key then.
    pub fn rotate_manifest_key(&self, now_ms: i64) -> Result<u32, RotateError> {
        if !self.store.is_shared() {
            return Ok(self.keys.rotate_manifest_key(now_ms)?);
        }
        self.share_manifest_keys(false)?;
        // What the database took first is the key of its generation, whoever made it.
        let (generation, sealed) = self.keys.make_manifest_key(now_ms)?;
        if !self.store.share_manifest_key(generation, &sealed)? {
            return Err(ManifestKeyError::Contended(generation).into());
        }
        self.keys.adopt_manifest_key(generation, &sealed)?;
        Ok(generation)
    }

    /// Its secrets.
    pub(crate) const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Lists the manifest keys, oldest first.
    pub fn manifest_keys(&self) -> Vec<KeySummary> {
        self.keys.manifest_keys()
    }

    /// Returns what a token says if one of this hub's screens minted it, with a key whose codes are
    /// still accepted.
    ///
    /// A token has three bits of its key's generation: each generation of the screen with those
    /// bits is tried, the newest first. A screen that does not exist costs what a wrong tag costs.
    ///
    /// # Errors
    /// The database fails; the inner ones are [`TokenFault`].
    pub fn verified(
        &self,
        text: &str,
        now_ms: i64,
    ) -> Result<Result<TokenContents, TokenFault>, StoreError> {
        let Some(token) = Token::parse(text) else {
            return Ok(Err(TokenFault::Malformed));
        };
        let TokenContents {
            screen, generation, ..
        } = *token.unverified();
        let known = self.store.key_generations(screen, generation)?;
        Ok(self.judged(&token, &known, now_ms))
    }

    /// The same of tokens that come at the same time, each by itself, with what it stands for;
    /// `None` where nothing was ever assigned.
    pub(crate) fn opened(&self, texts: &[&str], now_ms: i64) -> Vec<Result<Opened, StoreError>> {
        let tokens: Vec<Option<Token>> = texts.iter().map(|text| Token::parse(text)).collect();
        let unverified: Vec<_> = tokens.iter().flatten().map(Token::unverified).collect();
        let mut codes = match self.store.codes(&unverified) {
            Ok(codes) => codes.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error); unverified.len()],
        }
        .into_iter();
        let opened = tokens.iter().map(|token| {
            let Some(token) = token else {
                return Ok(Err(TokenFault::Malformed));
            };
            let code = codes.next().unwrap_or(Err(DatabaseError::NoRow))?;
            match self.judged(token, &code.keys, now_ms) {
                Ok(contents) => Ok(Ok((contents, self.store.landed_of(code)?))),
                Err(fault) => Ok(Err(fault)),
            }
        });
        opened.collect()
    }

    fn judged(
        &self,
        token: &Token,
        known: &[KeyGeneration],
        now_ms: i64,
    ) -> Result<TokenContents, TokenFault> {
        let TokenContents {
            screen, generation, ..
        } = *token.unverified();
        if known.is_empty() {
            black_box(token.verify(&self.keys.token_key(screen, generation)));
        }
        for key in known {
            if let Some(contents) = token.verify(&self.keys.token_key(screen, key.generation)) {
                let is_accepted = key.accepts(contents, now_ms);
                return is_accepted.then_some(*contents).ok_or(TokenFault::Retired);
            }
        }
        Err(TokenFault::Forged)
    }

    /// Returns the key with which a screen should mint; `None` when there is no such screen.
    ///
    /// # Errors
    /// The database fails.
    pub fn token_key(&self, screen: ScreenNumber) -> Result<Option<KeyReply>, StoreError> {
        Ok(self.store.screen(screen)?.map(|screen| KeyReply {
            generation: screen.key_generation,
            token_key: hex(self
                .keys
                .token_key(screen.number, screen.key_generation)
                .as_bytes()),
        }))
    }
}
