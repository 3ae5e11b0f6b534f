//! What others see of an incident: its journal, or the head of its chain, on its ref on the remote.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use super::Tools;
use crate::config::{Config, Publish};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::published;
use crate::git::anchor::Head;
use crate::git::project::{ProjectError, RefChange};
use crate::git::published::{Claim, Content, Journal, Tip};
use crate::report::document::{Account, Document};
use crate::report::timeline::{text, timeline};
use crate::store::backport_records;
use crate::workflow::journal::{Journal as _, JournalError, fold};

/// How long a publish is waited for before the work beside it starts. Starting git takes time from probes.
const HEAD_START: Duration = Duration::from_secs(1);

/// How long it is believed that an incident is still worked on here, without a look at what was fetched.
const BELIEVED: Duration = Duration::from_secs(1);

/// How long a remote that did not answer is left alone by what is published beside other work.
const REST: Duration = Duration::from_secs(60);

/// The remote wants no refs of ours.
const REFUSED: &str = "refused";

/// What publishing needs besides the other tools.
pub struct Publisher {
    /// What `hotfix status --json` prints of an incident.
    pub view: fn(&Config, &Incident, Timestamp) -> Value,
    /// Where it is kept what was said once, so that it is not said again.
    home: PathBuf,
    /// One push at a time.
    turn: tokio::sync::Mutex<()>,
    /// When each identifier was last seen to be worked on here.
    here: Mutex<BTreeMap<String, Instant>>,
}

impl Publisher {
    /// `home` is the directory of hotfix in the clone.
    pub fn new(view: fn(&Config, &Incident, Timestamp) -> Value, home: &Path) -> Publisher {
        Publisher { view, home: home.to_owned(), turn: tokio::sync::Mutex::new(()), here: Mutex::default() }
    }

    /// Whether this trouble was not said before; it counts as said then.
    fn is_new(&self, what: &str, trouble: &str) -> bool {
        let said = self.home.join(format!("not-published-{what}"));
        let known = std::fs::read_to_string(&said).is_ok_and(|said| said == trouble);
        // Where this can't be written it is said again.
        let _ = std::fs::write(&said, trouble);
        !known
    }

    /// What was seen of who works on what no longer counts.
    pub fn look_again(&self) {
        self.here.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn did_not_answer(&self) -> PathBuf {
        self.home.join("no-answer")
    }

    /// Whether the remote did not answer a short time ago.
    fn rests(&self) -> bool {
        let last = std::fs::metadata(self.did_not_answer()).and_then(|file| file.modified());
        last.is_ok_and(|last| last.elapsed().is_ok_and(|since| since < REST))
    }

    fn forget(&self, what: &str) {
        let _ = std::fs::remove_file(self.home.join(format!("not-published-{what}")));
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// On top of what a journal is published.
#[derive(Clone, Copy, Debug)]
pub enum Base<'a> {
    /// Whatever this store published last.
    Own,
    /// Whatever is there: this store becomes the holder.
    Any,
    /// This commit, or nothing is published: this store becomes the holder.
    Exactly(&'a Tip),
}

impl Tools {
    /// Publishes the incident, if that works within a short time; says why if not.
    pub async fn anchor(&self, incident: &Incident) {
        self.publish_or_warn(incident, Base::Own).await;
        if !is_under_embargo(incident) {
            self.anchor_chain(&format!("{}{}", backport_records::PREFIX, incident.id)).await;
        }
    }

    /// Publishes the incident, and does `work`: at the same time if the remote is slow.
    pub(super) async fn anchored<T>(&self, incident: &Incident, work: impl Future<Output = T>) -> T {
        let mut anchored = Box::pin(self.anchor(incident));
        if tokio::time::timeout(HEAD_START, &mut anchored).await.is_ok() {
            return work.await;
        }
        tokio::join!(work, anchored).0
    }

    /// Writes the head of a chain without an incident, if there is one with this key.
    pub async fn anchor_chain(&self, key: &str) {
        if self.config.team.publish == Publish::Nothing {
            return;
        }
        let anchored = async {
            let Some((seq, digest)) = self.store.head_of_chain(key).await? else { return Ok(()) };
            if !self.project.has_remote().await? {
                return Ok(());
            }
            let store = self.store.identity().await?;
            let journal = Journal { head: Head { id: key, seq, digest: &digest, store: &store }, content: None };
            let mut project = self.project.clone();
            project.limit = self.config.git.reserve_limit.0;
            Ok::<_, PublishError>(project.publish(&journal, Claim::Yes, &[]).await?)
        };
        if let Err(error) = anchored.await {
            self.warn(key, &error);
        }
    }

    /// The same as [`Tools::publish`], with a warning if it fails.
    pub async fn publish_or_warn(&self, incident: &Incident, base: Base<'_>) {
        match Box::pin(self.publish(&incident.key, base, &[])).await {
            Ok(()) => {}
            Err(error) => self.warn(&incident.id, &error),
        }
    }

    fn warn(&self, id: &str, error: &PublishError) {
        match error {
            // Who works on it now is told by the event that is refused.
            PublishError::Project(ProjectError::Elsewhere { .. }) => {}
            PublishError::Project(ProjectError::Refused { reason, .. }) => {
                if self.publisher.is_new(REFUSED, reason) {
                    tracing::warn!(
                        "the remote refuses refs/hotfix/*, so that other clones do not see incidents ({reason}); everything else works; it is said once"
                    );
                }
            }
            error => {
                tracing::warn!(incident.id = id, %error, "the journal's head could not be anchored on the remote");
            }
        }
    }

    /// Publishes the journal called `key` as it is in the store now, with `others` changed in the same push. Nothing is
    /// pushed if nothing is new, if nothing is to be published, or under embargo.
    pub async fn publish(&self, key: &str, base: Base<'_>, others: &[RefChange]) -> Result<(), PublishError> {
        // A take-over is always said.
        let what = match (self.config.team.publish, base) {
            (Publish::Nothing, Base::Exactly(_)) => Publish::Anchors,
            (what, _) => what,
        };
        if what == Publish::Nothing || !self.project.has_remote().await? {
            return Ok(());
        }
        let _turn = self.publisher.turn.lock().await;
        let events: Vec<Event> = self.store.events(key).await?.into_iter().collect();
        let Some(incident) = fold(&events).map_err(JournalError::from)? else { return Ok(()) };
        if is_under_embargo(&incident) {
            return Ok(());
        }
        let store = self.store.identity().await?;
        let head = Head { id: &incident.id, seq: incident.seq, digest: &incident.head, store: &store };
        let mut project = self.project.clone();
        project.limit = self.config.git.reserve_limit.0;
        let is_whole = what == Publish::Journal && !events.iter().any(published::has_lines_inside);
        if what == Publish::Journal && !is_whole && self.publisher.is_new(key, "lines") {
            tracing::warn!(
                incident.id = incident.id,
                "the journal has lines of a log in its events, as an older hotfix wrote them: only its head is published"
            );
        }
        let lines: Vec<(String, String)> = match is_whole {
            true => events
                .iter()
                .map(|event| (event.digest.clone(), published::line(event, self.config.team.lines)))
                .collect(),
            false => Vec::new(),
        };
        let documents = if is_whole { self.documents(events)? } else { Vec::new() };
        let content = is_whole.then_some(Content { events: &lines, documents: &documents });
        let journal = Journal { head, content };
        let published = match base {
            Base::Own => project.publish(&journal, Claim::No, others).await,
            Base::Any => project.publish(&journal, Claim::Yes, others).await,
            Base::Exactly(tip) => project.publish_on(Some(tip), &journal, others).await,
        };
        match &published {
            Err(ProjectError::Unreachable { .. }) => drop(std::fs::write(self.publisher.did_not_answer(), "")),
            Ok(()) if self.publisher.rests() => drop(std::fs::remove_file(self.publisher.did_not_answer())),
            _ => {}
        }
        published?;
        if is_whole {
            self.publisher.forget(REFUSED);
        }
        Ok(())
    }

    /// The other store that works on the incident, as far as this clone has seen; `None` if this one does.
    pub async fn who_works_on(&self, incident: &Incident) -> Result<Option<Tip>, PublishError> {
        let known = self.publisher.here.lock().unwrap_or_else(PoisonError::into_inner).get(&incident.id).copied();
        if known.is_some_and(|known| known.elapsed() < BELIEVED) || !self.project.has_remote().await? {
            return Ok(None);
        }
        let tip = self.project.tip(&incident.id).await?.filter(|tip| !tip.store.is_empty());
        if let Some(tip) = tip
            && tip.store != self.store.identity().await?
        {
            // One that was imported when it was over is continued by nobody.
            let is_here =
                incident.status.is_over() && self.store.has_event(&incident.key, tip.seq, &tip.digest).await?;
            return Ok((!is_here).then_some(tip));
        }
        let mut here = self.publisher.here.lock().unwrap_or_else(PoisonError::into_inner);
        here.insert(incident.id.clone(), Instant::now());
        Ok(None)
    }

    /// The same after the remote was asked. Where it does not answer in time, as far as this clone has seen.
    pub(super) async fn ask_who_works_on(&self, incident: &Incident) -> Option<Tip> {
        let is_published = self.config.team.publish != Publish::Nothing && !is_under_embargo(incident);
        if is_published
            && self.project.has_remote().await.unwrap_or(false)
            && let Err(error) = self.project.ask(&incident.id, self.config.git.reserve_limit.0).await
        {
            tracing::debug!(incident.id = incident.id, %error, "the remote does not say who works on it");
        }
        self.publisher.look_again();
        self.who_works_on(incident).await.ok().flatten()
    }

    /// The same for a journal that is run: the next event is refused if another store works on it.
    pub async fn ask_who_works_on_key(&self, key: &str) {
        if let Ok(events) = self.store.events(key).await
            && let Ok(Some(incident)) = fold(&events)
        {
            self.ask_who_works_on(&incident).await;
        }
    }

    /// The same as [`Tools::publish`] beside work: what goes wrong is said when the work stops.
    pub async fn publish_beside(&self, key: &str) {
        if self.publisher.rests() {
            return;
        }
        match Box::pin(self.publish(key, Base::Own, &[])).await {
            Ok(()) => {}
            // It was written before this clone could know.
            Err(PublishError::Project(ProjectError::Elsewhere { id })) => {
                tracing::warn!(
                    "`{id}` is worked on in another clone: what was just written here is not in its journal"
                );
            }
            Err(error) => tracing::debug!(incident.key = key, %error, "it was not published"),
        }
        self.publisher.look_again();
    }

    /// What is published for readers without hotfix.
    fn documents(&self, events: Vec<Event>) -> Result<Vec<(&'static str, String)>, JournalError> {
        let events: Vec<Event> = match self.config.team.lines {
            true => events,
            false => events.into_iter().map(Event::without_lines).collect(),
        };
        let Some(incident) = fold(&events)? else { return Ok(Vec::new()) };
        let view = (self.publisher.view)(&self.config, &incident, incident.updated);
        let rows = text(&timeline(&events));
        let mut documents = vec![
            ("view.json", format!("{view:#}\n")),
            (
                "timeline.md",
                format!("# {}\n\n{}", incident.id, rows.lines().map(|row| format!("    {row}\n")).collect::<String>()),
            ),
        ];
        if incident.order().is_none() {
            let allowance = self.config.allowance(incident.severity);
            let account = Account { incident: &incident, events: &events, allowance: &allowance };
            // A project's own template that is wrong is said where the report is asked for.
            documents.extend(Document::Report.write(&self.templates, account).ok().map(|report| ("report.md", report)));
        }
        Ok(documents)
    }
}

/// Whether nothing of it may reach the remote.
pub fn is_under_embargo(incident: &Incident) -> bool {
    incident.declaration().is_some_and(|declaration| declaration.embargo)
}
