//! Which targets have which commits: one walk over the commits that the fix's parents lack.

use std::collections::HashMap;

use super::copies;
use super::error::BackportError;
use super::fix::{oid, oids};
use super::message;
use super::verdict::Word;
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

/// A commit as the walk tells it.
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
    /// For each tip, what its history says of each commit that is sought.
    pub words: Vec<Vec<Word>>,
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
            // The same change after all: whoever resolved the conflict came to what the fix does.
            commit.resolved_by = None;
        }
    }
    let words = carry(sought, &walked, tips);
    let people = walked.into_iter().filter_map(|commit| Some((commit.oid, commit.resolved_by?))).collect();
    Ok(Histories { words, people })
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

/// Carries the words along the history, from parents to children.
fn carry(sought: &[Sought], walked: &[Walked], tips: &[Oid]) -> Vec<Vec<Word>> {
    let mut told: HashMap<Oid, Vec<Word>> = HashMap::with_capacity(walked.len());
    // Which sought commit a commit makes, and whether it makes it or takes it back.
    let mut effects: HashMap<Oid, Vec<(usize, bool)>> = HashMap::new();
    for (at, commit) in sought.iter().enumerate() {
        effects.entry(commit.oid).or_default().push((at, true));
    }
    for commit in walked {
        let mut words = vec![Word::Absent; sought.len()];
        for parent in commit.parents.iter().filter_map(|parent| told.get(parent)) {
            words.iter_mut().zip(parent).for_each(|(word, other)| *word = word.join(*other));
        }
        let mut own = effects.get(&commit.oid).cloned().unwrap_or_default();
        for (at, _) in &own {
            words[*at] = Word::Original;
        }
        for source in &commit.picked {
            for (at, makes) in effects.get(source).cloned().unwrap_or_default() {
                words[at] = match (makes, &commit.resolved_by) {
                    (true, None) => Word::Copied(commit.oid),
                    (true, Some(_)) => Word::Resolved(commit.oid),
                    (false, _) => Word::TakenBack(commit.oid),
                };
                own.push((at, makes));
            }
        }
        for source in &commit.reverted {
            for (at, makes) in effects.get(source).cloned().unwrap_or_default() {
                words[at] = if makes { Word::TakenBack(commit.oid) } else { Word::Copied(commit.oid) };
                own.push((at, !makes));
            }
        }
        if !own.is_empty() {
            effects.insert(commit.oid, own);
        }
        told.insert(commit.oid, words);
    }
    tips.iter().map(|tip| told.get(tip).cloned().unwrap_or_else(|| vec![Word::Absent; sought.len()])).collect()
}
