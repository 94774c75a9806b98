//! Plots as drawings within the page: one question each, bars from zero, labels that a phone shows.
//!
//! Invariant: whoever draws a plot puts the same figures under it as a table.

use maud::{Markup, html};

use crate::server::console::layout::{self, number};

const WIDTH: u32 = 360;
const HEIGHT: u32 = 150;
/// Room for the labels of both axes.
const LEFT: u32 = 44;
const BELOW: u32 = 22;
const ABOVE: u32 = 14;
/// Most labels below the bars.
const LABELS_MAX: usize = 8;

/// Draws a bar for each value. `name` says what it shows to whoever cannot see it.
pub(crate) fn bars(name: &str, values: &[(String, u64)]) -> Markup {
    let most = values.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let top = ceiling(most);
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX).max(1);
    let (across, up) = (f64::from(WIDTH - LEFT), f64::from(HEIGHT - BELOW - ABOVE));
    let step = across / f64::from(count);
    let every = values.len().div_ceil(LABELS_MAX).max(1);
    let floor = f64::from(HEIGHT - BELOW);
    let share = |value: u64| ratio(value, top) * up;
    let bars = values.iter().zip(0_u32..).map(|((label, value), at)| {
        let left = f64::from(LEFT) + step * f64::from(at);
        (label, *value, left, share(*value))
    });
    html! {
        svg.plot viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(name) {
            @for line in [0, top / 2, top] {
                @let y = floor - share(line);
                line x1=(LEFT) x2=(WIDTH) y1=(place(y)) y2=(place(y)) {}
                text x=(LEFT - 6) y=(place(y + 4.0)) text-anchor="end" { (short(line)) }
            }
            @for (at, (label, value, left, height)) in bars.enumerate() {
                @if value > 0 {
                    rect.bar-of x=(place(left + step * 0.1)) y=(place(floor - height.max(1.0)))
                        width=(place(step * 0.8)) height=(place(height.max(1.0))) rx="1.5" {}
                }
                @if at % every == 0 {
                    text x=(place(left + step / 2.0)) y=(HEIGHT - 6) text-anchor="middle" { (label) }
                }
            }
        }
    }
}

/// Draws one bar below the other, each a part of the first: what became of what.
pub(crate) fn funnel(name: &str, values: &[(&str, u64)]) -> Markup {
    let most = values
        .iter()
        .map(|(_, value)| *value)
        .max()
        .unwrap_or(0)
        .max(1);
    let rows = u32::try_from(values.len()).unwrap_or(u32::MAX);
    html! {
        svg.plot viewBox=(format!("0 0 {WIDTH} {}", rows * 40 + 4)) role="img" aria-label=(name) {
            @for ((label, value), at) in values.iter().zip(0_u32..) {
                text x="0" y=(at * 40 + 13) { (label) }
                text x=(WIDTH) y=(at * 40 + 13) text-anchor="end" { (number(*value)) }
                rect.rest x="0" y=(at * 40 + 19) width=(WIDTH) height="12" rx="3" {}
                @if *value > 0 {
                    rect.bar-of x="0" y=(at * 40 + 19) width=(place((ratio(*value, most) * f64::from(WIDTH)).max(2.0))) height="12" rx="3" {}
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

fn place(value: f64) -> String {
    format!("{value:.1}")
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
}
