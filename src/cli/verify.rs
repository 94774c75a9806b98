//! `passerby verify`: checks proofs of play, for whoever was given one.
//!
//! Invariant: a file is read line by line, whatever its size, and nothing of this machine is needed
//! or changed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use passerby_protocol::proof_of_play::{
    Count, FAULTS_MAX, LINE_BYTES_MAX, PublicKey, Verdict, Verifier, forks,
};
use passerby_protocol::toml_fields::Problem;

use crate::cli::failure::Failure;
use crate::cli::json_output::print_json_line;

/// Most files at one time; of each two, what is remembered to compare them is some 32 bytes a play.
const FILES_MAX: usize = 16;

/// Check proofs of play that `passerby plays --format proof` wrote
///
/// Exits with 2 when something is wrong.
#[derive(clap::Args)]
pub(super) struct Verify {
    #[arg(required = true, value_name = "FILE", num_args = 1..=FILES_MAX, help = format!(
        "The proofs, up to {FILES_MAX}; several of one terminal are compared"
    ))]
    files: Vec<PathBuf>,
    /// The device key that must have signed, as `passerby-hub screen devices` lists it; may be
    /// repeated. Default: any
    #[arg(long = "key", value_name = "HEX", value_parser = key)]
    keys: Vec<PublicKey>,
    /// Print one JSON object a file
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut problems = Vec::new();
        let mut verdicts: Vec<(&Path, Verdict)> = Vec::new();
        for path in &self.files {
            match verify(path, &self.keys, self.files.len() > 1) {
                Ok(verdict) => verdicts.push((path, verdict)),
                Err(error) => problems.push(Problem::with_file(
                    path.display().to_string(),
                    format!("cannot be read: {error}"),
                )),
            }
        }
        for (path, verdict) in &verdicts {
            if self.json {
                print_json_line(&json(path, verdict, !self.keys.is_empty()))?;
            } else {
                // Whoever closed the pipe has read enough; the exit code still tells.
                let _ = std::io::stdout()
                    .write_all(text(path, verdict, !self.keys.is_empty()).as_bytes());
            }
            problems.extend(faults(path, verdict));
        }
        for (at, (path, verdict)) in verdicts.iter().enumerate() {
            for (other_path, other) in &verdicts[at + 1..] {
                let forked = forks(&verdict.trace, &other.trace);
                problems.extend(forked.iter().map(|fork| {
                    problem(
                        path,
                        fork.line,
                        format!(
                            "play {} of this ledger is another one at {}:{}; one of the two stories is not true",
                            fork.seq,
                            other_path.display(),
                            fork.other_line
                        ),
                    )
                }));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Failure::Input(problems))
        }
    }
}

/// Reads a public key as `verify` and hubs print it.
fn key(text: &str) -> Result<PublicKey, String> {
    text.parse().map_err(|_| {
        "a device key has 64 hexadecimal digits, as `passerby-hub screen devices` prints it"
            .to_owned()
    })
}

fn verify(path: &Path, keys: &[PublicKey], traces: bool) -> std::io::Result<Verdict> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut verifier = Verifier::new(keys, traces);
    let mut line = Vec::new();
    let mut ended = true;
    loop {
        line.clear();
        // One byte more than a line may have, and its end.
        let limit = LINE_BYTES_MAX as u64 + 2;
        if reader.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        ended = line.last() == Some(&b'\n');
        let goes_on = verifier.line(line.strip_suffix(b"\n").unwrap_or(&line));
        if !goes_on {
            break;
        }
    }
    Ok(verifier.finish(ended))
}

fn problem(path: &Path, line: u64, message: String) -> Problem {
    Problem {
        file: path.display().to_string(),
        line: usize::try_from(line).unwrap_or(usize::MAX),
        message,
        fault: None,
    }
}

fn faults(path: &Path, verdict: &Verdict) -> Vec<Problem> {
    let mut problems: Vec<Problem> = verdict
        .faults
        .iter()
        .map(|fault| problem(path, fault.line, fault.message.clone()))
        .collect();
    if verdict.faults_untold > 0 {
        problems.push(problem(
            path,
            0,
            format!(
                "{} more things are wrong; the first {FAULTS_MAX} are listed",
                verdict.faults_untold
            ),
        ));
    }
    problems
}

fn json(path: &Path, verdict: &Verdict, is_expected: bool) -> serde_json::Value {
    let keys = verdict.keys.iter();
    let screens = verdict.screens.iter();
    let faults = verdict.faults.iter();
    let tally = &verdict.tally;
    serde_json::json!({
        "file": path.display().to_string(),
        "good": verdict.is_good(),
        "key_checked": is_expected,
        "epoch": verdict.epoch.map(|epoch| epoch.to_string()),
        "keys": keys.map(|(key, plays)| serde_json::json!({ "key": key, "plays": plays })).collect::<Vec<_>>(),
        "screens": screens.map(|(screen, hub)| serde_json::json!({ "screen": screen, "hub": hub })).collect::<Vec<_>>(),
        "first_seq": verdict.first_seq,
        "last_seq": verdict.last_seq,
        "segments": verdict.segments,
        "segments_left_out": verdict.left_out,
        "after": verdict.after,
        "made": verdict.made.as_ref().and_then(|made| made.wall_ms).and_then(date),
        "plays": tally.all.plays,
        "visible_ms": tally.all.visible_ms,
        "from": tally.from_ms.and_then(date),
        "until": tally.until_ms.and_then(date),
        "undated": tally.undated,
        "by_campaign": tally.by_campaign,
        "by_creative": tally.by_creative,
        "by_outcome": tally.by_outcome,
        "gaps": verdict.gaps,
        "faults": faults.map(|fault| serde_json::json!({ "line": fault.line, "message": fault.message })).collect::<Vec<_>>(),
        "faults_untold": verdict.faults_untold,
    })
}

fn text(path: &Path, verdict: &Verdict, is_expected: bool) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let tally = &verdict.tally;
    // Writing to a string does not fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<11} {value}");
    };
    for (key, plays) in &verdict.keys {
        line("device key", format!("{key}, {plays} plays"));
    }
    for (screen, hub) in &verdict.screens {
        line(
            "screen",
            format!("{screen} of {}", hub.as_deref().unwrap_or("no hub")),
        );
    }
    if let Some(epoch) = verdict.epoch {
        line("ledger", epoch.to_string());
    }
    if let Some(after) = &verdict.after {
        line(
            "before it",
            format!(
                "ledger {}, which was damaged after its play {}",
                after.epoch, after.last_seq
            ),
        );
    }
    let range = match (verdict.first_seq, verdict.last_seq) {
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        _ => String::new(),
    };
    line(
        "plays",
        format!(
            "{}{range}, in {} segments",
            tally.all.plays,
            verdict.segments - verdict.left_out
        ),
    );
    if verdict.left_out > 0 {
        line(
            "left out",
            format!(
                "{} older segments; their signatures are here, their plays are not",
                verdict.left_out
            ),
        );
    }
    if let (Some(from), Some(until)) = (tally.from_ms.and_then(date), tally.until_ms.and_then(date))
    {
        line("dated", format!("{from} to {until}"));
    }
    line("undated", format!("{} plays", tally.undated));
    let counts = |name: &str,
                  counts: &std::collections::BTreeMap<String, Count>,
                  line: &mut dyn FnMut(&str, String)| {
        for (of, count) in counts {
            // A name is somebody else's text; control characters would write over what stands here.
            let of: String = of
                .chars()
                .filter(|character| !character.is_control())
                .collect();
            line(
                name,
                format!(
                    "{of}: {} plays, {} s",
                    count.plays,
                    count.visible_ms / 1_000
                ),
            );
        }
    };
    counts("campaign", &tally.by_campaign, &mut line);
    counts("creative", &tally.by_creative, &mut line);
    for (outcome, plays) in &tally.by_outcome {
        line("outcome", format!("{outcome}: {plays} plays"));
    }
    for gap in &verdict.gaps {
        line(
            "gap",
            format!(
                "at least {} plays are missing after play {}: {}",
                gap.plays,
                gap.after_seq,
                gap.reason.word()
            ),
        );
    }
    let conclusion = match (verdict.is_good(), is_expected) {
        (false, _) => "not good; what is wrong is listed below",
        (true, true) => "good, and signed by the key that was asked for",
        (true, false) => {
            "consistent. That the plays are real rests on the device key: compare it with what the hub's owner says (`passerby-hub screen devices`) and give it with --key"
        }
    };
    format!("{}: {conclusion}\n{text}", path.display())
}

fn date(wall_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(wall_ms)
        .ok()
        .map(|moment| moment.to_string())
}
