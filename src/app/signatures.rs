//! Do the signatures in a journal hold, by the people of the time they were made?

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::error::AppError;
use super::service::Service;
use super::view::audit::Unproven;
use crate::config::ReviewProof;
use crate::domain::actor::Identity;
use crate::domain::event::{Event, Fact};
use crate::git::project::ProjectError;
use crate::policy::people;
use crate::sign::settings::Settings;
use crate::sign::verify::Verifier;
use crate::steps::approvers::proofs;

/// How far the clocks of two machines may differ: of the one that wrote the event, and of the one that merged a
/// change of the people.
const CLOCKS: SignedDuration = SignedDuration::from_mins(1);

/// What became of the signatures of one journal.
#[derive(Debug, Default)]
pub struct Signatures {
    /// How many hold.
    pub hold: usize,
    pub unproven: Vec<Unproven>,
}

/// Why a signature proves nothing where there are no people.
const NOBODY: &str = "production's branch named nobody then";

#[derive(Debug, PartialEq)]
enum Judged {
    Holds,
    /// It need not have been.
    NotSigned,
    Unproven(String),
}

impl Service {
    /// Checks every signature of a journal again, and names what should have one and has none. Nothing but this
    /// repository is asked: production's branch as last fetched says who the people were at the time of each event.
    pub(super) async fn signatures(&self, events: &[Event]) -> Result<Signatures, AppError> {
        let is_signed = |event: &Event| matches!(event.actor.proof, Identity::Signature { .. });
        let is_believed = proofs(self.config(), true).contains(&ReviewProof::Claimed);
        let should_be =
            |event: &Event| !is_believed && matches!(event.fact, Fact::Approved { .. } | Fact::Waived { .. });
        let said: Vec<&Event> = events.iter().filter(|event| is_signed(event) || should_be(event)).collect();
        let (Some(first), false) = (events.first(), said.is_empty()) else { return Ok(Signatures::default()) };
        let project = &self.tools.project;
        let gpg = Settings::read(&project.git).await.map_err(ProjectError::from)?.gpg();
        let versions = people::versions(project, self.config()).await?;
        let mut read: HashMap<&str, Result<Verifier, String>> = HashMap::new();
        let mut found = Signatures::default();
        for event in said {
            let mut judged = Judged::Unproven(NOBODY.to_owned());
            let commits: Vec<&str> = in_force(&versions, event.at).collect();
            let has_begun = versions.last().is_some_and(|(from, _)| *from <= earlier(event.at));
            for commit in &commits {
                if !read.contains_key(commit) {
                    read.insert(commit, self.people_at(commit, &gpg).await);
                }
                judged = match &read[commit] {
                    Err(why) => Judged::Unproven(why.clone()),
                    Ok(verifier) => match verifier.of_event(event, &first.digest, event.at).await {
                        Some(Ok(_)) => Judged::Holds,
                        Some(Err(why)) => Judged::Unproven(why.to_string()),
                        None if has_begun => Judged::Unproven("it is not signed".to_owned()),
                        None => Judged::NotSigned,
                    },
                };
                if judged == Judged::Holds {
                    break;
                }
            }
            match judged {
                Judged::Holds => found.hold += 1,
                Judged::NotSigned => {}
                // Before there were people, nobody had to sign.
                Judged::Unproven(why) if !is_signed(event) && why == NOBODY => {}
                Judged::Unproven(why) => {
                    found.unproven.push(Unproven { seq: event.seq, by: event.actor.to_string(), why });
                }
            }
        }
        Ok(found)
    }

    async fn people_at(&self, commit: &str, gpg: &str) -> Result<Verifier, String> {
        let from = commit.get(..9).unwrap_or(commit);
        match people::at(&self.tools.project, commit, from).await {
            Ok(Some(people)) => Ok(Verifier { people, gpg: gpg.to_owned() }),
            Ok(None) => Err(NOBODY.to_owned()),
            Err(error) => Err(format!("the people of that time can't be read: {error}")),
        }
    }
}

/// The versions that may have been in force at a time, the newest first, of all of them, the newest first.
fn in_force(versions: &[(Timestamp, String)], at: Timestamp) -> impl Iterator<Item = &str> {
    let ends = [Timestamp::MAX].into_iter().chain(versions.iter().map(|(from, _)| *from));
    let fits = move |from: Timestamp, end: Timestamp| {
        from <= at.saturating_add(CLOCKS).unwrap_or(Timestamp::MAX) && earlier(at) < end
    };
    versions.iter().zip(ends).filter(move |((from, _), end)| fits(*from, *end)).map(|((_, commit), _)| commit.as_str())
}

/// The time on the slowest clock.
fn earlier(at: Timestamp) -> Timestamp {
    at.saturating_sub(CLOCKS).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::in_force;

    #[test]
    fn a_version_counts_from_its_merge_to_the_next_one() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let versions = [(at(2000), "new".to_owned()), (at(1000), "old".to_owned())];
        for (second, expected) in [
            (900, &[][..]),
            (950, &["old"]),
            (1500, &["old"]),
            (1950, &["new", "old"]),
            (2030, &["new", "old"]),
            (2100, &["new"]),
        ] {
            assert_eq!(in_force(&versions, at(second)).collect::<Vec<_>>(), expected, "{second}");
        }
    }
}
