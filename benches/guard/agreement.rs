//! What the guard finds, compared with the labels.

use std::path::Path;

use hotfix::config::Config;
use hotfix::domain::check::Violation;
use hotfix::guard;
use hotfix::guard::policy::Policy;

use crate::labelled::{self, Group, Labelled};

/// The labels, the name of the check that has to find each, and whether it has to block.
const LABELS: &[(&str, &str, bool)] = &[
    ("size", "size", true),
    ("move", "move", true),
    ("new-file", "new-file", true),
    ("new-type", "new-entity", true),
    ("signature", "signature", true),
    ("removed-entity", "removed-entity", true),
    ("dependencies", "dependencies", true),
    ("weakening", "weakening", true),
    ("migration", "migration", true),
    ("secret", "secret", true),
    ("marker", "marker", true),
    ("regression-test", "regression-test", true),
    ("new-entity", "new-entity", false),
];

/// What is wanted of each blocking check.
const WANTED: (f64, f64) = (0.95, 0.90);

/// How often a check and the labels agree.
#[derive(Default)]
struct Count {
    both: usize,
    /// Found, but not labelled: false alarms.
    only_guard: Vec<String>,
    /// Labelled, but not found: misses.
    only_label: Vec<String>,
}

/// Prints precision and recall of each check, and each change on which the guard and the label differ.
/// Of those whose names have `shown`, all that is found is printed instead.
pub fn run(repos: Option<&Path>, shown: Option<&str>) {
    let policy = Config::load(None, None).expect("the defaults are whole").guard;
    let own = labelled::own();
    match shown {
        Some(name) => show_all(&own, &policy, name),
        None => show("patches of our own", &own, &policy, Group::Own),
    }
    let Some(repos) = repos else {
        println!("\nThe labelled commits need --repos DIR: docs/guard.md, \"How good it is\".");
        return;
    };
    let (commits, missing) = labelled::commits(repos);
    if !missing.is_empty() {
        println!("\nnot found in {}: {}", repos.display(), missing.into_iter().collect::<Vec<_>>().join(", "));
    }
    // The commits are old: none says HOTFIX.
    let policy = Policy { marker: String::new(), ..policy };
    if let Some(name) = shown {
        return show_all(&commits, &policy, name);
    }
    show("commits that the checks were tuned on", &commits, &policy, Group::Tuned);
    show("commits held back", &commits, &policy, Group::HeldBack);
}

fn show_all(labelled: &[Labelled], policy: &Policy, name: &str) {
    for labelled in labelled.iter().filter(|labelled| labelled.name.contains(name)) {
        println!("{}: {}", labelled.name, labelled.finds.iter().cloned().collect::<Vec<_>>().join(", "));
        for found in guard::look(policy, &labelled.change) {
            let level = if found.blocks { "blocks" } else { "warns " };
            println!("  {level} {:<16} {} [{}]", found.check, found.message, found.counted.join(" "));
        }
    }
}

fn show(title: &str, labelled: &[Labelled], policy: &Policy, group: Group) {
    let changes: Vec<_> = labelled.iter().filter(|labelled| labelled.group == group).collect();
    for label in changes.iter().flat_map(|labelled| labelled.finds.union(&labelled.unsure)) {
        assert!(LABELS.iter().any(|(known, ..)| known == label), "there is no label `{label}`");
    }
    let found: Vec<_> = changes.iter().map(|labelled| guard::look(policy, &labelled.change)).collect();
    println!("\n{title}: {}", changes.len());
    println!("  {:<16} {:>5} {:>5} {:>6} {:>11} {:>8}", "label", "n", "found", "false", "precision", "recall");
    let mut differing = Vec::new();
    for label in LABELS.iter().filter(|(label, ..)| group == Group::Own || *label != "marker") {
        let count = count(label, &changes, &found);
        let [labelled, found] = [count.only_label.len(), count.only_guard.len()].map(|other| count.both + other);
        let (precision, recall) = (share(count.both, found), share(count.both, labelled));
        let short = label.2 && (precision.unwrap_or(1.0) < WANTED.0 || recall.unwrap_or(1.0) < WANTED.1);
        println!(
            "  {:<16} {labelled:>5} {:>5} {:>6} {:>11} {:>8}{}",
            if label.2 { label.0.to_owned() } else { format!("{} (warns)", label.0) },
            count.both,
            count.only_guard.len(),
            percent(precision),
            percent(recall),
            if short { "  less than wanted" } else { "" },
        );
        differing.extend(count.only_guard.iter().map(|name| format!("  false alarm  {:<16} {name}", label.0)));
        differing.extend(count.only_label.iter().map(|name| format!("  miss         {:<16} {name}", label.0)));
    }
    println!("{}", differing.join("\n"));
}

fn count(label: &(&str, &str, bool), changes: &[&Labelled], found: &[Vec<Violation>]) -> Count {
    let (name, check, blocks) = *label;
    let mut count = Count::default();
    for (labelled, found) in changes.iter().zip(found) {
        let of_check: Vec<_> = found.iter().filter(|one| one.check == check && (one.blocks || !blocks)).collect();
        match (!of_check.is_empty(), labelled.finds.contains(name)) {
            _ if labelled.unsure.contains(name) => {}
            // Which blocks is counted as such.
            _ if name == "new-entity" && labelled.finds.union(&labelled.unsure).any(|label| label == "new-type") => {}
            (true, true) => count.both += 1,
            (true, false) => count.only_guard.push(format!("{}: {}", labelled.name, of_check[0].message)),
            (false, true) => count.only_label.push(labelled.name.clone()),
            (false, false) => {}
        }
    }
    count
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.0}%", share * 100.0))
}
