//! Notices: in order, none lost in an outage, and recognised by the receiver.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::env::TestEnv;

/// A receiver of webhooks that answers with these statuses, one after the other, then with 200.
fn receiver(mut statuses: Vec<u16>) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:s3cret@{}/hook", listener.local_addr().unwrap());
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let status = if statuses.is_empty() { 200 } else { statuses.remove(0) };
            let Ok(request) = answer(stream.unwrap(), status) else { continue };
            if status == 200 && send.send(request).is_err() {
                return;
            }
        }
    });
    (url, receive)
}

/// Reads a request and answers it; returns its Idempotency-Key and its body.
fn answer(mut stream: TcpStream, status: u16) -> std::io::Result<(String, String)> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_lowercase();
        if let Some(value) = line.strip_prefix("idempotency-key:") {
            key = value.trim().to_owned();
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    Ok((key, String::from_utf8_lossy(&body).into_owned()))
}

#[test]
fn an_outage_of_the_receiver_loses_nothing_and_keeps_the_order() {
    let env = TestEnv::new();
    env.instant();
    let (url, received) = receiver(vec![500]);
    let destination = "\n[[notify]]\nname = \"team\"\nby.webhook = { url = { env = \"HOOK\" } }\n";
    env.settings(&(env.read("hotfix.toml") + destination));
    let hotfix = |args: &[&str]| env.run(env.hotfix_command(args).env("HOOK", &url));

    let declared = hotfix(&["declare", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    insta::assert_snapshot!(declared, @r"
    exit status: 3
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   next update due in 15 min   open
      !     team was not notified, tried once: status 500
    next: hotfix ship
    --- stderr
    nobody was notified: tell them by another way; `hotfix resume` tries again
    ");
    assert!(!env.hotfix(&["timeline", "--events"]).stdout.contains("s3cret"));

    // A destination that failed is left alone for a while; then the oldest notice comes first.
    std::thread::sleep(Duration::from_secs(6));
    let updated = hotfix(&["note", "--update", "cause found"]);
    assert_eq!(updated.status, Some(0), "{updated}");
    let keys: Vec<String> = received.try_iter().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys[0].starts_with("001/1/") && keys[1].starts_with("001/"), "{keys:?}");
    assert!(!env.hotfix(&["status"]).stdout.contains("was not notified"));
}

#[test]
fn the_old_name_of_a_notifier_is_read_with_a_warning() {
    let env = TestEnv::new();
    env.instant();
    let notices = env.path("notices");
    let destination = format!("\n[[notify]]\nname = \"team\"\nby.memory = {{ file = \"{}\" }}\n", notices.display());
    env.settings(&(env.read("hotfix.toml") + &destination));
    let declared = env.hotfix(&["declare", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    assert!(declared.stderr.contains("`notify.by.memory` is called `file` now"), "{declared}");
    assert!(env.read("../notices").contains("Payment API returns 500"), "{declared}");
}

/// A configuration with webhooks at these addresses.
fn webhooks(env: &TestEnv, urls: &[String]) {
    let hooks: String = urls
        .iter()
        .enumerate()
        .map(|(index, url)| format!("\n[[notify]]\nname = \"team-{index}\"\nby.webhook = {{ url = \"{url}\" }}\n"))
        .collect();
    env.settings(&(env.read("hotfix.toml") + &hooks));
}

/// A server that takes connections and never answers, while the listener lives.
fn hanging() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    (listener, url)
}

const DECLARE: [&str; 6] = ["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"];

#[test]
fn hanging_receivers_hold_up_nobody() {
    let env = TestEnv::new();
    env.instant();
    let hanging = [hanging(), hanging(), hanging()];
    webhooks(&env, &hanging.each_ref().map(|(_, url)| url.clone()));
    let start = std::time::Instant::now();
    let started = env.hotfix(&DECLARE);
    // Two seconds for all of them, and room for a busy machine; one after the other it would be 15 s a round.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?} {started}", start.elapsed());
    assert_eq!(started.status, Some(3), "{started}");
    assert!(started.stderr.contains("nobody was notified: tell them by another way"), "{started}");
    for name in ["team-0", "team-1", "team-2"] {
        assert!(started.stdout.contains(&format!("{name} was not notified")), "{started}");
    }
    assert!(env.path("work-001").exists(), "the job continues: {started}");
}

#[test]
fn a_redirect_is_no_delivery() {
    let env = TestEnv::new();
    env.instant();
    let (url, _received) = receiver(vec![302; 20]);
    webhooks(&env, &[url]);
    let started = env.hotfix(&DECLARE);
    assert!(started.stdout.contains("status 302, a redirect"), "{started}");
    assert!(!env.hotfix(&["timeline", "--events"]).stdout.contains("notice-sent"));
}

#[test]
fn what_is_left_after_the_close_is_sent_by_any_command() {
    let env = TestEnv::new();
    env.instant();
    let team = "\n[[notify]]\nname = \"team\"\ntopics = [\"closed\"]\nby.command = { send = \"test -e ../up && echo $HOTFIX_SUBJECT >> ../notices\" }\n";
    env.settings(&(env.read("hotfix.toml") + team));
    assert_eq!(env.hotfix(&DECLARE).status, Some(0));
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(3), "nobody knows: {shipped}");
    env.write("../up", "");
    // The receiver rests for 5 s after its first failure.
    let arrived = (0..40).any(|_| {
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(env.hotfix(&["log"]).status, Some(0));
        env.path("notices").exists()
    });
    assert!(arrived && env.read("../notices").contains("resolved"));
}
