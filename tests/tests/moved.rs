//! A broker that moves: from a tab into a process, and from a process into a tab. Its clients find their sessions and what waited
//! for them.

use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::BASE64;
use lacewing_protocol::ProtocolVersion;
use lacewing_tests::browser::Page;
use lacewing_tests::device::{self, Device};
use lacewing_tests::lacewing::Lacewing;
use lacewing_tests::mosquitto::{Subscriber, publish, subscribe};
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;
use lacewing_tests::tools;

const READER: [&str; 7] = ["-c", "-i", "reader", "-q", "2", "-t", "mail/#"];

#[test]
fn a_broker_moves_from_a_tab_into_a_process() {
    let stand = Stand::tab();
    leave_mail(stand.port());
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let mut lacewing = Lacewing::start_durable();
    let file = saved(page, lacewing.folder());
    lacewing.program().interrupt();
    assert!(lacewing.program().ended().success());
    let said = image("import", &file, &lacewing.folder());
    assert!(said.contains("has") && said.contains("retained messages"), "{said}");
    lacewing.restart();
    expect_mail(lacewing.mqtt_port);
}

#[test]
fn a_broker_moves_from_a_process_into_a_tab() {
    let mut lacewing = Lacewing::start_durable();
    leave_mail(lacewing.mqtt_port);
    lacewing.program().interrupt();
    assert!(lacewing.program().ended().success());
    let file = lacewing.folder().join("broker.image");
    image("export", &file, &lacewing.folder());

    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.press("Switch broker");
    choose(page, &std::fs::read(&file).expect("the image was written"));
    page.shows("dialog", "Put broker.image in the place of all that this broker keeps?");
    page.press("Replace it");
    page.shows(
        ".notices",
        "The broker goes on with the image: 1 session, 1 subscription, 1 retained message",
    );
    stand.is_up();
    expect_mail(stand.port());
}

#[test]
fn an_image_that_is_damaged_changes_nothing_in_the_tab() {
    let stand = Stand::tab();
    leave_mail(stand.port());
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.press("Switch broker");
    choose(page, b"Lacewing image\r\n\x01\0\0\0 and something else that is long enough");
    page.press("Replace it");
    page.shows(".notices", "The image cannot be used: it is damaged");
    expect_mail(stand.port());
}

/// A session with two messages for a client that is away, and a retained message.
fn leave_mail(port: u16) {
    Subscriber::start(port, &READER).disconnect();
    for qos in ["1", "2"] {
        publish(port, &["-q", qos, "-t", &format!("mail/{qos}"), "-m", &format!("letter {qos}")]);
    }
    publish(port, &["-q", "1", "-r", "-t", "lamp", "-m", "on"]);
}

fn expect_mail(port: u16) {
    let connect = lacewing_protocol::Connect {
        clean_start: false,
        ..device::connect(ProtocolVersion::V3_1_1, "reader")
    };
    let (device, answer) = Device::ask(port, connect);
    assert!(answer.session_present);
    drop(device);
    let mut reader = Subscriber::start(port, &READER);
    let mut letters = [reader.message(), reader.message()].map(|message| message.payload);
    letters.sort();
    assert_eq!(letters, ["letter 1", "letter 2"]);
    assert_eq!(subscribe(port, &["-t", "lamp", "-C", "1"]), ["on"]);
}

fn image(direction: &str, file: &Path, folder: &Path) -> String {
    let mut command = Command::new(tools::lacewing());
    let output =
        command.args(["image", direction, "--overwrite"]).arg(file).arg("--data").arg(folder).output();
    let output = output.expect("lacewing can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Exports in the page, and saves the image in a folder.
fn saved(page: &Page, folder: PathBuf) -> PathBuf {
    page.press("Switch broker");
    page.press("Export");
    page.shows("dialog [role=status]", "The image is ready");
    page.download_into(&folder);
    page.press("Save the image");
    eventually("the image is saved", || {
        let entries = std::fs::read_dir(&folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
        entries.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "image"))
    })
}

/// Chooses a file, as a person does in the browser's dialog.
fn choose(page: &Page, image: &[u8]) {
    eventually("there is a place for a file", || {
        let there = page.value("document.querySelector('dialog input[type=file]') != null");
        there.filter(|there| *there == true)
    });
    let choose = format!(
        "(() => {{ const bytes = Uint8Array.from(atob('{}'), letter => letter.charCodeAt(0)); \
         const files = new DataTransfer(); files.items.add(new File([bytes], 'broker.image')); \
         const input = document.querySelector('dialog input[type=file]'); input.files = files.files; \
         input.dispatchEvent(new Event('change', {{ bubbles: true }})); return true; }})()",
        BASE64.encode(image)
    );
    assert!(page.value(&choose).is_some(), "the file is chosen");
}
