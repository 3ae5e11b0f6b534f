//! Approvals that are signed with GPG, checked without anybody's keyring.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::people::{LEA, OLU, Team, ok, person, refused};

/// A home of gpg with a key of its own; its agent ends with it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        // The path of an agent's socket has to be short.
        Home(tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    fn gpg(&self, args: &[&str]) -> String {
        let output = Command::new("gpg").args(["--batch", "--quiet"]).args(args).env("GNUPGHOME", self.path()).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Makes a key, and returns the digits of its fingerprint.
    fn key(&self, name: &str) -> String {
        self.gpg(&["--passphrase", "", "--quick-generate-key", name, "ed25519", "sign", "never"]);
        let list = self.gpg(&["--with-colons", "--list-keys", name]);
        let line = list.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.path()).status();
    }
}

#[test]
fn approvals_are_signed_with_gpg_where_git_is_set_to_it() {
    let team = Team::in_review();
    let home = Home::new();
    let digits = home.key("Lea <lea@example.org>");
    let key = format!("gpg:{digits}");
    let olu = person("Olu", "olu@example.org", "on-call", &team.key("Olu"));
    team.people(&(person("Lea", "lea@example.org", "tech-lead", &key) + &olu));
    fs::write(team.env.path("home/Lea.gitconfig"), format!("[user]\n\tsigningkey = {digits}\n")).unwrap();
    let approve = || {
        let mut command = team.command(LEA, "Lea", &["approve", "--role", "tech-lead"]);
        team.env.run(command.env("GNUPGHOME", home.path()))
    };
    refused(&approve(), &format!("has no public key in .hotfix/keys/{digits}.asc"));
    team.env.write(&format!(".hotfix/keys/{digits}.asc"), &home.gpg(&["--armor", "--export", &digits]));
    team.env.publish("Add the key");
    let approved = approve();
    ok(&approved);
    assert!(approved.stdout.contains(&format!("signed by gpg:{digits}")), "{approved}");
    ok(&team.approve(OLU, "Olu", "on-call"));
    ok(&team.env.hotfix(&["ship"]));
    let audited = team.env.hotfix(&["audit", "verify"]);
    assert!(audited.stdout.contains("2 signatures hold"), "{audited}");
}

#[test]
fn another_key_of_gpg_is_not_hers() {
    let team = Team::in_review();
    let home = Home::new();
    let (hers, other) = (home.key("Lea <lea@example.org>"), home.key("Eve <eve@example.org>"));
    team.people(&person("Lea", "lea@example.org", "tech-lead", &format!("gpg:{hers}")));
    // Its file has another key too, which does not make that hers.
    team.env.write(&format!(".hotfix/keys/{hers}.asc"), &home.gpg(&["--armor", "--export"]));
    team.env.publish("Add the keys");
    fs::write(team.env.path("home/Lea.gitconfig"), format!("[user]\n\tsigningkey = {other}\n")).unwrap();
    let mut command = team.command(LEA, "Lea", &["approve", "--role", "tech-lead"]);
    let approved = team.env.run(command.env("GNUPGHOME", home.path()));
    refused(&approved, "the signature is not one of what is said here");
}
