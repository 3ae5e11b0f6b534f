//! The whole job with the real program, killed with SIGKILL around every event: the same end, and
//! every outside effect exactly once.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::database::Kind;
use crate::env::TestEnv;

#[test]
fn killed_before_and_after_every_event() {
    survives(Kind::Sqlite);
}

/// One job that is killed at all of these points, one after the other, each time by the event that the
/// resumed process comes to next; resumed in another clone each time.
#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn killed_before_and_after_every_event_in_a_row() {
    let whole = run(&story(Kind::Postgres), None);
    let env = story(Kind::Postgres);
    env.clone_to("second");
    let mut kills = 0;
    for point in (1..).flat_map(|seq| [format!("before:{seq}"), format!("after:{seq}")]) {
        let args: &[&str] = if kills < 2 { &START } else { &["resume"] };
        let clone = ["work", "second"][kills % 2];
        let ended = env.run(env.hotfix_command_in(clone, args).env("HOTFIX_CRASH", &point));
        match ended.status {
            None => kills += 1,
            // `start` ends where the fix is wanted.
            Some(0) if !env.hotfix(&["list"]).stdout.contains(" closed ") => {}
            status => {
                assert_eq!(status, Some(0), "{point} {ended}");
                break;
            }
        }
    }
    assert!(kills >= 2 * whole.events, "{kills} kills, but {} events", whole.events);
    assert_eq!(end(&env, None).world, without_work_trees(&whole.world));
}

#[test]
fn killed_in_the_middle_of_the_deploy() {
    let whole = run(&story(Kind::Sqlite), None);
    assert_eq!(run(&story(Kind::Sqlite), Some("within:deploy")).world, whole.world);
}

fn survives(kind: Kind) {
    let story = story(kind);
    let sandbox = story.path("");
    let again = || TestEnv::copy_of(&sandbox, kind);
    let whole = run(&again(), None);
    assert!(whole.events > 30, "the story is the whole job, but has {} events", whole.events);
    let points: Vec<String> =
        (1..=whole.events).flat_map(|seq| [format!("before:{seq}"), format!("after:{seq}")]).collect();
    at_each(&points, |point| {
        let end = run(&again(), Some(point.as_str()));
        assert_eq!(end.world, whole.world, "killed {point}");
    });
}

/// Calls `check` with each point, four at a time: they wait for processes most of their lives. Where
/// HOTFIX_TEST_EVERY is a number, as in `./test --quick`, with every so many-th.
pub fn at_each<T: Sync>(points: &[T], check: impl Fn(&T) + Sync) {
    let every = std::env::var("HOTFIX_TEST_EVERY").ok().and_then(|every| every.parse().ok()).unwrap_or(1);
    let points: Vec<&T> = points.iter().step_by(every).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(point);
                }
            });
        }
    });
}

/// How a run ended.
struct End {
    /// How many there were, where nothing was killed.
    events: usize,
    /// What can be seen outside: branches, tags, documents, deploys, notices.
    world: String,
}

/// A repository in which the whole job runs without anybody, every branch clean.
fn story(kind: Kind) -> TestEnv {
    let env = TestEnv::on(kind);
    env.instant();
    let fix = "printf fixed > fix.txt && git add . && git commit --quiet --message 'Fix it'";
    let build = "echo $HOTFIX_RELEASE >> $HOME/../built; \
                 echo registry/app@sha256:$(sha256sum fix.txt | cut -c -64)";
    let more = format!(
        "\n[fix]\ncommand = \"{fix}\"\n\n[image]\nbuild = \"{build}\"\n\n\
         [[notify]]\nname = \"team\"\nby.file = {{ path = \"../notices\" }}\n"
    );
    env.settings(&(env.read("hotfix.toml") + &more));
    env.commit("Let a command make the fix");
    env.git(&["push", "--quiet", "origin", "main", "main:develop", "main:release/1", "main:feature/a"]);
    env
}

const START: [&str; 4] = ["start", "Payment API returns 500", "--severity", "P0"];

/// Runs the job; where it is killed at `point`, resumes it.
fn run(env: &TestEnv, point: Option<&str>) -> End {
    let mut killed = false;
    for args in [&START[..], &["ship"]] {
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
        // Then there is no incident yet.
        if point == Some("before:1") {
            let output = env.hotfix(&START);
            assert_eq!(output.status, Some(0), "{output}");
        }
        let output = env.hotfix(&["resume"]);
        assert_eq!(output.status, Some(0), "{point:?} {output}");
    }
    end(env, point)
}

fn end(env: &TestEnv, point: Option<&str>) -> End {
    let list = env.hotfix(&["list"]);
    assert!(list.stdout.contains(" closed "), "{point:?} {list}");
    let audit = env.hotfix(&["audit", "verify"]);
    assert_eq!(audit.status, Some(0), "{point:?} {audit}");
    let events = match point {
        None => env.hotfix(&["timeline", "--events"]).stdout.lines().count(),
        Some(_) => 0,
    };
    End { events, world: world(env) }
}

fn without_work_trees(world: &str) -> String {
    world.lines().filter(|line| !line.starts_with("work trees: ")).collect::<Vec<_>>().join("\n")
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
    // What another clone made it keeps: its work tree may have a person's work in it.
    if !env.path("second").exists() {
        world += &format!("\nwork trees: {}", env.git(&["worktree", "list"]).lines().count());
    }
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
