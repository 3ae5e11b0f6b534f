//! Whose approvals of a fix count, and how each is proven: the same for who approves and for the review.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Tools;
use crate::config::{Config, ReviewProof};
use crate::domain::actor::Actor;
use crate::domain::approval::{self, Given};
use crate::domain::incident::{Approval, Incident};
use crate::git::project::ProjectError;
use crate::people::{Person, Verified};
use crate::policy::{PolicyError, people};
use crate::sign::settings::Settings;
use crate::sign::verify::Verifier;

/// What decides whether an approval of one commit counts.
pub struct Approvers<'a> {
    config: &'a Config,
    incident: &'a Incident,
    commit: &'a str,
    /// The addresses of those who wrote the fix, in lower case.
    authors: BTreeSet<String>,
    /// `None` where production's branch names nobody.
    verifier: Option<Verifier>,
    now: Timestamp,
}

/// An approval, and whether it counts.
#[derive(Debug)]
pub struct Judged<'a> {
    pub approval: &'a Approval,
    /// Who approved: the same person under each of their addresses; or why it does not count.
    pub person: Result<String, String>,
    /// How that is known, in words.
    pub proof: String,
}

impl Tools {
    /// Who may sign by production's branch, as the remote has it now if it answers in time; `None` where that has
    /// no file of people.
    ///
    /// Fails if the file can't be read: then nothing is proven, and nobody is believed.
    pub async fn verifier(&self) -> Result<Option<Verifier>, PolicyError> {
        let git = &self.config.git;
        if self.project.has_remote().await.map_err(PolicyError::from)?
            && let Err(error) = self.project.fetch_branch(&git.production, git.reserve_limit.0).await
        {
            // Somebody who left may count until it answers again.
            tracing::info!(%error, "the people are those that were fetched last");
        }
        let Some(people) = people::now(&self.project, &self.config).await? else { return Ok(None) };
        let settings = Settings::read(&self.project.git).await.map_err(ProjectError::from)?;
        Ok(Some(Verifier { people, gpg: settings.gpg() }))
    }
}

/// What proves an approval: as configured, or by whether there are people.
pub fn proofs(config: &Config, has_people: bool) -> &[ReviewProof] {
    match &config.review.proof {
        Some(proofs) => proofs,
        None if has_people => &[ReviewProof::Signature],
        None => &[ReviewProof::Claimed],
    }
}

impl<'a> Approvers<'a> {
    /// For the approvals of `commit`, by the people of now.
    pub async fn of(
        tools: &'a Tools,
        incident: &'a Incident,
        commit: &'a str,
        now: Timestamp,
    ) -> Result<Approvers<'a>, PolicyError> {
        let authors = super::authors(tools, incident, commit).await?;
        Ok(Approvers { config: &tools.config, incident, commit, authors, verifier: tools.verifier().await?, now })
    }

    /// Every approval of the commit, the oldest first.
    pub async fn judged(&self) -> Vec<Judged<'a>> {
        let mut judged = Vec::new();
        for approval in self.incident.approvals.iter().filter(|approval| approval.commit == self.commit) {
            judged.push(self.judge(approval).await);
        }
        judged
    }

    /// Whether one approval counts, which need not be in the journal yet.
    pub async fn judge<'b>(&self, approval: &'b Approval) -> Judged<'b> {
        let Actor { proof, .. } = &approval.by;
        match self.proven(approval).await {
            Ok(verified) => Judged { approval, person: self.person(approval, verified.as_ref()), proof: proof.words() },
            Err(why) => Judged { approval, person: Err(why), proof: proof.words() },
        }
    }

    /// Who signed, where that is what counts; or why nothing that counts proves who approved.
    async fn proven(&self, approval: &Approval) -> Result<Option<Verified>, String> {
        let proofs = proofs(self.config, self.verifier.is_some());
        let is_enough = |proof| proofs.contains(&proof);
        let (incident, by) = (self.incident, &approval.by);
        let Some(verifier) = &self.verifier else {
            let none = || "production's branch has no .hotfix/people.toml, so no signature proves anything".to_owned();
            return is_enough(ReviewProof::Claimed).then_some(None).ok_or_else(none);
        };
        let fact = ((incident.key.as_str(), incident.root.as_str()), (by, approval.text.as_str()));
        match verifier.of_fact(fact.0, fact.1, self.now).await {
            Some(Ok(verified)) if is_enough(ReviewProof::Signature) => Ok(Some(verified)),
            Some(Err(why)) if is_enough(ReviewProof::Signature) => Err(why.to_string()),
            _ if is_enough(ReviewProof::Claimed) => Ok(None),
            Some(_) => Err("a signature is no proof that `review.proof` names".to_owned()),
            None => Err("it is not signed".to_owned()),
        }
    }

    fn person(&self, approval: &Approval, verified: Option<&Verified>) -> Result<String, String> {
        let Some(Verifier { people, .. }) = &self.verifier else {
            let address = approval.by.key();
            self.reason_against(std::slice::from_ref(&address)).map_or(Ok(()), Err)?;
            return Ok(address);
        };
        let address = approval.by.key();
        let stranger = || format!("`{address}` is nobody's address by {}", people.from);
        let person = people.by_address(&address).ok_or_else(stranger)?;
        self.reason_against(&person.addresses).map_or(Ok(()), Err)?;
        self.role(approval, person, verified.is_some_and(|verified| verified.touched))?;
        Ok(person.addresses.first().cloned().unwrap_or(address))
    }

    /// Fails if the person may not approve in this role, or not with this key.
    fn role(&self, approval: &Approval, person: &Person, touched: bool) -> Result<(), String> {
        let touch = self.verifier.as_ref().map(|verifier| &verifier.people.touch);
        let needs_touch = |role: &String| touch.is_some_and(|touch| touch.contains(role));
        let untouched = |role: &str| format!("the role `{role}` needs a key in a device that was touched");
        if approval.break_glass.is_some() {
            if !person.decides() {
                return Err(format!("{} has no role that decides", person.name));
            }
            // It stands for all of them.
            let roles = self.config.roles(self.incident.severity).iter();
            let role = roles.filter(|_| !touched).find(|role| needs_touch(role));
            return role.map_or(Ok(()), |role| Err(untouched(role)));
        }
        if !person.is(&approval.role) {
            return Err(format!("{} has not the role `{}` in .hotfix/people.toml", person.name, approval.role));
        }
        if needs_touch(&approval.role) && !touched {
            return Err(untouched(&approval.role));
        }
        Ok(())
    }

    /// Why nobody with one of these addresses, in lower case, may approve the fix.
    fn reason_against(&self, addresses: &[String]) -> Option<String> {
        let is_agent = addresses.iter().any(|address| self.config.review.agents.iter().any(|one| one.matches(address)));
        approval::reason_against(addresses, &self.authors, is_agent).map(str::to_owned)
    }

    /// Why the actor may not approve the fix, whatever they sign and in whichever role.
    pub fn reason_against_actor(&self, actor: &Actor) -> Option<String> {
        let address = actor.key();
        let person = self.verifier.as_ref().and_then(|verifier| verifier.people.by_address(&address));
        self.reason_against(person.map_or(std::slice::from_ref(&address), |person| &person.addresses))
    }
}

/// The approvals that count.
pub fn counted<'a>(judged: &'a [Judged<'a>]) -> Vec<Given<'a>> {
    let given = |judged: &'a Judged<'a>| {
        let (role, by) = (judged.approval.role.as_str(), &judged.approval.by);
        Some(Given { role, by, person: judged.person.clone().ok()? })
    };
    judged.iter().filter_map(given).collect()
}
