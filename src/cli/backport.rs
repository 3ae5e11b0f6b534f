use std::time::Duration;

use super::Context;
use super::confirm::confirm;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::backport::Backports;
use crate::app::view::backport::{OpenedConflict, UndoneView};
use crate::git::backport::kept;
use crate::git::backport::obstacle::Obstacle;
use crate::git::backport::outcome::Outcome;
use crate::git::backport::record::Record;
use crate::git::backport::report::Report;
use crate::git::backport::request::{Mode, Request};
use crate::git::backport::targets::Reason;
use crate::git::backport::verdict::Verdict;
use crate::value::Length;

/// Put a fix on every branch that needs it, in one atomic push
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix backport 9f31c2e --to 'feature/*' --to develop
  hotfix backport hotfix/042 --to develop --mode merge
  hotfix backport 9f31c2e --to 'release/*' --dry-run
  hotfix backport --resolve release/1.2     opens a work tree with the conflict
  hotfix backport --continue                takes the resolutions, and pushes
  hotfix backport --verify                  fails until every target has the fix

No work tree is touched. A branch that has the fix already is left as it is, a conflict stops no
other branch, and nothing moves that somebody else moved meanwhile.")]
pub struct Args {
    /// A commit, a range a..b, a merge commit or a branch
    #[arg(required_unless_present_any = ["resume", "resolve", "verify", "undo"])]
    fix: Option<String>,
    /// The branches of the remote that should get it; `*` matches `/` too [default: the project's rules]
    #[arg(long, value_name = "GLOB")]
    to: Vec<String>,
    /// Branches that should not get it
    #[arg(long, value_name = "GLOB")]
    except: Vec<String>,
    /// Copy the commits, or merge them
    #[arg(long, value_name = "MODE", default_value = "pick", value_parser = parse_mode)]
    mode: Mode,
    /// Only branches with a commit in this time, such as 30d
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    active: Option<Duration>,
    /// The commit that broke it: branches without it need no fix
    #[arg(long, value_name = "COMMIT")]
    broken_by: Option<String>,
    /// The remote
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// Which parent of a merge commit the change is measured against
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    mainline: u32,
    /// Let the merge drivers of git's configuration run
    #[arg(long)]
    drivers: bool,
    /// Its name, instead of the commit's
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Show what would be done, and push nothing
    #[arg(long)]
    dry_run: bool,
    /// Open a work tree with the conflict of this branch
    #[arg(long, value_name = "BRANCH", conflicts_with = "fix")]
    resolve: Option<String>,
    /// Take the resolutions of the opened conflicts, and push
    #[arg(long = "continue", conflicts_with_all = ["fix", "resolve"])]
    resume: bool,
    /// Fail unless every target has the fix, including targets created since
    #[arg(long, conflicts_with_all = ["resolve", "resume"])]
    verify: bool,
    /// Put back every branch that did not move since
    #[arg(long, conflicts_with_all = ["fix", "resolve", "resume", "verify"])]
    undo: bool,
    /// Answer yes to every question: undoing, and one resolution for all conflicts of its kind
    #[arg(long)]
    yes: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let backports = session.backports();
        if let Some(fix) = &self.fix {
            let mut request = session.service.backport_request(fix, &self.to, self.mode);
            request.exclude.clone_from(&self.except);
            request.must_fit = [self.to.clone(), self.except.clone()].concat();
            request.active = self.active.or(request.active);
            request.breaking.clone_from(&self.broken_by);
            request.mainline = self.mainline;
            request.drivers = self.drivers;
            request.id.clone_from(&self.id);
            request.remote = self.remote.clone().unwrap_or(request.remote);
            return self.begin(&backports, &request).await;
        }
        let Some(record) = backports.record(self.id.as_deref()).await? else {
            return Err(CliError::failed("there is no backport to continue").hint("hotfix backport COMMIT --to GLOB"));
        };
        // The job of an incident waits for its conflicts.
        let incident = session.service.incident_of_backport(&record.plan.id).await?;
        match &self.resolve {
            Some(branch) => resolve(&backports, record, branch, incident.as_deref()).await,
            None if self.verify => {
                Ok(reply(&backports.verify(&record.request).await?, Stage::Verified, incident.as_deref()))
            }
            None if self.undo => self.undo(&backports, &record).await,
            None => {
                let mut reply = self.resume(&backports, record, incident.as_deref()).await?;
                if let (0, Some(id)) = (reply.exit, incident) {
                    reply.text.push_str(&format!("next: hotfix resume {id}\n"));
                }
                Ok(reply)
            }
        }
    }

    async fn begin(&self, backports: &Backports, request: &Request) -> Result<Reply, CliError> {
        if self.verify {
            return Ok(reply(&backports.verify(request).await?, Stage::Verified, None));
        }
        if self.dry_run {
            return Ok(reply(&backports.preview(request).await?, Stage::Planned, None));
        }
        Ok(reply(&backports.start(request).await?, Stage::Pushed, None))
    }

    async fn resume(&self, backports: &Backports, record: Record, incident: Option<&str>) -> Result<Reply, CliError> {
        let mut resolved = backports.resolved(&record).await?;
        if let Some((branch, files)) = resolved.unresolved.first() {
            let files = files.iter().map(|file| show::safe(file)).collect::<Vec<_>>().join(", ");
            let place = record.work_trees.get(branch).map(|place| place.display().to_string()).unwrap_or_default();
            let message = format!("`{}` is not resolved yet: {files}", show::safe(branch));
            return Err(CliError::failed(message).hint(format!("edit these in {place}, then `git add` them")));
        }
        for resolution in &mut resolved.resolutions {
            let others = kept::same_class(&record, resolution);
            let first = resolution.branches.first().map(|branch| show::safe(branch)).unwrap_or_default();
            let question =
                format!("give the resolution of `{first}` to {} others with the same conflict", others.len());
            if !others.is_empty() && confirm(&question, self.yes).is_ok() {
                resolution.branches.extend(others);
            }
        }
        Ok(reply(&backports.resume(record, resolved.resolutions).await?, Stage::Pushed, incident))
    }

    async fn undo(&self, backports: &Backports, record: &Record) -> Result<Reply, CliError> {
        confirm(
            &format!("put back the branches that the backport of `{}` moved", show::safe(&record.plan.fix.name)),
            self.yes,
        )?;
        let undone = backports.undo(record).await?;
        let mut text = format!("{} put back\n", count(undone.back.len()));
        for branch in &undone.went_on {
            text.push_str(&format!("left   {}: it moved since\n", show::safe(branch)));
        }
        for refusal in &undone.refused {
            text.push_str(&format!("left   {}: {}\n", show::safe(&refusal.branch), show::safe(&refusal.reason)));
        }
        let exit = if undone.went_on.is_empty() && undone.refused.is_empty() { 0 } else { 4 };
        Ok(Reply { exit, ..Reply::new(text, UndoneView::from(undone)) })
    }
}

async fn resolve(
    backports: &Backports,
    mut record: Record,
    branch: &str,
    incident: Option<&str>,
) -> Result<Reply, CliError> {
    let place = backports.resolve(&mut record, branch).await?;
    let outcome = record.outcomes.iter().find(|outcome| outcome.branch == branch);
    let files = outcome.map(Outcome::files).unwrap_or_default();
    let which = outcome.map(which).unwrap_or_default();
    let mut text = format!("{which}the conflict of {} is in {}\n", show::safe(branch), place.display());
    files.iter().for_each(|file| text.push_str(&format!("  {}\n", show::safe(file))));
    let id = incident.map(|id| format!(" --id {id}")).unwrap_or_default();
    text.push_str(&format!("next: edit these, `git add` them there, then `hotfix backport --continue{id}`\n"));
    Ok(Reply::new(text, OpenedConflict::new(branch, &place, &files)))
}

/// How far it got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Planned,
    Pushed,
    Verified,
}

/// `incident` is the one that the backport belongs to.
fn reply(report: &Report, stage: Stage, incident: Option<&str>) -> Reply {
    // One very long name may not push the columns of all others to the right.
    let width = report.targets.iter().map(|row| row.outcome.branch.chars().count()).max().unwrap_or(0).min(50);
    let mut text = String::new();
    for row in &report.targets {
        let (word, style, why) = line(&row.outcome, stage);
        let branch = show::safe(&row.outcome.branch);
        let plain = show::PLAIN;
        text.push_str(&format!("{style}{word:<13}{plain}{branch:<width$}  {}\n", show::safe(&why)));
    }
    for one in report.left_out.iter().filter(|one| one.reason == Reason::NotUtf8) {
        let (warn, plain, branch) = (show::WARN, show::PLAIN, show::safe(&one.branch));
        text.push_str(&format!("{warn}{:<13}{plain}{branch:<width$}  its name is not UTF-8\n", "left out"));
    }
    let inactive = report.left_out.iter().filter(|one| one.reason == Reason::Inactive).count();
    if inactive > 0 {
        text.push_str(&format!("{} left out: no commit lately\n", count(inactive)));
    }
    let open = report.targets.iter().filter(|row| !row.outcome.holds()).count();
    let (total, seconds) = (report.targets.len(), report.seconds);
    text.push_str(&match stage {
        Stage::Planned => {
            format!("\n{} would move, {open} of {total} need a person, {seconds:.1} s\n", count(report.movable()))
        }
        Stage::Pushed => {
            format!("\n{} moved in {seconds:.1} s; {open} of {total} need a person\n", count(report.pushed))
        }
        Stage::Verified => format!("\n{} of {total} targets have the fix\n", total - open),
    });
    if let Some(next) = next(report, stage, incident) {
        text.push_str(&format!("next: {next}\n"));
    }
    let exit = match (report.complete(), stage) {
        (true, _) | (_, Stage::Planned) => 0,
        (false, Stage::Pushed) => 4,
        (false, Stage::Verified) => 1,
    };
    Reply { exit, ..Reply::new(text, report) }
}

/// A target for people: a word, its colour, and the reason.
fn line(outcome: &Outcome, stage: Stage) -> (&'static str, anstyle::Style, String) {
    match (&outcome.obstacle, &outcome.verdict) {
        (Some(Obstacle::Conflict { .. }), _) => {
            ("conflict", show::BAD, format!("{}{}", which(outcome), outcome.files().join(", ")))
        }
        (Some(Obstacle::Failed { reason, .. }), _) => ("failed", show::BAD, reason.clone()),
        (Some(Obstacle::Refused { reason, proposal }), _) => {
            let instead = proposal.as_ref().map(|branch| format!("; it is on {branch}")).unwrap_or_default();
            ("refused", show::BAD, format!("{reason}{instead}"))
        }
        (None, Verdict::Contains) => ("contains", show::FAINT, "has the fix itself".to_owned()),
        (None, Verdict::Equivalent { by: Some(by) }) => {
            ("equivalent", show::FAINT, format!("has it by {}", by.short()))
        }
        (None, Verdict::Equivalent { by: None }) => ("equivalent", show::FAINT, "has the same change".to_owned()),
        (None, Verdict::Resolved { person, commit }) => {
            ("resolved", show::FAINT, format!("by {person} in {}", commit.short()))
        }
        (None, Verdict::Reverted { by: Some(by) }) => ("reverted", show::WARN, format!("taken back by {}", by.short())),
        (None, Verdict::Reverted { by: None }) => ("reverted", show::WARN, "had it, and lost it".to_owned()),
        (None, Verdict::NotAffected { breaking }) => {
            let breaking = breaking.map_or("the commit".to_owned(), |breaking| breaking.short());
            ("not affected", show::FAINT, format!("never had {breaking}, which broke it"))
        }
        (None, Verdict::Needs { .. }) => match (outcome.new, outcome.mode, stage) {
            (Some(new), _, Stage::Planned) => {
                ("needs it", show::GOOD, format!("{} -> {}", outcome.old.short(), new.short()))
            }
            (Some(new), mode, _) => {
                let word = if mode == Mode::Pick { "picked" } else { "merged" };
                let by = outcome.resolved_by.as_ref().map(|person| format!(", resolved by {person}"));
                let moved = format!("{} -> {}", outcome.old.short(), new.short());
                (word, show::GOOD, moved + by.as_deref().unwrap_or_default())
            }
            (None, _, _) => ("needs it", show::WARN, String::new()),
        },
    }
}

/// Which commit of the fix is in conflict, where there are several.
fn which(outcome: &Outcome) -> String {
    match outcome.obstacle {
        Some(Obstacle::Conflict { number, of, .. }) if of > 1 => format!("commit {number} of {of}: "),
        _ => String::new(),
    }
}

fn next(report: &Report, stage: Stage, incident: Option<&str>) -> Option<String> {
    if stage == Stage::Planned {
        return None;
    }
    let open = report.targets.iter().find(|row| !row.outcome.holds())?;
    Some(match (&open.outcome.obstacle, &open.outcome.verdict) {
        (Some(Obstacle::Conflict { .. }), _) => {
            let id = incident.map(|id| format!(" --id {id}")).unwrap_or_default();
            format!("hotfix backport --resolve {}{id}", show::safe(&open.outcome.branch))
        }
        (Some(Obstacle::Refused { proposal: Some(proposal), .. }), _) => {
            format!("open a change request from {}", show::safe(proposal))
        }
        (_, Verdict::Reverted { .. }) => format!("ask who took it back from {}", show::safe(&open.outcome.branch)),
        _ => format!("hotfix backport {} --to {}", show::safe(&report.fix), show::safe(&open.outcome.branch)),
    })
}

fn count(number: usize) -> String {
    format!("{number} {}", if number == 1 { "branch" } else { "branches" })
}

fn parse_mode(text: &str) -> Result<Mode, String> {
    match text {
        "pick" => Ok(Mode::Pick),
        "merge" => Ok(Mode::Merge),
        _ => Err("it is `pick` or `merge`".to_owned()),
    }
}

fn parse_time(text: &str) -> Result<Duration, String> {
    Ok(Length::parse(text)?.0)
}
