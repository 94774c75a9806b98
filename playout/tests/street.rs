//! Adaptive picking on the simulated street of `benches/street`. Streets have seeds from 0, so a
//! run repeats exactly.

#[allow(dead_code, reason = "the example prints more of it")]
#[path = "../benches/street/model.rs"]
mod model;

use model::{ALIKE, Feedback, SETTING, runs};
use passerby_playout::schedule::adaptive::{LearningBounds, Model};

const FEEDBACKS: [Feedback; 3] = [
    Feedback::Settled { days: 0 },
    Feedback::Settled { days: 3 },
    Feedback::Delivered,
];

#[test]
fn adaptive_gains_within_its_bounds_however_late_feedback_comes() {
    let bounds = LearningBounds::default();
    for feedback in FEEDBACKS {
        let outcome = runs(SETTING, 3, feedback, &Model::default(), &bounds);
        let (gain, of_oracle) = (
            outcome.scans / outcome.uniform,
            outcome.scans / outcome.oracle,
        );
        assert!(
            gain > 1.3 && of_oracle > 0.75,
            "{feedback:?}: {gain} of uniform, {of_oracle} of the oracle"
        );
        let turn = bounds.turn_plays(SETTING.creatives).expect("a floor");
        assert!(outcome.gap_max <= turn, "{feedback:?}: {}", outcome.gap_max);
        assert!(
            outcome.of_hundred_max <= usize::from(bounds.ceiling_percent),
            "{feedback:?}: {}",
            outcome.of_hundred_max
        );
    }
}

#[test]
fn nothing_is_lost_where_creatives_do_not_differ() {
    let outcome = runs(
        ALIKE,
        4,
        Feedback::Settled { days: 1 },
        &Model::default(),
        &LearningBounds::default(),
    );
    let ratio = outcome.scans / outcome.uniform;
    assert!((ratio - 1.0).abs() < 0.04, "{ratio} of uniform");
}
