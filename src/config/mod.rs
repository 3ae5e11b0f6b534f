//! The configuration: the settings, and where their values come from.
//!
//! config/default.toml has every setting; a profile overrides some of it, the project's hotfix.toml
//! overrides the profile. A mistake is shown at its place in the file.

#[cfg(test)]
mod tests;

pub mod check;
pub mod mistake;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use mistake::{ConfigError, likeness, plain, table, typed};

use crate::domain::allowance::Allowance;
use crate::domain::rung::Rung;
use crate::domain::severity::Severity;
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;
use crate::domain::triage::Rule;
use crate::process::sandbox::Sandbox;
use crate::value::{CommandLine, Length, Pattern, Secret};
use crate::{affected, deploy, gate, guard, notify, probe, proof};

pub const DEFAULT: &str = include_str!("../../config/default.toml");

/// The shipped profiles by name, one for each of the five workflows.
pub const PROFILES: &[(&str, &str)] = &[
    ("compose", include_str!("../../profiles/compose.toml")),
    ("kubernetes", include_str!("../../profiles/kubernetes.toml")),
    ("incident", include_str!("../../profiles/incident.toml")),
    ("pull-request", include_str!("../../profiles/pull-request.toml")),
    ("service", include_str!("../../profiles/service.toml")),
];

/// The name of a project's configuration file.
pub const FILE: &str = "hotfix.toml";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub profile: String,
    pub store: Secret,
    /// What the service is called in a store that several share; its remote's address if left out.
    pub service: Option<String>,
    pub notify: Vec<notify::Destination>,
    pub git: Git,
    pub team: Team,
    pub severity: BTreeMap<Severity, Clock>,
    pub triage: Triage,
    pub ticket: Ticket,
    pub investigate: Investigate,
    pub decide: Decide,
    pub branch: Branch,
    pub fix: Fix,
    pub check: check::Check,
    pub guard: guard::policy::Policy,
    pub proof: proof::Policy,
    pub affected: affected::Policy,
    pub gate: Vec<gate::Gate>,
    pub sandbox: Sandbox,
    pub review: Review,
    pub release: Release,
    pub image: Image,
    pub deploy: Deploy,
    pub maintenance: Maintenance,
    pub watch: Watch,
    pub merge: Merge,
    pub backport: Backport,
    pub close: Close,
    pub post_mortem: PostMortem,
    pub budget: BTreeMap<StepName, Length>,
    pub checklist: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Git {
    pub remote: String,
    pub production: String,
    pub limit: Length,
    pub reserve_limit: Length,
}

/// What other clones see, and how often it is looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    pub publish: Publish,
    pub every: Length,
    pub lines: bool,
    pub fetch: Length,
    pub fetch_limit: Length,
}

/// What is published of an incident's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Publish {
    Journal,
    Anchors,
    Nothing,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    pub limit: Length,
    pub update: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triage {
    pub rule: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    pub path: String,
    pub opened: Opened,
    pub environment: String,
    pub region: String,
    pub services: Vec<String>,
}

/// When the ticket comes into the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opened {
    /// As the first commit of the fix's branch.
    Start,
    /// With the other documents.
    End,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Investigate {
    pub since: Length,
    pub logs: Option<CommandLine>,
    pub log_since: Length,
    pub log_lines: usize,
    pub limit: Length,
    pub migrations: Vec<Pattern>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    pub automatic: Vec<Strategy>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    pub from: BranchFrom,
    pub tag: Pattern,
    pub name: String,
    pub work_tree: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BranchFrom {
    Branch,
    Tag,
    Running,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    pub command: Option<CommandLine>,
    pub limit: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    pub when: ReviewWhen,
    pub break_glass: bool,
    /// What proves an approval; left out, it follows from whether there are people with keys.
    pub proof: Option<Vec<ReviewProof>>,
    pub agents: Vec<Pattern>,
    pub roles: BTreeMap<Severity, Vec<String>>,
}

/// What proves who approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewProof {
    /// A signature by a key of theirs in `.hotfix/people.toml`.
    Signature,
    /// Nothing: git's configuration or `--as` is believed.
    Claimed,
}

impl ReviewProof {
    pub fn name(self) -> &'static str {
        match self {
            ReviewProof::Signature => "signature",
            ReviewProof::Claimed => "claimed",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewWhen {
    Before,
    After,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    pub tag: String,
    pub changelog: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    pub build: Option<CommandLine>,
    pub limit: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    pub environment: String,
    pub limit: Length,
    pub verified_only: bool,
    pub ladder: Vec<Rung>,
    pub by: Option<deploy::Config>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    pub by: MaintenanceBy,
    pub on: Option<CommandLine>,
    pub off: Option<CommandLine>,
    pub limit: Length,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaintenanceBy {
    Commands,
    Scale,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    pub window: Length,
    pub patience: Length,
    pub error_rate: f64,
    pub certify: f64,
    pub p95: Length,
    pub alpha: f64,
    pub tolerance: f64,
    pub blip: Length,
    pub blind: Length,
    pub probe: Vec<probe::Probe>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    pub production: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backport {
    pub rule: Vec<BackportRule>,
    pub active: Option<Length>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackportRule {
    pub branches: Pattern,
    pub mode: BackportMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackportMode {
    Merge,
    Pick,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    pub report: ReportForm,
    pub follow_up: Length,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportForm {
    Full,
    Brief,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostMortem {
    pub within: Length,
    pub path: String,
}

impl Config {
    /// Returns the configuration for `project`, the text and path of its hotfix.toml. `profile`, if
    /// given, replaces the one that the file names.
    pub fn load(project: Option<(&Path, &str)>, profile: Option<&str>) -> Result<Config, Box<ConfigError>> {
        let mut merged = table(Path::new("default.toml"), DEFAULT)?;
        let mut own = project.map(|(path, text)| table(path, text)).transpose()?;
        own.iter_mut().for_each(renamed);
        let named = own.as_ref().and_then(|own| own.get("profile")).and_then(toml::Value::as_str);
        let name = profile.or(named).unwrap_or_default().to_owned();
        if !name.is_empty() {
            let (_, text) = PROFILES.iter().find(|(known, _)| *known == name).ok_or_else(|| unknown_profile(&name))?;
            merge(&mut merged, table(Path::new(&name), text)?);
        }
        if let Some(own) = own {
            merge(&mut merged, own);
        }
        if profile.is_some() {
            merged.insert("profile".to_owned(), toml::Value::String(name));
        }
        typed(merged, project, "budget")
    }

    fn clock(&self, severity: Severity) -> &Clock {
        &self.severity[&severity]
    }

    /// The roles that approve a fix of this severity, each by a different person.
    pub fn roles(&self, severity: Option<Severity>) -> &[String] {
        severity.and_then(|severity| self.review.roles.get(&severity)).map(Vec::as_slice).unwrap_or_default()
    }

    /// How long an incident of this severity may take; without a severity, as for the least urgent one.
    pub fn allowance(&self, severity: Option<Severity>) -> Allowance {
        let clock = self.clock(severity.unwrap_or(Severity::P2));
        Allowance {
            limit: clock.limit.0,
            update: clock.update.0,
            steps: self.budget.iter().map(|(step, budget)| (*step, budget.0)).collect(),
            post_mortem: self.post_mortem.within.0,
            follow_up: self.close.follow_up.0,
        }
    }
}

/// Settings with a new name: the path of the old one, through lists too, and its last part now.
const RENAMED: &[(&[&str], &str)] = &[(&["notify", "by", "memory"], "file")];

/// Gives each setting of the project that has an old name its new one, with a warning.
fn renamed(own: &mut toml::Table) {
    for (path, new) in RENAMED {
        if rename(own, path, new) {
            tracing::warn!("{FILE}: `{}` is called `{new}` now", path.join("."));
        }
    }
}

/// Renames the last part of `path` in every table that has it; returns whether any had.
fn rename(table: &mut toml::Table, path: &[&str], new: &str) -> bool {
    let Some((name, rest)) = path.split_first() else { return false };
    if rest.is_empty() {
        let Some(value) = table.remove(*name) else { return false };
        table.insert(new.to_owned(), value);
        return true;
    }
    match table.get_mut(*name) {
        Some(toml::Value::Table(inner)) => rename(inner, rest, new),
        Some(toml::Value::Array(list)) => {
            // Each element of the list may have it, so none is passed over once one had it.
            let tables = list.iter_mut().filter_map(toml::Value::as_table_mut);
            tables.filter_map(|one| rename(one, rest, new).then_some(())).count() > 0
        }
        _ => false,
    }
}

/// Overrides values one by one: tables are merged, anything else is replaced as a whole.
fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn unknown_profile(name: &str) -> Box<ConfigError> {
    let known: Vec<_> = PROFILES.iter().map(|(name, _)| *name).collect();
    let nearest = known.iter().copied().max_by(|a, b| likeness(name, a).total_cmp(&likeness(name, b)));
    let help =
        nearest.filter(|nearest| likeness(name, nearest) > 0.6).map(|nearest| format!("did you mean `{nearest}`?"));
    plain(&format!("there is no profile `{name}`: {}", known.join(", "))).helped(help)
}
