//! Starting where someone else is, and leaving.

use std::net::TcpListener;

use crate::daemon::{Daemon, command, read_to_end};

#[test]
fn a_taken_port_is_explained() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let data = tempfile::tempdir().unwrap();
    let output = command(&["--mqtt", &format!("localhost:{port}"), "--http", "localhost:0", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains(&format!("127.0.0.1:{port}")), "{words}");
    assert!(words.contains("take another port (--mqtt localhost:"), "{words}");
    #[cfg(target_os = "linux")]
    assert!(words.contains(&format!("(process {})", std::process::id())), "{words}");
    assert!(output.stdout.is_empty());
}

#[test]
fn ctrl_c_ends_it_well() {
    for args in [&["--broker", "tab"], &["--broker", "native"]] {
        let daemon = Daemon::start(args);
        let mut device = daemon.device();
        daemon.interrupt();
        assert_eq!(read_to_end(&mut device), b"");
        assert_eq!(daemon.wait().code(), Some(0));
    }
}

#[test]
fn the_pairing_token_lives_across_restarts() {
    let data = tempfile::tempdir().unwrap();
    let first = Daemon::start_in(data.path(), &[]).token.clone();
    assert_eq!(Daemon::start_in(data.path(), &[]).token, first);
    assert_ne!(Daemon::start(&[]).token, first, "another folder has its own");
}

#[test]
fn garbage_in_the_token_file_is_not_overwritten() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("pairing-token"), "hello").unwrap();
    let output = command(&["--mqtt", "127.0.0.1:0", "--http", "localhost:0", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("does not hold a pairing token"));
    assert_eq!(std::fs::read(data.path().join("pairing-token")).unwrap(), b"hello");
}
