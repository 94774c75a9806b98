//! People who follow a campaign by mail: what they agree to, their private links, the codes that
//! they get, and the mail that goes to them.
//!
//! ```text
//! phones/follow ─▶ store::followers ─▶ service (claims) ─▶ mail ─▶ the mail server
//! console/news  ─▶        │
//!                         └─▶ phones/fan: confirm, see everything, leave
//! ```
//!
//! Invariants: an address is kept sealed, and found by a keyed hash alone; a private link has a
//! secret that only this hub can make; no mail goes out before somebody has confirmed, but the one
//! that asks for it.

mod mail;
pub mod service;

use lettre::Address;
use passerby_protocol::base32;
use passerby_protocol::hexadecimal::hex;

use crate::Hub;
use crate::alerts::check;
use crate::keys::Keys;
use crate::store::Follower;
use crate::system::random;

pub(crate) use crate::followers::mail::{news_text, secret_of};

/// The version of the text that people agree to. Whoever changes [`consent`] counts on.
pub const CONSENT_VERSION: u32 = 1;
/// Hexadecimal digits of a private link: its name, and its secret.
const TOKEN_CHARS: usize = 64;
/// Characters of a code for what a campaign offers.
const CODE_CHARS: usize = 10;

/// What somebody agrees to who follows by mail, Chinese first.
pub(crate) fn consent() -> [&'static str; 2] {
    [
        "我想通过邮件收到这个活动的消息。为此，本站加密保存我的邮箱地址、同意的时间和这段话的版本，直到我退订（任何一封邮件里或我自己的页面上按一下即可），或者两年没有我的音讯。地址不作他用，不给别人。",
        "I want this campaign’s news by mail. For that, this site keeps my address encrypted, with the time and the version of this text, until I unsubscribe (one press in any mail, or on my own page) or nothing is heard of me for two years. The address serves nothing else and is given to nobody.",
    ]
}

/// What somebody agrees to who wants to be remembered on a phone; `cookie` is its name.
pub(crate) fn consent_of_phone(cookie: &str) -> [String; 2] {
    [
        format!(
            "在这部手机上记住我：只用一个名为 {cookie} 的 Cookie，最多 400 天，下次扫同一发布者的屏幕就认得我。按一下就不再记住。"
        ),
        format!(
            "Remember me on this phone, with one cookie named {cookie} for at most 400 days, so that a scan at a screen of this publisher knows me. One press ends it."
        ),
    ]
}

/// The name of the cookie by which a phone is remembered. Over https no page of another host, and
/// no page without encryption, can set it.
pub(crate) const fn phone_cookie(is_https: bool) -> &'static str {
    if is_https {
        "__Host-passerby-fan"
    } else {
        "passerby-fan"
    }
}

/// Reads an address for mail as somebody typed it.
pub(crate) fn address(text: &str) -> Option<Address> {
    let text = text.trim();
    let is_plain = text.is_ascii() && !text.contains(char::is_whitespace);
    check::mail(text).filter(|_| is_plain)
}

/// Reads an address to which a stranger would have mail sent: one that mail servers of the internet
/// deliver to. What is left out reaches machines of the hub's own network, or passes a message on
/// (`a%b@c`, `a!b@c`), and belongs to nobody who walks past a screen.
pub(crate) fn new_address(text: &str) -> Option<Address> {
    let address = address(text)?;
    let (_, last) = address.domain().rsplit_once('.')?;
    let is_name =
        last.bytes().any(|byte| byte.is_ascii_alphabetic()) && !address.domain().starts_with('[');
    (is_name && !address.user().contains(['%', '!'])).then_some(address)
}

/// What finds the mailbox of an address again, for limits: most mail servers deliver `a+b@c` to
/// `a@c`, and whoever wants to flood somebody's has any number of these.
pub(crate) fn mailbox_hmac(keys: &Keys, address: &Address) -> [u8; 32] {
    let user = address.user();
    let user = user.split_once('+').map_or(user, |(user, _)| user);
    address_hmac(keys, &format!("{user}@{}", address.domain()))
}

/// What finds an address again. Capitals make no other address, as all mail servers in use have it.
pub fn address_hmac(keys: &Keys, address: &str) -> [u8; 32] {
    keys.hash_for(
        "follower's address",
        address.trim().to_lowercase().as_bytes(),
    )
}

/// A new name for a private link.
pub(crate) fn new_name() -> String {
    hex(&random::bytes::<16>())
}

/// Seals an address for the private link of this name.
pub(crate) fn seal(keys: &Keys, name: &str, address: &Address) -> Vec<u8> {
    keys.seal_for(&purpose(name), address.to_string().as_bytes())
}

/// Opens the address of somebody; `None` where another hub has sealed it.
pub fn address_of(keys: &Keys, follower: &Follower) -> Option<String> {
    let opened = keys.open_for(&purpose(&follower.name), &follower.sealed)?;
    String::from_utf8(opened).ok()
}

fn purpose(name: &str) -> String {
    format!("follower {name}")
}

/// The private link of a name, without what stands before it: its name and its secret.
pub(crate) fn token(keys: &Keys, name: &str) -> String {
    format!("{name}{}", secret_of(keys, name))
}

/// The name in a private link, if its secret is right.
pub fn name_in(keys: &Keys, token: &str) -> Option<String> {
    let token = token.to_ascii_lowercase();
    if token.len() != TOKEN_CHARS || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let (name, secret) = token.split_at(TOKEN_CHARS / 2);
    keys.is_own_link_secret(&mail::secret_purpose(name), secret)
        .then(|| name.to_owned())
}

/// What was erased of somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Erased {
    /// Campaigns that they followed, or were asked to.
    pub campaigns: u64,
    /// Moments that they passed on with words.
    pub moments: u64,
    /// Voices that they left for publishers.
    pub voices: u64,
}

/// Forgets an address everywhere, or whoever has a private link, with what they typed under the
/// links by which they began to follow and were last here.
///
/// # Errors
/// The database fails; or, as `None`, the text is neither an address nor a private link.
pub fn erase(
    hub: &Hub,
    said: &str,
    now_ms: i64,
) -> Result<Option<Erased>, crate::store::StoreError> {
    let keys = hub.keys();
    let last = said
        .trim()
        .rsplit('/')
        .find(|part| part.len() == TOKEN_CHARS);
    let hmac = match last.and_then(|token| name_in(keys, token)) {
        Some(name) => {
            let found = hub.store.follower(&name, now_ms)?;
            let Some(found) = found else {
                return Ok(Some(Erased::default()));
            };
            match address_of(keys, &found) {
                Some(address) => address_hmac(keys, &address),
                None => {
                    let left = hub.store.leave(&name, now_ms)?;
                    return Ok(Some(Erased {
                        campaigns: u64::from(left),
                        ..Erased::default()
                    }));
                }
            }
        }
        None => match address(said) {
            Some(address) => address_hmac(keys, address.as_ref()),
            None => return Ok(None),
        },
    };
    let mut erased = Erased::default();
    let typed = hub.store.typed_elsewhere(&hmac)?;
    for link in &typed.links {
        erased.moments += u64::from(hub.store.erase_moment(link)?);
    }
    for voice in &typed.voices {
        erased.voices += u64::from(hub.store.erase_voice(voice)?);
    }
    // Last, since it knows what is theirs, and empties the log of all of it.
    erased.campaigns = hub.store.erase_address(&hmac, now_ms)?;
    Ok(Some(erased))
}

/// What keeps people from following a campaign by mail, that wants it.
///
/// # Errors
/// The database fails.
pub fn missing(
    hub: &Hub,
    campaign: &passerby_protocol::Campaign,
) -> Result<Option<&'static str>, crate::store::StoreError> {
    let wants_mail = campaign.follow.as_ref().is_some_and(|follow| follow.mail);
    let is_missing = wants_mail && hub.store.mail_server()?.is_none();
    Ok(is_missing.then_some(
        "nobody can follow it by mail, since this hub has no mail server; an owner sets it on the console's page of alerts",
    ))
}

/// A new code, as people read it.
pub(crate) fn new_code() -> String {
    let mut wide = [0; 20];
    wide[..10].copy_from_slice(&random::bytes::<10>());
    let text = base32::encode(&wide);
    format!(
        "{}-{}",
        &text[..CODE_CHARS / 2],
        &text[CODE_CHARS / 2..CODE_CHARS]
    )
}

/// What finds a code again, however somebody typed it; `None` for what is none.
pub(crate) fn code_hmac(keys: &Keys, typed: &str) -> Option<[u8; 32]> {
    let code: String = typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        })
        .take(CODE_CHARS + 1)
        .collect();
    (code.len() == CODE_CHARS).then(|| keys.hash_for("fan's code", code.as_bytes()))
}

/// For what a code is sealed.
pub(crate) fn purpose_of_code(name: &str) -> String {
    format!("code of follower {name}")
}

/// A new word for a shop's staff.
pub(crate) fn new_word() -> String {
    new_code().to_lowercase()
}

/// What finds the word again.
pub(crate) fn word_hmac(keys: &Keys, typed: &str) -> [u8; 32] {
    let word: String = typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(CODE_CHARS + 1)
        .collect();
    keys.hash_for("word of a shop's staff", word.to_lowercase().as_bytes())
}

/// What finds a phone again by its cookie; `None` for what is no cookie of ours.
pub(crate) fn phone_hmac(keys: &Keys, cookie: &str) -> Option<[u8; 32]> {
    let is_ours = cookie.len() == 32 && cookie.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_ours.then(|| keys.hash_for("phone of a follower", cookie.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (tempfile::TempDir, Keys) {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        (folder, keys)
    }

    #[test]
    fn a_private_link_opens_with_its_own_secret_alone() {
        let (_folder, keys) = keys();
        let name = new_name();
        let token = token(&keys, &name);
        assert_eq!(name_in(&keys, &token.to_uppercase()), Some(name.clone()));
        let other = self::token(&keys, &new_name());
        let mixed = format!("{name}{}", &other[32..]);
        for wrong in ["", &token[..63], &mixed, &"é".repeat(32)] {
            assert_eq!(name_in(&keys, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn mail_that_strangers_ask_for_goes_to_mailboxes_of_the_internet_alone() {
        for good in ["a@b.example", " A.B+c@mail.example ", "o'brien@b.xn--p1ai"] {
            assert!(new_address(good).is_some(), "{good}");
        }
        for bad in [
            "root@localhost",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "a%b.example@c.example",
            "b.example!a@c.example",
            "a@b.123",
            "a@b.example\r\nBcc: c@d.example",
        ] {
            assert!(new_address(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_mailbox_is_one_whatever_stands_behind_a_plus() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        let of = |text: &str| mailbox_hmac(&keys, &new_address(text).unwrap());
        assert_eq!(of("Li+1@b.example"), of("li+2@B.example"));
        assert_eq!(of("li@b.example"), address_hmac(&keys, "li@b.example"));
        assert_ne!(of("li@b.example"), of("li@c.example"));
    }

    #[test]
    fn addresses_are_read_as_people_type_them_and_found_again() {
        let (_folder, keys) = keys();
        for good in ["a@b.example", " Li.Lei+x@B.example "] {
            assert!(address(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b@c",
            "a b@c.example",
            "a@b.example\r\nBcc: x@y",
            "李@书.example",
        ] {
            assert!(address(bad).is_none(), "{bad}");
        }
        assert_eq!(
            address_hmac(&keys, "A@b.Example"),
            address_hmac(&keys, "a@b.example")
        );
        assert_ne!(
            address_hmac(&keys, "a@b.example"),
            address_hmac(&keys, "b@b.example")
        );
    }

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let (_folder, keys) = keys();
        let code = new_code();
        assert_eq!(code.len(), 11);
        let typed = code
            .to_lowercase()
            .replace('-', " ")
            .replace('0', "o")
            .replace('1', "L");
        assert_eq!(code_hmac(&keys, &typed), code_hmac(&keys, &code));
        assert_eq!(code_hmac(&keys, "ABC"), None);
        assert_eq!(code_hmac(&keys, &format!("{code}A")), None);
        let word = new_word();
        assert_eq!(
            word_hmac(&keys, &word.to_uppercase()),
            word_hmac(&keys, &word)
        );
    }
}
