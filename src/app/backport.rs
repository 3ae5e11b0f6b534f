//! Backports outside an incident.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::AppError;
use super::service::Service;
use super::session::Session;
use crate::config::BackportMode;
use crate::git::Git;
use crate::git::backport::error::BackportError;
use crate::git::backport::kept::{self, Resolved, Undone};
use crate::git::backport::plan;
use crate::git::backport::record::{Record, Records};
use crate::git::backport::report::Report;
use crate::git::backport::request::{Mode, Request, Rule};
use crate::git::backport::resolution::Resolution;
use crate::steps::Tools;
use crate::store::backport_records::Chains;

/// Backports of one repository, each with its record.
pub struct Backports {
    tools: Arc<Tools>,
    git: Git,
    records: Chains,
    home: PathBuf,
}

impl Session {
    pub fn backports(&self) -> Backports {
        let tools = &self.service.tools;
        let home = tools.project.common.join("hotfix").join("backports");
        Backports {
            tools: Arc::clone(tools),
            git: tools.project.git.clone(),
            records: tools.records(&self.actor),
            home,
        }
    }
}

impl Service {
    /// The identifier of the incident whose backport has this identifier; its job waits for the conflicts.
    pub async fn incident_of_backport(&self, id: &str) -> Result<Option<String>, AppError> {
        Ok(self.tools.store.find_incident(id).await?.map(|found| found.id))
    }

    /// A request to backport `fix` to the branches that match the globs, or, without globs, to
    /// those of the project's own rules.
    pub fn backport_request(&self, fix: &str, globs: &[String], mode: Mode) -> Request {
        let mut request = Request::new(fix, [""; 0]);
        request.rules = globs.iter().map(|glob| Rule { glob: glob.clone(), mode }).collect();
        if globs.is_empty() {
            let rules = self.tools.config.backport.rule.iter();
            request.rules = rules
                .map(|rule| Rule {
                    glob: rule.branches.text.clone(),
                    mode: match rule.mode {
                        BackportMode::Merge => Mode::Merge,
                        BackportMode::Pick => Mode::Pick,
                    },
                })
                .collect();
        }
        request.active = self.tools.config.backport.active.map(|active| active.0);
        request.remote.clone_from(&self.tools.project.remote);
        request.limit = self.tools.project.limit;
        request
    }
}

impl Backports {
    pub async fn start(&self, request: &Request) -> Result<Report, BackportError> {
        let ended = kept::start(&self.git, &self.records, request).await;
        self.anchor(None).await?;
        ended
    }

    /// Anchors the head of a backport's chain on the remote, of the last one if no identifier is given.
    async fn anchor(&self, id: Option<&str>) -> Result<(), BackportError> {
        if let Some(key) = self.records.key(id).await? {
            self.tools.anchor_chain(&key).await;
        }
        Ok(())
    }

    /// The plan for a request; nothing moves.
    pub async fn preview(&self, request: &Request) -> Result<Report, BackportError> {
        let plan = plan::plan(&self.git, request).await?;
        kept::preview(&self.git, &plan).await
    }

    pub async fn verify(&self, request: &Request) -> Result<Report, BackportError> {
        kept::verify(&self.git, request).await
    }

    /// The record of this identifier, or the last.
    pub async fn record(&self, id: Option<&str>) -> Result<Option<Record>, BackportError> {
        Ok(self.records.load(id).await?)
    }

    /// Opens a work tree with the conflict of a branch, and returns where it is.
    pub async fn resolve(&self, record: &mut Record, branch: &str) -> Result<PathBuf, BackportError> {
        let place = self.home.join(&record.plan.id).join(Path::new(&branch.replace('/', "-")));
        kept::resolve(&self.git, &self.records, record, branch, &place).await
    }

    pub async fn resolved(&self, record: &Record) -> Result<Resolved, BackportError> {
        kept::resolved(&self.git, record).await
    }

    pub async fn resume(&self, record: Record, resolutions: Vec<Resolution>) -> Result<Report, BackportError> {
        let id = record.plan.id.clone();
        let ended = kept::go_on(&self.git, &self.records, record, resolutions).await;
        self.anchor(Some(&id)).await?;
        ended
    }

    pub async fn undo(&self, record: &Record) -> Result<Undone, BackportError> {
        kept::undo(&self.git, record).await
    }
}
