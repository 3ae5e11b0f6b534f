//! Reads small files of commits by name, many in one process.

use super::{Git, GitError};

/// The content of a file in a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Git's name of the content; of a link that is not followed, where it leads.
    pub name: String,
    /// `None` if it is a link that leads nowhere in its commit.
    pub content: Option<Vec<u8>>,
}

/// Returns what each of `specs`, such as `refs/remotes/origin/main:hotfix.toml` or a commit's name, stands for;
/// `None` where there is nothing, as for a name with a line break. A link is followed within its commit, and not out of it.
pub async fn read(git: &Git, specs: &[String]) -> Result<Vec<Option<Text>>, GitError> {
    let is_one = |spec: &&String| !spec.contains('\n');
    let input: String = specs.iter().filter(is_one).map(|spec| format!("{spec}\n")).collect();
    let batch = ["cat-file", "--batch=%(objectname) %(objecttype) %(objectsize)", "--follow-symlinks", "--buffer"];
    let output = git.call(batch).input(input).output().await?;
    if output.status != Some(0) {
        let command = "cat-file".to_owned();
        return Err(GitError::Failed { command, status: output.status, stderr: output.stderr });
    }
    let mut rest = output.stdout.as_slice();
    let mut texts = Vec::with_capacity(specs.len());
    for spec in specs {
        texts.push(if is_one(&spec) { next(spec, &mut rest) } else { None });
    }
    Ok(texts)
}

/// Takes one answer off: `NAME TYPE SIZE` and the content, `SPEC missing`, or, of a link that leads nowhere,
/// `REASON SIZE` and where to (git-cat-file, "Batch output").
fn next(spec: &str, rest: &mut &[u8]) -> Option<Text> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = String::from_utf8_lossy(&rest[..end]).into_owned();
    *rest = &rest[end + 1..];
    if line.strip_prefix(spec).is_some_and(|left| matches!(left, " missing" | " ambiguous")) {
        return None;
    }
    let size: usize = line.rsplit(' ').next()?.parse().ok()?;
    let content = rest.get(..size)?;
    *rest = rest.get(size + 1..).unwrap_or_default();
    match line.split(' ').collect::<Vec<_>>()[..] {
        [name, "blob" | "commit", _] => Some(Text { name: name.to_owned(), content: Some(content.to_vec()) }),
        ["symlink" | "dangling" | "loop", _] => {
            Some(Text { name: format!("link to {}", String::from_utf8_lossy(content)), content: None })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::read;
    use crate::git::Git;

    #[tokio::test]
    async fn files_links_and_what_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let git = Git::at(path).with("GIT_AUTHOR_NAME", "A").with("GIT_AUTHOR_EMAIL", "a@example.org");
        let git = git.with("GIT_COMMITTER_NAME", "A").with("GIT_COMMITTER_EMAIL", "a@example.org");
        git.run(["init", "--quiet"]).await.unwrap();
        fs::create_dir(path.join("a")).unwrap();
        fs::write(path.join("a/file"), "text\nwith 5 missing\n").unwrap();
        fs::write(path.join("empty"), "").unwrap();
        for (link, to) in [("inside", "a/file"), ("outside", "/etc/passwd"), ("loop", "loop"), ("dangling", "b")] {
            symlink(to, path.join(link)).unwrap();
        }
        git.run(["add", "--all"]).await.unwrap();
        git.run(["commit", "--quiet", "--message", "Begin"]).await.unwrap();
        let names = ["HEAD:a/file", "HEAD:none", "none:file", "HEAD:outside", "HEAD:loop", "HEAD:dangling"];
        let more = [
            "HEAD:a/file/under",
            "HEAD:a",
            "HEAD:a\nHEAD:a/file",
            "HEAD:inside",
            "HEAD:empty",
            "HEAD^{commit}",
            "HEAD:a/file",
        ];
        let specs: Vec<String> = names.iter().chain(&more).map(ToString::to_string).collect();
        let found = read(&git, &specs).await.unwrap();
        let shown = specs.iter().zip(&found).filter(|(spec, _)| !spec.contains('^')).map(|(spec, text)| {
            let content = text.as_ref().map(|text| text.content.as_deref().map(String::from_utf8_lossy));
            format!("{spec} {content:?}")
        });
        insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r#"
        HEAD:a/file Some(Some("text\nwith 5 missing\n"))
        HEAD:none None
        none:file None
        HEAD:outside Some(None)
        HEAD:loop Some(None)
        HEAD:dangling Some(None)
        HEAD:a/file/under None
        HEAD:a None
        HEAD:a
        HEAD:a/file None
        HEAD:inside Some(Some("text\nwith 5 missing\n"))
        HEAD:empty Some(Some(""))
        HEAD:a/file Some(Some("text\nwith 5 missing\n"))
        "#);
        let commit = git.run(["rev-parse", "HEAD"]).await.unwrap();
        assert_eq!(found[11].as_ref().map(|text| &text.name), Some(&commit));
    }
}
