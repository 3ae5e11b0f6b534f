//! Lists of incidents.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::take_over::{ElsewhereView, PublishedProblem};
use crate::app::mirror::Read;
use crate::domain::incident::Status;
use crate::domain::severity::Severity;
use crate::domain::summary::Summary;

/// Incidents: the open ones, the most urgent first, then those that are over, the newest first.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ListView {
    pub incidents: Vec<ListedIncident>,
    /// Journals that other clones published and that can't be shown, or not as the remote has them now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<PublishedProblem>,
}

/// An incident on one line.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ListedIncident {
    pub id: String,
    pub title: String,
    #[schemars(with = "Severity")]
    pub severity: String,
    #[schemars(with = "Status")]
    pub status: String,
    /// The step that is next or running; empty if there is none.
    pub step: String,
    /// When the problem was first seen; the time of the declaration if nobody said.
    pub detected: Timestamp,
    pub declared: Timestamp,
    /// When its last event was written.
    pub updated: Timestamp,
    /// When it was closed or aborted; null until then.
    pub ended: Option<Timestamp>,
    /// `incident`.
    pub kind: String,
    /// The service; only if all services are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The other clone that works on it; left out if this one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<ElsewhereView>,
}

impl ListView {
    /// Incidents of several services, each with its service's name.
    pub fn everywhere(summaries: Vec<(String, Summary)>) -> ListView {
        let listed = summaries
            .into_iter()
            .map(|(service, summary)| ListedIncident { service: Some(service), ..ListedIncident::from(summary) });
        ListView { incidents: listed.collect(), problems: Vec::new() }
    }

    /// The incidents of one service, with what other clones published.
    pub fn with(summaries: Vec<Summary>, others: &Read) -> ListView {
        let listed = summaries.into_iter().map(|summary| ListedIncident {
            elsewhere: others.find(&summary.key).map(ElsewhereView::of),
            ..ListedIncident::from(summary)
        });
        let problems = others.problems.iter().map(PublishedProblem::of).collect();
        ListView { incidents: listed.collect(), problems }
    }
}

impl From<Summary> for ListedIncident {
    fn from(summary: Summary) -> ListedIncident {
        ListedIncident {
            id: summary.id,
            title: summary.title,
            severity: summary.severity,
            status: summary.status,
            step: summary.step,
            detected: summary.detected,
            declared: summary.declared,
            updated: summary.updated,
            ended: summary.ended,
            kind: summary.kind,
            service: None,
            elsewhere: None,
        }
    }
}
