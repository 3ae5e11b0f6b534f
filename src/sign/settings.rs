//! What git's configuration says of signing, and who says it.
//!
//! A clone's own configuration may come with the clone, from an archive or a colleague: it may name a key, and no
//! program.

use std::path::PathBuf;

use crate::git::{Git, GitError};

/// Git's settings, each with the scope that it is from, the strongest last.
#[derive(Clone, Debug, Default)]
pub struct Settings(Vec<Setting>);

#[derive(Clone, Debug)]
struct Setting {
    scope: String,
    name: String,
    value: String,
}

impl Settings {
    pub async fn read(git: &Git) -> Result<Settings, GitError> {
        let list = git.call(["config", "--null", "--show-scope", "--list", "--includes"]).bytes().await?;
        Ok(Settings::parse(&String::from_utf8_lossy(&list)))
    }

    /// `SCOPE NUL NAME LF VALUE NUL` and so on; a name without a value is true (git-config, "-z").
    fn parse(list: &str) -> Settings {
        let mut fields = list.split('\0');
        let mut settings = Vec::new();
        while let (Some(scope), Some(setting)) = (fields.next(), fields.next()) {
            let (name, value) = setting.split_once('\n').unwrap_or((setting, "true"));
            settings.push(Setting { scope: scope.to_owned(), name: name.to_owned(), value: value.to_owned() });
        }
        Settings(settings)
    }

    /// The value of a setting, whoever says it; its name in lower case. An empty one is none.
    pub fn any(&self, name: &str) -> Option<&str> {
        self.last(name, |_| true)
    }

    /// The value of a setting that the person or the machine's administrator chose.
    pub fn own(&self, name: &str) -> Option<&str> {
        self.last(name, |scope| matches!(scope, "global" | "system"))
    }

    /// Every value of it that the person or the machine's administrator chose.
    pub fn every_own<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.0.iter().filter(move |one| one.name == name && matches!(&*one.scope, "global" | "system"));
        own.map(|one| one.value.as_str())
    }

    fn last(&self, name: &str, counts: impl Fn(&str) -> bool) -> Option<&str> {
        let found = self.0.iter().rfind(|setting| setting.name == name && counts(&setting.scope))?;
        Some(found.value.as_str()).filter(|value| !value.is_empty())
    }

    /// The program that signs and checks with GPG.
    pub fn gpg(&self) -> String {
        let own = self.own("gpg.openpgp.program").or_else(|| self.own("gpg.program"));
        own.map_or_else(|| "gpg".to_owned(), |program| at_home(program).display().to_string())
    }

    /// The program that signs with SSH keys.
    pub fn ssh_keygen(&self) -> String {
        let own = self.own("gpg.ssh.program");
        own.map_or_else(|| "ssh-keygen".to_owned(), |program| at_home(program).display().to_string())
    }
}

/// The path with the person's home for a `~` at its beginning.
pub fn at_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

pub fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn programs_are_the_persons_own() {
        let settings = Settings::parse(
            "global\0gpg.program\nmine\0local\0gpg.program\nhostile\0local\0gpg.ssh.program\nhostile\0local\0\
             user.signingkey\nkey\0worktree\0gpg.openpgp.program\nhostile\0local\0core.bare\0",
        );
        assert_eq!(settings.gpg(), "mine");
        assert_eq!(settings.ssh_keygen(), "ssh-keygen");
        assert_eq!(settings.any("user.signingkey"), Some("key"));
        assert_eq!(settings.any("core.bare"), Some("true"));
    }
}
