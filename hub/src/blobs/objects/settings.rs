//! What the environment says of a store: where it is, and who we are to it.
//!
//! The variables are those that AWS's own programs read, so that one set of them serves all.

use std::path::Path;

use object_store::aws::AmazonS3ConfigKey as Key;
use passerby_folder::regular_file;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Most bytes of a file of certificates.
const CERTIFICATES_BYTES_MAX: u64 = 4 << 20;
/// Where such a store is that is not Amazon's; the first that is set.
const ENDPOINTS: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
/// Whose certificates are believed.
const CERTIFICATES: &str = "AWS_CA_BUNDLE";
/// In which region it is; the first that is set.
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
/// What says who asks.
const KEYS: [(&str, Key); 3] = [
    ("AWS_ACCESS_KEY_ID", Key::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", Key::SecretAccessKey),
    ("AWS_SESSION_TOKEN", Key::Token),
];
/// What leads to a role's keys where there are none.
const ROLES: [(&str, Key); 6] = [
    ("AWS_WEB_IDENTITY_TOKEN_FILE", Key::WebIdentityTokenFile),
    ("AWS_ROLE_ARN", Key::RoleArn),
    ("AWS_ROLE_SESSION_NAME", Key::RoleSessionName),
    (
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        Key::ContainerCredentialsRelativeUri,
    ),
    (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        Key::ContainerCredentialsFullUri,
    ),
    (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        Key::ContainerAuthorizationTokenFile,
    ),
];
/// Where a region is not named.
const REGION: &str = "us-east-1";

/// Each variable, and what it means.
pub fn environment() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            "AWS_ACCESS_KEY_ID",
            "with `AWS_SECRET_ACCESS_KEY`, and `AWS_SESSION_TOKEN` where there is one: the key with which the store of `--blobs` is asked. Without it the role of the machine or the container is asked for one, as AWS's own programs do",
        ),
        (
            "AWS_REGION",
            "or `AWS_DEFAULT_REGION`: the region of that store. Default: `us-east-1`",
        ),
        (
            "AWS_ENDPOINT_URL_S3",
            "or `AWS_ENDPOINT_URL`: where that store is, such as `https://s3.example:9000`; the bucket follows in the path. Default: Amazon's",
        ),
        (
            CERTIFICATES,
            "a file, PEM, with the roots that the certificate of that store may lead to. Default: those of the system",
        ),
    ]
}

/// What the environment says.
pub(super) struct StoreSettings {
    /// None for Amazon's own.
    pub(super) endpoint: Option<String>,
    pub(super) region: String,
    pub(super) credentials: Vec<(Key, String)>,
    /// Whether there is a key, and not only a role.
    pub(super) has_key: bool,
    /// None for a store that is not encrypted.
    pub(super) tls: Option<rustls::ClientConfig>,
}

impl StoreSettings {
    /// Reads them by a function that looks a variable up.
    pub(super) fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let value = |name: &str| look_up(name).filter(|value| !value.is_empty());
        let first = |names: [&'static str; 2]| {
            names
                .into_iter()
                .find_map(|name| value(name).map(|value| (name, value)))
        };
        let endpoint = match first(ENDPOINTS) {
            None => None,
            Some((name, said)) => Some(endpoint(&said).ok_or_else(|| {
                format!("{name} is no address of a store; write https://HOST or https://HOST:PORT")
            })?),
        };
        let keys: Vec<(Key, String)> = KEYS
            .iter()
            .filter_map(|(name, key)| Some((*key, value(name)?)))
            .collect();
        let has = |wanted: Key| keys.iter().any(|(key, _)| *key == wanted);
        match (has(Key::AccessKeyId), has(Key::SecretAccessKey)) {
            (true, false) => return Err("AWS_SECRET_ACCESS_KEY is not set".to_owned()),
            (false, true) => return Err("AWS_ACCESS_KEY_ID is not set".to_owned()),
            (true, true) | (false, false) => {}
        }
        let has_key = has(Key::AccessKeyId);
        let credentials = if has_key {
            keys
        } else {
            ROLES
                .iter()
                .filter_map(|(name, key)| Some((*key, value(name)?)))
                .collect()
        };
        let is_encrypted = endpoint
            .as_ref()
            .is_none_or(|said| said.starts_with("https:"));
        let tls = match is_encrypted {
            true => Some(tls(value(CERTIFICATES).as_deref())?),
            false => None,
        };
        Ok(Self {
            endpoint,
            region: first(REGIONS).map_or_else(|| REGION.to_owned(), |(_, region)| region),
            credentials,
            has_key,
            tls,
        })
    }
}

/// Checks an address of a store: a scheme, a host, perhaps a port and a path, and nothing that
/// would end up in a log, such as a password.
fn endpoint(said: &str) -> Option<String> {
    let url = reqwest::Url::parse(said).ok()?;
    let is_endpoint = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    is_endpoint.then(|| said.trim_end_matches('/').to_owned())
}

/// Whom we believe to be a store.
fn tls(file: Option<&str>) -> Result<rustls::ClientConfig, String> {
    let mut roots = rustls::RootCertStore::empty();
    match file {
        None => {
            let of_system = rustls_native_certs::load_native_certs().certs;
            roots.add_parsable_certificates(of_system);
        }
        Some(file) => {
            let unusable = |said: &dyn std::fmt::Display| format!("{CERTIFICATES}: {file}: {said}");
            let opened = regular_file::open_anywhere(Path::new(file));
            let read = opened.and_then(|opened| opened.read(CERTIFICATES_BYTES_MAX));
            let pem = read.map_err(|error| unusable(&error))?;
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let (good, _) =
                roots.add_parsable_certificates(read.map_err(|error| unusable(&error))?);
            if good == 0 {
                return Err(unusable(&"there is no certificate in it"));
            }
        }
    }
    let provider = rustls::crypto::ring::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<StoreSettings, String> {
        StoreSettings::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_variables_are_those_of_awss_own_programs() {
        let key = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        let own = read(&[
            key[0],
            key[1],
            ("AWS_ENDPOINT_URL", "http://other"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000/"),
            ("AWS_DEFAULT_REGION", "garage"),
            ("AWS_ROLE_ARN", "not with a key"),
        ])
        .unwrap();
        assert_eq!(own.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!((own.region.as_str(), own.has_key), ("garage", true));
        assert!(own.tls.is_none() && own.credentials.len() == 2);
        let amazon = read(&[("AWS_ROLE_ARN", "role"), ("AWS_ACCESS_KEY_ID", "")]).unwrap();
        assert_eq!((amazon.endpoint, amazon.has_key), (None, false));
        assert!(amazon.tls.is_some() && amazon.credentials.len() == 1);
        assert_eq!(amazon.region, REGION);
    }

    #[test]
    fn what_is_wrong_is_said_by_its_variable_and_without_its_secrets() {
        for (variables, word) in [
            (vec![("AWS_ACCESS_KEY_ID", "a")], "AWS_SECRET_ACCESS_KEY"),
            (vec![("AWS_SECRET_ACCESS_KEY", "hush")], "AWS_ACCESS_KEY_ID"),
            (vec![("AWS_ENDPOINT_URL", "s3.example")], "AWS_ENDPOINT_URL"),
            (
                vec![("AWS_ENDPOINT_URL_S3", "https://u:hush@h")],
                "AWS_ENDPOINT_URL_S3",
            ),
            (
                vec![("AWS_ENDPOINT_URL_S3", "ftp://h")],
                "AWS_ENDPOINT_URL_S3",
            ),
            (vec![("AWS_CA_BUNDLE", "/absent.pem")], "AWS_CA_BUNDLE"),
        ] {
            let said = read(&variables).err().unwrap();
            assert!(said.contains(word) && !said.contains("hush"), "{said}");
        }
    }
}
