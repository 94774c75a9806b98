//! What pages say of films on their way to what screens play well.

use maud::{Markup, html};
use passerby_protocol::foreign;

use crate::publish::conversion::Reason;
use crate::server::console::asker::Asker;
use crate::server::console::layout;
use crate::server::console::pages::drafts::common::path_of;
use crate::server::console::pages::drafts::film_words::{reason_words, told};
use crate::store::{Draft, FilmJob, FilmState};

/// What the page of a draft says of its films.
pub(crate) fn section(asker: &Asker, draft: &Draft) -> Markup {
    if !draft.films.iter().any(is_told) {
        return html! {};
    }
    let path = path_of(&draft.row.campaign);
    html! {
        section {
            h2 { (asker.say(["视频", "Films"])) }
            @if draft.has_open_films() {
                p { (asker.say([
                    "视频还在处理，处理完才能发布。",
                    "A film is still being made ready; the draft can be published when that is done.",
                ])) }
                p { a.button.main href=(asker.at(&format!("{path}/films"))) { (asker.say(["看进度", "See how far it is"])) } }
            }
            (list(asker, draft))
        }
    }
}

/// Films that are well as they came are not worth a word.
fn is_told(film: &FilmJob) -> bool {
    film.state != FilmState::Kept
}

pub(super) fn list(asker: &Asker, draft: &Draft) -> Markup {
    let path = path_of(&draft.row.campaign);
    let films = draft.films.iter().filter(|film| is_told(film));
    html! {
        ul.films { @for film in films { li {
            strong { (foreign::escaped(&film.name)) } " · " (asker.say(state(film.state)))
            @if film.state == FilmState::Running {
                @let percent = film.permille / 10;
                progress max="100" value=(percent) aria-label=(format!("{} {percent} %", film.name)) { (percent) " %" }
                span.soft { (percent) " %" }
            }
            @if !film.reasons.is_empty() {
                p.soft { (asker.say(["因为：", "Because "])) (because(asker, &film.reasons)) }
            }
            @if !film.told.is_empty() { p { (foreign::escaped(&told(asker.visitor.language, &film.told))) } }
            @if film.is_open() {
                (layout::form(asker, &format!("{path}/films/{}", film.id), "", &html! {
                    button name="do" value="call-off" { (asker.say(["取消，保持原样", "Call it off and keep it as it came"])) }
                }))
            }
            @if matches!(film.state, FilmState::Failed | FilmState::CalledOff) {
                (layout::form(asker, &format!("{path}/films/{}", film.id), "", &html! {
                    button name="do" value="again" { (asker.say(["再试一次", "Try again"])) }
                }))
            }
        } } }
    }
}

fn because(asker: &Asker, reasons: &[Reason]) -> String {
    let said: Vec<&str> = reasons
        .iter()
        .map(|reason| asker.say(reason_words(*reason)))
        .collect();
    said.join(asker.say(["；", "; "]))
}

/// Where a film stands.
const fn state(state: FilmState) -> [&'static str; 2] {
    match state {
        FilmState::Waiting => ["排队中", "Waiting for its turn"],
        FilmState::Running => ["处理中", "Being made ready"],
        FilmState::Made => ["已转好", "Made into what screens play well"],
        FilmState::Kept => ["原样可用", "Good as it came"],
        FilmState::Failed => [
            "没有转成，保持原样",
            "Nothing came of it; it stays as it came",
        ],
        FilmState::CalledOff => ["已取消，保持原样", "Called off; it stays as it came"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_reason_is_said_in_both_languages() {
        let said = Reason::ALL.map(reason_words).into_iter();
        for [chinese, english] in said.chain(FilmState::ALL.map(state)) {
            assert!(english.is_ascii(), "{english}");
            assert!(!chinese.is_ascii(), "{chinese}");
        }
        // Programs and commands say the same.
        for reason in Reason::ALL {
            assert_eq!(reason_words(reason)[1], reason.to_string());
        }
    }
}
