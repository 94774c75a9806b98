//! What may air when, as a drawing within the page: a lane for each thing, with its name above it.
//!
//! Invariant: whoever draws one puts the same stretches under it as a table.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use maud::{Markup, html};
use passerby_protocol::foreign::one_line;
use passerby_protocol::spans::Span;
use unicode_width::UnicodeWidthStr as _;

use crate::server::console::plot::along;

const LANE: u32 = 36;
const ABOVE: u32 = 22;
/// Most marks on the axis of time.
const MARKS_MAX: i64 = 8;
/// Longest name of a lane, in characters; the style ends what is wider than its card.
const NAME_CHARS_MAX: usize = 120;
/// As much of a name as a small phone shows, in columns, of which a Chinese character takes two.
const NAME_COLUMNS: usize = 34;
/// Most stretches that one lane draws; further ones are joined to the last.
const SPANS_DRAWN: usize = 60;
/// The thinnest stretch that is seen, in hundredths of the width.
const SPAN_MIN: f64 = 0.3;

/// One lane.
pub(crate) struct Lane {
    pub(crate) name: String,
    /// Of an emergency.
    pub(crate) is_alarm: bool,
    pub(crate) spans: Vec<Span>,
}

/// Draws lanes from one moment until another. `name` says what it shows to whoever cannot see it.
///
/// The names lie over the drawing, as words of the page: it knows how much of each there is room
/// for, and tells the whole of one that is cut.
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
        div.times {
            svg.plot height=(height) role="img" aria-label=(name) {
                @for (moment, words) in marks((from, until), zone) {
                    line x1=(along(at(moment))) x2=(along(at(moment))) y1=(ABOVE - 4) y2=(height) {}
                    text x=(along(at(moment))) dx="2" y="13" { (words) }
                }
                @for (lane, top) in lanes.iter().zip((0..count).map(|at| ABOVE + at * LANE)) {
                    rect.rest x="0" y=(top + 18) width="100%" height="12" rx="3" {}
                    @for span in drawn(&lane.spans) {
                        @let left = at(span.from);
                        rect class=(if lane.is_alarm { "alarm-of" } else { "bar-of" }) x=(along(left)) y=(top + 18)
                            width=(along((at(span.until) - left).max(SPAN_MIN))) height="12" rx="2" {}
                    }
                }
                @if from <= now && now < until {
                    line.now x1=(along(at(now))) x2=(along(at(now))) y1=(ABOVE - 4) y2=(height) {}
                }
            }
            ul aria-hidden="true" { @for lane in lanes {
                @let whole = one_line(&lane.name, NAME_CHARS_MAX);
                li title=[(whole.width() > NAME_COLUMNS).then_some(&whole)] { span { (whole) } }
            } }
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

/// Where a moment lies between left and right, in hundredths.
fn place_of(moment: Timestamp, (from, until): (Timestamp, Timestamp)) -> f64 {
    let moment = moment.clamp(from, until);
    let whole = (until.as_second() - from.as_second()).max(1);
    as_f64(moment.as_second() - from.as_second()) / as_f64(whole) * 100.0
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
            drawn.contains("x=\"50.00%\" y=\"40\" width=\"50.00%\""),
            "{drawn}"
        );
        assert!(drawn.contains("class=\"now\" x1=\"25.00%\""), "{drawn}");
        assert_eq!(drawn.matches("bar-of").count(), 2);
        let axis = marks(range, &TimeZone::UTC);
        let words: Vec<&str> = axis.iter().map(|(_, words)| words.as_str()).collect();
        assert_eq!(words, ["12-04", "12-06", "12-08", "12-10", "12-12"]);
    }

    #[test]
    fn a_long_name_is_told_as_a_whole_to_whoever_points_at_it() {
        let lane = |name: &str| Lane {
            name: name.to_owned(),
            is_alarm: false,
            spans: Vec::new(),
        };
        let range = (
            moment("2026-12-04T00:00:00Z"),
            moment("2026-12-05T00:00:00Z"),
        );
        let named = [
            lane("Friday-night pour-over & jazz, all week"),
            lane("周五夜"),
        ];
        let drawn = lanes("x", &named, range, range.1, &TimeZone::UTC).into_string();
        let whole = "Friday-night pour-over &amp; jazz, all week";
        let long = format!("<li title=\"{whole}\"><span>{whole}</span></li>");
        assert!(drawn.contains(&long), "{drawn}");
        assert!(drawn.contains("<li><span>周五夜</span></li>"), "{drawn}");
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
