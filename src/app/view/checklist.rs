//! The checklists, and what is ticked in them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::incident::Incident;

/// The items of each checklist, by the list's name.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ChecklistView {
    pub checklist: BTreeMap<String, Vec<Item>>,
}

/// An item of a checklist.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Item {
    pub item: String,
    pub done: bool,
}

impl ChecklistView {
    /// Returns the configured `lists` with what is ticked in `incident`.
    pub fn of(lists: &BTreeMap<String, Vec<String>>, incident: &Incident) -> ChecklistView {
        let item = |item: &String| Item { item: item.clone(), done: incident.ticked.contains(item) };
        let list = |(name, items): (&String, &Vec<String>)| (name.clone(), items.iter().map(item).collect());
        ChecklistView { checklist: lists.iter().map(list).collect() }
    }
}
