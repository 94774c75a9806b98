//! The names of files that come in, and of campaigns that are made of titles.
//!
//! Invariants: a name is one path component that Windows, macOS and Linux all take, in its normal
//! form; two names of one campaign differ in more than case.

use passerby_protocol::CampaignId;
use passerby_protocol::campaign;
use passerby_protocol::creative::{CREATIVE_ENDINGS, CreativeKind, ENDINGS};
use passerby_protocol::file_names::{is_system_file, normal_form};
use passerby_protocol::foreign;

/// Longest name of a file, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 200;
/// Longest name of a campaign that is made of a title, in characters.
const ID_CHARS_MAX: usize = 48;
/// How many campaigns may be made of one title.
const SAME_MAX: usize = 99;
/// What Windows takes for a device, whatever stands behind a dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Says why a name is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// There is nothing in it.
    #[error("it has no name")]
    Empty,
    /// It is too long.
    #[error("its name is longer than {NAME_BYTES_MAX} bytes; shorten it")]
    Long,
    /// It has characters that nobody sees, or that not every system takes.
    #[error(
        "its name has characters that not every computer takes, such as : ? * or quotes; call it otherwise"
    )]
    Characters,
    /// It is what a system makes for itself.
    #[error("it is a file that a computer made for itself")]
    System,
    /// Windows takes it for a device.
    #[error("its name is that of a device on Windows; call it otherwise")]
    Device,
    /// Screens show nothing of its kind.
    #[error("it is nothing that screens show; use {CREATIVE_ENDINGS}")]
    Kind,
}

/// Reads the name of a file as a browser or an archive gives it; what stands before the last slash
/// is left out.
///
/// # Errors
/// See [`NameFault`].
pub fn file_name(given: &str) -> Result<String, NameFault> {
    let base = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = normal_form(base.trim()).into_owned();
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(NameFault::Long);
    }
    if is_system_file(&name) {
        return Err(NameFault::System);
    }
    let odd = |character: char| character.is_control() || "<>:\"|?*".contains(character);
    if name.contains(odd) || foreign::has_hidden(&name) || name.ends_with(['.', ' ']) {
        return Err(NameFault::Characters);
    }
    if is_device(&name) {
        return Err(NameFault::Device);
    }
    if name != campaign::FILE_NAME && CreativeKind::of_name(&name).is_none() {
        return Err(NameFault::Kind);
    }
    Ok(name)
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_lowercase();
    let is_port = |stem: &str| {
        let number = stem
            .strip_prefix("com")
            .or_else(|| stem.strip_prefix("lpt"));
        number.is_some_and(|number| {
            matches!(number, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9")
        })
    };
    DEVICES.contains(&stem.as_str()) || is_port(&stem)
}

/// Returns what tells names of one campaign apart on every system.
pub fn key_of(name: &str) -> String {
    normal_form(name).to_lowercase()
}

/// Returns a name like this one that is not taken: `image.jpg`, then `image-2.jpg`.
pub fn free_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    let lower = name.to_ascii_lowercase();
    let ending = ENDINGS.iter().find(|(ending, _)| lower.ends_with(ending));
    let at = name.len() - ending.map_or(0, |(ending, _)| ending.len());
    let (stem, ending) = name.split_at(at);
    (2..)
        .map(|number| format!("{stem}-{number}{ending}"))
        .find(|name| !is_taken(name))
        .unwrap_or_default()
}

/// Whether a campaign of that name can be a folder on every system. Those of sources have a colon
/// in theirs, and nobody else takes such a one.
pub fn is_folder_name(id: &CampaignId) -> bool {
    let name = id.as_str();
    name.len() <= NAME_BYTES_MAX
        && plain(name) == name
        && !foreign::has_hidden(name)
        && !is_device(name)
}

/// The name with what some system does not take replaced.
fn plain(name: &str) -> String {
    let plain: String = normal_form(name)
        .chars()
        .map(|character| {
            let is_odd = character.is_control() || "/\\<>:\"|?*#%".contains(character);
            if is_odd { '-' } else { character }
        })
        .collect();
    plain.trim_matches(['.', ' ']).to_owned()
}

/// Makes the name of a campaign of its title; the first that is not taken.
///
/// # Errors
/// That of `is_taken`; `None` inside when too many campaigns have that title.
pub fn campaign_name<E>(
    title: &str,
    is_taken: impl Fn(&CampaignId) -> Result<bool, E>,
) -> Result<Option<CampaignId>, E> {
    let plain: String = plain(title).chars().take(ID_CHARS_MAX).collect();
    let plain = plain.trim_matches(['.', ' ', '-']);
    let plain = if plain.is_empty() || foreign::has_hidden(plain) || is_device(plain) {
        "campaign"
    } else {
        plain
    };
    for number in 1..=SAME_MAX {
        let name = match number {
            1 => plain.to_owned(),
            _ => format!("{plain}-{number}"),
        };
        if let Ok(id) = name.parse::<CampaignId>()
            && !is_taken(&id)?
        {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// What cameras, phones and chats call their files, which says nothing of what is on them.
const NAMES_OF_MACHINES: [&str; 14] = [
    "img",
    "image",
    "dsc",
    "dscn",
    "dscf",
    "pxl",
    "photo",
    "picture",
    "vid",
    "video",
    "screenshot",
    "mmexport",
    "wx",
    "截屏",
];
/// Longest title that is taken from a file's name, in characters.
const TITLE_CHARS_MAX: usize = 60;

/// The title that somebody gave a picture by its file's name; `None` where a machine named it.
pub fn title_of_file(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = base.split('.').next().unwrap_or_default();
    let words = stem.replace(['_', '-'], " ");
    let title = foreign::one_line(words.trim(), TITLE_CHARS_MAX);
    let first: String = title
        .chars()
        .take_while(|letter| letter.is_alphabetic())
        .collect::<String>()
        .to_lowercase();
    // A name of digits alone is a date or a number.
    let is_of_machine = first.is_empty() || NAMES_OF_MACHINES.contains(&first.as_str());
    (!is_of_machine).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_somebody_named_names_its_campaign_and_one_of_a_camera_does_not() {
        for (name, title) in [
            ("jazz-night.png", Some("jazz night")),
            ("爵士之夜.jpg", Some("爵士之夜")),
            ("C:\\posters\\Autumn_menu.final.png", Some("Autumn menu")),
            ("IMG_2041.JPG", None),
            ("image.jpg", None),
            ("20261204_183000.jpg", None),
            ("mmexport1733300000.jpg", None),
            (".png", None),
            ("", None),
        ] {
            assert_eq!(title_of_file(name).as_deref(), title, "{name}");
        }
        assert!(
            title_of_file("sale\u{202e}gnp.png").is_some_and(|title| !title.contains('\u{202e}'))
        );
    }

    #[test]
    fn names_that_some_computer_does_not_take_are_refused_and_others_get_one_form() {
        for (given, name) in [
            ("poster.jpg", "poster.jpg"),
            ("C:\\fakepath\\poster.JPG", "poster.JPG"),
            ("../../etc/poster.png", "poster.png"),
            ("Cafe\u{301}.png", "Café.png"),
            ("海报 1.webp", "海报 1.webp"),
            ("campaign.toml", "campaign.toml"),
            ("menu.card.toml", "menu.card.toml"),
        ] {
            assert_eq!(file_name(given).as_deref(), Ok(name), "{given}");
        }
        for (given, fault) in [
            ("", NameFault::Empty),
            ("folder/", NameFault::Empty),
            (".hidden.png", NameFault::System),
            ("Thumbs.db", NameFault::System),
            ("a\u{202e}gnp.png", NameFault::Characters),
            ("a\0.png", NameFault::Characters),
            ("what?.png", NameFault::Characters),
            ("CON.png", NameFault::Device),
            ("lpt3.tar.png", NameFault::Device),
            ("IMG_1.HEIC", NameFault::Kind),
            ("notes.txt", NameFault::Kind),
            ("kiosk.toml", NameFault::Kind),
        ] {
            assert_eq!(file_name(given), Err(fault), "{given:?}");
        }
        let long = format!("{}.png", "a".repeat(NAME_BYTES_MAX));
        assert_eq!(file_name(&long), Err(NameFault::Long));
    }

    #[test]
    fn a_taken_name_gets_a_number_before_its_ending() {
        let taken = ["image.jpg", "image-2.jpg", "a.card.toml"];
        let free = |name: &str| free_name(name, |name| taken.contains(&name));
        assert_eq!(free("other.jpg"), "other.jpg");
        assert_eq!(free("image.jpg"), "image-3.jpg");
        assert_eq!(free("a.card.toml"), "a-2.card.toml");
        let made = |title: &str, taken: &str| {
            let made = campaign_name(title, |id| Ok::<_, ()>(id.as_str() == taken));
            made.unwrap().map(String::from)
        };
        assert_eq!(made("Jazz / Blues?", "").as_deref(), Some("Jazz - Blues"));
        assert_eq!(made("爵士之夜", "爵士之夜").as_deref(), Some("爵士之夜-2"));
        assert_eq!(made("...", "").as_deref(), Some("campaign"));
        assert_eq!(campaign_name("a", |_| Ok::<_, ()>(true)), Ok(None));
        for (name, is_one) in [
            ("爵士之夜", true),
            ("jazz 2", true),
            ("caf\u{e9}", true),
            ("cafe-news:17", false),
            ("a\u{202e}b", false),
            ("CON", false),
            ("a?", false),
            ("x%41", false),
            ("jazz.", false),
            (&"\u{1f600}".repeat(64), false),
        ] {
            assert_eq!(is_folder_name(&name.parse().unwrap()), is_one, "{name:?}");
        }
    }
}
