//! Runs the tests on each tree, side by side where there are processors, and again where that tells more.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use tokio::sync::Semaphore;

use super::again::{self, Again};
use super::findings;
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
    /// The directories below the project's own that imports look in first.
    pub roots: Vec<PathBuf>,
    /// When the proof began.
    pub start: Instant,
}

impl Ground<'_> {
    /// Runs the tests of `scope` where that tells something, and returns what was not done within the budget, in
    /// words. Production's code and the fix are tested once; its code with the fix's tests only with these, which
    /// are in the files `own`, if the runner can run files alone. Then the fix's own tests, and those that did not
    /// end alike, are run until they were run as often as the policy says.
    pub async fn run(
        &self,
        scope: &Scope,
        own: &BTreeSet<String>,
        progress: Progress<'_>,
    ) -> Result<(Runs, Vec<String>), ProofError> {
        let mut runs = self.first(scope, own, progress).await?;
        let mut undone = Vec::new();
        if runs.first_trouble().is_some() || self.subject.policy.runs < 2 {
            return Ok((runs, undone));
        }
        let place = self.place(&self.slots.slot(name(Tree::Fix))?);
        let is_own = |test: &str| self.runner.file_of(test, &place).is_some_and(|file| own.contains(&file));
        let Again { own: mut wanted, different } = again::again(&runs, is_own);
        match self.is_over() {
            true if !different.is_empty() => undone.push(format!(
                "not run again, though they do not end alike before and with the fix: {}",
                findings::named(&different.into_iter().collect::<Vec<_>>())
            )),
            _ => wanted.extend(different),
        }
        let repeated = |tree: Tree, first: Option<&Tested>| {
            let tests = again::on(tree, first, &wanted);
            async move { self.repeat(tree, scope, tests, progress).await }
        };
        let with_tests = async {
            if self.trees.tests == self.trees.base {
                return Ok(Vec::new());
            }
            repeated(Tree::Tests, runs.tests.first()).await
        };
        let (base, tests, fix) = tokio::try_join!(
            repeated(Tree::Base, runs.base.first()),
            with_tests,
            repeated(Tree::Fix, runs.fix.first())
        )?;
        runs.base.extend(base);
        runs.fix.extend(fix);
        match self.trees.tests == self.trees.base {
            true => runs.tests.clone_from(&runs.base),
            false => runs.tests.extend(tests),
        }
        Ok((runs, undone))
    }

    /// The first run of each tree, all at once.
    async fn first(&self, scope: &Scope, own: &BTreeSet<String>, progress: Progress<'_>) -> Result<Runs, ProofError> {
        let Trees { base, tests, .. } = &self.trees;
        let at_once = Semaphore::new(lanes());
        let first = self.slots.slot(name(Tree::Base))?;
        let unbuilt = self.runner.builds() && first.is_unbuilt();
        // Where nothing was built yet, the others start from the first one's build.
        let ready = if unbuilt { Some(self.ready(&first, base, scope).await?) } else { None };
        let run_of = |tree: Tree| {
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
                        progress(&format!("proof: {}, being built ...", place(tree)));
                        self.ready(&slot, self.name_of(tree), scope).await?
                    }
                };
                let _permit = at_once.acquire().await;
                if let Err(trouble) = ready {
                    return Ok(vec![Tested::failed(trouble, 0.0)]);
                }
                let alone = tree == Tree::Tests && self.subject.policy.runs > 1 && !own.is_empty();
                let own = || Scope { files: own.clone(), ..Scope::default() };
                progress(&begun(tree, 1));
                let mut tested =
                    self.once(&slot, self.name_of(tree), &if alone { own() } else { scope.clone() }).await?;
                tested.asked = alone.then(BTreeSet::new);
                progress(&told(tree, 1, &tested));
                Ok::<_, ProofError>(vec![tested])
            }
        };
        let with_tests = async { if tests == base { Ok(None) } else { run_of(Tree::Tests).await.map(Some) } };
        let (base, tests, fix) = tokio::try_join!(run_of(Tree::Base), with_tests, run_of(Tree::Fix))?;
        Ok(Runs { tests: tests.unwrap_or_else(|| base.clone()), base, fix })
    }

    /// Runs these tests again on a tree, as often as they are missing for the policy, and as few others as can be.
    async fn repeat(
        &self,
        tree: Tree,
        scope: &Scope,
        tests: BTreeSet<String>,
        progress: Progress<'_>,
    ) -> Result<Vec<Tested>, ProofError> {
        let mut runs: Vec<Tested> = Vec::new();
        if tests.is_empty() {
            return Ok(runs);
        }
        let slot = self.slots.slot(name(tree))?;
        let some = self.only(scope, &tests, &self.place(&slot));
        for number in 2..=self.subject.policy.runs {
            progress(&begun(tree, number));
            let mut tested = self.once(&slot, self.name_of(tree), some.as_ref().unwrap_or(scope)).await?;
            tested.asked = some.is_some().then(|| tests.clone());
            progress(&told(tree, number, &tested));
            let over = tested.trouble.is_some();
            runs.push(tested);
            if over {
                break;
            }
        }
        Ok(runs)
    }

    /// The part of the scope with these tests and as few others as the runner can; `None` where it runs all or none.
    pub fn only(&self, scope: &Scope, tests: &BTreeSet<String>, place: &Place) -> Option<Scope> {
        if self.runner.takes_names() {
            return Some(Scope { names: tests.clone(), ..scope.clone() });
        }
        let files = tests.iter().map(|test| self.runner.file_of(test, place)).collect::<Option<BTreeSet<_>>>();
        files.map(|files| Scope { files, ..Scope::default() })
    }

    /// Whether the proof has taken so long that only what it can't do without is still done.
    pub fn is_over(&self) -> bool {
        self.start.elapsed() >= self.subject.policy.budget.0
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
            roots: self.roots.clone(),
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

/// A tree, in words.
fn place(tree: Tree) -> &'static str {
    match tree {
        Tree::Base => "before",
        Tree::Tests => "with its tests alone",
        Tree::Fix => "with the fix",
    }
}

fn begun(tree: Tree, number: usize) -> String {
    format!("proof: {}, run {number} ...", place(tree))
}

fn told(tree: Tree, number: usize, tested: &Tested) -> String {
    let place = place(tree);
    let ended = match &tested.trouble {
        Some(trouble) => trouble.to_string().lines().next().unwrap_or_default().to_owned(),
        None => {
            let failed = tested.count(super::run::Mark::has_failed);
            format!("{failed} of {} tests failed", tested.marks.len())
        }
    };
    format!("proof: {place}, run {number}: {ended}, {:.1} s", tested.seconds)
}
