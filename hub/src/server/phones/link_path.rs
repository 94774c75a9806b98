//! The addresses of codes, shared links and links of voices as chat programs, mail programs and
//! hands pass them on: with a full stop, a bracket, half a sentence or an invisible character
//! behind them, a second slash before them.
//!
//! Invariants: a name has its exact length, and what follows it begins with a character that no
//! name has, so a longer name is never taken for a shorter one; what is no code and no link keeps
//! its address, and is answered as before.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

use crate::system::random::SHARE_NAME_CHARS;

/// Characters of a code's token.
const TOKEN_CHARS: usize = 32;
/// Characters of the link of a voice: its name and its secret.
const VOICE_CHARS: usize = 48;
/// Hexadecimal digits of a picture's name.
const PICTURE_CHARS: usize = 64;
/// Letters and digits of a pairing code.
const PAIRING_CHARS: usize = 8;
/// How much of a path is looked at, in bytes; names come early.
const PATH_BYTES_MAX: usize = 1_024;

/// Gives a request the path that was meant.
pub(crate) fn tidy(request: &mut Request) {
    if let Some(path) = meant(request.uri().path())
        && let Some(uri) = with_path(request.uri(), &path)
    {
        *request.uri_mut() = uri;
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let whole = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    parts.path_and_query = Some(PathAndQuery::try_from(whole).ok()?);
    Uri::from_parts(parts).ok()
}

/// Returns the path that was meant; `None` for what is no code, link, picture or pairing code.
fn meant(path: &str) -> Option<String> {
    let text = visible(path);
    let (kind, rest) = text.trim_start_matches(is_before).split_once('/')?;
    let rest = rest.trim_start_matches(is_before);
    match kind.trim_end().to_ascii_lowercase().as_str() {
        "q" => {
            let (token, _) = name(rest, TOKEN_CHARS)?;
            Some(format!("/q/{token}"))
        }
        "s" => {
            let (share, tail) = name(rest, SHARE_NAME_CHARS)?;
            Some(format!("/s/{share}{}", below(tail)))
        }
        "v" => {
            let (voice, tail) = name(rest, VOICE_CHARS)?;
            Some(format!("/v/{}{}", voice.to_ascii_lowercase(), below(tail)))
        }
        "p" => {
            let (picture, tail) = name(rest, PICTURE_CHARS)?;
            let (extension, tail) = tail.split_at_checked(4)?;
            let is_picture = extension.eq_ignore_ascii_case(".jpg") && ends(tail);
            is_picture.then(|| format!("/p/{}.jpg", picture.to_ascii_lowercase()))
        }
        "claim" => Some(format!("/claim/{}", pairing_code(rest)?)),
        _ => None,
    }
}

/// Decodes the beginning of a path, and leaves out what nobody sees: some chat programs put such
/// characters around links and into long ones, where a line may break.
fn visible(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len().min(PATH_BYTES_MAX));
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first()
        && bytes.len() < PATH_BYTES_MAX
    {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let digits = digits.filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    text.chars().filter(|&c| !is_invisible(c)).collect()
}

/// Tells the characters without width or ink: soft hyphens, zero-width spaces and joiners, marks
/// and overrides of the direction of writing, variation selectors, byte order marks.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Tells what may stand between the slashes before a name.
fn is_before(character: char) -> bool {
    character == '/' || character.is_whitespace()
}

/// Splits a name of an exact length from what follows it.
fn name(text: &str, chars: usize) -> Option<(&str, &str)> {
    let (name, tail) = text.split_at_checked(chars)?;
    let whole = name.bytes().all(|b| b.is_ascii_alphanumeric()) && ends(tail);
    whole.then_some((name, tail))
}

/// Tells whether a name has ended where a text begins.
fn ends(tail: &str) -> bool {
    !tail.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Returns what stands below a link, such as its button, without what stands behind that; nothing
/// where the tail is words.
fn below(tail: &str) -> &str {
    let Some(file) = tail.strip_prefix('/') else {
        return "";
    };
    let end = file
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .unwrap_or(file.len());
    let file = file[..end].trim_end_matches('.');
    if file.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        &tail[..=file.len()]
    } else {
        ""
    }
}

/// Reads a pairing code with or without dashes and spaces.
fn pairing_code(text: &str) -> Option<String> {
    let mut code = String::with_capacity(PAIRING_CHARS);
    for (at, character) in text.char_indices() {
        if code.len() == PAIRING_CHARS {
            return ends(&text[at..]).then_some(code);
        }
        match character {
            '-' | ' ' => {}
            letter if letter.is_ascii_alphanumeric() => code.push(letter),
            _ => return None,
        }
    }
    (code.len() == PAIRING_CHARS).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "000000800080000100000K7P7ZPW7E3F";
    const SHARE: &str = "0123456789abcdef";

    /// What has been seen behind links, as it comes over the line and not.
    const TAILS: [&str; 44] = [
        "",
        "/",
        "//",
        ".",
        "..",
        ",",
        ";",
        ":",
        "!",
        "?",
        ")",
        "]",
        "}",
        ">",
        "'",
        "\"",
        "`",
        "*",
        "_",
        "~",
        "|",
        "\\",
        "-",
        "%",
        "%2",
        "%20",
        "%20%20",
        "%0A",
        "%09",
        "%22",
        "%3E",
        "%E3%80%82",
        "%EF%BC%8C%E5%BF%AB%E6%9D%A5",
        "%E2%80%8B",
        "%EF%BB%BF",
        "%C2%A0",
        "%E3%80%80",
        "%A1%A3",
        "%E3%80",
        "%25E3%2580%2582",
        "%EF%BC%89%E3%80%82",
        "%3Ffbclid=x",
        "%F0%9F%91%8D%F0%9F%8F%BD",
        "%E5%BF%AB%E6%9D%A5",
    ];

    #[test]
    fn whatever_stands_behind_a_code_or_a_link_is_left_out() {
        for tail in TAILS {
            let meant = |path: &str| meant(&format!("{path}{tail}"));
            assert_eq!(
                meant(&format!("/Q/{TOKEN}")),
                Some(format!("/q/{TOKEN}")),
                "{tail}"
            );
            assert_eq!(
                meant(&format!("/S/{SHARE}")),
                Some(format!("/s/{SHARE}")),
                "{tail}"
            );
            assert_eq!(
                meant(&format!("/s/{SHARE}/go")),
                Some(format!("/s/{SHARE}/go")),
                "{tail}"
            );
            let voice = format!("/v/{SHARE}{}", "0a".repeat(16));
            assert_eq!(meant(&voice.to_uppercase()), Some(voice.clone()), "{tail}");
            assert_eq!(
                meant("/claim/abcd-efgh"),
                Some("/claim/abcdefgh".to_owned()),
                "{tail}"
            );
            let picture = format!("/p/{}.jpg", "0a".repeat(32));
            assert_eq!(meant(&picture), Some(picture.clone()), "{tail}");
        }
    }

    #[test]
    fn what_nobody_sees_is_left_out_before_behind_and_within() {
        let (head, tail) = TOKEN.split_at(20);
        for path in [
            format!("//q/{TOKEN}"),
            format!("/q//{TOKEN}"),
            format!("/q/%20{TOKEN}"),
            format!("/%20q/{TOKEN}"),
            format!("/q/%E2%80%8B{TOKEN}%E2%80%8B"),
            format!("/q/%EF%BB%BF{TOKEN}"),
            format!("/%E2%80%8Bq/{TOKEN}"),
            format!("/q/{head}%E2%80%8B{tail}"),
            format!("/q/{head}%C2%AD{tail}%E2%80%AC"),
        ] {
            assert_eq!(meant(&path), Some(format!("/q/{TOKEN}")), "{path}");
        }
        assert_eq!(
            meant(&format!("/s/{SHARE}/go.")),
            Some(format!("/s/{SHARE}/go"))
        );
        assert_eq!(
            meant(&format!("/s/{SHARE}/here.gif")),
            Some(format!("/s/{SHARE}/here.gif"))
        );
        assert_eq!(
            meant(&format!("/s/{SHARE}/%E5%BF%AB%E6%9D%A5")),
            Some(format!("/s/{SHARE}"))
        );
        assert_eq!(
            meant(&format!("/s/{SHARE}/.env")),
            Some(format!("/s/{SHARE}"))
        );
    }

    #[test]
    fn what_is_no_code_keeps_its_address() {
        for path in [
            "/".to_owned(),
            "/q/".to_owned(),
            "/q/short".to_owned(),
            format!("/q/{}", &TOKEN[1..]),
            format!("/q/{TOKEN}0"),
            format!("/q/{TOKEN}U"),
            format!("/q/{}%E3%80%82", &TOKEN[1..]),
            format!("/q/{}.{}", &TOKEN[..16], &TOKEN[16..]),
            format!("/s/{SHARE}0"),
            format!("/x/{TOKEN}"),
            format!("/{TOKEN}"),
            format!("/p/{}.jpeg", "0a".repeat(32)),
            format!("/p/{}.jpgx", "0a".repeat(32)),
            "/claim/ABCDEFG".to_owned(),
            "/claim/ABCDEFGH9".to_owned(),
            "/v1/enroll".to_owned(),
            format!("/q/{}{TOKEN}", "%20".repeat(PATH_BYTES_MAX)),
        ] {
            assert_eq!(meant(&path), None, "{path}");
        }
    }

    #[test]
    fn the_rest_of_an_address_stays_as_it_is() {
        let ask = |uri: &str| {
            let mut request = Request::new(axum::body::Body::empty());
            *request.uri_mut() = uri.parse().unwrap();
            tidy(&mut request);
            request.uri().to_string()
        };
        assert_eq!(
            ask(&format!("/Q/{TOKEN}.?fbclid=x")),
            format!("/q/{TOKEN}?fbclid=x")
        );
        assert_eq!(
            ask(&format!("http://hub.example/q/{TOKEN}/")),
            format!("http://hub.example/q/{TOKEN}")
        );
        assert_eq!(ask("/nowhere.?x"), "/nowhere.?x");
    }
}
