//! What somebody typed or chose, from a form or from behind the path.

use std::convert::Infallible;

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest as _, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{Method, Uri, header};

/// Most fields that are looked at.
const FIELDS_MAX: usize = 200;

/// Fields by name, each as it came. Of a form those of its body, of everything else those behind
/// the path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads those behind a path.
    pub(crate) fn of_uri(uri: &Uri) -> Self {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
        Self::bounded(query.map(|Query(fields)| fields).unwrap_or_default())
    }

    /// Reads those of a form.
    pub(crate) async fn of_body(body: Vec<u8>) -> Self {
        let request = Request::builder()
            .method(Method::POST)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        let Ok(request) = request else {
            return Self::default();
        };
        let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        Self::bounded(form.map(|Form(fields)| fields).unwrap_or_default())
    }

    /// Takes those that were read otherwise.
    pub(crate) fn of_pairs(fields: Vec<(String, String)>) -> Self {
        Self::bounded(fields)
    }

    fn bounded(mut fields: Vec<(String, String)>) -> Self {
        fields.truncate(FIELDS_MAX);
        Self(fields)
    }

    /// The first of a name; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Tells whether there is one of a name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The first of a name without spaces around it; `None` where nothing is left.
    pub(crate) fn word(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|word| !word.is_empty())
    }

    /// All of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let fields = self.0.iter().filter(move |(known, _)| known == name);
        fields.map(|(_, value)| value.as_str())
    }
}

impl<S: Sync> FromRequestParts<S> for Fields {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// Writes a path with fields behind it; empty ones are left out.
pub(crate) fn path_with(path: &str, fields: &[(&str, &str)]) -> String {
    let mut text = path.to_owned();
    let fields = fields.iter().filter(|(_, value)| !value.is_empty());
    for (at, (name, value)) in fields.enumerate() {
        text += if at == 0 { "?" } else { "&" };
        text += name;
        text += "=";
        text += &escaped(value);
    }
    text
}

/// Writes a text as it stands in a path or behind one.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fields_are_read_from_paths_and_bodies_alike() {
        let uri = "/console?q=%E5%87%BA%E5%8F%A3+B&tag=&tag=4K"
            .parse()
            .unwrap();
        let body = b"q=%E5%87%BA%E5%8F%A3+B&tag=&tag=4K".to_vec();
        for fields in [Fields::of_uri(&uri), Fields::of_body(body).await] {
            assert_eq!(fields.get("q"), "出口 B");
            assert_eq!(fields.all("tag").collect::<Vec<_>>(), ["", "4K"]);
            assert_eq!(fields.word("tag"), None);
        }
        assert_eq!(Fields::of_body(vec![0xff; 9]).await.get("q"), "");
        let path = path_with("/console", &[("q", "a&b=1 é"), ("tag", ""), ("after", "3")]);
        assert_eq!(path, "/console?q=a%26b%3D1%20%C3%A9&after=3");
        assert_eq!(Fields::of_uri(&path.parse().unwrap()).get("q"), "a&b=1 é");
    }
}
