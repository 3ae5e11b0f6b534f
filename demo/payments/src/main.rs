//! Takes payments over HTTP.
//!
//! `payments serve ADDRESS RELEASE` answers until it is stopped; `payments ask ADDRESS PATH` asks a
//! service that runs, as the scripts in ops/ do.

mod amount;
mod clock;
mod http;
mod payment;

use std::io::{self, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use http::{Request, Response};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match arguments[..] {
        ["serve", address, release] => serve(address, release),
        ["ask", address, path] => ask(address, path),
        _ => Err(io::Error::other("usage: payments serve ADDRESS RELEASE | payments ask ADDRESS PATH")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("payments: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(address: &str, release: &str) -> io::Result<()> {
    std::panic::set_hook(Box::new(|panic| {
        // One line for each panic, so that whoever groups the log's lines sees the place and the reason.
        let text = panic.to_string().replace('\n', " ");
        eprintln!("{} ERROR {text}", clock::now());
    }));
    let listener = TcpListener::bind(address)?;
    eprintln!("{} INFO {release} listens on {address}", clock::now());
    for stream in listener.incoming() {
        let (stream, release) = (stream?, release.to_owned());
        std::thread::spawn(move || {
            if let Err(error) = answer(&stream, &release) {
                eprintln!("{} WARN a client went away: {error}", clock::now());
            }
        });
    }
    Ok(())
}

fn answer(stream: &TcpStream, release: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let request = http::read_request(&mut BufReader::new(stream))?;
    let response = std::panic::catch_unwind(|| route(&request, release))
        .unwrap_or_else(|_| Response::new(500, "something went wrong on our side"));
    if request.method != "GET" {
        eprintln!("{} INFO {} {} {}", clock::now(), request.method, request.path, response.status);
    }
    http::write_response(&mut &*stream, &response)
}

fn route(request: &Request, release: &str) -> Response {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/health") => Response::new(200, "well"),
        ("GET", "/version") => Response::new(200, release),
        ("GET", "/process") => {
            let directory = std::env::current_dir().unwrap_or_default();
            Response::new(200, &format!("{} {}", std::process::id(), directory.display()))
        }
        ("POST", "/payments") => match payment::take(&request.body) {
            Ok(receipt) => Response::new(201, &receipt),
            Err(why) => Response::new(400, &why),
        },
        _ => Response::new(404, "there is nothing here"),
    }
}

fn ask(address: &str, path: &str) -> io::Result<()> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    http::write_request(&mut &stream, path)?;
    let response = http::read_response(&mut BufReader::new(&stream))?;
    if response.status != 200 {
        return Err(io::Error::other(format!("status {}: {}", response.status, response.body)));
    }
    println!("{}", response.body);
    Ok(())
}
