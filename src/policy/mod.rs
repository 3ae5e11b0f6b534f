//! Whose rules are in force: those of production's branch on the remote, as last fetched.
//!
//! A fix, or a work tree that a test has written to, can't change what it is judged by. Where production's branch
//! has no rules yet, or there is no remote, those of the work tree are taken, and that is said.

pub mod people;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use crate::config::mistake::ConfigError;
use crate::config::{Config, FILE};
use crate::domain::policy::Version;
use crate::domain::severity::Severity;
use crate::git::oid::Format;
use crate::git::project::{Project, ProjectError};
use crate::git::texts::{self, Text};
use crate::private;
use crate::report::template::{self, TemplateError, Templates};

/// The most bytes of a hotfix.toml.
const LARGEST: usize = 1024 * 1024;

/// The branches of a remote that may have a hotfix.toml which names production's; the first that has one counts.
const USUAL: &[&str] = &["HEAD", "main", "master", "production", "trunk"];

/// The remote that git gives a clone.
const ORIGIN: &str = "origin";

/// How often one hotfix.toml may name another branch than the one it was read from.
const HOPS: usize = 3;

/// The rules in force.
pub struct Policy {
    pub config: Config,
    pub templates: Templates,
    pub version: Version,
    /// Whether they are in a commit, and not in a work tree only.
    pub is_committed: bool,
    /// Who approves by the profile that the project has configured, whatever was asked for.
    pub roles: BTreeMap<Severity, Vec<String>>,
    /// What a person has to know who relies on them for the first time; empty if there is nothing unusual.
    pub remarks: Vec<String>,
    /// That the work tree has others, which are not followed.
    pub unfollowed: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    #[error("`{path}` can't be read: {source}")]
    Unreadable { path: String, source: io::Error },
    #[error(transparent)]
    Project(#[from] ProjectError),
}

/// A hotfix.toml, and where it was read.
struct Source {
    /// For errors: `origin/main:hotfix.toml`, or a path.
    path: PathBuf,
    /// The full name of a commit; `None` for one of a work tree.
    commit: Option<String>,
    /// For people: `origin/main`.
    from: String,
    text: String,
    /// Git's name of the content.
    name: String,
}

impl Source {
    fn config(&self, profile: Option<&str>) -> Result<Config, Box<ConfigError>> {
        Config::load(Some((&self.path, &self.text)), profile)
    }
}

/// Returns the rules in force for a command that is started in `directory`, and sets the remote and the time
/// limit of `project` by them. Asks the remote nothing. `profile`, if given, replaces the configured one.
///
/// Fails if the configuration in force is wrong or can't be read.
pub async fn find(project: &mut Project, directory: &Path, profile: Option<&str>) -> Result<Policy, PolicyError> {
    let local = in_work_tree(project, directory)?;
    let production = of_production(project, local.as_ref()).await?;
    let policy = match production {
        Found::Rules(source) => {
            let mut policy = of_commit(project, source, profile).await?;
            policy.unfollowed = differs(local.as_ref(), &policy);
            policy
        }
        Found::None { why } => of_work_tree(project, local, why, profile)?,
    };
    project.remote.clone_from(&policy.config.git.remote);
    project.limit = policy.config.git.limit.0;
    Ok(policy)
}

/// The rules in the commit that `revision` stands for; `None` where it has none.
pub async fn at(project: &Project, revision: &str, profile: Option<&str>) -> Result<Option<Policy>, PolicyError> {
    let Some(source) = sources(project, &[(revision.to_owned(), short(revision))]).await?.pop().flatten() else {
        return Ok(None);
    };
    Ok(Some(of_commit(project, source, profile).await?))
}

/// The version of the rules that production's branch has by now; `None` where it has none.
pub async fn now(project: &Project, config: &Config) -> Result<Option<Version>, PolicyError> {
    let production = branch(&config.git.remote, &config.git.production);
    let Some(source) = sources(project, &[production.names()]).await?.pop().flatten() else { return Ok(None) };
    let templates = templates_of(project, &source).await?;
    // The profile is the one that this process was started with.
    let config = source.config(Some(&config.profile).filter(|profile| !profile.is_empty()).map(String::as_str))?;
    Ok(Some(version(&source, &config, &templates)))
}

enum Found {
    Rules(Source),
    None { why: String },
}

/// Looks for production's branch, which only a hotfix.toml names: first one of a branch that the remote itself
/// or a usual name points to, so that no work tree has a say where production has rules.
async fn of_production(project: &mut Project, local: Option<&Source>) -> Result<Found, PolicyError> {
    // A broken one counts for nothing where production has its own; else it is an error later.
    let named = local.and_then(|local| local.config(None).ok());
    let named =
        named.map_or_else(|| branch(ORIGIN, "main"), |config| branch(&config.git.remote, &config.git.production));
    let mut candidates: Vec<Branch> = USUAL.iter().map(|name| branch(ORIGIN, name)).collect();
    candidates.push(named.clone());
    let refs: Vec<_> = candidates.iter().map(Branch::names).collect();
    let mut known: HashMap<Branch, Option<Source>> =
        candidates.iter().cloned().zip(sources(project, &refs).await?).rev().collect();
    let Some(mut place) = candidates.into_iter().find(|place| known.get(place).is_some_and(Option::is_some)) else {
        project.remote.clone_from(&named.remote);
        let why = match project.has_remote().await? {
            true => named.is_without(),
            false => format!("there is no remote `{}`", named.remote),
        };
        return Ok(Found::None { why });
    };
    for _ in 0..HOPS {
        let Some(source) = known.remove(&place).flatten() else { return Ok(Found::None { why: place.is_without() }) };
        let git = source.config(None)?.git;
        let next = branch(&git.remote, &git.production);
        if next == place {
            return Ok(Found::Rules(source));
        }
        if !known.contains_key(&next) {
            let read = sources(project, &[next.names()]).await?.pop().flatten();
            known.insert(next.clone(), read);
        }
        place = next;
    }
    Ok(Found::None { why: format!("the {FILE} of each of {HOPS} branches names another one as production's") })
}

/// A branch of a remote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Branch {
    remote: String,
    name: String,
}

fn branch(remote: &str, name: &str) -> Branch {
    Branch { remote: remote.to_owned(), name: name.to_owned() }
}

impl Branch {
    /// Its full name as last fetched, and its name for people.
    fn names(&self) -> (String, String) {
        let Branch { remote, name } = self;
        (format!("refs/remotes/{remote}/{name}"), format!("{remote}/{name}"))
    }

    fn is_without(&self) -> String {
        format!("`{}` on `{}` has no {FILE} yet", self.name, self.remote)
    }
}

/// The hotfix.toml of each of these revisions, which have a name for people beside them.
async fn sources(project: &Project, revisions: &[(String, String)]) -> Result<Vec<Option<Source>>, PolicyError> {
    let specs =
        revisions.iter().flat_map(|(revision, _)| [format!("{revision}^{{commit}}"), format!("{revision}:{FILE}")]);
    let texts = texts::read(&project.git, &specs.collect::<Vec<_>>()).await.map_err(ProjectError::from)?;
    let mut sources = Vec::new();
    for (pair, (_, from)) in texts.chunks(2).zip(revisions) {
        let [Some(commit), Some(text)] = pair else {
            sources.push(None);
            continue;
        };
        let path = format!("{from}:{FILE}");
        let unreadable = |source| PolicyError::Unreadable { path: path.clone(), source };
        sources.push(Some(Source {
            commit: Some(commit.name.clone()),
            from: from.clone(),
            name: text.name.clone(),
            text: utf8(text, LARGEST).map_err(unreadable)?,
            path: PathBuf::from(&path),
        }));
    }
    Ok(sources)
}

fn utf8(text: &Text, most: usize) -> io::Result<String> {
    let Some(content) = &text.content else {
        return Err(io::Error::other(format!("it is a {}, which is no file of the commit", text.name)));
    };
    if content.len() > most {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    String::from_utf8(content.clone()).map_err(|_| io::Error::other("it is not UTF-8"))
}

/// Reads hotfix.toml of the main work tree, or of the one that `directory` is in.
fn in_work_tree(project: &Project, directory: &Path) -> Result<Option<Source>, PolicyError> {
    for path in [project.top.join(FILE), directory.join(FILE)] {
        match private::read(&path, LARGEST as u64) {
            Ok(text) => {
                let name = blob(Format::Sha1, &text);
                return Ok(Some(Source { path, commit: None, from: "the work tree".to_owned(), text, name }));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(PolicyError::Unreadable { path: path.display().to_string(), source }),
        }
    }
    Ok(None)
}

async fn of_commit(project: &Project, source: Source, profile: Option<&str>) -> Result<Policy, PolicyError> {
    let config = source.config(profile)?;
    let templates = templates_of(project, &source).await?;
    let version = version(&source, &config, &templates);
    let roles = configured(&config, profile, || source.config(None))?;
    let texts = templates.into_iter().map(|(name, text)| {
        let path = PathBuf::from(format!("{}:{}", source.from, template::path(name)));
        let reason = |error: io::Error| TemplateError::Unreadable { path: path.clone(), reason: error.to_string() };
        (name, utf8(&text, template::LARGEST as usize).map_err(reason))
    });
    Ok(Policy {
        config,
        templates: Templates::of(texts.collect()),
        version,
        is_committed: true,
        roles,
        remarks: Vec::new(),
        unfollowed: None,
    })
}

/// The project's own templates in the commit of `source`.
async fn templates_of(project: &Project, source: &Source) -> Result<BTreeMap<&'static str, Text>, PolicyError> {
    let Some(commit) = &source.commit else { return Ok(BTreeMap::new()) };
    let names: Vec<&'static str> = template::names().collect();
    let specs: Vec<String> = names.iter().map(|name| format!("{commit}:{}", template::path(name))).collect();
    let texts = texts::read(&project.git, &specs).await.map_err(ProjectError::from)?;
    Ok(names.into_iter().zip(texts).filter_map(|(name, text)| Some((name, text?))).collect())
}

fn version(source: &Source, config: &Config, templates: &BTreeMap<&'static str, Text>) -> Version {
    let from = match &source.commit {
        Some(commit) => format!("{} at {}", source.from, short(commit)),
        None => source.from.clone(),
    };
    let templates = templates.iter().map(|(name, text)| (template::path(name), text.name.clone()));
    let files = [(FILE.to_owned(), source.name.clone())].into_iter().chain(templates).collect();
    Version { from, profile: config.profile.clone(), files, roles: config.review.roles.clone() }
}

fn of_work_tree(
    project: &Project,
    local: Option<Source>,
    why: String,
    profile: Option<&str>,
) -> Result<Policy, PolicyError> {
    let config = match &local {
        Some(source) => source.config(profile)?,
        None => Config::load(None, profile)?,
    };
    let templates = Templates::load(Some(&project.top));
    let own = templates.own().map(|(name, text)| (template::path(name), blob(Format::Sha1, text)));
    let file = local.as_ref().map(|source| (FILE.to_owned(), source.name.clone()));
    let files: BTreeMap<String, String> = file.into_iter().chain(own).collect();
    // With neither there is nothing whose place is worth a word.
    let remark = (!files.is_empty()).then(|| format!("{why}: the one of the work tree is followed"));
    let file = local.as_ref().map(|source| (source.path.as_path(), source.text.as_str()));
    let roles = configured(&config, profile, || Config::load(file, None))?;
    let (from, profile) = ("the work tree".to_owned(), config.profile.clone());
    let version = Version { from, profile, files, roles: config.review.roles.clone() };
    Ok(Policy {
        config,
        templates,
        version,
        is_committed: false,
        roles,
        remarks: remark.into_iter().collect(),
        unfollowed: None,
    })
}

/// Who approves by the project's own configuration: `config`, unless a profile was asked for.
fn configured(
    config: &Config,
    profile: Option<&str>,
    own: impl Fn() -> Result<Config, Box<ConfigError>>,
) -> Result<BTreeMap<Severity, Vec<String>>, Box<ConfigError>> {
    if profile.is_none() { Ok(config.review.roles.clone()) } else { Ok(own()?.review.roles) }
}

/// What to say to one who has edited the file and expects it to be followed.
fn differs(local: Option<&Source>, policy: &Policy) -> Option<String> {
    let local = local?;
    let in_force = policy.version.files.get(FILE)?;
    let format = if in_force.len() > local.name.len() { Format::Sha256 } else { Format::Sha1 };
    (*in_force != blob(format, &local.text))
        .then(|| format!("{FILE} here is another one than {}, which is followed", policy.version.from))
}

/// Git's name of a content.
fn blob(format: Format, text: &str) -> String {
    format.hash(&[format!("blob {}\0", text.len()).as_bytes(), text.as_bytes()]).to_string()
}

fn short(commit: &str) -> String {
    commit.chars().take(9).collect()
}
