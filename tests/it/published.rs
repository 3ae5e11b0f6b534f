//! What other clones of the remote see of an incident, each with a journal of its own.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::env::{Output, TestEnv};

/// A remote, the clone `work` that declares incidents, and the clone `bob`, which asks the remote each time.
pub fn two(settings: &str) -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    env.settings(&format!("{}\n{settings}[team]\nfetch = \"0s\"\nfetch_limit = \"30s\"\n", env.read("hotfix.toml")));
    env.clone_to("bob");
    env
}

pub fn declare(env: &TestEnv, id: &str, title: &str) {
    let declared = env.hotfix(&["declare", title, "--severity", "P0", "--issue-id", id]);
    assert_eq!(declared.status, Some(0), "{declared}");
}

fn bob(env: &TestEnv, args: &[&str]) -> Output {
    env.hotfix_in("bob", args)
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
}

impl TestEnv {
    /// Runs git in the remote with something on its standard input, and returns what it printed.
    fn remote(&self, args: &[&str], input: &[u8]) -> String {
        let mut command = Command::new("git");
        command.args(args).current_dir(self.path("remote.git")).stdin(Stdio::piped()).stdout(Stdio::piped());
        for who in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
            command.env(who, "mallory@example.org");
        }
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {args:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// A line of a tree: a file with this content.
    fn blob(&self, name: &str, content: &[u8]) -> String {
        format!("100644 blob {}\t{name}\n", self.remote(&["hash-object", "-w", "--stdin"], content))
    }

    fn tree(&self, entries: &str) -> String {
        self.remote(&["mktree", "--missing"], entries.as_bytes())
    }

    /// Puts a tree on top of the incident's ref, or in its place.
    fn forge(&self, id: &str, tree: &str, head: &str, on_top: bool) {
        let refname = format!("refs/hotfix/{id}");
        let message = format!("{id}\n\nHotfix-Journal: {head}\nHotfix-Store: 00112233445566778899aabbccddeeff\n");
        let tip = self.remote(&["for-each-ref", "--format=%(objectname)", &refname], b"");
        let parent = if on_top && !tip.is_empty() { vec!["-p", &tip] } else { Vec::new() };
        let args = [&["commit-tree", "-F", "-"], &parent[..], &[tree]].concat();
        let commit = self.remote(&args, message.as_bytes());
        self.remote(&["update-ref", &refname, &commit], b"");
    }

    /// The lines of a published journal, and its head as the commit has it.
    pub fn published(&self, id: &str) -> (Vec<String>, String) {
        let refname = format!("refs/hotfix/{id}");
        let names = self.git_in("remote.git", &["ls-tree", "--name-only", &format!("{refname}:events")]);
        let segments = names
            .lines()
            .map(|name| self.git_in("remote.git", &["cat-file", "blob", &format!("{refname}:events/{name}")]));
        let lines = segments.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        let head =
            self.git_in("remote.git", &["log", "-1", "--format=%(trailers:key=Hotfix-Journal,valueonly)", &refname]);
        (lines, head.trim().to_owned())
    }
}

#[test]
fn another_clone_sees_an_incident_from_its_declaration_to_its_end() {
    let env = two("");
    let none = bob(&env, &["list"]);
    assert_eq!(none.stdout, "no incident was declared yet\n", "{none}");
    let started = env.hotfix(&["Payment API returns 500", "--severity", "P0", "--issue-id", "PAY-1"]);
    assert_eq!(started.status, Some(0), "{started}");

    let list = bob(&env, &["list"]);
    assert!(list.stdout.contains("PAY-1") && list.stdout.contains("(in the clone of Ada <ada@example.org>)"), "{list}");
    let status = bob(&env, &["status"]);
    assert!(status.stdout.starts_with("as of 20") && status.stdout.contains("the working clone of Ada"), "{status}");
    assert!(status.stdout.contains("Payment API returns 500"), "{status}");
    let view = json(&bob(&env, &["status", "PAY-1", "--json"]));
    assert_eq!(view["incidents"][0]["elsewhere"]["who"], "Ada <ada@example.org>", "{view}");
    assert_eq!(view["incidents"][0]["incident"]["id"], "PAY-1");

    env.fix("PAY-1");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    let log = bob(&env, &["log"]);
    let own = env.hotfix(&["log"]);
    assert_eq!(log.stdout, own.stdout, "{log}");
    assert!(log.stdout.contains("VERIFIED"), "{log}");
    // How the check ended in detail is kept by the working clone.
    assert!(bob(&env, &["diff", "PAY-1"]).stdout.contains("+fixed PAY-1"));
    for command in ["timeline", "report"] {
        let there = bob(&env, &[command, "PAY-1"]);
        let here = env.hotfix(&[command, "PAY-1"]);
        assert_eq!((there.status, &there.stdout), (Some(0), &here.stdout), "{command}: {there}");
    }
    let due = bob(&env, &["list", "--due"]);
    assert!(due.stdout.contains("PAY-1"), "{due}");
    assert_eq!(bob(&env, &["audit", "verify"]).status, Some(3), "it is kept elsewhere");
    // Nothing of another's journal is in this clone's own.
    let listed = env.run(env.hotfix_command_in("bob", &["list"]).env("HOTFIX_STORE", "sqlite"));
    assert!(listed.stdout.contains("in the clone of Ada"), "{listed}");
}

#[test]
fn each_publish_adds_what_is_new_and_the_tree_has_the_documents() {
    let env = two("");
    declare(&env, "PAY-1", "Payment API returns 500");
    let first = env.git_in("remote.git", &["ls-tree", "refs/hotfix/PAY-1:events"]);
    assert_eq!(env.hotfix(&["note", "the pool is full", "--id", "PAY-1"]).status, Some(0));
    let second = env.git_in("remote.git", &["ls-tree", "refs/hotfix/PAY-1:events"]);
    assert!(second.starts_with(&first) && second.lines().count() == 2, "{second}");
    let files = env.git_in("remote.git", &["ls-tree", "--name-only", "refs/hotfix/PAY-1"]);
    assert_eq!(files, "events\nformat\nreport.md\ntimeline.md\nview.json");
    let view = env.git_in("remote.git", &["cat-file", "blob", "refs/hotfix/PAY-1:view.json"]);
    let view: Value = serde_json::from_str(&view).unwrap();
    assert_eq!(view["incidents"][0]["incident"]["title"], "Payment API returns 500");
    let (lines, head) = env.published("PAY-1");
    let last: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!(head, format!("{} {}", lines.len(), last["digest"].as_str().unwrap()));
}

#[test]
fn lines_of_a_log_stay_with_the_working_clone() {
    let env = two("[investigate]\nlogs = \"cat ../app.log\"\n\n");
    env.write("../app.log", "2026-11-29T10:00:00Z error: card 4929 of customer Grace was refused\n");
    declare(&env, "PAY-1", "Payment API returns 500");
    assert_eq!(env.hotfix(&["investigate"]).status, Some(0));
    for command in [&["status"][..], &["investigate"], &["timeline"], &["report"]] {
        let here = env.hotfix(command);
        assert!(here.stdout.contains("customer Grace") || command[0] == "report", "{command:?} {here}");
    }
    let there = bob(&env, &["timeline", "PAY-1"]);
    assert!(there.stdout.contains("(a line that the working clone keeps)"), "{there}");
    assert!(!env.has_object_with("Grace"), "it is on the remote");
    assert_eq!(env.hotfix(&["audit", "verify"]).status, Some(0));

    env.settings(&env.read("hotfix.toml").replace("[team]\n", "[team]\nlines = true\n"));
    declare(&env, "PAY-2", "Payment API returns 500");
    assert_eq!(env.hotfix(&["investigate", "PAY-2"]).status, Some(0));
    let there = bob(&env, &["timeline", "PAY-2"]);
    assert!(there.stdout.contains("customer Grace"), "{there}");
}

impl TestEnv {
    /// Whether any object of the remote has `text` in it.
    pub fn has_object_with(&self, text: &str) -> bool {
        let all = self
            .git_in("remote.git", &["cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)"]);
        all.lines()
            .filter_map(|line| line.split_once(' '))
            .any(|(name, kind)| kind != "tree" && self.git_in("remote.git", &["cat-file", kind, name]).contains(text))
    }
}

#[test]
fn only_anchors_or_nothing_is_published_where_that_is_set() {
    for (publish, is_there) in [("anchors", true), ("nothing", false)] {
        let env = two("");
        env.settings(&env.read("hotfix.toml").replace("[team]\n", &format!("[team]\npublish = \"{publish}\"\n")));
        declare(&env, "PAY-1", "Payment API returns 500");
        assert!(!env.has_object_with("Payment API"), "{publish}");
        let head = env.published_head("PAY-1");
        assert_eq!(!head.is_empty(), is_there, "{publish}: {head}");
        let list = bob(&env, &["list"]);
        assert_eq!(list.stdout, "no incident was declared yet\n", "{list}");
    }
}

impl TestEnv {
    fn published_head(&self, id: &str) -> String {
        let format = "--format=%(trailers:key=Hotfix-Journal,valueonly)";
        self.git_in("remote.git", &["log", "-1", format, &format!("refs/hotfix/{id}")]).trim().to_owned()
    }
}

#[test]
fn a_remote_that_refuses_is_said_once_and_the_rest_works() {
    let env = two("");
    let hook = env.path("remote.git/hooks/pre-receive");
    fs::write(&hook, "#!/bin/sh\nwhile read old new name; do case $name in refs/hotfix/*) echo no refs like this; exit 1;; esac; done\n")
        .unwrap();
    fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let declared = env.hotfix(&["Payment API returns 500", "--severity", "P0", "--issue-id", "PAY-1"]);
    assert_eq!(declared.status, Some(0), "{declared}");
    assert_eq!(declared.stderr.matches("refuses refs/hotfix").count(), 1, "{declared}");
    assert!(declared.stderr.contains("no refs like this"), "{declared}");
    env.fix("PAY-1");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert!(!shipped.stderr.contains("refuses refs/hotfix"), "{shipped}");
}

#[test]
fn without_the_remote_it_is_as_it_was_fetched_last() {
    let env = two("");
    declare(&env, "PAY-1", "Payment API returns 500");
    assert!(bob(&env, &["list"]).stdout.contains("PAY-1"));
    fs::rename(env.path("remote.git"), env.path("gone.git")).unwrap();
    let list = bob(&env, &["list"]);
    assert_eq!(list.status, Some(0), "{list}");
    assert!(list.stdout.contains("PAY-1") && list.stderr.is_empty(), "{list}");
}

#[test]
fn what_is_written_there_is_refused_here() {
    let env = two("");
    declare(&env, "PAY-1", "Payment API returns 500");
    for args in [&["ship"][..], &["resume", "PAY-1"], &["abort", "--reason", "no", "--yes"], &["deploy", "PAY-1"]] {
        let refused = bob(&env, args);
        assert_eq!(refused.status, Some(3), "{args:?}: {refused}");
        assert!(
            refused.stderr.contains("`PAY-1` is worked on in another clone (Ada <ada@example.org>, as of 20"),
            "{refused}"
        );
        assert!(refused.stderr.contains("hotfix takeover PAY-1 --reason ... continues it here"), "{refused}");
    }
    let error = json(&bob(&env, &["ship", "--json"]));
    assert_eq!((&error["error"]["kind"], &error["error"]["code"]), (&"held".into(), &"elsewhere".into()));
    // An incident of one's own is meant where no name is given.
    let own = bob(&env, &["declare", "Search is down", "--severity", "P0", "--issue-id", "PAY-2"]);
    assert_eq!(own.status, Some(0), "{own}");
    let noted = bob(&env, &["note", "the index is gone"]);
    assert_eq!(noted.status, Some(0), "{noted}");
    assert!(bob(&env, &["timeline", "PAY-2"]).stdout.contains("the index is gone"));
}

/// What bob sees of a ref that somebody forged.
fn seen(env: &TestEnv) -> String {
    let list = bob(env, &["list"]);
    assert_eq!(list.status, Some(0), "{list}");
    assert!(list.stdout.contains("PAY-1"), "the others are still shown: {list}");
    list.stderr
}

#[test]
fn a_published_chain_that_was_changed_is_named() {
    for (what, said) in [
        ("inserted", "event 3 was"),
        ("edited", "event 2 was edited"),
        ("cut off", "event 3 was cut off"),
        ("rewritten", "event 3 was rewritten"),
        ("of another", "is of another journal"),
    ] {
        let env = two("");
        declare(&env, "PAY-1", "Payment API returns 500");
        declare(&env, "PAY-2", "Search is down");
        for note in ["one", "two"] {
            assert_eq!(env.hotfix(&["note", note, "--id", "PAY-2"]).status, Some(0));
        }
        let (mut lines, mut head) = env.published("PAY-2");
        match what {
            "inserted" => lines.insert(2, lines[1].replace("\"seq\":2", "\"seq\":3")),
            "edited" => lines[1] = lines[1].replace("one", "own"),
            "cut off" => {
                lines.truncate(2);
                let last: Value = serde_json::from_str(&lines[1]).unwrap();
                head = format!("2 {}", last["digest"].as_str().unwrap());
            }
            "rewritten" => {
                // A whole chain of somebody else's, right in itself.
                let other = bob(&env, &["declare", "Search is fine", "--severity", "P0", "--issue-id", "PAY-3"]);
                assert_eq!(other.status, Some(0), "{other}");
                for note in ["three", "four"] {
                    assert_eq!(bob(&env, &["note", note, "--id", "PAY-3"]).status, Some(0));
                }
                (lines, head) = env.published("PAY-3");
            }
            _ => lines[2] = env.published("PAY-1").0[0].clone(),
        }
        let text = lines.join("\n") + "\n";
        let events = env.tree(&env.blob("00000001", text.as_bytes()));
        let tree = env.tree(&format!("{}040000 tree {events}\tevents\n", env.blob("format", b"1\n")));
        env.forge("PAY-2", &tree, &head, true);
        let stderr = seen(&env);
        assert!(stderr.contains("`PAY-2`, published by another clone") && stderr.contains(said), "{what}: {stderr}");
    }
}

#[test]
fn a_ref_that_was_put_in_anothers_place_is_named_and_not_followed() {
    let env = two("");
    declare(&env, "PAY-1", "Payment API returns 500");
    assert!(bob(&env, &["list"]).stdout.contains("Payment API"));
    declare(&env, "PAY-2", "Search is down");
    let tree = env.git_in("remote.git", &["rev-parse", "refs/hotfix/PAY-2^{tree}"]);
    env.forge("PAY-1", &tree, &env.published("PAY-2").1, false);
    for _ in 0..2 {
        let list = bob(&env, &["list"]);
        assert!(list.stdout.contains("Payment API") && list.stderr.contains("replaced or moved back"), "{list}");
    }
    let taken = bob(&env, &["takeover", "PAY-1", "--reason", "no answer", "--yes"]);
    assert_eq!(taken.status, Some(1), "{taken}");
}

#[test]
fn malformed_and_huge_trees_are_named_and_stop_nothing() {
    let env = two("");
    declare(&env, "PAY-1", "Payment API returns 500");
    let head = format!("1 {}", "0".repeat(64));
    let format = env.blob("format", b"1\n");
    let events = |entries: &str| format!("{format}040000 tree {}\tevents\n", env.tree(entries));
    let blob = |content: &[u8]| env.blob("00000001", content);
    let many: String = {
        let name = env.blob("x", b"").split_whitespace().nth(2).unwrap().to_owned();
        (0..100_000).map(|number| format!("100644 blob {name}\t{number:08}\n")).collect()
    };
    let missing = "1".repeat(40);
    let cases: Vec<(String, &str)> = vec![
        (events(&blob(b"")), "it has no event"),
        (events(&blob(b"{}\n")), "event 1 can't be read"),
        (events(&blob(b"[[[[[[[[[[\n")), "event 1 can't be read"),
        (events(&blob(b"\xff\xfe\n")), "not UTF-8"),
        (events(&blob(&[b'x'; 65 << 20])), "it has 65 MiB"),
        (events(&blob(b"x").replace("100644", "120000")), "is not a segment"),
        (events(&format!("160000 commit {missing}\t00000001\n")), "is not a segment"),
        (events(&env.blob("\u{202e}evil", b"x")), "is not a segment"),
        (events(&many), "more than"),
        (format!("{format}{}", env.blob("events", b"x")), "`events` is not a folder"),
        (format!("{}040000 tree {}\tevents\n", env.blob("format", b"2\n"), env.tree(&blob(b"x"))), "a newer hotfix"),
        (
            format!("{}040000 tree {}\tevents\n", env.blob("format", &[b'1'; 100]), env.tree(&blob(b"x"))),
            "not a small file",
        ),
    ];
    for (entries, said) in cases {
        env.forge("EVIL-1", &env.tree(&entries), &head, false);
        // Another history each time, which this clone has not seen.
        env.git_in("bob", &["update-ref", "-d", "refs/hotfix/remote/EVIL-1"]);
        let stderr = seen(&env);
        assert!(stderr.contains("`EVIL-1`") && stderr.contains(said), "{said}: {stderr}");
        assert!(!stderr.contains('\u{202e}'), "{stderr}");
    }
    // Nobody's tree: a blob, a strange name, the folder of requests.
    let object = env.remote(&["hash-object", "-w", "--stdin"], b"x");
    for name in ["refs/hotfix/BLOB", "refs/hotfix/inbox/PAY-1/x", "refs/hotfix/é"] {
        env.remote(&["update-ref", name, &object], b"");
    }
    env.remote(&["update-ref", "-d", "refs/hotfix/EVIL-1"], b"");
    env.git_in("bob", &["update-ref", "-d", "refs/hotfix/remote/EVIL-1"]);
    assert_eq!(seen(&env), "");
    let refused = env.hotfix(&["declare", "x y", "--severity", "P0", "--issue-id", "inbox"]);
    assert!(refused.stderr.contains("a name that hotfix uses itself"), "{refused}");
}

#[test]
fn control_characters_of_another_clone_are_spelled_out() {
    let env = two("");
    let mut declare =
        env.hotfix_command(&["declare", "Payment\u{202e}API down", "--severity", "P0", "--issue-id", "PAY-1"]);
    let declared = env.run(declare.env("GIT_COMMITTER_NAME", "E\u{1b}[31mve\u{200b}"));
    assert_eq!(declared.status, Some(0), "{declared}");
    for args in [&["list"][..], &["status"], &["timeline"], &["ship"], &["takeover", "--reason", "x", "--dry-run"]] {
        let output = bob(&env, args);
        let printed = format!("{}{}", output.stdout, output.stderr);
        assert!(!printed.contains(['\u{1b}', '\u{200b}', '\u{202e}']), "{args:?} {output}");
    }
}

#[test]
fn two_clones_with_one_store_both_publish() {
    let env = two("");
    let store = env.path("shared");
    fs::create_dir(&store).unwrap();
    declare(&env, "PAY-1", "Payment API returns 500");
    // As two clones of one PostgreSQL: the other one has the same journals, and the same name.
    fs::create_dir_all(env.path("bob/.git/hotfix")).unwrap();
    fs::remove_file(env.path("bob/.git/hotfix/journal.db")).ok();
    std::os::unix::fs::symlink(env.path("work/.git/hotfix/journal.db"), env.path("bob/.git/hotfix/journal.db"))
        .unwrap();
    for (clone, note) in [("bob", "from bob"), ("work", "from work"), ("bob", "again")] {
        let noted = env.hotfix_in(clone, &["note", note]);
        assert_eq!(noted.status, Some(0), "{noted}");
    }
    let (lines, head) = env.published("PAY-1");
    assert_eq!((lines.len(), head.split(' ').next()), (4, Some("4")), "{lines:?}");
}
