//! Follows a run to its end.

use std::time::{Duration, Instant};

use super::runs::{Pushed, Run, Runs, State};
use crate::deploy::DeployError;

pub struct Follow {
    /// How long the run may take to appear.
    pub appear: Duration,
    /// How long it may take in all.
    pub deadline: Duration,
    /// How often it is looked at.
    pub every: Duration,
}

impl Follow {
    /// Returns once the run for `pushed` has succeeded.
    ///
    /// Fails with [`DeployError::Rollout`] where it ended otherwise, and with [`DeployError::Unknown`]
    /// where it may still run or was never seen: nothing else may be started then.
    pub async fn to_the_end(&self, runs: &dyn Runs, pushed: &Pushed) -> Result<(), DeployError> {
        let start = Instant::now();
        let mut suspected: Option<Run> = None;
        loop {
            let found = runs.find(pushed).await;
            if let Ok(Some(run)) = &found {
                match ending(run) {
                    Some(Ok(())) => return Ok(()),
                    // Seen twice: a forge may show an earlier attempt before the one that was just asked for.
                    Some(Err(reason)) if suspected.as_ref() == Some(run) => {
                        return Err(DeployError::Rollout(format!("the run for `{}` {reason}", shown(pushed))));
                    }
                    _ => suspected = Some(run.clone()),
                }
            }
            let waited = start.elapsed();
            let patience = if matches!(found, Ok(None)) { self.appear } else { self.deadline };
            if waited >= patience.min(self.deadline) {
                return Err(DeployError::Unknown(unfinished(found, pushed, waited)));
            }
            tokio::time::sleep(self.every).await;
        }
    }
}

/// How a run ended, if it did.
fn ending(run: &Run) -> Option<Result<(), String>> {
    let at = place(run);
    match run.state {
        State::Queued | State::Running | State::Manual => None,
        State::Succeeded => Some(Ok(())),
        State::Failed => Some(Err(format!("failed{at}"))),
        State::Cancelled => Some(Err(format!("was cancelled{at}"))),
        State::Skipped => Some(Err(format!("was skipped{at}"))),
    }
}

fn unfinished(found: Result<Option<Run>, String>, pushed: &Pushed, waited: Duration) -> String {
    let (name, seconds) = (shown(pushed), waited.as_secs());
    match found {
        Ok(None) => format!("no run for `{name}` appeared within {seconds} s"),
        Ok(Some(run)) if run.state == State::Manual => {
            format!("the run for `{name}` waits for a person to start it{}", place(&run))
        }
        Ok(Some(run)) => format!("the run for `{name}` has not ended after {seconds} s{}", place(&run)),
        Err(reason) => format!("how the run for `{name}` stands can't be seen: {reason}"),
    }
}

fn place(run: &Run) -> String {
    run.url.as_deref().map_or_else(String::new, |url| format!(" ({url})"))
}

/// The ref as people call it.
fn shown(pushed: &Pushed) -> &str {
    let name = &pushed.refname;
    name.strip_prefix("refs/heads/").or(name.strip_prefix("refs/tags/")).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;

    /// Answers one after the other, the last one again and again.
    struct Story(Mutex<Vec<Result<Option<Run>, String>>>);

    #[async_trait]
    impl Runs for Story {
        async fn find(&self, _: &Pushed) -> Result<Option<Run>, String> {
            let mut answers = self.0.lock().expect("nothing panics while it is locked");
            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
        }
    }

    async fn ends(answers: &[Result<Option<State>, &str>]) -> String {
        let run = |state: State| Run { state, url: Some("https://forge/1".to_owned()) };
        let answers = answers.iter().map(|answer| answer.map(|state| state.map(run)).map_err(str::to_owned));
        let pushed = Pushed { commit: "c".to_owned(), refname: "refs/tags/deploy/1".to_owned() };
        let follow = Follow {
            appear: Duration::from_millis(20),
            deadline: Duration::from_millis(60),
            every: Duration::from_millis(1),
        };
        let ended = follow.to_the_end(&Story(Mutex::new(answers.collect())), &pushed).await;
        ended.map_or_else(|error| format!("{error:?}"), |()| "succeeded".to_owned())
    }

    #[tokio::test]
    async fn each_end_has_its_words() {
        use State::*;
        let some = |state| Ok(Some(state));
        assert_eq!(ends(&[Ok(None), some(Queued), some(Running), some(Succeeded)]).await, "succeeded");
        assert_eq!(ends(&[Err("502"), some(Succeeded)]).await, "succeeded");
        // What it shows first may be the attempt before.
        assert_eq!(ends(&[some(Failed), some(Running), some(Succeeded)]).await, "succeeded");
        for (answer, expected) in [
            (some(Failed), r#"Rollout("the run for `deploy/1` failed (https://forge/1)")"#),
            (some(Cancelled), r#"Rollout("the run for `deploy/1` was cancelled (https://forge/1)")"#),
            (some(Skipped), r#"Rollout("the run for `deploy/1` was skipped (https://forge/1)")"#),
            (some(Manual), r#"Unknown("the run for `deploy/1` waits for a person to start it (https://forge/1)")"#),
            (some(Running), r#"Unknown("the run for `deploy/1` has not ended after 0 s (https://forge/1)")"#),
            (Ok(None), r#"Unknown("no run for `deploy/1` appeared within 0 s")"#),
            (Err("502"), r#"Unknown("how the run for `deploy/1` stands can't be seen: 502")"#),
        ] {
            assert_eq!(ends(&[answer]).await, expected);
        }
    }
}
