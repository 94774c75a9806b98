//! A page is in one language, and so is all that it leads to.

use crate::phone_pages::{on_air, opened};
use crate::stand::location;

#[test]
fn a_language_that_was_chosen_stays_and_is_not_passed_on() {
    let (fans, [assignment, _]) = on_air();
    let stand = &fans.stand;
    let link = opened(stand, &fans.terminal, assignment, 1);
    let page = stand.visit(1, &format!("{link}?lang=en")).text().unwrap();
    for step in ["go", "moment", "voice", "follow"] {
        let leads = format!("href=\"{link}/{step}?lang=en\"");
        assert!(page.contains(&leads), "{leads}: {page}");
    }
    assert!(page.contains("/privacy/book?lang=en\""), "{page}");
    let own = format!("{}{link}\"", stand.base);
    assert!(page.contains(&format!("rel=\"canonical\" href=\"{own}")));
    assert!(
        page.contains(&format!("og:url\" content=\"{own}")),
        "{page}"
    );
    for step in ["moment", "voice", "follow"] {
        let page = stand
            .visit(1, &format!("{link}/{step}?lang=en"))
            .text()
            .unwrap();
        let sends = format!("action=\"{link}/{step}?lang=en\"");
        assert!(page.contains(&sends), "{sends}: {page}");
        assert!(page.contains(&format!("href=\"{link}?lang=en\"")), "{page}");
    }
    // Who is no owner of a link gets their own, in the language of their own phone.
    let friends = location(&stand.visit(2, &format!("{link}?lang=en")));
    assert!(!friends.contains("lang"), "{friends}");
    let kept = fans.send(1, &format!("{link}/moment?lang=en"), &[], "");
    let card = format!("{link}/moment?lang=en");
    assert_eq!(kept.headers()["location"], card);
    let card = stand.visit(1, &card).text().unwrap();
    assert!(
        card.contains("Your card") && card.contains("edit=1&amp;lang=en"),
        "{card}"
    );
    let edited = stand
        .visit(1, &format!("{link}/moment?edit=1"))
        .text()
        .unwrap();
    assert!(edited.contains("href=\"?edit=1&amp;lang="), "{edited}");
}

#[test]
fn the_private_page_of_words_stays_open_in_the_other_language() {
    let (fans, [assignment, _]) = on_air();
    let stand = &fans.stand;
    let link = opened(stand, &fans.terminal, assignment, 1);
    let fields = [("sentence", "Out shopping"), ("agree", "yes")];
    let kept = fans.send(1, &format!("{link}/moment?lang=en"), &fields, "");
    assert_eq!(kept.status(), 303);
    let card = kept.headers()["location"].to_str().unwrap();
    assert!(card.ends_with("&lang=en"), "{card}");
    let card = stand.visit(1, card).text().unwrap();
    assert!(card.contains("Your card"), "{card}");
    let secret = &card.split("mine?k=").nth(1).unwrap()[..32];
    let mine = stand
        .visit(7, &format!("{link}/mine?k={secret}"))
        .text()
        .unwrap();
    let other = mine
        .split("href=\"?")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let other = format!("{link}/mine?{}", other.replace("&amp;", "&"));
    let mine = stand.visit(7, &other).text().unwrap();
    assert!(mine.contains("Out shopping"), "{other}: {mine}");
    // Moments are told by a clock, and not as programs write them.
    assert!(
        mine.contains("UTC") && !mine.contains("00Z") && !mine.contains("T0"),
        "{mine}"
    );
}

#[test]
fn what_is_kept_of_those_who_follow_is_said_where_a_campaign_has_them() {
    let (fans, [assignment, _]) = on_air();
    let stand = &fans.stand;
    let link = opened(stand, &fans.terminal, assignment, 1);
    let follow = stand.visit(1, &format!("{link}/follow")).text().unwrap();
    assert!(follow.contains("/privacy/book"), "{follow}");
    for (language, words) in [
        ("zh", ["邮箱地址", "Cookie，128", "订单"]),
        (
            "en",
            [
                "an address for mail",
                "one cookie of this host",
                "what the shop reports of it",
            ],
        ),
    ] {
        let page = stand.visit(1, &format!("/privacy/book?lang={language}"));
        let page = page.text().unwrap();
        for words in words {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(page.len() < 14 << 10, "{}", page.len());
    }
}

#[test]
fn a_page_after_a_form_that_is_opened_once_more_leads_back_to_the_form() {
    let (fans, [assignment, _]) = on_air();
    let stand = &fans.stand;
    let link = opened(stand, &fans.terminal, assignment, 1);
    let own = fans.follows(3, "li@b.example");
    for (path, page) in [
        (format!("{link}/erase"), &link),
        (format!("{link}/report"), &link),
        (format!("{own}/confirm"), &own),
        (format!("{own}/remember"), &own),
        (format!("{own}/forget"), &own),
        (format!("{own}/leave"), &own),
    ] {
        let opened = stand.visit(1, &path);
        assert_eq!(
            (opened.status().as_u16(), location(&opened)),
            (302, page.clone())
        );
        let opened = stand.visit(1, &format!("{path}?lang=zh"));
        assert_eq!(location(&opened), format!("{page}?lang=zh"));
    }
    assert_eq!(fans.fans()["total"], 1, "opening it has ended nothing");
    let sent = stand.client.post(stand.address("/privacy")).send().unwrap();
    assert_eq!(sent.status(), 405);
    assert!(sent.text().unwrap().contains("<h1>"));
}

#[test]
fn a_form_below_what_is_no_link_leads_nowhere() {
    let (fans, [assignment, _]) = on_air();
    let stand = &fans.stand;
    let link = opened(stand, &fans.terminal, assignment, 1);
    for name in [&link[1..], "s/x", "s/%3Cx8x%3E", "s/..%2F..%2Fetc"] {
        let name = format!("/{name}Q");
        for below in ["erase", "report"] {
            let opened = stand.visit(1, &format!("{name}/{below}"));
            assert_eq!(opened.status(), 404, "{name}/{below}");
        }
        for form in ["moment", "voice", "follow", "leave"] {
            let form = stand.address(&format!("{name}/{form}"));
            let sent = stand.client.post(&form).body("sentence=x").send().unwrap();
            assert!(matches!(sent.status().as_u16(), 404 | 405), "{form}");
            assert!(!sent.headers().contains_key("location"), "{form}");
        }
    }
    let loud = stand.visit(1, &format!("{}/moment", link.to_uppercase()));
    assert_eq!(loud.status(), 200);
}
