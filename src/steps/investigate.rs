//! Looks at recent commits, deploys and the log, all at the same time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Tools, count, earlier};
use crate::domain::evidence::Evidence;
use crate::domain::investigation::{Investigation, LogExcerpt, RecentCommit, RecentDeploy, Running};
use crate::domain::next::Next;
use crate::domain::production::FoundRunning;
use crate::domain::quote::quote;
use crate::domain::release::ReleaseRecord;
use crate::domain::step_name::StepName;
use crate::domain::verdict::Verdict;
use crate::investigate::logs;
use crate::process::{self, Spec};
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError};

/// How long the deployer is waited for to say what runs: nothing holds up the start of an emergency.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Investigate(pub Arc<Tools>);

#[async_trait]
impl Step for Investigate {
    fn name(&self) -> StepName {
        StepName::Investigate
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let since = shown(self.0.config.investigate.since.0);
        let mut actions = vec![
            Action::new("look at", format!("commits of the last {since} on `{}`", self.0.config.git.production)),
            Action::new("look at", format!("deploys of the last {since} to `{}`", self.0.config.deploy.environment)),
        ];
        if let Some(logs) = &self.0.config.investigate.logs {
            actions.push(Action::new("run", logs.to_string()));
        }
        Ok(actions)
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let mut gaps = Vec::new();
        if let Err(error) = self.0.project.fetch().await {
            gaps.push(format!("not fetched: {error}"));
        }
        let since = at.incident.detected().checked_sub(self.0.config.investigate.since.0);
        let since = since.unwrap_or(Timestamp::MIN);
        let (commits, deploys, running, logs) =
            tokio::join!(self.commits(since), self.deploys(since), self.running(), self.logs(at));
        let mut found = Investigation::default();
        match commits {
            Ok((commits, migrations)) => (found.commits, found.migrations) = (commits, migrations),
            Err(error) => gaps.push(format!("commits: {}", error.message)),
        }
        match deploys {
            Ok(deploys) => found.deploys = deploys,
            Err(error) => gaps.push(format!("deploys: {}", error.message)),
        }
        match running {
            Ok(Some((running, seen))) => (found.running, found.found) = (Some(running), seen),
            Ok(None) => {}
            Err(error) => gaps.push(format!("what runs: {}", error.message)),
        }
        match logs {
            Ok(logs) => found.logs = logs,
            Err(reason) => gaps.push(format!("logs: {reason}")),
        }
        found.gaps = gaps;
        Ok(Outcome::Done(Evidence::with(summary(&found), &found)))
    }
}

impl Investigate {
    async fn commits(&self, since: Timestamp) -> Result<(Vec<RecentCommit>, Vec<String>), StepError> {
        let project = &self.0.project;
        let tip = project.remote_branch(&self.0.config.git.production).await?;
        let since = format!("--since={}", since.as_second());
        let log =
            ["log", "--no-merges", "-n", "100", "--name-only", "--format=%x01%H%x00%ct%x00%an%x00%s", &since, &tip];
        let log = project.git.run(log).await?;
        let mut commits = Vec::new();
        let mut migrations = Vec::new();
        for entry in log.split('\u{1}').skip(1) {
            let (head, files) = entry.split_once('\n').unwrap_or((entry, ""));
            let fields: Vec<_> = head.splitn(4, '\0').collect();
            let [commit, at, author, subject] = fields[..] else { continue };
            let at = at.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_default();
            let (commit, author, subject) = (commit.to_owned(), author.to_owned(), subject.to_owned());
            commits.push(RecentCommit { commit, at, author, subject });
            let patterns = &self.0.config.investigate.migrations;
            let touched = files.lines().filter(|file| patterns.iter().any(|pattern| pattern.matches(file)));
            migrations.extend(touched.map(str::to_owned));
        }
        migrations.sort();
        migrations.dedup();
        Ok((commits, migrations))
    }

    async fn deploys(&self, since: Timestamp) -> Result<Vec<RecentDeploy>, StepError> {
        let releases = self.0.store.releases(&self.0.config.deploy.environment, 50).await?;
        let recent = releases.into_iter().filter(|release| release.is_deployed() && release.at >= since);
        Ok(recent
            .map(|release| RecentDeploy {
                release: release.release,
                at: release.at,
                verdict: release.verdict.as_deref().and_then(verdict),
            })
            .collect())
    }

    /// What really runs, whoever deployed it, and what is to be written down of it.
    async fn running(&self) -> Result<Option<(Running, Option<FoundRunning>)>, StepError> {
        let Some(deployer) = &self.0.deployer else { return Ok(None) };
        let Ok(current) = tokio::time::timeout(PATIENCE, deployer.current()).await else {
            let reason = format!("no answer within {} s", PATIENCE.as_secs());
            return Err(StepError::failed(reason, Next::Resume));
        };
        let Some(release) = current? else { return Ok(None) };
        let environment = &self.0.config.deploy.environment;
        let releases = self.0.store.releases(environment, 50).await?;
        let is_known = releases.first().is_some_and(|newest| newest.release == release && newest.is_deployed());
        let commit = self.0.project.commit(&format!("refs/tags/{release}")).await?.unwrap_or_default();
        let found = ReleaseRecord::found(&releases, environment, (&release, &commit));
        let tagged = self.0.project.tag_time(&release).await?;
        let tagged = tagged.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let before = earlier(&self.0, &release, &releases).await?;
        Ok(Some((Running { release, is_known, tagged, before }, found)))
    }

    async fn logs(&self, at: &Moment<'_>) -> Result<Option<LogExcerpt>, String> {
        let config = &self.0.config.investigate;
        let Some(command) = &config.logs else { return Ok(None) };
        let mut environment = self.0.environment(at.incident);
        environment.push(("HOTFIX_SINCE_SECONDS".to_owned(), config.log_since.0.as_secs().to_string()));
        environment.push(("HOTFIX_LINES".to_owned(), config.log_lines.to_string()));
        let directory = self.0.project.top.clone();
        let ended = process::run(Spec {
            arguments: command.arguments(),
            directory,
            environment,
            limit: config.limit.0,
            confinement: None,
        })
        .await;
        if ended.succeeded() {
            let mut found = logs::excerpt(&ended.last_lines(config.log_lines));
            found.errors.iter_mut().for_each(|group| group.example = quote(&group.example));
            Ok(Some(found))
        } else {
            Err(ended.words())
        }
    }
}

/// Parses a verdict as lists store it.
pub fn verdict(text: &str) -> Option<Verdict> {
    [Verdict::Verified, Verdict::Bad, Verdict::Blind, Verdict::Unproven]
        .into_iter()
        .find(|verdict| verdict.to_string() == text)
}

fn summary(found: &Investigation) -> String {
    let mut parts = vec![count(found.commits.len(), "recent commit"), count(found.deploys.len(), "recent deploy")];
    if let Some(logs) = &found.logs {
        let errors = count(logs.errors.len(), "kind") + " of error";
        let most = logs.errors.first().map(|group| format!(", {} times: {}", group.count, group.example));
        parts.push(format!("{errors} in {} log lines{}", logs.lines, most.unwrap_or_default()));
    }
    if let Some(running) = found.running.as_ref().filter(|running| !running.is_known) {
        parts.push(format!("`{}` runs, which was not deployed by hotfix", running.release));
    }
    if !found.gaps.is_empty() {
        parts.push(format!("not seen: {}", found.gaps.join("; ")));
    }
    parts.join("; ")
}

/// A length of time as text.
fn shown(length: Duration) -> String {
    let minutes = length.as_secs() / 60;
    if minutes.is_multiple_of(60) { format!("{} h", minutes / 60) } else { format!("{minutes} min") }
}
