//! The description of all calls, as OpenAPI 3.1 has it, made of the table of routes.

use serde_json::{Map, Value, json};

use crate::server::api::base::{BASE, PAGE_MAX};
use crate::server::api::route::{ARCHIVE, PICTURE, Route};
use crate::server::api::schema::{Field, Form, Holds};
use crate::server::api::{
    forms_of_alerts, forms_of_campaigns, forms_of_drafts, forms_of_people, forms_of_reports,
    forms_of_screens, forms_of_sources, forms_of_times, routes_of_quotas, routes_of_slots,
};
use crate::server::console::rule::Rule;

/// All forms.
pub(super) fn forms() -> impl Iterator<Item = &'static Form> {
    [
        forms_of_screens::FORMS,
        forms_of_campaigns::FORMS,
        forms_of_drafts::FORMS,
        forms_of_reports::FORMS,
        forms_of_people::FORMS,
        forms_of_sources::FORMS,
        forms_of_alerts::FORMS,
        forms_of_times::FORMS,
        routes_of_slots::FORMS,
        routes_of_quotas::FORMS,
    ]
    .into_iter()
    .flatten()
}

/// Describes these calls.
pub(super) fn document(routes: &[Route]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let of_path = paths.entry(route.call.path).or_insert_with(|| json!({}));
        of_path[route.call.method.word().to_ascii_lowercase()] = operation(route);
    }
    let mut schemas: Map<String, Value> = forms()
        .map(|(name, fields)| ((*name).to_owned(), object(fields)))
        .collect();
    schemas.insert("Problem".to_owned(), json!({
        "type": "object",
        "description": "RFC 9457",
        "required": ["status", "title"],
        "properties": { "status": { "type": "integer" }, "title": { "type": "string" }, "detail": { "type": "string" } },
    }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Passerby hub",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "Screens, campaigns, reports and people of one hub. Lists come in pages of at most {PAGE_MAX}. A change with an Idempotency-Key is made once, and asked for again within a day gets the same answer."
            ),
        },
        "servers": [{ "url": BASE }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": "made in the console under Account" } },
        },
    })
}

fn operation(route: &Route) -> Value {
    let named = route.call.path.split(['{', '}']).skip(1).step_by(2);
    let in_path = named.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let in_query = route.query.iter().map(|(name, holds, means)| {
        json!({ "name": name, "in": "query", "description": means, "schema": schema(*holds) })
    });
    let mut parameters: Vec<Value> = in_path.chain(in_query).collect();
    let is_change = route.call.method.word() != "GET";
    if is_change {
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "maxLength": 100 } }));
    }
    let mut answers: Map<String, Value> = Map::new();
    for status in route.call.statuses {
        let answer = if *status < 300 && route.answers == ARCHIVE {
            json!({ "description": "done", "content": { "application/zip": {} } })
        } else if *status < 300 && route.answers == PICTURE {
            json!({ "description": "done", "content": { "image/jpeg": {} } })
        } else if *status < 300 {
            json!({ "description": "done", "content": { "application/json": { "schema": reference(route.answers) } } })
        } else {
            problem("nothing was changed")
        };
        answers.insert(status.to_string(), answer);
    }
    if route.rule != Rule::Open {
        answers.insert(
            "401".to_owned(),
            problem("no token, or one that does not work"),
        );
        answers.insert(
            "403".to_owned(),
            problem("the token, or its person, may not do this"),
        );
    }
    let mut operation = json!({
        "summary": route.call.does,
        "parameters": parameters,
        "responses": answers,
        "security": if route.rule == Rule::Open { json!([]) } else { json!([{ "token": [] }]) },
    });
    if let Rule::May(right) | Rule::MayUpload(right) = route.rule {
        operation["x-right"] = json!(right.word());
    }
    if matches!(route.rule, Rule::MayUpload(_)) {
        operation["requestBody"] = json!({ "content": { "application/octet-stream": {} } });
    }
    if let Some(takes) = route.takes {
        operation["requestBody"] =
            json!({ "content": { "application/json": { "schema": reference(takes) } } });
    }
    operation
}

fn problem(means: &str) -> Value {
    json!({ "description": means, "content": { "application/problem+json": { "schema": reference("Problem") } } })
}

fn reference(form: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{form}") })
}

fn object(fields: &[Field]) -> Value {
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| !field.may_be_missing)
        .map(|field| field.name)
        .collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| {
            let mut property = schema(field.holds);
            property["description"] = json!(field.means);
            (field.name.to_owned(), property)
        })
        .collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn schema(holds: Holds) -> Value {
    match holds {
        Holds::Text => json!({ "type": "string" }),
        Holds::Whole | Holds::Moment => json!({ "type": "integer" }),
        Holds::Number => json!({ "type": "number" }),
        Holds::Truth => json!({ "type": "boolean" }),
        Holds::Wholes => json!({ "type": "array", "items": { "type": "integer" } }),
        Holds::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Holds::Word(words) => json!({ "type": "string", "enum": words }),
        Holds::One(form) => reference(form),
        Holds::Many(form) => json!({ "type": "array", "items": reference(form) }),
    }
}
