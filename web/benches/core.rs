//! The cases of `crates/broker/benches/core`, in a browser: `cargo xtask bench wasm` builds, opens and reads it.
//!
//! What came out of each case stands in `window.figures`, a line each: its name, its count, nanoseconds for each.

#[cfg(target_arch = "wasm32")]
#[path = "../../crates/broker/benches/core/cases.rs"]
#[allow(dead_code, reason = "a browser runs some of the cases, and tests none")]
mod cases;
#[cfg(target_arch = "wasm32")]
#[path = "../../crates/broker/benches/core/harness.rs"]
#[allow(dead_code, reason = "a browser runs some of the cases, and tests none")]
mod harness;

#[cfg(target_arch = "wasm32")]
fn main() {
    let wanted = ["one-to-one", "fan-", "wildcards"];
    let mut figures = String::new();
    for (name, case) in cases::ALL {
        // The largest takes more memory than it is worth here.
        if !wanted.iter().any(|wanted| name.starts_with(wanted)) || *name == "fan-out 1 to 100 000" {
            continue;
        }
        // What is called often a browser compiles once more, for speed: in a tab that was open for hours, that is done.
        case(&mut harness::Harness::new(1));
        let mut harness = harness::Harness::new(1);
        case(&mut harness);
        let measured = harness.measured();
        let each = measured.spent.as_nanos() as f64 / measured.count.max(1) as f64;
        figures.push_str(&format!("{name}\t{}\t{each}\n", measured.count));
    }
    // Whoever waits for it would wait for ever.
    let _ = js_sys::Reflect::set(&js_sys::global(), &"figures".into(), &figures.into());
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}

/// How long the broker was at work, by the browser's clock: coarse, and right on average.
#[cfg(target_arch = "wasm32")]
mod clock {
    use std::time::Duration;

    use wasm_bindgen::JsCast;

    /// What reading the clock twice takes, on average: one reading is shorter than the clock can tell.
    pub(crate) fn reading() -> Duration {
        const READINGS: u32 = 100_000;
        let start = now();
        for _ in 0..READINGS {
            now();
        }
        now().saturating_sub(start) / READINGS
    }

    pub(crate) fn now() -> Duration {
        thread_local! {
            static CLOCK: Option<web_sys::Performance> = js_sys::Reflect::get(&js_sys::global(), &"performance".into())
                .ok()
                .and_then(|clock| clock.dyn_into().ok());
        }
        let millis = CLOCK.with(|clock| clock.as_ref().map_or(0.0, web_sys::Performance::now));
        Duration::from_nanos((millis * 1e6) as u64)
    }
}
