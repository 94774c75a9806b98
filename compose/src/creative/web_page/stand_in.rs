//! What stands for a web page where nobody can look at it: a card with its address. A page is seen
//! from the screen's own network, as it is then; a picture that was taken elsewhere would promise
//! what the screen may not show.

use passerby_playout::content::creative::CreativeFile;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Colours;
use passerby_protocol::card::{Card, CardLayout};
use passerby_protocol::foreign::one_line;
use passerby_protocol::web_page::WebPage;

use crate::creative::card::file;

/// As much of a host as a headline has room for, in characters.
const HOST_CHARS_MAX: usize = 40;
/// As much of an address as is shown, in characters.
const ADDRESS_CHARS_MAX: usize = 120;

/// Makes the card of a page's file.
///
/// # Errors
/// A reason that names the file and what to do.
pub(crate) fn card(page: &CreativeFile) -> Result<Card, ComposeError> {
    let text = file::read(page)?;
    let read = WebPage::parse(&page.name, &text).map_err(|problems| file::refused(&problems))?;
    Ok(card_of(&read.url))
}

fn card_of(url: &str) -> Card {
    let bare = url.split_once("://").map_or(url, |(_, bare)| bare);
    let host = bare.split(['/', '?', '#']).next().unwrap_or(bare);
    let address = one_line(url, ADDRESS_CHARS_MAX);
    Card {
        headline: one_line(host, HOST_CHARS_MAX),
        body: Some(address).filter(|_| bare.trim_end_matches('/') != host),
        price: None,
        was: None,
        picture: None,
        logo: None,
        colours: Colours::default(),
        layout: CardLayout::default(),
        clock: false,
        date: false,
        countdown: None,
        counter: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_of_a_page_says_its_host_and_its_address_where_that_says_more() {
        let card = card_of("https://weather.example/harbour?now");
        assert_eq!(card.headline, "weather.example");
        assert_eq!(
            card.body.as_deref(),
            Some("https://weather.example/harbour?now")
        );
        assert_eq!(card_of("http://10.0.0.7:8080/").headline, "10.0.0.7:8080");
        assert_eq!(card_of("http://10.0.0.7:8080/").body, None);
        let long = card_of(&format!(
            "https://{}.example/{}",
            "a".repeat(90),
            "b".repeat(900)
        ));
        assert!(long.headline.chars().count() <= HOST_CHARS_MAX);
        assert!(long.body.expect("an address").chars().count() <= ADDRESS_CHARS_MAX);
    }
}
