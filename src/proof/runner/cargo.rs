//! Rust without nextest: cargo builds the test programs, and each test is run by its name, so that
//! its exit status is its result. Cargo itself only prints text.

use std::fs::File;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Deserialize;

use super::libtest::{self, TestProgram};
use super::reported::{Call, built};
use super::{Place, Program, Runner, has};
use crate::affected::Scope;
use crate::process::{self, Output, TAIL};
use crate::proof::run::{Tested, Trouble};

pub struct Cargo(pub Program);

pub fn is_project(directory: &Path) -> bool {
    has(directory, &["Cargo.toml"])
}

/// The packages to test in `directory`, as cargo and nextest take them.
pub fn packages(scope: &Scope, directory: &Path) -> Vec<String> {
    match scope.everything || scope.packages.is_empty() {
        true => vec!["--workspace".to_owned()],
        false => {
            scope.packages.iter().map(|package| format!("--package={}", specification(package, directory))).collect()
        }
    }
}

/// A name that no other package of the graph has (the Cargo Book, "Package ID Specifications"); the package's own
/// where it is not known where it lies.
fn specification(package: &str, directory: &Path) -> String {
    match package.strip_prefix("./").and_then(|package| package.split_once('#')) {
        Some((_, name)) if directory.as_os_str().is_empty() => name.to_owned(),
        Some((path, name)) => {
            let path = directory.join(path).display().to_string();
            format!("file://{}#{name}", escaped(path.trim_end_matches('/')))
        }
        None => package.to_owned(),
    }
}

/// A path as URLs have it (RFC 3986, 3.3).
fn escaped(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/+@:".contains(&byte);
    let each = path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    each.collect()
}

/// What cargo gets: each tree has a build directory of its own, as cargo decides what is fresh by times
/// and relative paths, which are the same in all of them.
pub fn environment(place: &Place) -> Vec<(String, String)> {
    let build = place.build.display().to_string();
    [("CARGO_TARGET_DIR", build.as_str()), ("CARGO_TERM_COLOR", "never")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// A message of cargo's (the Cargo Book, "External tools").
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    manifest_path: PathBuf,
    target: Option<Target>,
    profile: Option<Profile>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Cargo {
    fn call(&self, place: &Place, scope: &Scope) -> Call {
        let mut arguments = self.0.or(&["cargo"]);
        arguments.extend(["test", "--no-run", "--message-format=json-render-diagnostics"].map(str::to_owned));
        arguments.extend(packages(scope, &place.directory));
        arguments.extend(self.0.arguments.clone());
        Call { arguments, environment: environment(place) }
    }

    /// Builds, and returns the test programs.
    async fn programs(&self, place: &Place, scope: &Scope) -> Result<Vec<TestProgram>, Trouble> {
        let unreadable = |error: std::io::Error| Trouble::Unreadable(error.to_string());
        let messages = place.scratch.join("cargo.json");
        let stdout = Some(File::create(&messages).map_err(unreadable)?);
        let ended = process::run_into(self.call(place, scope).spec(place), Output { stdout, keep: TAIL }).await;
        built(&ended, self.install())?;
        let messages = std::fs::read(&messages).map_err(unreadable)?;
        let messages = messages.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        Ok(messages.filter_map(program).collect())
    }
}

fn program(message: Message) -> Option<TestProgram> {
    let (target, profile) = (message.target?, message.profile?);
    if message.reason != "compiler-artifact" || !profile.test {
        return None;
    }
    let directory = message.manifest_path.parent()?.to_owned();
    let package = package_name(&message.package_id);
    let kind = target.kind.first().map_or("", String::as_str);
    let name = format!("{package}/{kind} {}", target.name);
    let environment = vec![("CARGO_MANIFEST_DIR".to_owned(), directory.display().to_string())];
    Some(TestProgram { name, path: message.executable?, directory, environment })
}

/// The name in `path+file:///a/b#name@1.0.0`; it is `b` where there is only the version (the Cargo
/// Book, "Package ID Specifications").
fn package_name(id: &str) -> &str {
    let (place, fragment) = id.split_once('#').unwrap_or((id, ""));
    fragment.split_once('@').map_or_else(|| place.rsplit('/').next().unwrap_or(place), |(name, _)| name)
}

#[async_trait]
impl Runner for Cargo {
    fn name(&self) -> &'static str {
        "cargo"
    }

    fn version(&self, _: &Place) -> Vec<String> {
        [self.0.or(&["cargo"]), vec!["--version".to_owned()]].concat()
    }

    fn install(&self) -> &'static str {
        "install Rust, https://rustup.rs"
    }

    fn builds(&self) -> bool {
        true
    }

    fn takes_names(&self) -> bool {
        true
    }

    fn shown(&self, scope: &Scope) -> String {
        let words = [vec!["test".to_owned()], packages(scope, Path::new("")), self.0.arguments.clone()].concat();
        format!("{} {}", self.0.or(&["cargo"]).join(" "), words.join(" "))
    }

    async fn build(&self, place: &Place, scope: &Scope) -> Result<(), Trouble> {
        self.programs(place, scope).await.map(drop)
    }

    async fn test(&self, place: &Place, scope: &Scope) -> Tested {
        match self.programs(place, scope).await {
            Ok(programs) => libtest::run(&programs, place, scope).await,
            Err(trouble) => Tested::failed(trouble, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_by_its_place() {
        let packages_of = |packages: &[&str], directory: &str| {
            let packages = packages.iter().map(|package| (*package).to_owned()).collect();
            super::packages(&Scope { packages, ..Scope::default() }, Path::new(directory)).join(" ")
        };
        let here = "/home/a b/tree";
        assert_eq!(packages_of(&["./crates/x#one"], here), "--package=file:///home/a%20b/tree/crates/x#one");
        assert_eq!(packages_of(&["./#root", "named"], here), "--package=file:///home/a%20b/tree#root --package=named");
        assert_eq!(packages_of(&["./crates/x#one"], ""), "--package=one");
        assert_eq!(packages_of(&[], here), "--workspace");
    }
}
