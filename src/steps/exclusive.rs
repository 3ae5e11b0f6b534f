//! One change of an environment at a time, whoever makes it, on whatever machine.

use std::time::Duration;

use super::Tools;
use crate::domain::next::{Hint, Next};
use crate::process::supervised::{RunError, settle_place};
use crate::workflow::engine::LEASE;
use crate::workflow::journal::{Journal, JournalError};
use crate::workflow::step::{Moment, Outcome, StepError};

/// What a lease on the environment and the commands that change it are called.
pub fn place(tools: &Tools) -> String {
    format!("environment/{}", tools.config.deploy.environment)
}

/// Does `work` while nobody else changes the environment, or returns why the step is held.
///
/// The lease is renewed beside the work, and given back however that ends; where the lease is lost the work
/// is dropped. What a lost process left running there is waited for first.
pub async fn exclusively<T>(
    tools: &Tools,
    at: &Moment<'_>,
    work: impl Future<Output = Result<T, StepError>>,
) -> Result<Result<T, Outcome>, StepError> {
    let (store, name) = (&tools.store, place(tools));
    let lease = match store.acquire_for(&name, at.actor, LEASE, &at.incident.key).await {
        Ok(lease) => lease,
        Err(error @ JournalError::Leased { .. }) => {
            let hint = Next::wait_for("the other deploy").then(Next::Resume);
            return Ok(Err(Outcome::Held { reason: error.to_string(), hint }));
        }
        Err(error) => return Err(error.into()),
    };
    let work = async {
        match settle_place(store.as_ref(), &name).await {
            Err(RunError::Unseen(reason)) => Ok(Err(Outcome::Held { reason, hint: unseen(&name) })),
            settled => {
                settled?;
                work.await.map(Ok)
            }
        }
    };
    let lost = async {
        loop {
            tokio::time::sleep(Duration::from_secs(u64::from(LEASE) / 3)).await;
            if let Err(error) = store.renew(&lease, LEASE).await {
                return error;
            }
        }
    };
    let ended = tokio::select! {
        ended = work => ended,
        error = lost => Err(error.into()),
    };
    store.release(&lease).await?;
    ended
}

/// Gives up the lease that an earlier process left behind, where its step turns out to be done.
pub async fn leave(tools: &Tools, at: &Moment<'_>) -> Result<(), StepError> {
    Ok(tools.store.release_for(&place(tools), &at.incident.key).await?)
}

/// What to do about a command that may run where nobody can look.
pub fn unseen(place: &str) -> Hint {
    Next::by_hand("see whether it still runs there")
        .then(Next::by_hand(format!("if it does not, `hotfix lease --break {place} --reason WHY`")))
        .then(Next::Resume)
}
