//! Where the tests import the changed modules from: of an editable install that is the checkout, in every tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::ProofError;
use super::findings;
use super::runner::Place;
use super::split::Split;
use super::trees::{Ground, name};
use crate::domain::check::Violation;
use crate::domain::proof::Tree;
use crate::process;

/// Python's names of what is changed, each with the directory that it is imported from, below the project.
type Modules = BTreeMap<String, PathBuf>;

/// Files that nobody imports.
const NO_MODULES: &[&str] = &["setup", "conftest", "noxfile"];

impl Ground<'_> {
    /// Returns the directories, below the project, that have to come first for the tests to import what is in their
    /// tree, or the finding that even then they import something else.
    pub async fn roots(&self, split: &Split<'_>) -> Result<Result<Vec<PathBuf>, Violation>, ProofError> {
        let place = self.place(&self.slots.slot(name(Tree::Fix))?);
        let sources = split.sources().into_iter().filter_map(|path| Path::new(path).strip_prefix(&self.project).ok());
        let modules = modules(&place.directory, sources);
        let elsewhere = self.elsewhere(&place, &modules).await;
        if elsewhere.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let roots: BTreeSet<PathBuf> =
            elsewhere.iter().filter_map(|(module, _)| modules.get(module).cloned()).collect();
        let place = Place { roots: roots.into_iter().collect(), ..place };
        Ok(match self.elsewhere(&place, &modules).await.first() {
            None => Ok(place.roots),
            Some((module, origin)) => Err(findings::imported(split, module, origin)),
        })
    }

    /// The modules that the tests would import from elsewhere than their tree, and from where, in words.
    async fn elsewhere(&self, place: &Place, modules: &Modules) -> Vec<(String, &'static str)> {
        let names: Vec<String> = modules.keys().cloned().collect();
        let call = if names.is_empty() { None } else { self.runner.origins(place, &names) };
        let Some(call) = call else { return Vec::new() };
        let ended = process::run(call.spec(place)).await;
        let found = ended.output.lines().filter_map(|line| line.split_once('\t'));
        let words = found.filter_map(|(module, path)| Some((module.to_owned(), self.origin(place, Path::new(path))?)));
        words.collect()
    }

    /// What a module is imported from, in words; `None` where that is the tree itself, or nothing of the project's.
    fn origin(&self, place: &Place, path: &Path) -> Option<&'static str> {
        let is_installed = path.components().any(|part| part.as_os_str() == "site-packages");
        match path.starts_with(&place.top) {
            true => None,
            false if is_installed => Some("an installed copy"),
            false => {
                let mut trees = self.subject.work_trees.iter().filter_map(|tree| tree.canonicalize().ok());
                trees.any(|tree| path.starts_with(tree)).then_some("the checkout")
            }
        }
    }
}

/// The modules that these files of `directory` belong to: each by the first name of its package.
fn modules<'a>(directory: &Path, files: impl Iterator<Item = &'a Path>) -> Modules {
    let mut modules = Modules::new();
    for file in files.filter(|file| file.extension().is_some_and(|ending| ending == "py")) {
        let is_package = |folder: &&Path| directory.join(folder).join("__init__.py").is_file();
        // A file outside of any package may share its name with something that is installed.
        let Some(package) = file.ancestors().skip(1).take_while(is_package).last() else { continue };
        let name = package.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.is_empty() && !NO_MODULES.contains(&name.as_str()) {
            modules.insert(name, package.parent().unwrap_or(Path::new("")).to_owned());
        }
    }
    modules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_by_its_outermost_package() {
        let project = tempfile::tempdir().unwrap();
        for path in ["lib/shop/__init__.py", "lib/shop/money/__init__.py", "web/__init__.py", "scripts/json.py"] {
            let path = project.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let files = ["lib/shop/money/cents.py", "web/__init__.py", "scripts/json.py", "lib/shop/rates.csv", "setup.py"];
        let found = modules(project.path(), files.iter().map(Path::new));
        let found: Vec<_> = found.iter().map(|(name, root)| format!("{name} in `{}`", root.display())).collect();
        assert_eq!(found, ["shop in `lib`", "web in ``"]);
    }
}
