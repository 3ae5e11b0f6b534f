//! The demo's incident, and where its sandbox is.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::incident::IncidentView;
use super::next::NextView;
use crate::domain::incident::Incident;
use crate::domain::observation::Watch;
use crate::domain::verdict::Verdict;

/// The incident that the demo ended with.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DemoView {
    #[serde(flatten)]
    pub incident: IncidentView,
    pub sandbox: SandboxView,
    /// The last verdict about production; null if there was none.
    pub verdict: Option<Verdict>,
}

/// Where the sandbox is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Sandbox")]
pub struct SandboxView {
    pub path: String,
    pub remote: String,
}

impl DemoView {
    pub fn of(incident: &Incident, next: NextView, sandbox: &Path, remote: &Path) -> DemoView {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        DemoView {
            incident: IncidentView::of(incident, next),
            sandbox: SandboxView { path: text(sandbox), remote: text(remote) },
            verdict: incident.detail::<Watch>().map(|watch| watch.verdict),
        }
    }
}
