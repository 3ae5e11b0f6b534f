//! The programs that stand before the service and beside it.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::GOOD;
use super::service::ask;

/// What the customers talk to.
#[derive(Clone, Copy)]
pub enum Kind {
    Nginx,
    Haproxy,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Nginx => "nginx",
            Kind::Haproxy => "haproxy",
        }
    }

    fn configuration(self, address: SocketAddr, service: SocketAddr) -> String {
        match self {
            Kind::Nginx => format!(
                "daemon off; pid nginx.pid; error_log stderr; worker_processes 1; events {{}}\n\
                 http {{ access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t;\n\
                 uwsgi_temp_path t; scgi_temp_path t;\n\
                 server {{ listen {address}; location / {{ proxy_pass http://{service}; }} }} }}\n"
            ),
            Kind::Haproxy => format!(
                "defaults\n  mode http\n  timeout connect 2s\n  timeout client 5s\n  timeout server 5s\n\
                 listen all\n  bind {address}\n  server service {service}\n"
            ),
        }
    }
}

pub struct Front {
    child: Child,
    pub address: SocketAddr,
}

impl Front {
    pub fn start(kind: Kind, directory: &Path, service: SocketAddr) -> Front {
        fs::create_dir_all(directory).expect("a directory");
        let address = free();
        fs::write(directory.join("conf"), kind.configuration(address, service)).expect("a file");
        let mut command = Command::new(kind.name());
        match kind {
            Kind::Nginx => command.arg("-p").arg(directory).args(["-c", "conf"]),
            Kind::Haproxy => command.arg("-db").arg("-f").arg(directory.join("conf")),
        };
        let child = quiet(&mut command).spawn().expect("it is installed");
        wait(|| ask(address, "/").is_ok_and(|text| text.contains("paid")));
        Front { child, address }
    }
}

/// Whether a program of this name can be started.
pub fn is_installed(program: &str) -> bool {
    quiet(Command::new(program).arg("-v")).status().is_ok()
}

pub struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    pub fn start(directory: &Path, service: SocketAddr) -> Prometheus {
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
        Prometheus { child, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The newest value of a counter; 0 where there is none yet.
    pub fn value(&self, counter: &str) -> u64 {
        let escaped: String = counter.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = ask(self.address, &format!("/api/v1/query?query={escaped}")).unwrap_or_default();
        // ..."value":[1700000000.1,"123"]...
        let value = answer.split_once("\"value\":[").and_then(|(_, rest)| rest.split('"').nth(1));
        value.and_then(|value| value.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Front {
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
