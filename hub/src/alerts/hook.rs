//! Web hooks: what is sent to which kind, how it is signed, and whether it was taken.
//!
//! Robots of chat groups answer 200 to everything and say in the body what was wrong.

use hmac::{Hmac, KeyInit as _, Mac as _};
use passerby_protocol::hexadecimal::hex;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::alerts::texts::Text;
use crate::store::{AlertTelling, HookKind};
use crate::system::clock;

/// The header with the moment of a message of our own form, in seconds.
const TIME_HEADER: &str = "x-passerby-timestamp";
/// The header with `sha256=` and the HMAC-SHA256, in hexadecimal, of moment, a dot and body.
const SIGNATURE_HEADER: &str = "x-passerby-signature";
/// Longest text that the robots of WeCom take, in bytes.
const WECOM_BYTES_MAX: usize = 2_000;
/// The same for the others, which take more, in bytes.
const OTHER_BYTES_MAX: usize = 16_000;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for at in 0..4 {
            let digit = (bits >> (18 - 6 * at)) & 63;
            let is_there = at <= chunk.len();
            text.push(if is_there {
                char::from(DIGITS[digit as usize])
            } else {
                '='
            });
        }
    }
    text
}

/// Cuts a text to so many bytes, at a character.
fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Makes the call for one message; `id` is the same whenever it is sent again.
pub(super) fn call(
    kind: HookKind,
    (url, secret): (&Url, &str),
    (id, rule): (i64, &str),
    (text, telling): (&Text, &AlertTelling),
    now_ms: i64,
) -> Call {
    let mut url = url.clone();
    let mut headers = Vec::new();
    let said = cut(text.body.trim(), OTHER_BYTES_MAX);
    let body = match kind {
        HookKind::Json => json!({
            "id": id.to_string(),
            "rule": rule,
            "at": clock::rfc3339(now_ms),
            "test": telling.is_test,
            "bad": telling.bad,
            "well": telling.well,
            "voices": telling.voices,
            "changes": telling.changes.iter().map(|change| json!({
                "screen": change.screen,
                "name": change.name,
                "kind": change.kind,
                "is_bad": change.is_bad,
                "since": clock::rfc3339(change.since_ms),
            })).collect::<Vec<Value>>(),
            "subject": text.subject,
            "text": said,
        }),
        HookKind::Wecom => {
            json!({ "msgtype": "text", "text": { "content": cut(said, WECOM_BYTES_MAX) } })
        }
        HookKind::Feishu => {
            let mut body = json!({ "msg_type": "text", "content": { "text": said } });
            if !secret.is_empty() {
                let seconds = (now_ms / 1_000).to_string();
                let key = format!("{seconds}\n{secret}");
                body["sign"] = base64(&hmac(key.as_bytes(), b"")).into();
                body["timestamp"] = seconds.into();
            }
            body
        }
        HookKind::Dingtalk => {
            if !secret.is_empty() {
                let signed = format!("{now_ms}\n{secret}");
                let signature = base64(&hmac(secret.as_bytes(), signed.as_bytes()));
                url.query_pairs_mut()
                    .append_pair("timestamp", &now_ms.to_string())
                    .append_pair("sign", &signature);
            }
            json!({ "msgtype": "text", "text": { "content": said } })
        }
        HookKind::Slack => json!({ "text": said }),
    };
    let body = body.to_string();
    if kind == HookKind::Json {
        let seconds = (now_ms / 1_000).to_string();
        let signature = hmac(secret.as_bytes(), format!("{seconds}.{body}").as_bytes());
        headers.push((SIGNATURE_HEADER, format!("sha256={}", hex(&signature))));
        headers.push((TIME_HEADER, seconds));
    }
    Call { url, headers, body }
}

/// Reads what a web hook answered with success; says why the message was not taken all the same.
pub(super) fn refusal(kind: HookKind, answer: &[u8]) -> Option<String> {
    let names: &[&str] = match kind {
        HookKind::Json | HookKind::Slack => return None,
        HookKind::Wecom | HookKind::Dingtalk => &["errcode"],
        HookKind::Feishu => &["code", "StatusCode"],
    };
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else {
        return Some("the robot's answer cannot be understood; compare the address".to_owned());
    };
    let code = names
        .iter()
        .find_map(|name| answer.get(*name)?.as_i64())
        .unwrap_or(-1);
    let said = ["errmsg", "msg", "StatusMessage"];
    let said = said.iter().find_map(|name| answer.get(*name)?.as_str());
    (code != 0).then(|| {
        let said = passerby_protocol::foreign::one_line(said.unwrap_or("no reason"), 150);
        format!("the robot refuses it with {code}: {said}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(kind: HookKind, secret: &str) -> Call {
        let url = "https://robot.example/send?key=1".parse().unwrap();
        let text = Text {
            subject: "s".into(),
            body: "长".repeat(2_000),
        };
        let telling = AlertTelling {
            is_test: true,
            ..AlertTelling::default()
        };
        call(
            kind,
            (&url, secret),
            (7, "North"),
            (&text, &telling),
            1_700_000_000_000,
        )
    }

    #[test]
    fn each_kind_of_robot_gets_the_form_and_the_signature_that_it_asks_for() {
        // The signatures were computed with Python's hmac module.
        let ours = made(HookKind::Json, "0123456789abcdef");
        let body: Value = serde_json::from_str(&ours.body).unwrap();
        assert_eq!((&body["id"], &body["test"]), (&json!("7"), &json!(true)));
        let signed = hmac(
            b"0123456789abcdef",
            format!("1700000000.{}", ours.body).as_bytes(),
        );
        assert_eq!(ours.headers[0].1, format!("sha256={}", hex(&signed)));
        assert_eq!(ours.headers[1], (TIME_HEADER, "1700000000".to_owned()));

        let wecom: Value = serde_json::from_str(&made(HookKind::Wecom, "").body).unwrap();
        let content = wecom["text"]["content"].as_str().unwrap();
        assert!(content.len() <= WECOM_BYTES_MAX && content.len() > 1_990);

        let feishu: Value = serde_json::from_str(&made(HookKind::Feishu, "SECabc").body).unwrap();
        assert_eq!(feishu["timestamp"], "1700000000");
        assert_eq!(
            feishu["sign"],
            "XprR1de+0SSBnwWyU/4k6x2TL+Q2SJlM5NNEdAv7MWg="
        );

        let dingtalk = made(HookKind::Dingtalk, "SECabc").url;
        let pairs: Vec<_> = dingtalk.query_pairs().into_owned().collect();
        assert_eq!(pairs[0], ("key".into(), "1".into()));
        assert_eq!(pairs[1], ("timestamp".into(), "1700000000000".into()));
        assert_eq!(pairs[2].1, "jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM=");
        assert_eq!(made(HookKind::Dingtalk, "").url.query(), Some("key=1"));
        assert!(made(HookKind::Slack, "").body.starts_with("{\"text\":"));
    }

    #[test]
    fn robots_that_answer_with_success_may_refuse_all_the_same() {
        assert_eq!(
            refusal(HookKind::Wecom, b"{\"errcode\":0,\"errmsg\":\"ok\"}"),
            None
        );
        assert_eq!(refusal(HookKind::Feishu, b"{\"code\":0}"), None);
        assert_eq!(refusal(HookKind::Feishu, b"{\"StatusCode\":0}"), None);
        assert_eq!(refusal(HookKind::Slack, b"ok"), None);
        let refused = refusal(
            HookKind::Dingtalk,
            b"{\"errcode\":310000,\"errmsg\":\"sign not match\"}",
        );
        assert_eq!(
            refused.unwrap(),
            "the robot refuses it with 310000: sign not match"
        );
        assert!(refusal(HookKind::Wecom, b"<html>").is_some());
        assert!(refusal(HookKind::Wecom, b"{}").is_some());
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
