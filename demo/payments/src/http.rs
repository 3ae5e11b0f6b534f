//! As much of HTTP/1.1 as the service needs: one request and one answer a connection.

use std::io::{self, BufRead, Read, Write};

/// The longest body that is read, in bytes.
const LONGEST: usize = 64 * 1024;

pub struct Request {
    pub method: String,
    pub path: String,
    pub body: String,
}

pub struct Response {
    pub status: u16,
    pub body: String,
}

impl Response {
    pub fn new(status: u16, body: &str) -> Response {
        Response { status, body: body.to_owned() }
    }
}

pub fn read_request(from: &mut impl BufRead) -> io::Result<Request> {
    let (first, body) = read_message(from)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Ok(Request { method: method.to_owned(), path: path.to_owned(), body })
}

pub fn read_response(from: &mut impl BufRead) -> io::Result<Response> {
    let (first, body) = read_message(from)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Response { status: status.ok_or_else(|| invalid("no status"))?, body })
}

pub fn write_request(to: &mut impl Write, path: &str) -> io::Result<()> {
    write!(to, "GET {path} HTTP/1.1\r\nhost: payments\r\nconnection: close\r\n\r\n")
}

pub fn write_response(to: &mut impl Write, response: &Response) -> io::Result<()> {
    let Response { status, body } = response;
    let head = format!("HTTP/1.1 {status} {}\r\ncontent-length: {}\r\nconnection: close", reason(*status), body.len());
    to.write_all(format!("{head}\r\n\r\n{body}").as_bytes())
}

/// Returns the first line and the body of a message.
fn read_message(from: &mut impl BufRead) -> io::Result<(String, String)> {
    let first = read_line(from)?;
    let mut length = 0;
    loop {
        let line = read_line(from)?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| invalid("content-length is no number"))?;
            }
        }
    }
    if length > LONGEST {
        return Err(invalid("the body is too long"));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok((first, String::from_utf8_lossy(&body).into_owned()))
}

fn read_line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.take(8 * 1024).read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        400 => "Bad Request",
        404 => "Not Found",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_to_the_end_of_its_body() {
        let text = "POST /payments HTTP/1.1\r\nContent-Length: 5\r\n\r\nordermore";
        let request = read_request(&mut text.as_bytes()).unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/payments"));
        assert_eq!(request.body, "order");
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_refused() {
        for text in ["", "GET / HTTP/1.1", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\ncontent-length: 99999\r\n\r\n"] {
            assert!(read_request(&mut text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
