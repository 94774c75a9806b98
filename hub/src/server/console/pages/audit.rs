//! The log of who did what.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use maud::html;

use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::layout::{self, Chapter, Line};
use crate::server::console::{audit_words, refusals, words};
use crate::store::StoreError;
use crate::store::audit::AuditLine;
use crate::system::clock;

/// Rows on one page.
const PER_PAGE: usize = 50;
/// Most rows of one export, the newest.
const EXPORTED_MAX: usize = 20_000;

/// Reads rows, newest first, older than what `before` says.
async fn read(app: &Shared, fields: &Fields, count: usize) -> Result<Vec<AuditLine>, StoreError> {
    let (before, text) = (fields.get("before").parse().ok(), text_of(fields));
    app.work(move |app| app.hub.store.audit(before, &text, count))
        .await
}

fn text_of(fields: &Fields) -> String {
    fields.get("q").trim().chars().take(100).collect()
}

/// `GET /console/audit`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let mut lines = match read(&app, &fields, PER_PAGE + 1).await {
        Ok(lines) => lines,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let has_more = lines.len() > PER_PAGE;
    lines.truncate(PER_PAGE);
    let text = text_of(&fields);
    let language = asker.visitor.language;
    let export = |path: &str| asker.at(&path_with(path, &[("q", &text)]));
    let body = html! {
        form.filter method="get" action=(asker.at("/console/audit")) role="search" {
            div.wide { (Line { kind: "search", ..Line::text("q", asker.say(["谁，或什么", "Who, or to what"]), &text) }.markup()) }
            button { (asker.say(["查找", "Find"])) }
        }
        section {
            @if lines.is_empty() {
                p { (asker.say(["没有符合的记录。", "Nothing in the log is like that."])) }
            } @else {
                ul.rows { @for line in &lines { li.item {
                    strong { (words::verb(language, &line.verb)) } " " (audit_words::subject(language, line))
                    @if !line.detail.is_empty() { br; (audit_words::detail(language, line)) }
                    br; span.soft { (layout::moment(line.at_ms)) " · " (audit_words::actor(language, &line.actor)) }
                } } }
            }
        }
        div.foot {
            span { a.button href=(export("/console/audit.csv")) { "CSV" } " " a.button href=(export("/console/audit.jsonl")) { "JSON Lines" } }
            @if has_more && let Some(last) = lines.last() {
                a.button href=(asker.at(&path_with("/console/audit", &[("q", &text), ("before", &last.id.to_string())]))) { (asker.say(["更早的", "Older"])) }
            }
        }
    };
    layout::page(
        &asker,
        Chapter::Audit,
        asker.say(["谁做了什么", "Who did what"]),
        &fields,
        &body,
    )
}

/// `GET /console/audit.csv`.
pub(crate) async fn csv(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    match read(&app, &fields, EXPORTED_MAX).await {
        Ok(lines) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"audit.csv\"",
                ),
            ];
            (headers, csv_of(&lines)).into_response()
        }
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// `GET /console/audit.jsonl`.
pub(crate) async fn json_lines(
    State(app): State<Shared>,
    asker: Asker,
    fields: Fields,
) -> Response {
    match read(&app, &fields, EXPORTED_MAX).await {
        Ok(lines) => {
            let lines = lines
                .iter()
                .filter_map(|line| serde_json::to_string(line).ok());
            let text: String = lines.map(|line| line + "\n").collect();
            let headers = [
                (header::CONTENT_TYPE, "application/jsonl; charset=utf-8"),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"audit.jsonl\"",
                ),
            ];
            (headers, text).into_response()
        }
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// Writes rows as a table that Excel opens.
fn csv_of(lines: &[AuditLine]) -> String {
    let mut text = String::from("\u{feff}id,at,actor,verb,subject,detail\r\n");
    for line in lines {
        let at = clock::rfc3339(line.at_ms);
        let cells = [
            &line.id.to_string(),
            &at,
            &line.actor,
            &line.verb,
            &line.subject,
            &line.detail,
        ];
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        text += &cells.join(",");
        text += "\r\n";
    }
    text
}

/// Quotes a cell. One that a spreadsheet would take for a formula begins with a quotation mark,
/// since names are chosen by others.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_ends_its_row() {
        let line = AuditLine {
            id: 7,
            at_ms: 0,
            actor: "=1+1".into(),
            verb: "screen.add".into(),
            subject: "a \"b\", c".into(),
            detail: "@x\r\ny".into(),
        };
        let text = csv_of(&[line]);
        let row = text.split_once("\r\n").unwrap().1;
        assert_eq!(
            row,
            "\"7\",\"1970-01-01T00:00:00Z\",\"'=1+1\",\"screen.add\",\"a \"\"b\"\", c\",\"'@x\r\ny\"\r\n"
        );
    }
}
