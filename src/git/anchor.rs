//! The incident's ref on the remote: it reserves the identifier among all clones, and it keeps the
//! heads of the journal's chain where nobody who can change the database can change them.

use std::time::Duration;

use super::project::{Project, ProjectError, RefChange};
use crate::domain::audit::Anchor;

/// Where the refs are; `refs/heads` is left alone, so that nobody sees them as branches.
const PREFIX: &str = "refs/hotfix/";

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
        let commit = match self.commit(&local(id)).await? {
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

    /// Writes the head of the incident's chain on top of its ref.
    pub async fn anchor(&self, id: &str, seq: i64, digest: &str) -> Result<(), ProjectError> {
        let refname = format!("{PREFIX}{id}");
        let message = format!("{id} event {seq}\n\n{}\n", line(seq, digest));
        for _ in 0..5 {
            let tip = self.commit(&local(id)).await?;
            let commit = self.empty_commit(tip.as_slice(), &message).await?;
            match self.push(&[RefChange { refname: refname.clone(), old: tip, new: Some(commit.clone()) }]).await {
                Ok(()) => return self.remember(id, &commit).await,
                Err(ProjectError::Stale { .. }) => self.fetch_anchors(id).await?,
                Err(error) => return Err(error),
            }
        }
        Err(ProjectError::Stale { refname })
    }

    /// Returns the heads of the incident's chain that were written to the remote, the oldest first.
    pub async fn anchors(&self, id: &str) -> Result<Vec<Anchor>, ProjectError> {
        self.fetch_anchors(id).await?;
        if self.commit(&local(id)).await?.is_none() {
            return Ok(Vec::new());
        }
        let place = format!("`{PREFIX}{id}` on the remote");
        let log = self.git.run(["log", "--reverse", "--format=%B%x00", &local(id)]).await?;
        Ok(log.split('\0').filter_map(|message| parse(message, &place)).collect())
    }

    /// Returns the identifiers of the incidents whose heads were anchored from this clone.
    pub async fn anchored(&self) -> Result<Vec<String>, ProjectError> {
        let format = "--format=%(refname)%00%(contents:trailers:key=Hotfix-Journal,valueonly,separator=%x2C)";
        let refs = self.git.run(["for-each-ref", format, &local("")]).await?;
        let anchored = refs.lines().filter_map(|line| line.split_once('\0')).filter(|(_, head)| !head.is_empty());
        Ok(anchored.filter_map(|(name, _)| name.strip_prefix(&local("")).map(str::to_owned)).collect())
    }

    /// Makes this clone's copy of the incident's ref what the remote has.
    async fn fetch_anchors(&self, id: &str) -> Result<(), ProjectError> {
        let (refname, local) = (format!("{PREFIX}{id}"), local(id));
        if self.list_remote(&refname, self.limit).await?.is_empty() {
            self.git.run(["update-ref", "-d", &local]).await?;
            return Ok(());
        }
        let spec = format!("+{refname}:{local}");
        let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", &self.remote, &spec];
        self.git.call(fetch).limit(self.limit).text().await?;
        Ok(())
    }

    async fn remember(&self, id: &str, commit: &str) -> Result<(), ProjectError> {
        self.git.run(["update-ref", &local(id), commit]).await?;
        Ok(())
    }

    async fn empty_commit(&self, parents: &[String], message: &str) -> Result<String, ProjectError> {
        let tree = self.git.call(["mktree"]).text().await?;
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        self.commit_tree(&tree, &parents, message).await
    }
}

/// The line that anchors a chain's head in a tag, a commit or a document.
pub fn line(seq: i64, digest: &str) -> String {
    format!("Hotfix-Journal: {seq} {digest}")
}

/// Returns the anchor in a text that has [`line`]'s line; the last one where there are several.
pub fn parse(text: &str, place: &str) -> Option<Anchor> {
    text.lines().rev().find_map(|line| {
        let (seq, digest) = line.trim().strip_prefix("Hotfix-Journal: ")?.split_once(' ')?;
        Some(Anchor { seq: seq.parse().ok()?, digest: digest.to_owned(), place: place.to_owned() })
    })
}

fn local(id: &str) -> String {
    format!("refs/hotfix/remote/{id}")
}
