//! What the templates can show of an incident, by the names that they use; docs/templates.md lists
//! them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::document::Account;
use super::findings::{Findings, findings};
use super::next_steps::next_steps;
use super::timeline::{Row, moment, person, since, timeline};
use super::wording::Wording;
use crate::domain::backports::{BackportTarget, Backports, Group};
use crate::domain::check::{Check, GateResult, Violation};
use crate::domain::decision::Recommendation;
use crate::domain::elapsed::elapsed;
use crate::domain::event::Declaration;
use crate::domain::evidence::Evidence;
use crate::domain::fix::{Branch, Fix, Merge};
use crate::domain::incident::{Approval, Incident, StepState};
use crate::domain::name::line;
use crate::domain::production::{Deploy, Release, RollBack};
use crate::domain::proof::Proof;
use crate::domain::seen::Seen;
use crate::domain::severity::Severity;
use crate::domain::step_name::StepName;

/// The most characters of the title.
const TITLE: usize = 120;

#[derive(Serialize)]
pub struct View {
    id: String,
    title: String,
    severity: &'static str,
    chosen_by: String,
    status: &'static str,
    profile: String,
    detected: String,
    declared: String,
    reporter: String,
    impact: String,
    symptoms: Vec<String>,
    services: Vec<String>,
    environment: String,
    region: String,
    users: String,
    assessment: String,
    /// The path of the ticket in the repository.
    ticket: Option<String>,
    timeline: Vec<Line>,
    /// `B, quick fix`.
    strategy: Option<String>,
    /// Why this strategy.
    reasons: Vec<String>,
    branch: Option<Branch>,
    fix: Option<Fix>,
    proof: Option<Proof>,
    gates: Vec<GateResult>,
    violations: Vec<Violation>,
    approvals: Vec<Approved>,
    release: Option<Release>,
    /// What runs in production now, if this incident changed it.
    runs: Option<Runs>,
    roll_backs: Vec<RollBack>,
    merge: Option<Merge>,
    backports: Vec<BackportTarget>,
    /// The branches without a commit of the fix, those with the same reason together.
    backport_groups: Vec<Group>,
    /// Whether the branch and its work tree are gone.
    cleaned_up: bool,
    /// What put production right, on one line.
    fixed_by: String,
    /// When production was verified.
    fixed: Option<String>,
    /// The readings of the watch that verified it.
    verification: Option<String>,
    /// From the detection, or else the declaration, until production was verified, or until now.
    taken: String,
    limit: String,
    within_limit: bool,
    /// The number and the digest of the journal's last event.
    seq: i64,
    head: String,
    /// When the post-mortem is due.
    due: String,
    /// When the full fix is due, if this one is a workaround.
    follow_up: String,
    went_well: Vec<String>,
    went_wrong: Vec<String>,
    action_groups: Vec<ActionGroup>,
    next_steps: Vec<String>,
}

/// A line of the timeline.
#[derive(Serialize)]
struct Line {
    /// `14:23`, with the date if it is not that of the detection.
    time: String,
    since: String,
    by: String,
    what: String,
    /// `what` without names, for the post-mortem.
    impersonal: String,
}

#[derive(Serialize)]
struct Approved {
    role: String,
    by: String,
    commit: String,
    /// How the approver's identity was proven, in words.
    proof: String,
    /// Why the fix was released before its review.
    reason: Option<String>,
}

#[derive(Serialize)]
struct Runs {
    environment: String,
    release: String,
    previous: String,
}

/// The action items of one kind.
#[derive(Serialize)]
struct ActionGroup {
    title: &'static str,
    actions: Vec<ActionLine>,
}

#[derive(Serialize)]
struct ActionLine {
    text: String,
    owner: String,
    due: String,
    done: bool,
}

/// Who or what chose the severity, and the decision that fewer people approve.
fn chosen_by(incident: &Incident) -> String {
    let Some(declaration) = incident.declaration() else { return String::new() };
    let lowered = declaration.lowered.as_ref().map(|lowered| format!("; {lowered}")).unwrap_or_default();
    format!("{}{lowered}", declaration.chosen_by)
}

/// Returns everything that a template can show.
pub fn view(account: Account<'_>) -> View {
    let Account { incident, events, allowance } = account;
    let declared = |field: fn(&Declaration) -> &String| incident.declaration().map(field).cloned().unwrap_or_default();
    let all = |field: fn(&Declaration) -> &Vec<String>| incident.declaration().map(field).cloned().unwrap_or_default();
    let detected = incident.detected();
    let taken = incident.verified().or(incident.ended).unwrap_or(incident.updated).duration_since(detected).as_secs();
    let check = incident.detail::<Check>();
    let branch = incident.detail::<Branch>();
    let backports = incident.detail::<Backports>().map(|backports| backports.targets).unwrap_or_default();
    let wording = Wording::new(events);
    let impersonal = |lines: Vec<String>| lines.iter().map(|line| wording.impersonal(line)).collect();
    let Findings { went_well, went_wrong } = findings(account);
    View {
        id: incident.id.clone(),
        title: line(&incident.title(), TITLE),
        severity: incident.severity.map_or("", Severity::as_str),
        chosen_by: wording.personal(&chosen_by(incident)),
        status: incident.status.as_str(),
        profile: incident.case.profile().to_owned(),
        detected: Seen::of(incident).map_or("unknown".to_owned(), |seen| first_seen(&seen)),
        declared: moment(incident.declared),
        reporter: person(&incident.reporter.to_string()),
        impact: declared(|declaration| &declaration.impact),
        symptoms: all(|declaration| &declaration.symptoms),
        services: all(|declaration| &declaration.services),
        environment: incident.case.environment().to_owned(),
        region: declared(|declaration| &declaration.region),
        users: declared(|declaration| &declaration.users),
        assessment: match incident.order() {
            Some(order) => order.reason.clone(),
            None => declared(|declaration| &declaration.assessment),
        },
        ticket: incident
            .declaration()
            .and_then(|declaration| declaration.ticket.clone())
            .or_else(|| branch.as_ref().and_then(|branch| branch.ticket.clone())),
        timeline: timeline(events).iter().map(|row| timeline_line(row, detected, &wording)).collect(),
        strategy: incident.strategy.map(|strategy| format!("{strategy}, {}", strategy.title())),
        reasons: incident.detail::<Recommendation>().map(|decision| decision.reasons).unwrap_or_default(),
        branch: branch.clone(),
        fix: incident.detail(),
        proof: check.as_ref().and_then(|check| check.proof.clone()),
        gates: check.as_ref().map(|check| check.gates.clone()).unwrap_or_default(),
        violations: violations(check, &wording),
        approvals: approvals(incident),
        release: incident.detail(),
        runs: runs(incident),
        roll_backs: incident.details(),
        merge: incident.detail(),
        backport_groups: Group::all(&backports),
        backports,
        cleaned_up: last_done(incident, &[StepName::CleanUp]).is_some(),
        fixed_by: fixed_by(incident),
        fixed: incident.verified().map(moment),
        verification: last_done(incident, &[StepName::Watch, StepName::Confirm])
            .map(|(_, evidence)| evidence.summary.clone()),
        taken: elapsed(taken),
        limit: elapsed(i64::try_from(allowance.limit.as_secs()).unwrap_or(i64::MAX)),
        within_limit: u64::try_from(taken).unwrap_or(0) <= allowance.limit.as_secs(),
        seq: incident.seq,
        head: incident.head.clone(),
        due: moment(allowance.post_mortem_due(incident)),
        follow_up: moment(allowance.follow_up_due(incident)),
        went_well: impersonal(went_well),
        went_wrong: impersonal(went_wrong),
        action_groups: ACTION_GROUPS.iter().map(|group| actions(incident, group)).collect(),
        next_steps: next_steps(incident, allowance),
    }
}

/// `2026-11-20 14:20:00 UTC`, and by which line of the log.
fn first_seen(seen: &Seen) -> String {
    let log = seen.log.as_ref().map(|example| format!(", by the log: {example}")).unwrap_or_default();
    moment(seen.at) + &log
}

fn timeline_line(row: &Row, detected: Timestamp, wording: &Wording) -> Line {
    let utc = |at: Timestamp| at.to_zoned(TimeZone::UTC);
    let form = if utc(row.at).date() == utc(detected).date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    Line {
        time: utc(row.at).strftime(form).to_string(),
        since: since(row.since),
        by: person(&row.by),
        what: wording.personal(&row.what),
        impersonal: wording.impersonal(&row.what),
    }
}

/// The last of these steps that is done, by its name, with its evidence.
fn last_done<'a>(incident: &'a Incident, names: &[StepName]) -> Option<(StepName, &'a Evidence)> {
    incident.steps().rev().filter(|step| names.contains(&step.name)).find_map(|step| match &step.state {
        StepState::Done { evidence } => Some((step.name, evidence)),
        _ => None,
    })
}

fn violations(check: Option<Check>, wording: &Wording) -> Vec<Violation> {
    let mut violations = check.map(|check| check.violations).unwrap_or_default();
    violations.iter_mut().for_each(|violation| violation.message = wording.personal(&violation.message));
    violations
}

fn approvals(incident: &Incident) -> Vec<Approved> {
    let approved = |approval: &Approval| Approved {
        role: approval.role.clone(),
        by: person(&approval.by.to_string()),
        commit: approval.commit.clone(),
        proof: approval.by.proof.words(),
        reason: approval.break_glass.clone(),
    };
    incident.approvals.iter().map(approved).collect()
}

fn runs(incident: &Incident) -> Option<Runs> {
    let (step, _) = last_done(incident, &[StepName::Deploy, StepName::RollBack])?;
    if step == StepName::Deploy {
        let Deploy { environment, release, previous, .. } = incident.detail()?;
        return Some(Runs { environment, release, previous });
    }
    let RollBack { environment, from, to, .. } = incident.detail()?;
    Some(Runs { environment, release: to, previous: from })
}

fn fixed_by(incident: &Incident) -> String {
    let by_strategy = |evidence: &Evidence| match incident.strategy {
        Some(strategy) => format!("{}: {}", strategy.title(), evidence.summary),
        None => evidence.summary.clone(),
    };
    match last_done(incident, &[StepName::Deploy, StepName::RollBack]) {
        None => "nothing was changed in production".to_owned(),
        Some((StepName::Deploy, deployed)) => {
            by_strategy(last_done(incident, &[StepName::Fix]).map_or(deployed, |(_, evidence)| evidence))
        }
        Some((_, rolled_back)) => by_strategy(rolled_back),
    }
}

const ACTION_GROUPS: &[(&str, &str)] = &[("prevent", "Prevent"), ("detect", "Detect"), ("respond", "Respond")];

fn actions(incident: &Incident, (kind, title): &(&str, &'static str)) -> ActionGroup {
    let of_kind = incident.actions.iter().filter(|action| action.kind == *kind);
    let actions = of_kind.map(|action| ActionLine {
        text: action.text.clone(),
        owner: person(&action.owner),
        due: action.due.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string(),
        done: action.done.is_some(),
    });
    ActionGroup { title, actions: actions.collect() }
}
