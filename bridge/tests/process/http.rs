//! Who is let in over HTTP, and what they are told.

use std::fs;
use std::io::{Read, Write};

use crate::daemon::Daemon;

#[test]
fn a_request_for_a_foreign_host_is_refused_in_words() {
    let daemon = Daemon::start(&[]);
    for path in ["/", "/healthz", "/metrics", "/mqtt", "/link"] {
        let answer = daemon.ask(path, &["Host: evil.example"]);
        assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
        assert!(answer.contains("the request was for another host"), "{answer}");
    }
    let answer = daemon.ask("/", &[&format!("Host: {}", daemon.host()), "Host: evil.example"]);
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
}

#[test]
fn the_page_has_one_home_and_programs_may_use_any_loopback_name() {
    let daemon = Daemon::start(&[]);
    let other = format!("Host: 127.0.0.1:{}", daemon.http_port);
    let answer = daemon.ask("/worker.js?x=1", &[&other]);
    assert!(answer.starts_with("HTTP/1.1 307 "), "{answer}");
    assert!(answer.contains(&format!("location: {}/worker.js?x=1\r\n", daemon.origin())), "{answer}");
    assert!(daemon.ask("/healthz", &[&other]).starts_with("HTTP/1.1 200 "));
}

#[test]
fn without_a_page_it_says_how_to_get_one() {
    let daemon = Daemon::start(&[]);
    let answer = daemon.ask("/", &[&format!("Host: {}", daemon.host())]);
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert!(answer.contains("--page DIR"), "{answer}");
}

#[test]
fn the_page_is_served_with_its_types_and_only_from_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("dist");
    fs::create_dir(&page).unwrap();
    fs::write(page.join("index.html"), "<!doctype html>").unwrap();
    fs::write(page.join("worker_bg.wasm"), vec![7; 200_000]).unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    let daemon = Daemon::start(&["--page", page.to_str().unwrap()]);
    let host = format!("Host: {}", daemon.host());

    let html = daemon.ask("/", &[&host]);
    assert!(html.starts_with("HTTP/1.1 200 ") && html.ends_with("<!doctype html>"), "{html}");
    assert!(html.contains("content-type: text/html; charset=utf-8\r\n"), "{html}");
    assert!(html.contains("cache-control: no-cache\r\n"), "{html}");
    let tag = html.lines().find(|line| line.starts_with("etag: ")).unwrap().replace("etag", "If-None-Match");
    assert!(daemon.ask("/index.html", &[&host, &tag]).starts_with("HTTP/1.1 304 "));

    let wasm = daemon.ask("/worker_bg.wasm", &[&host]);
    assert!(wasm.contains("content-type: application/wasm\r\n"));
    assert!(wasm.ends_with(&"\x07".repeat(200_000)));
    for path in ["/../secret", "/%2e%2e/secret", "/nothing"] {
        let answer = daemon.ask(path, &[&host]);
        assert!(answer.starts_with("HTTP/1.1 40") && !answer.ends_with("secret"), "{answer}");
    }
}

#[test]
fn it_says_that_it_is_well_and_what_it_counts() {
    let daemon = Daemon::start(&[]);
    let host = format!("Host: {}", daemon.host());
    assert!(daemon.ask("/healthz", &[&host]).ends_with("ok\n"));
    assert!(daemon.ask("/metrics", &[&host]).contains("\nlacewing_linked 0\n"));
    assert!(daemon.ask("/bridge.json", &[&host]).contains("{\"broker\":\"tab\""));
}

#[test]
fn a_page_elsewhere_is_no_operator_and_no_device() {
    let daemon = Daemon::start(&["--allow-origin", "https://dash.example.org"]);
    let host = format!("Host: {}", daemon.host());
    let upgrade = |path: &str, more: &[&str]| {
        let mut headers = vec![
            host.as_str(),
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ];
        headers.extend(more);
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let mut socket = daemon.http();
        write!(socket, "GET {path} HTTP/1.1\r\n{lines}\r\n").unwrap();
        let mut status = [0; 12];
        socket.read_exact(&mut status).unwrap();
        String::from_utf8(status.to_vec()).unwrap()
    };
    let own = format!("Origin: {}", daemon.origin());
    let other_scheme = own.replace("http:", "https:");
    assert_eq!(upgrade("/link", &["Origin: https://evil.example"]), "HTTP/1.1 403");
    assert_eq!(upgrade("/link", &[]), "HTTP/1.1 403");
    assert_eq!(upgrade("/link", &[&other_scheme]), "HTTP/1.1 403");
    assert_eq!(upgrade("/link", &[&own]), "HTTP/1.1 101");
    assert_eq!(upgrade("/control", &[&own]), "HTTP/1.1 404");

    let mqtt = "Sec-WebSocket-Protocol: mqtt";
    assert_eq!(upgrade("/mqtt", &[mqtt, "Origin: https://evil.example"]), "HTTP/1.1 403");
    assert_eq!(upgrade("/mqtt", &[mqtt, "Origin: null"]), "HTTP/1.1 403");
    assert_eq!(upgrade("/mqtt", &[mqtt, "Origin: https://dash.example.org"]), "HTTP/1.1 101");
    assert_eq!(upgrade("/mqtt", &[mqtt, &other_scheme]), "HTTP/1.1 101");
    assert_eq!(upgrade("/mqtt", &[mqtt]), "HTTP/1.1 101");
    assert_eq!(upgrade("/mqtt", &["Sec-WebSocket-Protocol: mqttv3.1"]), "HTTP/1.1 101");
    assert_eq!(upgrade("/mqtt", &["Sec-WebSocket-Protocol: chat"]), "HTTP/1.1 400");
    assert_eq!(upgrade("/mqtt", &[]), "HTTP/1.1 400");
}

#[test]
fn a_request_that_is_too_long_or_not_a_get_is_refused() {
    let daemon = Daemon::start(&[]);
    let host = format!("Host: {}", daemon.host());
    let long = format!("X-Long: {}", "a".repeat(20_000));
    assert!(daemon.ask("/healthz", &[&host, &long]).starts_with("HTTP/1.1 431 "));
    let mut socket = daemon.http();
    write!(socket, "POST /healthz HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
}
