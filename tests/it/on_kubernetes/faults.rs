//! The API server itself fails in the middle of a rollout, so these tests start a control plane of their
//! own, by the program that HOTFIX_TEST_KUBE_UP names. Where it names none, ./test leaves them out.

use std::cell::RefCell;
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Kube;

/// A control plane of a test's own, ended when this goes out of scope.
struct Plane {
    up: PathBuf,
    directory: TempDir,
    port: u16,
    /// The API server that was started again.
    again: RefCell<Option<Child>>,
}

impl Plane {
    fn start() -> Plane {
        let up = PathBuf::from(std::env::var_os("HOTFIX_TEST_KUBE_UP").expect("run ./test"));
        let directory = tempfile::Builder::new().prefix("hotfix-plane-").tempdir().unwrap();
        // Three ports in a row; those of ./test's own control plane lie below.
        let port = 32_710 + (std::process::id() % 14) as u16 * 3;
        let output = Command::new(&up).arg(directory.path()).arg(port.to_string()).output().unwrap();
        let plane = Plane { up, directory, port, again: RefCell::new(None) };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        plane
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn signal(&self, signal: &str) {
        let process = fs::read_to_string(self.file("apiserver.pid")).unwrap_or_default();
        let _ = Command::new("kill").args([signal, process.trim()]).status();
    }

    /// Kills the API server, and starts it again after so long, as it was started before.
    fn restart(&self, after: Duration) {
        let process = fs::read_to_string(self.file("apiserver.pid")).unwrap();
        let line = fs::read(format!("/proc/{}/cmdline", process.trim())).unwrap();
        let line = String::from_utf8(line).unwrap();
        let words: Vec<_> = line.trim_end_matches('\0').split('\0').collect();
        self.signal("-KILL");
        self.reap();
        std::thread::sleep(after);
        let log = fs::File::create(self.file("apiserver.again.log")).unwrap();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap();
        fs::write(self.file("apiserver.pid"), child.id().to_string()).unwrap();
        *self.again.borrow_mut() = Some(child);
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "the API server does not come back");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn reap(&self) {
        if let Some(mut killed) = self.again.borrow_mut().take() {
            let _ = killed.wait();
        }
    }

    /// Lets the token of hotfix be accepted, or not, from the next start on.
    fn accept(&self, token: &str, is_accepted: bool) {
        let tokens = fs::read_to_string(self.file("tokens.csv")).unwrap();
        let others: String =
            tokens.lines().filter(|line| !line.starts_with(token)).map(|l| l.to_owned() + "\n").collect();
        let ours = if is_accepted { format!("{token},hotfix,hotfix,system:masters\n") } else { String::new() };
        fs::write(self.file("tokens.csv"), others + &ours).unwrap();
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        // Where a test broke off in between; what stands still can't be ended.
        self.signal("-CONT");
        let _ = Command::new(self.up.with_file_name("down")).arg(self.directory.path()).output();
        self.reap();
    }
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn an_api_server_that_fails_in_the_middle_of_a_rollout_is_no_verdict() {
    let plane = Plane::start();
    let admin = plane.file("kubeconfig").display().to_string();
    let image = |id: &str| format!("registry/backend:hotfix-{id}");

    // It hangs for longer than a call may take.
    let kube = Kube::on(admin.clone(), &["backend"]);
    kube.begin("slow-1");
    let shipped = kube.run_while(kube.command(&["ship"]), "backend", &image("slow-1"), || {
        plane.signal("-STOP");
        std::thread::sleep(Duration::from_secs(12));
        plane.signal("-CONT");
    });
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert_eq!(kube.image("backend"), image("slow-1"));

    // It dies, and comes back; from then on it knows hotfix by a token of its own.
    plane.accept("ours", true);
    let kube = Kube::on(admin.clone(), &["backend"]);
    kube.begin("slow-2");
    let shipped = kube.run_while(kube.command(&["ship"]), "backend", &image("slow-2"), || {
        plane.restart(Duration::from_secs(3));
    });
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert_eq!(kube.image("backend"), image("slow-2"));

    // The token expires: nobody knows how the rollout ends, and nothing is taken back for that.
    let kube = Kube::on(admin.clone(), &["backend"]);
    let config = kube.env.read("hotfix.toml").replace("soak = \"1s\"", "soak = \"1s\"\ndeadline = \"60s\"");
    kube.env.settings(&config);
    let text = fs::read_to_string(&admin).unwrap();
    let (before, token) = text.split_once("token: ").unwrap();
    let end = token.find(['}', '\n']).unwrap();
    kube.env.write("../kubeconfig", &format!("{before}token: ours{}", &token[end..]));
    let with_token = |args: &[&str]| {
        let mut command = kube.env.hotfix_command(args);
        command.env("KUBECONFIG", kube.env.path("kubeconfig"));
        command
    };
    kube.env.run(&mut with_token(&[
        "start",
        "It fails",
        "--severity",
        "P0",
        "--issue-id",
        "slow-3",
        "--strategy",
        "B",
    ]));
    kube.env.fix("slow-3");
    let shipped = kube.run_while(with_token(&["ship"]), "backend", &image("slow-3"), || {
        plane.accept("ours", false);
        plane.restart(Duration::ZERO);
    });
    let status = kube.env.run(&mut with_token(&["status"]));
    assert!(status.stdout.contains("does not accept the credentials; have they expired?"), "{status}\n{shipped}");
    assert_eq!((shipped.status, kube.image("backend")), (Some(1), image("slow-3")), "{shipped}");

    plane.accept("ours", true);
    plane.restart(Duration::ZERO);
    // A server that has just started may be in trouble for a while; a person tries again.
    let mut resumed = kube.env.run(&mut with_token(&["resume"]));
    for _ in 0..5 {
        if resumed.status == Some(0) {
            break;
        }
        resumed = kube.env.run(&mut with_token(&["resume"]));
    }
    assert_eq!(resumed.status, Some(0), "{resumed}");
}
