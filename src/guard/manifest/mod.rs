//! Manifests and lock files read by meaning: what they ask for, not how it is written.

pub mod entries;

mod bundler;
mod cargo;
mod catalog;
mod composer;
mod go;
mod gradle;
mod maven;
mod npm;
mod nuget;
mod package;
mod pip;
mod pipenv;
mod pnpm;
mod pyproject;
mod requirement;
mod setup;
mod toml_lock;
mod words;
mod yaml;
mod yarn;

use entries::{Difference, Entries, Unreadable};

/// Largest file that is read, in bytes; lock files of large projects have a few million.
const LARGEST: usize = 32 << 20;

/// One kind of file that names dependencies.
pub struct Format {
    /// Files of one ecosystem belong together: a manifest and the lock file beside it.
    pub ecosystem: &'static str,
    pub role: Role,
    /// Whether a file of this name is one; for some the folder counts too.
    is: fn(path: &str, name: &str) -> bool,
    read: fn(&str) -> Result<Entries, Unreadable>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Manifest,
    /// A lock file that the ecosystem's tool writes from the manifest.
    Lock,
}

use Role::{Lock, Manifest};

/// Every kind of file that is read; the first that fits is taken.
const FORMATS: &[Format] = &[
    format("cargo", Manifest, |_, name| name == "Cargo.toml", cargo::manifest),
    format("cargo", Lock, |_, name| name == "Cargo.lock", toml_lock::cargo),
    format("npm", Manifest, |_, name| name == "package.json", package::read),
    format("npm", Lock, |_, name| matches!(name, "package-lock.json" | "npm-shrinkwrap.json"), npm::lock),
    format("npm", Lock, |_, name| name == "yarn.lock", yarn::lock),
    format("npm", Lock, |_, name| name == "pnpm-lock.yaml", pnpm::lock),
    format("npm", Manifest, |_, name| name == "pnpm-workspace.yaml", pnpm::workspace),
    format("npm", Lock, |_, name| name == "bun.lock", npm::bun_lock),
    format("npm", Lock, |_, name| name == "bun.lockb", |_| Err(Unreadable("it is binary".to_owned()))),
    format("python", Manifest, pip::is, pip::read),
    format("python", Manifest, |_, name| name == "pyproject.toml", pyproject::read),
    format("python", Manifest, |_, name| name == "setup.cfg", setup::cfg),
    format("python", Manifest, |_, name| name == "setup.py", setup::py),
    format("python", Lock, |_, name| matches!(name, "poetry.lock" | "uv.lock" | "pdm.lock"), toml_lock::python),
    format("pipenv", Manifest, |_, name| name == "Pipfile", pipenv::manifest),
    format("pipenv", Lock, |_, name| name == "Pipfile.lock", pipenv::lock),
    format("go", Manifest, |_, name| name == "go.mod", go::manifest),
    format("go", Lock, |_, name| name == "go.sum", go::sums),
    format("maven", Manifest, |_, name| name == "pom.xml" || name.ends_with(".pom"), maven::read),
    format("gradle", Manifest, |_, name| name.ends_with(".gradle") || name.ends_with(".gradle.kts"), gradle::build),
    format("gradle", Manifest, |_, name| name.ends_with(".versions.toml"), catalog::read),
    format("gradle", Manifest, |_, name| name == "gradle.properties", gradle::properties),
    format("gradle", Manifest, |_, name| name == "gradle-wrapper.properties", gradle::wrapper),
    format("gradle", Lock, |_, name| name == "gradle.lockfile", gradle::lock),
    format("bundler", Manifest, |_, name| matches!(name, "Gemfile" | "gems.rb"), bundler::gemfile),
    format("bundler", Manifest, |_, name| name.ends_with(".gemspec"), bundler::gemspec),
    format("bundler", Lock, |_, name| matches!(name, "Gemfile.lock" | "gems.locked"), bundler::lock),
    format("composer", Manifest, |_, name| name == "composer.json", composer::manifest),
    format("composer", Lock, |_, name| name == "composer.lock", composer::lock),
    format("nuget", Manifest, nuget::is, nuget::project),
    format("nuget", Lock, |_, name| name == "packages.lock.json", nuget::lock),
];

const fn format(
    ecosystem: &'static str,
    role: Role,
    is: fn(&str, &str) -> bool,
    read: fn(&str) -> Result<Entries, Unreadable>,
) -> Format {
    Format { ecosystem, role, is, read }
}

/// Returns what kind of manifest or lock file stands at `path`, if it is one.
pub fn format_of(path: &str) -> Option<&'static Format> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let installed = folder.split('/').any(|part| part == "node_modules");
    FORMATS.iter().find(|format| !installed && (format.is)(path, name))
}

impl Format {
    /// Returns the dependencies that differ between two versions of a file, `None` for one that is
    /// not there. An error says which version could not be read and why.
    pub fn compare(&self, before: Option<&[u8]>, after: Option<&[u8]>) -> Result<Vec<Difference>, Unreadable> {
        if before == after {
            return Ok(Vec::new());
        }
        let read = |content: Option<&[u8]>, when: &str| {
            let entries = content.map_or(Ok(Entries::default()), |content| self.read(content));
            entries.map_err(|error| Unreadable(format!("{when} the fix {error}")))
        };
        Ok(read(before, "before")?.differences(&read(after, "after")?))
    }

    /// Returns the dependencies that a file's content names.
    pub fn read(&self, content: &[u8]) -> Result<Entries, Unreadable> {
        if content.len() > LARGEST {
            return Err(Unreadable(format!("it is larger than {} MiB", LARGEST >> 20)));
        }
        let text = std::str::from_utf8(content).map_err(|_| Unreadable("it is not UTF-8".to_owned()))?;
        (self.read)(text.trim_start_matches('\u{feff}'))
    }
}
