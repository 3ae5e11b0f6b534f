//! What a journal keeps of a fact: everything but secrets. What is kept is sent to people and written into
//! tickets and post-mortems.

use serde_json::Value;

use crate::domain::event::Fact;
use crate::domain::evidence::Evidence;
use crate::domain::step_name::StepName;
use crate::redact::redact;

/// The steps whose details have texts from outside. The details of others are what later steps act on, such
/// as what a deployer needs to go back.
const QUOTING: &[StepName] =
    &[StepName::Investigate, StepName::Check, StepName::Watch, StepName::Confirm, StepName::FullSuite];

/// Returns the fact with the secrets in its texts replaced.
pub fn kept(fact: &Fact) -> Fact {
    let mut fact = fact.clone();
    match &mut fact {
        Fact::Declared(declaration) => {
            let texts =
                [&mut declaration.title, &mut declaration.impact, &mut declaration.users, &mut declaration.assessment];
            texts.into_iter().chain(&mut declaration.symptoms).for_each(clean);
        }
        Fact::Ordered(order) => clean(&mut order.reason),
        Fact::Planned(planned) => planned.reasons.iter_mut().for_each(clean),
        Fact::StepDone { step, evidence } | Fact::StepWentBad { step, evidence } => clean_evidence(*step, evidence),
        Fact::StepStuck { step, error, evidence, .. } => {
            clean(error);
            evidence.iter_mut().for_each(|evidence| clean_evidence(*step, evidence));
        }
        Fact::SeverityChanged { reason: text, .. }
        | Fact::Noted { text, .. }
        | Fact::Linked { why: text, .. }
        | Fact::Chosen { reason: text, .. }
        | Fact::StepSkipped { reason: text, .. }
        | Fact::StepHeld { reason: text, .. }
        | Fact::StepFailed { error: text, .. }
        | Fact::Approved { break_glass: Some(text), .. }
        | Fact::Waived { reason: text, .. }
        | Fact::LeaseBroken { reason: text, .. }
        | Fact::TakenOver { reason: text, .. }
        | Fact::NoticeFailed { error: text, .. }
        | Fact::AbortStarted { reason: text }
        | Fact::Undone { note: text, .. }
        | Fact::UndoFailed { error: text, .. }
        | Fact::Aborted { reason: text }
        | Fact::ActionAdded { text, .. } => clean(text),
        Fact::RequestRefused { from, what, why, .. } => [from, what, why].into_iter().for_each(clean),
        Fact::Numbered { .. }
        | Fact::Acknowledged {}
        | Fact::StepStarted { .. }
        | Fact::Approved { break_glass: None, .. }
        | Fact::Ticked { .. }
        | Fact::NoticeSent { .. }
        | Fact::UndoStarted { .. }
        | Fact::Closed {}
        | Fact::ActionDone { .. }
        | Fact::BackportRecorded { .. } => {}
    }
    fact
}

fn clean_evidence(step: StepName, evidence: &mut Evidence) {
    clean(&mut evidence.summary);
    if QUOTING.contains(&step) {
        clean_value(&mut evidence.detail);
    }
}

fn clean_value(value: &mut Value) {
    match value {
        Value::String(text) => clean(text),
        Value::Array(values) => values.iter_mut().for_each(clean_value),
        Value::Object(values) => values.values_mut().for_each(clean_value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn clean(text: &mut String) {
    if let std::borrow::Cow::Owned(clean) = redact(text) {
        *text = clean;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_cleaned_and_what_steps_act_on_is_not() {
        let detail = || json!({ "why": ["password=hunter2"], "state": { "value": "password=hunter2" } });
        for (step, is_clean) in [(StepName::Watch, true), (StepName::Prepare, false)] {
            let evidence = Evidence { summary: "denied: password=hunter2".to_owned(), detail: detail() };
            let Fact::StepDone { evidence, .. } = kept(&Fact::StepDone { step, evidence }) else { panic!() };
            assert_eq!(evidence.summary, "denied: password=***");
            assert_eq!(evidence.detail != detail(), is_clean, "{step}");
        }
        let noted = kept(&Fact::Noted { text: "postgres://u:p@db".to_owned(), update: true });
        assert_eq!(noted, Fact::Noted { text: "postgres://***@db".to_owned(), update: true });
    }
}
