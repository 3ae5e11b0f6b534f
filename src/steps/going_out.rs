//! What a release brings into production besides the fix, and whether it was found BAD there before.

use std::collections::HashSet;

use super::short;
use crate::domain::evidence::{Detail, Evidence};
use crate::domain::incident::{Incident, StepState};
use crate::domain::production::{Deploy, RollBack};
use crate::domain::release::{ReleaseRecord, verdict_of};
use crate::git::project::{Project, ProjectError};

/// The name that waives a release that contains a BAD one.
pub const BAD_RELEASE: &str = "bad-release";

/// The most commits that are named.
const NAMED: usize = 5;

/// What goes out with a release.
#[derive(Debug, Default)]
pub struct GoingOut {
    /// The commits between what runs and the release, without merges and without the fix's own: short
    /// names and subjects, the newest first. Empty if it is unknown what runs.
    pub commits: Vec<String>,
    /// The releases within it that were found BAD and are not undone.
    pub bad: Vec<String>,
}

impl GoingOut {
    /// Returns what `commit` brings if `current` runs and `history` is the log of the environment, the newest
    /// first; of an incident, what it brings besides the fix, which starts at `base`.
    ///
    /// A BAD release does not count if it is the one to be deployed, which a person has named, if what runs
    /// contains it, if its commits are reverted, or if it is one that `incident` deployed or took back itself:
    /// then this is its fix. Nothing is known of a release whose commit neither this clone nor the remote has.
    pub async fn of(
        project: &Project,
        history: &[ReleaseRecord],
        incident: Option<&Incident>,
        (base, commit): (&str, &str),
        current: &str,
    ) -> Result<GoingOut, ProjectError> {
        if commit.is_empty() || !project.bring(commit).await? {
            return Ok(GoingOut::default());
        }
        let running = project.commit(&format!("refs/tags/{current}")).await?;
        let commits = match &running {
            Some(running) => commits(project, running, base).await?,
            None => Vec::new(),
        };
        let mut bad = Vec::new();
        for (release, at) in found_bad(history) {
            let is_own = incident.is_some_and(|incident| deals_with(incident, release));
            if !is_own && contains(project, commit, at, running.as_deref()).await? {
                bad.push(release.to_owned());
            }
        }
        Ok(GoingOut { commits, bad })
    }

    /// Why it should not go out; `None` if nothing is against it.
    pub fn against(&self) -> Option<String> {
        let names: Vec<String> = self.bad.iter().map(|release| format!("`{release}`")).collect();
        (!names.is_empty())
            .then(|| format!("the release contains {}, found BAD in production before", names.join(", ")))
    }

    /// `7 commits (1a2b3c4d5 New prices; ...)`; `None` if nothing goes out.
    pub fn summary(&self) -> Option<String> {
        let count = self.commits.len();
        let named = self.commits.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
        let more = if count > NAMED { "; ..." } else { "" };
        let commits = if count == 1 { "commit" } else { "commits" };
        (count > 0).then(|| format!("{count} {commits} ({named}{more})"))
    }
}

/// The releases whose last verdict is BAD, each with its commit.
fn found_bad(history: &[ReleaseRecord]) -> Vec<(&str, &str)> {
    let mut seen = HashSet::new();
    let newest = history.iter().filter(|record| !record.commit.is_empty() && seen.insert(record.release.as_str()));
    newest
        .filter(|record| verdict_of(history, &record.release) == Some("BAD"))
        .map(|record| (record.release.as_str(), record.commit.as_str()))
        .collect()
}

/// Whether this incident deployed the release, or took it back.
fn deals_with(incident: &Incident, release: &str) -> bool {
    let names = |evidence: &Evidence, field: &str| evidence.detail[field] == release;
    incident.steps().any(|step| match &step.state {
        StepState::Done { evidence } | StepState::WentBad { evidence } if step.name == Deploy::STEP => {
            names(evidence, "release")
        }
        StepState::Done { evidence } if step.name == RollBack::STEP => names(evidence, "from"),
        _ => false,
    })
}

async fn commits(project: &Project, running: &str, base: &str) -> Result<Vec<String>, ProjectError> {
    let range = format!("{running}..{base}");
    let log = ["log", "--no-merges", "-z", "--format=%H %s", "--no-show-signature", "--end-of-options", &range];
    let log = project.git.run(log).await?;
    let commits = log.split('\0').filter_map(|line| line.split_once(' '));
    Ok(commits.map(|(name, subject)| format!("{} {subject}", short(name))).collect())
}

/// Whether `commit` brings `bad` into production: `running` has not got it, and it is not reverted since.
async fn contains(project: &Project, commit: &str, bad: &str, running: Option<&str>) -> Result<bool, ProjectError> {
    let Some(bad) = project.commit(bad).await? else { return Ok(false) };
    if bad == commit || !project.is_ancestor(&bad, commit).await? {
        return Ok(false);
    }
    let Some(running) = running else { return Ok(true) };
    if project.is_ancestor(&bad, running).await? {
        return Ok(false);
    }
    let brought =
        project.git.run(["rev-list", "--no-merges", "--end-of-options", &bad, &format!("^{running}")]).await?;
    let reverted = reverted(project, &format!("{bad}..{commit}")).await?;
    Ok(brought.lines().any(|name| !reverted.contains(name)))
}

/// The commits that those of `range` say they revert; of a merge, all that it had brought.
async fn reverted(project: &Project, range: &str) -> Result<HashSet<String>, ProjectError> {
    let messages = project.git.run(["log", "--format=%B", "--no-show-signature", "--end-of-options", range]).await?;
    let mut reverted = HashSet::new();
    for line in messages.lines().filter_map(|line| line.strip_prefix("This reverts commit ")) {
        let name: String = line.chars().take_while(char::is_ascii_hexdigit).collect();
        let Some(commit) = project.commit(&name).await? else { continue };
        let first = project.commit(&format!("{commit}^")).await?;
        let brought = match first {
            Some(first) => project.commits(&format!("{first}..{commit}")).await?,
            None => Vec::new(),
        };
        reverted.extend(brought);
        reverted.insert(commit);
    }
    Ok(reverted)
}
