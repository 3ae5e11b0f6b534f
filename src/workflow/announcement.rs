//! What of a journal is told to those who wait.

use crate::domain::event::{Event, Fact, Planned};
use crate::domain::incident::{Announcement, Incident, Topic};
use crate::domain::next::Hint;
use crate::domain::step_name::StepName;

/// The announcement of this event, if it has one.
pub(super) fn announcement(incident: &Incident, event: &Event) -> Option<Announcement> {
    let (topic, text) = match &event.fact {
        Fact::Declared(declaration) => (Topic::Declared, declaration.title.clone()),
        Fact::Acknowledged {} => (Topic::Acknowledged, event.actor.name.clone()),
        Fact::SeverityChanged { severity, reason } => (Topic::Severity, format!("{severity}: {reason}")),
        Fact::Planned(Planned { strategy: Some(strategy), reasons, .. }) => {
            (Topic::Strategy, format!("{strategy}, {}: {}", strategy.title(), reasons.join("; ")))
        }
        Fact::Noted { text, update: true } => (Topic::Update, text.clone()),
        Fact::StepDone { step, evidence } => match step {
            StepName::Deploy => (Topic::Deployed, evidence.summary.clone()),
            StepName::RollBack => (Topic::RolledBack, evidence.summary.clone()),
            StepName::Watch | StepName::Confirm => (Topic::Verified, evidence.summary.clone()),
            _ => return None,
        },
        Fact::StepHeld { hint, .. } => (Topic::Wanted, wanted(incident, hint)?),
        Fact::StepWentBad { evidence, .. } => (Topic::Bad, evidence.summary.clone()),
        Fact::StepStuck { step, error, .. } => (Topic::Stuck, format!("{step}: {error}")),
        Fact::UndoFailed { step, error, .. } => (Topic::Stuck, format!("undo of {step}: {error}")),
        Fact::Aborted { reason } => (Topic::Aborted, reason.clone()),
        Fact::Closed {} if incident.order().is_none() => (Topic::Closed, incident.title()),
        _ => return None,
    };
    Some(Announcement { seq: event.seq, at: event.at, topic, text })
}

/// What a person has to do now who was not told of it yet.
fn wanted(incident: &Incident, hint: &Hint) -> Option<String> {
    let text = hint.of_a_person()?;
    let before = incident.announcements.iter().rfind(|announcement| announcement.topic == Topic::Wanted);
    before.is_none_or(|before| before.text != text).then_some(text)
}
