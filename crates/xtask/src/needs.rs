//! What each command needs on the machine, why, and how it is got: a list, and nothing but a list.

use anyhow::Result;
use clap::ValueEnum;

use crate::version::Accepts;
use crate::workspace;

/// The command that set-up prepares for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// `cargo xtask bench`: what `Test` needs, and the brokers by others that are compared with.
    Bench,
    /// `cargo xtask check`.
    Check,
    /// `cargo xtask mutants`: nothing else needs its tool, and so `Test` does not install it.
    Mutants,
    /// `cargo xtask serve`: Rust alone will do.
    Serve,
    /// Everything, `cargo xtask test` included.
    Test,
}

/// One thing that has to be on the machine.
#[derive(Clone, Debug)]
pub(crate) struct Need {
    /// What people call it.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) why: &'static str,
    /// How long it usually takes to get, on two cores.
    pub(crate) takes: &'static str,
    /// What is lost without it; `None` when nothing works without it.
    pub(crate) without: Option<&'static str>,
    /// How it is found and got.
    pub(crate) recipe: Recipe,
}

/// How something is found and got.
#[derive(Clone, Debug)]
pub(crate) enum Recipe {
    /// The wasm target of the Rust tool chain.
    WasmTarget,
    /// A rustup component, found by the cargo command it brings.
    Component { component: &'static str, command: &'static str },
    /// A crate with command line tools, kept in the cache.
    Cargo {
        package: &'static str,
        version: String,
        accepts: Accepts,
        programs: &'static [&'static str],
        locked: bool,
        /// It is built for speed, which takes longer: how fast it is is what it is wanted for.
        fast: bool,
    },
    /// An npm package, kept in the cache; `program` is what it brings for the command line.
    Npm { package: &'static str, version: &'static str, accepts: Accepts, program: Option<&'static str> },
    /// A package of Python's index without dependencies, kept in the cache; `module` is what it brings.
    Pypi { package: &'static str, version: &'static str, module: &'static str },
    /// A Debian package that brings Python with a module.
    Python { package: &'static str, module: &'static str },
    /// A Debian package that brings a program, under any of these names, or wherever `variable` says that it is.
    Debian { package: &'static str, programs: &'static [&'static str], variable: Option<&'static str> },
}

/// What `purpose` needs, in the order in which it is got: what others are got with comes first.
///
/// # Errors
///
/// When Cargo.lock and Cargo.toml do not agree on the wasm-bindgen.
pub(crate) fn of(purpose: Purpose) -> Result<Vec<Need>> {
    if purpose == Purpose::Mutants {
        return Ok(vec![cargo_mutants()]);
    }
    let mut needs = vec![wasm_target()];
    let everything = matches!(purpose, Purpose::Test | Purpose::Bench);
    if everything || purpose == Purpose::Check {
        needs.extend([
            component("rustfmt", "fmt", "formats the source"),
            component("clippy", "clippy", "reads the source for mistakes"),
            valgrind(),
        ]);
    }
    if everything {
        needs.extend(browser_and_clients());
    }
    needs.extend([wasm_bindgen(workspace::wasm_bindgen_version()?), trunk(), wasm_opt()]);
    if everything {
        needs.extend([wasm_pack(), mqttjs(), axe(), paho()]);
    }
    if purpose == Purpose::Bench {
        needs.extend([mosquitto(), rumqttd()]);
    }
    Ok(needs)
}

/// The names under which Chromium is installed, Debian's first.
pub(crate) const CHROMIUM: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// Where mosquitto is: Debian puts it where only root's PATH leads.
pub(crate) const MOSQUITTO: &[&str] = &["mosquitto", "/usr/sbin/mosquitto"];

/// The names under which Chromium's driver is installed.
pub(crate) const CHROMEDRIVER: &[&str] = &["chromedriver"];

fn wasm_target() -> Need {
    Need {
        name: "the wasm32-unknown-unknown target",
        why: "lets rustc build for the browser",
        takes: "10 s",
        without: None,
        recipe: Recipe::WasmTarget,
    }
}

fn component(component: &'static str, command: &'static str, why: &'static str) -> Need {
    Need {
        name: component,
        why,
        takes: "10 s",
        without: None,
        recipe: Recipe::Component { component, command },
    }
}

fn wasm_bindgen(version: String) -> Need {
    Need {
        name: "wasm-bindgen",
        why: "joins the wasm to JavaScript; its version must be the library's in Cargo.lock",
        takes: "2 to 3 min",
        without: None,
        recipe: Recipe::Cargo {
            package: "wasm-bindgen-cli",
            version,
            accepts: Accepts::Exactly,
            programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
            // Its lock file names a crate version that can no longer be had.
            locked: false,
            fast: false,
        },
    }
}

fn trunk() -> Need {
    Need {
        name: "Trunk",
        why: "builds the page",
        takes: "4 to 8 min",
        without: None,
        recipe: Recipe::Cargo {
            package: "trunk",
            // 0.22 needs a newer rustc than the workspace asks for.
            version: "0.21.14".to_owned(),
            accepts: Accepts::SameMinor,
            programs: &["trunk"],
            locked: true,
            fast: false,
        },
    }
}

fn wasm_opt() -> Need {
    Need {
        name: "wasm-opt",
        why: "makes the page's wasm smaller",
        takes: "10 s",
        without: Some("the page is some 30% larger (15% compressed), and works all the same"),
        recipe: Recipe::Npm {
            package: "binaryen",
            version: "132.0.0",
            accepts: Accepts::SameMajorOrLater,
            program: Some("wasm-opt"),
        },
    }
}

fn wasm_pack() -> Need {
    Need {
        name: "wasm-pack",
        why: "runs tests inside a browser",
        takes: "2 min",
        without: None,
        recipe: Recipe::Cargo {
            package: "wasm-pack",
            version: "0.15.1".to_owned(),
            accepts: Accepts::SameMinor,
            programs: &["wasm-pack"],
            locked: true,
            fast: false,
        },
    }
}

fn cargo_mutants() -> Need {
    Need {
        name: "cargo-mutants",
        why: "changes the source in small ways, to see whether tests notice",
        takes: "4 min",
        without: None,
        recipe: Recipe::Cargo {
            package: "cargo-mutants",
            version: "27.1.0".to_owned(),
            accepts: Accepts::SameMinor,
            programs: &["cargo-mutants"],
            locked: true,
            fast: false,
        },
    }
}

fn valgrind() -> Need {
    Need {
        name: "valgrind",
        why: "counts the instructions of the core's hot paths",
        takes: "1 min",
        without: Some("the core's instructions cannot be counted"),
        recipe: Recipe::Debian { package: "valgrind", programs: &["valgrind"], variable: None },
    }
}

fn mosquitto() -> Need {
    Need {
        name: "mosquitto",
        why: "a broker by others to compare with; Debian also starts it as a service, on port 1883",
        takes: "10 s",
        without: Some("it is not compared with"),
        recipe: Recipe::Debian { package: "mosquitto", programs: MOSQUITTO, variable: Some("MOSQUITTO") },
    }
}

fn rumqttd() -> Need {
    Need {
        name: "rumqttd",
        why: "a broker by others to compare with",
        takes: "5 min",
        without: Some("it is not compared with"),
        recipe: Recipe::Cargo {
            package: "rumqttd",
            version: "0.20.0".to_owned(),
            accepts: Accepts::Exactly,
            programs: &["rumqttd"],
            // Its lock file names a `metrics` that today's rustc does not compile.
            locked: false,
            fast: true,
        },
    }
}

fn mqttjs() -> Need {
    Need {
        name: "mqtt.js",
        why: "a client by others that the tests connect",
        takes: "10 s",
        without: None,
        recipe: Recipe::Npm { package: "mqtt", version: "5.16.0", accepts: Accepts::Exactly, program: None },
    }
}

fn axe() -> Need {
    Need {
        name: "axe-core",
        why: "tells whether the page can be used by people who see it badly or not at all",
        takes: "10 s",
        without: None,
        recipe: Recipe::Npm {
            package: "axe-core",
            version: "4.14.1",
            accepts: Accepts::Exactly,
            program: None,
        },
    }
}

fn paho() -> Need {
    Need {
        name: "paho-mqtt",
        why: "a client by others that the tests connect",
        takes: "10 s",
        without: None,
        recipe: Recipe::Pypi { package: "paho-mqtt", version: "2.1.0", module: "paho" },
    }
}

fn browser_and_clients() -> [Need; 6] {
    let debian = |name, why, takes, package, programs, variable| Need {
        name,
        why,
        takes,
        without: None,
        recipe: Recipe::Debian { package, programs, variable },
    };
    [
        debian("Node.js", "runs mqtt.js and wasm-opt", "1 min", "nodejs", &["node"], None),
        Need {
            name: "Python",
            why: "runs paho-mqtt, and fetches it with a virtual environment's pip",
            takes: "1 min",
            without: None,
            recipe: Recipe::Python { package: "python3-venv", module: "ensurepip" },
        },
        debian("npm", "fetches mqtt.js, axe-core and wasm-opt", "1 min", "npm", &["npm"], None),
        debian(
            "Chromium",
            "the browser that the tests open",
            "1 min",
            "chromium",
            CHROMIUM,
            Some("CHROMIUM"),
        ),
        debian(
            "chromedriver",
            "steers Chromium",
            "10 s",
            "chromium-driver",
            CHROMEDRIVER,
            Some("CHROMEDRIVER"),
        ),
        debian(
            "mosquitto's clients",
            "clients by others that the tests run",
            "10 s",
            "mosquitto-clients",
            &["mosquitto_sub"],
            None,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(purpose: Purpose) -> Vec<&'static str> {
        of(purpose).unwrap().into_iter().map(|need| need.name).collect()
    }

    #[test]
    fn serve_demands_nothing_that_rust_alone_does_not_bring() {
        for need in of(Purpose::Serve).unwrap() {
            let from_rust = matches!(need.recipe, Recipe::WasmTarget | Recipe::Cargo { .. });
            assert!(from_rust || need.without.is_some(), "{} is demanded", need.name);
        }
        assert_eq!(
            names(Purpose::Serve),
            ["the wasm32-unknown-unknown target", "wasm-bindgen", "Trunk", "wasm-opt"]
        );
    }

    #[test]
    fn test_needs_all_that_the_others_need() {
        let everything = names(Purpose::Test);
        assert!(everything.iter().all(|name| names(Purpose::Bench).contains(name)), "a bench needs as much");
        for name in names(Purpose::Serve).into_iter().chain(names(Purpose::Check)) {
            assert!(everything.contains(&name), "{name} is missing");
        }
    }

    #[test]
    fn npm_and_python_come_before_what_they_fetch() {
        let everything = names(Purpose::Test);
        let place = |name| everything.iter().position(|other| *other == name).unwrap();
        assert!(place("npm") < place("wasm-opt"));
        assert!(place("npm") < place("mqtt.js"));
        assert!(place("Python") < place("paho-mqtt"));
    }
}
