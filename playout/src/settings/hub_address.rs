//! A hub's address, as the operator writes it.
//!
//! Invariant: an address that is taken is a scheme, a host and perhaps a port, with no `/` behind.

use std::net::IpAddr;

/// Reads a hub's address from the command line or a file: scheme, host and port, no path.
///
/// # Errors
/// What is wrong with it.
pub fn hub_url(text: &str) -> Result<String, &'static str> {
    let text = text.trim_end_matches('/');
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or("it does not start with https://")?;
    if rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ']) {
        Err("it is not just a host and a port")
    } else {
        Ok(text.to_owned())
    }
}

/// Tells whether an address is https, or http to this machine itself.
pub fn is_safe(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return url.starts_with("https://");
    };
    let host = match rest.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => rest.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
