//! What runs the tests of an ecosystem, one file each. A new one is a file here, a `mod`, a variant
//! of [`Config`] and an arm of [`Config::build`]; and a line in [`KNOWN`], so that it is found by default.

pub mod cargo;
pub mod command;
pub mod dotnet;
pub mod go;
pub mod gradle;
pub mod jest;
pub mod libtest;
pub mod maven;
pub mod nextest;
pub mod phpunit;
pub mod pytest;
pub mod reported;
pub mod rspec;
pub mod vitest;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::run::{Tested, Trouble};
use crate::affected::{Method, Scope};
use crate::process::sandbox::Confinement;
use reported::Call;

/// Runs tests and returns how each one ended, from what a machine wrote.
#[async_trait]
pub trait Runner: Send + Sync {
    fn name(&self) -> &'static str;

    /// A command that prints the runner's version, and fails where it is not installed.
    fn version(&self, place: &Place) -> Vec<String>;

    /// How it is installed.
    fn install(&self) -> &'static str;

    /// A command that prints which packages the tests can import, where no file of the project says it.
    fn installed(&self, _: &Place) -> Option<Vec<String>> {
        None
    }

    /// A command that prints where these modules are imported from: a line each, with the name, a tab and the path.
    /// `None` where tests can only import what is in their tree.
    fn origins(&self, _: &Place, _: &[String]) -> Option<Call> {
        None
    }

    /// The files that it writes into the tree and that make the next run faster.
    fn keeps(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a tree's build can begin with what another tree's build left in [`Place::build`].
    fn builds(&self) -> bool {
        false
    }

    /// Whether this file has tests and can be run alone.
    fn is_test_file(&self, _: &str) -> bool {
        false
    }

    /// The file below the project that a test is in, if its name tells.
    fn file_of(&self, _: &str, _: &Place) -> Option<String> {
        None
    }

    /// Whether it runs only the tests of [`Scope::names`], where there are any.
    fn takes_names(&self) -> bool {
        false
    }

    /// The command line, as a person would type it.
    fn shown(&self, scope: &Scope) -> String;

    /// Builds what has to be built before the tests run, once for all runs of a tree.
    async fn build(&self, _: &Place, _: &Scope) -> Result<(), Trouble> {
        Ok(())
    }

    async fn test(&self, place: &Place, scope: &Scope) -> Tested;
}

/// Where tests run.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The project's directory in a clean tree.
    pub directory: PathBuf,
    /// The clean tree's own directory.
    pub top: PathBuf,
    /// What builds leave, kept from check to check.
    pub build: PathBuf,
    /// For reports.
    pub scratch: PathBuf,
    /// The directories below the project's own that imports look in first.
    pub roots: Vec<PathBuf>,
    pub environment: Vec<(String, String)>,
    pub limit: Duration,
    /// What holds the tests.
    pub confinement: Option<Confinement>,
}

/// The runner to use, with what a person should know about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Config {
    Nextest(Program),
    Cargo(Program),
    Pytest(Program),
    Jest(Program),
    Vitest(Program),
    Go(Program),
    Maven(Program),
    Gradle(Program),
    Rspec(Program),
    Phpunit(Program),
    Dotnet(Program),
    /// Rust test programs that the project builds itself.
    Libtest(libtest::Config),
    /// Any command that writes JUnit XML.
    Command(command::Config),
}

/// How a runner is called.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The program and its first arguments, such as ["uv", "run", "pytest"], instead of what is
    /// found by default.
    #[serde(default)]
    pub program: Vec<String>,
    /// More arguments, behind all others.
    #[serde(default)]
    pub arguments: Vec<String>,
}

impl Program {
    /// The program as configured, or `found`.
    pub fn or(&self, found: &[&str]) -> Vec<String> {
        match self.program.is_empty() {
            true => found.iter().map(|word| (*word).to_owned()).collect(),
            false => self.program.clone(),
        }
    }
}

impl Config {
    pub fn build(&self) -> Box<dyn Runner> {
        match self.clone() {
            Config::Nextest(program) => Box::new(reported::Reported(nextest::Nextest(program))),
            Config::Cargo(program) => Box::new(cargo::Cargo(program)),
            Config::Pytest(program) => Box::new(reported::Reported(pytest::Pytest(program))),
            Config::Jest(program) => Box::new(reported::Reported(jest::Jest(program))),
            Config::Vitest(program) => Box::new(reported::Reported(vitest::Vitest(program))),
            Config::Go(program) => Box::new(reported::Reported(go::Go(program))),
            Config::Maven(program) => Box::new(reported::Reported(maven::Maven(program))),
            Config::Gradle(program) => Box::new(reported::Reported(gradle::Gradle(program))),
            Config::Rspec(program) => Box::new(reported::Reported(rspec::Rspec(program))),
            Config::Phpunit(program) => Box::new(reported::Reported(phpunit::Phpunit(program))),
            Config::Dotnet(program) => Box::new(reported::Reported(dotnet::Dotnet(program))),
            Config::Libtest(config) => Box::new(libtest::Libtest(config)),
            Config::Command(config) => Box::new(reported::Reported(command::Command(config))),
        }
    }

    /// How the tests that a change can break are found.
    pub fn method(&self) -> Method {
        match self {
            Config::Nextest(_) | Config::Cargo(_) => Method::Cargo,
            Config::Pytest(_) => Method::Python,
            Config::Jest(_) | Config::Vitest(_) => Method::JavaScript,
            Config::Go(_) => Method::Go,
            Config::Maven(_) | Config::Gradle(_) => Method::Jvm,
            Config::Rspec(_) | Config::Phpunit(_) => Method::Names,
            Config::Dotnet(_) | Config::Libtest(_) | Config::Command(_) => Method::Everything,
        }
    }
}

/// A runner that is found by the project's files.
struct Known {
    /// The endings of the files that hold its tests.
    endings: &'static [&'static str],
    /// Whether a directory is a project of its kind.
    is_project: fn(&Path) -> bool,
    config: fn(Program) -> Config,
}

/// In the order in which they are tried for a directory.
const KNOWN: &[Known] = &[
    Known { endings: &["rs"], is_project: nextest::is_project, config: Config::Nextest },
    Known { endings: &["rs"], is_project: cargo::is_project, config: Config::Cargo },
    Known { endings: &["py"], is_project: pytest::is_project, config: Config::Pytest },
    Known { endings: SCRIPTS, is_project: vitest::is_project, config: Config::Vitest },
    Known { endings: SCRIPTS, is_project: jest::is_project, config: Config::Jest },
    Known { endings: &["go"], is_project: go::is_project, config: Config::Go },
    Known { endings: JVM, is_project: maven::is_project, config: Config::Maven },
    Known { endings: JVM, is_project: gradle::is_project, config: Config::Gradle },
    Known { endings: &["rb"], is_project: rspec::is_project, config: Config::Rspec },
    Known { endings: &["php"], is_project: phpunit::is_project, config: Config::Phpunit },
    Known { endings: &["cs", "fs", "vb"], is_project: dotnet::is_project, config: Config::Dotnet },
];

const SCRIPTS: &[&str] = &["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts", "vue", "svelte"];
const JVM: &[&str] = &["java", "kt", "kts", "groovy", "scala"];

/// Returns the runner for the changed `files`, and the directory of its project within `tree`: the
/// nearest one above a file of the runner's language. The files that come first decide.
pub fn detect(tree: &Path, files: &[&str]) -> Option<(Config, PathBuf)> {
    for file in files {
        let ending = file.rsplit('.').next().unwrap_or_default();
        for directory in Path::new(file).ancestors().skip(1) {
            let of_language = KNOWN.iter().filter(|known| known.endings.contains(&ending));
            if let Some(known) = of_language.into_iter().find(|known| (known.is_project)(&tree.join(directory))) {
                return Some(((known.config)(Program::default()), directory.to_owned()));
            }
        }
    }
    None
}

/// Whether one of these files is in the directory.
fn has(directory: &Path, names: &[&str]) -> bool {
    names.iter().any(|name| directory.join(name).exists())
}

#[cfg(test)]
mod tests;
