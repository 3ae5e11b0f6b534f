//! Journals that other stores work on, as they are published; and the one rule that such a journal is not written here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use jiff::Timestamp;

use super::known::Known;
use crate::domain::actor::Actor;
use crate::domain::audit::Anchor;
use crate::domain::event::Event;
use crate::domain::identifier;
use crate::domain::incident::Incident;
use crate::domain::name;
use crate::domain::published;
use crate::domain::summary::Summary;
use crate::git::project::ProjectError;
use crate::git::published::{NOT_PUBLISHED, Tip};
use crate::private;
use crate::steps::Tools;
use crate::steps::publish::PublishError;
use crate::workflow::derived;
use crate::workflow::journal::{Journal, JournalError, Lease, fold};

/// A journal that another store works on, as it was published last.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    pub id: String,
    /// The store's own name.
    pub store: String,
    /// Git's user in the working clone, as it says.
    pub who: String,
    /// When it was published.
    pub as_of: Timestamp,
    pub events: Vec<Event>,
    pub incident: Incident,
    /// How many events this store has of it that are not in it.
    pub differing: i64,
    /// What it was read from.
    pub tip: Tip,
}

/// A published journal that can't be shown, or not as the remote has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub id: String,
    pub why: String,
}

/// A journal that another store works on, as lists show it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub summary: Summary,
    /// How many events this store has of it that are not in it.
    pub differing: i64,
    /// Who published it, and what it is read from.
    pub tip: Tip,
}

/// What was read of the published journals.
#[derive(Debug, Default)]
pub struct Read {
    /// By key.
    journals: BTreeMap<String, Listed>,
    pub problems: Vec<Problem>,
    /// Those that had to be read as a whole, by key.
    whole: Mutex<BTreeMap<String, Arc<Elsewhere>>>,
}

/// What this clone knows of the journals that others published.
pub struct Mirror {
    tools: Arc<Tools>,
    /// Its modification time is that of the last fetch.
    stamp: PathBuf,
    read: tokio::sync::Mutex<Option<Arc<Read>>>,
}

impl Read {
    /// The journal with this key or identifier.
    pub fn find(&self, id: &str) -> Option<&Listed> {
        self.journals.get(id).or_else(|| self.all().find(|one| one.summary.id == id))
    }

    /// Puts their lines into a list of this store: those that `belongs` says, in place of what the store says of them.
    pub fn take_the_place_in(&self, list: &mut Vec<Summary>, belongs: impl Fn(&Summary) -> bool) {
        list.retain(|line| !self.journals.contains_key(&line.key));
        list.extend(self.all().map(|one| &one.summary).filter(|line| belongs(line)).cloned());
    }

    pub fn all(&self) -> impl Iterator<Item = &Listed> {
        self.journals.values()
    }

    fn whole(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Elsewhere>>> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listed {
    /// That it can't be written here.
    pub fn refusal(&self) -> JournalError {
        JournalError::Elsewhere { id: self.summary.id.clone(), who: self.tip.who.clone(), as_of: self.tip.at }
    }
}

impl Mirror {
    pub fn new(tools: Arc<Tools>) -> Mirror {
        let stamp = tools.project.common.join("hotfix/fetched");
        Mirror { tools, stamp, read: tokio::sync::Mutex::default() }
    }

    /// The journals that other stores work on. The remote is asked at most every `team.fetch`; where it does not answer
    /// within `team.fetch_limit` they are as they were fetched last.
    pub async fn read(&self) -> Result<Arc<Read>, JournalError> {
        let mut kept = self.read.lock().await;
        if let Some(read) = kept.as_ref() {
            return Ok(Arc::clone(read));
        }
        if self.tools.project.has_remote().await.map_err(unreadable)? {
            Box::pin(self.fetch_if_due()).await;
        }
        let read = Arc::new(Box::pin(self.load()).await?);
        *kept = Some(Arc::clone(&read));
        Ok(read)
    }

    /// Asks the remote now, and reads again.
    ///
    /// Fails if the remote does not answer.
    pub async fn refresh(&self) -> Result<Arc<Read>, ProjectError> {
        let mut kept = self.read.lock().await;
        let mut project = self.tools.project.clone();
        project.limit = self.tools.config.git.limit.0;
        project.follow_anchors("").await?;
        self.stamp();
        self.tools.publisher.look_again();
        let read = self
            .load()
            .await
            .map_err(|error| ProjectError::Unreachable { remote: project.remote.clone(), reason: error.to_string() })?;
        let read = Arc::new(read);
        *kept = Some(Arc::clone(&read));
        Ok(read)
    }

    /// What was read is read again by the next who asks.
    pub async fn forget(&self) {
        *self.read.lock().await = None;
        self.tools.publisher.look_again();
    }

    async fn fetch_if_due(&self) {
        let team = &self.tools.config.team;
        let last = std::fs::metadata(&self.stamp).and_then(|stamp| stamp.modified());
        let is_fresh =
            last.is_ok_and(|last| SystemTime::now().duration_since(last).is_ok_and(|since| since < team.fetch.0));
        if is_fresh {
            return;
        }
        // Before the fetch: where the remote does not answer, not every command waits for it.
        self.stamp();
        let mut project = self.tools.project.clone();
        project.limit = team.fetch_limit.0;
        if let Err(error) = project.follow_anchors("").await {
            tracing::debug!(%error, "journals of other clones are as they were fetched last");
        }
    }

    fn stamp(&self) {
        // A team's database has no directory here yet.
        let made = self.stamp.parent().map_or(Ok(()), private::make_directory);
        if let Err(error) = made.and_then(|()| std::fs::write(&self.stamp, "")) {
            tracing::debug!(%error, "the time of the fetch can't be kept");
        }
    }

    async fn load(&self) -> Result<Read, JournalError> {
        let own = self.tools.store.identity().await?;
        let tips = self.tools.project.published().await.map_err(unreadable)?;
        let tips: Vec<Tip> = tips
            .into_iter()
            // A chain of a backport has a folder of its own, and no incident.
            .filter(|tip| !tip.store.is_empty() && tip.store != own && !tip.id.contains('/'))
            .collect();
        let mut read = Read::default();
        if tips.is_empty() {
            return Ok(read);
        }
        let mut known = Known::load(&self.tools.project.common);
        let new: Vec<Tip> = tips.iter().filter(|tip| known.of(tip).is_none()).cloned().collect();
        for (tip, journal) in new.iter().zip(self.journals(&new).await?) {
            known.keep(tip, journal.as_ref().map(|journal| derived::summary(&journal.incident)).map_err(Clone::clone));
            if let Ok(journal) = journal {
                read.whole().insert(journal.incident.key.clone(), Arc::new(journal));
            }
        }
        let here: BTreeSet<String> = self.tools.store.keys().await?.into_iter().collect();
        for tip in tips.iter().cloned() {
            let id = tip.id.clone();
            if tip.not_followed.is_some() {
                let why = "it was replaced or moved back on the remote, which is not followed: hotfix audit verify";
                read.problems.push(Problem { id: id.clone(), why: why.to_owned() });
            }
            match known.of(&tip) {
                Some(Ok(summary)) => {
                    // An incident that was numbered later may be published under both names.
                    let other = read.journals.get(&summary.key);
                    if other.is_none_or(|other| other.tip.seq < tip.seq) {
                        let listed = Listed { summary: summary.clone(), differing: 0, tip };
                        read.journals.insert(summary.key.clone(), listed);
                    }
                }
                Some(Err(why)) if why == NOT_PUBLISHED => {}
                Some(Err(why)) => read.problems.push(Problem { id, why: why.clone() }),
                None => {}
            }
        }
        known.save(&tips);
        let both: Vec<String> = read.journals.keys().filter(|key| here.contains(*key)).cloned().collect();
        for key in both {
            let Some(journal) = self.whole(&read, &key).await? else { continue };
            let tip = &journal.tip;
            // It was imported when it was over, and nobody continues it.
            if journal.incident.status.is_over() && self.tools.store.has_event(&key, tip.seq, &tip.digest).await? {
                read.journals.remove(&key);
                continue;
            }
            let differing = self.tools.store.differing(&key, &journal.events).await?;
            read.journals.entry(key.clone()).and_modify(|listed| listed.differing = differing);
            read.whole().insert(key, Arc::new(Elsewhere { differing, ..Elsewhere::clone(&journal) }));
        }
        Ok(read)
    }

    /// The journal with this key or identifier, with its events, if another store works on it.
    pub async fn find(&self, id: &str) -> Result<Option<Arc<Elsewhere>>, JournalError> {
        let read = self.read().await?;
        self.whole(&read, id).await
    }

    /// All journals that other stores work on, with their events.
    pub async fn all(&self) -> Result<Vec<Arc<Elsewhere>>, JournalError> {
        let read = self.read().await?;
        let tips: Vec<Tip> = {
            let whole = read.whole();
            read.all().filter(|one| !whole.contains_key(&one.summary.key)).map(|one| one.tip.clone()).collect()
        };
        for journal in self.journals(&tips).await?.into_iter().flatten() {
            read.whole().insert(journal.incident.key.clone(), Arc::new(journal));
        }
        let whole = read.whole();
        Ok(read.journals.keys().filter_map(|key| whole.get(key)).cloned().collect())
    }

    async fn whole(&self, read: &Read, id: &str) -> Result<Option<Arc<Elsewhere>>, JournalError> {
        let Some(listed) = read.find(id) else { return Ok(None) };
        let key = &listed.summary.key;
        if let Some(journal) = read.whole().get(key).filter(|journal| journal.tip.commit == listed.tip.commit) {
            return Ok(Some(Arc::clone(journal)));
        }
        match Box::pin(self.journals(std::slice::from_ref(&listed.tip))).await?.pop() {
            Some(Ok(mut journal)) => {
                journal.differing = listed.differing;
                let journal = Arc::new(journal);
                read.whole().insert(key.clone(), Arc::clone(&journal));
                Ok(Some(journal))
            }
            Some(Err(reason)) => Err(JournalError::Store { action: "read", reason, hint: None }),
            None => Ok(None),
        }
    }

    /// Reads and checks published journals; the reason where one can't be shown.
    async fn journals(&self, tips: &[Tip]) -> Result<Vec<Result<Elsewhere, String>>, JournalError> {
        let project = &self.tools.project;
        let segments = project.segments(tips).await.map_err(unreadable)?;
        let heads = project.heads(tips).await.map_err(unreadable)?;
        let read = tips.iter().zip(segments).map(|(tip, segments)| {
            let earlier = heads.get(&tip.id).map(Vec::as_slice).unwrap_or_default();
            let read = segments.and_then(|segments| journal(tip.clone(), &segments, earlier));
            // It may repeat what the journal has.
            read.map_err(|why| name::plain(&name::line(&why, 300)).into_owned())
        });
        Ok(read.collect())
    }
}

/// The journal in the segments of a ref.
fn journal(tip: Tip, segments: &[Vec<u8>], earlier: &[Anchor]) -> Result<Elsewhere, String> {
    let events = published::events(segments.iter().map(Vec::as_slice), (tip.seq, &tip.digest), earlier)?;
    let incident = fold(&events).map_err(|error| error.to_string())?.ok_or("it has no event")?;
    for name in [&tip.id, &incident.id, &incident.key] {
        identifier::from_tracker(name)?;
    }
    if tip.id != incident.id && tip.id != incident.key {
        return Err(format!("it has the journal of `{}`", incident.id));
    }
    let (id, store, who, as_of) = (incident.id.clone(), tip.store.clone(), tip.who.clone(), tip.at);
    Ok(Elsewhere { id, store, who, as_of, events, incident, differing: 0, tip })
}

/// A failure of git is one of the journal here.
fn unreadable(error: ProjectError) -> JournalError {
    JournalError::Store { action: "read", reason: error.to_string(), hint: None }
}

/// The journal of this store, in which nothing is written that another store works on.
#[async_trait]
impl Journal for Mirror {
    async fn events(&self, key: &str) -> Result<Vec<Event>, JournalError> {
        let events = self.tools.store.events(key).await?;
        if events.is_empty()
            && let Some(listed) = self.read().await?.find(key)
        {
            return Err(listed.refusal());
        }
        Ok(events)
    }

    async fn append(&self, event: &Event, incident: &Incident, lease: Option<&Lease>) -> Result<(), JournalError> {
        let elsewhere = Box::pin(self.tools.who_works_on(incident)).await.map_err(|error| match error {
            PublishError::Journal(error) => error,
            PublishError::Project(error) => unreadable(error),
        })?;
        if let Some(tip) = elsewhere {
            return Err(JournalError::Elsewhere { id: incident.id.clone(), who: tip.who, as_of: tip.at });
        }
        self.tools.store.append(event, incident, lease).await
    }

    async fn acquire(&self, name: &str, by: &Actor, seconds: u32) -> Result<Lease, JournalError> {
        if let Some(key) = name.strip_prefix("incident/")
            && let Some(listed) = self.read().await?.find(key)
        {
            return Err(listed.refusal());
        }
        self.tools.store.acquire(name, by, seconds).await
    }

    async fn renew(&self, lease: &Lease, seconds: u32) -> Result<(), JournalError> {
        self.tools.store.renew(lease, seconds).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), JournalError> {
        self.tools.store.release(lease).await
    }
}
