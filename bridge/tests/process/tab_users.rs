//! Users in the settings file while the broker is in a tab: the tab has the rules, the bridge the hashes.

use std::fs;

use lacewing_broker::{Listener, Rules};
use lacewing_control::service::{Decision, FromBridge, FromHost, Question, Step};
use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::tab::Tab;

/// "pencil", at the least cost there is.
const PENCIL: &str =
    "$argon2id$v=19$m=8,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$2vEyF5weWleEp5h7PY7aLi9Uo2VN9IQqwN4iQu3m4cw";

struct Bridge {
    daemon: Daemon,
    folder: TempDir,
}

impl Bridge {
    fn start(settings: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("lacewing.toml");
        fs::write(&file, settings).unwrap();
        let daemon = Daemon::start(&["--config", file.to_str().unwrap()]);
        Self { daemon, folder }
    }

    fn settings(&self, settings: &str) {
        fs::write(self.folder.path().join("lacewing.toml"), settings).unwrap();
    }
}

fn rules(tab: &mut Tab) -> Rules {
    let said = tab.told();
    let FromBridge::Rules(rules) = said else { panic!("{said:?}") };
    *rules
}

fn login(conn: u64, name: &str, password: &str) -> FromHost {
    FromHost::Question(Box::new(Question {
        conn,
        client_id: "lamp".into(),
        version: 4,
        username: Some(name.into()),
        password: Some(password.into()),
        listener: Listener::Tcp,
        peer: "10.0.0.1:50312".into(),
        certificate: None,
        method: None,
        data: None,
        step: Step::Connect,
    }))
}

#[test]
fn the_bridge_checks_the_passwords_that_the_tab_asks_about() {
    let bridge = Bridge::start(&format!("[[user]]\nname = 'ada'\npassword = '{PENCIL}'\n"));
    let mut tab = Tab::linked(&bridge.daemon, 1);
    let rules = rules(&mut tab);
    assert!(!rules.anonymous);
    let fingerprint = rules.user("ada").unwrap().password.clone().unwrap();
    assert!(!fingerprint.contains("argon2"), "the tab knows no hash");

    tab.say(&login(7, "ada", "pencil"));
    let allowed = Decision::Allow { user: Some("ada".into()), data: None };
    assert_eq!(tab.told(), FromBridge::Verdict { conn: 7, decision: allowed });
    tab.say(&login(8, "ada", "pen"));
    assert_eq!(tab.told(), FromBridge::Verdict { conn: 8, decision: Decision::Deny { reason: 0x86 } });
}

#[test]
fn the_tab_is_told_the_rules_again_when_they_change_and_who_asked_what_came_of_it() {
    let bridge = Bridge::start("");
    let mut tab = Tab::linked(&bridge.daemon, 1);
    assert_eq!(rules(&mut tab), Rules::default());
    bridge.settings("access = ['deny secret/#']\n");
    tab.say(&FromHost::ReloadRules { operator: 3 });
    assert_eq!(rules(&mut tab).access.len(), 1);
    let what = "The rules are in force: other access rules for everyone.".to_owned();
    assert_eq!(tab.told(), FromBridge::RulesReloaded { operator: 3, outcome: Ok(what) });
    bridge.settings("access = ['deny']\n");
    tab.say(&FromHost::ReloadRules { operator: 4 });
    let FromBridge::RulesReloaded { operator: 4, outcome: Err(why) } = tab.told() else { panic!() };
    assert!(why.contains("line 1: \"deny\" is not written like"), "{why}");
    bridge.settings("");
    bridge.daemon.signal("HUP");
    assert_eq!(rules(&mut tab), Rules::default());
}
