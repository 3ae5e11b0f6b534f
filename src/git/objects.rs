//! Reads objects, many in one process.

use std::collections::HashMap;

use super::oid::Oid;
use super::{Git, GitError};

/// The contents of objects, by name.
pub type Contents = HashMap<Oid, Vec<u8>>;

/// Returns the contents of these objects; one that the repository lacks is left out.
///
/// Git inflates them, so that packs, alternates, promisors and replacements are its concern. Two
/// processes share a long list.
pub async fn read(git: &Git, oids: &[Oid]) -> Result<Contents, GitError> {
    if oids.len() < 64 {
        return read_part(git, oids).await;
    }
    let (first, second) = oids.split_at(oids.len() / 2);
    let (mut contents, more) = tokio::try_join!(read_part(git, first), read_part(git, second))?;
    contents.extend(more);
    Ok(contents)
}

async fn read_part(git: &Git, oids: &[Oid]) -> Result<Contents, GitError> {
    if oids.is_empty() {
        return Ok(Contents::new());
    }
    let input: String = oids.iter().map(|oid| format!("{oid}\n")).collect();
    let output =
        git.call(["cat-file", "--batch=%(objectname) %(objectsize)", "--buffer"]).input(input).output().await?;
    if output.status != Some(0) {
        let command = "cat-file".to_owned();
        return Err(GitError::Failed { command, status: output.status, stderr: output.stderr });
    }
    let mut contents = Contents::with_capacity(oids.len());
    let mut rest = output.stdout.as_slice();
    while let Some(answer) = next(rest) {
        if let Some(content) = answer.content {
            contents.insert(answer.oid, content.to_vec());
        }
        rest = answer.rest;
    }
    Ok(contents)
}

struct Answer<'a> {
    oid: Oid,
    content: Option<&'a [u8]>,
    rest: &'a [u8],
}

/// Splits off one answer, `<name> <size>\n<content>\n` or `<name> missing\n`.
fn next(rest: &[u8]) -> Option<Answer<'_>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (oid, size) = std::str::from_utf8(&rest[..end]).ok()?.split_once(' ')?;
    let oid = oid.parse().ok()?;
    let Ok(size) = size.parse::<usize>() else { return Some(Answer { oid, content: None, rest: &rest[end + 1..] }) };
    let content = rest.get(end + 1..end + 1 + size)?;
    Some(Answer { oid, content: Some(content), rest: rest.get(end + 2 + size..)? })
}
