//! The address of a database on a server, as people write it, and how it is told to them.
//!
//! Invariant: what is told has no password.

use std::str::FromStr as _;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::database::DatabaseError;

/// What the server listens on where the address says nothing.
const PORT: u16 = 5432;

/// Reads an address, `postgres://user:password@host/name`.
///
/// # Errors
/// It has not that form, or asks for what this hub does not do.
pub(super) fn config_of(address: &str) -> Result<Config, DatabaseError> {
    let address = address.trim();
    // What stands behind the first one would be taken for the host and told as such.
    let before_options = address.split('?').next().unwrap_or_default();
    if address.contains("://") && before_options.matches('@').count() > 1 {
        return Err(refused(
            "there is more than one @ in it; in a user's name or a password write %40 for @, %3A for :, %2F for / and %25 for %",
        ));
    }
    let config = Config::from_str(address).map_err(|error| {
        let why =
            std::error::Error::source(&error).map_or_else(String::new, |why| format!(": {why}"));
        let mut said = format!(" ({error}{why})");
        // It repeats what it takes for the name of an option, which may be all of the address.
        if said.contains(['@', '/']) {
            said.clear();
        }
        let advice = advice_about(address);
        refused(&format!("it cannot be understood{said}{advice}"))
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(refused("it names no host"));
    }
    Ok(config)
}

fn refused(why: &str) -> DatabaseError {
    DatabaseError::Address(format!(
        "the address of the database, in --database or PASSERBY_HUB_DATABASE, is refused: {why}; write postgres://USER:PASSWORD@HOST:PORT/NAME"
    ))
}

/// What libpq takes and this hub does otherwise.
fn advice_about(address: &str) -> &'static str {
    if address.contains("sslmode=verify-") || address.contains("sslrootcert=") {
        "; for TLS write sslmode=require, with which the server's certificate and name are always \
         compared with the certificates of the system"
    } else {
        ""
    }
}

/// Says which database it is, and where.
pub(super) fn place_of(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(PORT);
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    });
    let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
    let named: Vec<String> = hosts.collect();
    let named = if named.is_empty() {
        addresses.collect()
    } else {
        named
    };
    let named: Vec<String> = (named.iter().enumerate())
        .map(|(at, host)| format!("{host}:{}", port(at)))
        .collect();
    let user = config.get_user().unwrap_or_default();
    let name = config.get_dbname().unwrap_or(user);
    match user {
        "" => format!("{name:?} at {}", named.join(", ")),
        user => format!("{name:?} at {} as {user:?}", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_without_its_password() {
        for (address, expected) in [
            (
                "postgres://hub:secret@db.example/signs",
                r#""signs" at db.example:5432 as "hub""#,
            ),
            (
                "postgres://hub:secret@a.example:1,b.example:2/signs",
                r#""signs" at a.example:1, b.example:2 as "hub""#,
            ),
            ("postgres:///hub?host=/run/db", r#""hub" at /run/db:5432"#),
        ] {
            assert_eq!(place_of(&config_of(address).unwrap()), expected);
        }
    }

    #[test]
    fn spaces_and_a_line_end_around_an_address_are_nothing_of_it() {
        let config =
            config_of(" postgres://hub:secret@db.example/signs?sslmode=require\n").unwrap();
        assert_eq!(config.get_dbname(), Some("signs"));
        assert_eq!(
            config.get_ssl_mode(),
            tokio_postgres::config::SslMode::Require
        );
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused_with_what_to_write() {
        for (address, expected) in [
            ("", "names no host"),
            ("postgres://", "names no host"),
            ("postgres://hub:secret@db.example:99999/hub", "port"),
            ("postgres://db.example/hub?color=red", "color"),
            (
                "postgres://hub:secret@db.example/hub?sslmode=verify-full",
                "sslmode=require",
            ),
            ("http://db.example/hub", "cannot be understood"),
            (
                "see postgres://hub:secret@db.example/hub?a=b",
                "cannot be understood",
            ),
            ("postgres://hub:a@secret@db.example/hub", "write %40 for @"),
            (
                "postgres://hub:a@b/secret@db.example/hub",
                "write %40 for @",
            ),
            (
                "postgres://hub:a@b:secret@db.example/hub",
                "write %40 for @",
            ),
        ] {
            let said = config_of(address).err().unwrap().to_string();
            assert!(said.contains(expected), "{address}: {said}");
            assert!(
                said.contains("--database") && said.contains("postgres://USER:PASSWORD@HOST"),
                "{said}"
            );
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
