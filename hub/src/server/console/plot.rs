//! Plots as drawings within the page: one question each, bars from zero, labels that a phone shows.
//!
//! What lies along a line is placed in hundredths of the width and everything else in pixels, so a
//! plot is as wide as its card, and its words are as large on a phone as at a desk.
//!
//! Invariant: whoever draws a plot puts the same figures under it as a table.

use maud::{Markup, html};

use crate::server::console::layout::{self, number};

const HEIGHT: u32 = 160;
/// Room for the labels below the bars, and above the highest one.
const BELOW: u32 = 22;
const ABOVE: u32 = 14;
/// Most labels below the bars.
const LABELS_MAX: usize = 8;
/// Fewer bars are no wider than so many would be.
const BARS_MIN: u32 = 7;
/// A bar for each row of a funnel, with its words above it.
const ROW: u32 = 40;
/// The thinnest bar that is seen, in hundredths of the width.
const BAR_MIN: f64 = 0.6;

/// Draws a bar for each value. `name` says what it shows to whoever cannot see it. The labels of
/// the upright axis are left of the drawing, where the style leaves room for them.
pub(crate) fn bars(name: &str, values: &[(String, u64)]) -> Markup {
    let most = values.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let top = ceiling(most);
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let step = 100.0 / f64::from(count.max(BARS_MIN));
    let every = values.len().div_ceil(LABELS_MAX).max(1);
    let (floor, up) = (f64::from(HEIGHT - BELOW), f64::from(HEIGHT - BELOW - ABOVE));
    let share = |value: u64| ratio(value, top) * up;
    let bars = values.iter().zip(0_u32..).map(|((label, value), at)| {
        let left = step * f64::from(at);
        (label, *value, left, share(*value).max(1.0))
    });
    html! {
        svg.plot.bars height=(HEIGHT) role="img" aria-label=(name) {
            @for line in [0, top / 2, top] {
                @let y = floor - share(line);
                line x1="0" x2="100%" y1=(place(y)) y2=(place(y)) {}
                text x="-8" y=(place(y + 4.0)) text-anchor="end" { (short(line)) }
            }
            @for (at, (label, value, left, height)) in bars.enumerate() {
                @if value > 0 {
                    rect.bar-of x=(along(left + step * 0.1)) y=(place(floor - height))
                        width=(along(step * 0.8)) height=(place(height)) rx="1.5" {}
                }
                @if at % every == 0 {
                    text x=(along(left + step / 2.0)) y=(HEIGHT - 6) text-anchor="middle" { (label) }
                }
            }
        }
    }
}

/// Draws one bar below the other, each a part of the first: what became of what.
pub(crate) fn funnel(name: &str, values: &[(&str, u64)]) -> Markup {
    let most = values.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let rows = u32::try_from(values.len()).unwrap_or(u32::MAX);
    html! {
        svg.plot height=(rows.saturating_mul(ROW)) role="img" aria-label=(name) {
            @for ((label, value), top) in values.iter().zip((0..rows).map(|at| at * ROW)) {
                text x="0" y=(top + 13) { (label) }
                text x="100%" y=(top + 13) text-anchor="end" { (number(*value)) }
                rect.rest x="0" y=(top + 19) width="100%" height="12" rx="3" {}
                @if *value > 0 {
                    rect.bar-of x="0" y=(top + 19) width=(along((ratio(*value, most) * 100.0).max(BAR_MIN))) height="12" rx="3" {}
                }
            }
        }
    }
}

/// A round number as an axis has room for it.
fn short(number: u64) -> String {
    match number {
        0..10_000 => layout::number(number),
        10_000..10_000_000 => format!("{} k", layout::number(number / 1_000)),
        _ => format!("{} M", layout::number(number / 1_000_000)),
    }
}

/// The next round number that is as large.
fn ceiling(most: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for factor in [2, 4, 6, 8, 10] {
            let top = step.saturating_mul(factor);
            if top >= most {
                return top;
            }
        }
        step = step.saturating_mul(10);
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a bar is a few hundred pixels high"
)]
fn ratio(value: u64, of: u64) -> f64 {
    value as f64 / of.max(1) as f64
}

/// A place between top and bottom, in pixels.
fn place(value: f64) -> String {
    format!("{value:.1}")
}

/// A place between left and right, or a part of that, in hundredths.
pub(super) fn along(hundredths: f64) -> String {
    format!("{hundredths:.2}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (most, top) in [
            (0, 2),
            (2, 2),
            (3, 4),
            (9, 10),
            (11, 20),
            (999, 1_000),
            (1_001, 2_000),
        ] {
            assert_eq!(ceiling(most), top, "{most}");
        }
        assert_eq!(ceiling(u64::MAX), u64::MAX);
        assert_eq!(
            [short(9_000), short(400_000), short(20_000_000)],
            ["9\u{202f}000", "400 k", "20 M"]
        );
    }

    #[test]
    fn a_plot_says_its_name_and_escapes_what_it_is_of() {
        let plot = bars("plays <b>", &[("<i>".into(), 3), ("b".into(), 0)]).into_string();
        assert!(plot.contains("aria-label=\"plays &lt;b&gt;\"") && plot.contains("&lt;i&gt;"));
        assert_eq!(plot.matches("<rect").count(), 1);
        let funnel = funnel("f", &[("plays", 10), ("scans", 0)]).into_string();
        assert_eq!(funnel.matches("bar-of").count(), 1);
    }

    #[test]
    fn bars_fill_the_width_whatever_it_is_and_few_of_them_are_no_walls() {
        let day: Vec<(String, u64)> = (0..24).map(|hour| (hour.to_string(), 5)).collect();
        let plot = bars("a day", &day).into_string();
        assert!(!plot.contains("viewBox"), "{plot}");
        assert!(
            plot.contains("x=\"0.42%\"") && plot.contains("x=\"96.25%\""),
            "{plot}"
        );
        let plot = bars("one day", &day[..1]).into_string();
        assert!(plot.contains("width=\"11.43%\""), "{plot}");
    }
}
