//! Where creatives lie: a folder, or `s3://BUCKET/PREFIX`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// How such an address begins.
pub(super) const SCHEME: &str = "s3://";
/// Lengths of a bucket's name (Amazon S3, "General purpose bucket naming rules").
const BUCKET_CHARS: std::ops::RangeInclusive<usize> = 3..=63;
/// Longest prefix; a key has 1,024 bytes, and the digest needs 67 of them.
const PREFIX_CHARS_MAX: usize = 512;

/// A place in a store that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketAddress {
    pub(super) bucket: String,
    /// Without a slash at either end; empty for the bucket as a whole.
    pub(super) prefix: String,
}

/// A folder, or a place in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobsAddress {
    /// A folder with one folder for each two digits that digests begin with.
    Folder(PathBuf),
    /// The same names behind a prefix.
    Bucket(BucketAddress),
}

/// Says that a text is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "write s3://BUCKET or s3://BUCKET/PREFIX: a bucket of 3 to 63 lower-case letters, digits, dots and hyphens, and a \
     prefix of letters, digits, dots, hyphens, underscores and slashes"
)]
pub struct AddressError;

impl FromStr for BucketAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let rest = text.strip_prefix(SCHEME).ok_or(AddressError)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let is_bucket = BUCKET_CHARS.contains(&bucket.len())
            && (bucket.bytes()).all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
            && bucket.bytes().any(|byte| byte.is_ascii_alphanumeric())
            && !bucket.contains("..");
        let is_segment = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && (segment.bytes())
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        };
        let is_prefix = prefix.is_empty() || prefix.split('/').all(is_segment);
        if is_bucket && is_prefix && prefix.len() <= PREFIX_CHARS_MAX {
            Ok(Self {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            })
        } else {
            Err(AddressError)
        }
    }
}

impl FromStr for BlobsAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.starts_with(SCHEME) {
            return Ok(Self::Bucket(text.parse()?));
        }
        // Somebody meant a store that is not spoken to, or mistyped the address of one that is.
        let is_like_store = text
            .get(..3)
            .is_some_and(|begin| begin.eq_ignore_ascii_case("s3:"));
        if text.is_empty() || is_like_store || text.contains("://") {
            return Err(AddressError);
        }
        Ok(Self::Folder(text.into()))
    }
}

impl fmt::Display for BucketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        Ok(())
    }
}

impl fmt::Display for BlobsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Bucket(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_a_bucket_and_a_prefix_or_a_folder() {
        for (text, bucket, prefix) in [
            ("s3://screens", "screens", ""),
            ("s3://screens/", "screens", ""),
            ("s3://screens/hub", "screens", "hub"),
            ("s3://a.b-c1/hub/north_1/", "a.b-c1", "hub/north_1"),
        ] {
            let read: BucketAddress = text.parse().unwrap();
            assert_eq!(
                (read.bucket.as_str(), read.prefix.as_str()),
                (bucket, prefix)
            );
            assert_eq!(read.to_string(), text.trim_end_matches('/'));
            assert_eq!(text.parse(), Ok(BlobsAddress::Bucket(read)));
        }
        for text in [
            "s3://",
            "s3://ab",
            "s3:///x",
            "s3://Screens",
            "s3://screens//x",
            "s3://screens/../x",
            "s3://screens/a b",
            "s3://screens/a?b",
            "s3://k:s@screens/a",
            "https://screens/x",
            "s3:/screens/hub",
            "S3://screens/hub",
            "",
            "s3://...",
        ] {
            assert_eq!(text.parse::<BucketAddress>(), Err(AddressError), "{text}");
            assert_eq!(text.parse::<BlobsAddress>(), Err(AddressError), "{text}");
        }
        let folder = BlobsAddress::Folder("data/hub/blobs".into());
        assert_eq!("data/hub/blobs".parse(), Ok(folder));
    }
}
