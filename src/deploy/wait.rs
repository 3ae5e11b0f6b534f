//! Waits for a change to take, by looking at what runs, twice a second. A look that fails is no
//! verdict: what is asked may answer at the next.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::DeployError;

const BETWEEN: Duration = Duration::from_millis(500);

/// How a change stands, with the reason in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Complete,
    Waiting(String),
    Failed(String),
}

/// Looks at what was changed.
#[async_trait]
pub trait Look: Send {
    /// Returns how the change stands; fails, in words, where that can't be seen.
    async fn look(&mut self) -> Result<Standing, String>;
}

pub struct Wait {
    /// How long it may take in all.
    pub deadline: Duration,
    /// How long it has to stay complete.
    pub soak: Duration,
}

impl Wait {
    /// Returns once the change is complete and stayed so.
    ///
    /// Fails with [`DeployError::Rollout`] where it will not be, and with [`DeployError::Unknown`]
    /// where it is unknown.
    pub async fn until_complete(&self, what: &mut dyn Look) -> Result<(), DeployError> {
        let start = Instant::now();
        let mut complete: Option<Instant> = None;
        let mut suspected: Option<String> = None;
        loop {
            let seen = what.look().await;
            let failed = match &seen {
                Ok(Standing::Failed(reason)) => Some(reason.clone()),
                _ => None,
            };
            let waits = match seen {
                Ok(Standing::Complete) => {
                    if complete.get_or_insert_with(Instant::now).elapsed() >= self.soak {
                        return Ok(());
                    }
                    None
                }
                // Seen twice: what was left from before the change goes with the next look.
                Ok(Standing::Failed(reason)) if suspected.as_ref() == Some(&reason) => {
                    return Err(DeployError::Rollout(reason));
                }
                Ok(Standing::Failed(reason)) => Some(DeployError::Rollout(reason)),
                Ok(Standing::Waiting(reason)) => {
                    let seconds = self.deadline.as_secs();
                    Some(DeployError::Rollout(format!("not rolled out within {seconds} s: {reason}")))
                }
                Err(reason) => Some(DeployError::Unknown(reason)),
            };
            match waits {
                // Nobody looked, so nothing was seen to change.
                Some(DeployError::Unknown(_)) => {}
                Some(_) => (complete, suspected) = (None, failed),
                None => suspected = None,
            }
            if let Some(waits) = waits
                && start.elapsed() >= self.deadline
            {
                return Err(waits);
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }
}
