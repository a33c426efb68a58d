//! `lacewing image`: the state of a broker as one file, out of its folder and into one.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use clap::{Args, Subcommand};
use lacewing_broker::{
    Broker, Config, Contents, ImageError, ImageReader, ImageWriter, Progress, Record, RestoreStep, Seq,
    image_memory,
};
use lacewing_store::Changes;

use crate::clock::Clock;
use crate::store::{Folder, Words};

/// Takes the state of a broker out of its folder as one file, or puts it into a folder
///
/// An image has all that a broker keeps: sessions, subscriptions, messages on their way, retained messages and wills. The broker
/// must not be running meanwhile; the page of a running one has Export and Import. A broker in a browser tab reads the same images.
#[derive(Debug, Args)]
pub(crate) struct ImageFlags {
    #[command(subcommand)]
    direction: Direction,
}

#[derive(Debug, Subcommand)]
enum Direction {
    /// Writes the state that a folder keeps to a file
    Export(Route),
    /// Makes the state in a file the one that a folder keeps
    Import(Route),
}

#[derive(Debug, Args)]
struct Route {
    /// The image
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The folder that keeps the broker's state
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Lets what is there already be replaced
    #[arg(long)]
    overwrite: bool,
}

/// How much of a file is read at once.
const PIECE: usize = 1 << 16;
/// How many records are put together between two looks at the clock.
const STEP: u32 = 4096;

/// Does what is asked for and prints what was done.
///
/// # Errors
/// Someone has the folder, something is there already, or one of the two cannot be read or written.
pub(crate) fn run(flags: &ImageFlags) -> anyhow::Result<()> {
    let words = match &flags.direction {
        Direction::Export(route) => export(route)?,
        Direction::Import(route) => import(route)?,
    };
    // Nobody may be there to read it.
    let _ = std::io::stdout().write_all(words.as_bytes());
    Ok(())
}

fn export(Route { file, data, overwrite }: &Route) -> anyhow::Result<String> {
    ensure!(
        Folder::has_store(data),
        "there is no broker's state in {}: name the folder that a broker was started with (--data)",
        data.display()
    );
    ensure!(
        *overwrite || !file.exists(),
        "{} is there already: name another file, or add --overwrite",
        file.display()
    );
    let folder = Folder::take(data)?;
    let store = folder.store()?;
    let mut image = ImageWriter::new();
    let part = beside(file)?;
    let contents = (|| {
        let mut out = BufWriter::new(create(&part)?);
        folder.read(&store, |record| {
            image.push(&record);
            anyhow::Ok(out.write_all(&image.take())?)
        })?;
        let (rest, contents) = image.finish();
        out.write_all(&rest)?;
        out.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        fs::rename(&part, file)?;
        anyhow::Ok(contents)
    })();
    let contents = contents.inspect_err(|_| drop(fs::remove_file(&part)));
    let contents = contents.with_context(|| format!("the image was not written to {}", file.display()))?;
    let bytes = fs::metadata(file).map_or(0, |metadata| metadata.len());
    Ok(format!("{} has {contents}, in {bytes} bytes\n", file.display()))
}

fn import(Route { file, data, overwrite }: &Route) -> anyhow::Result<String> {
    let folder = Folder::take(data)?;
    let store = folder.store()?;
    ensure!(
        *overwrite || folder.is_empty(&store)?,
        "there is a broker's state in {} already: name another folder, or add --overwrite to replace it",
        data.display()
    );
    let refused = || format!("{} was not imported, and {} is as it was", file.display(), data.display());
    check(file).with_context(refused)?;
    // A broker can be made of it. It is read again rather than kept in memory twice.
    let mut changes = Changes::replacing();
    let take = |record: Record| {
        changes.push(Seq(0), &record);
        Ok(())
    };
    let contents = read(file, "reading again", take).with_context(refused)?;
    folder.finish(store, &changes).with_context(refused)?;
    Ok(format!("{} has {contents} now\n", data.display()))
}

/// Sees whether a broker can be made of an image.
fn check(file: &Path) -> anyhow::Result<()> {
    let mut clock = Clock::start();
    let bytes = fs::metadata(file)?.len();
    let mut restore = Broker::restore(Config::default(), 0, clock.now()).within(image_memory(bytes));
    read(file, "reading", |record| Ok(restore.push(record)?))?;
    let mut words = Words::new();
    loop {
        match restore.step(clock.now(), STEP).map_err(|error| in_full(file, error.into()))? {
            RestoreStep::More(more) => restore = more,
            RestoreStep::Done(_) => return Ok(()),
        }
        let Progress { done, of } = restore.progress();
        words.say("putting together", file, done, of);
    }
}

/// Gives all records of an image, which are to be used only when it has come to its end.
fn read(
    file: &Path,
    what: &str,
    mut each: impl FnMut(Record) -> Result<(), ImageError>,
) -> anyhow::Result<Contents> {
    let mut input = File::open(file)?;
    let all = input.metadata()?.len();
    let (mut image, mut piece, mut done) = (ImageReader::new(), vec![0; PIECE], 0);
    let mut words = Words::new();
    loop {
        let n = input.read(&mut piece)?;
        image.push(&piece[..n]);
        done += n as u64;
        loop {
            let next = image.next().and_then(|record| record.map(&mut each).transpose());
            if next.map_err(|error| in_full(file, error))?.is_none() {
                break;
            }
        }
        if n == 0 {
            return image.finish().map_err(|error| in_full(file, error));
        }
        words.say(what, file, done, all);
    }
}

fn in_full(file: &Path, error: ImageError) -> anyhow::Error {
    anyhow!("{} cannot be used: {error}. {}", file.display(), error.advice())
}

/// Where a file is written until it is whole.
fn beside(file: &Path) -> anyhow::Result<PathBuf> {
    let Some(name) = file.file_name() else { bail!("{} is not the name of a file", file.display()) };
    let mut name = name.to_owned();
    name.push(".part");
    Ok(file.with_file_name(name))
}

/// A new file that only its owner reads: messages are nobody else's.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
