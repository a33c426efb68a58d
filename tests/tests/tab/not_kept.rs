//! When what the broker in a tab acknowledges cannot be kept, or what was kept cannot be used: it is said, and nothing goes in silence.

use std::fs;
use std::path::Path;

use lacewing_protocol::{Packet, PacketId, ProtocolVersion, QoS};
use lacewing_tests::browser::Page;
use lacewing_tests::device::{self, Device};
use lacewing_tests::mosquitto::{publish, subscribe};
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;
use tempfile::TempDir;

const STATUS: &str = "header.bar";
const REFUSED: &str = ".stopped h1";

fn tab(stand: &Stand) -> &Page {
    stand.tab.as_ref().expect("the stand has a tab")
}

/// Has `script` run in the tab's next store worker, before anything of its own.
fn in_store_worker(page: &Page, script: &str) {
    page.bypass_csp();
    page.prepare(&format!(
        "window.Worker = class extends Worker {{
            constructor(url, options) {{
                if (!String(url).includes('store')) return super(url, options);
                const code = [{script:?}, `await import('${{new URL(url, location.href)}}');`];
                super(URL.createObjectURL(new Blob(code, {{ type: 'text/javascript' }})), options);
            }}
        }}"
    ));
}

#[test]
fn where_the_browser_keeps_nothing_the_broker_runs_and_says_why_nothing_is_saved() {
    let stand = Stand::tab();
    let page = tab(&stand);
    in_store_worker(page, "delete StorageManager.prototype.getDirectory;");
    page.reload();
    page.shows(STATUS, "nothing saved");
    let why = page.attribute(".unsaved", "title").expect("it says why");
    assert!(why.contains("in memory"), "{why}");
    stand.is_up();
    publish(stand.port(), &["-q", "1", "-r", "-t", "kept/lamp", "-m", "on"]);
    assert_eq!(subscribe(stand.port(), &["-t", "kept/lamp", "-C", "1"]), ["on"]);
}

#[test]
fn without_room_acknowledgements_wait_and_come_when_there_is_some() {
    let stand = Stand::tab();
    let page = tab(&stand);
    page.shows("[data-room=livingroom]", "°C");
    let mut device = Device::connect(stand.port(), ProtocolVersion::V5_0, "hoarder");
    page.quota(&stand.lacewing.origin(), Some(1 << 20));
    // More than the file has room for by itself.
    for number in 1..=4 {
        let mut large = device::publish(&format!("kept/large/{number}"), &vec![b'x'; 1 << 20]);
        (large.retain, large.qos, large.packet_id) = (true, QoS::AtLeastOnce, PacketId::new(number));
        device.send(&Packet::Publish(large));
    }
    page.shows(STATUS, "no room to save");
    // Who is promised nothing does not wait.
    let mut quick = Device::connect(stand.port(), ProtocolVersion::V5_0, "quick");
    quick.ping();
    quick.subscribe("echo", QoS::AtMostOnce);
    quick.publish("echo", b"here", QoS::AtMostOnce);
    assert_eq!(quick.message().payload, "here");
    page.quota(&stand.lacewing.origin(), None);
    for _ in 1..=4 {
        assert!(matches!(device.receive(), Packet::PubAck(_)));
    }
    eventually("the status line says nothing of it any more", || {
        page.text(STATUS).filter(|text| !text.contains("room"))
    });
}

/// Changes the first page of the database, as soon as nobody has it open.
const DAMAGE: &str = "
    const folder = await navigator.storage.getDirectory();
    const file = await folder.getFileHandle('broker-1.store');
    for (;;) {
        try {
            const handle = await file.createSyncAccessHandle();
            handle.write(new Uint8Array(20).fill(255), { at: 4096 });
            handle.close();
            break;
        } catch {
            await new Promise(resolve => setTimeout(resolve, 50));
        }
    }";

const SIZE_OF_FIRST: &str = "navigator.storage.getDirectory().then(it => it.getFileHandle('broker-1.store')).then(it => it.getFile()).then(it => it.size)";

#[test]
fn a_damaged_store_stops_the_start_can_be_saved_and_is_set_aside_when_the_person_says_so() {
    let stand = Stand::tab();
    let page = tab(&stand);
    publish(stand.port(), &["-q", "1", "-r", "-t", "kept/lamp", "-m", "on"]);
    in_store_worker(page, DAMAGE);
    page.reload();
    page.shows(REFUSED, "What was kept cannot be used");
    page.shows(".stopped", "damaged");

    let size = page.value(SIZE_OF_FIRST).and_then(|size| size.as_u64()).expect("it is there");
    let downloads = TempDir::new().expect("a temporary folder");
    page.download_into(downloads.path());
    page.press("Save what is kept");
    let saved = eventually("the file is saved", || whole(&downloads.path().join("broker-1.store"), size));
    assert!(saved.starts_with(b"Lacewing store") && saved[4096..4116] == [255; 20]);

    // As often as it is tried.
    page.reload();
    page.shows(REFUSED, "What was kept cannot be used");
    page.press("Start empty");
    page.shows(STATUS, "This tab is the broker");
    stand.is_up();
    page.shows("[data-room=livingroom]", "°C");
    let aside = page.value(SIZE_OF_FIRST).and_then(|size| size.as_u64());
    assert_eq!(aside, Some(size), "what was damaged is still there");
    publish(stand.port(), &["-q", "1", "-r", "-t", "kept/door", "-m", "open"]);
    page.reload();
    stand.is_up();
    assert_eq!(subscribe(stand.port(), &["-t", "kept/+", "-C", "1"]), ["open"]);
}

fn whole(file: &Path, size: u64) -> Option<Vec<u8>> {
    fs::read(file).ok().filter(|bytes| bytes.len() as u64 == size)
}

#[test]
fn a_panic_of_the_database_over_what_was_kept_is_damage_and_not_the_end_of_the_page() {
    let stand = Stand::tab();
    let page = tab(&stand);
    let panic = "FileSystemFileHandle.prototype.createSyncAccessHandle = () => (self.postMessage('panicked at the test'), new Promise(() => {}));";
    in_store_worker(page, panic);
    page.reload();
    page.shows(REFUSED, "What was kept cannot be used");
    page.shows(".stopped", "the database gave up (panicked at the test)");
}
