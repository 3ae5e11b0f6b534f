//! A command that goes on printing, line by line, until nobody reads it any more.

use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout};

use super::{Group, Spec, command, starting};

/// The most that is kept of one line, in bytes.
const LINE: usize = 8 * 1024;

/// A command under way; it is killed, with what it started, when this goes out of scope.
pub struct Following {
    child: Child,
    output: ChildStdout,
    buffer: Vec<u8>,
    /// The part of the last line that was read so far.
    line: Vec<u8>,
    _group: Group,
}

impl Following {
    /// Starts it; fails, in words, where that can't be done.
    pub fn start(spec: &Spec) -> Result<Following, String> {
        let mut command = command(spec);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = tokio::process::Command::from(command).spawn().map_err(|error| starting(spec, &error))?;
        let group = Group(child.id());
        let output = child.stdout.take().ok_or("it has no output")?;
        Ok(Following { child, output, buffer: vec![0; 64 * 1024], line: Vec::new(), _group: group })
    }

    /// Waits for more output and calls `seen` with each whole line of it, cut where it is very long;
    /// returns how the command ended once it prints no more.
    pub async fn read(&mut self, mut seen: impl FnMut(&str)) -> Option<String> {
        match self.output.read(&mut self.buffer).await {
            Ok(count @ 1..) => {
                let mut parts = self.buffer[..count].split(|byte| *byte == b'\n');
                let last = parts.next_back().unwrap_or_default();
                for part in parts {
                    keep(&mut self.line, part);
                    seen(&String::from_utf8_lossy(&self.line));
                    self.line.clear();
                }
                keep(&mut self.line, last);
                None
            }
            Ok(0) => Some(match self.child.wait().await {
                Ok(status) => format!("the command ended: {status}"),
                Err(error) => error.to_string(),
            }),
            Err(error) => Some(error.to_string()),
        }
    }
}

fn keep(line: &mut Vec<u8>, part: &[u8]) {
    let room = LINE.saturating_sub(line.len());
    line.extend_from_slice(&part[..part.len().min(room)]);
}
