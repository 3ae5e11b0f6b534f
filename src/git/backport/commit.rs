//! Writes the commits of one target.

use super::error::BackportError;
use super::fix::oid;
use crate::git::oid::Oid;
use crate::git::pack::{Kind, PackWriter};
use crate::git::quarantine::{self, Quarantine};

/// A commit to be written.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    pub tree: Oid,
    pub parents: Vec<Oid>,
    /// `name <email> seconds zone`.
    pub author: &'a str,
    pub committer: &'a str,
    pub message: String,
}

/// Writes commits: thousands into one pack, or, where the user signs, each by git itself.
pub struct Writer<'a> {
    pub quarantine: &'a Quarantine,
    pub pack: PackWriter,
    pub sign: bool,
}

impl Writer<'_> {
    /// Returns the name of the commit.
    pub async fn write(&mut self, draft: &Draft<'_>) -> Result<Oid, BackportError> {
        if self.sign {
            return self.signed(draft).await;
        }
        let parents: String = draft.parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        let Draft { tree, author, committer, message, .. } = draft;
        let content = format!("tree {tree}\n{parents}author {author}\ncommitter {committer}\n\n{message}");
        let written = self.pack.add(Kind::Commit, content.as_bytes());
        Ok(written.map_err(quarantine::at(self.quarantine.directory()))?)
    }

    async fn signed(&self, draft: &Draft<'_>) -> Result<Oid, BackportError> {
        let mut args = vec!["commit-tree".to_owned(), "-S".to_owned(), "-F".to_owned(), "-".to_owned()];
        args.extend(draft.parents.iter().flat_map(|parent| ["-p".to_owned(), parent.to_string()]));
        args.push(draft.tree.to_string());
        let (author, committer) = (Person::read(draft.author)?, Person::read(draft.committer)?);
        let written = self
            .quarantine
            .git()
            .call(args)
            .input(draft.message.as_bytes())
            .env("GIT_AUTHOR_NAME", author.name)
            .env("GIT_AUTHOR_EMAIL", author.email)
            .env("GIT_AUTHOR_DATE", author.date)
            .env("GIT_COMMITTER_NAME", committer.name)
            .env("GIT_COMMITTER_EMAIL", committer.email)
            .env("GIT_COMMITTER_DATE", committer.date)
            .text()
            .await?;
        oid(&written)
    }
}

/// `name <email> date`, taken apart.
struct Person<'a> {
    name: &'a str,
    email: &'a str,
    date: String,
}

impl Person<'_> {
    fn read(line: &str) -> Result<Person<'_>, BackportError> {
        let unexpected = || BackportError::Unexpected { printed: line.to_owned() };
        let (name, rest) = line.split_once('<').ok_or_else(unexpected)?;
        let (email, date) = rest.rsplit_once('>').ok_or_else(unexpected)?;
        Ok(Person { name: name.trim(), email, date: format!("@{}", date.trim()) })
    }
}

#[cfg(test)]
mod tests {
    use super::Person;

    #[test]
    fn a_person_is_taken_apart_as_git_writes_them() {
        for (line, expected) in [
            ("Ada Lovelace <ada@x> 1700000000 +0530", Some(("Ada Lovelace", "ada@x", "@1700000000 +0530"))),
            (" <ada@x> 1 +0000", Some(("", "ada@x", "@1 +0000"))),
            ("Ada <> 1 +0000", Some(("Ada", "", "@1 +0000"))),
            ("Ada <a>b> 1 +0000", Some(("Ada", "a>b", "@1 +0000"))),
            ("Ada ada@x 1 +0000", None),
            ("Ada <ada@x 1 +0000", None),
        ] {
            let read = Person::read(line).ok();
            assert_eq!(read.as_ref().map(|one| (one.name, one.email, one.date.as_str())), expected, "{line}");
        }
    }
}
