use super::*;
use crate::campaign::Rgb;

const WHOLE: &str = r##"
headline = "新豆到店 Fresh beans"
body = "埃塞俄比亚 · 水洗"
price = "¥48"
was = "¥68"
picture = "beans.jpg"
logo = "logo.png"
layout = "picture-left"
clock = true
date = true
[colours]
paper = "#fff1dc"
ink = "#3a1208"
[countdown]
to = "2026-12-24T19:00"
label = "距开售 Starts in"
done = "现在开始 Now on"
[counter]
name = "queue"
label = "等候 Waiting"
unit = "桌"
"##;

#[test]
fn a_whole_card_is_read() {
    let card = Card::parse("a.card.toml", WHOLE).expect("good");
    assert_eq!(card.headline, "新豆到店 Fresh beans");
    assert_eq!(card.parts(), ["beans.jpg", "logo.png"]);
    assert_eq!(card.layout, CardLayout::PictureLeft);
    assert_eq!(card.colours.paper, Some(Rgb([0xff, 0xf1, 0xdc])));
    assert_eq!(card.colours.accent, None);
    let countdown = card.countdown.as_ref().expect("a countdown");
    assert_eq!(
        countdown.to,
        jiff::civil::datetime(2026, 12, 24, 19, 0, 0, 0)
    );
    assert_eq!(
        card.counter.as_ref().map(|c| c.name.as_str()),
        Some("queue")
    );
    assert!(card.clock && card.date);
    assert_eq!(card.texts().len(), 8);
    let given = Colours {
        accent: Some(Rgb([1; 3])),
        paper: Some(Rgb([2; 3])),
        ink: None,
    };
    let mixed = colours_or(&card.colours, &given);
    assert_eq!(mixed.paper, card.colours.paper);
    assert_eq!(mixed.accent, given.accent);
}

#[test]
fn a_headline_is_enough() {
    let card = Card::parse("a.card.toml", "headline = 'Hello'\n").expect("good");
    assert!(card.parts().is_empty() && card.countdown.is_none() && !card.clock);
}

#[test]
fn every_mistake_in_a_card_is_named_with_its_line() {
    let text = "headline = ' '\nprize = '¥4'\nwas = '¥68'\npicture = '../beans.jpg'\nlogo = 'clip.mp4'\nlayout = 'left'\n\
                colours = { paper = 'red' }\n[countdown]\nlabel = 'x'\n[counter]\nname = 'Queue!'\n";
    let problems = Card::parse("a.card.toml", text).expect_err("many");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8, 11], "{problems:#?}");
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(shown[1].contains("unknown key \"prize\""), "{}", shown[1]);
    assert!(shown[3].contains("it is a path"), "{}", shown[3]);
    assert!(shown[7].contains("countdown.to is missing"), "{}", shown[7]);
    for bad in ["19:00", "24.12.2026 19:00", "2026-13-01T00:00"] {
        let text = format!("headline = 'x'\n[countdown]\nto = '{bad}'\n");
        let problems = Card::parse("a.card.toml", &text).expect_err("no moment");
        assert_eq!(
            (problems.len(), problems[0].line),
            (1, 3),
            "{bad}: {problems:?}"
        );
    }
    assert_eq!(Card::parse("a.card.toml", "").expect_err("empty").len(), 1);
    let long = format!(
        "headline = 'x'\nbody = '{}'\n",
        "字".repeat(BODY_CHARS_MAX + 1)
    );
    let problems = Card::parse("a.card.toml", &long).expect_err("too long");
    assert!(problems[0].message.contains("300"), "{problems:?}");
}

#[test]
fn a_ticker_is_read_and_its_mistakes_are_named() {
    let text = "lines = ['末班车 23:40', ' Last train 23:40 ']\nspeed = 'slow'\n";
    let ticker = Ticker::parse("a.ticker.toml", text).expect("good");
    assert_eq!(ticker.lines, ["末班车 23:40", "Last train 23:40"]);
    assert_eq!(ticker.speed, Speed::Slow);
    let text = "lines = ['', 'a']\nspeed = 'quick'\n";
    let problems = Ticker::parse("a.ticker.toml", text).expect_err("two");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(Ticker::parse("a.ticker.toml", "lines = []").is_err());
    assert!(Ticker::parse("a.ticker.toml", "").is_err());
    let many = format!("lines = [{}]", "'a',".repeat(TICKER_LINES_MAX + 1));
    assert!(Ticker::parse("a.ticker.toml", &many).is_err());
    let tall = "lines = [\"a\\nb\"]";
    assert!(Ticker::parse("a.ticker.toml", tall).is_err());
}
