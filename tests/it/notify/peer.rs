//! A peer of notifiers: it keeps what it is sent as Slack, Telegram, PagerDuty or Statuspage would, and fails
//! when it is told to, before it accepts a request or after.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// How one request goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The connection ends before the request is accepted.
    Dropped,
    /// It is accepted, and the answer is lost.
    Unheard,
    /// It is accepted, and half of the answer's body arrives.
    Half,
    /// Status 429, and a rest of so many seconds.
    TooMany(u64),
    Status(u16),
    /// As Slack refuses: status 200 and `ok: false`.
    NotOk,
}

pub const FAULTS: &[Fault] =
    &[Fault::Dropped, Fault::Unheard, Fault::Half, Fault::TooMany(1), Fault::Status(500), Fault::NotOk];

#[derive(Default)]
struct State {
    /// What is wrong with the next requests; `None` for nothing.
    faults: VecDeque<Option<Fault>>,
    requests: Vec<String>,
    /// What was created or sent, as it is now.
    kept: Vec<Value>,
}

pub struct Peer {
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct Request {
    method: String,
    path: String,
    body: Value,
}

impl Peer {
    pub fn start() -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = answer(stream.unwrap(), &mut shared.lock().unwrap());
            }
        });
        Peer { url, state }
    }

    /// From now on: `count` requests are answered, and then one goes wrong.
    pub fn fail_after(&self, count: usize, fault: Fault) {
        let mut state = self.state.lock().unwrap();
        state.faults = std::iter::repeat_n(None, count).chain([Some(fault)]).collect();
    }

    /// Whether the fault of [`Peer::fail_after`] is still to come.
    pub fn is_waiting(&self) -> bool {
        !self.state.lock().unwrap().faults.is_empty()
    }

    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    pub fn kept(&self) -> Vec<Value> {
        self.state.lock().unwrap().kept.clone()
    }
}

fn answer(stream: TcpStream, state: &mut State) -> std::io::Result<()> {
    let request = read(&stream)?;
    state.requests.push(format!("{} {}", request.method, request.path.split('?').next().unwrap_or_default()));
    let fault = state.faults.pop_front().flatten();
    match fault {
        Some(Fault::Dropped) => return stream.shutdown(Shutdown::Both),
        Some(Fault::TooMany(rest)) => {
            return write(&stream, 429, &format!("Retry-After: {rest}\r\n"), &json!({ "ok": false }), false);
        }
        Some(Fault::Status(status)) => return write(&stream, status, "", &json!({}), false),
        Some(Fault::NotOk) => {
            return write(&stream, 200, "", &json!({ "ok": false, "error": "internal_error" }), false);
        }
        None | Some(Fault::Unheard | Fault::Half) => {}
    }
    let (status, body) = accept(&request, &mut state.kept);
    match fault {
        Some(Fault::Unheard) => stream.shutdown(Shutdown::Both),
        fault => write(&stream, status, "", &body, fault.is_some()),
    }
}

fn read(stream: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Ok(Request { method, path, body: serde_json::from_slice(&body).unwrap_or_default() })
}

fn write(mut stream: &TcpStream, status: u16, headers: &str, body: &Value, half: bool) -> std::io::Result<()> {
    let body = body.to_string();
    let sent = if half { &body[..body.len() / 2] } else { &body };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{sent}")?;
    stream.shutdown(Shutdown::Both)
}

fn accept(request: &Request, kept: &mut Vec<Value>) -> (u16, Value) {
    let path = request.path.split('?').next().unwrap_or_default();
    let parameter = |name: &str| {
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap_or_default().to_owned()
    };
    let number = kept.len() + 1;
    match (request.method.as_str(), path.rsplit('/').next().unwrap_or_default()) {
        ("POST", "chat.postMessage") => {
            let ts = format!("1796000000.{number:06}");
            let mut message = request.body.clone();
            message["ts"] = ts.clone().into();
            kept.push(message);
            (200, json!({ "ok": true, "ts": ts }))
        }
        ("POST", "chat.update") => match kept.iter_mut().find(|message| message["ts"] == request.body["ts"]) {
            Some(message) => {
                *message = request.body.clone();
                (200, json!({ "ok": true }))
            }
            None => (200, json!({ "ok": false, "error": "message_not_found" })),
        },
        // One message a page, so that pages are followed.
        ("GET", method @ ("conversations.history" | "conversations.replies")) => {
            let thread = parameter("ts");
            let is_listed = |message: &&Value| match method {
                "conversations.history" => message["thread_ts"].is_null(),
                _ => message["ts"] == thread.as_str() || message["thread_ts"] == thread.as_str(),
            };
            let messages: Vec<&Value> = kept.iter().filter(is_listed).collect();
            let page: usize = parameter("cursor").parse().unwrap_or_default();
            let next = if page + 1 < messages.len() { (page + 1).to_string() } else { String::new() };
            let listed: Vec<_> = messages.get(page).into_iter().collect();
            (200, json!({ "ok": true, "messages": listed, "response_metadata": { "next_cursor": next } }))
        }
        ("POST", "sendMessage") => {
            kept.push(request.body.clone());
            (200, json!({ "ok": true }))
        }
        ("POST", "enqueue") => {
            kept.push(request.body.clone());
            (202, json!({ "status": "success" }))
        }
        ("GET", "incidents") => (200, json!(kept)),
        ("POST", "incidents") => {
            let mut incident = request.body["incident"].clone();
            incident["id"] = format!("i{number}").into();
            incident["updates"] = json!([incident["status"]]);
            kept.push(incident.clone());
            (201, incident)
        }
        ("PATCH", id) => match kept.iter_mut().find(|incident| incident["id"] == id) {
            Some(incident) => {
                for (name, value) in request.body["incident"].as_object().unwrap() {
                    incident[name] = value.clone();
                }
                let status = incident["status"].clone();
                incident["updates"].as_array_mut().unwrap().push(status);
                (200, incident.clone())
            }
            None => (404, json!({ "error": "Not found" })),
        },
        _ => (404, json!({})),
    }
}
