//! Reads a repository and writes its first hotfix.toml.

use std::path::{Path, PathBuf};

use super::error::AppError;
use super::service::{Options, Place, found};
use crate::config::{Config, FILE};
use crate::git::project::Project;
use crate::process::installed;
use crate::store::{Adopted, Store};

/// A configuration to start from, and the reasons for it.
#[derive(Debug)]
pub struct Guesses {
    pub path: PathBuf,
    pub text: String,
    pub remarks: Vec<String>,
}

/// Build files, each with the command for all tests of such a project.
const FULL: &[(&str, &str)] = &[
    ("Cargo.toml", "[\"cargo\", \"test\", \"--workspace\"]"),
    ("package.json", "[\"npm\", \"test\"]"),
    ("pyproject.toml", "[\"python3\", \"-m\", \"pytest\", \"-q\"]"),
    ("go.mod", "[\"go\", \"test\", \"./...\"]"),
    ("pom.xml", "[\"mvn\", \"-q\", \"test\"]"),
    ("Makefile", "[\"make\", \"test\"]"),
];

/// Returns a hotfix.toml for the repository that `directory` is in. Writes nothing.
pub async fn guess(directory: &Path, profile: Option<&str>) -> Result<Guesses, AppError> {
    let project = Project::open(directory).await?;
    // So that a wrong profile is an error now, not later.
    Config::load(None, profile)?;
    let mut remarks = Vec::new();
    let mut text = String::from(
        "# How hotfix handles an emergency in this repository. Every setting with its default:\n# config/default.toml in hotfix's own repository.\n\n",
    );
    match profile {
        Some(profile) => text.push_str(&format!("profile = {}\n", quoted(profile))),
        None => {
            text.push_str("# profile = \"kubernetes\"   # compose, kubernetes, incident, pull-request or service\n")
        }
    }
    if let Some((file, command)) = FULL.iter().find(|(file, _)| project.top.join(file).is_file()) {
        let own = installed::own(&project.top, &project.top, "python");
        let own = own.as_deref().and_then(|python| python.strip_prefix(&project.top).ok());
        let command = match own {
            Some(python) => command.replace("\"python3\"", &quoted(&python.to_string_lossy())),
            None => (*command).to_owned(),
        };
        remarks.push(format!(
            "all tests: {command}, because there is a {file}; run after the merge, before it only affected ones"
        ));
        text.push_str(&format!("\n[affected]\nfull = {command}\n"));
    }
    let (remote, branch) = production(&project, &mut remarks).await?;
    text.push_str(&format!("\n[git]\nremote = {}\nproduction = {}\n", quoted(&remote), quoted(&branch)));
    let tags = project.git.run(["tag", "--list", "v*", "--sort=-version:refname"]).await.unwrap_or_default();
    if let Some(tag) = tags.lines().next() {
        remarks.push(format!("releases are tagged like `{tag}`, so hotfixes are v{{version}}-hotfix.{{n}}"));
        text.push_str("\n[release]\ntag = \"v{version}-hotfix.{n}\"\n");
    }
    text.push_str(
        "\n# How a release is deployed; the commands get HOTFIX_RELEASE, HOTFIX_COMMIT and HOTFIX_PREVIOUS.\n\
         # [deploy.by.command]\n# deploy = \"./deploy.sh\"\n# current = \"[ ! -e current-release ] || cat current-release\"\n\
         \n# How to see whether the service works.\n# [[watch.probe]]\n# name = \"health\"\n# every = \"1s\"\n\
         # by.http = { url = \"http://127.0.0.1:8080/health\" }\n",
    );
    remarks.push(format!(
        "deploy and watch are left for you to fill in; what counts is what `{branch}` on `{remote}` has, so push it"
    ));
    Ok(Guesses { path: project.top.join(FILE), text, remarks })
}

/// Gives journals that the store has from before it knew services to this repository's service: those
/// called `ids`, or all where that is `None`.
pub async fn adopt(options: &Options, ids: Option<&[String]>) -> Result<Adopted, AppError> {
    let (project, policy) = found(options).await?;
    let place = Place::of(&project, &policy.config).await?;
    Ok(Store::adopt(&place.location, &place.home, &place.claim, ids).await?)
}

/// The remote and the branch that production is most likely released from.
async fn production(project: &Project, remarks: &mut Vec<String>) -> Result<(String, String), AppError> {
    let remotes = project.git.run(["remote"]).await.map_err(crate::git::project::ProjectError::from)?;
    let remote = match remotes.lines().find(|name| *name == "origin").or(remotes.lines().next()) {
        Some(remote) => remote.to_owned(),
        None => {
            remarks.push("there is no remote yet: git remote add origin URL".to_owned());
            "origin".to_owned()
        }
    };
    let head = project.git.run(["symbolic-ref", "--quiet", "--short", &format!("refs/remotes/{remote}/HEAD")]).await;
    if let Some(branch) = head.ok().and_then(|head| head.strip_prefix(&format!("{remote}/")).map(str::to_owned)) {
        remarks.push(format!("production: `{branch}`, the default branch of `{remote}`"));
        return Ok((remote, branch));
    }
    for branch in ["main", "master", "production", "trunk"] {
        for place in [format!("refs/remotes/{remote}/{branch}"), format!("refs/heads/{branch}")] {
            if project.commit(&place).await?.is_some() {
                remarks.push(format!("production: `{branch}`, because it exists"));
                return Ok((remote, branch.to_owned()));
            }
        }
    }
    remarks.push("production: `main`; no branch was found that looks like it".to_owned());
    Ok((remote, "main".to_owned()))
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
