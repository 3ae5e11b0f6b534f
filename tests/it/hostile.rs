//! What a repository, its configuration or the environment has that is not meant well.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::database::execute;
use crate::env::{Output, TestEnv};

const START: [&str; 6] = ["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"];

fn ok(output: &Output) {
    assert_eq!(output.status, Some(0), "{output}");
}

#[test]
fn a_configuration_that_is_no_file_is_refused() {
    let env = TestEnv::new();
    let path = env.path("work/hotfix.toml");
    let refused = |why: &str| {
        let refused = env.run(&mut env.hotfix_within("ulimit -v 4000000", &["status"]));
        assert_eq!(refused.status, Some(1), "{refused}");
        assert!(refused.stderr.contains(why), "{refused}");
        fs::remove_file(&path).unwrap();
    };
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    refused("it is not a regular file");
    symlink("/dev/zero", &path).unwrap();
    refused("it is not a regular file");
    fs::write(&path, "# much\n".repeat(200_000)).unwrap();
    refused("it is larger than 1048576 bytes");
}

#[test]
fn a_folder_that_is_a_link_on_production_is_left_a_link() {
    let env = TestEnv::new();
    env.instant();
    env.write("elsewhere/README.md", "issues\n");
    fs::create_dir_all(env.path("work/docs")).unwrap();
    symlink("../elsewhere", env.path("work/docs/issues")).unwrap();
    env.commit("Link");
    env.git(&["push", "--quiet"]);
    let started = env.hotfix(&START);
    if env.path("work-001").exists() {
        env.fix("001");
    }
    let shipped = env.hotfix(&["ship"]);
    let said = format!("{started}{shipped}");
    assert!(said.contains("`docs/issues` is a symbolic link or a submodule"), "{said}");
    assert!(env.git_in("remote.git", &["ls-tree", "main", "docs/issues"]).starts_with("120000 "));
}

#[test]
fn a_template_that_leads_outside_or_is_broken_is_named_and_stops_nothing_else() {
    let env = TestEnv::new();
    env.instant();
    env.write(".hotfix/templates/report.md", "{% if %}");
    fs::create_dir_all(env.path("work/.hotfix/templates")).unwrap();
    symlink("/etc/passwd", env.path("work/.hotfix/templates/follow-up.md")).unwrap();
    env.publish("Write documents otherwise");
    let started = env.hotfix(&START);
    ok(&started);
    assert!(started.stderr.contains("template `report.md`, line 1"), "{started}");
    assert!(started.stderr.contains("it is a link to /etc/passwd, which is no file of the commit"), "{started}");
    ok(&env.hotfix(&["status"]));
    assert_eq!(env.hotfix(&["report"]).status, Some(1));
    env.write(
        ".hotfix/templates/report.md",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
    );
    env.publish("Count for ever");
    let endless = env.hotfix(&["report"]);
    assert!(endless.status == Some(1) && endless.stderr.contains("fuel"), "{endless}");
}

#[test]
fn a_branch_name_that_is_not_utf8_stops_nothing() {
    let env = TestEnv::new();
    env.instant();
    env.git(&["push", "--quiet", "origin", "main:refs/heads/release/1"]);
    let name = std::ffi::OsStr::from_bytes(b"refs/heads/release/caf\xe9");
    let tip = env.git_in("remote.git", &["rev-parse", "main"]);
    let mut update = std::process::Command::new("git");
    update.current_dir(env.path("remote.git")).arg("update-ref").arg(name).arg(&tip);
    assert!(update.status().unwrap().success());
    env.settings(&(env.read("hotfix.toml") + "\n[[backport.rule]]\nbranches = \"release/*\"\nmode = \"pick\"\n"));
    ok(&env.hotfix(&START));
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert!(env.git_in("remote.git", &["log", "-1", "--format=%s", "release/1"]).contains("Fix it"), "{shipped}");
    assert!(shipped.stderr.contains("1 left out, its name is not UTF-8"), "{shipped}");
}

#[test]
fn programs_that_the_repository_names_are_not_run_and_the_environment_is_not_followed() {
    let env = TestEnv::new();
    env.instant();
    let ran = env.path("ran").display().to_string();
    let script = |path: &str| {
        let path = env.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\necho $0 >> {ran}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    };
    let monitor = script("monitor");
    for hook in ["post-checkout", "reference-transaction", "post-index-change", "pre-push"] {
        script(&format!("work/.git/hooks/{hook}"));
    }
    env.git(&["config", "core.fsmonitor", &monitor]);
    fs::remove_file(&ran).ok();
    let hotfix = |args: &[&str]| {
        let mut command = env.hotfix_command(args);
        command.env("GIT_OBJECT_DIRECTORY", "/nowhere").env("GIT_ALTERNATE_OBJECT_DIRECTORIES", "/nowhere");
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "core.bare").env("GIT_CONFIG_VALUE_0", "nonsense");
        env.run(command.env("GIT_EXTERNAL_DIFF", &monitor))
    };
    ok(&hotfix(&START));
    let ran = fs::read_to_string(&ran).unwrap_or_default();
    let others: Vec<&str> =
        ran.lines().filter(|line| !line.ends_with("/pre-push") && !line.ends_with("/reference-transaction")).collect();
    assert_eq!(others, [""; 0]);
    // A push is a person's own, with what their hooks look at.
    assert!(ran.contains("pre-push"), "{ran}");
}

#[test]
fn an_abort_after_the_close_of_the_ticket_takes_the_merge_back() {
    let env = TestEnv::new();
    env.instant();
    // What follows the close fails, so that there is something to abort.
    env.write(".hotfix/templates/post-mortem.md", "{% if %}");
    env.publish("Write post-mortems otherwise");
    ok(&env.hotfix(&START));
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert!(shipped.status == Some(1) && shipped.stderr.contains("  ok    close "), "{shipped}");
    let aborted = env.hotfix(&["abort", "--reason", "it was another cause", "--yes"]);
    ok(&aborted);
    let remote = |args: &[&str]| env.git_in("remote.git", args);
    assert!(!remote(&["ls-tree", "-r", "--name-only", "main"]).contains("fix.txt"), "{aborted}");
    assert!(remote(&["ls-tree", "-r", "--name-only", "main"]).contains("docs/issues/"), "{aborted}");
}

#[test]
fn a_value_of_another_type_in_the_database_is_an_error_and_no_bug() {
    let env = TestEnv::new();
    ok(&env.hotfix(&["declare", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]));
    for statement in [
        "update incident set title = x'ff00'",
        "update incident set title = 'x', declared = 'yesterday'",
        "drop trigger event_update; update incident set declared = 1; update event set actor = x'ff00'",
        "update event set actor = 'Ada', seq = 'one'",
    ] {
        execute(&env.journal(), statement);
        for args in [&["list"][..], &["status"], &["timeline", "001"], &["audit", "verify"]] {
            let shown = env.hotfix(args);
            assert_ne!(shown.status, Some(70), "{statement} {shown}");
        }
    }
}

#[test]
fn a_full_disk_is_called_so() {
    let env = TestEnv::new();
    env.instant();
    ok(&env.hotfix(&["declare", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]));
    let mut said = String::new();
    for kilobytes in (4..200).step_by(12) {
        let full = env.run(&mut env.hotfix_on_a_full_disk(kilobytes, &["decide", "--strategy", "B"]));
        said.push_str(&full.to_string());
        if full.status == Some(0) {
            break;
        }
    }
    assert!(!said.contains("the lease on"), "{said}");
}
