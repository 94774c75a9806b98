//! What to do about a database that fails, by what it said.
//!
//! Invariant: each cure ends a sentence that says what failed, and names what the operator can
//! change.

use rusqlite::ErrorCode;

/// What to do about an error of SQLite, where that is known.
pub(super) fn of_sqlite(error: &rusqlite::Error) -> Option<&'static str> {
    Some(match error.sqlite_error_code()? {
        ErrorCode::DiskFull => "make room on the disk of the data folder",
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
            "let the user that runs the hub read and write the data folder and all files in it"
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            "the file hub.db in the data folder is damaged; restore the newest backup into a new \
             folder with `passerby-hub restore`"
        }
        ErrorCode::SystemIoFailure => "see whether the disk of the data folder is well",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "another program holds hub.db in the data folder; end it, or wait, and try again"
        }
        _ => return None,
    })
}

/// What to do about an error of PostgreSQL, where that is known.
pub(super) fn of_postgres(error: &tokio_postgres::Error) -> Option<&'static str> {
    match error.code() {
        Some(code) => of_state(code.code()),
        None => of_handshake(&error.to_string(), std::error::Error::source(error)),
    }
}

/// By the five characters that a server says (the manual of PostgreSQL, appendix A).
fn of_state(code: &str) -> Option<&'static str> {
    Some(match code {
        "25006" => {
            "name the server that takes writes, or have this one take them \
             (default_transaction_read_only)"
        }
        "3D000" => {
            "make it with CREATE DATABASE, or name another one with --database or in \
             PASSERBY_HUB_DATABASE"
        }
        "3F000" | "42501" => {
            "the database and its tables have to belong to the user in --database or \
             PASSERBY_HUB_DATABASE: name their owner there, or make this user the owner with ALTER \
             DATABASE … OWNER TO …"
        }
        "53100" => "make room on the disk of the database's server",
        "53300" => {
            "have the server take more connections (max_connections; each hub process holds up to \
             17), or other programs hold fewer"
        }
        "57P03" => "wait until it has started, and try again",
        "XX001" | "XX002" => {
            "the server's files are damaged; restore the newest backup into a new database with \
             `passerby-hub restore`"
        }
        _ if code.starts_with("28") => {
            "compare user and password in --database or PASSERBY_HUB_DATABASE with those of the \
             server; in an address @ is written %40, and % is written %25"
        }
        _ => return None,
    })
}

/// tokio-postgres tells a failed handshake of TLS by its words alone.
fn of_handshake(
    said: &str,
    cause: Option<&(dyn std::error::Error + 'static)>,
) -> Option<&'static str> {
    if !said.starts_with("error performing TLS handshake") {
        return None;
    }
    let has_none = cause.is_some_and(|cause| cause.to_string().contains("not support TLS"));
    Some(if has_none {
        "turn TLS on at the server (ssl = on), or leave sslmode=require out of the address where \
         nobody else can listen in between"
    } else {
        "with sslmode=require the server's certificate must lead to a root that this machine \
         trusts (SSL_CERT_FILE names others) and be for the host in the address; without it \
         nothing is compared, and with sslmode=disable there is no TLS"
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::DatabaseError;

    #[test]
    fn what_sqlite_refuses_is_told_with_what_to_do() {
        for (code, expected) in [
            (rusqlite::ffi::SQLITE_FULL, "make room on the disk"),
            (
                rusqlite::ffi::SQLITE_READONLY,
                "read and write the data folder",
            ),
            (
                rusqlite::ffi::SQLITE_CANTOPEN,
                "read and write the data folder",
            ),
            (rusqlite::ffi::SQLITE_CORRUPT, "`passerby-hub restore`"),
            (rusqlite::ffi::SQLITE_NOTADB, "`passerby-hub restore`"),
            (rusqlite::ffi::SQLITE_BUSY, "another program holds hub.db"),
            (rusqlite::ffi::SQLITE_IOERR, "disk of the data folder"),
        ] {
            let error = rusqlite::ffi::Error::new(code);
            let error = DatabaseError::from(rusqlite::Error::SqliteFailure(error, None));
            let said = error.to_string();
            assert!(said.contains("; ") && said.contains(expected), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }

    #[test]
    fn each_state_in_which_a_server_refuses_has_its_own_cure() {
        for (code, expected) in [
            ("25006", "takes writes"),
            ("28P01", "user and password"),
            ("3D000", "CREATE DATABASE"),
            ("3F000", "OWNER TO"),
            ("42501", "OWNER TO"),
            ("53100", "make room"),
            ("53300", "max_connections"),
            ("57P03", "wait until it has started"),
            ("XX001", "`passerby-hub restore`"),
        ] {
            assert!(of_state(code).unwrap().contains(expected), "{code}");
        }
        assert_eq!(of_state("23505"), None);
        let none = std::io::Error::other("server does not support TLS");
        let said = "error performing TLS handshake";
        let cure = of_handshake(said, Some(&none)).unwrap();
        assert!(cure.contains("ssl = on"), "{cure}");
        let unknown = std::io::Error::other("invalid peer certificate: UnknownIssuer");
        let cure = of_handshake(said, Some(&unknown)).unwrap();
        assert!(
            cure.contains("trusts") && cure.contains("sslmode=disable"),
            "{cure}"
        );
        assert_eq!(
            of_handshake("error connecting to server", Some(&none)),
            None
        );
    }
}
