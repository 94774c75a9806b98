//! `GET /feed/{campaign}`: the news of a campaign for feed readers (Atom, RFC 4287).
//!
//! Invariants: only what was sent is in it, the newest alone; a reader that has it already gets
//! 304; nobody is counted.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::{CampaignId, Digest};

use crate::people::Scope;
use crate::server::limits::Kind;
use crate::server::phones::follow_page::escaped as in_path;
use crate::server::phones::note;
use crate::server::phones::trace::Client;
use crate::server::{AppState, Shared};
use crate::store::News;
use crate::system::clock;

pub(crate) async fn show(
    State(app): State<Shared>,
    campaign: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    client: Client,
) -> Response {
    let campaign = campaign
        .ok()
        .and_then(|Path(id)| id.parse::<CampaignId>().ok());
    let Some(campaign) = campaign else {
        return note::nothing_here();
    };
    app.work(move |app: &AppState| {
        let now_ms = clock::now_ms();
        if let Some(refusal) = app.refusal(Kind::Page, &client, now_ms)? {
            return Ok(refusal);
        }
        let store = &app.hub.store;
        let facts = store.campaign_facts(&campaign, &Scope::ALL)?;
        let facts = facts.filter(|facts| {
            let follow = facts.row.campaign.follow.as_ref();
            follow.is_some_and(|follow| follow.feed)
        });
        let Some(facts) = facts else {
            return Ok(note::nothing_here());
        };
        let own = app
            .public_url
            .absolute(&format!("/feed/{}", in_path(campaign.as_str())));
        let news = store.sent_news(&campaign)?;
        let since_ms = facts.row.published_ms;
        let text = feed(&own, &facts.row.campaign.title, &news, since_ms);
        let tag = format!("\"{}\"", &Digest::of(text.as_bytes()).to_string()[..32]);
        let is_known = (headers.get_all(header::IF_NONE_MATCH).iter())
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|known| known.trim().trim_start_matches("W/") == tag);
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let kind = [(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")];
            (kind, text).into_response()
        };
        let keep = HeaderValue::from_static("public, max-age=300");
        response.headers_mut().insert(header::CACHE_CONTROL, keep);
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        Ok(response)
    })
    .await
    .unwrap_or_else(note::failed)
}

/// Writes a feed. `since_ms`: when it was last changed, where it has no news yet.
fn feed(own: &str, title: &str, news: &[News], since_ms: i64) -> String {
    let updated = news
        .first()
        .and_then(|news| news.begun_ms)
        .unwrap_or(since_ms);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<id>{own}</id>\n<title>{title}</title>\n<updated>{}</updated>\n<link rel=\"self\" type=\"application/atom+xml\" href=\"{own}\"/>\n<author><name>{title}</name></author>\n",
        clock::rfc3339(updated),
        own = escaped(own),
        title = escaped(title),
    );
    for news in news {
        let link = news.text.link.as_ref().map_or(String::new(), |link| {
            format!("<link rel=\"alternate\" href=\"{}\"/>\n", escaped(link))
        });
        text += &format!(
            "<entry>\n<id>{}#{}</id>\n<title>{}</title>\n<updated>{}</updated>\n{link}<content type=\"text\">{}</content>\n</entry>\n",
            escaped(own),
            news.id,
            escaped(&news.text.subject),
            clock::rfc3339(news.begun_ms.unwrap_or(since_ms)),
            escaped(&news.text.body),
        );
    }
    text + "</feed>\n"
}

/// Escapes a text for XML, without the characters that it may not have (XML 1.0, 2.2).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::NewNews;

    #[test]
    fn a_feed_is_well_formed_whatever_its_words_are() {
        let news = News {
            id: 3,
            text: NewNews {
                subject: "A & <b>".to_owned(),
                body: "one\ntwo\u{1}".to_owned(),
                link: Some("https://a.example/?x=1&y=\"2\"".to_owned()),
            },
            made_by: String::new(),
            made_ms: 0,
            begun_ms: Some(1_000),
            ended_ms: None,
            total: 0,
            sent: 0,
            failed: 0,
            uncertain: 0,
            waiting: 0,
        };
        let text = feed("https://hub.example/feed/a", "书 & co", &[news], 0);
        assert!(text.contains("<title>A &amp; &lt;b&gt;</title>"), "{text}");
        assert!(text.contains("x=1&amp;y=&quot;2&quot;") && text.contains("one\ntwo</content>"));
        assert!(text.contains("<title>书 &amp; co</title>"));
    }
}
