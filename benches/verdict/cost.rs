//! What a watch costs: a log of 10,000 lines a second, and a Prometheus with 500 series, in processor
//! time and memory of the process that watches.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::env::TestEnv;

const LINES: u64 = 10_000;
const SERIES: usize = 500;

/// Prints what a watch of so many seconds costs.
pub fn print(seconds: u64) {
    let env = TestEnv::new();
    let prometheus = prometheus();
    let printer = std::env::current_exe().expect("this program");
    env.write(
        "hotfix.toml",
        &format!(
            "[watch]\nwindow = \"{seconds}s\"\n\n[[watch.probe]]\nname = \"log\"\nevery = \"1s\"\n\
             by.logs = {{ follow = [\"{}\", \"print-log\", \"{}\"] }}\n\n\
             [[watch.probe]]\nname = \"traffic\"\nevery = \"1s\"\n[watch.probe.by.prometheus]\n\
             url = \"http://{prometheus}\"\nrequests = \"requests\"\nerrors = \"errors\"\n",
            printer.display(),
            env.path("printed").display()
        ),
    );
    let start = Instant::now();
    let mut watch = env.hotfix_command(&["watch", "--json"]);
    let mut watch = watch.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("it starts");
    let (mut used, mut last) = ((0.0, 0), String::new());
    for line in BufReader::new(watch.stdout.take().expect("it is a pipe")).lines().map_while(Result::ok) {
        used = usage(watch.id()).unwrap_or(used);
        last = line;
    }
    let took = start.elapsed().as_secs_f64();
    let _ = watch.wait();
    let (processor, memory) = used;
    let printed: f64 = fs::read_to_string(env.path("printed")).ok().and_then(|count| count.parse().ok()).unwrap_or(0.0);
    assert!(last.contains("\"VERIFIED\""), "{last}");
    println!("a watch of {:.0} lines of log and {SERIES} series a second, for {took:.0} s", printed / took);
    println!("  {:.2} cores, at most {} MB\n", processor / took, memory / 1024);
}

/// The processor time of a process, in seconds, and the most memory that it had, in kilobytes.
fn usage(process: u32) -> Option<(f64, u64)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // utime and stime, the 14th and 15th, in hundredths of a second; the name before may have spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().ok()? + fields[12].parse::<f64>().ok()?;
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some((ticks / 100.0, most.trim().trim_end_matches(" kB").parse().ok()?))
}

/// Prints a log as a busy service does, for ever: one line of twenty is an error of a known kind. How
/// many lines were taken from it is in the file that is the last argument.
pub fn print_log() {
    let counted = std::env::args().nth(2).expect("a path");
    let mut out = std::io::stdout().lock();
    let (start, mut printed) = (Instant::now(), 0);
    loop {
        let due = (start.elapsed().as_secs_f64() * LINES as f64) as u64;
        for index in printed..due {
            let level = if index % 20 == 0 { "ERROR payment refused by the bank" } else { "INFO answered with 200" };
            let line = format!("2026-11-20T14:23:15.{:06}Z {level}, order {index}, took 17 ms\n", index % 1_000_000);
            if out.write_all(line.as_bytes()).is_err() {
                return;
            }
        }
        printed = due;
        let _ = fs::write(&counted, printed.to_string());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A Prometheus that has the last two minutes of [`SERIES`] series, half of them errors, a sample every
/// 5 s.
fn prometheus() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let name = if first.contains("errors") { "errors" } else { "requests" };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let series = (0..SERIES / 2).map(|index| {
        let value = |at: u64| if name == "errors" { 1 } else { at % 1_000_000 };
        let points = (0..24).rev().map(|back| now - back * 5).map(|at| format!("[{at},\"{}\"]", value(at)));
        let points = points.collect::<Vec<_>>().join(",");
        format!(
            "{{\"metric\":{{\"__name__\":\"{name}\",\"instance\":\"{}\",\"path\":\"/{index}\"}},\"values\":[{points}]}}",
            index % 10
        )
    });
    let series = series.collect::<Vec<_>>().join(",");
    let body = format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{series}]}}}}");
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}
