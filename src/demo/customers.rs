//! The customers of a sandbox's production: real requests, all the time.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What customers pay, again and again. Two in ten leave the cents out.
const AMOUNTS: [&str; 10] = ["12.50", "7.99", "1,250.00", "12", "99.90", "4,999.00", "3.20", "2,000.00", "5", "18.75"];

/// How long until the next customer pays.
const PAUSE: Duration = Duration::from_millis(50);

/// Customers who pay until this goes out of scope.
pub struct Customers {
    counted: Arc<Counted>,
    thread: Option<JoinHandle<()>>,
}

/// What became of their payments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Payments that were answered.
    pub answered: u64,
    /// Those of them that were answered with a status from 500 on.
    pub errors: u64,
}

#[derive(Default)]
struct Counted {
    over: AtomicBool,
    answered: AtomicU64,
    errors: AtomicU64,
}

impl Customers {
    /// Sends them to `address`.
    pub fn start(address: SocketAddr) -> Customers {
        let counted = Arc::new(Counted::default());
        let theirs = Arc::clone(&counted);
        let thread = std::thread::spawn(move || {
            for amount in AMOUNTS.iter().cycle() {
                if theirs.over.load(Ordering::Relaxed) {
                    return;
                }
                // Whoever finds no service while it is replaced tries again: no answer, no count.
                if let Ok(status) = pay(address, amount) {
                    theirs.answered.fetch_add(1, Ordering::Relaxed);
                    theirs.errors.fetch_add(u64::from(status >= 500), Ordering::Relaxed);
                }
                std::thread::sleep(PAUSE);
            }
        });
        Customers { counted, thread: Some(thread) }
    }

    /// Returns the count so far, and starts a new one.
    pub fn count(&self) -> Count {
        Count {
            answered: self.counted.answered.swap(0, Ordering::Relaxed),
            errors: self.counted.errors.swap(0, Ordering::Relaxed),
        }
    }
}

impl Drop for Customers {
    fn drop(&mut self) {
        self.counted.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Returns the status of the answer to one payment.
fn pay(address: SocketAddr, amount: &str) -> io::Result<u16> {
    let limit = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    let form = format!("order=A-17&amount={amount}");
    let length = form.len();
    write!(stream, "POST /payments HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n\r\n{form}")?;
    let mut first = String::new();
    BufReader::new(stream).read_line(&mut first)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
