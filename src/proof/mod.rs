//! The proof: the fix's tests fail on what production runs, and pass with the fix.
//!
//! Three trees are tested: what production runs, the same with the fix's tests, and all of the fix; the fix's own
//! tests several times. What follows is in `judge`; the trees are in directories of their own, so that
//! nobody's work tree is touched.

pub mod again;
pub mod cache;
pub mod disk;
pub mod findings;
pub mod inline;
pub mod installed;
pub mod judge;
pub mod junit;
pub mod necessity;
pub mod origin;
pub mod run;
pub mod runner;
pub mod slots;
pub mod split;
pub mod trees;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Deserialize;

use crate::affected::{self, Question, Selection};
use crate::domain::change::Change;
use crate::domain::check::Violation;
use crate::domain::hex::hex;
use crate::domain::proof::{Proof, Run, Tree, Trees};
use crate::git::{Git, GitError, entries};
use crate::guard::policy;
use crate::private;
use crate::process::sandbox::Confinement;
use crate::value::{CommandLine, Length, Size};
use cache::{Cache, Proven};
use judge::Runs;
use run::{Mark, Tested, Trouble};
use runner::Runner;
use slots::Slots;
use split::{Kind, Split};
use trees::Ground;

/// How fixes are proven: the [proof] part of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Where a project's runner is not the default one.
    pub by: Option<runner::Config>,
    pub runs: usize,
    pub limit: Length,
    pub budget: Length,
    pub parts: usize,
    pub prepare: Option<CommandLine>,
    pub link: Vec<String>,
    pub disk: Size,
}

/// What is to be proven, and what with.
pub struct Subject<'a> {
    pub git: &'a Git,
    /// The git directory that all work trees share.
    pub common: &'a Path,
    /// What production runs, and the fix: full names of commits.
    pub base: &'a str,
    pub fix: &'a str,
    pub change: &'a Change,
    pub policy: &'a Policy,
    pub guard: &'a policy::Policy,
    pub affected: &'a affected::Policy,
    /// Where what is installed beside the sources is found: `node_modules` and the like.
    pub work_trees: Vec<PathBuf>,
    /// What holds the tests.
    pub confinement: Option<&'a Confinement>,
    /// Whether an answer of before counts.
    pub remember: bool,
    /// Where what the runner printed is kept, if it could not run a test.
    pub logs: &'a Path,
}

#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("the clean trees can't be written: {0}")]
    Io(#[from] io::Error),
}

/// Gets the proof's progress, a line at a time.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);

/// Tests the fix and what production runs, and returns what that proves.
///
/// Fails where the trees can't be written; tests that can't be run are a finding.
pub async fn prove(subject: &Subject<'_>, progress: Progress<'_>) -> Result<Proven, ProofError> {
    let start = Instant::now();
    let changed = entries::changed(subject.git, subject.base, subject.fix).await?;
    let split = split::split(&changed, subject.change, |path| kind(subject.guard, path));
    if !split.has_source() {
        return Ok(Proven::default());
    }
    let mut violations = supports(&split, subject.change);
    if !split.has_tests() && subject.guard.regression_test {
        violations.extend(findings::without_test(&split));
    }
    let slots = Slots::take(subject.common)?;
    let proven = on(&slots, subject, (&split, violations), start, progress).await;
    if let Some(said) = slots.hold(subject.policy.disk).await {
        progress(&format!("proof: {said}"));
    }
    proven
}

/// The same in slots that were taken for it.
async fn on(
    slots: &Slots,
    subject: &Subject<'_>,
    (split, mut violations): (&Split<'_>, Vec<Violation>),
    start: Instant,
    progress: Progress<'_>,
) -> Result<Proven, ProofError> {
    let fix = slots.slot("fix")?;
    let tree = |commit: &str| format!("{commit}^{{tree}}");
    let base = subject.git.run(["rev-parse", &tree(subject.base), &tree(subject.fix)]).await?;
    let (base, fix_tree) = base.split_once('\n').unwrap_or((&base, ""));
    let tests = match split.has_tests() {
        true => entries::write(subject.git, slots.scratch(), base, &split.with_tests()).await?,
        false => base.to_owned(),
    };
    let trees = Trees { base: base.to_owned(), tests, fix: fix_tree.to_owned() };
    // Also where the runner is configured: what it keeps in the tree stays.
    let paths: Vec<&str> = split.tests().into_iter().chain(split.sources()).collect();
    fix.check_out(subject.git, &trees.fix, trees::KEEP).await?;
    let found = match &subject.policy.by {
        Some(config) => Some((config.clone(), PathBuf::new())),
        None => runner::detect(&fix.tree, &paths),
    };
    let Some((config, project)) = found else {
        violations.extend(split.has_tests().then(|| findings::no_runner(split)));
        return Ok(Proven { violations, ..Proven::default() });
    };
    let mut ground = Ground { subject, slots, runner: config.build(), project, trees, roots: Vec::new(), start };
    ground.prove(config.method(), split, violations, progress).await
}

/// What a file is by the guard's patterns.
fn kind(policy: &policy::Policy, path: &str) -> Kind {
    match path {
        _ if policy.is_ignored(path) || policy.is_generated(path) => Kind::Neither,
        _ if policy.is_test(path) => Kind::Test,
        _ => Kind::Source,
    }
}

/// The endings of files that tests read.
const SUPPORTS: &[&str] = &[".json", ".csv", ".txt", ".yml", ".yaml", ".toml", ".sql", ".xml", ".html"];

/// The files that were taken for a test's, are none themselves, and that a changed source names.
fn supports(split: &Split<'_>, change: &Change) -> Vec<Violation> {
    let sources = split.sources();
    let mut found = Vec::new();
    let is_support = |path: &&str| SUPPORTS.iter().any(|ending| path.ends_with(ending));
    for file in split.tests().into_iter().filter(is_support).take(20) {
        let name = file.rsplit('/').next().unwrap_or(file).as_bytes();
        let names = |text: &Vec<u8>| text.windows(name.len().max(1)).any(|window| window == name);
        let by = change.files.iter().filter(|other| sources.contains(&other.path.as_str()));
        if let Some(by) = by.filter(|other| other.path != file).find(|other| other.after.as_ref().is_some_and(names)) {
            found.push(findings::support(file, &by.path));
        }
    }
    found
}

impl Ground<'_> {
    async fn prove(
        &mut self,
        method: affected::Method,
        split: &Split<'_>,
        mut violations: Vec<Violation>,
        progress: Progress<'_>,
    ) -> Result<Proven, ProofError> {
        let subject = self.subject;
        let version = match self.version().await {
            Ok(version) => version,
            Err(trouble) => {
                let message = trouble.to_string();
                violations.push(findings::not_installed(split, message));
                return Ok(Proven { violations, ..Proven::default() });
            }
        };
        let environment = cache::environment(&[]);
        let installed = installed::digest(self.runner.as_ref(), &self.place(&self.slots.slot("fix")?)).await;
        let key = self.key(&version, &environment, &installed);
        let cache = Cache::of(subject.common);
        if subject.remember
            && let Some(proven) = cache.find(&key)
        {
            return Ok(proven);
        }
        match self.roots(split).await? {
            Ok(roots) => self.roots = roots,
            Err(finding) => {
                violations.push(finding);
                return Ok(Proven { violations, ..Proven::default() });
            }
        }
        let selection = self.select(method, split).await?;
        progress(&format!("proof: {} by {}", selection.scope.words(), self.runner.name()));
        let (runs, mut undone) = self.run(&selection.scope, &self.own(split), progress).await?;
        let judgement = judge::judge(&runs);
        let logs = self.keep_logs(&runs)?;
        violations.extend(findings::findings(&judgement, split, |tree| logs.get(&tree).cloned().unwrap_or_default()));
        let mut parts_dropped = 0;
        if judgement.trouble.is_none() && !judgement.fail_to_pass.is_empty() {
            let necessity = self.necessity(split, &judgement, &selection.scope, progress).await?;
            violations.extend(necessity.unneeded.iter().map(findings::unneeded));
            parts_dropped = necessity.dropped;
            undone.extend(necessity.undone);
        }
        violations.extend(findings::undone(&undone, subject.policy.budget.0));
        let settled = judgement.is_settled(split.has_tests()) && undone.is_empty();
        let proof = Proof {
            trees: self.trees.clone(),
            runner: version,
            command: self.runner.shown(&selection.scope),
            environment: format!("{} {}; {}", std::env::consts::OS, std::env::consts::ARCH, environment),
            selection: selection.selected(),
            runs: recorded(&runs, split.has_tests()),
            fail_to_pass: judgement.fail_to_pass,
            pass_to_pass: judgement.pass_to_pass.len(),
            flaky: judgement.flaky,
            failing: judgement.failing,
            parts_dropped,
            undone,
        };
        let proven = Proven { proof: Some(proof), violations, remembered: false };
        if settled && let Err(error) = cache.keep(&key, &proven) {
            tracing::warn!(%error, "the proof could not be kept for later");
        }
        Ok(proven)
    }

    /// What decides about the answer.
    fn key(&self, version: &str, environment: &str, installed: &str) -> String {
        let Trees { base, tests, fix } = &self.trees;
        let (policy, affected) = (format!("{:?}", self.subject.policy), format!("{:?}", self.subject.affected));
        let project = self.project.to_string_lossy();
        let held = self.subject.confinement.map(Confinement::words).unwrap_or_default();
        let ours = env!("CARGO_PKG_VERSION");
        let runner = self.runner.name();
        let trees = [ours, base, tests, fix, runner, version, environment, installed];
        cache::digest(trees.into_iter().chain([policy.as_str(), &affected, &held, &project]))
    }

    /// Writes what the runner printed where it could not run a test, one file a tree, and returns their paths.
    fn keep_logs(&self, runs: &Runs) -> io::Result<BTreeMap<Tree, String>> {
        let mut logs = BTreeMap::new();
        for (tree, runs) in [(Tree::Base, &runs.base), (Tree::Tests, &runs.tests), (Tree::Fix, &runs.fix)] {
            let telling = runs.iter().find(|run| run.trouble.is_some() || run.not_run().is_some());
            let Some(run) = telling.filter(|run| !run.output.is_empty()) else { continue };
            let path = self.subject.logs.join(format!("proof-{}.log", trees::name(tree)));
            private::write(&path, run.output.as_bytes())?;
            logs.insert(tree, path.display().to_string());
        }
        Ok(logs)
    }

    /// The files of the fix's own tests that the runner can run alone, below the project.
    fn own(&self, split: &Split<'_>) -> BTreeSet<String> {
        let below = split.tests().into_iter().filter_map(|path| Path::new(path).strip_prefix(&self.project).ok());
        let below = below.map(|path| path.to_string_lossy().into_owned());
        below.filter(|path| self.runner.is_test_file(path)).collect()
    }

    async fn select(&self, method: affected::Method, split: &Split<'_>) -> Result<Selection, ProofError> {
        let slot = self.slots.slot("fix")?;
        let place = self.place(&slot);
        let below = |paths: Vec<&str>| -> Option<Vec<String>> {
            let below = paths.into_iter().map(|path| Path::new(path).strip_prefix(&self.project).ok());
            below.map(|path| Some(path?.to_string_lossy().into_owned())).collect()
        };
        let mut all = split.sources();
        all.extend(split.tests().into_iter().filter(|path| !split.sources().contains(path)));
        let (Some(changed), tests) = (below(all), below(split.tests()).unwrap_or_default()) else {
            return Ok(Selection::everything("the fix reaches beyond the project of its tests"));
        };
        let is_test = |path: &str| self.subject.guard.is_test(&self.project.join(path).to_string_lossy());
        let question = Question {
            directory: &place.directory,
            changed: &changed,
            tests: &tests,
            is_test: &is_test,
            environment: &place.environment,
            limit: place.limit,
            confinement: place.confinement.as_ref(),
        };
        Ok(affected::select(method, &question, self.subject.affected).await)
    }
}

/// What is kept of each run.
fn recorded(runs: &Runs, has_tests: bool) -> Vec<Run> {
    let record = |tree: Tree, tested: &Tested| Run {
        tree,
        some: tested.asked.is_some(),
        passed: tested.count(|mark| *mark == Mark::Passed),
        failed: tested.count(Mark::has_failed),
        seconds: tested.seconds,
        ended: tested.ended.clone(),
        output_digest: digest_of(tested.output.as_bytes()),
        report_digest: digest_of(&tested.report),
    };
    let tests: &[Tested] = if has_tests { &runs.tests } else { &[] };
    let all = [(Tree::Base, &runs.base[..]), (Tree::Tests, tests), (Tree::Fix, &runs.fix[..])];
    all.into_iter().flat_map(|(tree, runs)| runs.iter().map(move |tested| record(tree, tested))).collect()
}

fn digest_of(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    if bytes.is_empty() { String::new() } else { hex(&Sha256::digest(bytes)) }
}

impl Ground<'_> {
    /// The runner's version; fails where it is not installed.
    async fn version(&self) -> Result<String, Trouble> {
        let slot = self.slots.slot("fix").map_err(|error| Trouble::Unreadable(error.to_string()))?;
        self.link(&slot);
        runner_version(self.runner.as_ref(), &self.place(&slot)).await
    }
}

async fn runner_version(runner: &dyn Runner, place: &runner::Place) -> Result<String, Trouble> {
    let arguments = runner.version(place);
    let program = arguments.join(" ");
    let call = runner::reported::Call { arguments, environment: Vec::new() };
    let ended = crate::process::run(call.spec(place)).await;
    if !ended.succeeded() {
        let what = format!("`{program}` ({})", ended.words());
        return Err(Trouble::NotInstalled { what, hint: runner.install().to_owned() });
    }
    Ok(named_version(runner.name(), &ended.output))
}

/// The runner's name and what it printed of its version, on one line; most print their name too.
fn named_version(name: &str, printed: &str) -> String {
    let mut lines = printed.lines().map(str::trim).filter(|line| line.contains(char::is_alphanumeric));
    let line: String = lines.next().unwrap_or_default().chars().take(120).collect();
    if line.to_lowercase().contains(name) { line } else { format!("{name} {line}").trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::named_version;

    #[test]
    fn a_runner_is_named_once() {
        for (name, printed, shown) in [
            ("pytest", "pytest 7.2.1\n", "pytest 7.2.1"),
            ("maven", "Apache Maven 3.8.7\nJava version: 17\n", "Apache Maven 3.8.7"),
            ("gradle", "\n-----\nGradle 4.4.1\n-----\n", "Gradle 4.4.1"),
            ("jest", "29.7.0\n", "jest 29.7.0"),
            ("libtest", "rustc 1.95.0\n", "libtest rustc 1.95.0"),
            ("command", "", "command"),
        ] {
            assert_eq!(named_version(name, printed), shown);
        }
    }
}
