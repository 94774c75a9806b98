//! Sends a phone on to another address.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// Sends a phone on, for this time only.
pub(crate) fn see(location: &str) -> Response {
    let mut response = (StatusCode::FOUND, [(header::CACHE_CONTROL, "no-store")]).into_response();
    if let Ok(location) = HeaderValue::try_from(ascii(location)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Publishers write links as they read them; a header holds ASCII alone.
fn ascii(link: &str) -> String {
    let mut text = String::with_capacity(link.len());
    for byte in link.bytes() {
        if byte.is_ascii() {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_chinese_go_into_a_header() {
        let response = see("https://shop.example/三");
        assert_eq!(
            response.headers()[header::LOCATION],
            "https://shop.example/%E4%B8%89"
        );
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    }
}
