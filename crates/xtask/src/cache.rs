//! The folder, outside the checkout, that keeps built tools: one folder a tool and version, whole or not there.

use std::env;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result, bail};

/// The user's folder of built tools.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

/// While this lives, no other set-up on the machine writes to the cache.
#[derive(Debug)]
pub(crate) struct CacheLock {
    _file: File,
}

impl Cache {
    /// `$LACEWING_TOOLS`, or `lacewing/tools` in the platform's folder for caches.
    ///
    /// # Errors
    ///
    /// When the environment names no home.
    pub(crate) fn open() -> Result<Self> {
        if let Some(folder) = env::var_os("LACEWING_TOOLS").filter(|folder| !folder.is_empty()) {
            return Ok(Self { folder: std::path::absolute(folder)? });
        }
        let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let caches = if cfg!(windows) {
            folder("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            folder("HOME").map(|home| home.join("Library/Caches"))
        } else {
            folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
        };
        let Some(caches) = caches else {
            bail!(
                "there is no home folder to keep built tools in; name one with LACEWING_TOOLS=/some/folder"
            );
        };
        Ok(Self { folder: caches.join("lacewing").join("tools") })
    }

    /// Where the cache is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where `package` at `version` is, or would be.
    pub(crate) fn place(&self, package: &str, version: &str) -> PathBuf {
        self.folder.join(format!("{package}-{version}"))
    }

    /// Where what an installation says is kept.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub(crate) fn log(&self, name: &str) -> Result<PathBuf> {
        let logs = self.folder.join("logs");
        fs::create_dir_all(&logs).with_context(|| format!("{} cannot be made", logs.display()))?;
        Ok(logs.join(format!("{name}.log")))
    }

    /// Where cargo builds tools: kept until all are built, so that what was stopped half-way goes on from there.
    pub(crate) fn build_folder(&self) -> PathBuf {
        self.folder.join("build")
    }

    /// Waits until no other set-up writes to the cache, and keeps others waiting.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub(crate) fn lock(&self) -> Result<CacheLock> {
        let failed =
            || format!("{} cannot be written; LACEWING_TOOLS names another folder", self.folder.display());
        fs::create_dir_all(&self.folder).with_context(failed)?;
        let file = File::create(self.folder.join("lock")).with_context(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                println!("Another set-up is at work in {}; waiting for it.", self.folder.display());
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
        }
        Ok(CacheLock { _file: file })
    }

    /// Fills the place of `package` at `version` with what `build` puts into the folder it is given. What is
    /// interrupted leaves the place as it was.
    ///
    /// # Errors
    ///
    /// Those of `build`, and of the file system.
    pub(crate) fn fill(
        &self,
        _lock: &CacheLock,
        package: &str,
        version: &str,
        build: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        let place = self.place(package, version);
        let partial = self.folder.join(format!("{package}-{version}.partial-{}", process::id()));
        self.sweep(package)?;
        fs::create_dir_all(&partial)?;
        build(&partial)?;
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        fs::rename(&partial, &place).with_context(|| format!("{} cannot be put in place", place.display()))
    }

    /// Removes what interrupted installations of `package` left.
    fn sweep(&self, package: &str) -> Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&format!("{package}-")) && name.contains(".partial-") {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache of its own in cargo's folder for tests.
    fn cache(name: &str) -> Cache {
        let folder = env::temp_dir().join(format!("lacewing-cache-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Cache { folder }
    }

    #[test]
    fn an_interrupted_installation_leaves_nothing_that_looks_whole() {
        let cache = cache("interrupted");
        let lock = cache.lock().unwrap();
        let failed = cache.fill(&lock, "tool", "1.0.0", |folder| {
            fs::write(folder.join("half"), "")?;
            bail!("the power went");
        });
        assert!(failed.is_err());
        assert!(!cache.place("tool", "1.0.0").exists());

        cache.fill(&lock, "tool", "1.0.0", |folder| Ok(fs::write(folder.join("whole"), "")?)).unwrap();
        assert!(cache.place("tool", "1.0.0").join("whole").exists());
        let left = fs::read_dir(cache.folder()).unwrap().filter_map(Result::ok);
        assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().contains("partial")));
        fs::remove_dir_all(cache.folder()).unwrap();
    }

    #[test]
    fn a_damaged_tool_is_replaced() {
        let cache = cache("replaced");
        let lock = cache.lock().unwrap();
        fs::create_dir_all(cache.place("tool", "1.0.0").join("junk")).unwrap();
        cache.fill(&lock, "tool", "1.0.0", |folder| Ok(fs::write(folder.join("whole"), "")?)).unwrap();
        assert!(!cache.place("tool", "1.0.0").join("junk").exists());
        assert!(cache.place("tool", "1.0.0").join("whole").exists());
        fs::remove_dir_all(cache.folder()).unwrap();
    }
}
