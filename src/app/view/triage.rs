//! The result of the rules for a report.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::severity::Severity;
use crate::domain::triage::{Route, Triage};

/// Where a report goes, and how bad it is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TriageView {
    pub route: Route,
    /// Null if it is not an emergency.
    pub severity: Option<Severity>,
    /// The rule that decided, and the phrase that it found.
    pub rule: String,
    /// The file that the report was read from; null if it was given as text.
    pub file: Option<String>,
}

impl TriageView {
    pub fn of(triage: &Triage, file: Option<&Path>) -> TriageView {
        let file = file.map(|file| file.to_string_lossy().into_owned());
        TriageView { route: triage.route, severity: triage.severity, rule: triage.rule.clone(), file }
    }
}
