//! The service with its knob, and its customers.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{ERRORS, GOOD, RATE};

/// By release: requests, and those that failed.
type Counters = Arc<Mutex<BTreeMap<String, (u64, u64)>>>;

/// A service that runs the release in the file `running`; any but [`GOOD`] fails some requests.
pub fn serve(running: PathBuf) -> SocketAddr {
    let counters = Counters::default();
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
pub struct Load(Arc<AtomicBool>);

impl Load {
    pub fn start(address: SocketAddr) -> Load {
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

pub fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: service\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}
