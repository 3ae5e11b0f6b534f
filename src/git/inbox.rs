//! Requests from other clones to the working one, as refs on the remote: one ref for each, named by the digest
//! of what it says, so that nobody overwrites another's and the same one twice is one.

use std::time::Duration;

use super::batch::{self, Size};
use super::project::{Project, ProjectError, RefChange};
use super::{Git, GitError};

/// Where they are on the remote: `INCIDENT/DIGEST`.
const INBOX: &str = "refs/hotfix/inbox/";

/// What this clone has sent, until it is known to be taken in.
const SENT: &str = "refs/hotfix/sent/";

/// The only file of a request's tree.
const FILE: &str = "request.json";

/// How many are read or deleted at once.
pub const AT_ONCE: usize = 200;

/// One request on the remote, or one that this clone has sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Letter {
    /// The key of the incident, as the ref's name has it.
    pub incident: String,
    /// The digest of its statement, as the ref's name has it.
    pub digest: String,
    /// The commit, or whatever the ref points at.
    pub object: String,
}

impl Letter {
    fn read(object: &str, name: &str, place: &str) -> Option<Letter> {
        let (incident, digest) = name.strip_prefix(place)?.split_once('/')?;
        let (incident, digest) = (incident.to_owned(), digest.to_owned());
        Some(Letter { incident, digest, object: object.to_owned() })
    }

    fn refname(&self) -> String {
        format!("{INBOX}{}/{}", self.incident, self.digest)
    }

    fn sent(&self) -> String {
        format!("{SENT}{}/{}", self.incident, self.digest)
    }

    /// The change that takes it out of the inbox.
    pub fn removal(&self) -> RefChange {
        RefChange::delete(self.refname(), &self.object)
    }
}

impl Project {
    /// Makes a request, and remembers in this clone that it is sent.
    pub async fn write_request(&self, incident: &str, digest: &str, content: &str) -> Result<Letter, ProjectError> {
        let blob = self.git.call(["hash-object", "-w", "--stdin"]).input(content).text().await?;
        let tree = self.git.call(["mktree"]).input(format!("100644 blob {blob}\t{FILE}\n")).text().await?;
        let message = format!("A request about {incident}");
        // Its statement is what may be signed; a signature of the commit would prove nothing more.
        let object = self.git.call(["commit-tree", "-F", "-", &tree]).input(message).text().await?;
        let letter = Letter { incident: incident.to_owned(), digest: digest.to_owned(), object };
        self.git.run(["update-ref", &letter.sent(), &letter.object]).await?;
        Ok(letter)
    }

    /// Puts a request into the inbox; one that is there already stays as it is.
    ///
    /// Fails like [`Project::push`].
    pub async fn send_request(&self, letter: &Letter, limit: Duration) -> Result<(), ProjectError> {
        self.push_within(&[RefChange::create(letter.refname(), &letter.object)], limit).await
    }

    /// What this clone has sent and not forgotten.
    pub async fn sent_requests(&self) -> Result<Vec<Letter>, ProjectError> {
        let refs = self.git.run(["for-each-ref", "--format=%(objectname) %(refname)", SENT]).await?;
        let refs = refs.lines().filter_map(|line| line.split_once(' '));
        Ok(refs.filter_map(|(object, name)| Letter::read(object, name, SENT)).collect())
    }

    /// The content of a request that this clone has sent; `None` where that is gone.
    pub async fn own_request(&self, letter: &Letter) -> Result<Option<Vec<u8>>, ProjectError> {
        self.file(&letter.object, FILE).await
    }

    /// Forgets that a request was sent: its answer is known.
    pub async fn forget_sent(&self, letters: &[Letter]) -> Result<(), ProjectError> {
        let deletions: String =
            letters.iter().map(|letter| format!("delete {} {}\n", letter.sent(), letter.object)).collect();
        self.git.call(["update-ref", "--stdin"]).input(deletions).text().await?;
        Ok(())
    }

    /// The requests in the inbox right now, of one incident or of all, by name.
    pub async fn requests(&self, incident: Option<&str>, limit: Duration) -> Result<Vec<Letter>, ProjectError> {
        let pattern = format!("{INBOX}{}*", incident.map(|incident| format!("{incident}/")).unwrap_or_default());
        let listed = self.list_remote(&pattern, limit).await?;
        let mut letters: Vec<Letter> =
            listed.iter().filter_map(|(object, name)| Letter::read(object, name, INBOX)).collect();
        letters.sort();
        Ok(letters)
    }

    /// Fetches requests, [`AT_ONCE`] at most. Returns each with its content, or with what is wrong with its form; one that
    /// was taken out of the inbox meanwhile is left out. `most` bytes is the most that a request may have.
    pub async fn read_requests(
        &self,
        letters: &[Letter],
        most: usize,
        limit: Duration,
    ) -> Result<Vec<(Letter, Result<Vec<u8>, String>)>, ProjectError> {
        let names: Vec<String> = letters.iter().map(Letter::refname).collect();
        let quiet = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--"];
        let args = quiet.into_iter().chain([self.remote.as_str()]).chain(names.iter().map(String::as_str));
        let fetched = self.git.call(args).limit(limit).text().await;
        fetched.map_err(|error| self.unreachable(error))?;
        let mut read = Vec::new();
        for (letter, content) in letters.iter().zip(contents(&self.git, letters, most).await?) {
            read.push((letter.clone(), content));
        }
        Ok(read)
    }

    /// Takes requests out of the inbox, each from the value that was read; one that is gone is no error.
    pub async fn remove_requests(&self, letters: &[Letter], limit: Duration) -> Result<(), ProjectError> {
        for some in letters.chunks(AT_ONCE) {
            let changes: Vec<RefChange> = some.iter().map(Letter::removal).collect();
            match self.push_within(&changes, limit).await {
                Err(ProjectError::Stale { .. }) => {}
                ended => {
                    ended?;
                    continue;
                }
            }
            // Another clone of the same store was faster with some of them.
            for change in changes {
                match self.push_within(&[change], limit).await {
                    Ok(()) | Err(ProjectError::Stale { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// The content of each request, or what is wrong with its form. Nothing that is too large is read.
async fn contents(git: &Git, letters: &[Letter], most: usize) -> Result<Vec<Result<Vec<u8>, String>>, GitError> {
    let specs = |letter: &Letter| [format!("{}^{{tree}}", letter.object), format!("{}:{FILE}", letter.object)];
    let specs: Vec<String> = letters.iter().flat_map(specs).collect();
    let sizes = batch::sizes(git, &specs).await?;
    let is_small = |pair: &[Option<Size>]| is_at_most(&pair[0], "tree", 100) && is_at_most(&pair[1], "blob", most);
    let fits: Vec<bool> = sizes.chunks_exact(2).map(is_small).collect();
    let wanted = specs.chunks_exact(2).zip(&fits).filter(|(_, fits)| **fits).flat_map(|(pair, _)| pair.to_vec());
    let mut read = batch::objects(git, &wanted.collect::<Vec<_>>()).await?.into_iter();
    let wrong = || format!("it is not one file called {FILE} of at most {most} bytes");
    let content = |fits: bool| {
        let (tree, blob) = if fits { (read.next().flatten(), read.next().flatten()) } else { (None, None) };
        let is_plain = tree.is_some_and(|tree| {
            // One name of SHA-1 or of SHA-256: nothing else is in the tree.
            let name = tree.strip_prefix(format!("100644 {FILE}\0").as_bytes());
            name.is_some_and(|name| matches!(name.len(), 20 | 32))
        });
        blob.filter(|_| is_plain).ok_or_else(wrong)
    };
    Ok(fits.into_iter().map(content).collect())
}

fn is_at_most(size: &Option<Size>, kind: &str, most: usize) -> bool {
    size.as_ref().is_some_and(|size| size.kind == kind && size.size <= most as u64)
}
