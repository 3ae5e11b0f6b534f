//! Journals in the remote's refs: publishing one as a tree on top of its anchors, and reading those of others.
//!
//! A tree has `format`, the events in `events/NNNNNNNN`, each named by the number of its first event, and documents.
//! Each publish is a child of the commit before, so that a remote that only moves forward keeps the order.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::anchor::{self, Head, PREFIX, SEEN, STORE, seen};
use super::project::{Project, ProjectError, RefChange};
use super::{batch, oid, tree};
use crate::domain::audit::Anchor;
use crate::domain::name::{line, plain};
use crate::domain::published::{FORMAT, MOST_BYTES, MOST_SEGMENTS};

/// How often a publish is tried again after somebody else moved the ref.
const ATTEMPTS: usize = 5;

/// A journal to publish, up to its head.
#[derive(Clone, Copy, Debug)]
pub struct Journal<'a> {
    pub head: Head<'a>,
    /// `None` where only its head is published.
    pub content: Option<Content<'a>>,
}

/// What can be read of a published journal.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// The digest and the line of each event, the first one first.
    pub events: &'a [(String, String)],
    /// Files at the top of the tree.
    pub documents: &'a [(&'static str, String)],
}

/// The newest of what this clone has seen of a journal's ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The incident's identifier, or the key of a chain without one.
    pub id: String,
    pub commit: String,
    /// The head of the chain.
    pub seq: i64,
    pub digest: String,
    /// The store that wrote it, which is the one that works on it; empty before stores had names.
    pub store: String,
    /// Git's user in the clone that published it, as it says.
    pub who: String,
    pub at: Timestamp,
    /// The commit that the remote had at the last fetch, where it does not continue this one.
    pub not_followed: Option<String>,
}

/// Another store than ours may have written the newest commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Then it is its holder, and nothing is published.
    No,
    /// Then this store becomes its holder.
    Yes,
}

impl Project {
    /// Publishes a journal on top of its ref, with other refs changed in the same push.
    ///
    /// Fails with [`ProjectError::Elsewhere`] if another store has published it last and there is no claim to it, and
    /// with [`ProjectError::Retreated`] if the ref on the remote does not continue what this clone has seen, or the
    /// journal does not continue what was published.
    pub async fn publish(&self, journal: &Journal<'_>, claim: Claim, others: &[RefChange]) -> Result<(), ProjectError> {
        let id = journal.head.id;
        let refname = format!("{PREFIX}{id}");
        for _ in 0..ATTEMPTS {
            let tip = self.tip(id).await?;
            let holder = tip.as_ref().map(|tip| tip.store.as_str()).filter(|store| !store.is_empty());
            if claim == Claim::No && holder.is_some_and(|store| store != journal.head.store) {
                return Err(ProjectError::Elsewhere { id: id.to_owned() });
            }
            match self.publish_on(tip.as_ref(), journal, others).await {
                Err(ProjectError::Stale { .. }) => {
                    let retreats = self.follow_anchors(id).await?;
                    if retreats.iter().any(|retreat| retreat.id == id) {
                        return Err(ProjectError::Retreated { refname });
                    }
                }
                ended => return ended,
            }
        }
        Err(ProjectError::Stale { refname })
    }

    /// The same on top of `tip`, or not at all: fails with [`ProjectError::Stale`] if the remote has another one.
    pub async fn publish_on(
        &self,
        tip: Option<&Tip>,
        journal: &Journal<'_>,
        others: &[RefChange],
    ) -> Result<(), ProjectError> {
        let Head { id, seq, digest, store } = journal.head;
        let before = tip.filter(|tip| tip.seq > 0);
        let segments = match (journal.content, before) {
            (Some(_), Some(tip)) => self.segments_of(&tip.commit).await?,
            _ => Vec::new(),
        };
        if let Some(tip) = before {
            let is_same_store = tip.store == store;
            let is_whole = journal.content.is_none() || !segments.is_empty();
            if is_same_store && is_whole && (tip.seq, tip.digest.as_str()) == (seq, digest) && others.is_empty() {
                return Ok(());
            }
            // Another process of this store was faster.
            if is_same_store && tip.seq > seq && others.is_empty() {
                return Ok(());
            }
        }
        let tree = match journal.content {
            None => self.git.call(["mktree"]).text().await?,
            Some(content) => {
                let published = before.filter(|_| !segments.is_empty());
                let known = published.map_or(0, |tip| tip.seq as usize);
                let continues = published.is_none_or(|tip| {
                    content.events.get(known.wrapping_sub(1)).is_some_and(|(digest, _)| *digest == tip.digest)
                });
                if !continues {
                    return Err(ProjectError::Diverged { refname: format!("{PREFIX}{id}") });
                }
                self.tree(content, segments, known).await?
            }
        };
        let message = format!("{id} event {seq}\n\n{}\n{STORE}{store}\n", anchor::line(seq, digest));
        let parent = tip.map(|tip| tip.commit.clone());
        // Not signed, whatever git is set to: a key that has to be touched would be asked for every few seconds.
        let mut args = vec!["commit-tree", "-F", "-"];
        args.extend(parent.iter().flat_map(|parent| ["-p", parent.as_str()]));
        args.push(&tree);
        let commit = self.git.call(args).input(message).text().await?;
        let own = RefChange { refname: format!("{PREFIX}{id}"), old: parent, new: Some(commit.clone()) };
        self.push(&[&[own], others].concat()).await?;
        self.remember(id, &commit).await
    }

    /// The lines of `git ls-tree` for the segments of a published journal; none where there is no journal of our form.
    async fn segments_of(&self, commit: &str) -> Result<Vec<String>, ProjectError> {
        let listed = self.git.call(["ls-tree", &format!("{commit}:events")]).output().await?;
        if listed.status != Some(0) {
            return Ok(Vec::new());
        }
        Ok(String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect())
    }

    /// Writes the tree of a journal, of which the first `known` events are in `segments`.
    async fn tree(
        &self,
        content: Content<'_>,
        mut segments: Vec<String>,
        known: usize,
    ) -> Result<String, ProjectError> {
        let more: String = content.events[known..].iter().map(|(_, line)| line.as_str()).collect();
        let files = [("format", format!("{FORMAT}\n"))].into_iter().chain(content.documents.iter().cloned());
        let texts: Vec<(&str, String)> = files.chain([("", more)]).collect();
        let blobs =
            texts.iter().map(|(_, text)| self.git.call(["hash-object", "-w", "--stdin"]).input(text.as_str()).text());
        let blobs = try_join_all(blobs).await?;
        if known < content.events.len() {
            segments.push(format!("100644 blob {}\t{:08}", blobs[texts.len() - 1], known + 1));
        }
        let events = self.git.call(["mktree"]).input(segments.join("\n") + "\n").text().await?;
        let entry = |((name, _), blob): (&(&str, String), &String)| format!("100644 blob {blob}\t{name}\n");
        let mut entries: String =
            texts.iter().zip(&blobs).filter(|((name, _), _)| !name.is_empty()).map(entry).collect();
        entries.push_str(&format!("040000 tree {events}\tevents\n"));
        Ok(self.git.call(["mktree"]).input(entries).text().await?)
    }

    /// What this clone has seen of a journal's ref; `None` if nothing.
    pub async fn tip(&self, id: &str) -> Result<Option<Tip>, ProjectError> {
        Ok(self.tips_under(&seen(id)).await?.into_iter().find(|tip| tip.id == id))
    }

    /// What this clone has seen of all refs that have the head of a journal.
    pub async fn published(&self) -> Result<Vec<Tip>, ProjectError> {
        let mut tips = self.tips_under(SEEN).await?;
        tips.retain(|tip| tip.seq > 0);
        Ok(tips)
    }

    /// The refs, reservations too; those have event 0.
    async fn tips_under(&self, pattern: &str) -> Result<Vec<Tip>, ProjectError> {
        let trailer = |name: &str| format!("%(contents:trailers:key={name},valueonly,separator=%x2C)");
        let format = format!(
            "--format=%(refname)%00%(objectname)%00{}%00{}%00%(committername) %(committeremail)%00%(committerdate:unix)",
            trailer("Hotfix-Journal"),
            trailer("Hotfix-Store")
        );
        let fetched = pattern.replacen(SEEN, anchor::FETCHED, 1);
        let refs = self.git.run(["for-each-ref", &format, pattern, &fetched]).await?;
        let mut tips: Vec<Tip> = Vec::new();
        let mut now = std::collections::HashMap::new();
        for one in refs.lines() {
            let fields: Vec<&str> = one.split('\0').collect();
            let [name, commit, head, store, who, at] = fields[..] else { continue };
            let Some(id) = name.strip_prefix(SEEN) else {
                now.insert(name.strip_prefix(anchor::FETCHED).unwrap_or_default().to_owned(), commit.to_owned());
                continue;
            };
            // The last one counts, where somebody wrote several.
            let head = head.rsplit(',').next().unwrap_or_default();
            let (seq, digest) = head.trim().split_once(' ').unwrap_or(("0", ""));
            let at = at.parse().ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default();
            tips.push(Tip {
                id: id.to_owned(),
                commit: commit.to_owned(),
                seq: seq.parse().unwrap_or_default(),
                digest: digest.to_owned(),
                store: store.rsplit(',').next().unwrap_or_default().trim().to_owned(),
                // What another clone calls itself is shown to people.
                who: plain(&line(who, 100)).into_owned(),
                at,
                not_followed: None,
            });
        }
        for tip in &mut tips {
            tip.not_followed = now.remove(&tip.id).filter(|now| *now != tip.commit);
        }
        Ok(tips)
    }

    /// Asks the remote for a journal's ref, and returns what this clone has seen of it then.
    pub async fn ask(&self, id: &str, limit: Duration) -> Result<Option<Tip>, ProjectError> {
        let there = self.list_remote(&format!("{PREFIX}{id}"), limit).await?;
        let tip = self.tip(id).await?;
        let now = there.iter().find(|(_, name)| *name == format!("{PREFIX}{id}")).map(|(commit, _)| commit);
        if now == tip.as_ref().map(|tip| &tip.commit) {
            return Ok(tip);
        }
        let mut quick = self.clone();
        quick.limit = limit;
        quick.follow_anchors(id).await?;
        self.tip(id).await
    }

    /// Returns the heads that each of these refs ever had, by identifier, from the history of its commits.
    pub async fn heads(&self, tips: &[Tip]) -> Result<BTreeMap<String, Vec<Anchor>>, ProjectError> {
        let mut heads: BTreeMap<String, Vec<Anchor>> = BTreeMap::new();
        if tips.is_empty() {
            return Ok(heads);
        }
        let refs: String = tips.iter().map(|tip| format!("{}\n", seen(&tip.id))).collect();
        let log = ["log", "--stdin", "--source", "--format=%S%x00%B%x01"];
        let log = self.git.call(log).input(refs).text().await?;
        for entry in log.split('\u{1}') {
            let Some((name, message)) = entry.trim_start().split_once('\0') else { continue };
            let Some(id) = name.strip_prefix(SEEN) else { continue };
            heads.entry(id.to_owned()).or_default().extend(anchor::parse(message, "an earlier commit of its ref"));
        }
        Ok(heads)
    }

    /// Reads published journals, many in one process. Returns the segments of each, in order, or why it can't be read.
    pub async fn segments(&self, tips: &[Tip]) -> Result<Vec<Result<Vec<Vec<u8>>, String>>, ProjectError> {
        let specs: Vec<String> =
            tips.iter().flat_map(|tip| [format!("{}:format", tip.commit), format!("{}:events", tip.commit)]).collect();
        let sizes = batch::sizes(&self.git, &specs).await?;
        let mut found: Vec<Result<(), String>> = Vec::with_capacity(tips.len());
        for pair in sizes.chunks(2) {
            found.push(match pair {
                [Some(format), _] if format.kind != "blob" || format.size > 16 => {
                    Err("`format` is not a small file".to_owned())
                }
                // A name in a tree is at most 8 characters here; more is none of ours.
                [_, Some(events)] if events.kind != "tree" => Err("`events` is not a folder".to_owned()),
                [_, Some(events)] if events.size > (MOST_SEGMENTS * 48) as u64 => {
                    Err(format!("it has more than {MOST_SEGMENTS} segments"))
                }
                [Some(_), Some(_)] => Ok(()),
                _ => Err(NOT_PUBLISHED.to_owned()),
            });
        }
        let read: Vec<String> = specs
            .chunks(2)
            .zip(&found)
            .filter(|(_, found)| found.is_ok())
            .flat_map(|(pair, _)| pair.to_vec())
            .collect();
        let mut objects = batch::objects(&self.git, &read).await?.into_iter();
        let mut listed: Vec<Result<Vec<String>, String>> = Vec::with_capacity(tips.len());
        for (found, tip) in found.into_iter().zip(tips) {
            let hash = if tip.commit.len() == 64 { oid::Format::Sha256 } else { oid::Format::Sha1 };
            listed.push(match found {
                Err(why) => Err(why),
                Ok(()) => {
                    let (format, events) = (objects.next().flatten(), objects.next().flatten());
                    names(format.as_deref(), events.as_deref(), hash)
                }
            });
        }
        self.blobs(listed).await
    }

    async fn blobs(
        &self,
        mut listed: Vec<Result<Vec<String>, String>>,
    ) -> Result<Vec<Result<Vec<Vec<u8>>, String>>, ProjectError> {
        let all: Vec<String> = listed.iter().flatten().flatten().cloned().collect();
        let mut sizes = batch::sizes(&self.git, &all).await?.into_iter();
        for one in &mut listed {
            let Ok(names) = one else { continue };
            let own: Vec<_> = sizes.by_ref().take(names.len()).collect();
            let is_blob = own.iter().all(|size| size.as_ref().is_some_and(|size| size.kind == "blob"));
            let bytes: u64 = own.iter().flatten().map(|size| size.size).sum();
            if !is_blob {
                *one = Err("a segment is missing, or not a file".to_owned());
            } else if bytes > MOST_BYTES {
                *one = Err(format!("it has {} MiB, more than {}", bytes >> 20, MOST_BYTES >> 20));
            }
        }
        let all: Vec<String> = listed.iter().flatten().flatten().cloned().collect();
        let mut objects = batch::objects(&self.git, &all).await?.into_iter();
        let read = listed.into_iter().map(|one| {
            let names = one?;
            let own: Option<Vec<_>> = objects.by_ref().take(names.len()).collect();
            own.ok_or_else(|| "a segment is missing".to_owned())
        });
        Ok(read.collect())
    }
}

/// What is said of a journal of which only the head is on the remote.
pub const NOT_PUBLISHED: &str = "only its head is published";

/// The objects of the segments, in order, from the raw tree that lists them.
fn names(format: Option<&[u8]>, events: Option<&[u8]>, hash: oid::Format) -> Result<Vec<String>, String> {
    let format = String::from_utf8_lossy(format.unwrap_or_default()).trim().to_owned();
    if format != FORMAT {
        return Err("it was published by a newer hotfix".to_owned());
    }
    let events = events.unwrap_or_default();
    let mut names = Vec::new();
    for (name, entry) in tree::entries(events, hash) {
        let is_name = name.len() == 8 && name.iter().all(u8::is_ascii_digit);
        if entry.mode != 0o100_644 || !is_name {
            return Err(format!("`events/{}` is not a segment", String::from_utf8_lossy(name)));
        }
        names.push(entry.oid.to_string());
    }
    Ok(names)
}
