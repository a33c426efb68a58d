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

/// Builds the page, and weighs its wasm and its JavaScript.
///
/// # Errors
///
/// When it is too heavy, or does not compile.
pub(crate) fn check(tools: &Toolbox) -> Result<()> {
    let weight = kibibytes(&page::build_dist(tools)?)?;
    println!("    {weight} of {MAXIMUM} KiB");
    match weight <= MAXIMUM || !tools.wasm_opt {
        true => Ok(()),
        false => bail!("the page and its worker come to {weight} KiB"),
    }
}

/// The wasm and the scripts in `dist`, compressed with gzip at its best.
fn kibibytes(dist: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(dist).with_context(|| format!("{} cannot be read", dist.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "wasm" || ending == "js") {
            let mut gzip = GzEncoder::new(Counted::default(), Compression::best());
            io::copy(&mut File::open(&path)?, &mut gzip)?;
            sum += gzip.finish()?.0;
        }
    }
    Ok(sum.div_ceil(1024))
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
        let weight = kibibytes(&dist).unwrap();
        fs::remove_dir_all(&dist).unwrap();
        assert!((9..=10).contains(&weight), "{weight}");
    }
}
