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
    env.write("hotfix.toml", &(env.read("hotfix.toml") + destination));
    let hotfix = |args: &[&str]| env.run(env.hotfix_command(args).env("HOOK", &url));

    let declared = hotfix(&["declare", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    insta::assert_snapshot!(declared, @r"
    exit status: 0
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   next update due in 15 min   open
      !     team was not notified, tried once: status 500
    next: hotfix ship
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
    env.write("hotfix.toml", &(env.read("hotfix.toml") + &destination));
    let declared = env.hotfix(&["declare", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    assert!(declared.stderr.contains("`notify.by.memory` is called `file` now"), "{declared}");
    assert!(env.read("../notices").contains("Payment API returns 500"), "{declared}");
}
