//! What may air when, as a drawing within the page: a lane for each thing, with its name above it.
//!
//! Invariant: whoever draws one puts the same stretches under it as a table.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use maud::{Markup, html};
use passerby_protocol::foreign::one_line;
use passerby_protocol::spans::Span;

const WIDTH: u32 = 360;
const LANE: u32 = 36;
const ABOVE: u32 = 22;
/// Most marks on the axis of time.
const MARKS_MAX: i64 = 8;
/// Longest name of a lane, in characters; Chinese ones take twice the room.
const NAME_CHARS_MAX: usize = 26;
/// Most stretches that one lane draws; further ones are joined to the last.
const SPANS_DRAWN: usize = 60;

/// One lane.
pub(crate) struct Lane {
    pub(crate) name: String,
    /// Of an emergency.
    pub(crate) is_alarm: bool,
    pub(crate) spans: Vec<Span>,
}

/// Draws lanes from one moment until another. `name` says what it shows to whoever cannot see it.
pub(crate) fn lanes(
    name: &str,
    lanes: &[Lane],
    (from, until): (Timestamp, Timestamp),
    now: Timestamp,
    zone: &TimeZone,
) -> Markup {
    let count = u32::try_from(lanes.len()).unwrap_or(u32::MAX);
    let height = ABOVE + count.saturating_mul(LANE);
    let at = |moment: Timestamp| place_of(moment, (from, until));
    html! {
        svg.plot.times viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(name) {
            @for (moment, words) in marks((from, until), zone) {
                line x1=(place(at(moment))) x2=(place(at(moment))) y1=(ABOVE - 4) y2=(height) {}
                text x=(place(at(moment) + 2.0)) y="13" { (words) }
            }
            @for (lane, top) in lanes.iter().zip((0..count).map(|at| ABOVE + at * LANE)) {
                text.name x="0" y=(top + 12) { (one_line(&lane.name, NAME_CHARS_MAX)) }
                rect.rest x="0" y=(top + 18) width=(WIDTH) height="12" rx="3" {}
                @for span in drawn(&lane.spans) {
                    @let left = at(span.from);
                    rect class=(if lane.is_alarm { "alarm-of" } else { "bar-of" }) x=(place(left)) y=(top + 18)
                        width=(place((at(span.until) - left).max(1.0))) height="12" rx="2" {}
                }
            }
            @if from <= now && now < until {
                line.now x1=(place(at(now))) x2=(place(at(now))) y1=(ABOVE - 4) y2=(height) {}
            }
        }
    }
}

/// No more stretches than a phone can tell from one another.
fn drawn(spans: &[Span]) -> Vec<Span> {
    let mut drawn: Vec<Span> = spans.iter().take(SPANS_DRAWN).copied().collect();
    if let (Some(last), Some(end)) = (drawn.last_mut(), spans.last()) {
        last.until = end.until;
    }
    drawn
}

fn place_of(moment: Timestamp, (from, until): (Timestamp, Timestamp)) -> f64 {
    let moment = moment.clamp(from, until);
    let whole = (until.as_second() - from.as_second()).max(1);
    as_f64(moment.as_second() - from.as_second()) / as_f64(whole) * f64::from(WIDTH)
}

/// Midnights, or hours of a day or two.
fn marks((from, until): (Timestamp, Timestamp), zone: &TimeZone) -> Vec<(Timestamp, String)> {
    let days = (until.as_second() - from.as_second() + 43_200) / 86_400;
    let step = if days <= 2 {
        (days.max(1) * 3).hours()
    } else {
        ((days + MARKS_MAX - 1) / MARKS_MAX).days()
    };
    let mut at = from.to_zoned(zone.clone());
    let mut marks = Vec::new();
    while at.timestamp() < until && marks.len() < 16 {
        let words = if days <= 2 { "%H:%M" } else { "%m-%d" };
        marks.push((at.timestamp(), at.strftime(words).to_string()));
        match at.checked_add(step) {
            Ok(next) => at = next,
            Err(_) => break,
        }
    }
    marks
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a month")]
const fn as_f64(number: i64) -> f64 {
    number as f64
}

fn place(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_lane_has_a_bar_for_each_stretch_at_its_place_and_a_line_for_now() {
        let range = (
            moment("2026-12-04T00:00:00Z"),
            moment("2026-12-14T00:00:00Z"),
        );
        let span = |from, until| Span {
            from: moment(from),
            until: moment(until),
        };
        let lane = Lane {
            name: "<i>爵士".into(),
            is_alarm: false,
            spans: vec![
                span("2026-12-04T00:00:00Z", "2026-12-05T00:00:00Z"),
                span("2026-12-09T00:00:00Z", "2026-12-14T00:00:00Z"),
            ],
        };
        let now = moment("2026-12-06T12:00:00Z");
        let drawn = lanes("<b>", &[lane], range, now, &TimeZone::UTC).into_string();
        assert!(drawn.contains("aria-label=\"&lt;b&gt;\"") && drawn.contains("&lt;i&gt;爵士"));
        assert!(
            drawn.contains("x=\"180.0\" y=\"40\" width=\"180.0\""),
            "{drawn}"
        );
        assert!(drawn.contains("class=\"now\" x1=\"90.0\""), "{drawn}");
        assert_eq!(drawn.matches("bar-of").count(), 2);
        let axis = marks(range, &TimeZone::UTC);
        let words: Vec<&str> = axis.iter().map(|(_, words)| words.as_str()).collect();
        assert_eq!(words, ["12-04", "12-06", "12-08", "12-10", "12-12"]);
    }

    #[test]
    fn a_lane_with_many_stretches_stays_small_and_ends_where_they_end() {
        let from = moment("2026-12-04T00:00:00Z");
        let many: Vec<Span> = (0..500)
            .map(|at| Span {
                from: from + (2 * at).minutes(),
                until: from + (2 * at + 1).minutes(),
            })
            .collect();
        let few = drawn(&many);
        assert_eq!(few.len(), SPANS_DRAWN);
        assert_eq!(
            few.last().map(|span| span.until),
            many.last().map(|span| span.until)
        );
    }
}
