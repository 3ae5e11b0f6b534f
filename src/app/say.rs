//! Saying something in one's own name: signed, where the team has keys.

use ring::rand::{SecureRandom, SystemRandom};

use super::error::AppError;
use super::session::Session;
use crate::config::ReviewProof;
use crate::domain::actor::{Actor, Identity, Made};
use crate::domain::event::{Fact, Planned};
use crate::domain::hex::hex;
use crate::domain::incident::Incident;
use crate::domain::severity::Severity;
use crate::domain::statement::Statement;
use crate::people::{OBSERVER, People};
use crate::sign::Signer;
use crate::steps::approvers::proofs;
use crate::workflow::kept::kept;

/// Whether a fact is signed, where production's branch says who is who.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signing {
    /// It is refused without a signature.
    Required,
    /// It is signed if there is a key: what keeps production running is not refused.
    Wanted,
    No,
}

impl Session {
    /// Returns the session's actor with the proof of this fact: a signature, where production's branch says who is
    /// who. Without such a file, the actor as they are.
    ///
    /// Fails if there is no key to sign with, if the program that signs fails, or if the signature would not count.
    pub async fn said(&self, key: &str, fact: &Fact) -> Result<Actor, AppError> {
        let tools = &self.service.tools;
        let Some(verifier) = tools.verifier().await? else { return Ok(self.actor.clone()) };
        let events = self.service.events(key).await?;
        let first = events.first().ok_or_else(|| AppError::Unknown { id: key.to_owned(), open: Vec::new() })?;
        let signer = Signer::find(&tools.project.git, verifier.people.by_address(&self.actor.key())).await?;
        let made = Made { at: self.service.now(), nonce: nonce() };
        // What is signed is what the journal keeps.
        let text = serde_json::to_string(&kept(fact)).expect("a fact has only string keys and finite numbers");
        let by = self.actor.to_string();
        let statement = Statement { incident: key, root: &first.digest, by: &by, made: &made, fact: &text }.text();
        let signature = signer.sign(&statement).await?;
        let verified = verifier.verify_new((&statement, &signature), &self.actor, self.service.now()).await;
        let verified = verified.map_err(|why| AppError::NotProven { who: by.clone(), why: why.to_string() })?;
        Ok(Actor { proof: Identity::Signature { key: verified.key, made, signature }, ..self.actor.clone() })
    }

    /// Returns the session's actor with the proof that the journal asks for with this fact.
    ///
    /// Fails if that has to be signed and is not, or if the person has no role that decides.
    pub(super) async fn proven(&self, key: &str, fact: &Fact) -> Result<Actor, AppError> {
        let severity = match fact {
            Fact::Chosen { .. } | Fact::Planned(_) => self.service.incident(key).await?.severity,
            _ => None,
        };
        match signing(fact, severity) {
            Signing::No => Ok(self.actor.clone()),
            Signing::Wanted => Ok(self.said(key, fact).await.unwrap_or_else(|error| {
                tracing::info!(%error, "it is not signed");
                self.actor.clone()
            })),
            Signing::Required => self.signed(key, fact).await,
        }
    }

    async fn signed(&self, key: &str, fact: &Fact) -> Result<Actor, AppError> {
        let tools = &self.service.tools;
        let people = crate::policy::people::now(&tools.project, &tools.config).await?;
        let is_believed = proofs(&tools.config, people.is_some()).contains(&ReviewProof::Claimed);
        let actor = match self.said(key, fact).await {
            Err(AppError::Sign(_) | AppError::NotProven { .. }) if is_believed => self.actor.clone(),
            said => said?,
        };
        decides(people.as_ref(), &actor, fact)?;
        Ok(actor)
    }

    /// Fails if the fact has to be signed, and the session's actor, who said it in another clone, has not signed it or
    /// has no role that decides.
    pub(super) async fn is_proven_enough(&self, incident: &Incident, fact: &Fact) -> Result<(), AppError> {
        if signing(fact, incident.severity) != Signing::Required {
            return Ok(());
        }
        let tools = &self.service.tools;
        let people = crate::policy::people::now(&tools.project, &tools.config).await?;
        let is_believed = proofs(&tools.config, people.is_some()).contains(&ReviewProof::Claimed);
        if !is_believed && !matches!(self.actor.proof, Identity::Signature { .. }) {
            return Err(AppError::NotProven { who: self.actor.to_string(), why: "it is not signed".to_owned() });
        }
        decides(people.as_ref(), &self.actor, fact)
    }
}

/// Fails where there are people, and the actor is none that decides anything. Who may approve in which role is decided
/// by whoever counts approvals.
fn decides(people: Option<&People>, actor: &Actor, fact: &Fact) -> Result<(), AppError> {
    let person = people.and_then(|people| people.by_address(&actor.key()));
    let may = matches!(fact, Fact::Approved { .. }) || person.is_some_and(|person| person.decides());
    if people.is_some() && !may {
        let why = format!("no role but `{OBSERVER}` is theirs in .hotfix/people.toml");
        return Err(AppError::NotProven { who: actor.to_string(), why });
    }
    Ok(())
}

fn signing(fact: &Fact, severity: Option<Severity>) -> Signing {
    let is_urgent = matches!(severity, Some(Severity::P0 | Severity::P1));
    match fact {
        Fact::Approved { .. } | Fact::Waived { .. } => Signing::Required,
        // No way back waits for a key.
        Fact::Planned(Planned { back: Some(_), .. }) | Fact::LeaseBroken { .. } => Signing::Wanted,
        Fact::Chosen { .. } | Fact::Planned(Planned { strategy: Some(_), .. }) if is_urgent => Signing::Required,
        _ => Signing::No,
    }
}

/// Random, of 128 bits, in hexadecimal.
pub(super) fn nonce() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("the operating system has randomness");
    hex(&bytes)
}
