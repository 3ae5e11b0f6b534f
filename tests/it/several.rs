//! Where several incidents or orders are open, each printed command names its own.

use crate::env::{Output, TestEnv};

/// The commands that ask which incident is meant if several are open.
const ASK: &[&str] = &[
    "abort", "ack", "approve", "backport", "check", "decide", "deploy", "diff", "note", "resume", "rollback",
    "severity", "ship", "waive",
];

/// The commands of hotfix that it printed: after `next:` and `hint:`, and in backticks.
fn commands(output: &Output) -> Vec<String> {
    let printed = format!("{}\n{}", output.stdout, output.stderr);
    let mut found = Vec::new();
    for line in printed.lines() {
        let quoted = line.split('`').skip(1).step_by(2);
        let shown = line.split_once("next: ").or(line.split_once("hint: ")).or(line.split_once("; hotfix "));
        let whole =
            shown.filter(|(_, rest)| !rest.contains('`')).and_then(|(_, rest)| Some(&rest[rest.find("hotfix ")?..]));
        found.extend(quoted.chain(whole).filter(|text| text.starts_with("hotfix ")).map(str::to_owned));
    }
    found
}

/// Checks that each printed command which asks for an incident names `id`, and returns how many do.
fn named(id: &str, output: &Output) -> usize {
    let asks = |command: &String| command.split(' ').nth(1).is_some_and(|verb| ASK.contains(&verb));
    let commands: Vec<_> = commands(output).into_iter().filter(asks).collect();
    for command in &commands {
        assert!(command.split(' ').any(|word| word == id), "`{command}` names no incident: {output}");
    }
    commands.len()
}

fn start(env: &TestEnv, id: &str) -> Output {
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", id])
}

#[test]
fn each_printed_command_names_its_incident() {
    let env = TestEnv::new();
    env.instant();
    env.configure("P0 = []", "P0 = [\"tech-lead\", \"on-call\"]");
    env.commit("Two people approve");
    env.git(&["push", "--quiet"]);
    let alone = start(&env, "001");
    assert!(alone.stdout.contains("then `hotfix ship`\n"), "one is open, so it needs no name: {alone}");
    assert_eq!(named("002", &start(&env, "002")), 1);
    assert_eq!(named("001", &env.hotfix(&["approve", "001", "--role", "on-call"])), 1, "nothing was checked");
    env.fix("001");
    let bea = |args: &[&str]| env.hotfix(&[args, &["--as", "Bea <bea@example.org>"]].concat());
    for (args, commands) in [
        (&["ship", "001"][..], 1),
        (&["status", "001"], 1),
        (&["approve", "001", "--role", "tech-lead"], 1),
        (&["note", "--id", "001", "all is quiet"], 0),
        (&["ack", "001"], 0),
        (&["check", "001"], 1),
        (&["severity", "P1", "--id", "001", "--reason", "fewer"], 1),
        (&["severity", "P0", "--id", "001", "--reason", "more"], 1),
        (&["waive", "size", "--id", "001", "--reason", "a table"], 1),
        (&["waive", "sise/xyzzy", "--id", "001", "--reason", "a table"], 1),
        (&["rollback", "001", "--yes"], 2),
        (&["approve", "001", "--break-glass", "nobody else is awake"], 1),
    ] {
        let output = bea(args);
        assert_eq!(named("001", &output), commands, "{args:?}: {output}");
    }
    let both = env.hotfix(&["status"]);
    let commands = commands(&both);
    for id in ["001", "002"] {
        assert!(commands.iter().any(|command| command.split(' ').any(|word| word == id)), "{id}: {both}");
    }
    let view = env.hotfix(&["status", "002", "--json"]).stdout;
    assert!(view.contains("`hotfix ship 002`"), "{view}");
    env.hotfix(&["abort", "002", "--reason", "false alarm", "--yes"]);
    assert!(env.hotfix(&["status"]).stdout.contains("--role"), "the other one is over");
}
