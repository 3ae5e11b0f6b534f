//! Programs that a clone's own configuration names are not started, unless the person has allowed them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::env::{Output, TestEnv};

/// A program that leaves a mark, and then does what git's own would.
fn hostile(env: &TestEnv) -> String {
    let (path, marker) = (env.path("hostile"), env.path("marker").display().to_string());
    fs::write(&path, format!("#!/bin/sh\ntouch {marker}\nexec git upload-pack \"$@\"\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn declare(env: &TestEnv, title: &str) -> Output {
    let declared = env.hotfix(&["declare", title, "--severity", "P0"]);
    assert_eq!(declared.status, Some(0), "{declared}");
    declared
}

#[test]
fn what_talks_to_the_remote_is_gits_own_program() {
    let env = TestEnv::new();
    env.instant();
    let program = hostile(&env);
    env.git(&["config", "remote.origin.uploadpack", &program]);
    let declared = declare(&env, "Payment API returns 500");
    let remark = "remote.origin.uploadpack of this clone's own configuration is not used";
    assert!(declared.stderr.contains(remark), "{declared}");
    assert!(!env.path("marker").exists());
    // A clone can't allow what it names itself.
    env.git(&["config", "hotfix.allowedProgram", &program]);
    declare(&env, "Payment API returns 501");
    assert!(!env.path("marker").exists());
    let own = env.path("home/gitconfig");
    fs::write(&own, format!("[hotfix]\n\tallowedProgram = {program}\n")).unwrap();
    let mut allowed = env.hotfix_command(&["declare", "Payment API returns 502", "--severity", "P0"]);
    let allowed = env.run(allowed.env("GIT_CONFIG_GLOBAL", &own));
    assert!(allowed.status == Some(0) && !allowed.stderr.contains("is not used"), "{allowed}");
    assert!(env.path("marker").exists());
}

#[test]
fn a_command_for_ssh_is_the_persons_own_even_by_an_include() {
    let env = TestEnv::new();
    env.instant();
    let program = hostile(&env);
    let included = env.path("included").display().to_string();
    fs::write(&included, format!("[core]\n\tsshCommand = {program}\n\taskPass = {program}\n")).unwrap();
    env.git(&["config", "include.path", &included]);
    env.git(&["remote", "set-url", "origin", "ssh://nowhere.invalid/shop.git"]);
    let declared = declare(&env, "Payment API returns 500");
    assert!(declared.stderr.contains("core.sshcommand of this clone's own"), "{declared}");
    assert!(!env.path("marker").exists());
}
