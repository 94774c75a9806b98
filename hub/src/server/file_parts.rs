//! What of a file is asked for: all of it, or a part.

use axum::http::{HeaderMap, HeaderValue, header};

/// What of a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Slice { first: u64, length: u64 },
    Outside,
}

impl Part {
    /// Reads what is asked for of a file of a name for ever, its ETag, and a size.
    pub(super) fn asked(headers: &HeaderMap, etag: &str, size: u64) -> Self {
        match headers.get(header::RANGE).map(HeaderValue::to_str) {
            // The content behind a digest never changes, so a condition other than on this digest
            // is a mistake.
            Some(Ok(range)) if headers.get(header::IF_RANGE).is_none_or(|tag| tag == etag) => {
                Self::parse(range, size)
            }
            _ => Self::Whole,
        }
    }

    /// Reads a `Range` header (RFC 9110, 14.1.2). Several ranges, other units and nonsense are
    /// answered with the whole, as the standard allows.
    fn parse(header: &str, size: u64) -> Self {
        let Some((first, last)) = header
            .strip_prefix("bytes=")
            .and_then(|range| range.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        let (first, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(size)),
            (Ok(first), Err(_)) if last.is_empty() => (first, size),
            (Err(_), Ok(suffix)) if first.is_empty() => (size.saturating_sub(suffix), size),
            _ => return Self::Whole,
        };
        if first < end {
            Self::Slice {
                first,
                length: end - first,
            }
        } else {
            Self::Outside
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let slice = |first, length| Part::Slice { first, length };
        for (header, part) in [
            ("bytes=0-9", slice(0, 10)),
            ("bytes=90-", slice(90, 10)),
            ("bytes=-5", slice(95, 5)),
            ("bytes=-500", slice(0, 100)),
            ("bytes=99-18446744073709551615", slice(99, 1)),
            ("bytes=100-", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("bytes=-", Part::Whole),
        ] {
            assert_eq!(Part::parse(header, 100), part, "{header}");
        }
    }

    #[test]
    fn a_part_of_another_content_is_the_whole() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-9"));
        let slice = Part::Slice {
            first: 0,
            length: 10,
        };
        assert_eq!(Part::asked(&headers, "\"a\"", 100), slice);
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"a\""));
        assert_eq!(Part::asked(&headers, "\"a\"", 100), slice);
        assert_eq!(Part::asked(&headers, "\"b\"", 100), Part::Whole);
        assert_eq!(Part::asked(&HeaderMap::new(), "\"a\"", 100), Part::Whole);
    }
}
