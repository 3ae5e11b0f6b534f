//! What is pushed so that a pipeline runs, and how it is found again. Nothing is forced: an earlier
//! release comes back by a new tag, or by a new commit with its files.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::runs::Pushed;
use crate::deploy::{Change, DeployError};
use crate::git::project::{Project, ProjectError, RefChange};

/// The trailer of a commit that says which change it is.
const TRAILER: &str = "Hotfix-Change";
/// How many commits of a branch may have come after one of ours.
const RECENT: &str = "--max-count=100";

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Push {
    /// A new tag for each change; `{environment}`, `{release}` and, not to be left out, `{change}`.
    Tag(#[serde(deserialize_with = "with_change")] String),
    /// A branch of its own for the environment, which gets a commit with the release's files.
    Branch(String),
}

impl Push {
    /// Returns what was pushed for the change that `mark` names; `None` where nothing was.
    pub async fn find(
        &self,
        project: &Project,
        environment: &str,
        change: &Change,
        mark: &str,
    ) -> Result<Option<Pushed>, DeployError> {
        match self {
            Push::Tag(pattern) => {
                let refname = tag(pattern, environment, change, mark);
                let found = project.list_remote(&refname, project.limit).await.map_err(failed)?;
                Ok(found.into_iter().map(|(commit, refname)| Pushed { commit, refname }).next())
            }
            Push::Branch(branch) => {
                let Some(tip) = tip(project, branch).await? else { return Ok(None) };
                let format = format!("--format=%H %(trailers:key={TRAILER},valueonly,separator=%x2C)");
                let log = project.git.run(["log", "--first-parent", RECENT, &format, &tip, "--"]).await;
                let log = log.map_err(|error| failed(error.into()))?;
                let own = log.lines().filter_map(|line| line.split_once(' ')).find(|(_, found)| *found == mark);
                let refname = format!("refs/heads/{branch}");
                Ok(own.map(|(commit, _)| Pushed { commit: commit.to_owned(), refname }))
            }
        }
    }

    /// Pushes for the change that `mark` names, and returns what.
    pub async fn put(
        &self,
        project: &Project,
        environment: &str,
        change: &Change,
        mark: &str,
    ) -> Result<Pushed, DeployError> {
        let release = commit(project, change).await?;
        let (change, commit, refname) = match self {
            Push::Tag(pattern) => {
                let refname = tag(pattern, environment, change, mark);
                (RefChange::create(&refname, &release), release, refname)
            }
            Push::Branch(branch) => {
                let refname = format!("refs/heads/{branch}");
                let tip = tip(project, branch).await?;
                let parents: Vec<&str> = tip.as_deref().into_iter().chain([release.as_str()]).collect();
                let message = format!("Deploy {} to {environment}\n\n{TRAILER}: {mark}\n", change.release);
                let tree = format!("{release}^{{tree}}");
                let tree = project.git.run(["rev-parse", &tree]).await.map_err(|error| failed(error.into()))?;
                let commit = project.commit_tree(&tree, &parents, &message).await.map_err(failed)?;
                let change = match &tip {
                    Some(tip) => RefChange::advance(&refname, tip, &commit),
                    None => RefChange::create(&refname, &commit),
                };
                (change, commit, refname)
            }
        };
        project.push(&[change]).await.map_err(failed)?;
        Ok(Pushed { commit, refname })
    }
}

/// The commit of the release; refused where it has no tag.
pub async fn commit(project: &Project, change: &Change) -> Result<String, DeployError> {
    if !change.commit.is_empty() {
        return Ok(change.commit.clone());
    }
    let release = &change.release;
    let found = project.commit(&format!("refs/tags/{release}")).await.map_err(failed)?;
    found.ok_or_else(|| DeployError::Refused(format!("there is no tag `{release}`, so no pipeline can run for it")))
}

/// Where the remote has the branch, with its commits fetched.
async fn tip(project: &Project, branch: &str) -> Result<Option<String>, DeployError> {
    project.fetch().await.map_err(failed)?;
    project.commit(&format!("refs/remotes/{}/{branch}", project.remote)).await.map_err(failed)
}

fn tag(pattern: &str, environment: &str, change: &Change, mark: &str) -> String {
    let name = pattern.replace("{environment}", environment).replace("{change}", &mark[..8]);
    format!("refs/tags/{}", name.replace("{release}", &change.release))
}

fn failed(error: ProjectError) -> DeployError {
    match error {
        ProjectError::Stale { .. } | ProjectError::Refused { .. } => DeployError::Refused(error.to_string()),
        error => DeployError::Unknown(error.to_string()),
    }
}

fn with_change<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let pattern = String::deserialize(deserializer)?;
    match pattern.contains("{change}") {
        true => Ok(pattern),
        false => Err(D::Error::custom(format!("`{pattern}` has no `{{change}}`, and a tag is pushed once only"))),
    }
}
