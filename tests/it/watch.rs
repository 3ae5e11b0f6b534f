//! `hotfix watch`, and the watch of a job: verdicts, crashes, and sources that answer nonsense.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::chaos::machine::Machine;
use crate::database::Kind;
use crate::env::{Output, TestEnv};

/// What a server does with a connection whose request was read.
type Answer = fn(&mut TcpStream) -> std::io::Result<()>;

/// A server that answers every request the same.
fn server(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || respond(stream, answer));
        }
    });
    address
}

fn respond(mut stream: TcpStream, answer: Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    answer(&mut stream)
}

fn say(stream: &mut TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn lines(output: &Output) -> Vec<Value> {
    output.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{output}"))).collect()
}

fn last(output: &Output) -> Value {
    lines(output).pop().unwrap_or_else(|| panic!("{output}"))
}

#[test]
fn an_address_is_watched_without_any_configuration() {
    let env = TestEnv::new();
    let good = format!("http://{}/", server(|stream| say(stream, "200 OK", "well")));
    let bad = format!("http://{}/", server(|stream| say(stream, "500 No", "oh")));
    let fast = ["--every", "10ms", "--window", "1s"];

    let verified = env.hotfix(&[&["watch", "--json", "--url", &good], &fast[..]].concat());
    let end = last(&verified);
    assert_eq!((verified.status, &end["verdict"], &end["errors"]), (Some(0), &"VERIFIED".into(), &0.into()), "{end}");

    let output = env.hotfix(&[&["watch", "--url", &bad], &fast[..]].concat());
    assert_eq!(output.status, Some(1), "{output}");
    assert!(output.stdout.contains("BAD, the share of errors is above the limit; the last one: status 500: oh"));

    let flood = env.hotfix(&["watch", "--url", &bad, "--every", "0s"]);
    assert!(flood.status == Some(2) && flood.stderr.contains("`every` has to be 1 ms or longer"), "{flood}");

    // Nor is a repository needed.
    let outside = env.run(env.hotfix_command(&[&["watch", "--url", &bad], &fast[..]].concat()).current_dir("/"));
    assert_eq!(outside.status, Some(1), "{outside}");
}

#[test]
fn an_endless_watch_ends_with_an_alarm_that_may_be_declared() {
    let env = TestEnv::new();
    let bad = format!("http://{}/", server(|stream| say(stream, "500 No", "oh")));
    let output = env.hotfix(&["watch", "--always", "--declare", "--json", "--every", "20ms", "--url", &bad]);
    let end = last(&output);
    assert_eq!((output.status, &end["verdict"]), (Some(1), &"BAD".into()), "{output}");
    assert!(env.hotfix(&["list"]).stdout.contains("P1  open"), "{}", env.hotfix(&["list"]));
}

#[test]
fn an_answer_may_be_wrong_in_its_header_body_or_time() {
    let url = server(|stream| say(stream, "200 OK", "degraded"));
    for (expected, why) in [
        ("answers = { x-release = \"v2\" }", "header `x-release` differs"),
        ("contains = \"well\"", "the body lacks `well`: degraded"),
        ("within = \"0s\"", "more than 0 ms"),
        ("status = 204", "status 200: degraded"),
    ] {
        let env = TestEnv::new();
        env.settings(&probe(&format!("http = {{ url = \"http://{url}/\", {expected} }}"), ""));
        let output = env.hotfix(&["watch"]);
        assert!(output.status == Some(1) && output.stdout.contains(why), "{expected}: {output}");
    }
}

/// A configuration with one probe, and settings of the watch.
fn probe(by: &str, settings: &str) -> String {
    format!("[watch]\n{settings}\n\n[[watch.probe]]\nname = \"service\"\nevery = \"20ms\"\nby.{by}\n")
}

fn prometheus(url: &str) -> String {
    format!("prometheus = {{ url = \"{url}\", requests = \"requests\", errors = \"errors\", timeout = \"300ms\" }}")
}

#[test]
fn whatever_a_source_answers_instead_of_numbers_is_blind_and_never_bad() {
    let cases: [(&str, Answer, &str); 7] = [
        ("nothing", |_| Ok(()), ""),
        ("status 500", |stream| say(stream, "500 Broken", "{}"), "status 500"),
        (
            "half a body",
            |stream| write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{{\"status\":\"succ"),
            "",
        ),
        (
            "too slow",
            |_| {
                std::thread::sleep(Duration::from_secs(2));
                Ok(())
            },
            "no answer in time",
        ),
        ("no JSON", |stream| say(stream, "200 OK", "<html>"), "can't be understood"),
        (
            "empty",
            |stream| say(stream, "200 OK", r#"{"status":"success","data":{"result":[]}}"#),
            "no sample of the last 120 s",
        ),
        (
            "not a number",
            |stream| say(stream, "200 OK", r#"{"data":{"result":[{"metric":{},"values":[[1,"NaN"]]}]}}"#),
            "no sample of the last 120 s",
        ),
    ];
    let blind = "blind = \"1s\"\nwindow = \"30s\"";
    std::thread::scope(|scope| {
        for (what, answer, why) in cases {
            scope.spawn(move || {
                let env = TestEnv::new();
                env.settings(&probe(&prometheus(&format!("http://{}", server(answer))), blind));
                let output = env.hotfix(&["watch", "--json"]);
                let end = last(&output);
                assert_eq!((output.status, &end["verdict"]), (Some(3), &"BLIND".into()), "{what}: {end}");
                assert!(end["reasons"].to_string().contains(why), "{what}: {end}");
            });
        }
    });
}

#[test]
fn what_fails_with_its_dependency_is_an_outage_and_may_be_declared() {
    let env = TestEnv::new();
    env.instant();
    let failing = "every = \"5ms\"\nby.memory = { readings = [\"error\"] }\n";
    let config = env.read("hotfix.toml").replace("window = \"50ms\"", "window = \"20s\"");
    let bank = format!("\n[[watch.probe]]\nname = \"bank\"\ndependency = true\n{failing}");
    env.settings(&(config.replace("every = \"1ms\"\nby.memory = {}\n", failing) + &bank));
    let output = env.hotfix(&["watch", "--json", "--declare"]);
    let end = last(&output);
    assert_eq!(
        (output.status, &end["verdict"], &end["outage"]),
        (Some(3), &"UNPROVEN".into(), &"bank".into()),
        "{end}"
    );
    assert!(env.hotfix(&["list"]).stdout.contains(end["incident"].as_str().unwrap()));

    // In a job, production stays as it is.
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    let shipped = env.hotfix(&["ship", "001"]);
    assert_eq!(shipped.status, Some(3), "{shipped}");
    assert!(shipped.stderr.contains("bank fails as well"), "{shipped}");
    assert_eq!(env.read("../deploys").lines().count(), 1, "{shipped}");
}

/// Waits until a line of `child`'s output holds.
fn wait_for(child: &mut Child, holds: impl Fn(&Value) -> bool) -> Value {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.find_map(|line| {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        holds(&line).then_some(line)
    });
    line.expect("it comes to that")
}

#[test]
fn a_watch_that_is_killed_continues_with_what_it_knew() {
    is_resumed(Kind::Sqlite);
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn a_watch_that_is_killed_continues_with_what_it_knew_on_postgres() {
    is_resumed(Kind::Postgres);
}

fn is_resumed(kind: Kind) {
    let env = TestEnv::on(kind);
    env.settings(&probe("memory = {}", "window = \"8s\""));
    let mut child = env.hotfix_command(&["watch", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&mut child, |line| line["seconds"].as_u64() >= Some(5));
    child.kill().unwrap();
    child.wait().unwrap();

    let output = env.hotfix(&["watch", "--json"]);
    assert!(output.stderr.contains("continues where it was interrupted"), "{output}");
    let first = &lines(&output)[0];
    assert!(first["went_on"].as_u64() >= Some(2) && first["requests"].as_u64() > Some(50), "{first}");
    assert_eq!((output.status, &last(&output)["verdict"]), (Some(0), &"VERIFIED".into()), "{output}");

    // Two at once do not mix up what they know.
    let mut child = env.hotfix_command(&["watch", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&mut child, |line| line["requests"].as_u64() > Some(0));
    let output = env.hotfix(&["watch", "--window", "100ms"]);
    assert!(output.stderr.contains("give each a --name"), "{output}");
    child.kill().unwrap();
    child.wait().unwrap();
    env.hotfix(&["watch", "--json", "--restart", "--window", "100ms"]);

    // A watch that has ended does not continue.
    let output = env.hotfix(&["watch", "--window", "100ms"]);
    assert!(!output.stderr.contains("continues"), "{output}");
}

#[test]
fn a_watch_that_died_with_its_machine_continues_on_another_one() {
    is_resumed_elsewhere(Kind::Sqlite);
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn a_watch_that_died_with_its_machine_continues_on_another_one_on_postgres() {
    is_resumed_elsewhere(Kind::Postgres);
}

/// Within the 30 s in which the dead process still has the lease, as nobody can see that it is dead.
fn is_resumed_elsewhere(kind: Kind) {
    let Some(machine) = Machine::start() else { return };
    let env = TestEnv::on(kind);
    env.settings(&probe("memory = {}", "window = \"20s\""));
    // A path is another repository on each machine.
    env.git(&["remote", "set-url", "origin", "https://git.example/shop"]);
    let watch = env.hotfix_command(&["watch", "--json"]);
    let mut child = machine.enter(&watch).stdout(Stdio::piped()).spawn().unwrap();
    // Read to its end: nobody goes on who can't say so.
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let is_far = |line: &String| serde_json::from_str::<Value>(line).unwrap()["seconds"].as_u64() >= Some(5);
    assert!(told.any(|line| is_far(&line)), "it comes to that");
    let rest = std::thread::spawn(move || told.count());
    // One that lives is left alone.
    let beside = env.hotfix(&["watch", "--window", "100ms"]);
    assert!(beside.stderr.contains("give each a --name"), "{beside}");
    drop(machine);
    child.wait().unwrap();
    rest.join().unwrap();

    let output = env.hotfix(&["watch", "--json"]);
    assert!(output.stderr.contains("continues where it was interrupted"), "{output}");
    let first = &lines(&output)[0];
    assert!(first["went_on"].as_u64() >= Some(2) && first["requests"].as_u64() > Some(50), "{first}");
    assert_eq!((output.status, &last(&output)["verdict"]), (Some(0), &"VERIFIED".into()), "{output}");
}

#[test]
fn the_watch_of_a_job_continues_after_a_crash() {
    let env = TestEnv::new();
    env.instant();
    env.settings(&env.read("hotfix.toml").replace("window = \"50ms\"", "window = \"14s\""));
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    let mut child = env.hotfix_command(&["ship"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(told.any(|line| line.starts_with("  ok    deploy")), "the watch begins after the deploy");
    std::thread::sleep(Duration::from_secs(9));
    child.kill().unwrap();
    child.wait().unwrap();

    let start = jiff::Timestamp::now();
    let output = env.hotfix(&["resume"]);
    assert_eq!(output.status, Some(0), "{output}");
    // Only the watch counts: what follows it takes its time on a busy machine.
    let events: Value = serde_json::from_str(&env.hotfix(&["timeline", "--events", "--json"]).stdout).unwrap();
    let is_end = |event: &&Value| event["fact"]["event"] == "step-done" && event["fact"]["step"] == "watch";
    let end: jiff::Timestamp =
        events["events"].as_array().unwrap().iter().find(is_end).unwrap()["at"].as_str().unwrap().parse().unwrap();
    assert!(end.duration_since(start).as_secs() < 13, "the watch did not start again: {output}");
    let report = env.hotfix(&["report"]).stdout;
    assert!(report.contains("VERIFIED"), "{report}");
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn another_clone_continues_the_watch_of_one_that_died() {
    let env = TestEnv::on(Kind::Postgres);
    env.instant();
    env.settings(&env.read("hotfix.toml").replace("window = \"50ms\"", "window = \"16s\""));
    env.commit("Watch for longer");
    env.git(&["push", "--quiet"]);
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    let mut child = env.hotfix_command(&["ship"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(told.any(|line| line.starts_with("  ok    deploy")), "the watch begins after the deploy");
    std::thread::sleep(Duration::from_secs(11));
    child.kill().unwrap();
    child.wait().unwrap();

    env.git_in(".", &["clone", "--quiet", "remote.git", "elsewhere"]);
    let start = Instant::now();
    let resumed = env.run(env.hotfix_command(&["resume", "001"]).current_dir(env.path("elsewhere")));
    assert_eq!(resumed.status, Some(0), "{resumed}");
    assert!(start.elapsed() < Duration::from_secs(15), "the watch did not start again: {resumed}");
    assert_eq!(env.read("../deploys").lines().count(), 1, "{resumed}");
    let report = env.hotfix(&["report", "001"]).stdout;
    assert!(report.contains("VERIFIED"), "{report}");
}

#[test]
fn an_unproven_release_is_watched_on() {
    let env = TestEnv::new();
    env.instant();
    let config = env.read("hotfix.toml");
    env.settings(&config.replace("certify = 0.9", "certify = 0.001\npatience = \"0s\""));
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    let held = env.hotfix(&["ship"]);
    assert_eq!(held.status, Some(3), "{held}");
    assert!(held.stderr.contains("more requests, about"), "{held}");

    env.settings(&config);
    let shipped = env.hotfix(&["resume"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
}

#[test]
fn each_probe_sees_what_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nats = nats("Hello");
    let mute = nats_without_responders();
    let metric = server(|stream| say(stream, "200 OK", r#"{"data":{"result":[{"metric":{},"value":[1,"0.7"]}]}}"#));
    let cases = [
        (format!("tcp = {{ address = \"{open}\" }}"), 0, ""),
        (format!("tcp = {{ address = \"{closed}\" }}"), 1, "refused"),
        ("dns = { name = \"localhost\", has = \"127.0.0.1\" }".to_owned(), 0, ""),
        ("dns = { name = \"localhost\", has = \"192.0.2.1\" }".to_owned(), 1, "resolves, but not to 192.0.2.1"),
        ("sql = { url = \"sqlite::memory:\", query = \"select 7\", below = 8 }".to_owned(), 0, ""),
        ("sql = { url = \"sqlite::memory:\", query = \"select 7\", below = 7 }".to_owned(), 1, "7 is not below 7"),
        ("sql = { url = \"sqlite::memory:\", query = \"selec\" }".to_owned(), 3, "syntax error"),
        (format!("sql = {{ url = \"postgres://me:s3cret@{closed}/x\", query = \"select 1\" }}"), 1, "refused"),
        (format!("metric = {{ url = \"http://{metric}\", query = \"cpu\", below = 0.8 }}"), 0, ""),
        (format!("metric = {{ url = \"http://{metric}\", query = \"cpu\", below = 0.7 }}"), 1, "0.7 is not below 0.7"),
        (format!("nats = {{ address = \"{nats}\", subject = \"hello\", contains = \"Hello\" }}"), 0, ""),
        (
            format!("nats = {{ address = \"{nats}\", subject = \"hello\", contains = \"Bye\" }}"),
            1,
            "the reply lacks `Bye`",
        ),
        (format!("nats = {{ address = \"{mute}\", subject = \"hello\" }}"), 1, "nobody answers this subject"),
        ("command = { run = \"exit 3\" }".to_owned(), 1, "exit status 3"),
    ];
    for (by, status, why) in cases {
        let env = TestEnv::new();
        // What is BAD ends the watch, however busy the machine.
        let window = if status == 1 { "20s" } else { "100ms" };
        let settings = format!("window = \"{window}\"\nblip = \"10ms\"\ncertify = 0.9\nblind = \"1s\"");
        env.settings(&probe(&by, &settings));
        let output = env.hotfix(&["watch"]);
        assert!(output.status == Some(status) && output.stdout.contains(why), "{by}: {output}");
        assert!(!output.to_string().contains("s3cret"), "{by}: {output}");
    }
}

/// A NATS server with one client at a time, that answers every request itself.
fn nats(reply: &'static str) -> SocketAddr {
    nats_server(move |inbox| format!("MSG {inbox} 1 {}\r\n{reply}\r\n", reply.len()))
}

fn nats_without_responders() -> SocketAddr {
    nats_server(|inbox| format!("HMSG {inbox} 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"))
}

fn nats_server(reply: impl Fn(&str) -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            stream.write_all(b"INFO {\"server_name\":\"test\"}\r\nPING\r\n").unwrap();
            let published = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let mut asked = published.filter_map(|line| Some(line.strip_prefix("PUB hello ")?.to_owned()));
            // The last look of a watch may be broken off.
            let Some(inbox) = asked.next() else { continue };
            let _ = stream.write_all(reply(inbox.split(' ').next().unwrap()).as_bytes());
        }
    });
    address
}

#[test]
fn a_new_kind_of_error_in_the_log_is_an_error_and_an_old_one_is_none() {
    let env = TestEnv::new();
    let follow = "echo 'error: user 1 has no card'; sleep 0.6; \
        while true; do echo 'error: user 2 has no card'; cat more; sleep 0.02; done";
    let by = format!("logs = {{ follow = \"{follow}\", settle = \"300ms\" }}");
    env.write("more", "");
    env.settings(&probe(&by, "window = \"2s\"\ncertify = 0.2"));
    let output = env.hotfix(&["watch"]);
    assert_eq!(output.status, Some(0), "{output}");

    env.write("more", "PANIC: no such table orders\n");
    let output = env.hotfix(&["watch"]);
    assert_eq!(output.status, Some(1), "{output}");
    assert!(output.stdout.contains("PANIC: no such table orders"), "{output}");
}
