//! What tests and gates leave running is gone when they are over, whoever ended them.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::check::{CONFIG, MENDED, NEW_TEST, check, fix, shop};
use crate::env::TestEnv;

/// A daemon that got away from its group, its session and its environment; its number is in
/// `../runs.strays` when it runs.
const DAEMON: &str = r#"setsid sh -c 'echo $$ >> "$RUNS.strays"; exec env -i /bin/sleep 1000' &
    until [ -s "$RUNS.strays" ]; do sleep 0.01; done
"#;

fn strays(env: &TestEnv) -> Vec<String> {
    let text = fs::read_to_string(env.path("runs.strays")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Whether all of them are gone within ten seconds: killed is one thing, and that whoever adopted one
/// has noticed is another.
fn are_gone(strays: &[String]) -> bool {
    let runs = |stray: &String| Command::new("kill").args(["-0", stray]).output().unwrap().status.success();
    (0..200).any(|_| {
        sleep(Duration::from_millis(50));
        !strays.iter().any(runs)
    })
}

#[test]
fn of_a_test_in_its_group() {
    let env = shop();
    fix(&env, &[MENDED, NEW_TEST, ("tests/stray.case", "sleep 1000 & echo $! >> \"$RUNS.strays\"")]);
    assert_eq!(check(&env, &[]).status, Some(0));
    assert_eq!(strays(&env).len(), 6);
    assert!(are_gone(&strays(&env)));
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "only Linux gives a process that lost its parent to ours")]
fn of_a_test_in_a_session_of_its_own() {
    let env = shop();
    fix(&env, &[MENDED, NEW_TEST, ("tests/stray.case", DAEMON)]);
    let output = check(&env, &[]);
    assert_eq!(output.status, Some(0), "{output}");
    assert!(are_gone(&strays(&env)));
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "only Linux gives a process that lost its parent to ours")]
fn of_a_test_that_hangs() {
    let env = shop();
    env.settings(&CONFIG.replace("20s", "1s"));
    fix(&env, &[MENDED, NEW_TEST, ("tests/stray.case", &format!("{DAEMON}\nsleep 1000"))]);
    let output = check(&env, &[]);
    assert!(output.stdout.contains("the run took longer than 1 s"), "{output}");
    assert!(!strays(&env).is_empty() && are_gone(&strays(&env)));
}

#[test]
fn of_a_gate() {
    let env = shop();
    let gate =
        "[[gate]]\nname = \"serve\"\ncommand = \"setsid sleep 1000 & echo $! > ../runs.strays\"\nlimit = \"9s\"\n";
    env.settings(&format!("{CONFIG}\n{gate}"));
    fix(&env, &[MENDED]);
    let output = env.hotfix(&["check", "--only", "gates"]);
    assert_eq!(output.status, Some(0), "{output}");
    assert!(are_gone(&strays(&env)));
}

#[test]
fn when_hotfix_is_killed() {
    let env = shop();
    let case = "echo $$ >> \"$RUNS.strays\"; exec sleep 1000";
    fix(&env, &[MENDED, NEW_TEST, ("tests/stray.case", case)]);
    let mut hotfix = env
        .hotfix_command(&["check", "--only", "proof"])
        .env("RUNS", env.path("runs"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while strays(&env).is_empty() {
        assert_eq!(hotfix.try_wait().unwrap(), None, "it ended before its tests");
        sleep(Duration::from_millis(10));
    }
    hotfix.kill().unwrap();
    hotfix.wait().unwrap();
    // One that was about to be started may still come.
    sleep(Duration::from_millis(200));
    assert!(are_gone(&strays(&env)));
}
