//! What the code of an item holds, and the words that stand beside it.
//!
//! Invariant: a code with a token leads to the hub that gave this screen its key, by the hub's own
//! host or by a domain that the campaign's publisher has pointed at it; everything else is carried
//! as the publisher wrote it.

use passerby_protocol::PlayNumber;
use passerby_protocol::campaign::Corner;
use passerby_protocol::campaign::{Contents, LinkForm, Origin, host_of, primary};
use passerby_protocol::token::{Token, TokenContents};

use crate::content::catalog::CatalogItem;
use crate::identity::credentials::Enrolment;

/// Most languages of a call to action that nobody wrote; more would not fit beside a code.
const LANGUAGES_MAX: usize = 2;

/// The screen that a code is made for.
#[derive(Clone, Copy)]
pub struct CodeIssuer<'a> {
    /// Its name for people.
    pub screen: &'a str,
    /// What people there speak, most of them the first.
    pub languages: &'a [String],
    /// Its hub, with the key that signs tokens.
    pub enrolment: Option<&'a Enrolment>,
}

/// The play that a code is made for.
#[derive(Debug, Clone, Copy)]
pub struct PlayStamp {
    /// Its number.
    pub play: PlayNumber,
    /// When, as tokens say it; see [`TokenContents::minutes_at`].
    pub minutes: u32,
    /// Whether a scan opens a page of the hub's at that time, not the target at once.
    pub lands_on_hub: bool,
}

impl CodeIssuer<'_> {
    /// Makes the code of an item; none when it has no target and leads to no page, and for a ticker
    /// that asks for none.
    pub fn order(&self, item: &CatalogItem, stamp: &PlayStamp) -> Option<CodeOrder> {
        let code = &item.placement().code;
        if !code.is_for(item.kind) {
            return None;
        }
        let (url, leads_to) = match &code.contents {
            Some(contents) => (contents.text(), contents.leads_to()),
            None => self.link(item, stamp)?,
        };
        let call = match &code.call {
            Some(call) => call.in_languages(self.languages),
            None => default_call(code.contents.as_ref(), self.languages),
        };
        Some(CodeOrder {
            url,
            call,
            leads_to,
            corner: code.corner,
        })
    }

    /// The link and the host that people are told.
    fn link(&self, item: &CatalogItem, stamp: &PlayStamp) -> Option<(String, String)> {
        let campaign = &item.campaign;
        // People are told the host in the letters in which it was written.
        let target = campaign.target.as_deref();
        let outward = campaign.outward(&Origin {
            screen: self.screen,
            campaign: item.campaign_id.as_str(),
            creative: &item.placement().creative,
        });
        let enrolment = self
            .enrolment
            .filter(|_| campaign.link.form == LinkForm::Token && item.assignment.get() != 0);
        let Some(enrolment) = enrolment else {
            return Some((outward?.into_owned(), host_of(target?)));
        };
        let credentials = &enrolment.credentials;
        let contents = TokenContents {
            generation: credentials.generation,
            screen: credentials.screen,
            assignment: item.assignment,
            play: stamp.play,
            minutes: stamp.minutes,
        };
        let token = Token::mint(contents, &enrolment.token_key());
        let url = match &campaign.link.domain {
            // Capitals are a code's small alphabet; hosts are the same in either case.
            Some(domain) => format!("HTTPS://{}/Q/{token}", domain.to_ascii_uppercase()),
            None => format!("{}/Q/{token}", credentials.scan_base),
        };
        let leads_to = host_of(target.filter(|_| !stamp.lands_on_hub).unwrap_or(&url));
        Some((url, leads_to))
    }
}

/// The call to action where a placement names none, in the screen's languages as far as they are
/// known here.
fn default_call(contents: Option<&Contents>, languages: &[String]) -> String {
    let column = match contents {
        None => 0,
        Some(Contents::Wifi(_)) => 1,
        Some(Contents::Contact(_)) => 2,
        Some(Contents::Event(_)) => 3,
    };
    let line = |language: &str| {
        let row = DEFAULT_CALLS.iter().find(|(known, _)| *known == language)?;
        Some(row.1[column])
    };
    let mut lines: Vec<&str> = Vec::new();
    for line in languages.iter().filter_map(|tag| line(primary(tag))) {
        if !lines.contains(&line) && lines.len() < LANGUAGES_MAX {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        lines.extend(line("en"));
    }
    lines.join(" ")
}

/// Calls to action that nobody needs to write, by language: to scan, to join the network, to keep
/// the contact, to keep the date. The built-in fonts have every letter of them, which `compose`
/// tests.
pub const DEFAULT_CALLS: &[(&str, [&str; 4])] = &[
    (
        "zh",
        ["扫码看看", "扫码上网", "扫码存联系方式", "扫码加入日历"],
    ),
    (
        "en",
        [
            "Scan me",
            "Join the Wi-Fi",
            "Scan to keep in touch",
            "Scan to save the date",
        ],
    ),
    (
        "ja",
        [
            "スキャンしてね",
            "スキャンで Wi-Fi へ",
            "スキャンでアドレスへ",
            "スキャンでカレンダーへ",
        ],
    ),
    (
        "de",
        [
            "Scann mich",
            "Scannen und verbinden",
            "Kontakt speichern",
            "Termin speichern",
        ],
    ),
    (
        "fr",
        [
            "Scannez-moi",
            "Scannez pour vous connecter",
            "Gardez le contact",
            "Notez la date",
        ],
    ),
    (
        "es",
        [
            "Escanéame",
            "Escanea y conéctate",
            "Guarda el contacto",
            "Guarda la fecha",
        ],
    ),
    (
        "pt",
        [
            "Aponte a câmara",
            "Leia e ligue-se",
            "Guarde o contacto",
            "Guarde a data",
        ],
    ),
    (
        "it",
        [
            "Inquadrami",
            "Inquadra e connettiti",
            "Salva il contatto",
            "Salva la data",
        ],
    ),
    (
        "nl",
        [
            "Scan mij",
            "Scan en verbind",
            "Bewaar het contact",
            "Bewaar de datum",
        ],
    ),
    (
        "ru",
        [
            "Сканируй",
            "Подключиться к Wi-Fi",
            "Сохранить контакт",
            "Сохранить дату",
        ],
    ),
    (
        "id",
        [
            "Pindai aku",
            "Pindai untuk tersambung",
            "Simpan kontak",
            "Simpan tanggal",
        ],
    ),
];

/// A code on a slide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeOrder {
    /// What it encodes, exactly.
    pub url: String,
    /// The call to action.
    pub call: String,
    /// A small line that says where the link leads, usually a host name.
    pub leads_to: String,
    /// Where its code square stands.
    pub corner: Corner,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use passerby_protocol::campaign::CreativeKind;
    use passerby_protocol::wire::Credentials;
    use passerby_protocol::{Assignment, Campaign, Digest, ScreenNumber};

    use super::*;
    use crate::content::catalog::ItemKey;

    fn item(toml: &str, assignment: u32) -> CatalogItem {
        let text = format!(
            "title = 'Café'\ntarget = 'https://www.cafe.example/friday'\n{toml}[[placement]]\ncreative = 'cup.jpg'\n"
        );
        let campaign = Campaign::parse("campaign.toml", &text, &["cup.jpg".into()]).expect("good");
        CatalogItem {
            key: ItemKey::from("cafe".to_owned()),
            campaign_id: "cafe".parse().expect("an id"),
            campaign: Arc::new(campaign),
            placement: 0,
            assignment: Assignment::new(assignment).expect("in range"),
            kind: CreativeKind::Picture,
            creative: Digest([7; 32]),
            path: "cup.jpg".into(),
            parts: Arc::new([]),
        }
    }

    fn enrolment() -> Enrolment {
        Enrolment {
            hub: "https://hub.example".into(),
            credentials: Credentials {
                screen: ScreenNumber::new(7).expect("in range"),
                token_key: "11".repeat(32),
                generation: 0,
                bearer: String::new(),
                manifest_key: "22".repeat(32),
                manifest_key_generation: 0,
                scan_base: "HTTPS://HUB.EXAMPLE".into(),
                play_floor: PlayNumber::new(0).expect("in range"),
            },
            kept_manifests: Vec::new(),
        }
    }

    #[test]
    fn codes_lead_to_the_hub_by_its_own_host_or_the_publishers_or_to_the_target_itself() {
        let enrolment = enrolment();
        let languages = ["en".to_owned()];
        let issuer = |enrolment| CodeIssuer {
            screen: "Exit B",
            languages: &languages,
            enrolment,
        };
        let stamp = |lands_on_hub| PlayStamp {
            play: PlayNumber::new(9).expect("in range"),
            minutes: 5,
            lands_on_hub,
        };
        let of = |toml: &str, assignment, is_enrolled: bool, lands_on_hub| {
            let issuer = issuer(is_enrolled.then_some(&enrolment));
            let code = issuer.order(&item(toml, assignment), &stamp(lands_on_hub));
            code.map(|code| (code.url, code.leads_to)).expect("a code")
        };
        let (hubs, own) = ("", "[link]\ndomain = 'go.cafe.example'\n");
        let (url, host) = of(hubs, 3, true, false);
        assert!(
            url.starts_with("HTTPS://HUB.EXAMPLE/Q/") && url.len() == 22 + 32,
            "{url}"
        );
        assert_eq!(host, "cafe.example", "where a redirect ends");
        assert_eq!(of(hubs, 3, true, true).1, "hub.example");
        let (url, host) = of(own, 3, true, true);
        assert!(url.starts_with("HTTPS://GO.CAFE.EXAMPLE/Q/"), "{url}");
        assert_eq!(host, "go.cafe.example");
        let token = Token::parse(&url[url.len() - 32..]).expect("a token");
        assert_eq!(
            token
                .verify(&enrolment.token_key())
                .map(|contents| contents.play.get()),
            Some(9)
        );
        let target = "https://www.cafe.example/friday";
        assert_eq!(of(hubs, 0, true, true).0, target, "a local campaign");
        assert_eq!(of(own, 3, false, true).0, target, "without a hub");
        let direct = "[link]\nform = 'direct'\nutm = { source = 'street' }\n";
        assert_eq!(
            of(direct, 3, true, true).0,
            format!("{target}?utm_source=street&utm_medium=dooh&utm_campaign=cafe&utm_content=cup")
        );
    }

    #[test]
    fn hosts_in_other_letters_are_in_ascii_in_the_code_and_as_they_were_written_beside_it() {
        let mut item = item("[link]\nform = 'direct'\n", 0);
        let campaign = Arc::make_mut(&mut item.campaign);
        campaign.target = Some("https://www.店.example/三".to_owned());
        let languages = ["en".to_owned()];
        let issuer = CodeIssuer {
            screen: "Exit B",
            languages: &languages,
            enrolment: None,
        };
        let stamp = PlayStamp {
            play: PlayNumber::new(9).expect("in range"),
            minutes: 5,
            lands_on_hub: false,
        };
        let code = issuer.order(&item, &stamp).expect("a code");
        assert_eq!(code.url, "https://www.xn--hxt.example/三");
        assert_eq!(code.leads_to, "店.example");
    }

    #[test]
    fn a_ticker_has_a_code_only_where_its_placement_asks_for_one() {
        let languages = ["en".to_owned()];
        let issuer = CodeIssuer {
            screen: "Exit B",
            languages: &languages,
            enrolment: None,
        };
        let stamp = PlayStamp {
            play: PlayNumber::new(9).expect("in range"),
            minutes: 5,
            lands_on_hub: false,
        };
        let has_code = |name: &str, code: &str| {
            let text = format!(
                "title = 'Café'\ntarget = 'https://cafe.example'\n[[placement]]\ncreative = '{name}'\n{code}\n"
            );
            let campaign = Campaign::parse("campaign.toml", &text, &[name.into()]).expect("good");
            // What the hub passes on says the same.
            let wire = serde_json::to_string(&campaign).expect("serialises");
            let mut item = item("", 0);
            item.campaign = Arc::new(serde_json::from_str(&wire).expect("reads"));
            item.kind = CreativeKind::of_name(name).expect("a creative");
            issuer.order(&item, &stamp).is_some()
        };
        assert!(!has_code("news.ticker.toml", ""));
        assert!(has_code("news.ticker.toml", "code = {}"));
        assert!(has_code(
            "news.ticker.toml",
            "code = { corner = 'bottom-right' }"
        ));
        assert!(has_code("news.ticker.toml", "code = { call = 'Scan' }"));
        assert!(has_code("sale.card.toml", ""));
        assert!(has_code("cup.jpg", ""));
    }

    #[test]
    fn calls_are_in_the_screens_languages_and_at_most_two() {
        let spoken = |tags: &[&str]| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            default_call(None, &tags)
        };
        assert_eq!(spoken(&["zh", "en"]), "扫码看看 Scan me");
        assert_eq!(
            spoken(&["zh-CN", "zh-TW", "ja", "en"]),
            "扫码看看 スキャンしてね"
        );
        assert_eq!(spoken(&["tlh"]), "Scan me");
    }
}
