//! Objects by name, any number of them in one process of git.

use super::{Git, GitError};

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// `blob`, `tree`, `commit` or `tag`.
    pub kind: String,
    /// In bytes.
    pub size: u64,
}

/// Returns what each of `specs` stands for, without reading it; `None` where there is nothing. No name may have a line
/// break or a space.
pub async fn sizes(git: &Git, specs: &[String]) -> Result<Vec<Option<Size>>, GitError> {
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    let check = git.call(["cat-file", "--batch-check=%(objecttype) %(objectsize)", "--buffer"]);
    let answers = String::from_utf8_lossy(&check.input(specs.join("\n") + "\n").bytes().await?).into_owned();
    let size = |answer: &str| {
        let (kind, size) = answer.split_once(' ')?;
        Some(Size { kind: kind.to_owned(), size: size.parse().ok()? })
    };
    let mut sizes: Vec<_> = answers.lines().map(size).collect();
    sizes.resize(specs.len(), None);
    Ok(sizes)
}

/// Returns the content of each of `specs`, a tree's as it is stored; `None` where there is nothing.
pub async fn objects(git: &Git, specs: &[String]) -> Result<Vec<Option<Vec<u8>>>, GitError> {
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    let batch = git.call(["cat-file", "--batch=%(objecttype) %(objectsize)", "--buffer"]);
    let answers = batch.input(specs.join("\n") + "\n").bytes().await?;
    let mut rest = answers.as_slice();
    Ok(specs.iter().map(|_| next(&mut rest)).collect())
}

/// Takes one answer off: `TYPE SIZE` and the content, or `SPEC missing` (git-cat-file, "Batch output").
fn next(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = String::from_utf8_lossy(&rest[..end]).into_owned();
    *rest = &rest[end + 1..];
    let size: usize = line.rsplit_once(' ')?.1.parse().ok()?;
    let content = rest.get(..size)?.to_vec();
    *rest = rest.get(size + 1..).unwrap_or_default();
    Some(content)
}
