//! What an operator may say of a rule and of a mail server.

use lettre::Address;
use passerby_protocol::foreign;
use reqwest::Url;

use crate::alerts::web_hook::Hook;
use crate::people::{NAME_CHARS_MAX, line};
use crate::store::{
    AlertKind, AlertRule, AlertSettings, AlertWords, HookKind, MailEncryption, MailServer,
};

/// Most people that one rule sends mail to.
pub const MAILS_MAX: usize = 10;
/// Longest address of a web hook and longest secret, in bytes.
pub const HOOK_BYTES_MAX: usize = 1_000;
/// Longest password of a mail server, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 500;
/// Longest address for mail, in bytes (RFC 5321, 4.5.3.1.3).
const MAIL_BYTES_MAX: usize = 254;
/// Longest host, in bytes.
const HOST_BYTES_MAX: usize = 253;

/// Says what is wrong with what an operator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The name is none.
    #[error("give it a name of 1 to {NAME_CHARS_MAX} characters, all of which can be seen")]
    Name,
    /// There is nothing to tell.
    #[error("choose at least one of silent, dark, full and clock")]
    Kinds,
    /// There is nobody to tell.
    #[error("name an address for mail, or a web hook")]
    Nobody,
    /// An address is none.
    #[error("an address for mail is none, such as operator@example.com; at most {MAILS_MAX}")]
    Mail,
    /// The web hook is none.
    #[error(
        "the web hook needs an http or https address of at most {HOOK_BYTES_MAX} bytes, without a user"
    )]
    Hook,
    /// What our own form is signed with is missing.
    #[error("the web hook needs a secret of 16 to {HOOK_BYTES_MAX} bytes")]
    Secret,
    /// A number is out of bounds.
    #[error(
        "use 10 to 1440 minutes for silent, 30 to 1440 for dark, 16 to 100000 MiB, at most 3600 seconds, and 1 to 200 messages"
    )]
    Number,
    /// Hours are none.
    #[error("use hours such as 08:00-22:00")]
    Hours,
    /// The host is none.
    #[error("name the host of the mail server, such as smtp.example.com")]
    Host,
    /// The port is none.
    #[error("use a port from 1 to 65535")]
    Port,
    /// A password would go over the network in the open.
    #[error("a password needs an encrypted way; choose tls or starttls")]
    OpenPassword,
}

/// A rule to begin with: all that can be wrong with all screens, told to nobody yet.
pub fn new_rule(words: AlertWords) -> AlertSettings {
    AlertSettings {
        name: String::new(),
        group: None,
        kinds: AlertKind::OF_SCREENS.into_iter().collect(),
        silent_minutes: 15,
        dark_minutes: 60,
        dark_hours: None,
        free_mib: 200,
        gather_s: 60,
        messages_a_day: 24,
        mails: Vec::new(),
        hook: None,
        hook_host: None,
        words,
        paused: false,
    }
}

/// What somebody says of a rule's web hook.
#[derive(Debug, Clone, Copy)]
pub struct HookInput<'a> {
    /// Its kind; none for no web hook.
    pub kind: Option<HookKind>,
    /// Its address; empty to keep the one that it has.
    pub url: &'a str,
    /// What signs messages to it.
    pub secret: &'a str,
}

/// Checks a rule with its web hook. Returns the web hook if it is a new one.
///
/// # Errors
/// See [`RuleError`].
pub fn with_hook(
    mut settings: AlertSettings,
    input: HookInput<'_>,
    known: Option<&AlertRule>,
) -> Result<(AlertSettings, Option<Hook>), RuleError> {
    settings.hook = input.kind;
    settings.hook_host = None;
    let (url, secret) = (input.url.trim(), input.secret.trim());
    let mut new = None;
    if let Some(kind) = input.kind {
        let before = known.map(|rule| &rule.settings);
        match before.filter(|before| before.hook == Some(kind)) {
            Some(before) if url.is_empty() && secret.is_empty() => {
                settings.hook_host.clone_from(&before.hook_host);
            }
            _ => {
                let url = hook(url)?;
                let least = if kind == HookKind::Json { 16 } else { 0 };
                if !(least..=HOOK_BYTES_MAX).contains(&secret.len()) {
                    return Err(RuleError::Secret);
                }
                settings.hook_host = url.host_str().map(str::to_owned);
                new = Some(Hook {
                    url: url.into(),
                    secret: secret.to_owned(),
                });
            }
        }
    }
    Ok((rule(settings)?, new))
}

/// Checks a rule.
///
/// # Errors
/// See [`RuleError`].
pub fn rule(mut settings: AlertSettings) -> Result<AlertSettings, RuleError> {
    settings.name = line(&settings.name, NAME_CHARS_MAX).map_err(|_| RuleError::Name)?;
    if settings.kinds.is_empty() {
        return Err(RuleError::Kinds);
    }
    if settings.mails.is_empty() && settings.hook.is_none() {
        return Err(RuleError::Nobody);
    }
    if settings.mails.len() > MAILS_MAX || settings.mails.iter().any(|text| mail(text).is_none()) {
        return Err(RuleError::Mail);
    }
    let fits = (10..=1_440).contains(&settings.silent_minutes)
        && (30..=1_440).contains(&settings.dark_minutes)
        && (16..=100_000).contains(&settings.free_mib)
        && settings.gather_s <= 3_600
        && (1..=200).contains(&settings.messages_a_day);
    if !fits {
        return Err(RuleError::Number);
    }
    if let Some((from, until)) = settings.dark_hours
        && (from >= 1_440 || until > 1_440 || from == until)
    {
        return Err(RuleError::Hours);
    }
    Ok(settings)
}

/// Reads an address for mail.
pub fn mail(text: &str) -> Option<Address> {
    let is_plain = text.len() <= MAIL_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then(|| text.parse().ok()).flatten()
}

/// Reads the address of a web hook.
///
/// # Errors
/// It is none.
pub fn hook(text: &str) -> Result<Url, RuleError> {
    let url = Url::parse(text.trim()).map_err(|_| RuleError::Hook)?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_open = url.username().is_empty() && url.password().is_none();
    let fits = is_web && is_open && url.as_str().len() <= HOOK_BYTES_MAX;
    fits.then_some(url).ok_or(RuleError::Hook)
}

/// Reads hours such as `08:00-22:00` as minutes of the day.
///
/// # Errors
/// They are none.
pub fn hours(text: &str) -> Result<Option<(u32, u32)>, RuleError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let minute = |text: &str| -> Option<u32> {
        let (hour, minute) = text.trim().split_once([':', '：'])?;
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour * 60 + minute <= 1_440 && minute < 60 && hour <= 24).then_some(hour * 60 + minute)
    };
    let hours = text
        .split_once(['-', '–', '—'])
        .and_then(|(from, until)| Some((minute(from)?, minute(until)?)));
    hours.map(Some).ok_or(RuleError::Hours)
}

/// Writes hours as [`hours`] reads them.
pub fn hours_text(hours: Option<(u32, u32)>) -> String {
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    hours.map_or(String::new(), |(from, until)| {
        format!("{}-{}", clock(from), clock(until))
    })
}

/// Checks a mail server.
///
/// # Errors
/// See [`RuleError`].
pub fn mail_server(mut server: MailServer, has_password: bool) -> Result<MailServer, RuleError> {
    server.host = server
        .host
        .trim()
        .trim_end_matches('.')
        .to_ascii_lowercase();
    let is_host = !server.host.is_empty()
        && server.host.len() <= HOST_BYTES_MAX
        && server
            .host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
    if !is_host {
        return Err(RuleError::Host);
    }
    if server.port == 0 {
        return Err(RuleError::Port);
    }
    if mail(&server.from).is_none() {
        return Err(RuleError::Mail);
    }
    let is_user = |user: &String| user.len() <= MAIL_BYTES_MAX && !foreign::has_hidden(user);
    if server.user.as_ref().is_some_and(|user| !is_user(user)) {
        return Err(RuleError::Name);
    }
    if has_password && server.encryption == MailEncryption::None {
        return Err(RuleError::OpenPassword);
    }
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        assert_eq!(hours(" "), Ok(None));
        assert_eq!(hours("08:00-22:30"), Ok(Some((480, 1_350))));
        assert_eq!(hours("18：00 – 02:00"), Ok(Some((1_080, 120))));
        assert_eq!(hours("0:00-24:00"), Ok(Some((0, 1_440))));
        for text in ["8-22", "08:00", "25:00-26:00", "08:60-09:00", "a:b-c:d"] {
            assert_eq!(hours(text), Err(RuleError::Hours), "{text}");
        }
        assert_eq!(hours_text(Some((480, 1_350))), "08:00-22:30");
    }

    #[test]
    fn addresses_that_would_reach_somebody_else_are_refused() {
        for text in ["a@b.example", "ops+night@sub.b.example"] {
            assert!(mail(text).is_some(), "{text}");
        }
        for text in [
            "",
            "a",
            "a@",
            "a@b.example\r\nBcc: c@d.example",
            "A <a@b.example>",
            "a b@c.example",
        ] {
            assert!(mail(text).is_none(), "{text}");
        }
        assert!(hook("https://qyapi.example/cgi-bin/webhook/send?key=1").is_ok());
        for text in [
            "ftp://a.example",
            "https://u:p@a.example",
            "file:///etc/passwd",
            "nothing",
        ] {
            assert_eq!(hook(text), Err(RuleError::Hook), "{text}");
        }
    }
}
