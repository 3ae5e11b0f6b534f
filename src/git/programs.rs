//! Programs that a clone's own configuration names, and that git would start.
//!
//! `.git/config` comes with a clone that was copied or unpacked, so what it names is started only if the person
//! has allowed it in their own configuration, once: `git config --global --add hotfix.allowedProgram 'PROGRAM'`.

use std::collections::BTreeMap;

use crate::domain::name::{line, plain};

/// The setting with the programs that a person allows.
const ALLOWED: &str = "hotfix.allowedprogram";

/// The most characters of a program that are shown.
const SHOWN: usize = 100;

/// The settings that name a program, and what is used where the person has none of their own.
const PROGRAMS: &[(&str, &str)] = &[
    ("core.sshcommand", "ssh"),
    ("core.askpass", ""),
    ("gpg.program", "gpg"),
    ("gpg.openpgp.program", "gpg"),
    ("gpg.ssh.program", "ssh-keygen"),
    ("gpg.x509.program", "gpgsm"),
];

/// The proxy for `git://`, of which the first that fits is used, so that a later setting replaces none.
const PROXY: &str = "core.gitproxy";

/// What git is told instead of what the clone says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instead {
    /// `NAME=VALUE`, for `git -c`.
    pub settings: Vec<String>,
    /// The programs on the other side, for `--upload-pack` and `--receive-pack`: of several settings the first
    /// counts, so that a later one replaces none.
    pub upload_pack: Option<String>,
    pub receive_pack: Option<String>,
    /// Whether no proxy command of the configuration is used.
    pub no_proxy: bool,
    /// What a person has to know of it.
    pub remarks: Vec<String>,
}

/// Reads the output of `git config --null --show-scope --list`: `SCOPE NUL NAME LF VALUE NUL` and so on.
pub fn instead(list: &str) -> Instead {
    let mut fields = list.split('\0');
    let (mut clone, mut own, mut allowed) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    while let (Some(scope), Some(setting)) = (fields.next(), fields.next()) {
        let (name, value) = setting.split_once('\n').unwrap_or((setting, ""));
        match (scope, name) {
            ("system" | "global", ALLOWED) => allowed.push(value),
            ("system" | "global", name) => drop(own.insert(name, value)),
            ("local" | "worktree", name) => drop(clone.insert(name, value)),
            _ => {}
        }
    }
    let mut instead = Instead::default();
    for (name, value) in clone {
        let Some(default) = default(name).filter(|_| !allowed.contains(&value)) else { continue };
        let value_instead = own.get(name).copied().unwrap_or(default);
        match name.rsplit_once('.').map_or(name, |(_, last)| last) {
            "gitproxy" => instead.no_proxy = true,
            "uploadpack" => instead.upload_pack = Some(value_instead.to_owned()),
            "receivepack" => instead.receive_pack = Some(value_instead.to_owned()),
            _ => instead.settings.push(format!("{name}={value_instead}")),
        }
        let (name, value) = (line(name, SHOWN), line(value, SHOWN));
        let quoted = value.replace('\'', "'\\''");
        instead.remarks.push(
            plain(&format!(
                "{name} of this clone's own configuration is not used; if it is yours: \
             git config --global --add hotfix.allowedProgram '{quoted}'"
            ))
            .into_owned(),
        );
    }
    instead
}

/// What is used instead of a setting that names a program; `None` for every other one.
fn default(name: &str) -> Option<&'static str> {
    if let Some((_, default)) = PROGRAMS.iter().find(|(known, _)| *known == name) {
        return Some(default);
    }
    if name == PROXY {
        return Some("");
    }
    match name.strip_prefix("remote.")?.rsplit_once('.')?.1 {
        "uploadpack" => Some("git-upload-pack"),
        "receivepack" => Some("git-receive-pack"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::instead;

    fn list(settings: &[(&str, &str, &str)]) -> String {
        settings.iter().map(|(scope, name, value)| format!("{scope}\0{name}\n{value}\0")).collect()
    }

    #[test]
    fn a_program_of_the_clone_is_used_only_where_the_person_allows_it() {
        for (settings, expected) in [
            (&[("local", "core.sshcommand", "evil")][..], &["core.sshcommand=ssh"][..]),
            (&[("worktree", "core.sshcommand", "evil")], &["core.sshcommand=ssh"]),
            (&[("global", "core.sshcommand", "mine"), ("local", "core.sshcommand", "evil")], &["core.sshcommand=mine"]),
            (&[("global", "hotfix.allowedprogram", "ssh -i k"), ("local", "core.sshcommand", "ssh -i k")], &[]),
            (
                &[("local", "hotfix.allowedprogram", "evil"), ("local", "core.sshcommand", "evil")],
                &["core.sshcommand=ssh"],
            ),
            (&[("local", "gpg.ssh.program", "evil")], &["gpg.ssh.program=ssh-keygen"]),
            (&[("local", "core.askpass", "evil")], &["core.askpass="]),
            (&[("local", "user.name", "Ada"), ("local", "remote.origin.url", "x")], &[]),
            (&[("global", "core.sshcommand", "mine")], &[]),
        ] {
            let found = instead(&list(settings));
            assert_eq!(found.settings, expected, "{settings:?}");
            assert_eq!(found.remarks.len(), expected.len(), "{settings:?}");
        }
        assert!(instead(&list(&[("local", "core.gitproxy", "evil")])).no_proxy);
        let other_side = [("local", "remote.a=b.uploadpack", "evil"), ("local", "remote.a.receivepack", "evil")];
        let found = instead(&list(&other_side));
        assert_eq!(found.upload_pack.as_deref(), Some("git-upload-pack"));
        assert_eq!(found.receive_pack.as_deref(), Some("git-receive-pack"));
    }

    #[test]
    fn a_remark_is_one_line_that_deceives_nobody() {
        let found = instead(&list(&[("local", "core.sshcommand", "a'b\u{1b}[2J\nc\u{202e}")]));
        assert!(found.remarks[0].ends_with("'a'\\''b [2J c\\u{202e}'"), "{:?}", found.remarks);
    }
}
