//! The stage of the demo: says what happens, types the commands, sets the pace.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use clap::Parser;

use crate::cli::error::CliError;
use crate::cli::reply::Reply;
use crate::cli::{Cli, run, show};

pub struct Stage {
    /// Where the commands are typed.
    directory: PathBuf,
    fast: bool,
}

impl Stage {
    pub fn new(directory: &Path, fast: bool) -> Stage {
        Stage { directory: directory.to_owned(), fast }
    }

    /// Says what comes next, and leaves time to read it.
    pub async fn says(&self, text: &str) {
        anstream::eprintln!("\n{}{text}{}", show::STRONG, show::PLAIN);
        // As fast as people read: some 20 characters a second.
        self.pause(Duration::from_millis(50 * text.len() as u64)).await;
    }

    /// Shows lines as they are, indented.
    pub fn shows(&self, text: &str) {
        for line in text.lines() {
            anstream::eprintln!("    {line}");
        }
    }

    /// Types a command line of hotfix and returns the result.
    pub async fn types(&self, line: &[&str]) -> Result<Reply, CliError> {
        self.prompt("hotfix", line).await;
        let cli = Cli::try_parse_from(self.arguments(line));
        let cli = cli.map_err(|error| CliError::failed(format!("`hotfix {}`: {error}", line.join(" "))))?;
        let reply = Box::pin(run(cli)).await?;
        // It comes last, on as many lines as it needs.
        if let Some(at) = reply.text.rfind("next: ") {
            anstream::eprintln!("{}", reply.text[at..].trim_end());
        }
        Ok(reply)
    }

    /// Types a command line of hotfix that kills itself with SIGKILL at the point `crash`. Returns
    /// whether it did.
    pub async fn types_and_crashes(&self, line: &[&str], crash: &str) -> Result<bool, CliError> {
        self.prompt(&format!("HOTFIX_CRASH={crash} hotfix"), line).await;
        let start = |error: std::io::Error| CliError::failed(format!("hotfix can't start itself: {error}"));
        let mut child = tokio::process::Command::new(std::env::current_exe().map_err(start)?);
        child.args(self.arguments(line).skip(1)).env("HOTFIX_CRASH", crash);
        let ended = child.stdin(Stdio::null()).stdout(Stdio::null()).status().await.map_err(start)?;
        Ok(ended.signal() == Some(9))
    }

    /// Shows a command line as it would be typed.
    pub async fn prompt(&self, program: &str, line: &[&str]) {
        let quoted: Vec<_> = line.iter().map(|word| quoted(word)).collect();
        anstream::eprintln!("\n  $ {}{program} {}{}", show::STRONG, quoted.join(" "), show::PLAIN);
        self.pause(Duration::from_secs(1)).await;
    }

    /// How long to look at something that runs all the time.
    pub fn look(&self) -> Duration {
        Duration::from_millis(if self.fast { 500 } else { 2000 })
    }

    async fn pause(&self, length: Duration) {
        if !self.fast {
            tokio::time::sleep(length).await;
        }
    }

    fn arguments(&self, line: &[&str]) -> impl Iterator<Item = OsString> {
        let line: Vec<OsString> = line.iter().map(OsString::from).collect();
        let directory = ["-C".into(), self.directory.clone().into_os_string()];
        std::iter::once("hotfix".into()).chain(line).chain(directory)
    }
}

/// The word, quoted for a shell.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
