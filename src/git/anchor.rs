//! The incident's ref on the remote: it reserves the identifier among all clones, and it keeps the
//! heads of the journal's chain where nobody who can change the database can change them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::project::{Project, ProjectError, RefChange};
use crate::domain::audit::{Anchor, Retreat, Retreated};

/// Where the refs are; `refs/heads` is left alone, so that nobody sees them as branches.
pub(super) const PREFIX: &str = "refs/hotfix/";

/// What this clone has seen of them. These refs only move forward.
pub(super) const SEEN: &str = "refs/hotfix/remote/";

/// What the remote had at the last fetch.
pub(super) const FETCHED: &str = "refs/hotfix/fetched/";

/// The head of a journal's chain, and the store that keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The incident's identifier, or the key of a chain without one.
    pub id: &'a str,
    pub seq: i64,
    pub digest: &'a str,
    pub store: &'a str,
}

/// A journal whose head is on the remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchored {
    pub id: String,
    /// The store that wrote it last; empty for an anchor from before stores had names.
    pub store: String,
}

/// How a reservation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reservation {
    Ours,
    /// Another clone has it.
    Taken,
}

impl Project {
    /// Reserves `id` by making its ref, which the remote does for one clone only. `who` makes the
    /// ref's object different from anybody else's.
    pub async fn reserve(&self, id: &str, who: &str, limit: Duration) -> Result<Reservation, ProjectError> {
        let message = format!("{id}\n\nReserved-by: {who}\n");
        let commit = self.empty_commit(&[], &message).await?;
        let refname = format!("{PREFIX}{id}");
        match self.push_within(&[RefChange::create(&refname, &commit)], limit).await {
            Ok(()) => {
                self.remember(id, &commit).await?;
                Ok(Reservation::Ours)
            }
            Err(ProjectError::Stale { .. }) => Ok(Reservation::Taken),
            Err(error) => Err(error),
        }
    }

    /// Like [`Project::reserve`], for an identifier that a person chose: what this clone reserved
    /// before, and nothing was written to since, is ours. The process that reserved it died.
    pub async fn reserve_again(&self, id: &str, who: &str, limit: Duration) -> Result<Reservation, ProjectError> {
        let commit = match self.commit(&seen(id)).await? {
            Some(commit) => commit,
            None => {
                let commit = self.empty_commit(&[], &format!("{id}\n\nReserved-by: {who}\n")).await?;
                // Before the push, so that it is known again whenever this process dies.
                self.remember(id, &commit).await?;
                commit
            }
        };
        let refname = format!("{PREFIX}{id}");
        match self.push_within(&[RefChange::create(&refname, &commit)], limit).await {
            Ok(()) => Ok(Reservation::Ours),
            Err(ProjectError::Stale { .. }) => {
                let there = self.list_remote(&refname, limit).await?;
                let message = self.git.run(["log", "-1", "--format=%B", &commit]).await?;
                let ours = there.iter().any(|(tip, _)| *tip == commit) && parse(&message, "").is_none();
                Ok(if ours { Reservation::Ours } else { Reservation::Taken })
            }
            Err(error) => Err(error),
        }
    }

    /// Returns every identifier that begins with `prefix` and is reserved on the remote.
    pub async fn reserved(&self, prefix: &str, limit: Duration) -> Result<Vec<String>, ProjectError> {
        let listed = self.list_remote(&format!("{PREFIX}{prefix}*"), limit).await?;
        Ok(listed.into_iter().filter_map(|(_, name)| name.strip_prefix(PREFIX).map(str::to_owned)).collect())
    }

    /// Returns the heads of a chain that this clone has seen on the remote, the oldest first.
    pub async fn anchors(&self, id: &str) -> Result<Vec<Anchor>, ProjectError> {
        let place = format!("`{PREFIX}{id}` on the remote");
        if self.commit(&seen(id)).await?.is_none() {
            return Ok(Vec::new());
        }
        let log = self.git.run(["log", "--reverse", "--format=%B%x00", &seen(id)]).await?;
        Ok(log.split('\0').filter_map(|message| parse(message, &place)).collect())
    }

    /// Returns the journals whose heads this clone has seen on the remote.
    pub async fn anchored(&self) -> Result<Vec<Anchored>, ProjectError> {
        let trailer = |name: &str| format!("%(contents:trailers:key={name},valueonly,separator=%x2C)");
        let format = format!("--format=%(refname)%00{}%00{}", trailer("Hotfix-Journal"), trailer("Hotfix-Store"));
        let refs = self.git.run(["for-each-ref", &format, SEEN]).await?;
        let fields = refs.lines().map(|line| line.split('\0').collect::<Vec<_>>());
        Ok(fields
            .filter_map(|fields| match fields[..] {
                [name, head, store] if !head.is_empty() => {
                    Some(Anchored { id: name.strip_prefix(SEEN)?.to_owned(), store: store.to_owned() })
                }
                _ => None,
            })
            .collect())
    }

    /// Brings this clone's view of the anchors up to date, those whose name begins with `prefix`. Returns
    /// those that did not only move forward; what was seen of them before is kept.
    pub async fn follow_anchors(&self, prefix: &str) -> Result<Vec<Retreat>, ProjectError> {
        let spec = format!("+{PREFIX}{prefix}*:{FETCHED}{prefix}*");
        // The remote may be a clone itself; requests are no anchors.
        let not = [format!("^{SEEN}*"), format!("^{FETCHED}*"), format!("^{PREFIX}inbox/*")];
        let fetch = ["fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        let args = fetch.into_iter().chain([self.remote.as_str(), &spec]).chain(not.iter().map(String::as_str));
        self.git.call(args).limit(self.limit).text().await.map_err(|error| self.unreachable(error))?;
        let (seen, fetched) = (self.tips(SEEN, prefix).await?, self.tips(FETCHED, prefix).await?);
        let (mut retreats, mut updates) = (Vec::new(), String::new());
        for (id, tip) in &fetched {
            let (tip, refname) = (&tip.0, self::seen(id));
            match seen.get(id) {
                Some((before, _)) if before == tip => {}
                // A reservation may be given up and taken again.
                None | Some((_, false)) => updates.push_str(&format!("update {refname} {tip}\n")),
                Some((before, true)) => match self.how(before, tip).await? {
                    None => updates.push_str(&format!("update {refname} {tip} {before}\n")),
                    Some(how) => retreats.push(Retreat { id: id.clone(), how }),
                },
            }
        }
        for (id, (tip, is_anchor)) in seen.iter().filter(|(id, _)| !fetched.contains_key(*id)) {
            match is_anchor {
                true => retreats.push(Retreat { id: id.clone(), how: Retreated::Removed }),
                false => updates.push_str(&format!("delete {} {tip}\n", self::seen(id))),
            }
        }
        self.git.call(["update-ref", "--stdin"]).input(updates).text().await?;
        Ok(retreats)
    }

    /// How an anchor that was `before` got to `now`; `None` if it moved forward.
    async fn how(&self, before: &str, now: &str) -> Result<Option<Retreated>, ProjectError> {
        let is_in = |one: &str, other: &str| self.git.call(["merge-base", "--is-ancestor", one, other]).answer();
        if is_in(before, now).await? {
            return Ok(None);
        }
        Ok(Some(if is_in(now, before).await? { Retreated::MovedBack } else { Retreated::Replaced }))
    }

    /// The commit of each ref, and whether it is an anchor, and not only a reservation.
    async fn tips(&self, place: &str, prefix: &str) -> Result<BTreeMap<String, (String, bool)>, ProjectError> {
        let format = "--format=%(refname)%00%(objectname)%00%(contents:trailers:key=Hotfix-Journal,valueonly)";
        let refs = self.git.run(["for-each-ref", format, place]).await?;
        let mut tips = BTreeMap::new();
        for line in refs.lines() {
            let mut fields = line.split('\0');
            let (Some(name), Some(tip)) = (fields.next().and_then(|name| name.strip_prefix(place)), fields.next())
            else {
                continue;
            };
            if name.starts_with(prefix) {
                let is_anchor = fields.next().is_some_and(|head| !head.is_empty());
                tips.insert(name.to_owned(), (tip.to_owned(), is_anchor));
            }
        }
        Ok(tips)
    }

    pub(super) async fn remember(&self, id: &str, commit: &str) -> Result<(), ProjectError> {
        let updates = format!("update {} {commit}\nupdate {FETCHED}{id} {commit}\n", seen(id));
        self.git.call(["update-ref", "--stdin"]).input(updates).text().await?;
        Ok(())
    }

    async fn empty_commit(&self, parents: &[String], message: &str) -> Result<String, ProjectError> {
        let tree = self.git.call(["mktree"]).text().await?;
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        self.commit_tree(&tree, &parents, message).await
    }
}

/// The start of the line that names the store.
pub(super) const STORE: &str = "Hotfix-Store: ";

/// The line that anchors a chain's head in a tag, a commit or a document.
pub fn line(seq: i64, digest: &str) -> String {
    format!("Hotfix-Journal: {seq} {digest}")
}

/// Returns the anchor in a text that has [`line`]'s line; the last one where there are several.
pub fn parse(text: &str, place: &str) -> Option<Anchor> {
    let store = text.lines().rev().find_map(|line| line.trim().strip_prefix(STORE)).unwrap_or_default();
    text.lines().rev().find_map(|line| {
        let (seq, digest) = line.trim().strip_prefix("Hotfix-Journal: ")?.split_once(' ')?;
        let (digest, store, place) = (digest.to_owned(), store.to_owned(), place.to_owned());
        Some(Anchor { seq: seq.parse().ok()?, digest, place, store })
    })
}

pub(super) fn seen(id: &str) -> String {
    format!("{SEEN}{id}")
}
