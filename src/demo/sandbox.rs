//! Builds the sandbox.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::error::SandboxError;
use super::files::{ADDRESS, STOP, WINDOW};
use super::history;
use super::production::Production;
use crate::git::{Git, GitError};
use crate::process::{self, Spec};

/// The clones' git configuration: the responder's name, and nothing of what the user of hotfix may
/// have set for repositories of their own.
const SETTINGS: &[&str] = &[
    "user.name=Robin Ito",
    "user.email=robin@payments.example",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "core.autocrlf=false",
    "core.hooksPath=/dev/null",
];

/// A directory with a remote, a clone of it, and a production, which is stopped when this goes out
/// of scope.
pub struct Sandbox {
    pub directory: PathBuf,
    /// The bare repository that the team shares.
    pub remote: PathBuf,
    /// The responder's clone of it.
    pub repository: PathBuf,
    /// Where production listens.
    pub address: SocketAddr,
    pub production: Production,
}

impl Sandbox {
    /// Builds a sandbox in `directory`, or in a new one among the system's temporary ones, with its
    /// production running. Each release in it is to be watched for `window`.
    ///
    /// Fails where the directory is not empty, or there is no git or no Rust compiler.
    pub async fn build(directory: Option<&Path>, window: Duration, now: Timestamp) -> Result<Sandbox, SandboxError> {
        compiler().await?;
        let directory = empty(directory)?;
        let production = Production::at(&directory);
        // Held until production takes it over, so that nobody else does.
        let listener = free_port().ok_or(SandboxError::NoPort)?;
        let address = listener.local_addr()?;

        let git = Git::at(&directory);
        git.run(["init", "--quiet", "--template=", "--bare", "--initial-branch=main", "payments.git"]).await?;
        let workshop = clone(&git, "workshop").await?;
        let watched = format!("window = \"{}s\"", window.as_secs());
        let adapt = |text: &str| text.replace(ADDRESS, &address.to_string()).replace(WINDOW, &watched);
        history::write(&workshop, now, adapt).await?;
        workshop.run(["push", "--quiet", "--all"]).await?;
        workshop.run(["push", "--quiet", "--tags"]).await?;
        fs::remove_dir_all(workshop.directory())?;
        let repository = clone(&git, "payments").await?;

        fs::write(directory.join("stop"), STOP)?;
        drop(listener);
        production.start().await?;
        let remote = directory.join("payments.git");
        Ok(Sandbox { remote, repository: repository.directory().to_owned(), address, production, directory })
    }
}

/// Returns the full path of `wanted`, made if it is not there, or of a new directory.
fn empty(wanted: Option<&Path>) -> Result<PathBuf, SandboxError> {
    let Some(wanted) = wanted else {
        let made = tempfile::Builder::new().prefix("hotfix-demo-").tempdir()?;
        return Ok(fs::canonicalize(made.keep())?);
    };
    fs::create_dir_all(wanted)?;
    if fs::read_dir(wanted)?.next().is_some() {
        return Err(SandboxError::NotEmpty(wanted.display().to_string()));
    }
    Ok(fs::canonicalize(wanted)?)
}

/// Fails where there is no Rust compiler: `$RUSTC`, or `rustc`.
async fn compiler() -> Result<(), SandboxError> {
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let ended = process::run(Spec {
        arguments: vec![compiler.clone(), "--version".to_owned()],
        directory: std::env::temp_dir(),
        environment: Vec::new(),
        limit: Duration::from_secs(60),
        confinement: None,
    })
    .await;
    if ended.succeeded() { Ok(()) } else { Err(SandboxError::NoCompiler { compiler, ended: ended.words() }) }
}

/// Clones the remote into the directory `name` beside it.
async fn clone(git: &Git, name: &str) -> Result<Git, GitError> {
    let settings = SETTINGS.iter().flat_map(|setting| ["--config", setting]);
    let args = ["clone", "--quiet", "--template="].into_iter().chain(settings).chain(["payments.git", name]);
    git.run(args).await?;
    Ok(Git::at(git.directory().join(name)))
}

/// A listener on a free port below those that systems give to outgoing connections, so that the
/// port stays free while one process takes over from another. Starts anywhere, for sandboxes that
/// are built at the same time.
fn free_port() -> Option<TcpListener> {
    let start = RandomState::new().hash_one(std::process::id());
    (0..10_000).find_map(|offset| {
        let port = 20_000 + start.wrapping_add(offset) % 10_000;
        TcpListener::bind(("127.0.0.1", u16::try_from(port).ok()?)).ok()
    })
}
