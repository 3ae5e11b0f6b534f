//! An outage that holds a job: an incident of its own, once, linked both ways.

use serde_json::Value;

use crate::env::{Output, TestEnv};

/// A job whose release is watched while it and the bank fail.
fn story() -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    let failing = "every = \"5ms\"\nby.memory = { readings = [\"error\"] }\n";
    let config = env.read("hotfix.toml").replace("window = \"50ms\"", "window = \"20s\"");
    let config = config.replace("every = \"1ms\"\nby.memory = {}\n", failing);
    let notices = env.path("notices").display().to_string();
    let more = format!(
        "\n[[watch.probe]]\nname = \"bank\"\ndependency = true\n{failing}\n\
         [[notify]]\nname = \"team\"\nby.file = {{ path = \"{notices}\" }}\n"
    );
    env.settings(&(config.replace("window = \"20s\"", "window = \"20s\"\nblip = \"50ms\"") + &more));
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    env
}

/// What a command says to machines.
fn json(env: &TestEnv, args: &[&str]) -> Value {
    let output = env.hotfix(&[args, &["--json"]].concat());
    serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"))
}

/// The events of an incident, each with its number and its name.
fn events(env: &TestEnv, id: &str) -> Vec<(i64, Value)> {
    let events = json(env, &["timeline", "--events", id]);
    let events = events["events"].as_array().unwrap().iter();
    events.map(|event| (event["seq"].as_i64().unwrap(), event["fact"].clone())).collect()
}

/// The incidents that an incident is linked with.
fn links(env: &TestEnv, id: &str) -> Vec<String> {
    let linked = events(env, id).into_iter().filter(|(_, fact)| fact["event"] == "linked");
    let mut links: Vec<_> = linked.map(|(_, fact)| fact["incident"].as_str().unwrap().to_owned()).collect();
    // Said again for each time that it holds the watch.
    links.dedup();
    links
}

/// Checks that there is one incident of the outage, linked both ways, and that people were told of it;
/// returns its identifier.
fn is_told_once(env: &TestEnv, output: &Output) -> String {
    let list = json(env, &["list"]);
    let ids = list["incidents"].as_array().unwrap_or_else(|| panic!("{list}")).iter();
    let ids: Vec<_> = ids.map(|one| one["id"].as_str().unwrap().to_owned()).filter(|id| id != "001").collect();
    assert_eq!(ids.len(), 1, "{list}\n{output}");
    assert_eq!((links(env, "001"), links(env, &ids[0])), (vec![ids[0].clone()], vec!["001".to_owned()]), "{output}");
    let notices = env.read("../notices");
    assert_eq!(notices.matches("Outage in production: bank fails").count(), 1, "{notices}");
    ids[0].clone()
}

#[test]
fn an_outage_that_holds_a_job_is_an_incident_of_its_own() {
    let env = story();
    let shipped = env.hotfix(&["ship", "001"]);
    assert_eq!(shipped.status, Some(3), "{shipped}");
    let outage = is_told_once(&env, &shipped);
    assert!(shipped.stdout.contains(&format!("see {outage}: the outage that holds the watch")), "{shipped}");
    assert_eq!(env.read("../deploys").lines().count(), 1, "nothing was rolled back: {shipped}");
    let timeline = env.hotfix(&["timeline", &outage]).stdout;
    assert!(timeline.contains("see 001: its watch is held by this outage"), "{timeline}");

    // Still the same outage, for this job, for a watch alone, and for the next job.
    let resumed = env.hotfix(&["resume", "001"]);
    assert_eq!(resumed.status, Some(3), "{resumed}");
    is_told_once(&env, &resumed);
    let alone = env.hotfix(&["watch", "--declare"]);
    assert!(alone.stdout.contains(&format!("declared before: {outage}")), "{alone}");

    // What is over and comes again is another one.
    env.hotfix(&["abort", &outage, "--reason", "the bank is back", "--yes"]);
    env.hotfix(&["resume", "001"]);
    let links = links(&env, "001");
    assert!(links.len() == 2 && links[0] == outage && links[1] != outage, "{links:?}");
}

#[test]
fn killed_while_it_tells_of_an_outage_it_tells_once() {
    let env = story();
    env.hotfix(&["ship", "001"]);
    let last = events(&env, "001").into_iter().find(|(_, fact)| fact["event"] == "linked").unwrap().0;
    // 1 is the declaration of the outage, 3 its link; between them its notice is sent.
    let mut points = vec!["before:1".to_owned(), "after:1".to_owned(), "before:3".to_owned(), "after:3".to_owned()];
    points.extend([format!("before:{last}"), format!("after:{last}")]);
    std::thread::scope(|scope| {
        for half in points.chunks(3) {
            scope.spawn(move || {
                for point in half {
                    let env = story();
                    let killed = env.run(env.hotfix_command(&["ship", "001"]).env("HOTFIX_CRASH", point));
                    assert_eq!(killed.status, None, "{point}: {killed}");
                    let resumed = env.hotfix(&["resume", "001"]);
                    assert_eq!(resumed.status, Some(3), "{point}: {resumed}");
                    is_told_once(&env, &resumed);
                }
            });
        }
    });
}
