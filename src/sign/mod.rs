//! Signing with a person's own key, and checking what somebody signed.

pub mod program;
pub mod settings;
pub mod verify;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use crate::git::{Git, GitError};
use crate::people::Person;
use crate::people::key::{Key, Kind, Validity};
use crate::people::signature::{LARGEST, NAMESPACE};
use settings::{Settings, at_home, home};

/// How long a signature may take: somebody may have to type a passphrase or touch a device.
const LIMIT: Duration = Duration::from_secs(60);

/// How long an agent may take to say which keys it has.
const ASK: Duration = Duration::from_secs(5);

/// A key, and the program that signs with it.
#[derive(Clone, Debug)]
pub struct Signer {
    program: String,
    key: With,
}

#[derive(Clone, Debug)]
enum With {
    /// A private key, or a public one whose private one an agent has or that lies beside it.
    File(PathBuf),
    /// A public key whose private one an agent has.
    Public(String),
    /// Whatever gpg takes for a key's name.
    Gpg(String),
}

#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("git names no key to sign with, and no key of {who} by .hotfix/people.toml is in an agent or in ~/.ssh")]
    NoKey { who: String },
    #[error("nothing signs with `gpg.format = {0}` here, only `ssh` and `openpgp`")]
    Format(String),
    #[error("{0}")]
    Program(String),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("the key can't be written for `ssh-keygen`: {0}")]
    File(#[from] std::io::Error),
}

impl SignError {
    /// What to type, or do.
    pub fn hints(&self) -> Vec<String> {
        match self {
            SignError::NoKey { .. } => vec![
                "git config --global gpg.format ssh".to_owned(),
                "git config --global user.signingkey ~/.ssh/id_ed25519.pub".to_owned(),
            ],
            SignError::Format(_) => vec!["git config --global gpg.format ssh".to_owned()],
            SignError::Program(_) | SignError::Git(_) | SignError::File(_) => Vec::new(),
        }
    }
}

impl Signer {
    /// Returns the key that git signs with, whatever its scope, and the program of the person or the machine.
    /// Where git has none: the first key of `person` that an agent has, that is in ~/.ssh, or that gpg has.
    ///
    /// Fails if there is none.
    pub async fn find(git: &Git, person: Option<&Person>) -> Result<Signer, SignError> {
        let settings = Settings::read(git).await?;
        let key = settings.any("user.signingkey");
        match settings.any("gpg.format").unwrap_or("openpgp") {
            "ssh" => {
                if let Some(key) = key {
                    let program = settings.ssh_keygen();
                    return Ok(Signer { program, key: of_ssh(git, key) });
                }
            }
            "openpgp" => {
                if let Some(key) = key {
                    return Ok(Signer { program: settings.gpg(), key: With::Gpg(key.to_owned()) });
                }
            }
            other => return Err(SignError::Format(other.to_owned())),
        }
        let own = match person {
            Some(person) => own(&settings, person).await,
            None => None,
        };
        let who = person.map_or_else(|| "yours".to_owned(), |person| person.name.clone());
        own.ok_or(SignError::NoKey { who })
    }

    /// Returns the signature of `text`, in its armour.
    ///
    /// Fails if the program does, or if nobody allows it within a minute.
    pub async fn sign(&self, text: &str) -> Result<String, SignError> {
        if self.is_in_a_device() {
            tracing::warn!("touch your key");
        }
        let mut public = tempfile::NamedTempFile::new()?;
        let path;
        let arguments = match &self.key {
            With::File(file) => {
                path = file.display().to_string();
                vec!["-Y", "sign", "-n", NAMESPACE, "-f", &path]
            }
            With::Public(key) => {
                writeln!(public, "{key}")?;
                path = public.path().display().to_string();
                vec!["-Y", "sign", "-n", NAMESPACE, "-U", "-f", &path]
            }
            With::Gpg(user) => vec!["--detach-sign", "--armor", "--local-user", user],
        };
        let ended =
            program::run(&self.program, &arguments, text.as_bytes(), LIMIT).await.map_err(SignError::Program)?;
        if !ended.succeeded || ended.stdout.is_empty() || ended.stdout.len() > LARGEST {
            let why = if ended.complaint.is_empty() { "no signature" } else { &ended.complaint };
            return Err(SignError::Program(format!("`{}` did not sign: {why}", self.program)));
        }
        Ok(ended.stdout)
    }

    fn is_in_a_device(&self) -> bool {
        let text = match &self.key {
            With::Public(key) => key.clone(),
            With::File(path) => {
                let beside = PathBuf::from(format!("{}.pub", path.display()));
                [beside, path.clone()].iter().find_map(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
            }
            With::Gpg(_) => return false,
        };
        text.starts_with("sk-")
    }
}

/// As git reads `user.signingkey`: `key::` and a public key, one as it stands, or a path.
fn of_ssh(git: &Git, key: &str) -> With {
    if let Some(public) = key.strip_prefix("key::") {
        return With::Public(public.to_owned());
    }
    if ["ssh-", "ecdsa-", "sk-"].iter().any(|kind| key.starts_with(kind)) && key.contains(' ') {
        return With::Public(key.to_owned());
    }
    With::File(git.directory().join(at_home(key)))
}

/// The first key of a person that can be used on this machine.
async fn own(settings: &Settings, person: &Person) -> Option<Signer> {
    let ssh: Vec<&Key> = person.keys.iter().filter(|key| key.kind != Kind::Gpg).collect();
    let has = |text: &str| {
        let found = Key::read(text, Validity::default()).ok()?;
        ssh.iter().any(|key| key.fingerprint == found.fingerprint).then_some(found)
    };
    let program = settings.ssh_keygen();
    let directory = home().map(|home| home.join(".ssh"));
    let entries = directory.and_then(|directory| std::fs::read_dir(directory).ok()).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "pub"));
    files.sort();
    for path in files {
        let is_own = crate::private::read(&path, 16 * 1024).is_ok_and(|text| has(&text).is_some());
        // Without the private key beside it only an agent can sign.
        if is_own && path.with_extension("").exists() {
            return Some(Signer { program, key: With::File(path) });
        }
    }
    if !ssh.is_empty() && std::env::var_os("SSH_AUTH_SOCK").is_some() {
        let listed = program::run("ssh-add", &["-L"], b"", ASK).await.ok()?;
        if let Some(key) = listed.stdout.lines().find_map(has) {
            return Some(Signer { program, key: With::Public(key.text) });
        }
    }
    for key in person.keys.iter().filter(|key| key.kind == Kind::Gpg) {
        let user = key.fingerprint.trim_start_matches("gpg:").to_owned();
        let list = program::run(&settings.gpg(), &["--batch", "--list-secret-keys", &user], b"", ASK).await;
        if list.is_ok_and(|list| list.succeeded) {
            return Some(Signer { program: settings.gpg(), key: With::Gpg(user) });
        }
    }
    None
}
