//! What a person approves: the fix's diff, and what the check found in it.

use super::error::AppError;
use super::service::Service;
use super::view::diff::DiffView;
use crate::check;
use crate::domain::fix::{Branch, Fix};
use crate::git::project::ProjectError;

impl Service {
    /// Returns the diff of the incident's fix against where its branch started, and how its check ended.
    ///
    /// Fails if there is no fix yet, and if neither this clone nor the remote has its commits.
    pub async fn diff(&self, key: &str) -> Result<DiffView, AppError> {
        let incident = self.incident(key).await?;
        let (Some(branch), Some(fix)) = (incident.detail::<Branch>(), incident.detail::<Fix>()) else {
            return Err(AppError::NoFix { id: incident.id });
        };
        let project = &self.tools.project;
        project.bring(&fix.commit).await?;
        // What the repository or the person has set for showing diffs may run programs.
        let diff =
            ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--end-of-options", &branch.start, &fix.commit];
        let diff = project.git.run(diff).await.map_err(ProjectError::from)?;
        let check = self.last_check(&incident).map(|check| match check.held().as_slice() {
            [] => check::summary(&check),
            held => format!("held by {}", held.join(", ")),
        });
        Ok(DiffView { incident: incident.id, base: branch.start, commit: fix.commit, check, diff })
    }
}
