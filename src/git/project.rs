//! The repository that a team works in: its clone here, its remote there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::{Git, GitError, address, leftovers};

/// A clone and its remote. Work trees of people are never changed through it.
#[derive(Clone, Debug)]
pub struct Project {
    pub git: Git,
    /// The main work tree; the git directory itself where there is none.
    pub top: PathBuf,
    /// The git directory that all work trees share.
    pub common: PathBuf,
    pub remote: String,
    /// How long a command that talks to the remote may take.
    pub limit: Duration,
    settings: Arc<Settings>,
}

/// What git's settings say, each asked for once.
#[derive(Debug, Default)]
struct Settings {
    /// Whether the remote is one of the repository's.
    has_remote: OnceLock<bool>,
    /// Whether the user signs commits.
    signs: OnceLock<bool>,
}

#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    #[error("`{directory}` is not in a git repository")]
    NotARepository { directory: String },
    #[error("the directory that this was started in is gone")]
    Gone,
    #[error("the repository has no remote `{remote}`")]
    NoRemote { remote: String },
    #[error("the remote `{remote}` has no branch `{branch}`")]
    NoBranch { remote: String, branch: String },
    #[error("`{path}` is a symbolic link or a submodule, and nothing is written in its place")]
    NotAFolder { path: String },
    #[error("`{refname}` moved on the remote meanwhile")]
    Stale { refname: String },
    #[error("`{refname}` on the remote does not continue what this clone has seen of it")]
    Retreated { refname: String },
    #[error("the journal does not continue what is published as `{refname}`")]
    Diverged { refname: String },
    #[error("`{id}` is worked on in another clone")]
    Elsewhere { id: String },
    #[error("the remote refused to move `{refname}`: {reason}")]
    Refused { refname: String, reason: String },
    #[error("the remote `{remote}` can't be reached: {reason}")]
    Unreachable { remote: String, reason: String },
    #[error(transparent)]
    Git(#[from] GitError),
}

/// One ref that a push is to change; `None` stands for "is not there".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefChange {
    pub refname: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

impl RefChange {
    pub fn create(refname: impl Into<String>, new: impl Into<String>) -> RefChange {
        RefChange { refname: refname.into(), old: None, new: Some(new.into()) }
    }

    pub fn advance(refname: impl Into<String>, old: impl Into<String>, new: impl Into<String>) -> RefChange {
        RefChange { refname: refname.into(), old: Some(old.into()), new: Some(new.into()) }
    }

    pub fn delete(refname: impl Into<String>, old: impl Into<String>) -> RefChange {
        RefChange { refname: refname.into(), old: Some(old.into()), new: None }
    }
}

impl Project {
    /// Finds the repository that `directory` is in; fails outside of one.
    pub async fn open(directory: &Path) -> Result<Project, ProjectError> {
        let git = Git::at(directory);
        let found = git.run(["rev-parse", "--path-format=absolute", "--git-common-dir"]).await;
        let common = match found {
            Ok(path) => PathBuf::from(path),
            Err(GitError::Failed { .. }) => {
                // As after the end of an incident, in the shell that was in its work tree.
                let place = directory.canonicalize().map_err(|_| ProjectError::Gone)?;
                return Err(ProjectError::NotARepository { directory: place.display().to_string() });
            }
            Err(error) => return Err(error.into()),
        };
        let top = match common.file_name() {
            Some(name) if name == ".git" => common.parent().unwrap_or(&common).to_owned(),
            _ => main_work_tree(&git).await?.unwrap_or_else(|| common.clone()),
        };
        let (remote, limit) = ("origin".to_owned(), Duration::from_secs(60));
        let git = Git::at(&top).guarded().await?;
        Ok(Project { git, top, common, remote, limit, settings: Arc::default() })
    }

    /// The name of the repository's directory.
    pub fn name(&self) -> String {
        let name = self.top.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.trim_end_matches(".git").to_owned()
    }

    /// Where the repository is found, the same for every clone of it; without a remote, where this one is.
    pub async fn address(&self) -> Result<String, ProjectError> {
        let here = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let url = match self.has_remote().await? {
            true => self.git.run(["remote", "get-url", "--", &self.remote]).await?,
            false => self.common.display().to_string(),
        };
        Ok(address::normalise(&url, &self.top, &here))
    }

    pub async fn has_remote(&self) -> Result<bool, ProjectError> {
        if let Some(known) = self.settings.has_remote.get() {
            return Ok(*known);
        }
        let found = self.git.run(["remote"]).await?.lines().any(|name| name == self.remote);
        Ok(*self.settings.has_remote.get_or_init(|| found))
    }

    /// Whether the user signs commits.
    async fn signs(&self) -> Result<bool, ProjectError> {
        if let Some(known) = self.settings.signs.get() {
            return Ok(*known);
        }
        let asked = self.git.call(["config", "--type=bool", "--get", "commit.gpgSign"]).output().await?;
        Ok(*self.settings.signs.get_or_init(|| asked.stdout.starts_with(b"true")))
    }

    /// Brings this clone's view of the remote's branches and tags up to date.
    pub async fn fetch(&self) -> Result<(), ProjectError> {
        if !self.has_remote().await? {
            return Err(ProjectError::NoRemote { remote: self.remote.clone() });
        }
        let fetch = ["fetch", "--quiet", "--prune", "--no-recurse-submodules", &self.remote];
        let with_tags = [&fetch[..], &["--tags"]].concat();
        match self.git.call(with_tags).limit(self.limit).text().await {
            // A tag that moved on the remote is left as it is here, and the rest was fetched.
            Err(GitError::Failed { status: Some(1), .. }) => {}
            fetched => return fetched.map(drop).map_err(|error| self.unreachable(error)),
        }
        let fetched = self.git.call(fetch).limit(self.limit).text().await;
        fetched.map(drop).map_err(|error| self.unreachable(error))
    }

    /// Brings this clone's view of one of the remote's branches up to date, within `limit`.
    pub async fn fetch_branch(&self, branch: &str, limit: Duration) -> Result<(), ProjectError> {
        let refspec = format!("+refs/heads/{branch}:refs/remotes/{}/{branch}", self.remote);
        let quiet = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
        let fetch = quiet.into_iter().chain([self.remote.as_str(), &refspec]);
        self.git.call(fetch).limit(limit).text().await.map(drop).map_err(|error| self.unreachable(error))
    }

    /// Fetches a commit that another clone may have made, where this one lacks it; returns whether it is here
    /// then.
    pub async fn bring(&self, commit: &str) -> Result<bool, ProjectError> {
        if self.commit(commit).await?.is_some() {
            return Ok(true);
        }
        if !self.has_remote().await? {
            return Ok(false);
        }
        self.fetch().await?;
        Ok(self.commit(commit).await?.is_some())
    }

    /// The commit of a branch as last fetched.
    pub async fn remote_branch(&self, branch: &str) -> Result<String, ProjectError> {
        let found = self.commit(&format!("refs/remotes/{}/{branch}", self.remote)).await?;
        found.ok_or_else(|| ProjectError::NoBranch { remote: self.remote.clone(), branch: branch.to_owned() })
    }

    /// The names of the remote's branches as last fetched.
    pub async fn remote_branches(&self) -> Result<Vec<String>, ProjectError> {
        let prefix = format!("refs/remotes/{}/", self.remote);
        let refs = self.git.run(["for-each-ref", "--format=%(refname)", &prefix]).await?;
        let names = refs.lines().filter_map(|name| name.strip_prefix(&prefix)).filter(|name| *name != "HEAD");
        Ok(names.map(str::to_owned).collect())
    }

    /// The full name of the commit that `revision` stands for; `None` where there is none.
    pub async fn commit(&self, revision: &str) -> Result<Option<String>, ProjectError> {
        let spec = format!("{revision}^{{commit}}");
        let output = self.git.call(["rev-parse", "--verify", "--quiet", "--end-of-options", &spec]).output().await?;
        let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((output.status == Some(0) && !name.is_empty()).then_some(name))
    }

    /// Returns the names of all tags of this clone.
    pub async fn tags(&self) -> Result<Vec<String>, ProjectError> {
        Ok(self.git.run(["tag", "--list"]).await?.lines().map(str::to_owned).collect())
    }

    /// Whether this clone has a tag of exactly this name.
    pub async fn has_tag(&self, name: &str) -> Result<bool, ProjectError> {
        let refname = format!("refs/tags/{name}");
        Ok(self.git.call(["show-ref", "--verify", "--quiet", "--", &refname]).output().await?.status == Some(0))
    }

    /// The newest tag in the history of the tagged commit before it; `None` where there is none, or no such tag.
    pub async fn tag_before(&self, tag: &str) -> Result<Option<String>, ProjectError> {
        let before = format!("refs/tags/{tag}^{{commit}}^");
        let output = self.git.call(["describe", "--tags", "--abbrev=0", &before]).output().await?;
        let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((output.status == Some(0) && !name.is_empty()).then_some(name))
    }

    /// When a tag was made, or its commit where the tag itself has no date; in seconds since 1970.
    pub async fn tag_time(&self, tag: &str) -> Result<Option<i64>, ProjectError> {
        let refname = format!("refs/tags/{tag}");
        let found = self.git.run(["for-each-ref", "--format=%(refname) %(creatordate:unix)", &refname]).await?;
        let times = found.lines().filter_map(|line| line.rsplit_once(' '));
        Ok(times.filter(|(name, _)| *name == refname).find_map(|(_, time)| time.parse().ok()))
    }

    pub async fn is_ancestor(&self, ancestor: &str, descendant: &str) -> Result<bool, ProjectError> {
        Ok(self.git.call(["merge-base", "--is-ancestor", ancestor, descendant]).answer().await?)
    }

    /// The commits of `range`, the oldest first.
    pub async fn commits(&self, range: &str) -> Result<Vec<String>, ProjectError> {
        let list = self.git.run(["rev-list", "--reverse", "--topo-order", "--end-of-options", range]).await?;
        Ok(list.lines().map(str::to_owned).collect())
    }

    /// The content of a file in a commit; `None` where the commit has no such file.
    pub async fn file(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, ProjectError> {
        let output = self.git.call(["cat-file", "blob", &format!("{commit}:{path}")]).output().await?;
        Ok((output.status == Some(0)).then_some(output.stdout))
    }

    /// Returns a commit on top of `parents` with the first one's files, `files` put in their place;
    /// nothing but the object database is changed.
    pub async fn commit_files(
        &self,
        parents: &[&str],
        files: &[(String, Vec<u8>)],
        message: &str,
    ) -> Result<String, ProjectError> {
        let first = parents.first().copied().unwrap_or_default();
        self.hold_to_folders(first, files.iter().map(|(path, _)| path.as_str())).await?;
        let index = tempfile::Builder::new()
            .prefix(&leftovers::prefix(leftovers::INDEX))
            .tempdir_in(&self.common)
            .map_err(|source| GitError::NotStarted {
                command: "read-tree".to_owned(),
                directory: self.common.display().to_string(),
                source,
            })?;
        let index = index.path().join("index");
        self.git.call(["read-tree", first]).env("GIT_INDEX_FILE", &index).text().await?;
        let mut entries = Vec::new();
        for (path, content) in files {
            let blob = self.git.call(["hash-object", "-w", "--stdin"]).input(content.clone()).text().await?;
            entries.extend(format!("100644 {blob}\t{path}\0").into_bytes());
        }
        let update = self.git.call(["update-index", "-z", "--index-info"]);
        update.env("GIT_INDEX_FILE", &index).input(entries).text().await?;
        let tree = self.git.call(["write-tree"]).env("GIT_INDEX_FILE", &index).text().await?;
        self.commit_tree(&tree, parents, message).await
    }

    /// Fails with [`ProjectError::NotAFolder`] if a part of a path is a link or a submodule in `commit`: a file
    /// written there would take its place.
    async fn hold_to_folders(&self, commit: &str, paths: impl Iterator<Item = &str>) -> Result<(), ProjectError> {
        let mut parts = std::collections::BTreeSet::new();
        for path in paths {
            parts.extend(path.match_indices('/').map(|(end, _)| &path[..end]).chain([path]));
        }
        let args = ["--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--"].into_iter().chain(parts);
        let listed = self.git.call(args).text().await?;
        let special = listed.split('\0').find(|line| line.starts_with("120000 ") || line.starts_with("160000 "));
        match special.and_then(|line| line.split_once('\t')) {
            Some((_, path)) => Err(ProjectError::NotAFolder { path: path.to_owned() }),
            None => Ok(()),
        }
    }

    /// Returns a commit of `tree`, signed where git is set to.
    pub async fn commit_tree(&self, tree: &str, parents: &[&str], message: &str) -> Result<String, ProjectError> {
        let mut args = vec!["commit-tree", "-F", "-"];
        if self.signs().await? {
            args.push("-S");
        }
        args.extend(parents.iter().flat_map(|parent| ["-p", parent]));
        args.push(tree);
        Ok(self.git.call(args).input(message).text().await?)
    }

    /// What the remote has under `pattern` right now: (object, refname).
    pub async fn list_remote(&self, pattern: &str, limit: Duration) -> Result<Vec<(String, String)>, ProjectError> {
        let listed = self.git.call(["ls-remote", "--refs", &self.remote, pattern]).limit(limit).text().await;
        let listed = listed.map_err(|error| self.unreachable(error))?;
        Ok(listed.lines().filter_map(|line| line.split_once('\t')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect())
    }

    /// Changes all refs or none, each only from the value that is given for it.
    ///
    /// Fails with [`ProjectError::Stale`] where one has another value, with
    /// [`ProjectError::Refused`] where the remote does not want it, and with
    /// [`ProjectError::Unreachable`], which leaves open whether it happened.
    pub async fn push(&self, changes: &[RefChange]) -> Result<(), ProjectError> {
        self.push_within(changes, self.limit).await
    }

    pub async fn push_within(&self, changes: &[RefChange], limit: Duration) -> Result<(), ProjectError> {
        let mut args = vec!["push".to_owned(), "--porcelain".to_owned(), "--atomic".to_owned()];
        args.extend(["--no-follow-tags".to_owned(), "--recurse-submodules=no".to_owned()]);
        for RefChange { refname, old, .. } in changes {
            args.push(format!("--force-with-lease={refname}:{}", old.as_deref().unwrap_or_default()));
        }
        args.push(self.remote.clone());
        for RefChange { refname, new, .. } in changes {
            args.push(format!("{}:{refname}", new.as_deref().unwrap_or_default()));
        }
        let output = self.git.call(args).limit(limit).output().await.map_err(|error| self.unreachable(error))?;
        if output.status == Some(0) {
            return Ok(());
        }
        let printed = String::from_utf8_lossy(&output.stdout);
        Err(rejected(&printed, &output.stderr).unwrap_or_else(|| ProjectError::Unreachable {
            remote: self.remote.clone(),
            reason: reason(&output.stderr),
        }))
    }

    /// Whether the work tree at `path` is one of this clone's.
    pub async fn has_work_tree(&self, path: &Path) -> Result<bool, ProjectError> {
        let common = Git::at(path).run(["rev-parse", "--path-format=absolute", "--git-common-dir"]).await?;
        Ok(Path::new(common.trim_end()) == self.common)
    }

    pub(super) fn unreachable(&self, error: GitError) -> ProjectError {
        let reason = match error {
            GitError::Failed { stderr, .. } => reason(&stderr),
            GitError::TimedOut { seconds, .. } => format!("no answer within {seconds} s"),
            other => return other.into(),
        };
        ProjectError::Unreachable { remote: self.remote.clone(), reason }
    }
}

/// The main work tree of a repository whose git directory is elsewhere: it is listed first.
async fn main_work_tree(git: &Git) -> Result<Option<PathBuf>, GitError> {
    let trees = git.run(["worktree", "list", "--porcelain"]).await?;
    Ok(trees.lines().next().and_then(|line| line.strip_prefix("worktree ")).map(PathBuf::from))
}

/// What git or ssh says first; advice about access rights follows whatever the trouble is.
fn reason(stderr: &str) -> String {
    let mut lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.find(|line| !line.to_lowercase().starts_with("warning:")).unwrap_or("git said nothing");
    first.strip_prefix("fatal: ").unwrap_or(first).to_owned()
}

/// The first ref that was rejected for a reason of its own, from `git push --porcelain`.
fn rejected(printed: &str, stderr: &str) -> Option<ProjectError> {
    let lines = printed.lines().filter_map(|line| line.strip_prefix("!\t"));
    let rejections = lines.filter_map(|line| {
        let (refs, summary) = line.split_once('\t')?;
        let (_, refname) = refs.split_once(':')?;
        Some((refname.to_owned(), summary.to_owned()))
    });
    let (others, own): (Vec<_>, Vec<_>) = rejections.partition(|(_, summary)| summary.contains("atomic"));
    // Where git blames the transaction alone, somebody else held one of the refs.
    let Some((refname, summary)) = own.into_iter().next() else {
        return others.into_iter().next().map(|(refname, _)| ProjectError::Stale { refname });
    };
    let stale = [
        "stale info",
        "already exists",
        "fetch first",
        "cannot lock ref",
        "failed to update ref",
        "reference already exists",
    ];
    if stale.iter().any(|reason| summary.contains(reason)) {
        return Some(ProjectError::Stale { refname });
    }
    let hooks: Vec<&str> = stderr.lines().filter_map(|line| line.strip_prefix("remote: ")).map(str::trim).collect();
    let reason = format!("{summary} {}", hooks.join(" ")).trim().to_owned();
    Some(ProjectError::Refused { refname, reason })
}
