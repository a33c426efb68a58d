//! The tools that a command runs with, once set-up has seen to it that they are there.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::inventory::{Found, look_for, mismatch, named_or_on_path, program_in};
use crate::needs::{self, Need, Recipe};
use crate::workspace;

/// The tools that a command runs with.
#[derive(Debug)]
pub(crate) struct Toolbox {
    path: OsString,
    /// Whether wasm-opt is among them.
    pub(crate) wasm_opt: bool,
    /// The folder whose `node_modules` holds mqtt.js.
    pub(crate) mqttjs: PathBuf,
    /// The folder whose `node_modules` holds axe-core.
    pub(crate) axe: PathBuf,
    /// The folder that holds paho-mqtt.
    pub(crate) paho: PathBuf,
}

impl Toolbox {
    /// What `needs` found on the machine and in the cache: PATH with the cache's tools in front, and what else the
    /// commands ask for.
    pub(crate) fn pack(needs: &[Need], cache: &Cache) -> Self {
        let mut folders = Vec::new();
        let mut wasm_opt = false;
        let mut mqttjs = PathBuf::new();
        let mut axe = PathBuf::new();
        let mut paho = PathBuf::new();
        for need in needs {
            let found = look_for(need, cache);
            wasm_opt |= need.name == "wasm-opt" && found.is_there();
            if let Recipe::Npm { package, version, program: None, .. } = &need.recipe {
                let place = cache.place(package, version);
                if *package == "axe-core" { axe = place } else { mqttjs = place }
            }
            if let Recipe::Pypi { package, version, .. } = &need.recipe {
                paho = cache.place(package, version);
            }
            if let Found::Cached(folder) = found {
                folders.push(folder);
            }
        }
        let own = env::var_os("PATH").unwrap_or_default();
        folders.extend(env::split_paths(&own));
        Self { path: env::join_paths(folders).unwrap_or(own), wasm_opt, mqttjs, axe, paho }
    }

    /// Gives `command` the tools.
    pub(crate) fn equip<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("PATH", &self.path)
    }

    /// Where a tool is, if it is there.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        env::split_paths(&self.path).find_map(|folder| program_in(&folder, program))
    }

    /// A tool's command, to be run in the checkout's top folder.
    pub(crate) fn tool(&self, program: &str) -> Command {
        let file = self.find(program);
        let mut command = Command::new(file.unwrap_or_else(|| PathBuf::from(program)));
        command.current_dir(workspace::root());
        self.equip(&mut command);
        command
    }

    /// The browser and its driver.
    ///
    /// # Errors
    ///
    /// When one is missing, or they do not go together.
    pub(crate) fn browser(&self) -> Result<Browser> {
        let chromium = named_or_on_path(Some("CHROMIUM"), needs::CHROMIUM).context("Chromium is gone")?;
        let driver =
            named_or_on_path(Some("CHROMEDRIVER"), needs::CHROMEDRIVER).context("chromedriver is gone")?;
        match mismatch(&chromium, &driver) {
            Some(why) => bail!(why),
            None => Ok(Browser { chromium, driver }),
        }
    }
}

/// The browser that tests open.
#[derive(Debug)]
pub(crate) struct Browser {
    /// Chromium, or what goes for it.
    pub(crate) chromium: PathBuf,
    /// chromedriver.
    pub(crate) driver: PathBuf,
}
