//! What the operator lets web pages do: `[pages]` of `kiosk.toml`.

use passerby_protocol::private_host::PrivateHost;
use passerby_protocol::toml_fields::Section;

/// Most private hosts.
const PRIVATE_HOSTS_MAX: usize = 100;
/// Longest name of a user, in bytes (useradd(8)).
const USER_BYTES_MAX: usize = 32;

/// What the operator lets web pages do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRules {
    /// What pages may open although its address is private.
    pub private_hosts: Vec<PrivateHost>,
    /// The user that the browser runs as where the terminal itself runs as root; `nobody` when
    /// absent.
    pub user: Option<String>,
}

impl PageRules {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let hosts = section.list(
            "private_hosts",
            "hosts such as \"board.lan\" or \"192.168.1.20:8080\"",
            str::parse::<PrivateHost>,
        );
        if let Some(hosts) = &hosts {
            section.at_most("private_hosts", hosts, PRIVATE_HOSTS_MAX);
        }
        let user = section.parsed("user", "a user of this machine such as \"nobody\"", user);
        Self {
            private_hosts: hosts.map(|hosts| hosts.value).unwrap_or_default(),
            user: user.map(|user| user.value),
        }
    }
}

/// Accepts what `useradd` accepts as a name.
fn user(text: &str) -> Result<String, &'static str> {
    let is_name = text.len() <= USER_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    match text {
        "root" => Err("pages never run as root"),
        name if is_name => Ok(name.to_owned()),
        _ => Err("it is no name of a user"),
    }
}
