//! A command that keeps printing, line by line, until nobody reads it any more.

use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStdout;

use super::Spec;
use super::contained::Contained;

/// The most that is kept of one line, in bytes.
const LINE: usize = 8 * 1024;

/// A command under way; it is killed, with what it started, when this goes out of scope.
pub struct Following {
    contained: Contained,
    output: ChildStdout,
    buffer: Vec<u8>,
    /// The part of the last line that was read so far.
    line: Vec<u8>,
}

impl Following {
    /// Starts it; fails, in words, where that can't be done.
    pub fn start(spec: &Spec) -> Result<Following, String> {
        let mut contained = Contained::start(spec, Stdio::piped(), Stdio::null())?;
        let output = contained.stdout().ok_or("it has no output")?;
        Ok(Following { contained, output, buffer: vec![0; 64 * 1024], line: Vec::new() })
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
            Ok(0) => Some(format!("the command ended: {}", self.contained.ended().await.words())),
            Err(error) => Some(error.to_string()),
        }
    }
}

fn keep(line: &mut Vec<u8>, part: &[u8]) {
    let room = LINE.saturating_sub(line.len());
    line.extend_from_slice(&part[..part.len().min(room)]);
}
