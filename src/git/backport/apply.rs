//! Puts one commit's change onto many trees.

use std::collections::HashMap;

use super::attributes::{self, Attributes};
use super::change::{self, Change};
use super::class::{self, ATTRIBUTES, Class};
use super::error::BackportError;
use super::fix::FixCommit;
use super::folders::{Folders, Views};
use super::obstacle::Obstacle;
use super::splice;
use crate::git::merge_tree::{Merge, Merged};
use crate::git::oid::Oid;
use crate::git::pack::PackWriter;
use crate::git::quarantine::{Quarantine, QuarantineError};
use crate::git::tree::Entry;

/// How many trees are held in memory at once.
const CHUNK: usize = 512;

/// What the change makes of each tree: another tree (the same where it is there already), or an
/// obstacle.
pub type Applied = HashMap<Oid, Result<Oid, Box<Obstacle>>>;

/// What the change does to every tree of a class.
#[derive(Clone, Debug)]
enum Recipe {
    Edit(Vec<(Vec<u8>, Option<Entry>)>),
    Stop(Obstacle),
}

/// Applies the change of `commit` to each of the trees, exactly as git would. Trees of a class are
/// merged once, by git, and the rest of the class is given the result.
pub async fn apply(
    quarantine: &Quarantine,
    options: &[String],
    commit: &FixCommit,
    trees: &[Oid],
) -> Result<Applied, BackportError> {
    let format = quarantine.repository().format;
    let nothing = format.hash(&[b"tree 0\0"]);
    let base = commit.base.unwrap_or(nothing);
    let changes = change::between(quarantine.git(), base, commit.tree).await?;
    let applied = Applied::with_capacity(trees.len());
    let mut work = Work { quarantine, options, commit, changes, base, nothing, applied };
    if !class::suits(&work.changes) {
        work.merge_each(trees).await?;
        return Ok(work.applied);
    }
    let folders = Folders::of(&work.changes, format);
    let mut recipes = HashMap::new();
    let mut alone = Vec::new();
    let mut pack = quarantine.pack()?;
    for chunk in trees.chunks(CHUNK) {
        let roots: Vec<Oid> = chunk.iter().copied().chain([base]).collect();
        let views = folders.read(quarantine.git(), &roots).await?;
        let classes: Vec<(Oid, Option<Class>)> =
            chunk.iter().map(|root| (*root, class::of(&work.changes, &folders, &views, base, *root))).collect();
        work.learn(&folders, &views, &classes, &mut recipes).await?;
        alone.extend(work.follow(&folders, &views, &classes, &recipes, &mut pack)?);
    }
    quarantine.seal(pack)?;
    work.merge_each(&alone).await?;
    Ok(work.applied)
}

struct Work<'a> {
    quarantine: &'a Quarantine,
    options: &'a [String],
    commit: &'a FixCommit,
    changes: Vec<Change>,
    base: Oid,
    /// The empty tree.
    nothing: Oid,
    applied: Applied,
}

impl Work<'_> {
    /// Merges one tree of each class that has no recipe yet: a small one, since a class is decided
    /// by the changed paths alone.
    async fn learn(
        &self,
        folders: &Folders,
        views: &Views,
        classes: &[(Oid, Option<Class>)],
        recipes: &mut HashMap<Class, Recipe>,
    ) -> Result<(), BackportError> {
        let mut samples: HashMap<&Class, Oid> = HashMap::new();
        for (root, class) in classes {
            if let Some(class) = class.as_ref().filter(|class| !recipes.contains_key(class)) {
                samples.entry(class).or_insert(*root);
            }
        }
        let mut pack = self.quarantine.pack()?;
        let nothing = folders.absent(&[self.nothing]);
        let mut small = |entries: &dyn Fn(&Change) -> Option<Entry>| {
            let edits: Vec<_> = self.changes.iter().map(|change| (change.path.clone(), entries(change))).collect();
            splice::splice(folders, &nothing, self.nothing, &edits, &mut pack, &mut splice::Last::default())
        };
        let base = small(&|change| change.old).map_err(|source| self.unwritten(source))?;
        let theirs = small(&|change| change.new).map_err(|source| self.unwritten(source))?;
        let mut merges = Vec::with_capacity(samples.len());
        for root in samples.values() {
            let ours = small(&|change| views.entry(folders, *root, &change.path));
            let ours = ours.map_err(|source| self.unwritten(source))?;
            merges.push((Merge { base: Some(base), ours, theirs }, near(folders, views, *root)));
        }
        self.quarantine.seal(pack)?;
        let answers = attributes::merge_all(self.quarantine, self.options, &merges).await?;
        let trees: Vec<Oid> = answers.iter().filter_map(Merged::tree).collect();
        let results = folders.read(self.quarantine.git(), &trees).await?;
        for ((class, root), answer) in samples.into_iter().zip(answers) {
            let digest = class.digest(self.commit.oid);
            let recipe = match taken(self.commit.oid, root, Some(digest), answer) {
                Ok(tree) => Recipe::Edit(self.edits(folders, &results, tree)),
                Err(obstacle) => Recipe::Stop(*obstacle),
            };
            recipes.insert(class.clone(), recipe);
        }
        Ok(())
    }

    /// What a merged tree has at the changed paths.
    fn edits(&self, folders: &Folders, results: &Views, tree: Oid) -> Vec<(Vec<u8>, Option<Entry>)> {
        let paths = self.changes.iter().map(|change| &change.path);
        paths.map(|path| (path.clone(), results.entry(folders, tree, path))).collect()
    }

    /// Does to each tree what its class's recipe says; returns those that have none.
    fn follow(
        &mut self,
        folders: &Folders,
        views: &Views,
        classes: &[(Oid, Option<Class>)],
        recipes: &HashMap<Class, Recipe>,
        pack: &mut PackWriter,
    ) -> Result<Vec<Oid>, BackportError> {
        let mut alone = Vec::new();
        let mut like = splice::Last::default();
        for (root, class) in classes {
            let result = match class.as_ref().map(|class| &recipes[class]) {
                Some(Recipe::Edit(edits)) => {
                    let spliced = splice::splice(folders, views, *root, edits, pack, &mut like);
                    Ok(spliced.map_err(|source| self.unwritten(source))?)
                }
                Some(Recipe::Stop(obstacle)) => Err(Box::new(obstacle.clone().at(*root))),
                None => {
                    alone.push(*root);
                    continue;
                }
            };
            self.applied.insert(*root, result);
        }
        Ok(alone)
    }

    /// Merges each tree by itself, under all of its attributes.
    async fn merge_each(&mut self, trees: &[Oid]) -> Result<(), BackportError> {
        let git = self.quarantine.git();
        let mut attributes = attributes::of_trees(git, trees, self.quarantine.repository().format).await?;
        let merges: Vec<(Merge, Attributes)> =
            trees.iter().map(|tree| (self.merge_into(*tree), attributes.remove(tree).unwrap_or_default())).collect();
        let answers = attributes::merge_all(self.quarantine, self.options, &merges).await?;
        for (tree, answer) in trees.iter().zip(answers) {
            self.applied.insert(*tree, taken(self.commit.oid, *tree, None, answer));
        }
        Ok(())
    }

    fn merge_into(&self, tree: Oid) -> Merge {
        Merge { base: Some(self.base), ours: tree, theirs: self.commit.tree }
    }

    fn unwritten(&self, source: std::io::Error) -> QuarantineError {
        QuarantineError::Write { path: self.quarantine.directory().display().to_string(), source }
    }
}

/// Returns the result of merging `commit` into the tree `ours`, or why it has none.
pub fn taken(commit: Oid, ours: Oid, class: Option<String>, answer: Merged) -> Result<Oid, Box<Obstacle>> {
    match answer {
        Merged::Clean { tree } => Ok(tree),
        Merged::Conflict(conflict) => {
            Err(Box::new(Obstacle::Conflict { commit, ours, class, conflict, number: 1, of: 1 }))
        }
        Merged::Failed { reason } => Err(Box::new(Obstacle::Failed { commit, reason })),
    }
}

/// The attribute files of the folders that were looked at.
fn near(folders: &Folders, views: &Views, root: Oid) -> Attributes {
    let mut attributes = Attributes::new();
    for folder in folders.paths() {
        let path = match folder.is_empty() {
            true => ATTRIBUTES.to_vec(),
            false => [folder, &b"/"[..], ATTRIBUTES].concat(),
        };
        let at = folders.number(folder);
        let entry = crate::git::tree::find(views.content(views.trees(root)[at]), ATTRIBUTES, folders.format());
        if let Some(entry) = entry.filter(|entry| entry.is_file()) {
            attributes.insert(path, entry.oid);
        }
    }
    attributes
}
