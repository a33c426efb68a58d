//! What the browser fetches before it shows anything, weighed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::page;
use crate::toolbox::Toolbox;

/// The most that the page and its worker may come to, both compressed as a server would: in KiB.
const MAXIMUM: u64 = 700;
/// The same for the store worker's program, which is fetched beside them and holds nothing on the screen up.
const MAXIMUM_OF_STORE: u64 = 240;

/// Builds the page, and weighs its wasm and its JavaScript, the store worker's apart.
///
/// # Errors
///
/// When it is too heavy, or does not compile.
pub(crate) fn check(tools: &Toolbox) -> Result<()> {
    let Weight { page, store } = weigh(&page::build_dist(tools)?)?;
    println!("    {page} of {MAXIMUM} KiB, and for the store {store} of {MAXIMUM_OF_STORE} KiB");
    match (page <= MAXIMUM && store <= MAXIMUM_OF_STORE) || !tools.wasm_opt {
        true => Ok(()),
        false => bail!("the page and its worker come to {page} KiB, the store to {store} KiB"),
    }
}

/// In KiB, compressed with gzip at its best.
struct Weight {
    page: u64,
    store: u64,
}

/// The wasm and the scripts in `dist`.
fn weigh(dist: &Path) -> Result<Weight> {
    let (mut page, mut store) = (0, 0);
    for entry in fs::read_dir(dist).with_context(|| format!("{} cannot be read", dist.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "wasm" || ending == "js") {
            let mut gzip = GzEncoder::new(Counted::default(), Compression::best());
            io::copy(&mut File::open(&path)?, &mut gzip)?;
            let is_store = path.file_stem().is_some_and(|name| name.to_string_lossy().starts_with("store"));
            *(if is_store { &mut store } else { &mut page }) += gzip.finish()?.0;
        }
    }
    Ok(Weight { page: page.div_ceil(1024), store: store.div_ceil(1024) })
}

/// Takes bytes and only counts them.
#[derive(Default)]
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_fetched_to_run_is_weighed() {
        let dist = std::env::temp_dir().join(format!("lacewing-weight-{}", std::process::id()));
        fs::create_dir_all(&dist).unwrap();
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(9_000)
        .collect();
        fs::write(dist.join("app_bg.wasm"), &noise).unwrap();
        fs::write(dist.join("app.js"), "/* the same */".repeat(10_000)).unwrap();
        fs::write(dist.join("base.css"), &noise).unwrap();
        fs::write(dist.join("store_bg.wasm"), &noise[..4_000]).unwrap();
        let Weight { page, store } = weigh(&dist).unwrap();
        fs::remove_dir_all(&dist).unwrap();
        assert!((9..=10).contains(&page), "{page}");
        assert_eq!(store, 4);
    }
}
