//! The record of processing, for programs, spreadsheets and eyes.

use std::fmt::Write as _;

use passerby_protocol::csv;
use passerby_protocol::csv::Cell;
use passerby_protocol::{Campaign, CampaignId};
use serde::Serialize;

use crate::privacy::{PROCESSINGS, Processing};
use crate::store::HubOperator;

/// What stands where nobody has said who runs the hub.
const NOT_SAID: &str =
    "not said; set it with `passerby-hub privacy --operator NAME --contact HOW`, or in the console";

/// What is kept of people, by whom, and which campaigns use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Who runs the hub.
    pub operator: Option<HubOperator>,
    /// What is kept, in English.
    pub processings: Vec<RecordLine>,
}

/// One thing that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordLine {
    /// What programs call it.
    pub id: &'static str,
    /// What is kept.
    pub what: &'static str,
    /// What for.
    pub purpose: &'static str,
    /// On what ground.
    pub ground: &'static str,
    /// For how long.
    pub kept: &'static str,
    /// How somebody has it erased.
    pub erased: &'static str,
    /// In which tables of the database.
    pub tables: &'static [&'static str],
    /// The campaigns that use it now.
    pub campaigns: Vec<CampaignId>,
}

impl RecordLine {
    fn of(processing: &Processing, campaigns: &[(CampaignId, Campaign)]) -> Self {
        let [_, what] = processing.what;
        let [_, purpose] = processing.purpose;
        let [_, ground] = processing.ground;
        let [_, kept] = processing.kept;
        let [_, erased] = processing.erased;
        let using = campaigns
            .iter()
            .filter(|(_, campaign)| (processing.is_of)(campaign));
        Self {
            id: processing.id,
            what,
            purpose,
            ground,
            kept,
            erased,
            tables: processing.tables,
            campaigns: using.map(|(id, _)| id.clone()).collect(),
        }
    }
}

impl Record {
    /// Makes the record of a hub with these campaigns.
    pub fn new(operator: Option<HubOperator>, campaigns: &[(CampaignId, Campaign)]) -> Self {
        let lines = PROCESSINGS.iter();
        Self {
            operator,
            processings: lines
                .map(|processing| RecordLine::of(processing, campaigns))
                .collect(),
        }
    }

    /// For eyes.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A String takes everything.
        let _ = match &self.operator {
            Some(operator) => writeln!(text, "by {}, {}", operator.name, operator.contact),
            None => writeln!(text, "by whom: {NOT_SAID}"),
        };
        for line in &self.processings {
            let _ = writeln!(
                text,
                "\n{}\n  what     {}\n  for      {}\n  ground   {}\n  kept     {}\n  erased   {}\n  tables   {}\n  used by  {}",
                line.id,
                line.what,
                line.purpose,
                line.ground,
                line.kept,
                line.erased,
                line.tables.join(", "),
                campaigns(line)
            );
        }
        text
    }

    /// For spreadsheets.
    pub fn csv(&self) -> String {
        let mut text = csv::head(&[
            "id", "what", "for", "ground", "kept", "erased", "tables", "used by", "operator",
            "contact",
        ]);
        let operator = self.operator.as_ref();
        for line in &self.processings {
            let (tables, campaigns) = (line.tables.join(" "), campaigns(line));
            text += &csv::row(&[
                Cell::Text(line.id),
                Cell::Text(line.what),
                Cell::Text(line.purpose),
                Cell::Text(line.ground),
                Cell::Text(line.kept),
                Cell::Text(line.erased),
                Cell::Text(&tables),
                Cell::Text(&campaigns),
                Cell::Text(operator.map_or("", |operator| &operator.name)),
                Cell::Text(operator.map_or("", |operator| &operator.contact)),
            ]);
        }
        text
    }
}

fn campaigns(line: &RecordLine) -> String {
    let names: Vec<&str> = line.campaigns.iter().map(CampaignId::as_str).collect();
    names.join(" ")
}
