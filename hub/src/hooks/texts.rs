//! What chat groups are told, in words.

use passerby_protocol::foreign;

use crate::store::{AlertWords, Event};

/// Says what happened, in a line or two.
pub(super) fn text(words: AlertWords, event: &Event) -> String {
    match event {
        Event::Test => words
            .say(["路人：这是一条测试消息", "Passerby: this is a test"])
            .to_owned(),
        Event::Share(share) => {
            let campaign = foreign::escaped(&share.campaign);
            let (screen, times) = (share.screen, share.generation);
            match words {
                AlertWords::Chinese => {
                    format!(
                        "路人：“{campaign}”的链接被转发并打开（第 {times} 次转发，屏幕 {screen}）"
                    )
                }
                AlertWords::English => format!(
                    "Passerby: a link of {campaign} was passed on and opened (passed on {times}×, screen {screen})"
                ),
            }
        }
        Event::Conversion(bought) => {
            let campaign = foreign::escaped(&bought.campaign);
            let amount = match (&bought.currency, &bought.value) {
                (Some(currency), Some(value)) => format!(" {currency} {value}"),
                _ => String::new(),
            };
            let screen = bought.screen.map_or(String::new(), |screen| match words {
                AlertWords::Chinese => format!("，屏幕 {screen}"),
                AlertWords::English => format!(", screen {screen}"),
            });
            let mark = if bought.proof.is_proved() {
                ""
            } else {
                words.say(["（未签名）", " (unsigned)"])
            };
            let kind = foreign::escaped(&bought.kind);
            let id = foreign::escaped(bought.order.as_ref().unwrap_or(&bought.id));
            match words {
                AlertWords::Chinese => {
                    format!("路人：“{campaign}” {kind}{amount}{screen}{mark}\n订单 {id}")
                }
                AlertWords::English => {
                    format!("Passerby: {campaign}: {kind}{amount}{screen}{mark}\norder {id}")
                }
            }
        }
    }
}
