//! The whole job with the real program, killed with SIGKILL around every event: the same end, and
//! every outside effect exactly once.

use crate::database::Kind;
use crate::env::TestEnv;

#[test]
fn killed_before_and_after_every_event() {
    survives(Kind::Sqlite);
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn killed_before_and_after_every_event_on_postgres() {
    survives(Kind::Postgres);
}

#[test]
fn killed_in_the_middle_of_the_deploy() {
    let whole = run(&story(Kind::Sqlite), None);
    assert_eq!(run(&story(Kind::Sqlite), Some("within:deploy")).world, whole.world);
}

fn survives(kind: Kind) {
    let whole = run(&story(kind), None);
    assert!(whole.events > 30, "the story is the whole job, but has {} events", whole.events);
    let points: Vec<String> =
        (1..=whole.events).flat_map(|seq| [format!("before:{seq}"), format!("after:{seq}")]).collect();
    // Two at a time: each waits for processes most of its life.
    let (left, right) = points.split_at(points.len() / 2);
    let whole = &whole.world;
    std::thread::scope(|scope| {
        for half in [left, right] {
            scope.spawn(move || {
                for point in half {
                    let end = run(&story(kind), Some(point));
                    assert_eq!(end.world, *whole, "killed {point}");
                }
            });
        }
    });
}

/// How a run ended.
struct End {
    events: usize,
    /// What can be seen outside: branches, tags, documents, deploys, notices.
    world: String,
}

/// A repository in which the whole job runs without anybody, every branch clean.
fn story(kind: Kind) -> TestEnv {
    let env = TestEnv::on(kind);
    env.instant();
    let fix = "printf fixed > fix.txt && git add . && git commit --quiet --message 'Fix it'";
    let notices = env.path("notices").display().to_string();
    let built = env.path("built").display().to_string();
    let build = format!("echo $HOTFIX_RELEASE >> {built}; echo registry/app@sha256:$(sha256sum fix.txt | cut -c -64)");
    let more = format!(
        "\n[fix]\ncommand = \"{fix}\"\n\n[image]\nbuild = \"{build}\"\n\n\
         [[notify]]\nname = \"team\"\nby.memory = {{ file = \"{notices}\" }}\n"
    );
    env.write("hotfix.toml", &(env.read("hotfix.toml") + &more));
    env.commit("Let a command make the fix");
    env.git(&["push", "--quiet", "origin", "main", "main:develop", "main:release/1", "main:feature/a"]);
    env
}

/// Runs the job; where it is killed at `point`, resumes it.
fn run(env: &TestEnv, point: Option<&str>) -> End {
    let start = ["start", "Payment API returns 500", "--severity", "P0"];
    let mut killed = false;
    for args in [&start[..], &["ship"]] {
        let mut command = env.hotfix_command(args);
        if let Some(point) = point {
            command.env("HOTFIX_CRASH", point);
        }
        let output = env.run(&mut command);
        killed = output.status.is_none();
        if killed {
            break;
        }
        assert_eq!(output.status, Some(0), "{output}");
    }
    assert_eq!(killed, point.is_some(), "{point:?}");
    if killed {
        // Killed before its first event, there is no incident yet.
        if env.hotfix(&["list", "--json"]).stdout.contains("\"incidents\": []") {
            let output = env.hotfix(&start);
            assert_eq!(output.status, Some(0), "{output}");
        }
        let output = env.hotfix(&["resume"]);
        assert_eq!(output.status, Some(0), "{point:?} {output}");
    }
    let list = env.hotfix(&["list"]);
    assert!(list.stdout.contains(" closed "), "{point:?} {list}");
    let audit = env.hotfix(&["audit", "verify"]);
    assert_eq!(audit.status, Some(0), "{point:?} {audit}");
    let events = env.hotfix(&["timeline", "--events"]).stdout.lines().count();
    End { events, world: world(env) }
}

fn world(env: &TestEnv) -> String {
    let remote = |args: &[&str]| env.git_in("remote.git", args);
    let branches = remote(&["for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags"]);
    let mut world = branches.clone();
    for branch in branches.lines().filter(|name| name.starts_with("refs/heads/")) {
        world += &format!("\n\n{branch}\n{}", remote(&["log", "--topo-order", "--format=%s", branch]));
    }
    let documents = remote(&["ls-tree", "-r", "--name-only", "main"]);
    world += &format!("\n\n{documents}");
    for document in documents.lines().filter(|path| path.starts_with("docs/issues/")) {
        let text = remote(&["show", &format!("main:{document}")]);
        world += &format!("\n{} resolution", text.matches("## Resolution").count());
    }
    world += &format!("\nchangelog: {}", remote(&["show", "main:CHANGELOG.md"]).matches("Payment API").count());
    world += &format!("\nwork trees: {}", env.git(&["worktree", "list"]).lines().count());
    for file in ["../built", "../deploys", "../running"] {
        world += &format!("\n{file}\n{}", env.read(file));
    }
    // Of a notice, the number of its event and the figures that it tells may differ.
    let notices = env.read("../notices");
    let subjects = notices.lines().map(|line| line.splitn(3, ' ').nth(2).unwrap_or_default());
    let subjects = subjects.map(|subject| subject.split(':').next().unwrap_or_default());
    // A number that was reserved by a process that then died is not given again.
    (world + "\n" + &subjects.collect::<Vec<_>>().join("\n")).replace("-002", "-001")
}
