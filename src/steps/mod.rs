//! The steps of the job, one file each. A new step is a file and a line in [`all`].

pub mod approvers;
mod backport;
mod branch;
mod check;
mod clean_up;
mod close;
mod confirm;
mod decide;
mod deploy;
mod document;
mod exclusive;
mod fix;
mod follow_up;
mod full_suite;
pub mod going_out;
mod image;
mod investigate;
mod ladder;
mod maintenance;
mod merge;
mod outward;
mod post_mortem;
mod prepare;
pub mod publish;
mod release;
mod review;
mod roll_back;
mod under_policy;
mod watch;
mod work_tree;

pub use check::last_check;
pub use ladder::other_release;
pub use review::authors;
pub use roll_back::{earlier, found_way_back, way_back};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Config;
use crate::deploy::Deployer;
use crate::domain::actor::Actor;
use crate::domain::fix::{Branch, Fix};
use crate::domain::incident::Incident;
use crate::domain::name;
use crate::domain::next::Next;
use crate::domain::policy::Version;
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;
use crate::git::project::{Project, ProjectError};
use crate::process::running::Work;
use crate::process::supervised::Supervised;
use crate::report::template::Templates;
use crate::store::Store;
use crate::store::backport_records::Chains;
use crate::workflow::step::{Step, StepError};

/// What the steps use.
pub struct Tools {
    pub config: Config,
    /// Which version of the rules `config` and `templates` are.
    pub policy: Version,
    pub project: Project,
    pub store: Arc<Store>,
    /// `None` if none is configured.
    pub deployer: Option<Arc<dyn Deployer>>,
    pub templates: Templates,
    /// The directory with the state of running commands.
    pub state: PathBuf,
    pub publisher: publish::Publisher,
}

/// The steps' own rules, besides those of guard, proof and gates, by the names that waive them.
pub const WAIVABLE: &[&str] = &["way-back", going_out::BAD_RELEASE, "watch", "maintenance", "autoscaler"];

/// Every step there is.
pub fn all(tools: &Arc<Tools>) -> Vec<Box<dyn Step>> {
    let under = |step| outward::outward(tools, under_policy::under_policy(tools, step));
    let tools = || Arc::clone(tools);
    let steps: Vec<Box<dyn Step>> = vec![
        Box::new(investigate::Investigate(tools())),
        Box::new(decide::Decide(tools())),
        Box::new(branch::MakeBranch(tools())),
        Box::new(fix::MakeFix(tools())),
        Box::new(check::CheckFix(tools())),
        Box::new(review::ReviewFix(tools())),
        Box::new(release::MakeRelease(tools())),
        Box::new(image::BuildImage(tools())),
        Box::new(prepare::PrepareWayBack(tools())),
        Box::new(deploy::DeployRelease(tools())),
        Box::new(watch::WatchRelease(tools())),
        Box::new(merge::MergeFix(tools())),
        Box::new(backport::BackportFix(tools())),
        Box::new(follow_up::FollowUp(tools())),
        Box::new(close::CloseIssue(tools())),
        Box::new(clean_up::CleanUp(tools())),
        Box::new(full_suite::RunFullSuite(tools())),
        Box::new(post_mortem::DraftPostMortem(tools())),
        Box::new(roll_back::RollBackRelease(tools())),
        Box::new(confirm::ConfirmRollBack(tools())),
        Box::new(maintenance::Maintenance::on(tools())),
        Box::new(maintenance::Maintenance::off(tools())),
    ];
    steps.into_iter().map(under).collect()
}

impl Tools {
    /// The records of backports, so that their conflicts can be resolved; written in the name of `actor`.
    pub fn records(&self, actor: &Actor) -> Chains {
        Chains { store: Arc::clone(&self.store), actor: actor.clone() }
    }

    /// A command that changes `place`; `name`, hexadecimal digits, is the same for each attempt.
    fn supervised(&self, name: &str, place: String, incident: &Incident, step: StepName) -> Supervised {
        let records = Arc::clone(&self.store) as _;
        let work = Work {
            name: name.to_owned(),
            place,
            incident: incident.key.clone(),
            step: step.to_string(),
            clone: self.project.common.clone(),
            directory: self.state.join(name),
        };
        Supervised { records, work }
    }

    /// Brings the view of the remote up to date.
    async fn fetch(&self) -> Result<(), StepError> {
        self.project.fetch().await.map_err(|error| {
            let hint = match &error {
                ProjectError::NoRemote { remote } => {
                    Next::by_hand(format!("git remote add {remote} URL")).then(Next::Resume)
                }
                _ => Next::Resume.into(),
            };
            StepError::failed(error.to_string(), hint)
        })
    }

    /// Where this clone would make the work tree of an incident.
    fn work_tree(&self, incident: &Incident) -> Result<PathBuf, StepError> {
        let path = self.fill(&self.config.branch.work_tree, incident)?;
        Ok(normal(&self.project.top.join(path)))
    }

    fn deployer(&self) -> Result<&dyn Deployer, StepError> {
        self.deployer.as_deref().ok_or_else(|| {
            StepError::failed("no deployer is configured", Next::configure("[deploy.by.command]").then(Next::Resume))
        })
    }

    /// The cause of the incident for an outage of `what`.
    pub fn cause_of(&self, what: &str) -> String {
        format!("outage in {}: {what}", self.config.deploy.environment)
    }

    /// Fills the patterns of the configuration that contain the incident's name.
    fn fill(&self, pattern: &str, incident: &Incident) -> Result<String, StepError> {
        let severity = incident.severity.map(|severity| severity.to_string()).unwrap_or_default();
        let values = [
            ("id", incident.id.clone()),
            ("slug", name::slug(&incident.title())),
            ("date", crate::domain::identifier::day(incident.declared)),
            ("severity", severity),
            ("repo", self.project.name()),
        ];
        name::fill(pattern, &values.into())
            .map_err(|error| StepError::failed(error, Next::by_hand("correct it in hotfix.toml").then(Next::Resume)))
    }

    /// What every configured command gets through the environment.
    fn environment(&self, incident: &Incident) -> Vec<(String, String)> {
        let severity = incident.severity.map(|severity| severity.to_string()).unwrap_or_default();
        let mut values = vec![
            ("HOTFIX_ID", incident.id.clone()),
            ("HOTFIX_TITLE", incident.title()),
            ("HOTFIX_SEVERITY", severity),
            ("HOTFIX_ENVIRONMENT", self.config.deploy.environment.clone()),
        ];
        if let Some(branch) = incident.detail::<Branch>() {
            values.extend([
                ("HOTFIX_BRANCH", branch.name),
                ("HOTFIX_BASE", branch.base),
                ("HOTFIX_WORK_TREE", branch.work_tree),
            ]);
        }
        if let Some(fix) = incident.detail::<Fix>() {
            values.push(("HOTFIX_COMMIT", fix.commit));
        }
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The detail of an earlier step.
fn needed<T: crate::domain::evidence::Detail>(incident: &Incident) -> Result<T, StepError> {
    incident.detail::<T>().ok_or_else(|| {
        let message = format!("the journal has no evidence of step `{}`, which comes first", T::STEP);
        StepError::stuck(message, Next::decide(Strategy::B))
    })
}

/// The way out if the plan can't continue.
fn otherwise(incident: &Incident) -> Next {
    match incident.order() {
        None => Next::decide(Strategy::B),
        Some(_) => Next::Abort,
    }
}

/// The path without `.` and `..`; it need not exist.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut normal, part| {
        match part {
            std::path::Component::ParentDir => {
                normal.pop();
            }
            std::path::Component::CurDir => {}
            part => normal.push(part),
        }
        normal
    })
}

/// A commit's name, short, for people.
fn short(commit: &str) -> &str {
    commit.get(..9).unwrap_or(commit)
}

/// `1 file`, `2 files`.
fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
