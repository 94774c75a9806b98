//! The first frame that a stage draws of a slide is the picture that a preview shows of it.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use passerby::stage::{DrawWith, FrameObserver, SeenFrame, StageConfig};
use passerby_compose::SlideComposer;
use passerby_compose::slide::Slide;
use passerby_paint::first_frame;
use passerby_playout::content::creative::{Creative, CreativeFile};
use passerby_playout::messages::stage_messages::{
    SlideOrder, StageCommand, StageEvent, Ticket, Transition,
};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, CreativeKind, Motion};

use crate::player::{config, play, whole};

const SIZE: (u32, u32) = (480, 270);

/// The first frames of slides, by the names of their creatives.
type Seen = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Composes a file as a screen does: what moves, moves.
fn composed(file: &Path) -> Slide {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let order = SlideOrder {
        ticket: Ticket(1),
        zone: Zone::MAIN,
        creative: Creative::File(CreativeFile {
            kind: CreativeKind::of_name(&name).unwrap(),
            name,
            path: file.to_owned(),
            digest: Digest::of(&std::fs::read(file).unwrap()),
            parts: [].into(),
        }),
        campaign: "cafe".to_owned(),
        play: None,
        headline: None,
        code: None,
        colours: Colours::default(),
        motion: Motion::KenBurns,
        sound: false,
        dwell: Some(Duration::from_secs(8)),
    };
    let mut composer = SlideComposer::default();
    let drawn = composer.preview(&order, &Geometry::whole(SIZE.0, SIZE.1));
    drawn.unwrap().slide
}

#[test]
fn a_slide_that_moves_begins_on_the_stage_as_its_preview() {
    let folder = tempfile::tempdir().unwrap();
    let picture = image::RgbImage::from_fn(640, 480, |x, y| {
        image::Rgb([x, y, x * y].map(|at| (at % 251).to_le_bytes()[0]))
    });
    let zoom = folder.path().join("zoom.png");
    picture.save(&zoom).unwrap();
    let ticker = folder.path().join("news.ticker.toml");
    std::fs::write(&ticker, "lines = ['Last train at 23:40', '咖啡馆还开着']\n").unwrap();
    let card = folder.path().join("clock.card.toml");
    std::fs::write(&card, "headline = 'Half price on Friday'\n").unwrap();
    for file in [&zoom, &ticker, &card] {
        let wanted = first_frame(composed(file), whole(SIZE), SIZE, [0; 3]).unwrap();
        let seen = Seen::default();
        let sees = Arc::clone(&seen);
        let config = StageConfig {
            observer: Some(FrameObserver(Arc::new(move |frame: SeenFrame| {
                let creative = frame
                    .zones
                    .first()
                    .map(|zone| zone.caption.creative.clone());
                let mut seen = sees.lock().unwrap();
                seen.extend(creative.map(|creative| (creative, frame.picture.rgba)));
            }))),
            ..config(DrawWith::Cpu, SIZE)
        };
        let slide = composed(file);
        play(config, move |player| {
            player.await_size();
            let ticket = Ticket(1);
            player.send(StageCommand::Load {
                ticket,
                zone: Zone::MAIN,
                area: whole(SIZE),
                slide,
            });
            assert_eq!(player.await_event(), StageEvent::Loaded(ticket));
            player.send(StageCommand::Swap {
                ticket,
                transition: Transition::CUT,
            });
            assert!(matches!(player.await_event(), StageEvent::Presented { .. }));
        })
        .unwrap();
        let seen = seen.lock().unwrap();
        let (_, first) = seen.first().expect("a frame with the slide");
        assert!(*first == wanted, "{}", file.display());
    }
}
