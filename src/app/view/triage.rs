//! What the rules say about a report.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::severity::Severity;
use crate::domain::triage::{Route, Triage};

/// Which way a report takes, and how bad it is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TriageView {
    pub route: Route,
    /// Null where it is no emergency.
    pub severity: Option<Severity>,
    /// The rule that decided, and the words that it found.
    pub rule: String,
    /// The file that the report was read from; null where it was given as text.
    pub file: Option<String>,
}

impl TriageView {
    pub fn of(triage: &Triage, file: Option<&Path>) -> TriageView {
        let file = file.map(|file| file.to_string_lossy().into_owned());
        TriageView { route: triage.route, severity: triage.severity, rule: triage.rule.clone(), file }
    }
}
