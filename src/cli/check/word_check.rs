//! What of the words of each item people would not see on this screen as they were written.
//!
//! Each slide is made as the composer of a running terminal makes it, for its zone, with its code
//! and for its time.

use std::time::Duration;

use passerby_compose::SlideComposer;
use passerby_compose::settings::Settings;
use passerby_playout::code::issuer::CodeOrder;
use passerby_playout::content::catalog::CatalogItem;
use passerby_playout::content::creative::Creative;
use passerby_playout::content::emergency::Notice;
use passerby_playout::messages::stage_messages::{ComposeError, SlideOrder, Ticket};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_playout::screen::layout::PlacedZone;
use passerby_playout::settings::config::Config;
use passerby_protocol::campaign::{Colours, CreativeKind, Motion};

/// Makes slides that nobody sees.
pub(super) struct WordCheck {
    composer: SlideComposer,
}

impl WordCheck {
    pub(super) fn new(config: &Config) -> Self {
        let settings = Settings {
            fonts: config.fonts.clone(),
            time_zone: config.time_zone.clone(),
            ..Settings::default()
        };
        Self {
            composer: SlideComposer::new(settings),
        }
    }

    /// Returns what people would not see of an item's words. `None` for what has no picture before
    /// it airs, and for what shows no words at all.
    ///
    /// # Errors
    /// Why it would not air.
    pub(super) fn of_item(
        &mut self,
        item: &CatalogItem,
        place: &PlacedZone,
        code: Option<CodeOrder>,
        dwell: Duration,
    ) -> Option<Result<Vec<String>, ComposeError>> {
        let headline = item.campaign.headline_of(item.placement());
        let has_words = item.kind.is_text() || headline.is_some() || code.is_some();
        if item.kind == CreativeKind::Page || !has_words {
            return None;
        }
        let order = SlideOrder {
            dwell: Some(dwell),
            motion: Motion::Still,
            ..SlideOrder::of_item(Ticket(0), Zone(0), item, code)
        };
        Some(self.composer.check_words(&order, &place.geometry))
    }

    /// Returns what people would not see of an emergency message.
    ///
    /// # Errors
    /// The screen has a size for which nothing can be drawn.
    pub(super) fn of_notice(
        &mut self,
        notice: &Notice,
        screen: &Geometry,
    ) -> Result<Vec<String>, ComposeError> {
        let creative = Creative::Notice {
            headline: notice.headline.clone(),
            body: notice.body.clone(),
        };
        self.composer.check_words(&order(creative), screen)
    }
}

fn order(creative: Creative) -> SlideOrder {
    SlideOrder {
        ticket: Ticket(0),
        zone: Zone(0),
        creative,
        campaign: String::new(),
        play: None,
        headline: None,
        code: None,
        colours: Colours::default(),
        motion: Motion::Still,
        sound: false,
        dwell: None,
    }
}
