//! What somebody wrote into a campaign file and nobody will see, as far as the file alone tells.
//!
//! None of it is a mistake of form, so the campaign airs; whoever wrote it should hear.

use crate::campaign::{Campaign, Motion};
use crate::creative::CreativeKind;
use crate::toml_fields::{Problem, line_of};

/// Something that was written and will not be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// Where it stands: the keys to it, elements of lists by their number from 0.
    pub keys: Vec<String>,
    /// What will not be seen, why, and what to do.
    pub message: String,
    /// Whether it was surely meant to be seen; otherwise it is just well to know.
    pub is_problem: bool,
}

impl Unseen {
    /// Says it with the file and the line.
    pub fn told(self, file: &str, written: &str) -> Problem {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        Problem {
            file: file.to_owned(),
            line: line_of(written, &keys),
            message: self.message,
        }
    }
}

impl Campaign {
    /// Lists what was written and will not be seen on any screen or page, and what promises
    /// something for passing the page on.
    pub fn unseen(&self) -> Vec<Unseen> {
        let mut unseen = Vec::new();
        self.add_unseen_page(&mut unseen);
        if self.voices.question.is_some() && !self.voices.are_taken() {
            unseen.push(Unseen {
                keys: ["voices", "question"].map(str::to_owned).to_vec(),
                message:
                    "nobody is asked the question, since nothing is taken; add take = \"words\""
                        .to_owned(),
                is_problem: false,
            });
        }
        self.add_rewards(&mut unseen);
        for (at, placement) in self.placements.iter().enumerate() {
            let Some(kind) = CreativeKind::of_name(&placement.creative) else {
                continue;
            };
            let which = format!("placement {} ({})", at + 1, placement.creative);
            let mut add = |key: &str, is_problem, message: String| {
                unseen.push(Unseen {
                    keys: ["placement", &at.to_string(), key]
                        .map(str::to_owned)
                        .to_vec(),
                    message: format!("{which}: {message}"),
                    is_problem,
                });
            };
            let headline = placement.headline.as_deref().unwrap_or_default();
            if kind.is_text() && !headline.trim().is_empty() {
                add(
                    "headline",
                    true,
                    format!(
                        "its headline is not shown, since a {} has words of its own; write it there, or take it out",
                        kind.word()
                    ),
                );
            }
            let is_picture = matches!(kind, CreativeKind::Picture | CreativeKind::Drawing);
            if placement.motion != Motion::Still && !is_picture {
                add(
                    "motion",
                    false,
                    format!(
                        "motion is for pictures, and a {} does not take it",
                        kind.word()
                    ),
                );
            }
            let leads_somewhere = self.target.is_some() || placement.code.contents.is_some();
            if leads_somewhere && !placement.code.is_for(kind) {
                add(
                    "creative",
                    false,
                    "it has no code, since a ticker has one only where its placement asks for it with code = { corner = \"bottom-right\" }".to_owned(),
                );
            }
        }
        unseen
    }

    /// Words for a page, where no scan opens one.
    fn add_unseen_page(&self, unseen: &mut Vec<Unseen>) {
        if self.opens_page() {
            return;
        }
        for (key, text) in [
            ("story", &self.story),
            ("button", &self.button),
            ("share", &self.share),
        ] {
            if text.is_some() {
                unseen.push(Unseen {
                    keys: vec![key.to_owned()],
                    message: format!(
                        "{key} is for the page, and a scan opens the target at once; add landing = \"page\" to show it"
                    ),
                    is_problem: false,
                });
            }
        }
        if self.voices.are_taken() {
            unseen.push(Unseen {
                keys: vec!["voices".to_owned()],
                message: "voices are left on the page, and a scan opens the target at once; add landing = \"page\" to take them".to_owned(),
                is_problem: false,
            });
        }
        if !self.words.is_empty() {
            unseen.push(Unseen {
                keys: vec!["words".to_owned()],
                message: "words are for the page, and a scan opens the target at once; add landing = \"page\" to show them".to_owned(),
                is_problem: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_and_never_seen_is_named_with_its_line_and_the_way_out() {
        let names = [
            "cup.jpg",
            "sale.card.toml",
            "news.ticker.toml",
            "board.page.toml",
            "clip.mp4",
        ];
        let names = names.map(str::to_owned);
        let told = |text: &str| -> Vec<String> {
            let campaign = Campaign::parse("c", text, &names).expect(text);
            let unseen = campaign.unseen().into_iter();
            unseen
                .map(|unseen| {
                    let severity = if unseen.is_problem { "problem" } else { "note" };
                    format!("{severity} {}", unseen.told("c", text))
                })
                .collect()
        };
        let table: [(&str, &[&str]); 9] = [
            (
                "title = 'x'\ntarget = 'https://a.example'\nstory = 's'\nbutton = 'b'\nshare = 't'\n[[placement]]\ncreative = 'cup.jpg'\n",
                &[
                    "note c:3: story is for the page, and a scan opens the target at once; add landing = \"page\" to show it",
                    "note c:4: button is for the page",
                    "note c:5: share is for the page",
                ],
            ),
            (
                "title = 'x'\ntarget = 'https://a.example'\nlanding = 'page'\nstory = 's'\n[[placement]]\ncreative = 'cup.jpg'\n",
                &[],
            ),
            (
                "title = 'x'\ntarget = 'https://a.example'\nstory = 's'\n[[phase]]\nname = 'p'\nlanding = 'follow'\n[[placement]]\ncreative = 'cup.jpg'\n",
                &[],
            ),
            (
                "title = 'x'\nstory = 's'\n[[placement]]\ncreative = 'cup.jpg'\nheadline = 'h'\nmotion = 'ken-burns'\n",
                &[],
            ),
            (
                "title = 'x'\n[[placement]]\ncreative = 'sale.card.toml'\nheadline = 'h'\n",
                &[
                    "problem c:4: placement 1 (sale.card.toml): its headline is not shown, since a card has words of its own",
                ],
            ),
            (
                "title = 'x'\nheadline = 'h'\n[[placement]]\ncreative = 'sale.card.toml'\nheadline = ''\n[[placement]]\ncreative = 'board.page.toml'\n",
                &[],
            ),
            (
                "title = 'x'\n[[placement]]\ncreative = 'clip.mp4'\nmotion = 'ken-burns'\n",
                &[
                    "note c:4: placement 1 (clip.mp4): motion is for pictures, and a film does not take it",
                ],
            ),
            (
                "title = 'x'\ntarget = 'https://a.example'\n[[placement]]\ncreative = 'cup.jpg'\n[[placement]]\ncreative = 'news.ticker.toml'\n",
                &[
                    "note c:6: placement 2 (news.ticker.toml): it has no code, since a ticker has one only where",
                ],
            ),
            (
                "title = 'x'\ntarget = 'https://a.example'\n[[placement]]\ncreative = 'news.ticker.toml'\ncode = {}\n",
                &[],
            ),
        ];
        for (text, expected) in table {
            let told = told(text);
            assert_eq!(told.len(), expected.len(), "{text}: {told:#?}");
            for (told, expected) in told.iter().zip(expected) {
                assert!(told.starts_with(expected), "{told}");
            }
        }
    }
}
