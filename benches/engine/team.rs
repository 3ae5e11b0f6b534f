//! Journals that are published, and read in another clone; with git alone beside it, which is the least that it costs.

use std::fs;
use std::time::Instant;

use hotfix::domain::event::Event;
use hotfix::domain::published;
use hotfix::git::anchor::Head;
use hotfix::git::project::Project;
use hotfix::git::published::{Claim, Content, Journal};

use crate::database::Kind;
use crate::env::TestEnv;
use crate::seed::{EVENTS, journals};
use crate::{Scale, show, time};

/// The name of the store that publishes.
const STORE: &str = "00112233445566778899aabbccddeeff";

pub fn measure(store: Kind, scale: Scale) {
    if !matches!(store, Kind::Sqlite) {
        return;
    }
    let env = TestEnv::on(store);
    env.instant();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (name, value) in [("user.name", "Ada"), ("user.email", "ada@example.org")] {
        env.git(&["config", name, value]);
    }
    let journals = runtime.block_on(journals(scale.published));
    let project = runtime.block_on(Project::open(&env.path("work"))).expect("it is a repository");
    let publish = |events: &[Event]| {
        let lines: Vec<_> = events.iter().map(|event| (event.digest.clone(), published::line(event, false))).collect();
        let last = events.last().expect("it has events");
        let head = Head { id: &last.incident, seq: last.seq, digest: &last.digest, store: STORE };
        let documents = [("report.md", "text\n".repeat(500)), ("view.json", "{}\n".repeat(500))];
        let content = Some(Content { events: &lines, documents: &documents });
        runtime.block_on(project.publish(&Journal { head, content }, Claim::No, &[])).expect("the remote takes it");
    };
    // The last one in several parts, as while a job runs.
    let (last, others) = journals.split_last().expect("there are some");
    let times = (1..=EVENTS).map(|events| {
        let start = Instant::now();
        publish(&last[..events]);
        start.elapsed()
    });
    show("publish what is new of a journal, promised: 100 ms", times.collect());
    let head = env.git(&["rev-parse", "HEAD"]);
    let mut number = 0;
    time("git push of one ref, for comparison", scale.runs, || {
        number += 1;
        env.git(&["push", "--quiet", "origin", &format!("{head}:refs/other/{number}")]);
    });
    others.iter().for_each(|journal| publish(journal));
    println!("  with {} published incidents of {EVENTS} events", journals.len());
    let clone = |name: &str| env.git_in(".", &["clone", "--quiet", "remote.git", name]);
    let in_clone = |name: &str, args: &[&str]| {
        let output = env.run(&mut env.command_in(name, args));
        assert_eq!(output.status, Some(0), "{output}");
        output
    };
    let times = (0..scale.jobs).map(|run| {
        let name = format!("fresh-{run}");
        clone(&name);
        let start = Instant::now();
        let listed = in_clone(&name, &["list", "--limit", "2000"]);
        let spent = start.elapsed();
        assert_eq!(listed.stdout.lines().count(), journals.len(), "{}{}", listed.stdout, listed.stderr);
        spent
    });
    show("fetch and list in a fresh clone, promised: 2000 ms", times.collect());
    let times = (0..scale.jobs).map(|run| {
        let name = format!("plain-{run}");
        clone(&name);
        let start = Instant::now();
        env.git_in(&name, &["fetch", "--quiet", "origin", "+refs/hotfix/*:refs/hotfix/fetched/*"]);
        start.elapsed()
    });
    show("git fetch of the same, for comparison", times.collect());
    for args in [&["status"][..], &["list"]] {
        time(&format!("hotfix {} there, promised: 300 ms", args[0]), scale.runs, || drop(in_clone("fresh-0", args)));
    }
    let fetched = env.path("fresh-0/.git/hotfix/fetched");
    time("hotfix status there, with a fetch of nothing new", scale.runs, || {
        fs::remove_file(&fetched).expect("it was fetched");
        in_clone("fresh-0", &["status"]);
    });
    let times = |publish: &str| {
        (0..scale.jobs)
            .map(|_| {
                let env = TestEnv::on(store);
                env.instant();
                env.settings(&format!(
                    "{}\n[team]\npublish = \"{publish}\"\nevery = \"100ms\"\n",
                    env.read("hotfix.toml")
                ));
                let start = Instant::now();
                env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "1"]);
                let mut spent = start.elapsed();
                env.fix("1");
                let start = Instant::now();
                assert_eq!(env.hotfix(&["ship"]).status, Some(0));
                spent += start.elapsed();
                spent
            })
            .collect()
    };
    show("the whole job that publishes nothing", times("nothing"));
    show("the whole job that publishes anchors", times("anchors"));
    show("the whole job that publishes, 30 times as often", times("journal"));
}
