//! For real: a service behind nginx, loaded through it and scraped by a Prometheus every second. A
//! fix that answers 5% of the requests with 500 is shipped; how soon it is BAD, and production back.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::env::TestEnv;

/// Requests a second.
const RATE: u32 = 50;
/// The share of requests that a bad release fails.
const ERRORS: f64 = 0.05;
const GOOD: &str = "v1.0.0";

/// By release: requests, and those that failed.
type Counters = Arc<Mutex<BTreeMap<String, (u64, u64)>>>;

pub fn print(runs: usize) {
    println!("for real: 5% errors after a deploy, {RATE} req/s through nginx, scraped by Prometheus every second");
    let (mut bad, mut back) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let (seconds_to_bad, seconds_to_back) = ship();
        println!(
            "  run {:>2}: BAD after {seconds_to_bad:.1} s, the old release back {seconds_to_back:.2} s later",
            run + 1
        );
        bad.push(seconds_to_bad);
        back.push(seconds_to_back);
    }
    for (what, mut seconds) in [("until BAD", bad), ("from BAD to the old release", back)] {
        seconds.sort_by(f64::total_cmp);
        let (median, most) = (seconds[runs / 2], seconds[runs - 1]);
        println!("  {what:<30} median {median:.2} s, slowest {most:.2} s");
    }
    println!("  fixed rules at 5% errors: over 10% for 300 s never; 1% x 5 checks after 300 s (simulated above)\n");
}

/// Ships a bad fix; returns the seconds from its deploy to BAD, and from there to the old release.
fn ship() -> (f64, f64) {
    let env = TestEnv::new();
    env.instant();
    let counters = Counters::default();
    let service = serve(env.path("running"), Arc::clone(&counters));
    let nginx = Nginx::start(&env.path("nginx"), service);
    let prometheus = Prometheus::start(&env.path("prometheus"), service);
    let _load = Load::start(nginx.address);
    let url = &prometheus.url;
    let config = env.read("hotfix.toml");
    let (before, _) = config.split_once("[watch]").expect("it is watched");
    let watch = format!(
        "[watch]\nwindow = \"1m\"\nerror_rate = 0.001\n\n[[watch.probe]]\nname = \"traffic\"\nevery = \"500ms\"\n\
         [watch.probe.by.prometheus]\nurl = \"{url}\"\nrequests = 'requests_total{{release=\"{{release}}\"}}'\n\
         errors = 'errors_total{{release=\"{{release}}\"}}'\n"
    );
    env.write("hotfix.toml", &format!("{before}{watch}"));
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    std::thread::sleep(Duration::from_secs(3));

    let mut shipping = env.hotfix_command(&["ship"]);
    let mut shipping = shipping.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let (mut deployed, mut bad, mut back) = (None, None, None);
    for line in BufReader::new(shipping.stderr.take().expect("it is a pipe")).lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        match words[..] {
            ["ok", "deploy"] => deployed = Some(Instant::now()),
            ["BAD", "watch"] => bad = Some(Instant::now()),
            ["ok", "roll-back"] => back = back.or(Some(Instant::now())),
            _ => {}
        }
        if back.is_some() {
            break;
        }
    }
    let _ = shipping.kill();
    let _ = shipping.wait();
    let running = fs::read_to_string(env.path("running")).unwrap_or_default();
    assert_eq!(running.trim(), GOOD, "the old release is back");
    let (deployed, bad, back) = (deployed.expect("deployed"), bad.expect("bad"), back.expect("back"));
    ((bad - deployed).as_secs_f64(), (back - bad).as_secs_f64())
}

/// A service that runs the release in the file `running`; any but [`GOOD`] fails some requests.
fn serve(running: PathBuf, counters: Counters) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let mut rng = fastrand::Rng::with_seed(9);
        for stream in listener.incoming().map_while(Result::ok) {
            let release = fs::read_to_string(&running).unwrap_or_default().trim().to_owned();
            let fails = release != GOOD && rng.f64() < ERRORS;
            let _ = answer(stream, &release, fails, &counters);
        }
    });
    address
}

fn answer(mut stream: TcpStream, release: &str, fails: bool, counters: &Counters) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let mut counters = counters.lock().map_err(|_| std::io::Error::other("poisoned"))?;
    let (status, body) = if first.starts_with("GET /metrics") {
        let lines = counters.iter().map(|(release, (requests, errors))| {
            format!(
                "requests_total{{release=\"{release}\"}} {requests}\nerrors_total{{release=\"{release}\"}} {errors}\n"
            )
        });
        ("200 OK", lines.collect::<String>())
    } else {
        let (requests, errors) = counters.entry(release.to_owned()).or_default();
        *requests += 1;
        *errors += u64::from(fails);
        (if fails { "500 Internal Server Error" } else { "200 OK" }, "paid\n".to_owned())
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// Customers, until this goes out of scope.
struct Load(Arc<AtomicBool>);

impl Load {
    fn start(address: SocketAddr) -> Load {
        let over = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&over);
        std::thread::spawn(move || {
            let mut next = Instant::now();
            while !theirs.load(Ordering::Relaxed) {
                let _ = ask(address, "/pay");
                next += Duration::from_secs(1) / RATE;
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        Load(over)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: service\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

struct Nginx {
    child: Child,
    address: SocketAddr,
}

impl Nginx {
    fn start(directory: &Path, service: SocketAddr) -> Nginx {
        fs::create_dir_all(directory).expect("a directory");
        let address = free();
        let config = format!(
            "daemon off; pid nginx.pid; error_log stderr; worker_processes 1; events {{}}\n\
             http {{ access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
             server {{ listen {address}; location / {{ proxy_pass http://{service}; }} }} }}\n"
        );
        fs::write(directory.join("nginx.conf"), config).expect("a file");
        let mut command = Command::new("nginx");
        command.arg("-p").arg(directory).args(["-c", "nginx.conf"]);
        let child = quiet(&mut command).spawn().expect("nginx is installed");
        wait(|| ask(address, "/").is_ok_and(|text| text.contains("paid")));
        Nginx { child, address }
    }
}

struct Prometheus {
    child: Child,
    url: String,
}

impl Prometheus {
    fn start(directory: &Path, service: SocketAddr) -> Prometheus {
        fs::create_dir_all(directory).expect("a directory");
        let config = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs: [{{job_name: app, static_configs: [{{targets: ['{service}']}}]}}]\n"
        );
        fs::write(directory.join("prometheus.yml"), config).expect("a file");
        let address = free();
        let mut command = Command::new("prometheus");
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
        command.arg(format!("--web.listen-address={address}")).current_dir(directory);
        let child = quiet(&mut command).spawn().expect("prometheus is installed");
        wait(|| ask(address, "/api/v1/query?query=requests_total").is_ok_and(|text| text.contains(GOOD)));
        Prometheus { child, url: format!("http://{address}") }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its worker ends with it only when it is asked to.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free")
}

fn wait(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "it does not start");
        std::thread::sleep(Duration::from_millis(100));
    }
}
