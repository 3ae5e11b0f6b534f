//! The journal as lines for people: what happened, when, and by whom.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::actor::Identity;
use crate::domain::elapsed::elapsed;
use crate::domain::event::{Declaration, Event, Fact};
use crate::domain::name::{line, plain};
use crate::domain::step_name::StepName;

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    /// The number of the event that it is about.
    pub seq: i64,
    pub at: Timestamp,
    /// Seconds since the detection.
    pub since: i64,
    /// Who caused it: `Name <address>`.
    pub by: String,
    /// The event's name in the journal; `detected` for the time of detection in the declaration.
    pub event: &'static str,
    pub what: String,
}

fn declared(declaration: &Declaration) -> String {
    let lowered = declaration.lowered.as_ref().map(|lowered| format!("; {lowered}")).unwrap_or_default();
    format!("declared {}: {}{lowered}", declaration.severity, declaration.title)
}

/// Returns a line for each event that people want to read, and one for the detection if it was reported, in order.
///
/// Repetitions are left out: a step that is still held for the same reason, a notice that fails again.
pub fn timeline(events: &[Event]) -> Vec<Row> {
    let Some(first) = events.first() else { return Vec::new() };
    let detected = match &first.fact {
        Fact::Declared(declaration) => declaration.detected,
        _ => first.at,
    };
    let mut known = BTreeSet::new();
    let mut rows = Vec::new();
    for event in events {
        let row = |at: Timestamp, event_name, what: String| Row {
            seq: event.seq,
            at,
            since: at.duration_since(detected).as_secs(),
            by: event.actor.to_string(),
            event: event_name,
            what,
        };
        match &event.fact {
            Fact::Declared(declaration) => {
                // Without a time of detection it has that of the declaration, which is no observation.
                if detected.as_millisecond() != event.at.as_millisecond() {
                    rows.push(row(detected.min(event.at), "detected", "detected".to_owned()));
                }
                rows.push(row(event.at, event.fact.name(), declared(declaration)));
            }
            // The steps of another plan are other steps, even with the same text.
            Fact::Planned(_) => known.clear(),
            _ => {}
        }
        if let Some(what) = what(&event.fact)
            && (!repeats(&event.fact) || known.insert(what.clone()))
        {
            // Of most events it is obvious that nobody has proven who they are.
            let what = match &event.actor.proof {
                proof @ Identity::Signature { .. } => format!("{what}, {}", proof.words()),
                _ => what,
            };
            let what = what + &said_before(event);
            rows.push(row(event.at, event.fact.name(), what));
        }
    }
    rows
}

/// When it was said, in brackets, where that is more than a minute from when it was recorded.
fn said_before(event: &Event) -> String {
    match &event.actor.proof {
        Identity::Signature { made, .. } | Identity::Sent { made }
            if event.at.duration_since(made.at).abs() > SignedDuration::from_mins(1) =>
        {
            format!(" (said at {})", moment(made.at))
        }
        _ => String::new(),
    }
}

/// Returns the rows as aligned text, one line each.
pub fn text(rows: &[Row]) -> String {
    let cells: Vec<_> = rows
        .iter()
        .map(|row| (since(row.since), plain(&person(&row.by)).into_owned(), plain(&line(&row.what, 200)).into_owned()))
        .collect();
    let width = |cell: fn(&(String, String, String)) -> &String| {
        cells.iter().map(|cells| cell(cells).chars().count()).max().unwrap_or(0)
    };
    let (since, by) = (width(|cells| &cells.0), width(|cells| &cells.1));
    let mut text = String::new();
    for (row, cells) in rows.iter().zip(&cells) {
        text.push_str(&format!("{}  {:>since$}  {:by$}  {}\n", moment(row.at), cells.0, cells.1, cells.2));
    }
    text
}

/// Returns `at` as `2026-11-20 14:23:15 UTC`.
pub fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Returns `+3 min` or `-20 s`.
pub(super) fn since(seconds: i64) -> String {
    if seconds < 0 { elapsed(seconds) } else { format!("+{}", elapsed(seconds)) }
}

/// Returns the name in `Name <address>`, on one line.
pub(super) fn person(actor: &str) -> String {
    let name = actor.split('<').next().unwrap_or_default().trim();
    line(if name.is_empty() { actor } else { name }, 40)
}

/// Whether a second line with the same text is of no interest.
fn repeats(fact: &Fact) -> bool {
    matches!(fact, Fact::StepHeld { .. } | Fact::StepStarted { .. } | Fact::NoticeFailed { .. } | Fact::Linked { .. })
}

/// The text for a fact, except the declaration; `None` if it is of no interest.
pub fn what(fact: &Fact) -> Option<String> {
    Some(match fact {
        // What is planned follows from the decision, which has its own line.
        Fact::Declared(_)
        | Fact::BackportRecorded { .. }
        | Fact::Planned(_)
        | Fact::NoticeSent { .. }
        | Fact::UndoStarted { .. } => return None,
        Fact::Ordered(order) if order.reason.is_empty() => format!("ordered: {}", order.title()),
        Fact::Ordered(order) => format!("ordered: {}: {}", order.title(), order.reason),
        Fact::AbortStarted { reason } => format!("being aborted: {reason}"),
        Fact::Numbered { id } => format!("numbered {id}"),
        Fact::SeverityChanged { severity, reason } => format!("severity {severity}: {reason}"),
        Fact::Noted { text, update: true } => format!("status update: {text}"),
        Fact::Noted { text, update: false } => format!("note: {text}"),
        Fact::Acknowledged {} => "acknowledged".to_owned(),
        Fact::Linked { incident, why } => format!("see {incident}: {why}"),
        Fact::Chosen { strategy, .. } => format!("strategy {strategy} chosen"),
        Fact::StepStarted { step } if LONG.contains(step) => format!("{step} started"),
        Fact::StepStarted { .. } => return None,
        Fact::StepDone { step, evidence } => format!("{step}: {}", evidence.summary),
        Fact::StepSkipped { step, reason } => format!("{step} skipped: {reason}"),
        Fact::StepHeld { step, reason, .. } => format!("{step} held: {reason}"),
        Fact::StepFailed { step, error, .. } => format!("{step} failed: {error}"),
        Fact::StepWentBad { step, evidence } => format!("{step} went bad: {}", evidence.summary),
        Fact::StepStuck { step, error, .. } => format!("{step} stuck: {error}"),
        Fact::Approved { role, commit, break_glass: None, .. } => format!("approved {} as {role}", short(commit)),
        Fact::Approved { role, commit, break_glass: Some(reason), .. } => {
            format!("break-glass approval of {} as {role}: {reason}", short(commit))
        }
        Fact::Waived { check, reason } => format!("waived {check}: {reason}"),
        Fact::LeaseBroken { lease, holder, reason } => format!("took {lease} from {holder}: {reason}"),
        Fact::TakenOver { from, reason, shelved, stopped } => {
            let events = match shelved {
                0 => String::new(),
                1 => "; 1 event that this clone had is not in the journal".to_owned(),
                more => format!("; {more} events that this clone had are not in the journal"),
            };
            let stopped = stopped.map(|step| format!("; `{step}` has stopped there")).unwrap_or_default();
            format!("took over from the clone of {}: {reason}{stopped}{events}", from.who)
        }
        Fact::Ticked { item } => format!("ticked: {item}"),
        Fact::NoticeFailed { notice, error, .. } => {
            let (_, destination) = notice.split_once('/').unwrap_or(("", notice));
            format!("{destination} was not notified: {error}")
        }
        Fact::Undone { step, note } => format!("{step} undone: {note}"),
        Fact::UndoFailed { step, error, .. } => format!("undo of {step} failed: {error}"),
        Fact::Aborted { reason } => format!("aborted: {reason}"),
        Fact::Closed {} => "closed".to_owned(),
        Fact::ActionAdded { action, kind, text, .. } => format!("action item {action} ({kind}): {text}"),
        Fact::ActionDone { action } => format!("action item {action} done"),
        Fact::RequestRefused { from, what, why, .. } => match person(from) {
            name if name.is_empty() => format!("refused a request, {what}: {why}"),
            name => format!("refused a request of {name}, {what}: {why}"),
        },
    })
}

/// Steps that take long enough for their start to be worth a line.
const LONG: &[StepName] = &[StepName::Investigate, StepName::Fix, StepName::Deploy, StepName::Watch];

/// Returns the first 7 characters of a commit's name.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}
