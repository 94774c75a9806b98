//! The log of who did what, in the words of whoever reads it.
//!
//! A row has one text for its subject and one for its details, in the form in which the store
//! writes and exports them. What of these is made of words of the hub's own is said here in both
//! languages; what people typed, and what an older hub wrote in another form, stays as it is.

use crate::people::{Role, Scope};
use crate::server::console::words;
use crate::server::language::Language;
use crate::store::AlertKind;
use crate::store::audit::{AuditLine, Verb};

/// Who it was.
pub(crate) fn actor(language: Language, named: &str) -> String {
    if named == "command line" {
        return language.say(["命令行", "command line"]).to_owned();
    }
    if let Some(source) = named.strip_prefix("source ") {
        return format!("{}{source}", language.say(["来源 ", "source "]));
    }
    // A token is called after whoever has made it.
    let token = named
        .strip_suffix(')')
        .and_then(|named| named.rsplit_once(" (token "));
    match token {
        Some((person, token)) if language == Language::Chinese => {
            format!("{person}（令牌：{token}）")
        }
        _ => named.to_owned(),
    }
}

/// What it was done to.
pub(crate) fn subject(language: Language, line: &AuditLine) -> String {
    let text = line.subject.as_str();
    let said = match verb_of(line) {
        Some(Verb::Invited | Verb::Withdrew) => rights(language, text),
        Some(Verb::SetQuota) => match text {
            "the hub" => Some(language.say(["整个 hub", "the hub"]).to_owned()),
            "everybody" => Some(language.say(["每个人", "everybody"]).to_owned()),
            _ => None,
        },
        Some(Verb::SetMail | Verb::RemovedMail) => {
            Some(language.say(["邮件服务器", "mail server"]).to_owned())
        }
        _ => [
            ("screen ", ["屏幕 ", "screen "]),
            ("emergency ", ["紧急消息 ", "emergency "]),
            ("campaign ", ["活动 ", "campaign "]),
        ]
        .into_iter()
        .find_map(|(word, words)| {
            let rest = text.strip_prefix(word)?;
            // A person's or campaign's name may begin with the same word.
            let is_own = matches!(
                verb_of(line),
                Some(
                    Verb::AddedScreen
                        | Verb::PairedScreen
                        | Verb::ChangedScreen
                        | Verb::RenewedScreen
                        | Verb::RevokedScreen
                        | Verb::RotatedKey
                        | Verb::BeganEmergency
                        | Verb::EndedEmergency
                        | Verb::RemovedMoment
                )
            );
            is_own.then(|| format!("{}{rest}", language.say(words)))
        }),
    };
    said.unwrap_or_else(|| text.to_owned())
}

/// What else there is to say; may be empty.
pub(crate) fn detail(language: Language, line: &AuditLine) -> String {
    let text = line.detail.as_str();
    if text.is_empty() {
        return String::new();
    }
    let said = match verb_of(line) {
        Some(Verb::Joined | Verb::ChangedPerson) => rights(language, text),
        Some(Verb::Published) => text
            .strip_prefix("screens ")
            .and_then(|count| screens(language, count)),
        Some(Verb::EndedEmergency) => text
            .strip_suffix(" screens")
            .and_then(|count| screens(language, count)),
        Some(Verb::BeganEmergency) => text.split_once(": ").and_then(|(head, headline)| {
            let (head, replaced) = match head.split_once(", in place of ") {
                Some((head, replaced)) => (head, Some(replaced)),
                None => (head, None),
            };
            let mut said = screens(language, head.strip_suffix(" screens")?)?;
            if let Some(replaced) = replaced {
                let replaced: Vec<&str> = replaced.split(' ').collect();
                said += language.say(["，替换了紧急消息 ", ", in place of emergency "]);
                said += &replaced.join(language.say(["、", ", "]));
            }
            Some(said + language.say(["：", ": "]) + headline)
        }),
        Some(Verb::RevokedScreen | Verb::RenewedScreen | Verb::RotatedKey) => {
            let is_retired = text == "codes retired";
            is_retired.then(|| language.say(["码已作废", "codes retired"]).to_owned())
        }
        Some(Verb::SetQuota) => quota(language, text),
        Some(Verb::OpenedSlot) => slot(language, text),
        Some(Verb::ChangedDraft) => Some(draft(language, text)),
        Some(Verb::ChangedScreen) => Some(screen(language, text)),
        Some(Verb::AddedAlert | Verb::ChangedAlert | Verb::RemovedAlert) => alert(language, text),
        Some(Verb::MadeToken) => Some(token(language, text)),
        Some(Verb::EndedSessions) => {
            let is_count = text.bytes().all(|byte| byte.is_ascii_digit());
            is_count.then(|| match language {
                Language::Chinese => format!("{text} 台设备"),
                Language::English if text == "1" => "1 device".to_owned(),
                Language::English => format!("{text} devices"),
            })
        }
        _ => None,
    };
    said.unwrap_or_else(|| text.to_owned())
}

fn verb_of(line: &AuditLine) -> Option<Verb> {
    let mut verbs = Verb::ALL.iter().copied();
    verbs.find(|verb| verb.word() == line.verb)
}

/// A role, and the groups that somebody is held to.
fn rights(language: Language, text: &str) -> Option<String> {
    let (role, scope) = match text.split_once(", ") {
        Some((role, scope)) => (role, Some(scope)),
        None => (text, None),
    };
    let role: Role = role.parse().ok()?;
    let said = language.say(words::role(role));
    Some(match scope {
        None => said.to_owned(),
        Some(scope) => match serde_json::from_str::<Scope>(scope) {
            Ok(scope) => words::with_scope(language, said, &scope),
            // So many groups that the log has no room for all of them.
            Err(_) => format!(
                "{said} · {}",
                language.say(["只限一些分组", "only some groups"])
            ),
        },
    })
}

fn screens(language: Language, count: &str) -> Option<String> {
    let number: u64 = count.parse().ok()?;
    Some(match language {
        Language::Chinese => format!("{number} 块屏幕"),
        Language::English if number == 1 => "1 screen".to_owned(),
        Language::English => format!("{number} screens"),
    })
}

fn quota(language: Language, text: &str) -> Option<String> {
    if text == "as everybody" {
        return Some(language.say(["和每个人一样", "as everybody"]).to_owned());
    }
    let (bytes, files) = text.strip_suffix(" files")?.split_once(" bytes, ")?;
    let files = match files {
        "any" => language
            .say(["文件数不限", "any number of files"])
            .to_owned(),
        files => format!("{files} {}", language.say(["个文件", "files"])),
    };
    let room = match bytes.parse::<u64>() {
        Ok(bytes) => format!("{} MiB", bytes >> 20),
        Err(_) => language.say(["大小不限", "any size"]).to_owned(),
    };
    Some(room + language.say(["，", ", "]) + &files)
}

fn slot(language: Language, text: &str) -> Option<String> {
    let (days, whom) = match text.split_once(", for ") {
        Some((days, whom)) => (days, Some(whom)),
        None => (text, None),
    };
    let (first, last) = days.split_once(" to ")?;
    let mut said = format!("{first} – {last}");
    if let Some(whom) = whom {
        said += language.say(["，给 ", ", for "]);
        said += whom;
    }
    Some(said)
}

fn alert(language: Language, text: &str) -> Option<String> {
    let (rest, is_paused) = match text.strip_suffix("; paused") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    // The group may hold any text, and addresses none of the words between.
    let (rest, to) = rest.rsplit_once(" to ")?;
    let (group, kinds) = rest.rsplit_once(": ")?;
    let kinds: Option<Vec<&str>> = kinds
        .split(", ")
        .map(|word| AlertKind::of_word(word).map(|kind| language.say(words::alert(kind))))
        .collect();
    let group = match group {
        "all screens" => language.say(["所有屏幕", "all screens"]),
        group => group,
    };
    let mut said = format!(
        "{group} · {} → {to}",
        kinds?.join(language.say(["、", ", "]))
    );
    if is_paused {
        said += language.say([" · 已暂停", " · paused"]);
    }
    Some(said)
}

/// What was changed of a draft; files are called as they are.
fn draft(language: Language, text: &str) -> String {
    let parts = text.split(", ").map(|part| match part {
        "its text" => language.say(["文字", "its text"]).to_owned(),
        "its screens" => language.say(["屏幕", "its screens"]).to_owned(),
        part => match part.strip_prefix("version ") {
            Some(number) => format!("{}{number}", language.say(["版本 ", "version "])),
            None => part.to_owned(),
        },
    });
    let parts: Vec<String> = parts.collect();
    parts.join(language.say(["、", ", "]))
}

/// What was changed of a screen; names are as people gave them.
fn screen(language: Language, text: &str) -> String {
    let parts = text.split("; ").map(|part| {
        [
            ("group ", ["分组：", "group "]),
            ("tags ", ["标签：", "tags "]),
            ("place ", ["地点：", "place "]),
        ]
        .into_iter()
        .find_map(|(word, words)| {
            let rest = part.strip_prefix(word)?;
            Some(format!("{}{rest}", language.say(words)))
        })
        .unwrap_or_else(|| part.to_owned())
    });
    let parts: Vec<String> = parts.collect();
    parts.join(language.say(["；", "; "]))
}

fn token(language: Language, text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let right = crate::people::Right::of_word(word);
        right.map_or(word, |right| language.say(words::right(right)))
    });
    let words: Vec<&str> = words.collect();
    words.join(language.say(["、", ", "]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verb: Verb, subject: &str, detail: &str) -> AuditLine {
        AuditLine {
            id: 1,
            at_ms: 0,
            actor: "command line".into(),
            verb: verb.word().into(),
            subject: subject.into(),
            detail: detail.into(),
        }
    }

    #[test]
    fn the_hubs_own_words_are_said_in_both_languages_and_those_of_people_as_they_are() {
        for (verb, kept, chinese, english) in [
            (
                Verb::Joined,
                "operator, {\"screens\":[\"上海\"]}",
                "管理员 · 屏幕：上海",
                "Operator · screens: 上海",
            ),
            (Verb::ChangedPerson, "viewer", "查看者", "Viewer"),
            (
                Verb::ChangedPerson,
                "viewer, {\"campaigns\":[\"a\",\"b",
                "查看者 · 只限一些分组",
                "Viewer · only some groups",
            ),
            (Verb::Published, "screens 6", "6 块屏幕", "6 screens"),
            (
                Verb::BeganEmergency,
                "1 screens: 请离开",
                "1 块屏幕：请离开",
                "1 screen: 请离开",
            ),
            (
                Verb::BeganEmergency,
                "3 screens, in place of 7 9: Smoke: leave",
                "3 块屏幕，替换了紧急消息 7、9：Smoke: leave",
                "3 screens, in place of emergency 7, 9: Smoke: leave",
            ),
            (
                Verb::OpenedSlot,
                "2026-12-10 to 2026-12-24, for 老王",
                "2026-12-10 – 2026-12-24，给 老王",
                "2026-12-10 – 2026-12-24, for 老王",
            ),
            (
                Verb::SetQuota,
                "1048576 bytes, any files",
                "1 MiB，文件数不限",
                "1 MiB, any number of files",
            ),
            (
                Verb::AddedAlert,
                "成都 Chengdu: silent, full to night@cafe.example; paused",
                "成都 Chengdu · 无联系、存储快满 → night@cafe.example · 已暂停",
                "成都 Chengdu · Silent, Nearly full → night@cafe.example · paused",
            ),
            (
                Verb::ChangedDraft,
                "its text, + 爵士.png",
                "文字、+ 爵士.png",
                "its text, + 爵士.png",
            ),
            (
                Verb::ChangedScreen,
                "a → b; group 成都; place 橱窗, ",
                "a → b；分组：成都；地点：橱窗, ",
                "a → b; group 成都; place 橱窗, ",
            ),
            (Verb::MadeToken, "screens", "screens", "screens"),
            (Verb::EndedSessions, "1", "1 台设备", "1 device"),
            (Verb::SubmittedDraft, "screens 6", "screens 6", "screens 6"),
        ] {
            let line = line(verb, "x", kept);
            assert_eq!(detail(Language::Chinese, &line), chinese);
            assert_eq!(detail(Language::English, &line), english);
        }
        let invited = line(Verb::Invited, "viewer", "");
        assert_eq!(subject(Language::Chinese, &invited), "查看者");
        let screen = line(Verb::RevokedScreen, "screen 7", "codes retired");
        assert_eq!(subject(Language::Chinese, &screen), "屏幕 7");
        assert_eq!(detail(Language::Chinese, &screen), "码已作废");
        let person = line(Verb::RemovedPerson, "screen 7", "");
        assert_eq!(subject(Language::Chinese, &person), "screen 7");
    }

    #[test]
    fn whoever_did_it_is_called_by_name_and_programs_after_whoever_made_their_token() {
        for (named, chinese) in [
            ("command line", "命令行"),
            ("source menu", "来源 menu"),
            ("陈路 (token 收银)", "陈路（令牌：收银）"),
            ("Ada (token x) B", "Ada (token x) B"),
            ("Ada", "Ada"),
        ] {
            assert_eq!(actor(Language::Chinese, named), chinese);
            assert_eq!(actor(Language::English, named), named);
        }
    }
}
