//! The cookies that the hub reads and sets, each only where somebody asked for it.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

/// Longest `Cookie` that is looked at, in bytes.
const COOKIE_BYTES_MAX: usize = 4_096;

/// A cookie by its name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines = lines.filter(|line| line.len() <= COOKIE_BYTES_MAX);
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// Has the browser keep a cookie, for so many seconds or until it ends.
pub(crate) fn set_cookie(
    response: &mut Response,
    is_https: bool,
    name: &str,
    value: &str,
    age_s: Option<u32>,
) {
    let secure = if is_https { "; Secure" } else { "" };
    // A session ends with the browser, unless that restores it; the hub ends it in any case.
    let age = age_s.map_or(String::new(), |age| format!("; Max-Age={age}"));
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
