//! `cargo xtask setup`: shows what is missing, installs it, and says what only a person can do.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cache::{Cache, CacheLock};
use crate::install::{self, Means, Way};
use crate::inventory::{Found, look_for};
use crate::needs::{self, Need, Purpose, Recipe};
use crate::process::elapsed;
use crate::toolbox::Toolbox;

/// Runs the command.
///
/// # Errors
///
/// When something that `purpose` cannot do without is missing and could not be installed.
pub(crate) fn run(purpose: Purpose, dry_run: bool) -> Result<ExitCode> {
    let cache = Cache::open()?;
    println!("Built tools are kept in {}.", cache.folder().display());
    let means = Means::of_this_machine();
    let needs = needs::of(purpose)?;
    let survey = survey(&needs, &cache, means);
    for (need, state) in needs.iter().zip(&survey) {
        println!("{}", line(need, state));
    }
    if dry_run {
        println!("Nothing was installed: this was a dry run.");
        return Ok(ExitCode::SUCCESS);
    }
    fulfil(purpose, &cache, means)?;
    println!("All is set up for {}.", commands(purpose));
    Ok(ExitCode::SUCCESS)
}

/// The tools for `purpose`, installed first if they are missing; says nothing when they are not.
///
/// # Errors
///
/// When something that `purpose` cannot do without is missing and could not be installed.
pub(crate) fn toolbox(purpose: Purpose) -> Result<Toolbox> {
    let cache = Cache::open()?;
    let needs = needs::of(purpose)?;
    if needs.iter().any(|need| !look_for(need, &cache).is_there()) {
        let means = Means::of_this_machine();
        for (need, state) in needs.iter().zip(survey(&needs, &cache, means)) {
            if !matches!(state, State::There(_)) {
                println!("{}", line(need, &state));
            }
        }
        fulfil(purpose, &cache, means)?;
    }
    Ok(Toolbox::pack(&needs, &cache))
}

/// What is known about one need.
#[derive(Debug)]
enum State {
    There(Found),
    Missing(Way, Found),
}

fn survey(needs: &[Need], cache: &Cache, means: Means) -> Vec<State> {
    let mut means = means;
    needs
        .iter()
        .map(|need| {
            let found = look_for(need, cache);
            if found.is_there() {
                return State::There(found);
            }
            let way = means.way_to(need);
            // What comes later may be installed with it.
            means.npm |= need.name == "npm" && matches!(way, Way::Install(_));
            means.python |= need.name == "Python" && matches!(way, Way::Install(_));
            State::Missing(way, found)
        })
        .collect()
}

/// One line of the table that is shown before anything is installed.
fn line(need: &Need, state: &State) -> String {
    let name = match &need.recipe {
        Recipe::Cargo { version, .. } => format!("{} {version}", need.name),
        Recipe::Npm { version, .. } | Recipe::Pypi { version, .. } => format!("{} {version}", need.name),
        _ => need.name.to_owned(),
    };
    let instead = |found: &Found| match found {
        Found::Missing { instead: Some(version) } => format!(" ({version} is there, and will not do)"),
        _ => String::new(),
    };
    match state {
        State::There(Found::Cached(folder)) => format!("  have     {name}, in {}", folder.display()),
        State::There(_) => format!("  have     {name}"),
        State::Missing(Way::Install(how), found) => {
            format!("  install  {name}{}: {} ({how}, usually {})", instead(found), need.why, need.takes)
        }
        State::Missing(Way::Skip(loss), found) => format!("  skip     {name}{}: {loss}", instead(found)),
        State::Missing(Way::ByHand(how), found) => {
            format!("  missing  {name}{}: {}\n           {how}", instead(found), need.why)
        }
    }
}

/// Installs what is missing and can be installed; then fails if something is still wanting.
fn fulfil(purpose: Purpose, cache: &Cache, means: Means) -> Result<()> {
    let needs = needs::of(purpose)?;
    if !to_install(&needs, &survey(&needs, cache, means)).is_empty() {
        let lock = cache.lock()?;
        // Looked at again: another set-up may have been at work until now.
        install_all(&to_install(&needs, &survey(&needs, cache, means)), cache, &lock, means)?;
    }
    wanting(purpose, &needs, &survey(&needs, cache, means))
}

/// What is missing and can be installed.
fn to_install<'a>(needs: &'a [Need], survey: &[State]) -> Vec<&'a Need> {
    let installable = |state: &State| matches!(state, State::Missing(Way::Install(_), _));
    needs.iter().zip(survey).filter(|(_, state)| installable(state)).map(|(need, _)| need).collect()
}

fn install_all(missing: &[&Need], cache: &Cache, lock: &CacheLock, means: Means) -> Result<()> {
    let packages: Vec<&str> = missing.iter().filter_map(|need| debian_package(need)).collect();
    if !packages.is_empty() {
        step(&format!("Debian's packages {}", packages.join(", ")), "1 to 3 min", || {
            install::debian_packages(cache, &packages)
        })?;
    }
    for need in missing.iter().filter(|need| debian_package(need).is_none()) {
        match step(need.name, need.takes, || install_one(need, cache, lock, means)) {
            Err(error) if need.without.is_some() => {
                println!("    {error:#}\n    going on without: {}", need.without.unwrap_or_default());
            }
            outcome => outcome?,
        }
    }
    install::tidy(cache)
}

fn debian_package(need: &Need) -> Option<&'static str> {
    match need.recipe {
        Recipe::Debian { package, .. } | Recipe::Python { package, .. } => Some(package),
        _ => None,
    }
}

fn step(name: &str, takes: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("  Installing {name} (usually {takes}) …");
    let began = Instant::now();
    install().with_context(|| format!("{name} could not be installed"))?;
    println!("    done in {}", elapsed(began));
    Ok(())
}

fn install_one(need: &Need, cache: &Cache, lock: &CacheLock, means: Means) -> Result<()> {
    match &need.recipe {
        Recipe::WasmTarget => install::wasm_target(cache),
        Recipe::Component { component, .. } => install::component(cache, component),
        Recipe::Cargo { .. } => install::cargo_package(cache, lock, means, &need.recipe),
        Recipe::Npm { package, version, .. } => install::npm_package(cache, lock, package, version),
        Recipe::Pypi { package, version, .. } => install::pypi_package(cache, lock, package, version),
        Recipe::Debian { package, .. } | Recipe::Python { package, .. } => {
            install::debian_packages(cache, &[package])
        }
    }
}

/// Fails when something demanded is still missing.
fn wanting(purpose: Purpose, needs: &[Need], survey: &[State]) -> Result<()> {
    let wanting = needs.iter().zip(survey).filter_map(|(need, state)| match state {
        State::Missing(Way::ByHand(how), _) => Some(format!("{}: {how}", need.name)),
        State::Missing(Way::Install(how), _) if need.without.is_none() => {
            Some(format!("{}: {how} went through, but it is not found: is its folder on PATH?", need.name))
        }
        _ => None,
    });
    let wanting: Vec<String> = wanting.collect();
    if wanting.is_empty() {
        return Ok(());
    }
    let less = if purpose == Purpose::Test {
        "\nWithout them, `cargo xtask serve` and `cargo xtask test --fast` may do"
    } else {
        ""
    };
    bail!("{} cannot run until these are there:\n  {}{less}", commands(purpose), wanting.join("\n  "));
}

fn commands(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Bench => "`cargo xtask bench`",
        Purpose::Check => "`cargo xtask check`",
        Purpose::Mutants => "`cargo xtask mutants`",
        Purpose::Serve => "`cargo xtask serve`",
        Purpose::Test => "`cargo xtask test`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_why_how_and_how_long() {
        let needs = needs::of(Purpose::Serve).unwrap();
        let trunk = needs.iter().find(|need| need.name == "Trunk").unwrap();
        let state =
            State::Missing(Way::Install("cargo install".to_owned()), Found::Missing { instead: None });
        let shown = line(trunk, &state);
        assert_eq!(shown, "  install  Trunk 0.21.14: builds the page (cargo install, usually 4 to 8 min)");
    }

    #[test]
    fn what_only_a_person_can_get_ends_the_command_with_the_way_to_get_it() {
        let needs = needs::of(Purpose::Test).unwrap();
        let survey: Vec<State> = needs
            .iter()
            .map(|need| match need.name {
                "Chromium" => State::Missing(Means::default().way_to(need), Found::Missing { instead: None }),
                _ => State::There(Found::Ready),
            })
            .collect();
        let message = wanting(Purpose::Test, &needs, &survey).unwrap_err().to_string();
        assert!(message.contains("Chromium") && message.contains("apt-get install chromium"), "{message}");
        assert!(message.contains("serve"), "{message}");
    }

    #[test]
    fn npm_that_is_about_to_be_installed_counts() {
        let cache = Cache::open().unwrap();
        let needs: Vec<Need> = needs::of(Purpose::Test)
            .unwrap()
            .into_iter()
            .filter(|need| matches!(need.recipe, Recipe::Npm { .. }) || need.name == "npm")
            .map(|mut need| {
                // Names that no machine has.
                match &mut need.recipe {
                    Recipe::Debian { programs, .. } => *programs = &["surely-no-such-program"],
                    Recipe::Npm { package, .. } => *package = "surely-no-such-package",
                    _ => {}
                }
                need
            })
            .collect();
        let debian = Means { debian: true, ..Means::default() };
        let survey = survey(&needs, &cache, debian);
        let last = survey.last().unwrap();
        assert!(matches!(last, State::Missing(Way::Install(how), _) if how == "npm install"), "{last:?}");
    }
}
