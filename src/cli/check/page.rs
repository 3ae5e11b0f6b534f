//! A check on one page: each finding with its place, what counted, and how to waive it.

use std::fmt::Write;

use crate::cli::show::{BAD, FAINT, GOOD, PLAIN, STRONG, WARN, safe};
use crate::domain::check::{Check, GateResult, Violation};
use crate::domain::proof::{Proof, Tree};

/// The column where the text of a line starts.
const TEXT: usize = 26;

/// Returns the page. `incident` is the one in which findings can be waived.
pub fn page(check: &Check, incident: Option<&str>) -> String {
    let held = check.held();
    let mut text = String::new();
    let verdict = match held.is_empty() {
        true => format!("{GOOD}may pass{PLAIN}"),
        false => format!("{BAD}held{PLAIN}"),
    };
    let (fix, base) = (short(&check.commit), short(&check.base));
    let _ =
        writeln!(text, "{STRONG}{fix}{PLAIN} compared with {base}: {verdict}   {FAINT}{:.1} s{PLAIN}", check.seconds);
    for violation in &check.violations {
        text.push_str(&finding(violation, incident));
    }
    if let Some(proof) = &check.proof {
        text.push_str(&proof_lines(proof, check.remembered));
    }
    for gate in &check.gates {
        text.push_str(&gate_lines(gate, incident));
    }
    if let Some(reason) = &check.sandbox_off {
        text.push_str(&line("warn", WARN, "sandbox", &format!("tests and gates were not held: {reason}")));
    }
    if check.violations.is_empty() && check.proof.is_none() && check.gates.is_empty() {
        text.push_str("  nothing was found\n");
    }
    text
}

/// `  BLOCK  size                src/a.rs:12: 63 lines changed ...`, with what counted below it.
fn finding(violation: &Violation, incident: Option<&str>) -> String {
    let (word, style) = match violation {
        Violation { waived: true, .. } => ("waived", FAINT),
        Violation { blocks: true, .. } => ("BLOCK", BAD),
        _ => ("warn", WARN),
    };
    let place = match (&violation.file, violation.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        _ => String::new(),
    };
    let mut lines = violation.message.lines();
    let first = lines.next().unwrap_or_default();
    let mut text = line(word, style, &violation.check, &format!("{place}{first}"));
    lines.for_each(|more| text.push_str(&below(more)));
    if !violation.counted.is_empty() {
        text.push_str(&below(&format!("counted: {}", violation.counted.join(", "))));
    }
    if !violation.waived_by.is_empty() {
        text.push_str(&below(&format!("waived by {}", violation.waived_by)));
    }
    if !violation.log.is_empty() {
        text.push_str(&below(&format!("all of it: {}", violation.log)));
    }
    let rate = violation.rate.map(|rate| format!("fires on {:.1}% of honest fixes", rate * 100.0).replace(".0%", "%"));
    let waive = (violation.blocks && !violation.waived).then(|| waive(&violation.check, incident));
    let advice: Vec<String> = rate.into_iter().chain(waive).collect();
    if !advice.is_empty() {
        text.push_str(&below(&advice.join("; ")));
    }
    text
}

fn waive(check: &str, incident: Option<&str>) -> String {
    match incident {
        Some(id) => format!("hotfix waive {check} --id {id} --reason ..."),
        None => "in an incident: hotfix waive ".to_owned() + check + " --reason ...",
    }
}

fn proof_lines(proof: &Proof, remembered: bool) -> String {
    let (word, style) = if proof.fail_to_pass.is_empty() { ("-", FAINT) } else { ("ok", GOOD) };
    let fails = match proof.fail_to_pass.len() {
        0 => "no test fails before and passes with the fix".to_owned(),
        1 => "1 test fails before, passes with the fix".to_owned(),
        tests => format!("{tests} tests fail before, pass with the fix"),
    };
    let known = if remembered { ", known from before" } else { "" };
    let mut text = line(word, style, "proof", &format!("{fails}; {} more as before{known}", proof.pass_to_pass));
    for test in proof.fail_to_pass.iter().take(10) {
        text.push_str(&below(test));
    }
    if !proof.failing.is_empty() {
        let fail = if proof.failing.len() == 1 { "1 fails" } else { &format!("{} fail", proof.failing.len()) };
        text.push_str(&below(&format!("{fail} before and with the fix, not counted: {}", first(&proof.failing))));
    }
    let runs = |tree: Tree| proof.runs.iter().filter(|run| run.tree == tree).map(|run| run.seconds).collect::<Vec<_>>();
    let took = [Tree::Base, Tree::Tests, Tree::Fix].map(runs);
    let count: usize = took.iter().map(Vec::len).sum();
    let seconds: f64 = took.iter().flatten().sum();
    let selection = &proof.selection;
    text.push_str(&below(&format!(
        "{}, confidence {}: {}",
        selection.what,
        selection.confidence.as_str(),
        selection.reason
    )));
    let some = match proof.runs.iter().filter(|run| run.some).count() {
        0 => String::new(),
        some => format!(", {some} of them of some tests only"),
    };
    text.push_str(&below(&format!("{count} runs of {}{some}, {seconds:.1} s in all", proof.runner)));
    let trees = &proof.trees;
    let trees = [("base", &trees.base), ("tests", &trees.tests), ("fix", &trees.fix)];
    let trees = trees.map(|(name, tree)| format!("{name} {}", short(tree)));
    text.push_str(&below(&format!("trees: {}", trees.join(", "))));
    text
}

fn gate_lines(gate: &GateResult, incident: Option<&str>) -> String {
    let (word, style) = match gate {
        GateResult { passed: true, .. } => ("ok", GOOD),
        GateResult { waived: true, .. } => ("waived", FAINT),
        GateResult { fails_before: true, .. } => ("-", FAINT),
        _ => ("FAIL", BAD),
    };
    let before = if gate.fails_before { " in the same way before and with the fix" } else { "" };
    let mut text = line(word, style, &gate.check(), &format!("{}{before}, {:.1} s", gate.ended, gate.seconds));
    gate.tail.lines().for_each(|more| text.push_str(&below(more)));
    if !gate.passed {
        if !gate.log.is_empty() {
            text.push_str(&below(&format!("all of it: {}", gate.log)));
        }
        if gate.holds() {
            text.push_str(&below(&waive(&gate.check(), incident)));
        }
    }
    text
}

fn line(word: &str, style: anstyle::Style, name: &str, what: &str) -> String {
    format!("  {style}{word:<7}{PLAIN}{:<16} {}\n", safe(name), safe(what))
}

fn below(what: &str) -> String {
    format!("{:TEXT$}{}\n", "", safe(what))
}

/// The first of a list, and how many more there are.
fn first(names: &[String]) -> String {
    let shown = names[..names.len().min(5)].join(", ");
    if names.len() > 5 { format!("{shown} ...") } else { shown }
}

/// A commit's or a tree's name, short, for people.
fn short(name: &str) -> &str {
    name.get(..9).unwrap_or(name)
}
