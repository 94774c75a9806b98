//! `passerby-hub report`: what was played, scanned and visited.

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use passerby_protocol::{CampaignId, ScreenNumber};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output};
use crate::report_text;
use crate::report_text::breakdown;
use crate::store::{BreakdownError, By, Filter};
use crate::system::clock;

#[derive(Args)]
pub(crate) struct Arguments {
    /// One line a day, hour of the day, weekday, screen, campaign or creative, in place of the
    /// whole report; days and hours are those of this machine's time zone
    #[arg(long, value_name = "WHAT")]
    by: Option<Rows>,
    /// Count from the beginning of this day, such as `2026-12-01`; with `--by`
    #[arg(long, value_name = "DATE", requires = "by")]
    from: Option<Date>,
    /// Count until the end of this day; with `--by`
    #[arg(long, value_name = "DATE", requires = "by")]
    until: Option<Date>,
    /// Count only this campaign of the hub's, by the name of its folder; with `--by`
    #[arg(long, value_name = "NAME", requires = "by")]
    campaign: Option<CampaignId>,
    /// Count only this screen; with `--by`
    #[arg(long, value_name = "N", requires = "by")]
    screen: Option<ScreenNumber>,
    /// The form: `text` and `json`, and with `--by` also `csv` for spreadsheets: UTF-8 that Excel
    /// opens as it is; a name that it would take for a formula gets an apostrophe before it
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
    let Some(by) = by else {
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
    let counted = store.breakdown(by.into(), &filter, &clock::time_zone())?;
    let text = match format {
        Form::Csv => breakdown::csv(&counted),
        Form::Text | Form::Json => breakdown::text(&counted),
    };
    output.print(&breakdown::json(&counted), &text)?;
    Ok(())
}
