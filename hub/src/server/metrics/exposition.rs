//! Writes metrics as OpenMetrics text, version 1.0.

use std::fmt::{Display, Write as _};

use crate::system::histogram::HistogramCounts;

/// The type of such a text.
pub(in crate::server) const CONTENT_TYPE: &str =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the samples of a family are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// How often something was up to each of a few bounds.
    Histogram,
    /// Texts that do not change while the process lives.
    Info,
}

/// A text that is being written.
#[derive(Debug, Default)]
pub(in crate::server) struct Exposition {
    text: String,
    /// The family whose samples follow, and of what kind it is.
    family: &'static str,
    suffix: &'static str,
}

impl Exposition {
    /// Begins a family; its samples follow. A name ends with its unit, if it has one, and without
    /// `_total`.
    pub(in crate::server) fn family(
        &mut self,
        name: &'static str,
        kind: Kind,
        unit: Option<&str>,
        help: &str,
    ) {
        let (word, suffix) = match kind {
            Kind::Counter => ("counter", "_total"),
            Kind::Gauge => ("gauge", ""),
            Kind::Histogram => ("histogram", ""),
            Kind::Info => ("info", "_info"),
        };
        (self.family, self.suffix) = (name, suffix);
        self.line(format_args!("# TYPE {name} {word}"));
        if let Some(unit) = unit {
            self.line(format_args!("# UNIT {name} {unit}"));
        }
        self.line(format_args!("# HELP {name} {}", escaped(help)));
    }

    /// Writes a sample of the family that was begun last.
    pub(in crate::server) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let (family, suffix) = (self.family, self.suffix);
        let labels = labels_text(labels, None);
        self.line(format_args!("{family}{suffix}{labels} {value}"));
    }

    /// Writes a histogram as samples of the family that was begun last. `per_unit` is how many of
    /// what was counted make one of the family's unit.
    pub(in crate::server) fn histogram(
        &mut self,
        labels: &[(&str, &str)],
        counts: &HistogramCounts,
        per_unit: f64,
    ) {
        let family = self.family;
        // Far below 2^53, where whole numbers would no longer be exact.
        let in_unit = |number: u64| number as f64 / per_unit;
        for (bound, count) in &counts.up_to {
            let labels = labels_text(labels, Some(&format!("{:?}", in_unit(*bound))));
            self.line(format_args!("{family}_bucket{labels} {count}"));
        }
        let infinite = labels_text(labels, Some("+Inf"));
        let labels = labels_text(labels, None);
        let (count, sum) = (counts.count, in_unit(counts.sum));
        self.line(format_args!("{family}_bucket{infinite} {count}"));
        self.line(format_args!("{family}_count{labels} {count}"));
        self.line(format_args!("{family}_sum{labels} {sum}"));
    }

    /// Ends the text.
    pub(in crate::server) fn end(mut self) -> String {
        self.line(format_args!("# EOF"));
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "{line}");
    }
}

fn labels_text(labels: &[(&str, &str)], bound: Option<&str>) -> String {
    let all = labels
        .iter()
        .copied()
        .chain(bound.map(|bound| ("le", bound)));
    let all: Vec<String> = all
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    if all.is_empty() {
        return String::new();
    }
    format!("{{{}}}", all.join(","))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::histogram::Histogram;

    #[test]
    fn a_text_is_what_the_standard_says_it_is() {
        let mut text = Exposition::default();
        text.family("hub", Kind::Info, None, "What this is.");
        text.sample(&[("version", "1\"2\\3\n")], 1);
        text.family("hub_requests", Kind::Counter, None, "How many.");
        text.sample(&[("route", "/q/{token}"), ("status", "2xx")], 7);
        text.family("hub_open", Kind::Gauge, None, "How many are open.");
        text.sample(&[], 3);
        text.family(
            "hub_wait_seconds",
            Kind::Histogram,
            Some("seconds"),
            "How long.",
        );
        let waits = Histogram::new([1_000, 2_500_000]);
        for wait_us in [500, 2_000_000, 9_000_000] {
            waits.add(wait_us);
        }
        text.histogram(&[("route", "/")], &waits.counts(), 1e6);
        assert_eq!(
            text.end(),
            r#"# TYPE hub info
# HELP hub What this is.
hub_info{version="1\"2\\3\n"} 1
# TYPE hub_requests counter
# HELP hub_requests How many.
hub_requests_total{route="/q/{token}",status="2xx"} 7
# TYPE hub_open gauge
# HELP hub_open How many are open.
hub_open 3
# TYPE hub_wait_seconds histogram
# UNIT hub_wait_seconds seconds
# HELP hub_wait_seconds How long.
hub_wait_seconds_bucket{route="/",le="0.001"} 1
hub_wait_seconds_bucket{route="/",le="2.5"} 2
hub_wait_seconds_bucket{route="/",le="+Inf"} 3
hub_wait_seconds_count{route="/"} 3
hub_wait_seconds_sum{route="/"} 11.0005
# EOF
"#
        );
    }
}
