//! A check of any branch of any repository, without an incident.

use std::path::{Path, PathBuf};

use super::author;
use super::error::AppError;
use super::service::Service;
use crate::check::{self, Parts, Subject};
use crate::config::FILE;
use crate::domain::check::Check;
use crate::domain::incident::Incident;
use crate::domain::step_name::StepName;
use crate::gate::known;
use crate::git::Git;
use crate::git::project::{Project, ProjectError};
use crate::guard::sarif;
use crate::policy::{self, Policy};
use crate::proof::Progress;
use crate::steps;

/// What to check.
#[derive(Debug)]
pub struct Request {
    /// A directory in the work tree whose commit is the fix.
    pub directory: PathBuf,
    /// What production runs; by default the commit where the branch left production's.
    pub base: Option<String>,
    pub profile: Option<String>,
    pub parts: Parts,
    /// Whether an earlier proof of the same trees counts.
    pub remember: bool,
}

/// Checks the commit that is checked out, by the rules of what it is compared with if that is named, else by those
/// in force. Nothing of it is journalled; what can be waived, its author waives. Returns what a person has to know of
/// the rules, too.
///
/// Fails if there is nothing to compare it with.
pub async fn check(request: &Request, progress: Progress<'_>) -> Result<(Check, Vec<String>), AppError> {
    let mut project = Project::open(&request.directory).await?;
    let profile = request.profile.as_deref();
    let mut policy = policy::find(&mut project, &request.directory, profile).await?;
    if let Some(base) = &request.base
        && let Some(of_base) = policy::at(&project, base, profile).await?
    {
        policy = of_base;
    }
    let Policy { config, version, is_committed, mut remarks, unfollowed, .. } = policy;
    remarks.extend(unfollowed);
    let here = Git::at(&request.directory);
    let fix =
        commit(&here, "HEAD").await?.ok_or(AppError::NothingToCheck("the branch has no commit yet".to_owned()))?;
    let base = match &request.base {
        Some(revision) => revision.clone(),
        None => left_production(&project, &config.git.production, &fix).await?,
    };
    // Reading the change reports a missing base, with the usual reason: a shallow clone.
    let base = commit(&here, &base).await?.unwrap_or(base);
    let top = here.run(["rev-parse", "--show-toplevel"]).await.map_err(ProjectError::from)?;
    let work_tree = Path::new(&top);
    let gates = if version.files.contains_key(FILE) { config.gate.clone() } else { known::gates(work_tree) };
    let environment = [("HOTFIX_COMMIT", fix.as_str()), ("HOTFIX_BASE", base.as_str())];
    let subject = Subject {
        project: &project,
        config: &config,
        gates: &gates,
        base: &base,
        fix: &fix,
        work_tree,
        environment: &environment.map(|(name, value)| (name.to_owned(), value.to_owned())),
        parts: request.parts,
        budget: config.budget.get(&StepName::Check).map(|budget| budget.0),
        remember: request.remember,
        is_waived: &|_| false,
    };
    let mut check = check::check(&subject, progress).await?;
    // Who names a profile wants all of it.
    if request.profile.is_none() {
        let off = &config.check.off_alone;
        check.violations.retain(|violation| !off.iter().any(|choice| choice.0 == violation.check));
    }
    // A branch can't let itself be waived.
    let allowed = if is_committed { &config.check.waivable_by_author[..] } else { &[] };
    author::waive(&project, &base, allowed, &mut check, progress).await?;
    Ok((check, remarks))
}

/// Returns the findings of a check as SARIF, which forges show beside the code.
pub fn sarif(check: &Check) -> serde_json::Value {
    sarif::sarif(&check.violations)
}

/// Whether there may be incidents here: a journal, or a configuration that names one.
pub async fn may_have_incidents(directory: &Path) -> bool {
    let Ok(mut project) = Project::open(directory).await else { return false };
    if std::env::var_os("HOTFIX_STORE").is_some() || project.common.join("hotfix/journal.db").exists() {
        return true;
    }
    // Rules with a mistake are named by whoever follows them.
    let policy = policy::find(&mut project, directory, None).await;
    policy.map_or(true, |policy| policy.version.files.contains_key(FILE))
}

impl Service {
    /// The last check of the incident's current fix, even if it held it.
    pub fn last_check(&self, incident: &Incident) -> Option<Check> {
        steps::last_check(&self.tools, incident)
    }

    /// Forgets every proof, so that the next check runs the tests again.
    pub fn forget_proofs(&self) -> Result<(), AppError> {
        crate::proof::cache::Cache::of(&self.tools.project.common).clear().map_err(AppError::Proofs)
    }
}

async fn commit(git: &Git, revision: &str) -> Result<Option<String>, AppError> {
    let spec = format!("{revision}^{{commit}}");
    let output = git.call(["rev-parse", "--verify", "--quiet", "--end-of-options", &spec]).output().await;
    let output = output.map_err(ProjectError::from)?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok((output.status == Some(0) && !name.is_empty()).then_some(name))
}

/// The commit in which the fix left production's branch: the one of the remote, its default branch,
/// or a branch here of a usual name.
async fn left_production(project: &Project, production: &str, fix: &str) -> Result<String, AppError> {
    let remote = &project.remote;
    let names = [
        format!("refs/remotes/{remote}/{production}"),
        format!("refs/remotes/{remote}/HEAD"),
        format!("refs/heads/{production}"),
        "refs/heads/main".to_owned(),
        "refs/heads/master".to_owned(),
    ];
    for name in names {
        let Some(tip) = project.commit(&name).await? else { continue };
        let output = project.git.call(["merge-base", &tip, fix]).output().await.map_err(ProjectError::from)?;
        let base = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status == Some(0) && base != fix {
            return Ok(base);
        }
        if output.status == Some(0) {
            let short = name.trim_start_matches("refs/").trim_start_matches("remotes/").trim_start_matches("heads/");
            return Err(AppError::NothingToCheck(format!("`{short}` has all that is checked out")));
        }
    }
    Err(AppError::NothingToCheck("no branch of production was found that this one started from".to_owned()))
}
