//! The watch with a real Prometheus, which scrapes a service that only has counters.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::env::TestEnv;

/// Requests a second to each release.
const RATE: f64 = 50.0;

/// What the counters of a service show.
#[derive(Clone, Copy)]
struct Service {
    /// The share of errors of the release, and of what ran before.
    release: f64,
    before: f64,
    /// The share of the release's requests that take a second.
    slow: f64,
    /// After how many seconds its processes restart.
    restarts: f64,
}

const GOOD: Service = Service { release: 0.0, before: 0.0, slow: 0.0, restarts: 1e9 };

impl Service {
    /// The metrics, so many seconds after it started.
    fn text(self, seconds: f64) -> String {
        let requests = RATE * (seconds % self.restarts);
        let mut text = String::new();
        for (version, errors) in [("v2", self.release), ("v1", self.before)] {
            let failed = (requests * errors).floor();
            text +=
                &format!("http_requests_total{{version=\"{version}\",code=\"200\"}} {}\n", (requests - failed).floor());
            // As with most libraries, there is no such series before the first error.
            if failed > 0.0 {
                text += &format!("http_requests_total{{version=\"{version}\",code=\"500\"}} {failed}\n");
            }
            let slow = if version == "v2" { (requests * self.slow).floor() } else { 0.0 };
            for (bound, count) in
                [("0.1", requests - slow), ("0.5", requests - slow), ("2.5", requests), ("+Inf", requests)]
            {
                let count = count.floor();
                text += &format!("http_duration_seconds_bucket{{version=\"{version}\",le=\"{bound}\"}} {count}\n");
            }
        }
        text
    }

    fn start(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let start = Instant::now();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let text = self.text(start.elapsed().as_secs_f64());
                std::thread::spawn(move || answer(stream, &text));
            }
        });
        address
    }
}

/// Answers the requests of one connection, each with the same text.
fn answer(mut stream: TcpStream, text: &str) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    if stream.read(&mut buffer)? > 0 {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n", text.len())?;
        write!(stream, "Connection: close\r\n\r\n{text}")?;
    }
    Ok(())
}

/// A Prometheus that scrapes one service every second, and is stopped when this goes out of scope.
struct Prometheus {
    child: Child,
    url: String,
}

impl Prometheus {
    fn start(directory: &Path, service: SocketAddr) -> Prometheus {
        let config = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs: [{{job_name: app, static_configs: [{{targets: ['{service}']}}]}}]\n"
        );
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join("prometheus.yml"), config).unwrap();
        // Freed again at once, so it may be taken meanwhile; then the next one is tried.
        for _ in 0..5 {
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let child = Command::new("prometheus")
                .arg("--config.file=prometheus.yml")
                .arg("--storage.tsdb.path=data")
                .arg(format!("--web.listen-address={address}"))
                .current_dir(directory)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(fs::File::create(directory.join("log")).unwrap())
                .spawn()
                .expect("prometheus is installed");
            let mut prometheus = Prometheus { child, url: format!("http://{address}") };
            if prometheus.has_scraped(address) {
                return prometheus;
            }
        }
        panic!("{}", fs::read_to_string(directory.join("log")).unwrap_or_default());
    }

    /// Waits until it has samples; false where it ended instead.
    fn has_scraped(&mut self, address: SocketAddr) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) && self.child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(100));
            let asked = TcpStream::connect(address).and_then(|mut stream| {
                write!(stream, "GET /api/v1/query?query=http_requests_total HTTP/1.0\r\n\r\n")?;
                let mut text = String::new();
                stream.read_to_string(&mut text)?;
                Ok(text.contains("\"v2\""))
            });
            if asked.unwrap_or(false) {
                return true;
            }
        }
        false
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CONFIG: &str = r#"
[watch]
window = "8s"
certify = 0.05
blind = "4s"

[[watch.probe]]
name = "traffic"
every = "500ms"
[watch.probe.by.prometheus]
url = "URL"
requests = 'http_requests_total{version="v2"}'
errors = 'http_requests_total{version="v2",code=~"5.."}'
latency = 'http_duration_seconds_bucket{version="v2"}'
"#;

const CONTROL: &str = r#"
control.requests = 'http_requests_total{version="v1"}'
control.errors = 'http_requests_total{version="v1",code=~"5.."}'
control.latency = 'http_duration_seconds_bucket{version="v1"}'
"#;

/// Watches a service, and returns the exit status and the end.
fn watched(service: Service, more: &str, blinded_after: Option<Duration>) -> (Option<i32>, Value) {
    let env = TestEnv::new();
    let mut prometheus = Prometheus::start(&env.path("prometheus"), service.start());
    env.settings(&(CONFIG.replace("URL", &prometheus.url) + more));
    let mut command = env.hotfix_command(&["watch", "--json"]);
    let output = std::thread::scope(|scope| {
        let running = scope.spawn(|| env.run(&mut command));
        if let Some(after) = blinded_after {
            std::thread::sleep(after);
            prometheus.child.kill().unwrap();
        }
        running.join().unwrap()
    });
    let last = output.stdout.lines().last().unwrap_or_else(|| panic!("{output}"));
    (output.status, serde_json::from_str(last).unwrap())
}

#[test]
#[ignore = "needs Prometheus: ./test installs it"]
fn a_real_prometheus_shows_each_verdict() {
    let cases = [
        ("good", GOOD, "", None, "VERIFIED"),
        ("good, with restarts", Service { restarts: 3.3, ..GOOD }, CONTROL, None, "VERIFIED"),
        ("errors", Service { release: 0.05, ..GOOD }, CONTROL, None, "BAD"),
        ("errors, no control", Service { release: 0.05, ..GOOD }, "", None, "BAD"),
        ("slow", Service { slow: 0.2, ..GOOD }, CONTROL, None, "BAD"),
        ("an outage of both", Service { release: 0.5, before: 0.5, ..GOOD }, CONTROL, None, "UNPROVEN"),
        ("better than before", Service { before: 0.2, ..GOOD }, CONTROL, None, "VERIFIED"),
        ("stopped", GOOD, "", Some(Duration::from_secs(2)), "BLIND"),
    ];
    std::thread::scope(|scope| {
        for (what, service, more, blinded_after, verdict) in cases {
            scope.spawn(move || {
                let (_, end) = watched(service, more, blinded_after);
                assert_eq!(end["verdict"], verdict, "{what}: {end}");
                assert_eq!(end["outage"] != Value::Null, what.starts_with("an outage"), "{what}: {end}");
            });
        }
    });
}

#[test]
#[ignore = "needs Prometheus: ./test installs it"]
fn a_prometheus_that_hangs_for_a_while_changes_nothing() {
    let env = TestEnv::new();
    let prometheus = Prometheus::start(&env.path("prometheus"), GOOD.start());
    env.settings(&CONFIG.replace("URL", &prometheus.url));
    let signal = |signal: &str| {
        let process = prometheus.child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    };
    let mut command = env.hotfix_command(&["watch", "--json"]);
    let output = std::thread::scope(|scope| {
        let running = scope.spawn(|| env.run(&mut command));
        std::thread::sleep(Duration::from_secs(2));
        signal("-STOP");
        std::thread::sleep(Duration::from_millis(2500));
        signal("-CONT");
        running.join().unwrap()
    });
    let end: Value = serde_json::from_str(output.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&end["verdict"], &end["errors"]), (&"VERIFIED".into(), &0.into()), "{output}");
    assert!(end["requests"].as_u64() > Some(300), "what it counted meanwhile was made up for: {end}");
}

#[test]
#[ignore = "needs Prometheus: ./test installs it"]
fn the_past_is_a_control_and_is_replayed() {
    let env = TestEnv::new();
    let good = Prometheus::start(&env.path("prometheus"), Service { release: 0.01, ..GOOD }.start());
    // Long enough for two windows of history.
    std::thread::sleep(Duration::from_secs(14));
    let config = CONFIG.replace("URL", &good.url).replace("window = \"8s\"", "window = \"4s\"\nerror_rate = 0.02");
    env.settings(&(config + "history = \"14s\"\n"));
    let output = env.hotfix(&["watch", "--json"]);
    let end: Value = serde_json::from_str(output.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(end["verdict"], "VERIFIED", "{output}");
    assert!(end["replay"]["watches"].as_u64() > Some(0), "{end}");
    assert!(end["tests"].to_string().contains("more errors than before the deploy"), "{end}");
}
