//! Whether a page ended where it was asked for.
//!
//! A board whose session has run out leads to a log-in page, a shop that has closed to its owner's
//! front page. So a page must end at the address that its file names, or at the one that its file
//! allows beside it.
//!
//! Invariants: what sites do to an address without showing another page makes no difference: https
//! instead of http, a `www.`, a slash or `index.html` at the end, a language in front of the path,
//! letter case, more parameters, a mark inside the page. Everything else does.

use percent_encoding::percent_decode_str;
use url::Url;

/// Longest address in a message, in characters.
const SHOWN_CHARS_MAX: usize = 120;

/// Judges the address at which a page has ended.
///
/// # Errors
/// It is another one; says so, and what to do.
pub(super) fn judge(asked: &str, ends_at: Option<&str>, shown: &str) -> Result<(), String> {
    let good = ends_at
        .into_iter()
        .any(|allowed| is_allowed(allowed, shown))
        || is_same(asked, shown);
    if good {
        return Ok(());
    }
    let shown: String = shown.chars().take(SHOWN_CHARS_MAX).collect();
    let cure = if ends_at.is_some() {
        "neither url nor ends_at of its file says so; correct them if that page is meant".to_owned()
    } else {
        format!(
            "if that page is meant and not a log-in or an error, add ends_at = {shown:?} to its file"
        )
    };
    Err(format!("it leads to another page, {shown}; {cure}"))
}

fn is_allowed(allowed: &str, shown: &str) -> bool {
    let Some(begin) = allowed.strip_suffix('*') else {
        return is_same(allowed, shown);
    };
    // Written anew, so that letters and ports are written alike; a star after the host alone must
    // not open other hosts.
    match (Url::parse(begin), Url::parse(shown)) {
        (Ok(begin), Ok(shown)) => {
            begin.origin() == shown.origin() && shown.as_str().starts_with(begin.as_str())
        }
        _ => false,
    }
}

fn is_same(asked: &str, shown: &str) -> bool {
    let (Ok(asked), Ok(shown)) = (Url::parse(asked), Url::parse(shown)) else {
        return false;
    };
    is_same_server(&asked, &shown)
        && is_same_path(&path_of(&asked), &path_of(&shown))
        && asked
            .query_pairs()
            .all(|wanted| shown.query_pairs().any(|pair| pair == wanted))
        && is_same_route(asked.fragment(), shown.fragment())
}

fn is_same_server(asked: &Url, shown: &Url) -> bool {
    let bare = |url: &Url| {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        host.strip_prefix("www.").unwrap_or(host).to_owned()
    };
    let is_upgraded = asked.scheme() == "http" && shown.scheme() == "https";
    let is_same_port = match (asked.port(), shown.port()) {
        (None, None) => true,
        _ => asked.port_or_known_default() == shown.port_or_known_default(),
    };
    bare(asked) == bare(shown) && (asked.scheme() == shown.scheme() || is_upgraded) && is_same_port
}

fn path_of(url: &Url) -> Vec<String> {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().to_lowercase();
    let mut path: Vec<String> = url
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .map(decoded)
        .collect();
    let is_index = |name: &String| {
        name.split_once('.')
            .is_some_and(|(name, _)| matches!(name, "index" | "default"))
    };
    if path.last().is_some_and(is_index) {
        path.pop();
    }
    path
}

fn is_same_path(asked: &[String], shown: &[String]) -> bool {
    if asked == shown {
        return true;
    }
    match shown.split_first() {
        Some((first, rest)) => is_language(first) && rest == asked,
        None => false,
    }
}

/// `en`, `zh-cn`, `zh_hans`, `es-419`, as sites write them (BCP 47).
fn is_language(part: &str) -> bool {
    let (language, rest) = part.split_once(['-', '_']).unwrap_or((part, "cn"));
    let is_part = |part: &str| (2..=4).contains(&part.len());
    language.len() == 2
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && is_part(rest)
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What stands behind a `#` is a place in the page, or, where a script reads it, another page.
fn is_same_route(asked: Option<&str>, shown: Option<&str>) -> bool {
    let route = |mark: Option<&str>| {
        let mark = mark.unwrap_or_default();
        let mark = mark.strip_prefix('!').unwrap_or(mark);
        if mark.starts_with('/') {
            mark.trim_matches('/').to_lowercase()
        } else {
            String::new()
        }
    };
    route(asked) == route(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(asked: &str, shown: &str) {
        assert_eq!(judge(asked, None, shown), Ok(()), "{asked} -> {shown}");
    }

    #[track_caller]
    fn other(asked: &str, shown: &str) {
        assert!(judge(asked, None, shown).is_err(), "{asked} -> {shown}");
    }

    #[test]
    fn what_sites_do_to_an_address_without_showing_another_page_makes_no_difference() {
        same("http://board.example", "https://board.example/");
        same("https://board.example/", "https://www.board.example/");
        same("https://www.board.example/a", "https://board.example/a/");
        same("http://board.example:80/a", "http://board.example/a");
        same(
            "https://board.example/Abfahrt",
            "https://board.example/abfahrt",
        );
        same("https://board.example/", "https://board.example/index.html");
        same(
            "https://board.example/a/index.php",
            "https://board.example/a/",
        );
        same("https://board.example/", "https://board.example/zh-cn/");
        same("https://board.example/a", "https://board.example/en/a");
        same("https://board.example/a", "https://board.example/zh-Hans/a");
        same(
            "https://board.example/a",
            "https://board.example/a?lang=en&sid=7",
        );
        same(
            "https://board.example/a?b=1&c=2",
            "https://board.example/a?c=2&x=3&b=1",
        );
        same("https://board.example/a", "https://board.example/a#now");
        same("https://board.example/a#now", "https://board.example/a");
        same("https://board.example/", "https://board.example/#/");
        same(
            "https://board.example/#/stop/7",
            "https://board.example/#!/stop/7/",
        );
        same(
            "https://三体.example/窗",
            "https://xn--ehq44a.example/%E7%AA%97",
        );
    }

    #[test]
    fn a_log_in_page_or_any_other_is_another_page() {
        other("https://board.example/board", "https://board.example/login");
        other("https://board.example/board", "https://board.example/");
        other("https://board.example/", "https://board.example/login");
        other("https://board.example/", "https://board.example/sso");
        other(
            "https://board.example/board",
            "https://board.example/en/login",
        );
        other("https://board.example/board", "https://login.example/board");
        other(
            "https://board.example/board",
            "https://login.board.example/board",
        );
        other("https://board.example/board", "http://board.example/board");
        other(
            "https://board.example/board",
            "https://board.example:8443/board",
        );
        other(
            "http://board.example:8080/board",
            "http://board.example/board",
        );
        other(
            "https://board.example/?page=board",
            "https://board.example/?page=login",
        );
        other(
            "https://board.example/?page=board",
            "https://board.example/",
        );
        other("https://board.example/", "https://board.example/#/login");
        other(
            "https://board.example/#/board",
            "https://board.example/#/login",
        );
        other(
            "https://board.example/",
            "https://www.board.example.evil.example/",
        );
        other("https://board.example/", "about:blank");
    }

    #[test]
    fn a_known_redirect_is_allowed_by_the_page_file() {
        let asked = "https://board.example/";
        let judge = |ends_at, shown| judge(asked, Some(ends_at), shown).is_ok();
        assert!(judge("https://b.example/now", "https://www.b.example/now/"));
        assert!(
            judge("https://b.example/now", asked),
            "its own address is good too"
        );
        assert!(!judge("https://b.example/now", "https://b.example/login"));
        assert!(judge(
            "https://b.example/day/*",
            "https://b.example/day/2026-11-28?x=y"
        ));
        assert!(!judge("https://b.example/day/*", "https://b.example/login"));
        assert!(judge("https://b.example*", "https://b.example/login"));
        assert!(!judge(
            "https://b.example*",
            "https://b.example.evil.example/"
        ));
    }

    #[test]
    fn the_message_says_where_it_ended_and_what_to_do() {
        let said =
            judge("https://b.example/a", None, "https://b.example/login").expect_err("other");
        assert_eq!(
            said,
            "it leads to another page, https://b.example/login; if that page is meant and not a log-in or an error, \
             add ends_at = \"https://b.example/login\" to its file"
        );
        let allowed = Some("https://b.example/b");
        let said = judge("https://b.example/a", allowed, "https://b.example/login");
        assert!(said.expect_err("other").contains("neither url nor ends_at"));
    }
}
