//! A secret in a log, in the output of a deploy or in an address is kept and sent nowhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::env::TestEnv;

/// Put together here, so that no scanner finds it in this repository.
fn key() -> String {
    format!("AK{}", "IAQ7RKZVXWLMTZUWBN")
}

/// Every file below, and its bytes.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap()) {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => found.extend(files(&entry.path())),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

#[test]
fn a_key_in_a_log_or_in_the_output_of_a_deploy_reaches_nobody() {
    let env = TestEnv::new();
    env.instant();
    let (key, text) = (key(), env.read("hotfix.toml"));
    let text = text
        .replace("deploy = 'echo", &format!("deploy = 'echo denied for {key} password=hunter2; false; exit 3; echo"));
    let more = "\n[[notify]]\nname = \"team\"\nby.file = { path = \"../notices\" }\n\n[investigate]\nlogs = [\"cat\", \"../log\"]\n";
    env.settings(&(text + more));
    env.write("../log", &format!("10:00 error: denied for {key}\n").repeat(50));
    env.commit("Configure");
    env.git(&["push", "--quiet"]);
    let started = env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    assert_eq!(started.status, Some(0), "{started}");
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert!(shipped.status != Some(0) && shipped.stdout.contains("001"), "{shipped}");
    let timeline = env.hotfix(&["timeline", "--events"]);
    for shown in [&started, &shipped, &timeline, &env.hotfix(&["report"]), &env.hotfix(&["status"])] {
        let shown = shown.to_string();
        assert!(!shown.contains(&key) && !shown.contains("hunter2"), "{shown}");
    }
    assert!(timeline.stdout.contains("denied for ***"), "{timeline}");
    assert!(!env.read("../notices").contains(&key));
    let history = env.git_in("remote.git", &["log", "--all", "-p"]);
    // The configuration itself has it here.
    assert!(!history.replace(&format!("denied for {key} password"), "").contains(&key));
    for path in files(&env.path("work/.git/hotfix")).into_iter().filter(|path| path.ends_with("journal.db")) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains(&key), "{}", path.display());
    }
}

#[test]
fn a_value_in_the_stores_address_is_not_shown() {
    let env = TestEnv::new();
    for location in
        ["postgres://u:p@127.0.0.1:1/x?sslmode=s3cr3tvalue", "postgres://127.0.0.1:1/x?password=s3cr3tvalue"]
    {
        let refused = env.run(env.hotfix_command(&["list"]).env("HOTFIX_STORE", location));
        assert_eq!(refused.status, Some(1), "{refused}");
        assert!(!refused.to_string().contains("s3cr3tvalue"), "{refused}");
    }
}

#[test]
fn what_is_kept_is_for_its_owner_only() {
    let env = TestEnv::new();
    env.instant();
    let started = env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    assert_eq!(started.status, Some(0), "{started}");
    let home = env.path("work/.git/hotfix");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&home), mode(&home.join("journal.db"))), (0o700, 0o600));
    // As an earlier version left it.
    fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(home.join("journal.db"), fs::Permissions::from_mode(0o644)).unwrap();
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert_eq!(env.hotfix(&["list"]).status, Some(0));
    assert_eq!(mode(&home), 0o700);
    for path in
        files(&home).iter().filter(|path| path.starts_with(home.join("commands")) || path.parent() == Some(&home))
    {
        assert_eq!(mode(path) & 0o077, 0, "{}", path.display());
    }
}
