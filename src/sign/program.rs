//! The programs that sign and check: started without a shell, with a time limit.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::redact::redact;

/// The most characters of a program's complaint that are shown.
const SHOWN: usize = 300;

#[derive(Debug)]
pub struct Ended {
    pub succeeded: bool,
    pub stdout: String,
    /// The end of what it complained about, on one line.
    pub complaint: String,
}

/// Runs a program, which reads `input`, for `limit` at most. The error says in words why it did not end.
///
/// What it starts besides, such as an agent, stays: the person's next signature needs it.
pub async fn run(program: &str, arguments: &[&str], input: &[u8], limit: Duration) -> Result<Ended, String> {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C").kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("`{program}` can't be started: {error}"))?;
    let mut stdin = child.stdin.take().expect("it is piped");
    let ended = async {
        let write = async {
            // A program that ends before it has read everything says so by its status.
            let _ = stdin.write_all(input).await;
            drop(stdin);
        };
        tokio::join!(write, child.wait_with_output()).1
    };
    let ended = tokio::time::timeout(limit, ended)
        .await
        .map_err(|_| format!("`{program}` took longer than {} s", limit.as_secs()))?
        .map_err(|error| format!("`{program}`: {error}"))?;
    let complaint = redact(&String::from_utf8_lossy(&ended.stderr)).into_owned();
    Ok(Ended {
        succeeded: ended.status.success(),
        stdout: String::from_utf8_lossy(&ended.stdout).into_owned(),
        complaint: crate::domain::name::line(&complaint, SHOWN),
    })
}
