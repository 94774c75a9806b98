//! `passerby-hub report`: what was played, scanned and visited.

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use passerby_protocol::{CampaignId, ScreenNumber};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output};
use crate::report_text;
use crate::report_text::{breakdown, chains, kinds};
use crate::store::{BreakdownError, By, Filter};
use crate::system::clock;

#[derive(Args)]
pub(crate) struct Arguments {
    /// One line a day, hour of the day, weekday, screen, campaign or creative, in place of the
    /// whole report; days and hours are those of this machine's time zone
    #[arg(long, value_name = "WHAT")]
    by: Option<Rows>,
    /// What became of the shares of a campaign, of a screen, or of both, in place of the whole
    /// report: how many others each person brings, generations, and the largest chains
    #[arg(long, conflicts_with_all = ["by", "from", "until"])]
    chains: bool,
    /// Count from the beginning of this day, such as `2026-12-01`; with `--by`
    #[arg(long, value_name = "DATE", requires = "by")]
    from: Option<Date>,
    /// Count until the end of this day; with `--by`
    #[arg(long, value_name = "DATE", requires = "by")]
    until: Option<Date>,
    /// Count only this campaign of the hub's, by the name of its folder; with `--by` or `--chains`
    #[arg(long, value_name = "NAME")]
    campaign: Option<CampaignId>,
    /// Count only this screen; with `--by` or `--chains`
    #[arg(long, value_name = "N")]
    screen: Option<ScreenNumber>,
    /// The form: `text` and `json`, and with `--by` or `--chains` also `csv` for spreadsheets:
    /// UTF-8 that Excel opens as it is; a name that it would take for a formula gets an apostrophe
    /// before it
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        conflicts_with = "json"
    )]
    format: Form,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rows {
    Day,
    Hour,
    Weekday,
    Screen,
    Campaign,
    Creative,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
    Csv,
}

impl From<Rows> for By {
    fn from(rows: Rows) -> Self {
        match rows {
            Rows::Day => Self::Day,
            Rows::Hour => Self::Hour,
            Rows::Weekday => Self::Weekday,
            Rows::Screen => Self::Screen,
            Rows::Campaign => Self::Campaign,
            Rows::Creative => Self::Creative,
        }
    }
}

impl From<BreakdownError> for Failure {
    fn from(error: BreakdownError) -> Self {
        match error {
            BreakdownError::Store(error) => error.into(),
            refused => Self::Input(vec![refused.to_string()]),
        }
    }
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments {
        by,
        chains,
        from,
        until,
        campaign,
        screen,
        format,
        mut output,
        data,
    } = arguments;
    if format == Form::Json {
        output = Output::json();
    }
    if chains {
        return run_chains(campaign.as_ref(), screen, format, &output, &data);
    }
    let Some(by) = by else {
        if campaign.is_some() || screen.is_some() {
            return Err(Failure::Input(vec![
                "say what to count of it, with --by, such as --by day, or with --chains".to_owned(),
            ]));
        }
        if format == Form::Csv {
            return Err(Failure::Input(vec![
                "the whole report is no one table; say which with --by, such as --by day"
                    .to_owned(),
            ]));
        }
        let report = data.open()?.store.report()?;
        output.print(&json!(report), &report_text::text(&report))?;
        return Ok(());
    };
    let filter = Filter {
        from,
        until,
        campaign,
        screen,
    };
    let store = data.open()?.store;
    let zone = clock::time_zone();
    let counted = store.breakdown(by.into(), &filter, &zone)?;
    let kind = match &filter.campaign {
        Some(campaign) if screen.is_none() => {
            store.kind_report(campaign, &zone, clock::now_ms())?
        }
        _ => None,
    };
    let text = match (format, &kind) {
        (Form::Csv, _) => breakdown::csv(&counted),
        (Form::Text | Form::Json, Some(kind)) => {
            format!("{}\n{}", kinds::text(kind), breakdown::text(&counted))
        }
        (Form::Text | Form::Json, None) => breakdown::text(&counted),
    };
    let mut json = breakdown::json(&counted);
    if let Some(kind) = kind {
        json["kind"] = json!(kind);
    }
    output.print(&json, &text)?;
    Ok(())
}

fn run_chains(
    campaign: Option<&CampaignId>,
    screen: Option<ScreenNumber>,
    format: Form,
    output: &Output,
    data: &Data,
) -> Result<(), Failure> {
    if campaign.is_none() && screen.is_none() {
        return Err(Failure::Input(vec![
            "name a campaign with --campaign, or a screen with --screen".to_owned(),
        ]));
    }
    let report = data
        .open()?
        .store
        .chain_report(campaign, screen, clock::now_ms())?;
    let text = match format {
        Form::Csv => chains::csv(&report),
        Form::Text | Form::Json => chains::text(&report),
    };
    output.print(&chains::json(&report), &text)?;
    Ok(())
}
