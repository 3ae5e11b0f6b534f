//! The calls to the container engine and to compose, as programs. What they print has variables in
//! it, and those may be secrets: it is read for what is wanted, and nothing of it is shown.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::complaint;
use super::container::Container;
use super::project::Project;
use crate::deploy::DeployError;
use crate::process::{self, Ended, Output, Spec, TAIL};

/// How long a call may take that changes nothing and fetches nothing.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most that is read of an answer, in bytes.
const MOST: u64 = 64 * 1024 * 1024;
/// How often containers are listed again where one went away in between.
const ATTEMPTS: u32 = 5;

/// One project of compose's.
#[derive(Clone, Debug)]
pub struct Docker {
    /// The engine's client: `docker`.
    pub engine: Vec<String>,
    /// Compose: `docker compose`.
    pub program: Vec<String>,
    pub project: String,
    pub files: Vec<PathBuf>,
    pub directory: PathBuf,
}

/// An image that the host has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Image {
    pub id: String,
    /// `repository@sha256:...`, where it came from a registry or went there.
    pub repo_digests: Option<Vec<String>>,
}

impl Image {
    /// Names this very image and no other: by its digest in the registry, of `repository` where there
    /// are several; by its identifier where no registry has it.
    pub fn pinned(&self, repository: &str) -> &str {
        let digests = self.repo_digests.as_deref().unwrap_or_default();
        let of_repository = digests.iter().find(|digest| digest.split('@').next() == Some(repository));
        of_repository.or(digests.first()).unwrap_or(&self.id)
    }
}

impl Docker {
    /// Returns the project's containers, those that don't run among them.
    pub async fn containers(&self) -> Result<Vec<Container>, DeployError> {
        let project = format!("label=com.docker.compose.project={}", self.project);
        let list = ["ps", "--all", "--quiet", "--no-trunc", "--filter", &project];
        let list = [&list[..], &["--filter", "label=com.docker.compose.oneoff=False"]].concat();
        for attempt in 1.. {
            let (ended, ids) = self.call(&self.engine, &list, PATIENCE).await;
            let ids: Vec<&str> = ids.lines().collect();
            if !ended.succeeded() {
                return Err(unanswered(&ended));
            }
            if ids.is_empty() {
                break;
            }
            let inspect = [&["inspect", "--type", "container"], &ids[..]].concat();
            let (ended, found) = self.call(&self.engine, &inspect, PATIENCE).await;
            if ended.succeeded() {
                return read(&found);
            }
            if attempt == ATTEMPTS || !ended.output.contains("No such") {
                return Err(unanswered(&ended));
            }
        }
        Ok(Vec::new())
    }

    /// Returns the image that the host has under a name; `None` where it has none.
    pub async fn image(&self, name: &str) -> Result<Option<Image>, DeployError> {
        let (ended, found) = self.call(&self.engine, &["image", "inspect", name], PATIENCE).await;
        if ended.succeeded() {
            return Ok(read::<Vec<Image>>(&found)?.into_iter().next());
        }
        if ended.output.contains("No such image") { Ok(None) } else { Err(unanswered(&ended)) }
    }

    /// Fetches an image from its registry; fails in the engine's words.
    pub async fn pull(&self, name: &str, limit: Duration) -> Result<(), String> {
        let (ended, _) = self.call(&self.engine, &["pull", "--quiet", name], limit).await;
        if ended.succeeded() { Ok(()) } else { Err(complaint::of(&ended)) }
    }

    /// Gives an image one more name, under which it is kept.
    pub async fn tag(&self, image: &str, name: &str) -> Result<(), DeployError> {
        let (ended, _) = self.call(&self.engine, &["tag", image, name], PATIENCE).await;
        if ended.succeeded() { Ok(()) } else { Err(unanswered(&ended)) }
    }

    /// Returns what the files say together with `pinned`, and what compose warns of, a line each.
    ///
    /// Fails with [`DeployError::Refused`], in compose's words, where they say nothing that makes sense.
    pub async fn project(&self, pinned: Option<&Path>) -> Result<(Project, Vec<String>), DeployError> {
        let command = self.compose(pinned, &["config", "--format", "json"]);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let (ended, found) = self.call(&[], &command, PATIENCE).await;
        match ended.succeeded() {
            true => Ok((read(&found)?, complaint::warnings(&ended.output))),
            false => Err(DeployError::Refused(format!("compose says: {}", complaint::of(&ended)))),
        }
    }

    /// The command that brings `services` up as the files and `pinned` say, so many containers of each.
    pub fn up(&self, pinned: &Path, services: &[(&str, usize)]) -> Vec<String> {
        let mut arguments: Vec<String> =
            ["up", "--detach", "--no-deps", "--no-build", "--pull", "never"].map(str::to_owned).into();
        arguments.extend(services.iter().map(|(service, count)| format!("--scale={service}={count}")));
        arguments.push("--".to_owned());
        arguments.extend(services.iter().map(|(service, _)| (*service).to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.compose(Some(pinned), &arguments)
    }

    fn compose(&self, pinned: Option<&Path>, arguments: &[&str]) -> Vec<String> {
        let mut command = self.program.clone();
        command.extend(["--ansi".to_owned(), "never".to_owned(), "--project-name".to_owned(), self.project.clone()]);
        let files = self.files.iter().map(PathBuf::as_path).chain(pinned);
        command.extend(files.flat_map(|file| ["--file".to_owned(), file.display().to_string()]));
        command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        command
    }

    /// Returns how the call ended, with what it complained of, and what it printed.
    async fn call(&self, program: &[String], arguments: &[&str], limit: Duration) -> (Ended, String) {
        let arguments = program.iter().cloned().chain(arguments.iter().map(|argument| (*argument).to_owned()));
        let directory = self.directory.clone();
        let spec =
            Spec { arguments: arguments.collect(), directory, environment: Vec::new(), limit, confinement: None };
        let file = tempfile::tempfile().ok();
        let stdout = file.as_ref().and_then(|file| file.try_clone().ok());
        let ended = process::run_into(spec, Output { stdout, keep: TAIL }).await;
        let mut text = String::new();
        if let Some(mut file) = file {
            let _ = file.rewind();
            let _ = file.take(MOST).read_to_string(&mut text);
        }
        (ended, text)
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, DeployError> {
    // What serde_json says of a value may have the value in it.
    serde_json::from_str(text).map_err(|error| {
        DeployError::Unknown(format!("what docker printed is not what it should be (column {})", error.column()))
    })
}

fn unanswered(ended: &Ended) -> DeployError {
    DeployError::Unknown(format!("docker does not say what runs: {}", complaint::of(ended)))
}
