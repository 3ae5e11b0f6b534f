//! Moves the branches of the remote to the commits of a merged plan, and back again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::BackportError;
use super::merge::Merged;
use super::moved::Moved;
use super::plan::Plan;
use super::tracking;
use crate::git::push::{self, Cause, Move};
use crate::git::quarantine::Quarantine;
use crate::git::{Git, repository};

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Every branch moved.
    All,
    /// These branches are not where they were read, so nothing moved: plan again.
    Stale { branches: Vec<String> },
    /// The remote would not take these branches, so nothing moved.
    Refused { refusals: Vec<Refusal> },
}

/// A branch that the remote would not take, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    pub branch: String,
    pub reason: String,
    /// The branch that has the commit instead, ready for a change request.
    pub proposal: Option<String>,
}

impl Merged {
    /// The branches that `push` is going to move: to be written down before it does.
    pub fn moves(&self) -> Vec<Moved> {
        let moves = self.outcomes.iter().filter_map(|outcome| {
            let new = outcome.new?;
            Some(Moved { branch: outcome.branch.clone(), old: outcome.old, new })
        });
        moves.collect()
    }
}

/// Pushes every new commit, all or none.
///
/// Fails where the remote can't be reached. Whether the branches moved is then unknown, and the
/// next plan shows it.
pub async fn push(git: &Git, plan: &Plan, merged: &Merged) -> Result<Pushed, BackportError> {
    let pushed = send(git, &merged.quarantine, plan, &merged.moves()).await?;
    if pushed == Pushed::All {
        merged.quarantine.keep()?;
        tracking::follow(git, &plan.remote, &merged.moves()).await?;
    }
    Ok(pushed)
}

/// Puts every branch back where it was, all or none, unless it moved since.
pub async fn undo(git: &Git, plan: &Plan, moved: &[Moved]) -> Result<Pushed, BackportError> {
    let quarantine = Quarantine::create(git, &repository::read(git).await?)?;
    let back: Vec<Moved> =
        moved.iter().map(|moved| Moved { branch: moved.branch.clone(), old: moved.new, new: moved.old }).collect();
    send(git, &quarantine, plan, &back).await
}

pub(super) async fn send(
    git: &Git,
    quarantine: &Quarantine,
    plan: &Plan,
    moves: &[Moved],
) -> Result<Pushed, BackportError> {
    let moves: Vec<Move> =
        moves.iter().map(|moved| Move { branch: moved.branch.clone(), old: Some(moved.old), new: moved.new }).collect();
    if moves.is_empty() {
        return Ok(Pushed::All);
    }
    let (rejected, printed) = match push::push(git, quarantine, &plan.remote, &moves, plan.limit).await? {
        push::Pushed::All => return Ok(Pushed::All),
        push::Pushed::Nothing { rejected, printed } => (rejected, printed),
    };
    let stale = rejected.iter().filter(|one| one.cause == Cause::Stale).map(|one| one.branch.clone());
    let branches: Vec<String> = stale.collect();
    if !branches.is_empty() {
        return Ok(Pushed::Stale { branches });
    }
    let refusals = rejected.into_iter().filter_map(|one| match one.cause {
        Cause::Remote(reason) => {
            Some(Refusal { branch: one.branch, reason: explained(&reason, &printed), proposal: None })
        }
        Cause::Stale | Cause::Others => None,
    });
    Ok(Pushed::Refused { refusals: refusals.collect() })
}

/// The reason, with what the remote's hooks printed.
fn explained(reason: &str, printed: &str) -> String {
    let remote = printed.lines().filter_map(|line| line.strip_prefix("remote: ")).map(str::trim);
    let hooks: Vec<&str> = remote.filter(|line| !line.starts_with("error: hook declined")).collect();
    match hooks.join(" ").trim() {
        "" => reason.to_owned(),
        hooks => format!("{reason}: {hooks}"),
    }
}

#[cfg(test)]
mod tests {
    use super::explained;

    #[test]
    fn a_refusal_shows_what_the_hooks_printed() {
        for (printed, expected) in [
            ("", "hook declined"),
            ("remote: not on a Friday        \nTo file:///x\n", "hook declined: not on a Friday"),
            ("remote: a\nremote: error: hook declined to update x\nremote: b", "hook declined: a b"),
            ("remote: \nremote:    \n", "hook declined"),
        ] {
            assert_eq!(explained("hook declined", printed), expected);
        }
    }
}
