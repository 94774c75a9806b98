//! What is wrong with the files of an item, and what is well to know about them.

use std::collections::HashSet;
use std::path::PathBuf;

use passerby_compose::Fonts;
use passerby_compose::creative::video::{self, Clip, Tools};
use passerby_compose::judgement::{Judge, Judgement};
use passerby_playout::content::catalog::CatalogItem;
use passerby_protocol::campaign::CreativeKind;
use passerby_protocol::toml_fields::Problem;

use crate::cli::check::findings::Findings;
use crate::cli::check::letters::Letters;

/// Looks at files, at each once.
pub(super) struct Files {
    judge: Judge,
    letters: Letters,
    tools: Tools,
    /// Of the screen on which films would be shown.
    shown_px: (u32, u32),
    seen: HashSet<PathBuf>,
    has_videos: bool,
}

impl Files {
    pub(super) fn new(fonts: Fonts, letters: Letters, shown_px: (u32, u32)) -> Self {
        let tools = Tools::find();
        Self {
            judge: Judge::new(fonts, tools.clone()),
            letters,
            tools,
            shown_px,
            seen: HashSet::new(),
            has_videos: false,
        }
    }

    /// Looks at a creative and at the files that it refers to.
    pub(super) fn look_at(&mut self, item: &CatalogItem, found: &mut Findings) {
        if !self.seen.insert(item.path.clone()) {
            return;
        }
        self.has_videos |= item.kind == CreativeKind::Video && self.tools.trouble().is_none();
        let Judgement {
            refusals,
            losses,
            notes,
            missing_program,
            texts,
            size_px: _,
        } = self.judge.judge(&item.file(), &item.campaign.colours);
        let may_be_slow = item.kind == CreativeKind::Video
            && refusals.is_empty()
            && missing_program.is_none()
            && self.tools.trouble().is_none();
        if may_be_slow {
            self.try_pace(item, found);
        }
        let problems = refusals.into_iter().chain(losses).chain(missing_program);
        problems.for_each(|problem| found.problem(problem));
        notes.into_iter().for_each(|note| found.note(note));
        for text in texts {
            self.letters
                .look_at(&text.file, text.line, &text.what, &text.text, found);
        }
    }

    /// Says of a film that this machine decodes too slowly what would help; whoever checks it may
    /// do so on another machine than the screen's.
    fn try_pace(&self, item: &CatalogItem, found: &mut Findings) {
        let file = item.file();
        // A film that cannot be decoded is refused already.
        let slow = Clip::probe(&self.tools, &file.path, &file.name)
            .and_then(|clip| video::what_is_too_slow(&self.tools, &clip, self.shown_px));
        if let Ok(Some(slow)) = slow {
            found.note(Problem::with_file(file.path.display().to_string(), slow));
        }
    }

    /// Says what plays the videos, if there are any.
    pub(super) fn finish(&self, found: &mut Findings) {
        if self.has_videos {
            found.note(Problem::with_file("films", self.tools.report()));
        }
    }
}
