//! The words of mail to people who follow, in their own language.

use passerby_protocol::Campaign;
use passerby_protocol::campaign::PageLanguage;

use crate::alerts::texts::Text;
use crate::keys::Keys;
use crate::store::NewNews;

/// For what the secret of a private link is.
pub(super) fn secret_purpose(name: &str) -> String {
    format!("fan {name}")
}

/// The secret in the private link of a name.
pub(crate) fn secret_of(keys: &Keys, name: &str) -> String {
    keys.own_link_secret(&secret_purpose(name))
}

fn page_language(language: &str) -> PageLanguage {
    if language == PageLanguage::Chinese.word() {
        PageLanguage::Chinese
    } else {
        PageLanguage::English
    }
}

fn title(campaign: &Campaign, language: PageLanguage) -> String {
    let title = campaign.said(language).title;
    title.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Asks somebody to confirm. `link`: their private one; `host`: where they asked for it.
pub(super) fn confirm_text(
    campaign: &Campaign,
    language: &str,
    (link, host, has_phone): (&str, &str, bool),
) -> Text {
    let language = page_language(language);
    let title = title(campaign, language);
    match language {
        PageLanguage::Chinese => {
            let phone = if has_phone {
                "\n你说那是你的手机，填写地址的那部手机才会被记住；随时可以取消。\n"
            } else {
                ""
            };
            Text {
                subject: format!("请确认：关注「{title}」"),
                body: format!(
                    "有人在 {host} 填了这个地址，想收到「{title}」的消息。\n\n是你的话，请打开下面的链接，按一下「确认」：\n{link}\n{phone}\n不是你的话，什么都不用做：不会再有邮件，48 小时后这个地址会被删除。\n"
                ),
            }
        }
        PageLanguage::English => {
            let phone = if has_phone {
                "\nThe phone on which the address was typed will be remembered if it is yours; you can end that at any time.\n"
            } else {
                ""
            };
            Text {
                subject: format!("Please confirm: follow “{title}”"),
                body: format!(
                    "Somebody typed this address at {host} to hear the news of “{title}”.\n\nIf that was you, open this link and press “Confirm”:\n{link}\n{phone}\nIf not, do nothing: no further mail comes, and the address is deleted after 48 hours.\n"
                ),
            }
        }
    }
}

/// Brings somebody who follows already their private link.
pub(super) fn link_text(campaign: &Campaign, language: &str, link: &str) -> Text {
    let language = page_language(language);
    let title = title(campaign, language);
    match language {
        PageLanguage::Chinese => Text {
            subject: format!("你已经关注了「{title}」"),
            body: format!(
                "你已经关注了「{title}」。这是你自己的页面，请不要转发：\n{link}\n\n在那里可以看到本站保存的一切，也可以一键退订并删除。\n"
            ),
        },
        PageLanguage::English => Text {
            subject: format!("You follow “{title}” already"),
            body: format!(
                "You follow “{title}” already. This is your own page; do not pass it on:\n{link}\n\nIt shows all that is kept about you, and one press there unsubscribes and deletes it.\n"
            ),
        },
    }
}

/// News, with the way out of it.
pub(crate) fn news_text(news: &NewNews, language: &str, link: &str) -> Text {
    let more = news
        .link
        .as_ref()
        .map_or(String::new(), |link| format!("\n\n{link}"));
    let foot = match page_language(language) {
        PageLanguage::Chinese => "你自己的页面（看看为你准备了什么、保存了什么，一键退订）：",
        PageLanguage::English => {
            "Your own page (what there is for you, what is kept, and unsubscribing by one press):"
        }
    };
    Text {
        subject: news.subject.clone(),
        body: format!("{}{more}\n\n-- \n{foot}\n{link}\n", news.body),
    }
}
