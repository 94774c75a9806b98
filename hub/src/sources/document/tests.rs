//! Feeds as the programs of the world write them, broken ones, and bombs.

use std::fmt::Write as _;

use super::*;

const RSSHUB: &str = include_str!("../../../tests/feeds/rsshub-weibo.xml");
const WORDPRESS: &str = include_str!("../../../tests/feeds/wordpress.xml");
const MASTODON: &str = include_str!("../../../tests/feeds/mastodon.xml");
const ATOM: &str = include_str!("../../../tests/feeds/atom.xml");
const JSON_FEED: &str = include_str!("../../../tests/feeds/feed.json");
const CSV: &str = include_str!("../../../tests/feeds/menu.csv");

fn read_text(text: &str) -> Document {
    let base = Url::parse("https://cafe.example/feeds/atom.xml").unwrap();
    read(text.as_bytes(), Some(&base)).unwrap()
}

fn problem(bytes: &[u8]) -> String {
    read(bytes, None).unwrap_err().to_string()
}

#[test]
fn a_feed_of_rsshub_gives_words_link_and_picture() {
    let document = read_text(RSSHUB);
    assert_eq!((document.items.len(), document.is_table), (2, false));
    let [first, second] = &document.items[..] else {
        panic!("two items")
    };
    assert_eq!(
        first.title,
        "周五晚八点，爵士三重奏。座位不多，扫码预订。[图片]"
    );
    assert_eq!(first.text, "周五晚八点，爵士三重奏。座位不多，扫码预订。");
    assert_eq!(
        first.link.as_deref(),
        Some("https://weibo.example/1234567890/Qa1bC2")
    );
    assert_eq!(
        first.id.as_deref(),
        Some("https://weibo.example/1234567890/Qa1bC2")
    );
    assert_eq!(first.published.unwrap().to_string(), "2026-11-29T09:30:00Z");
    assert_eq!(second.title, "新豆到店：埃塞俄比亚 耶加雪菲 & 花魁");
    assert_eq!(second.picture, None);
}

#[test]
fn a_feed_of_wordpress_gives_its_excerpt_and_the_picture_of_the_whole_post() {
    let document = read_text(&WORDPRESS.replace(":PORT", ""));
    let [first, second] = &document.items[..] else {
        panic!("two items")
    };
    assert_eq!(first.title, "We’re open on Sundays");
    assert!(
        first
            .text
            .starts_with("From December on we open on Sundays too"),
        "{}",
        first.text
    );
    assert_eq!(
        first.picture.as_deref(),
        Some("http://127.0.0.1/sunday.png?w=1024&h=683")
    );
    assert!(!first.text.contains("never"));
    assert_eq!(second.title, "Fish & chips < 10 euros");
    assert_eq!(second.text, "Only on Fridays.");
}

#[test]
fn posts_of_mastodon_have_no_title_and_a_picture_of_their_own() {
    let document = read_text(&MASTODON.replace(":PORT", ""));
    let [first, second] = &document.items[..] else {
        panic!("two items")
    };
    assert_eq!(first.title, "");
    assert_eq!(
        first.text,
        "Soup of the day is pumpkin. Until it is gone! #soup"
    );
    assert_eq!(first.picture.as_deref(), Some("http://127.0.0.1/soup.png"));
    assert_eq!(second.text, "Closed on Monday\nSee you on Tuesday");
}

#[test]
fn atom_says_what_is_markup_and_its_links_are_made_whole() {
    let document = read_text(&ATOM.replace(":PORT", ""));
    let [first, second] = &document.items[..] else {
        panic!("two items")
    };
    assert_eq!(first.title, "Reading & tea");
    assert_eq!(first.text, "Wednesday at seven.\n5 < 6 & true");
    assert_eq!(
        first.link.as_deref(),
        Some("https://cafe.example/feeds/reading?a=1&b=2")
    );
    assert_eq!(
        first.picture.as_deref(),
        Some("http://127.0.0.1/reading.png")
    );
    assert_eq!(first.published.unwrap().to_string(), "2026-11-29T08:00:00Z");
    assert_eq!(second.text, "No markup: <p>");
    assert_eq!(
        second.published.unwrap().to_string(),
        "2026-11-28T10:00:00Z"
    );
}

#[test]
fn a_json_feed_is_read_whatever_the_types_of_its_fields() {
    let document = read_text(&JSON_FEED.replace(":PORT", ""));
    assert!(!document.is_table);
    assert_eq!((document.items.len(), document.left_out), (2, 1));
    assert_eq!(document.items[0].id.as_deref(), Some("2"));
    assert_eq!(document.items[0].text, "十二月二十二日，免费。");
    assert_eq!(
        document.items[0].picture.as_deref(),
        Some("http://127.0.0.1/dumplings.png")
    );
    assert_eq!(document.items[1].text, "Just words. And more of them.");
}

#[test]
fn a_table_has_prices_and_ends() {
    let document = read_text(CSV);
    assert!(document.is_table);
    assert_eq!(document.items.len(), 2);
    assert_eq!(document.items[0].text, "每天现做，\n送面包");
    assert_eq!(document.items[0].price.as_deref(), Some("¥28"));
    assert_eq!(document.items[0].until.unwrap().to_string(), "2099-12-31");
    assert_eq!(document.items[1].title, "饺子 \"冬至\"");
    let semicolons = read_text("title;text\r\na;b;c\r\n;;\r\n\"never closed");
    assert_eq!(semicolons.items.len(), 2);
    let json = read_text(r#"[{"title": "a", "price": 3.5}, {"title": "b", "until": "soon"}]"#);
    assert!(json.is_table);
    assert_eq!(json.items[0].price.as_deref(), Some("3.5"));
    assert_eq!(json.items[1].told.len(), 1);
}

#[test]
fn a_hook_brings_one_item_or_several() {
    let one = read_hook(br#"{"id": "1", "title": "Now"}"#).unwrap();
    assert_eq!(one.items.len(), 1);
    let several = read_hook(br#"{"items": [{"title": "a"}, {"text": "b"}, {}]}"#).unwrap();
    assert_eq!((several.items.len(), several.left_out), (2, 1));
    assert!(read_hook(b"title=x").is_err());
    assert!(read_hook(b"\"x\"").is_err());
}

#[test]
fn texts_in_encodings_of_old_are_read() {
    let (gbk, _, _) = encoding_of(
        "<?xml version=\"1.0\" encoding=\"gb2312\"?><rss><channel><item><title>街角咖啡今天开张，欢迎大家光临品尝</title></item></channel></rss>",
    );
    let document = read(&gbk, None).unwrap();
    assert_eq!(
        document.items[0].title,
        "街角咖啡今天开张，欢迎大家光临品尝"
    );
}

/// A text in GBK.
fn encoding_of(text: &str) -> (Vec<u8>, (), ()) {
    // Made by `iconv -t gbk`, since the hub only reads it.
    let mut bytes = Vec::new();
    let chinese: &[u8] = b"\xbd\xd6\xbd\xc7\xbf\xa7\xb7\xc8\xbd\xf1\xcc\xec\xbf\xaa\xd5\xc5\xa3\xac\xbb\xb6\xd3\xad\xb4\xf3\xbc\xd2\xb9\xe2\xc1\xd9\xc6\xb7\xb3\xa2";
    let begin = text.find('街').unwrap();
    let end = text.find("</title>").unwrap();
    bytes.extend_from_slice(&text.as_bytes()[..begin]);
    bytes.extend_from_slice(chinese);
    bytes.extend_from_slice(&text.as_bytes()[end..]);
    (bytes, (), ())
}

#[test]
fn what_is_no_feed_says_what_it_is() {
    for (bytes, said) in [
        (b"<!DOCTYPE html><html></html>".as_slice(), "a web page"),
        (b"<html lang='en'>", "a web page"),
        (b"<svg xmlns='x'></svg>", "it has no <rss>"),
        (b"<rss><channel><item><title>x", "its end is missing"),
        (b"<rss><channel></item></rss>", "no RSS or Atom"),
        (b"{\"version\": 1}", "it has no list of items"),
        (b"[1, 2", "no JSON Feed"),
        (b"{\"items\": 7}", "no JSON Feed"),
        (b"\x00\x01\x02\xff\xfe\x00\x00\x80\x81", "it is no "),
        (b"", "names neither"),
        (b"a,b\n1,2\n", "names neither"),
    ] {
        let problem = problem(bytes);
        assert!(problem.contains(said), "{problem}");
    }
}

#[test]
fn entities_of_a_document_are_never_expanded() {
    let mut bomb = String::from("<?xml version=\"1.0\"?><!DOCTYPE rss [<!ENTITY a \"lol\">");
    for (name, of) in ('b'..='k').zip('a'..='j') {
        let _ = write!(
            bomb,
            "<!ENTITY {name} \"{}\">",
            format!("&{of};").repeat(10)
        );
    }
    bomb += "<!ENTITY x SYSTEM \"file:///etc/passwd\">]><rss><channel><item><title>&k;&x;</title><description>&k;</description></item></channel></rss>";
    let document = read(bomb.as_bytes(), None).unwrap();
    assert_eq!(document.items[0].title, "&k;&x;");
}

#[test]
fn depth_and_numbers_are_bounded() {
    let deep = format!("<rss>{}", "<a>".repeat(100_000));
    assert!(problem(deep.as_bytes()).contains("inside one another"));
    let deep = format!("{{\"items\": {}", "[".repeat(100_000));
    assert!(problem(deep.as_bytes()).contains("no JSON Feed"));

    let mut many = String::from("<rss><channel>");
    for number in 0..ITEMS_MAX + 500 {
        let _ = write!(many, "<item><title>{number}</title></item>");
    }
    many += "</channel></rss>";
    let document = read(many.as_bytes(), None).unwrap();
    assert_eq!((document.items.len(), document.left_out), (ITEMS_MAX, 500));

    let many = format!(
        "[{}{{\"title\": \"x\"}}]",
        "{\"title\": \"y\"},".repeat(ITEMS_MAX + 6)
    );
    let document = read(many.as_bytes(), None).unwrap();
    assert_eq!((document.items.len(), document.left_out), (ITEMS_MAX, 7));

    let long = format!(
        "<rss><channel><item><title>{}</title></item></channel></rss>",
        "字".repeat(1_000_000)
    );
    let document = read(long.as_bytes(), None).unwrap();
    assert_eq!(document.items[0].title.chars().count(), 300);
    assert!(document.items[0].told.contains("its title was cut"));

    let large = vec![b' '; DOCUMENT_BYTES_MAX + 1];
    assert_eq!(read(&large, None), Err(DocumentError::TooLarge));
}

#[test]
fn a_feed_cut_off_anywhere_gives_nothing_and_breaks_nothing() {
    for text in [RSSHUB, WORDPRESS, MASTODON, ATOM, JSON_FEED] {
        for cut in (0..text.trim_end().len()).filter(|at| text.is_char_boundary(*at)) {
            assert!(read(&text.as_bytes()[..cut], None).is_err(), "{cut}");
        }
    }
}
