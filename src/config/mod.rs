//! The configuration: the settings, and where their values come from.
//!
//! config/default.toml has every setting; a profile overrides some of it, the project's hotfix.toml
//! overrides the profile. A mistake is shown at its place in the file.

#[cfg(test)]
mod tests;

pub mod check;

use std::collections::BTreeMap;
use std::path::Path;

use miette::{LabeledSpan, NamedSource};
use serde::Deserialize;
use serde_path_to_error::Segment;

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
    pub agents: Vec<Pattern>,
    pub roles: BTreeMap<Severity, Vec<String>>,
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

/// A configuration that can't be used, with the place of the mistake if it is in the project's file.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
    #[source_code]
    source_code: Option<NamedSource<String>>,
    #[label(collection)]
    labels: Vec<LabeledSpan>,
    #[help]
    help: Option<String>,
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
        typed(merged, project)
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

fn table(path: &Path, text: &str) -> Result<toml::Table, Box<ConfigError>> {
    text.parse::<toml::Table>().map_err(|error| underlined(path, text, &error))
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

/// Returns the configuration in `merged`; a mistake in the project's own file is underlined there.
fn typed(merged: toml::Table, own: Option<(&Path, &str)>) -> Result<Config, Box<ConfigError>> {
    serde_path_to_error::deserialize(toml::Value::Table(merged)).map_err(|error| {
        let mut path: Vec<String> = error.path().iter().map(part).collect();
        let message = error.inner().message().to_owned();
        let names = backticked(&message);
        let is_no_step = path.first().is_some_and(|part| part == "budget") && message.starts_with("unknown variant");
        // The key of a map has no path of its own: the message names it.
        if let (true, Some(last), Some(unknown)) = (is_no_step, path.last_mut(), names.first()) {
            last.clone_from(unknown);
        }
        if (message.starts_with("unknown field") || is_no_step)
            && let Some((unknown, known)) = names.split_first()
        {
            let message = format!("there is no setting `{}`", path.join("."));
            let nearest = known.iter().max_by(|a, b| likeness(unknown, a).total_cmp(&likeness(unknown, b)));
            let help = nearest.map(|name| match likeness(unknown, name) > 0.6 {
                true => format!("did you mean `{name}`?"),
                false => format!("settings here: {}", known.join(", ")),
            });
            return placed(own, &path, message, help);
        }
        placed(own, &path, format!("`{}`: {message}", path.join(".")), None)
    })
}

/// A part of a path: the name of a setting, or the index in a list.
fn part(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => index.to_string(),
        segment => segment.to_string(),
    }
}

fn likeness(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}

/// The names in backticks in an error message of serde's.
fn backticked(message: &str) -> Vec<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// An error at the place where `path` is set in the project's file, if it is.
fn placed(own: Option<(&Path, &str)>, path: &[String], message: String, help: Option<String>) -> Box<ConfigError> {
    let span = own.and_then(|(file, text)| Some((file, text, span(text, path)?)));
    let Some((file, text, span)) = span else { return Box::new(ConfigError { help, ..*plain(&message) }) };
    let label = LabeledSpan::underline(span);
    let source_code = Some(NamedSource::new(file.display().to_string(), text.to_owned()));
    Box::new(ConfigError { message, source_code, labels: vec![label], help })
}

/// The place in `text` of the last part of `path` that exists.
fn span(text: &str, path: &[String]) -> Option<std::ops::Range<usize>> {
    let document = toml::de::DeTable::parse(text).ok()?;
    let (first, rest) = path.split_first()?;
    let (key, mut value) = document.get_ref().get_key_value(first.as_str())?;
    let mut found = if rest.is_empty() { key.span() } else { value.span() };
    for part in rest {
        let next = match value.get_ref() {
            toml::de::DeValue::Table(table) => {
                table.get_key_value(part.as_str()).map(|(key, value)| (key.span(), value))
            }
            toml::de::DeValue::Array(array) => {
                part.parse::<usize>().ok().and_then(|index| array.get(index)).map(|value| (value.span(), value))
            }
            _ => None,
        };
        let Some((place, inner)) = next else { break };
        found = place;
        value = inner;
    }
    Some(found)
}

fn underlined(path: &Path, text: &str, error: &toml::de::Error) -> Box<ConfigError> {
    Box::new(ConfigError {
        message: format!("`{}` is not valid TOML: {}", path.display(), error.message()),
        source_code: Some(NamedSource::new(path.display().to_string(), text.to_owned())),
        labels: error.span().map(LabeledSpan::underline).into_iter().collect(),
        help: None,
    })
}

fn plain(message: &str) -> Box<ConfigError> {
    Box::new(ConfigError { message: message.to_owned(), source_code: None, labels: Vec::new(), help: None })
}

fn unknown_profile(name: &str) -> Box<ConfigError> {
    let known: Vec<_> = PROFILES.iter().map(|(name, _)| *name).collect();
    let nearest = known.iter().copied().max_by(|a, b| likeness(name, a).total_cmp(&likeness(name, b)));
    let help =
        nearest.filter(|nearest| likeness(name, nearest) > 0.6).map(|nearest| format!("did you mean `{nearest}`?"));
    Box::new(ConfigError { help, ..*plain(&format!("there is no profile `{name}`: {}", known.join(", "))) })
}
