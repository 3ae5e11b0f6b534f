//! The production of a sandbox.

use std::io::{self, Seek};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::SandboxError;
use super::files::RELEASE;

/// What runs in a sandbox. Whatever became of it, it is stopped when this goes out of scope.
pub struct Production {
    sandbox: PathBuf,
    kept: bool,
}

impl Production {
    /// The production of the sandbox in `sandbox`, which may be yet to be built.
    pub fn at(sandbox: &Path) -> Production {
        Production { sandbox: sandbox.to_owned(), kept: false }
    }

    /// Deploys [`RELEASE`] for the first time, as a pipeline would: by the repository's own script.
    pub async fn start(&self) -> Result<(), SandboxError> {
        let mut stderr = tempfile::tempfile()?;
        let mut deploy = Command::new("sh");
        deploy
            .arg("ops/deploy.sh")
            .current_dir(self.sandbox.join("payments"))
            .env("HOTFIX_RELEASE", RELEASE)
            .env_remove("HOTFIX_COMMIT")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // Not a pipe: the script continues when nobody waits for it any more.
            .stderr(stderr.try_clone()?)
            // Out of the reach of Ctrl-C, which would end the service with the demo's children.
            .process_group(0);
        if tokio::process::Command::from(deploy).status().await?.success() {
            return Ok(());
        }
        stderr.rewind()?;
        Err(SandboxError::NotStarted(io::read_to_string(stderr)?.trim_end().to_owned()))
    }

    /// The service's log.
    pub fn log(&self) -> PathBuf {
        self.sandbox.join("production/service.log")
    }

    /// The script that stops it, for a person.
    pub fn stop_script(&self) -> PathBuf {
        self.sandbox.join("stop")
    }

    /// Leaves it running.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Production {
    fn drop(&mut self) {
        let script = self.stop_script();
        if self.kept || !script.exists() {
            return;
        }
        let stopped = Command::new("sh").arg(&script).stdin(Stdio::null()).process_group(0).output();
        match stopped {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                let stderr = String::from_utf8_lossy(&output.stderr);
                tracing::warn!("the sandbox's production may still run: {}", stderr.trim_end());
            }
            Err(error) => tracing::warn!("the sandbox's production may still run: {error}"),
        }
    }
}
