//! Documents about an incident, as text.

use schemars::JsonSchema;
use serde::Serialize;

/// The report on an incident.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReportView {
    /// The incident's identifier.
    pub incident: String,
    /// Markdown.
    pub report: String,
}

/// The post-mortem of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PostMortemView {
    /// The incident's identifier.
    pub incident: String,
    /// Markdown.
    pub post_mortem: String,
}
