//! Acting from another clone: requests that are sent to the working one, and taken in there.

use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use super::error::AppError;
use super::say::nonce;
use super::service::Service;
use super::session::Session;
use super::view::inbox::{InboxView, RequestView, SentState, SentView, Standing};
use crate::config::Publish;
use crate::domain::actor::{Actor, Identity, Made};
use crate::domain::event::{Event, Fact, Head};
use crate::domain::incident::{Incident, Status, StepState};
use crate::domain::name;
use crate::domain::next::{Hint, Next};
use crate::domain::request::{LONGEST, Request, Signed};
use crate::git::inbox::{AT_ONCE, Letter};
use crate::git::project::{ProjectError, RefChange};
use crate::report::timeline;
use crate::steps::publish::{Base, is_under_embargo};
use crate::workflow::journal::{Journal, JournalError, apply};
use crate::workflow::kept::kept;
use crate::workflow::progress::Progress;

/// How often the remote is asked for requests while nobody waits for one.
const EVERY: Duration = Duration::from_secs(10);

/// How long a command waits for the remote to say which requests there are.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most characters that are kept of a request's name, which is a digest where it is as it should be.
const NAME: usize = 80;

/// A request that was sent to the working clone of its incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The digest of its statement.
    pub request: String,
    /// The identifier that people use.
    pub incident: String,
    /// What it says, in words.
    pub what: String,
}

/// What came of a request.
enum Answer {
    Taken(Box<Incident>),
    Refused {
        from: String,
        what: String,
        why: String,
    },
    /// It was answered before.
    Known,
}

impl Session {
    /// What was sent to working clones instead of being recorded here.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn has_sent(&self) -> bool {
        !self.sent.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Whether another clone works on the incident, in a store of its own.
    pub(super) async fn is_elsewhere(&self, key: &str) -> Result<bool, AppError> {
        Ok(self.service.elsewhere(key).await?.is_some())
    }

    /// Sends `fact` to the working clone of the incident. Returns the incident as it will be if it is taken in.
    ///
    /// Fails if the fact may not follow, and where the remote does not take the request.
    pub(super) async fn send(&self, incident: &Incident, fact: &Fact, actor: Actor) -> Result<Incident, AppError> {
        let fact = kept(fact);
        let actor = match actor.proof {
            Identity::Claimed => {
                let made = Made { at: self.service.now(), nonce: nonce() };
                Actor { proof: Identity::Sent { made }, ..actor }
            }
            _ => actor,
        };
        let head = Head { seq: incident.seq, at: incident.updated, digest: &incident.head };
        let event = Event::after(Some(head), &incident.key, &actor, self.service.now(), &fact);
        let after = apply(Some(incident.clone()), &event).map_err(JournalError::from)?;
        let (made, signed) = match actor.proof.clone() {
            Identity::Signature { key, made, signature } => (made, Some(Signed { key, signature })),
            Identity::Sent { made } => (made, None),
            _ => return Err(AppError::NotToSay { what: fact.name() }),
        };
        let (root, by) = (incident.root.clone(), actor.to_string());
        let request = Request { incident: incident.key.clone(), root, by, made, fact: event.text, signed };
        let digest = request.statement().digest();
        let project = &self.service.tools.project;
        let letter = project.write_request(&incident.key, &digest, &request.written()).await?;
        if let Err(error) = project.send_request(&letter, self.service.config().git.limit.0).await {
            return Err(match error {
                ProjectError::Refused { reason, .. } => {
                    project.forget_sent(&[letter]).await?;
                    AppError::RequestRefused { id: incident.id.clone(), reason }
                }
                ProjectError::Unreachable { .. } => AppError::RequestUnknown { reason: error.to_string() },
                error => error.into(),
            });
        }
        let sent = Sent { request: digest, incident: incident.id.clone(), what: words(&fact) };
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        Ok(after)
    }

    /// Takes in what others have sent, unless the remote was asked within [`EVERY`]. A remote that can't be reached
    /// is no reason to fail. Returns whether something was taken in.
    pub async fn take_in_lately(&self, progress: &dyn Progress) -> bool {
        let stamp = self.service.tools.project.common.join("hotfix").join("inbox-asked");
        let asked = std::fs::metadata(&stamp).and_then(|found| found.modified());
        if asked.is_ok_and(|asked| SystemTime::now().duration_since(asked).is_ok_and(|since| since < EVERY)) {
            return false;
        }
        // Before the question, so that a remote that does not answer is not asked by each command.
        if let Err(error) = std::fs::write(&stamp, "") {
            tracing::debug!(%error, "when the inbox was asked for is not kept");
        }
        let taken = Box::pin(self.take_in(None, progress)).await;
        taken.inspect_err(|error| tracing::info!(%error, "the inbox can't be read")).is_ok_and(|taken| taken > 0)
    }

    /// Takes in what others have sent about an incident; whether something was.
    pub(super) async fn take_in_now(&self, key: &str, progress: &dyn Progress) -> bool {
        let taken = Box::pin(self.take_in(Some(key), progress)).await;
        taken.inspect_err(|error| tracing::info!(%error, "the inbox can't be read")).is_ok_and(|taken| taken > 0)
    }

    /// Does `work` on an incident, and meanwhile takes in what others send.
    pub(super) async fn beside_the_inbox<T>(
        &self,
        key: &str,
        progress: &dyn Progress,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                ended = &mut work => return ended,
                () = tokio::time::sleep(EVERY) => {}
            }
            let mut taking = std::pin::pin!(self.take_in_now(key, progress));
            tokio::select! {
                ended = &mut work => {
                    taking.await;
                    return ended;
                }
                _ = &mut taking => {}
            }
        }
    }

    /// Takes in the requests about an incident that this store works on, or about all of them. Each becomes an event,
    /// or is answered by one; then it is taken out of the inbox. Returns how many became events.
    ///
    /// Fails where the remote or the store does; what was not answered stays in the inbox.
    pub async fn take_in(&self, key: Option<&str>, progress: &dyn Progress) -> Result<usize, AppError> {
        let project = &self.service.tools.project;
        if !project.has_remote().await? {
            return Ok(0);
        }
        let letters = project.requests(key, PATIENCE).await?;
        let mut taken = 0;
        for about in letters.chunk_by(|one, other| one.incident == other.incident) {
            let key = about[0].incident.as_str();
            if self.service.tools.store.events(key).await?.is_empty() || self.is_elsewhere(key).await? {
                continue;
            }
            for some in about.chunks(AT_ONCE) {
                taken += self.take_in_some(key, some, progress).await?;
            }
        }
        Ok(taken)
    }

    async fn take_in_some(&self, key: &str, letters: &[Letter], progress: &dyn Progress) -> Result<usize, AppError> {
        let tools = &self.service.tools;
        let mut read = tools.project.read_requests(letters, LONGEST, tools.config.git.limit.0).await?;
        // In the order in which they were made, as their senders say.
        let parsed = |content: &Result<Vec<u8>, String>| match content {
            Ok(bytes) => Request::read(bytes),
            Err(why) => Err(why.clone()),
        };
        let mut requests: Vec<(Letter, Result<Request, String>)> = read
            .drain(..)
            .map(|(letter, content)| {
                let parsed = parsed(&content);
                (letter, parsed)
            })
            .collect();
        requests.sort_by_key(|(_, request)| request.as_ref().ok().map(|request| request.made.at));
        let mut incident = self.service.incident(key).await?;
        let (before, mut taken) = (incident.seq, 0);
        for (letter, request) in &requests {
            match self.answer(&incident, letter, request).await? {
                Answer::Known => {}
                Answer::Taken(after) => {
                    let by = after.id.clone();
                    if let Ok(request) = request {
                        let what = request.fact().map(|fact| words(&fact)).unwrap_or_default();
                        progress.told(&format!("{by}: {}, sent by {}", name::line(&what, 120), request.by));
                    }
                    (incident, taken) = (*after, taken + 1);
                }
                Answer::Refused { from, what, why } => {
                    let by = if from.is_empty() { String::new() } else { format!(" of {from}") };
                    progress.told(&format!("{}: refused a request{by}, {what}: {why}", incident.id));
                    let request = name::line(&letter.digest, NAME);
                    let fact = Fact::RequestRefused { request, from, what, why };
                    incident = match self.record_unpublished(&self.actor, key, fact).await {
                        Err(error) if is_illegal(&error) => self.service.incident(key).await?,
                        after => after?,
                    };
                }
            }
        }
        let letters: Vec<Letter> = requests.into_iter().map(|(letter, _)| letter).collect();
        self.take_out(&incident, &letters, incident.seq > before).await?;
        Ok(taken)
    }

    /// Takes answered requests out of the inbox, in the push that publishes the answers if there are some. Where this
    /// process dies before, they are known the next time.
    async fn take_out(&self, incident: &Incident, letters: &[Letter], is_new: bool) -> Result<(), AppError> {
        let tools = &self.service.tools;
        if is_new && tools.config.team.publish != Publish::Nothing && !is_under_embargo(incident) {
            let removals: Vec<RefChange> = letters.iter().map(Letter::removal).collect();
            match tools.publish(&incident.key, Base::Own, &removals).await {
                Ok(()) => return Ok(()),
                // Another clone of the same store took one out, or the remote refuses one of both.
                Err(error) => tracing::info!(%error, "answers are not published together with their requests"),
            }
            tools.anchor(incident).await;
        }
        Ok(tools.project.remove_requests(letters, tools.config.git.limit.0).await?)
    }

    /// What comes of a request: an event, if its sender may say it of the incident as it is now.
    async fn answer(
        &self,
        incident: &Incident,
        letter: &Letter,
        request: &Result<Request, String>,
    ) -> Result<Answer, AppError> {
        if incident.has_answered(&name::line(&letter.digest, NAME)) {
            return Ok(Answer::Known);
        }
        let refused = |from: &str, what: String, why: String| {
            Ok(Answer::Refused { from: from.to_owned(), what: name::line(&what, 200), why: name::line(&why, 300) })
        };
        let request = match request {
            Ok(request) => request,
            Err(why) => return refused("", "which is malformed".to_owned(), why.clone()),
        };
        let from = request.by.as_str();
        let fact = match request.fact() {
            Ok(fact) => fact,
            Err(why) => return refused(from, "which can't be read".to_owned(), why),
        };
        if let Err(why) = is_of(incident, letter, request, &fact) {
            return refused(from, words(&fact), why.to_owned());
        }
        let actor = match self.sender(incident, request).await? {
            Ok(actor) => actor,
            Err(why) => return refused(from, words(&fact), why),
        };
        let session = self.service.by(actor.clone());
        let said = async {
            session.may(incident, &fact).await?;
            session.is_proven_enough(incident, &fact).await?;
            session.counts(incident, &fact, &actor).await?;
            session.record_unpublished(&actor, &incident.key, fact.clone()).await
        };
        match said.await {
            Ok(after) => Ok(Answer::Taken(Box::new(after))),
            Err(error)
                if is_illegal(&error) && self.service.incident(&incident.key).await?.has_answered(&letter.digest) =>
            {
                // Another clone of the same store was faster.
                Ok(Answer::Known)
            }
            Err(error) if is_illegal(&error) || is_refusal(&error) => refused(from, words(&fact), error.to_string()),
            Err(error) => Err(error),
        }
    }

    /// Who sent the request, with the proof; or why its signature does not hold. Where production's branch says of
    /// nobody who they are, a signature proves nothing.
    async fn sender(&self, incident: &Incident, request: &Request) -> Result<Result<Actor, String>, AppError> {
        if request.signed.is_none() {
            return Ok(Ok(request.actor(false)));
        }
        let Some(verifier) = self.service.tools.verifier().await? else { return Ok(Ok(request.actor(false))) };
        let (journal, actor) = ((incident.key.as_str(), incident.root.as_str()), request.actor(true));
        let verified = verifier.of_fact(journal, (&actor, &request.fact), self.service.now()).await;
        Ok(match verified {
            Some(Err(why)) => Err(why.to_string()),
            Some(Ok(_)) | None => Ok(actor),
        })
    }
}

impl Service {
    /// The requests that wait in the inbox, of one incident or of all, and what this clone has sent and not seen
    /// taken in.
    pub async fn inbox(&self, key: Option<&str>) -> Result<InboxView, AppError> {
        let (project, limit) = (&self.tools.project, self.config().git.limit.0);
        let letters = if project.has_remote().await? { project.requests(key, limit).await? } else { Vec::new() };
        let mut requests = Vec::new();
        for some in letters.chunks(AT_ONCE) {
            for (letter, content) in project.read_requests(some, LONGEST, limit).await? {
                requests.push(seen(&letter, content.and_then(|bytes| Request::read(&bytes))));
            }
        }
        let mut sent = Vec::new();
        let all = self.sent_requests().await?;
        for about in all.chunk_by(|one, other| one.incident == other.incident) {
            if key.is_none_or(|key| key == about[0].incident) {
                match self.incident(&about[0].incident).await {
                    Ok(incident) => sent.extend(self.sent_about(&incident, &all).await?),
                    // It is no longer published, and not here.
                    Err(AppError::Unknown { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(InboxView { requests, sent })
    }

    /// What this clone has sent and not forgotten, by incident.
    pub async fn sent_requests(&self) -> Result<Vec<Letter>, AppError> {
        Ok(self.tools.project.sent_requests().await?)
    }

    /// Those of `sent` that are about an incident and are no event yet, with the answer if there is one.
    pub async fn sent_about(&self, incident: &Incident, sent: &[Letter]) -> Result<Vec<SentView>, AppError> {
        let project = &self.tools.project;
        let (done, left): (Vec<Letter>, Vec<Letter>) = sent
            .iter()
            .filter(|letter| letter.incident == incident.key)
            .cloned()
            .partition(|letter| incident.statements.contains(&letter.digest) || incident.status.is_over());
        if !done.is_empty() {
            project.forget_sent(&done).await?;
        }
        let mut views = Vec::new();
        for letter in left {
            let content = project.own_request(&letter).await?;
            let fact = content.and_then(|content| Request::read(&content).ok()).and_then(|request| request.fact().ok());
            let refused = incident.refused.iter().find(|refused| refused.request == letter.digest);
            views.push(SentView {
                request: letter.digest,
                incident: incident.id.clone(),
                what: fact.map(|fact| words(&fact)).unwrap_or_default(),
                state: if refused.is_some() { SentState::Refused } else { SentState::Waiting },
                why: refused.map(|refused| refused.why.clone()),
            });
        }
        Ok(views)
    }

    /// Sends again what this clone has sent and not seen answered. Returns how many there are.
    ///
    /// Fails where the remote does not take them.
    pub async fn send_again(&self) -> Result<usize, AppError> {
        let project = &self.tools.project;
        let sent = project.sent_requests().await?;
        for letter in &sent {
            project.send_request(letter, self.config().git.limit.0).await?;
        }
        Ok(sent.len())
    }
}

/// Whether a person elsewhere could settle what the incident waits for: an approval, a decision, a waiver.
pub(super) fn may_be_sent(incident: &Incident) -> bool {
    let held = incident.current().filter(|_| incident.status == Status::Held);
    match held.map(|step| &step.state) {
        Some(StepState::Held { hint: Hint::Ways(ways), .. }) => ways
            .iter()
            .flatten()
            .any(|next| matches!(next, Next::Approve { .. } | Next::Decide { .. } | Next::Waive { .. })),
        _ => false,
    }
}

/// Fails with the reason if the request is not about this journal, or is not what its name says.
fn is_of(incident: &Incident, letter: &Letter, request: &Request, fact: &Fact) -> Result<(), &'static str> {
    if request.statement().digest() != letter.digest {
        return Err("its name is not the digest of what it says");
    }
    if request.incident != incident.key {
        return Err("it is about another incident");
    }
    if request.root != incident.root {
        return Err("it is about an incident of another journal");
    }
    if kept(fact) != *fact {
        return Err("it has what looks like a secret");
    }
    Ok(())
}

/// Whether the fact may not follow in the journal.
fn is_illegal(error: &AppError) -> bool {
    use crate::workflow::engine::EngineError;
    matches!(
        error,
        AppError::Journal(JournalError::Illegal(_)) | AppError::Engine(EngineError::Journal(JournalError::Illegal(_)))
    )
}

/// Whether the rules are against it, and trying again would change nothing.
fn is_refusal(error: &AppError) -> bool {
    !matches!(
        error,
        AppError::Config(_)
            | AppError::Unreadable { .. }
            | AppError::Project(_)
            | AppError::Store(_)
            | AppError::Journal(_)
            | AppError::Engine(_)
            | AppError::Secret(_)
    )
}

/// What a fact says, in words.
fn words(fact: &Fact) -> String {
    match fact {
        Fact::Planned(planned) => planned.strategy.map(|to| format!("strategy {to} chosen")).unwrap_or_default(),
        fact => timeline::what(fact).unwrap_or_else(|| fact.name().to_owned()),
    }
}

fn seen(letter: &Letter, request: Result<Request, String>) -> RequestView {
    let (request, problem) = match request {
        Ok(request) => (Some(request), None),
        Err(why) => (None, Some(why)),
    };
    let fact = request.as_ref().and_then(|request| request.fact().ok());
    RequestView {
        request: letter.digest.clone(),
        incident: letter.incident.clone(),
        from: request.as_ref().map(|request| request.by.clone()),
        at: request.as_ref().map(|request| request.made.at),
        what: fact.map(|fact| words(&fact)),
        proof: match request.and_then(|request| request.signed) {
            Some(_) => Standing::Signed,
            None => Standing::Claimed,
        },
        problem,
    }
}
