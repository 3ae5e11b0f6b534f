//! The JSON schemas of everything that `--json` prints, made from the types of the views.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::action::ActionsView;
use super::audit::AuditView;
use super::backport::{OpenedConflict, UndoneView};
use super::case::CaseView;
use super::check::CheckedView;
use super::checklist::ChecklistView;
use super::demo::DemoView;
use super::diff::DiffView;
use super::document::{PostMortemView, ReportView};
use super::due::DueView;
use super::error::ErrorView;
use super::help::{CompletionsView, PageView, PagesView};
use super::inbox::{InboxView, SentsView};
use super::incident::IncidentView;
use super::init::{AdoptedView, InitView};
use super::investigation::InvestigatedView;
use super::lease::LeasesView;
use super::list::ListView;
use super::notify::{NoticesView, TestedView};
use super::people::PeopleView;
use super::plan::{NothingOpen, NothingToDo, PlanView, StartPlan, UndoPlan};
use super::release::LogView;
use super::status::StatusView;
use super::store::ImportedView;
use super::take_over::TakeOverView;
use super::timeline::{EventsView, TimelineView};
use super::triage::TriageView;
use super::watch::WatchView;
use crate::domain::check::Check;
use crate::domain::rung::Back;
use crate::git::backport::report::Report;

/// The schema of a type, whose definition is kept in the generator.
type Form = fn(&mut SchemaGenerator) -> Schema;

/// The name of the schema for errors, which belongs to no command.
pub const ERROR: &str = "error";

/// Every form of output of each command, with those of its sub-commands and of each of its lines.
const COMMANDS: &[(&str, &[Form])] = &[
    ("abort", &[form::<CaseView>, form::<UndoPlan>]),
    ("ack", &[form::<IncidentView>, form::<SentsView>]),
    ("action", &[form::<ActionsView>, form::<SentsView>]),
    ("approve", &[form::<IncidentView>, form::<SentsView>]),
    ("audit", &[form::<AuditView>]),
    ("backport", &[form::<Report>, form::<OpenedConflict>, form::<UndoneView>]),
    ("check", &[form::<Check>, form::<CheckedView>, form::<IncidentView>]),
    ("checklist", &[form::<ChecklistView>, form::<SentsView>]),
    ("completions", &[form::<CompletionsView>]),
    ("decide", &[form::<IncidentView>, form::<SentsView>]),
    ("declare", &[form::<IncidentView>]),
    ("demo", &[form::<DemoView>]),
    ("deploy", &[form::<CaseView>, form::<PlanView>, form::<NothingToDo>]),
    ("diff", &[form::<DiffView>]),
    (ERROR, &[form::<ErrorView>]),
    ("inbox", &[form::<InboxView>]),
    ("init", &[form::<InitView>, form::<AdoptedView>]),
    ("investigate", &[form::<InvestigatedView>, form::<IncidentView>]),
    ("issue", &[form::<TriageView>]),
    ("lease", &[form::<LeasesView>]),
    ("list", &[form::<ListView>, form::<DueView>]),
    ("log", &[form::<LogView>]),
    ("man", &[form::<PageView>, form::<PagesView>]),
    ("note", &[form::<CaseView>, form::<SentsView>]),
    ("notify", &[form::<NoticesView>, form::<TestedView>]),
    ("people", &[form::<PeopleView>]),
    ("postmortem", &[form::<PostMortemView>]),
    ("report", &[form::<ReportView>]),
    ("resume", &[form::<CaseView>, form::<PlanView>, form::<NothingOpen>]),
    ("rollback", &[form::<CaseView>, form::<PlanView>, form::<Back>, form::<NothingToDo>]),
    ("severity", &[form::<IncidentView>, form::<SentsView>]),
    ("ship", &[form::<IncidentView>, form::<PlanView>]),
    ("start", &[form::<IncidentView>, form::<StartPlan>]),
    ("status", &[form::<StatusView>]),
    ("store", &[form::<ImportedView>]),
    ("takeover", &[form::<CaseView>, form::<TakeOverView>]),
    ("timeline", &[form::<TimelineView>, form::<EventsView>]),
    ("waive", &[form::<CaseView>, form::<SentsView>]),
    ("watch", &[form::<WatchView>]),
];

fn form<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Returns the schema of what each command prints with `--json`, by the command's name, and of errors.
pub fn schemas() -> BTreeMap<&'static str, Value> {
    COMMANDS.iter().map(|(command, forms)| (*command, schema(command, forms))).collect()
}

fn schema(command: &str, forms: &[Form]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let forms: Vec<Value> = forms.iter().map(|form| form(&mut generator).to_value()).collect();
    let definitions = generator.take_definitions(true);
    let mut closed = definitions.clone();
    closed.values_mut().for_each(|schema| close(schema, &definitions));
    let title =
        if command == ERROR { "hotfix --json: an error".to_owned() } else { format!("hotfix {command} --json") };
    let mut whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "oneOf": forms,
        "$defs": closed,
    });
    drop_unused(&mut whole);
    whole
}

/// The keywords whose schemas apply to the same object.
const BESIDE: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Refuses every property that the schema does not name, in all objects within it: nothing is printed
/// that is not promised.
fn close(schema: &mut Value, definitions: &Map<String, Value>) {
    let Some(object) = schema.as_object_mut() else { return };
    let is_object = object.contains_key("properties");
    if is_object {
        merge_reference(object, definitions);
        let combined = BESIDE.iter().any(|keyword| object.contains_key(*keyword));
        let keyword = if combined { "unevaluatedProperties" } else { "additionalProperties" };
        object.insert(keyword.to_owned(), Value::Bool(false));
    }
    for (keyword, inner) in object.iter_mut() {
        match keyword.as_str() {
            "properties" => children(inner).for_each(|property| close(property, definitions)),
            "items" | "additionalProperties" => close(inner, definitions),
            "prefixItems" => children(inner).for_each(|item| close(item, definitions)),
            // A part of this object can't refuse what the rest of it names.
            keyword if BESIDE.contains(&keyword) && is_object => {
                let properties = children(inner).filter_map(|part| part.get_mut("properties"));
                properties.flat_map(children).for_each(|property| close(property, definitions));
            }
            keyword if BESIDE.contains(&keyword) => children(inner).for_each(|form| close(form, definitions)),
            _ => {}
        }
    }
}

/// Adds the properties of the type that `object` refers to: a tag and the fields of its variant are in one
/// object, and neither schema may refuse the other's.
fn merge_reference(object: &mut Map<String, Value>, definitions: &Map<String, Value>) {
    let Some(Value::String(reference)) = object.remove("$ref") else { return };
    let name = reference.rsplit('/').next().unwrap_or_default();
    let referred = definitions.get(name).cloned().unwrap_or_default();
    for keyword in ["properties", "required"] {
        match (object.get_mut(keyword), referred.get(keyword)) {
            (Some(Value::Object(own)), Some(Value::Object(more))) => own.extend(more.clone()),
            (Some(Value::Array(own)), Some(Value::Array(more))) => own.extend(more.clone()),
            _ => {}
        }
    }
}

fn children(value: &mut Value) -> Box<dyn Iterator<Item = &mut Value> + '_> {
    match value {
        Value::Object(map) => Box::new(map.values_mut()),
        Value::Array(list) => Box::new(list.iter_mut()),
        _ => Box::new(std::iter::empty()),
    }
}

/// Removes definitions that nothing refers to.
fn drop_unused(schema: &mut Value) {
    let text = schema.to_string();
    if let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        definitions.retain(|name, _| text.contains(&format!("\"#/$defs/{name}\"")));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_schemas_in_docs_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
        let write = std::env::var_os("HOTFIX_WRITE_SCHEMAS").is_some();
        let mut stale = BTreeSet::new();
        for (command, schema) in schemas() {
            let (path, text) = (folder.join(format!("{command}.json")), format!("{schema:#}\n"));
            if write {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            if std::fs::read_to_string(&path).ok() != Some(text) {
                stale.insert(path);
            }
        }
        let there = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        stale.extend(there.filter(|path| {
            let command = path.file_stem().unwrap_or_default().to_string_lossy();
            !COMMANDS.iter().any(|(known, _)| *known == command)
        }));
        assert!(stale.is_empty(), "HOTFIX_WRITE_SCHEMAS=1 cargo test --lib schema writes them again: {stale:#?}");
    }

    #[test]
    fn a_schema_refuses_what_it_does_not_name() {
        let definitions = json!({ "Held": { "type": "object", "properties": { "why": {} }, "required": ["why"] } });
        let definitions = definitions.as_object().unwrap();
        for (open, closed) in [
            (json!({ "type": "string" }), json!({ "type": "string" })),
            (
                json!({ "properties": { "a": { "items": { "properties": {} } } } }),
                json!({ "properties": { "a": { "items": { "properties": {}, "additionalProperties": false } } },
                        "additionalProperties": false }),
            ),
            (
                json!({ "properties": { "tag": {} }, "required": ["tag"], "$ref": "#/$defs/Held" }),
                json!({ "properties": { "tag": {}, "why": {} }, "required": ["tag", "why"],
                        "additionalProperties": false }),
            ),
            (
                json!({ "properties": { "a": {} }, "oneOf": [{ "properties": { "b": {} } }] }),
                json!({ "properties": { "a": {} }, "oneOf": [{ "properties": { "b": {} } }],
                        "unevaluatedProperties": false }),
            ),
            (
                json!({ "anyOf": [{ "properties": { "b": {} } }, { "type": "null" }] }),
                json!({ "anyOf": [{ "properties": { "b": {} }, "additionalProperties": false }, { "type": "null" }] }),
            ),
        ] {
            let mut schema = open.clone();
            close(&mut schema, definitions);
            assert_eq!(schema, closed, "{open}");
        }
    }
}
