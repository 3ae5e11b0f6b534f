//! May this fix go to production? The guard on its diff, the proof of its test, and the gates, all at
//! the same time. The job's step and the command call the same function.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::{self, Config};
use crate::domain::change::Change;
use crate::domain::check::{Check, GateResult, Violation};
use crate::domain::proof::Tree;
use crate::gate::{self, Gate};
use crate::git::change::{self, ChangeError};
use crate::git::project::Project;
use crate::git::texts::{self, Text};
use crate::guard::judging::commands;
use crate::guard::{self, policy::Policy};
use crate::process::sandbox::{Confinement, Held};
use crate::process::walls::Access;
use crate::proof::cache::Proven;
use crate::proof::slots::Slots;
use crate::proof::trees;
use crate::proof::{self, ProofError};
use crate::value::{CommandLine, Length, Secret};

/// What is checked, and how.
pub struct Subject<'a> {
    pub project: &'a Project,
    pub config: &'a Config,
    pub gates: &'a [Gate],
    /// What production runs, and the fix: full names of commits.
    pub base: &'a str,
    pub fix: &'a str,
    /// Where the fix is checked out; gates run there.
    pub work_tree: &'a Path,
    pub environment: &'a [(String, String)],
    pub parts: Parts,
    /// How long all of it may take.
    pub budget: Option<Duration>,
    /// Whether an earlier proof of the same trees counts.
    pub remember: bool,
    pub is_waived: &'a (dyn Fn(&str) -> bool + Sync),
}

/// Which parts of the check are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    pub guard: bool,
    pub proof: bool,
    pub gates: bool,
}

impl Parts {
    pub const ALL: Parts = Parts { guard: true, proof: true, gates: true };
}

#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    Proof(#[from] ProofError),
    #[error("the state of the check can't be written: {0}")]
    Io(#[from] io::Error),
}

/// Returns what was found. `progress` gets what is done, a line at a time.
///
/// Fails if the commits can't be read, as in a shallow clone, or the clean trees can't be written; what
/// is wrong with the fix is a finding.
pub async fn check(subject: &Subject<'_>, progress: proof::Progress<'_>) -> Result<Check, CheckError> {
    let start = Instant::now();
    let git = &subject.project.git;
    let change = Arc::new(change::read(git, subject.base, subject.fix).await?);
    let tree = git.run(["rev-parse", &format!("{}^{{tree}}", subject.fix)]).await.map_err(ChangeError::from)?;
    let policy = Policy { judges: judges(subject).await?, ..subject.config.guard.clone() };
    let state = state(&subject.project.common).join(subject.fix);
    fs::create_dir_all(&state)?;
    let runs_code = subject.parts.proof || (subject.parts.gates && !subject.gates.is_empty());
    let held = if runs_code { held(subject.project, subject.config).await } else { Held::default() };
    let confinement = held.confinement.as_ref();
    let gates = async {
        match subject.parts.gates {
            true => run_gates(subject, &change, &state, confinement, progress).await,
            false => Ok(Vec::new()),
        }
    };
    let proven = async {
        match subject.parts.proof {
            true => prove(subject, &change, confinement, &state, progress).await,
            false => Ok(Proven::default()),
        }
    };
    // The guard is quick; it runs first so that its findings are known even if the rest is interrupted.
    let mut violations = match subject.parts.guard {
        true => guarded(policy, &change).await,
        false => Vec::new(),
    };
    let (proven, mut gates) = tokio::try_join!(proven, gates)?;
    let found: Vec<String> = violations.iter().map(|violation| violation.check.clone()).collect();
    let news = |violation: &Violation| {
        !(violation.check == proof::findings::REGRESSION_TEST && found.contains(&violation.check))
    };
    violations.extend(proven.violations.into_iter().filter(news));
    for violation in &mut violations {
        violation.waived = (subject.is_waived)(&violation.check);
    }
    for gate in &mut gates {
        gate.waived = !gate.passed && (subject.is_waived)(&gate.check());
    }
    let failed: Vec<_> = gates.iter_mut().filter(|gate| gate.holds()).collect();
    if !failed.is_empty() {
        compare_gates(subject, &change, &state, confinement, failed).await?;
    }
    let has_run = proven.proof.is_some() || !gates.is_empty();
    Ok(Check {
        commit: subject.fix.to_owned(),
        tree,
        base: subject.base.to_owned(),
        violations,
        proof: proven.proof,
        remembered: proven.remembered,
        gates,
        sandbox_off: held.off.filter(|_| has_run),
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Where the state of checks lies: below the git directory that all work trees share.
pub fn state(common: &Path) -> PathBuf {
    common.join("hotfix/check")
}

/// The files that the gates, and whatever else the configuration runs on a fix, run or are configured by.
async fn judges(subject: &Subject<'_>) -> Result<BTreeSet<String>, CheckError> {
    let config = subject.config;
    let gates = subject.gates.iter().map(|gate| &gate.command);
    let tests = config.affected.full.iter().chain(&config.proof.prepare);
    let commands: Vec<Vec<String>> = gates.chain(tests).map(CommandLine::arguments).collect();
    let paths: Vec<&str> = [commands::SCRIPTS].into_iter().chain(commands::MAKEFILES.iter().copied()).collect();
    let specs: Vec<String> = paths.iter().map(|path| format!("{}:{path}", subject.base)).collect();
    let texts = texts::read(&subject.project.git, &specs).await.map_err(ChangeError::from)?;
    let text = |(path, text): (&str, Option<Text>)| {
        Some((path.to_owned(), String::from_utf8_lossy(&text?.content?).into_owned()))
    };
    Ok(commands::named(&commands, &paths.into_iter().zip(texts).filter_map(text).collect()))
}

/// What holds the code of a fix: it reads the repository, and changes neither that nor what hotfix keeps there.
pub async fn held(project: &Project, config: &Config) -> Held {
    let Project { top, common, .. } = project;
    let mut places = vec![(top.clone(), Access::Read), (common.clone(), Access::Read)];
    // Each has a file that leads to its own `.git`.
    for entry in fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten() {
        let leads = fs::read_to_string(entry.path().join("gitdir")).unwrap_or_default();
        places.extend(Path::new(leads.trim()).parent().map(|tree| (tree.to_owned(), Access::Read)));
    }
    // The state of checks stays in sight: gates get the list of changed files there.
    for entry in fs::read_dir(common.join("hotfix")).into_iter().flatten().flatten() {
        let seen = if entry.file_name() == "check" { Access::Read } else { Access::Hidden };
        places.push((entry.path(), seen));
    }
    if let Secret::File { file } = &config.store {
        places.push((file.clone(), Access::Hidden));
    }
    config.sandbox.held(&places).await
}

/// The same for a command that may write the work tree that it runs in, but not where git's own files are and what
/// hotfix does.
pub fn within(confinement: &Confinement, work_tree: &Path) -> Confinement {
    let kept = [".git", config::FILE, ".hotfix"].map(|name| (work_tree.join(name), Access::Read));
    confinement.writing([work_tree]).with(kept)
}

/// The guard on a thread of its own: it parses for up to some seconds, and the runtime serves others meanwhile.
async fn guarded(policy: Policy, change: &Arc<Change>) -> Vec<Violation> {
    let change = Arc::clone(change);
    let looked = tokio::task::spawn_blocking(move || guard::look(&policy, &change)).await;
    looked.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

async fn prove(
    subject: &Subject<'_>,
    change: &Change,
    confinement: Option<&Confinement>,
    logs: &Path,
    progress: proof::Progress<'_>,
) -> Result<Proven, CheckError> {
    let Subject { project, config, .. } = subject;
    let proof = proof::Subject {
        git: &project.git,
        common: &project.common,
        base: subject.base,
        fix: subject.fix,
        change,
        policy: &config.proof,
        guard: &config.guard,
        affected: &config.affected,
        work_trees: vec![subject.work_tree.to_owned(), project.top.clone()],
        confinement,
        remember: subject.remember,
        logs,
    };
    let Some(budget) = subject.budget else { return Ok(proof::prove(&proof, progress).await?) };
    // Dropping the proof ends everything that it started.
    match tokio::time::timeout(budget, proof::prove(&proof, progress)).await {
        Ok(proven) => Ok(proven?),
        Err(_) => Ok(Proven { violations: vec![proof::findings::too_late(budget)], ..Proven::default() }),
    }
}

async fn run_gates(
    subject: &Subject<'_>,
    change: &Change,
    state: &Path,
    confinement: Option<&Confinement>,
    progress: proof::Progress<'_>,
) -> Result<Vec<GateResult>, CheckError> {
    let changed = present(change, subject.work_tree);
    let environment = with_changed(subject, &changed, state)?;
    let confinement = confinement.map(|confinement| within(confinement, subject.work_tree));
    let gates = gate::Subject {
        directory: subject.work_tree,
        changed: &changed,
        environment: &environment,
        logs: state,
        confinement: confinement.as_ref(),
    };
    let ended = |result: &GateResult| {
        let word = if result.passed { "ok" } else { "FAILED" };
        progress(&format!("gate {}: {word}, {:.1} s", result.name, result.seconds));
    };
    Ok(gate::run(&within_budget(subject), &gates, ended).await)
}

/// The gates, none with more time than all of the check has.
fn within_budget(subject: &Subject<'_>) -> Vec<Gate> {
    let within =
        |gate: &Gate| Gate { limit: gate.limit.min(subject.budget.map_or(gate.limit, Length)), ..gate.clone() };
    subject.gates.iter().map(within).collect()
}

/// The changed files that are in a directory.
fn present(change: &Change, directory: &Path) -> Vec<String> {
    let paths = change.files.iter().map(|file| file.path.clone());
    paths.filter(|path| directory.join(path).symlink_metadata().is_ok()).collect()
}

/// The environment of gates, with the list of the changed files in `state`.
fn with_changed(subject: &Subject<'_>, changed: &[String], state: &Path) -> io::Result<Vec<(String, String)>> {
    // A list may be longer than an environment can hold, and a path may have any byte but NUL.
    let list = state.join("changed");
    fs::write(&list, changed.iter().flat_map(|path| [path.as_str(), "\0"]).collect::<String>())?;
    let mut environment = subject.environment.to_vec();
    environment.push(("HOTFIX_CHANGED".to_owned(), list.display().to_string()));
    Ok(environment)
}

/// Runs the gates that failed once on a clean tree of what production runs, to see whether they fail there as well.
async fn compare_gates(
    subject: &Subject<'_>,
    change: &Change,
    state: &Path,
    confinement: Option<&Confinement>,
    failed: Vec<&mut GateResult>,
) -> Result<(), CheckError> {
    let Subject { project, config, .. } = subject;
    let slots = Slots::take(&project.common)?;
    let slot = slots.slot(trees::name(Tree::Base))?;
    slot.check_out(&project.git, subject.base, trees::KEEP).await.map_err(ChangeError::from)?;
    slot.link(Path::new(""), &config.proof.link, &[subject.work_tree.to_owned(), project.top.clone()]);
    let logs = state.join("before");
    fs::create_dir_all(&logs)?;
    let changed = present(change, &slot.tree);
    let environment = with_changed(subject, &changed, &logs)?;
    let confinement = confinement.map(|confinement| within(confinement, &slot.tree));
    let before = gate::Subject {
        directory: &slot.tree,
        changed: &changed,
        environment: &environment,
        logs: &logs,
        confinement: confinement.as_ref(),
    };
    let with = gate::Subject { directory: subject.work_tree, ..before };
    gate::compare(&within_budget(subject), &before, &with, failed).await;
    Ok(())
}

/// The check on one line.
pub fn summary(check: &Check) -> String {
    let warned = check.violations.iter().filter(|violation| !violation.blocks && !violation.waived);
    let waived = check.violations.iter().filter(|violation| violation.waived).map(|violation| violation.check.clone());
    let waived = waived.chain(check.gates.iter().filter(|gate| gate.waived).map(GateResult::check));
    let waived = waived.collect::<Vec<_>>().join(", ");
    let mut parts = vec!["guard: nothing held".to_owned()];
    parts.extend(warned.map(|violation| format!("warning: {}", violation.message)));
    if !waived.is_empty() {
        parts.push(format!("waived: {waived}"));
    }
    parts.extend(proved(check));
    let passed = check.gates.iter().filter(|gate| gate.passed).count();
    parts.push(match check.gates.len() {
        0 => "no gates".to_owned(),
        1 => format!("{passed} of 1 gate passed"),
        all => format!("{passed} of {all} gates passed"),
    });
    parts.extend(check.sandbox_off.as_ref().map(|reason| format!("tests and gates were not held: {reason}")));
    let as_before = check.gates.iter().filter(|gate| gate.fails_before).map(|gate| gate.name.as_str());
    let as_before = as_before.collect::<Vec<_>>().join(", ");
    if !as_before.is_empty() {
        parts.push(format!("fails before the fix as well: {as_before}"));
    }
    format!("{}; {:.1} s in all", parts.join("; "), check.seconds)
}

/// What the proof showed, on one line.
pub fn proved(check: &Check) -> Option<String> {
    let proof = check.proof.as_ref()?;
    let before = match proof.fail_to_pass.len() {
        0 => "no test fails without the fix and passes with it".to_owned(),
        1 => "1 test fails without the fix and passes with it".to_owned(),
        tests => format!("{tests} tests fail without the fix and pass with it"),
    };
    let others = match proof.pass_to_pass {
        0 => String::new(),
        1 => "; 1 other still passes".to_owned(),
        tests => format!("; {tests} others still pass"),
    };
    let remembered = if check.remembered { " (known from before)" } else { "" };
    Some(format!("proof: {before}{others}{remembered}"))
}
