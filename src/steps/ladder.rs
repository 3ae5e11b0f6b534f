//! The ladder, if a rollback fails or does not help: what may be tried without asking, and what a person
//! is shown.

use super::Tools;
use crate::deploy::Deployer;
use crate::domain::evidence::Detail;
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::production::RollBack;
use crate::domain::release::last_verified;
use crate::domain::rung::{Back, Rung};
use crate::workflow::step::{Outcome, StepError};

/// Goes to the next rung that `deploy.ladder` allows, or is stuck and shows the ladder. `message` says
/// what failed.
pub async fn next(tools: &Tools, incident: &Incident, failed: &Back, message: String) -> Result<Outcome, StepError> {
    let deployer = tools.deployer()?;
    for rung in allowed(failed.rung, deployer.rungs(), &tools.config.deploy.ladder) {
        let to = match rung {
            Rung::Release => other_release(tools, failed).await?,
            _ => Some(failed.to.clone()),
        };
        if let Some(to) = to
            && !wakes(deployer, rung).await
        {
            let reason = format!("{message}; next by itself: {rung}");
            return Ok(Outcome::Climb { back: Back { from: failed.from.clone(), to, rung }, reason });
        }
    }
    // A release that is already back is not put back again.
    let is_back = incident.current().is_some_and(|step| step.name != RollBack::STEP);
    let has: Vec<Rung> = deployer.rungs().iter().copied().filter(|rung| *rung > Rung::Undo || !is_back).collect();
    let shown = lines(&incident.id, &has, failed).join("\n");
    let next = deployer.rungs().iter().find(|rung| **rung > failed.rung).unwrap_or(&Rung::Undo);
    let hint = roll_back(*next).or(Next::by_hand("put production right by hand").then(Next::Resume));
    Err(StepError::stuck(format!("{message}\nto try next, the mildest first:\n{shown}"), hint))
}

/// The rungs above `failed` that may be tried without asking.
fn allowed(failed: Rung, has: &[Rung], ladder: &[Rung]) -> Vec<Rung> {
    let above = Rung::ALL.into_iter().filter(|rung| *rung > failed);
    above.filter(|rung| has.contains(rung) && ladder.contains(rung)).collect()
}

/// The ladder: a line for each rung, with its command.
fn lines(id: &str, has: &[Rung], failed: &Back) -> Vec<String> {
    let to = &failed.to;
    let commands: Vec<_> = has.iter().map(|rung| (roll_back(*rung).command(Some(id)), *rung)).collect();
    let width = commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    let line = |(command, rung): &(String, Rung)| {
        let what = match rung {
            Rung::Undo => format!("put `{to}` back again"),
            Rung::Release => "put another release back".to_owned(),
            Rung::Restart => format!("take every instance away, put `{to}` back, bring them back"),
            Rung::Recreate => format!("delete it, and create it again with `{to}`"),
        };
        format!("  {command:width$}  {what}")
    };
    commands.iter().map(line).collect()
}

fn roll_back(rung: Rung) -> Next {
    Next::RollBack { to: None, rung: (rung > Rung::Undo).then_some(rung) }
}

/// The last verified release that was neither replaced nor put back.
pub async fn other_release(tools: &Tools, failed: &Back) -> Result<Option<String>, StepError> {
    let releases = tools.store.releases(&tools.config.deploy.environment, 100).await?;
    Ok(last_verified(&releases, &[&failed.from, &failed.to]).map(|release| release.release.clone()))
}

/// Whether something may bring instances back while there should be none.
async fn wakes(deployer: &dyn Deployer, rung: Rung) -> bool {
    rung == Rung::Restart
        && deployer.autoscalers().await.map_or(true, |found| found.iter().any(|autoscaler| autoscaler.wakes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_higher_there_and_allowed_is_tried_without_asking() {
        use Rung::{Recreate, Release, Restart, Undo};
        for (failed, has, ladder, expected) in [
            (Undo, &[Undo, Release][..], &[Undo][..], &[][..]),
            (Undo, &[Undo, Release], &[Undo, Release, Restart], &[Release]),
            (Undo, &Rung::ALL, &[Restart, Undo], &[Restart]),
            (Restart, &Rung::ALL, &Rung::ALL, &[Recreate]),
            (Recreate, &Rung::ALL, &Rung::ALL, &[]),
        ] {
            assert_eq!(allowed(failed, has, ladder), expected, "{failed} {has:?} {ladder:?}");
        }
    }

    #[test]
    fn the_ladder_has_a_command_for_each_rung() {
        let failed = Back { from: "v2".to_owned(), to: "v1".to_owned(), rung: Rung::Undo };
        insta::assert_snapshot!(lines("001", &Rung::ALL, &failed).join("\n"), @r"
        hotfix rollback 001                  put `v1` back again
        hotfix rollback 001 --to RELEASE     put another release back
        hotfix rollback 001 --rung restart   take every instance away, put `v1` back, bring them back
        hotfix rollback 001 --rung recreate  delete it, and create it again with `v1`
        ");
    }
}
