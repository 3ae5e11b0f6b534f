//! Which targets have which commits: one walk over the commits that the fix's parents lack.

use std::collections::HashMap;

use super::copies;
use super::error::BackportError;
use super::fix::{oid, oids};
use super::message;
use super::verdict::CommitState;
use crate::git::Git;
use crate::git::oid::Oid;

const PICKED: &str = "(cherry picked from commit ";
const REVERTED: &str = "This reverts commit ";

/// A commit looked for in the histories of the targets.
#[derive(Clone, Debug)]
pub struct Sought {
    pub oid: Oid,
    pub parents: Vec<Oid>,
}

/// A commit as the walk lists it.
#[derive(Debug)]
struct Walked {
    oid: Oid,
    parents: Vec<Oid>,
    /// The commits that it copies, and those that its message says it takes back.
    picked: Vec<Oid>,
    reverted: Vec<Oid>,
    /// Who resolved the conflict that it was picked with.
    resolved_by: Option<String>,
}

/// What the histories of the targets say.
#[derive(Debug)]
pub struct Histories {
    /// For each tip, the state of each commit that is sought.
    pub states: Vec<Vec<CommitState>>,
    /// Who resolved conflicts, by the commits that they made of them.
    pub people: HashMap<Oid, String>,
}

/// Returns, for each tip, what its history says of each commit that is sought.
pub async fn read(git: &Git, sought: &[Sought], tips: &[Oid]) -> Result<Histories, BackportError> {
    let mut walked = walk(git, sought, tips).await?;
    let ids: Vec<Oid> = sought.iter().map(|commit| commit.oid).collect();
    let candidates = walked.iter().filter(|commit| commit.parents.len() < 2 && !ids.contains(&commit.oid));
    let candidates: Vec<Oid> = candidates.map(|commit| commit.oid).collect();
    let copies = copies::find(git, &ids, &candidates).await?;
    for commit in &mut walked {
        if let Some(source) = copies.get(&commit.oid) {
            commit.picked.push(*source);
            // The same change after all: the person who resolved the conflict came to the fix's own change.
            commit.resolved_by = None;
        }
    }
    let states = carry(sought, &walked, tips);
    let people = walked.into_iter().filter_map(|commit| Some((commit.oid, commit.resolved_by?))).collect();
    Ok(Histories { states, people })
}

/// Lists the commits that the targets or the fix have and the fix's parents lack, parents first.
async fn walk(git: &Git, sought: &[Sought], tips: &[Oid]) -> Result<Vec<Walked>, BackportError> {
    let mut input = String::new();
    for oid in tips.iter().chain(sought.iter().map(|commit| &commit.oid)) {
        input.push_str(&format!("{oid}\n"));
    }
    for parent in floor(git, sought).await? {
        input.push_str(&format!("^{parent}\n"));
    }
    let format = "--format=%H%n%P%n%B";
    let args = [
        "log",
        "--topo-order",
        "--reverse",
        "-z",
        "--encoding=UTF-8",
        "--no-show-signature",
        "--no-notes",
        format,
        "--stdin",
    ];
    let listed = git.call(args).input(input).text().await?;
    listed.split_terminator('\0').map(walked).collect()
}

/// Returns commits below which there is nothing that is sought, so that the walk may stop there.
async fn floor(git: &Git, sought: &[Sought]) -> Result<Vec<Oid>, BackportError> {
    let parents = sought.iter().flat_map(|commit| commit.parents.iter().map(Oid::to_string));
    if sought.len() < 2 {
        return oids(&parents.collect::<Vec<_>>().join("\n"));
    }
    if sought.iter().any(|commit| commit.parents.is_empty()) {
        return Ok(Vec::new());
    }
    let args = ["merge-base", "--octopus"].into_iter().map(str::to_owned).chain(parents);
    let output = git.call(args).output().await?;
    oids(&String::from_utf8_lossy(&output.stdout))
}

fn walked(record: &str) -> Result<Walked, BackportError> {
    let mut fields = record.splitn(3, '\n');
    let mut next = || fields.next().unwrap_or_default();
    let (oid, parents, message) = (oid(next())?, oids(&next().replace(' ', "\n"))?, next());
    let (picked, reverted) = (named_after(message, PICKED), named_after(message, REVERTED));
    Ok(Walked { oid, parents, picked, reverted, resolved_by: message::resolved_by(message) })
}

/// Returns the full names after `prefix` at the beginnings of a message's lines. A squashed merge
/// has them indented; a line that only speaks of a pick or a revert does not count.
fn named_after(message: &str, prefix: &str) -> Vec<Oid> {
    let lines = message.lines().filter_map(|line| line.trim_start().strip_prefix(prefix));
    let names = lines.map(|rest| rest.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap_or_default());
    names.filter_map(|name| name.parse().ok()).collect()
}

/// Computes the states along the history, from parents to children: a commit has those of its
/// parents, except for what it makes, copies or takes back itself.
fn carry(sought: &[Sought], walked: &[Walked], tips: &[Oid]) -> Vec<Vec<CommitState>> {
    // The walk has parents first, so their states are known when a child comes.
    let mut known: HashMap<Oid, Vec<CommitState>> = HashMap::with_capacity(walked.len());
    // Which sought commit a commit makes, and whether it makes it or takes it back.
    let mut effects: HashMap<Oid, Vec<(usize, bool)>> = HashMap::new();
    for (at, commit) in sought.iter().enumerate() {
        effects.entry(commit.oid).or_default().push((at, true));
    }
    for commit in walked {
        let mut states = vec![CommitState::Absent; sought.len()];
        for parent in commit.parents.iter().filter_map(|parent| known.get(parent)) {
            states.iter_mut().zip(parent).for_each(|(state, other)| *state = state.join(*other));
        }
        let mut own = effects.get(&commit.oid).cloned().unwrap_or_default();
        for (at, _) in &own {
            states[*at] = CommitState::Original;
        }
        for source in &commit.picked {
            for (at, makes) in effects.get(source).cloned().unwrap_or_default() {
                states[at] = match (makes, &commit.resolved_by) {
                    (true, None) => CommitState::Copied(commit.oid),
                    (true, Some(_)) => CommitState::Resolved(commit.oid),
                    (false, _) => CommitState::TakenBack(commit.oid),
                };
                own.push((at, makes));
            }
        }
        for source in &commit.reverted {
            for (at, makes) in effects.get(source).cloned().unwrap_or_default() {
                states[at] = if makes { CommitState::TakenBack(commit.oid) } else { CommitState::Copied(commit.oid) };
                own.push((at, !makes));
            }
        }
        if !own.is_empty() {
            effects.insert(commit.oid, own);
        }
        known.insert(commit.oid, states);
    }
    tips.iter().map(|tip| known.get(tip).cloned().unwrap_or_else(|| vec![CommitState::Absent; sought.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::{PICKED, Sought, Walked, carry, named_after, walked};
    use crate::git::backport::verdict::CommitState;
    use crate::git::oid::Oid;

    fn oid(digit: &str) -> Oid {
        digit.repeat(40).parse().expect("a name")
    }

    /// A commit `own parents message`, its names single digits.
    fn commit(own: &str, parents: &str, message: &str) -> Walked {
        let names = |digits: &str| digits.split_whitespace().map(|digit| digit.repeat(40)).collect::<Vec<_>>();
        let message = message.split(' ').map(|word| match word.strip_prefix('#') {
            Some(digit) => digit.repeat(40),
            None => word.to_owned(),
        });
        let message = message.collect::<Vec<_>>().join(" ");
        walked(&format!("{}\n{}\n{message}", own.repeat(40), names(parents).join(" "))).expect("a commit")
    }

    #[test]
    fn only_a_line_of_its_own_names_a_pick() {
        let full = "1".repeat(40);
        for (message, found) in [
            (format!("Title\n\n(cherry picked from commit {full})\n"), 1),
            (format!("Squash\n\n    (cherry picked from commit {full})\n"), 1),
            (format!("a\n\n(cherry picked from commit {full})\n(cherry picked from commit {full})"), 2),
            (format!("It says (cherry picked from commit {full}), which is wrong"), 0),
            (format!("> (cherry picked from commit {full})"), 0),
            ("(cherry picked from commit 1111111)".to_owned(), 0),
            (format!("(cherry picked from commit {full}1)"), 0),
            (PICKED.to_owned(), 0),
        ] {
            assert_eq!(named_after(&message, PICKED).len(), found, "{message}");
        }
    }

    #[test]
    fn a_commit_is_read_with_all_that_its_message_names() {
        let read = commit("2", "3 4", "Title\n\nThis reverts commit #5 reversing\nchanges made to #6.");
        assert_eq!((read.oid, read.parents), (oid("2"), vec![oid("3"), oid("4")]));
        assert_eq!((read.picked, read.reverted, read.resolved_by), (Vec::new(), vec![oid("5")], None));
        assert!(walked("not a name\n\nTitle").is_err());
        assert_eq!(commit("2", "", "").parents, Vec::new());
    }

    #[test]
    fn the_latest_word_of_a_history_counts() {
        let pick = |of: &str| format!("Fix\n\n(cherry picked from commit #{of} )");
        let revert = |of: &str| format!("Revert\n\nThis reverts commit #{of} .");
        let resolved = format!("{}\nConflict-resolved-by: Ada <a@b>", pick("f"));
        let walk = [
            commit("f", "0", "Fix"),
            commit("1", "f", &revert("f")),
            commit("2", "1", &revert("1")),
            commit("3", "2", &revert("2")),
            commit("4", "0", &pick("f")),
            commit("5", "4", &revert("4")),
            commit("6", "5", &pick("f")),
            commit("7", "0", &resolved),
            commit("8", "4 7", "Merge"),
            commit("9", "f 5", "Merge"),
            commit("a", "0", &pick("1")),
            commit("b", "7", &revert("7")),
            commit("c", "0", "Other"),
        ];
        let sought = [Sought { oid: oid("f"), parents: vec![oid("0")] }];
        for (tip, expected, why) in [
            ("f", CommitState::Original, "the fix"),
            ("1", CommitState::TakenBack(oid("1")), "its revert"),
            ("2", CommitState::Copied(oid("2")), "the revert of the revert"),
            ("3", CommitState::TakenBack(oid("3")), "and that taken back"),
            ("4", CommitState::Copied(oid("4")), "a pick"),
            ("5", CommitState::TakenBack(oid("5")), "the revert of a pick"),
            ("6", CommitState::Copied(oid("6")), "picked again"),
            ("7", CommitState::Resolved(oid("7")), "a pick that a person made"),
            ("8", CommitState::Copied(oid("4")), "a copy beside what a person made"),
            ("9", CommitState::TakenBack(oid("5")), "the fix beside a pick that was taken back"),
            ("a", CommitState::TakenBack(oid("a")), "the pick of a revert"),
            ("b", CommitState::TakenBack(oid("b")), "what a person made, taken back"),
            ("c", CommitState::Absent, "nothing of it"),
            ("e", CommitState::Absent, "a tip below the walk"),
        ] {
            assert_eq!(carry(&sought, &walk, &[oid(tip)]), [[expected]], "{why}");
        }
    }

    #[test]
    fn a_squashed_pick_brings_each_commit_that_it_names() {
        let both = "Fix\n\n(cherry picked from commit #d )\n(cherry picked from commit #e )";
        let walk = [commit("1", "0", both)];
        let sought = ["d", "e", "f"].map(|digit| Sought { oid: oid(digit), parents: Vec::new() });
        let copied = CommitState::Copied(oid("1"));
        assert_eq!(carry(&sought, &walk, &[oid("1")]), [[copied, copied, CommitState::Absent]]);
    }
}
