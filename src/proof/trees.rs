//! Runs the tests on each tree, side by side where there are processors.

use std::path::PathBuf;

use tokio::sync::Semaphore;

use super::judge::Runs;
use super::run::{Tested, Trouble};
use super::runner::reported::{Call, built};
use super::runner::{Place, Runner};
use super::slots::{Slot, Slots};
use super::{Progress, ProofError, Subject};
use crate::affected::Scope;
use crate::domain::proof::{Tree, Trees};
use crate::process;
use crate::process::walls::Access;

/// What runners leave in a tree to be faster the next time.
pub const KEEP: &[&str] = &["target", "build", ".gradle", "bin", "obj"];

/// All that testing the trees takes.
pub struct Ground<'a> {
    pub subject: &'a Subject<'a>,
    pub slots: &'a Slots,
    pub runner: Box<dyn Runner>,
    /// The directory of the tests' project, below the repository's top.
    pub project: PathBuf,
    pub trees: Trees,
}

impl Ground<'_> {
    /// Runs the tests of `scope` on each tree as often as the policy says.
    pub async fn run(&self, scope: &Scope, progress: Progress<'_>) -> Result<Runs, ProofError> {
        let Trees { base, tests, .. } = &self.trees;
        let at_once = Semaphore::new(lanes());
        let first = self.slots.slot(name(Tree::Base))?;
        let unbuilt = self.runner.builds() && first.is_unbuilt();
        // Where nothing was built yet, the others start from the first one's build.
        let ready = if unbuilt { Some(self.ready(&first, base, scope).await?) } else { None };
        let runs_of = |tree: Tree, name_of_tree: &'static str| {
            let (at_once, ready) = (&at_once, ready.clone());
            async move {
                let slot = self.slots.slot(name(tree))?;
                let ready = match (tree, ready) {
                    (Tree::Base, Some(ready)) => ready,
                    (_, seeded) => {
                        if seeded.is_some() && slot.is_unbuilt() {
                            slot.seed(&self.slots.slot(name(Tree::Base))?)?;
                        }
                        let _permit = at_once.acquire().await;
                        self.ready(&slot, self.name_of(tree), scope).await?
                    }
                };
                let mut runs = Vec::new();
                for number in 1..=self.subject.policy.runs.max(1) {
                    let _permit = at_once.acquire().await;
                    if let Err(trouble) = &ready {
                        runs.push(Tested::failed(trouble.clone(), 0.0));
                        break;
                    }
                    let tested = self.once(&slot, self.name_of(tree), scope).await?;
                    progress(&format!(
                        "proof: {name_of_tree}, run {number}: {}, {:.1} s",
                        words(&tested),
                        tested.seconds
                    ));
                    let over = tested.trouble.is_some();
                    runs.push(tested);
                    if over {
                        break;
                    }
                }
                Ok::<_, ProofError>(runs)
            }
        };
        let with_tests = async {
            if tests == base { Ok(None) } else { runs_of(Tree::Tests, "with its tests alone").await.map(Some) }
        };
        let (base, tests, fix) =
            tokio::try_join!(runs_of(Tree::Base, "before"), with_tests, runs_of(Tree::Fix, "with the fix"))?;
        Ok(Runs { tests: tests.unwrap_or_else(|| base.clone()), base, fix })
    }

    /// Brings a tree into a slot and builds its tests; the inner result has the reason of a failure.
    pub async fn ready(&self, slot: &Slot, tree: &str, scope: &Scope) -> Result<Result<(), Trouble>, ProofError> {
        slot.check_out(self.subject.git, tree, self.keep()).await?;
        self.link(slot);
        let place = self.place(slot);
        if !place.directory.is_dir() {
            return Ok(Err(Trouble::Empty));
        }
        if let Some(prepare) = &self.subject.policy.prepare {
            let call = Call { arguments: prepare.arguments(), environment: Vec::new() };
            let ended = process::run(call.spec(&place)).await;
            if let Err(trouble) = built(&ended, "correct proof.prepare in hotfix.toml") {
                return Ok(Err(trouble));
            }
        }
        Ok(self.runner.build(&place, &scope.within(&place.directory)).await)
    }

    /// Runs the tests once, on the files as git has them.
    pub async fn once(&self, slot: &Slot, tree: &str, scope: &Scope) -> Result<Tested, ProofError> {
        slot.restore(self.subject.git, tree).await?;
        let place = self.place(slot);
        let scope = scope.within(&place.directory);
        if scope.is_empty() {
            return Ok(Tested::failed(Trouble::Empty, 0.0));
        }
        Ok(self.runner.test(&place, &scope).await)
    }

    pub fn place(&self, slot: &Slot) -> Place {
        Place {
            directory: match self.project.as_os_str().is_empty() {
                true => slot.tree.clone(),
                false => slot.tree.join(&self.project),
            },
            top: slot.tree.clone(),
            build: slot.build.clone(),
            scratch: slot.scratch.clone(),
            environment: Vec::new(),
            limit: self.subject.policy.limit.0,
            confinement: self.subject.confinement.map(|confinement| {
                let slots = (self.slots.scratch().to_owned(), Access::Read);
                confinement.with([slots]).writing(slot.directories())
            }),
        }
    }

    /// Links what is installed beside the sources in a work tree and is not git's.
    pub fn link(&self, slot: &Slot) {
        slot.link(&self.project, &self.subject.policy.link, &self.subject.work_trees);
    }

    fn keep(&self) -> &'static [&'static str] {
        self.runner.keeps()
    }

    fn name_of(&self, tree: Tree) -> &str {
        match tree {
            Tree::Base => &self.trees.base,
            Tree::Tests => &self.trees.tests,
            Tree::Fix => &self.trees.fix,
        }
    }
}

/// How many trees are tested at once. Two processors are enough for three: their runs end at
/// about the same time, which they don't two at a time.
pub fn lanes() -> usize {
    if std::thread::available_parallelism().map_or(1, usize::from) > 1 { 3 } else { 1 }
}

/// The name of the slot for a tree.
pub fn name(tree: Tree) -> &'static str {
    match tree {
        Tree::Base => "base",
        Tree::Tests => "tests",
        Tree::Fix => "fix",
    }
}

fn words(tested: &Tested) -> String {
    match &tested.trouble {
        Some(trouble) => trouble.to_string().lines().next().unwrap_or_default().to_owned(),
        None => {
            let failed = tested.count(super::run::Mark::has_failed);
            format!("{failed} of {} tests failed", tested.marks.len())
        }
    }
}
