//! A check as JUnit XML, for forges and CI systems that show such reports.

use crate::domain::check::{Check, GateResult, Violation};
use crate::domain::proof::Proof;

/// Returns the document: one suite for the findings, one for the proof, one for the gates.
pub fn document(check: &Check) -> String {
    let findings: Vec<Case> = check.violations.iter().map(Case::of_finding).collect();
    let proof = check.proof.iter().flat_map(Case::of_proof).collect();
    let gates = check.gates.iter().map(Case::of_gate).collect();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"hotfix check\">\n");
    for (name, cases) in [("findings", findings), ("proof", proof), ("gates", gates)] {
        text.push_str(&suite(name, &cases));
    }
    text + "</testsuites>\n"
}

struct Case {
    name: String,
    seconds: f64,
    ended: End,
}

enum End {
    Passed,
    Skipped(String),
    Failed { message: String, text: String },
}

impl Case {
    fn of_finding(violation: &Violation) -> Case {
        let place = violation.file.iter().cloned().chain(violation.line.map(|line| line.to_string()));
        let text = place.collect::<Vec<_>>().join(":");
        let message = violation.message.clone();
        let ended = match violation.blocks && !violation.waived {
            true => End::Failed { message, text },
            false => End::Skipped(message),
        };
        Case { name: violation.check.clone(), seconds: 0.0, ended }
    }

    fn of_proof(proof: &Proof) -> Vec<Case> {
        let case = |name: &String, ended: End| Case { name: name.clone(), seconds: 0.0, ended };
        let skipped = |reason: &str| End::Skipped(reason.to_owned());
        let proven = proof.fail_to_pass.iter().map(|name| case(name, End::Passed));
        let flaky = proof.flaky.iter().map(|name| case(name, skipped("it did not end the same way in every run")));
        let failing = proof.failing.iter().map(|name| case(name, skipped("it fails before and with the fix")));
        proven.chain(flaky).chain(failing).collect()
    }

    fn of_gate(gate: &GateResult) -> Case {
        let ended = match gate {
            GateResult { passed: true, .. } => End::Passed,
            GateResult { waived: true, .. } | GateResult { fails_before: true, .. } => End::Skipped(gate.ended.clone()),
            _ => End::Failed { message: gate.ended.clone(), text: gate.tail.clone() },
        };
        Case { name: gate.name.clone(), seconds: gate.seconds, ended }
    }
}

fn suite(name: &str, cases: &[Case]) -> String {
    let count = |is: fn(&End) -> bool| cases.iter().filter(|case| is(&case.ended)).count();
    let failures = count(|end| matches!(end, End::Failed { .. }));
    let skipped = count(|end| matches!(end, End::Skipped(_)));
    let tests = cases.len();
    let mut text =
        format!("  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\">\n");
    for Case { name: case, seconds, ended } in cases {
        let open = format!("    <testcase classname=\"{name}\" name=\"{}\" time=\"{seconds:.3}\"", escaped(case));
        text.push_str(&match ended {
            End::Passed => format!("{open}/>\n"),
            End::Skipped(reason) => format!("{open}><skipped message=\"{}\"/></testcase>\n", escaped(reason)),
            End::Failed { message, text } => {
                format!("{open}><failure message=\"{}\">{}</failure></testcase>\n", escaped(message), escaped(text))
            }
        });
    }
    text + "  </testsuite>\n"
}

/// The text without what XML 1.0 can't contain: control characters have no escape there.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{document, escaped};
    use crate::domain::check::{Check, GateResult};
    use crate::domain::proof::Proof;

    #[test]
    fn what_holds_the_fix_has_failed() {
        let gate = GateResult {
            name: "lint".to_owned(),
            passed: false,
            seconds: 0.25,
            ended: "exit status 1".to_owned(),
            tail: "a < b\nc".to_owned(),
            ..GateResult::default()
        };
        let proof = Proof { fail_to_pass: vec!["a::b".to_owned()], ..Proof::default() };
        let check = Check { gates: vec![gate], proof: Some(proof), ..Check::default() };
        insta::assert_snapshot!(document(&check));
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text in any::<String>()) {
            let xml = format!("<a b=\"{}\"/>", escaped(&text));
            prop_assert!(roxmltree::Document::parse(&xml).is_ok(), "{xml:?}");
        }
    }
}
