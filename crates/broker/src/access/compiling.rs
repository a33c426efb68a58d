//! Users and rules are brought into the form in which they are asked, and freed again, a part at a time.

use super::Policy;
use super::tree::{Place, Tree};
use crate::Rules;

/// Users and rules that are being compiled and not yet in force.
#[derive(Debug)]
pub(crate) struct Compiling {
    policy: Policy,
    /// The user that is next.
    user: usize,
    /// How far that user's rules are in, then how far those for everyone.
    place: Place,
}

impl Compiling {
    /// Nothing is compiled yet.
    pub(crate) fn new(rules: Rules) -> Self {
        Self { policy: Policy::empty(rules), user: 0, place: Place::default() }
    }

    /// Goes on while the budget lasts; whether all is compiled.
    pub(crate) fn go_on(&mut self, budget: &mut u32) -> bool {
        while self.user < self.policy.rules.users.len() {
            if !self.go_on_with_user(budget) {
                return false;
            }
            self.user += 1;
            self.finish_list();
        }
        let Policy { rules, common, .. } = &mut self.policy;
        let whole = common.grow(&rules.access, &mut self.place, budget);
        if whole {
            self.finish_list();
        }
        whole
    }

    /// The next list of rules starts at its start.
    fn finish_list(&mut self) {
        let Place { guards_publishing, guards_reading, .. } = std::mem::take(&mut self.place);
        self.policy.guards_publishing |= guards_publishing;
        self.policy.guards_reading |= guards_reading;
    }

    /// The policy, which is whole once all is compiled.
    pub(crate) fn into_policy(mut self, edition: u32) -> Policy {
        self.policy.edition = edition;
        self.policy
    }

    /// What there is of it, to be taken apart.
    pub(crate) fn abandon(self) -> Policy {
        self.policy
    }

    /// Whether the next user is done.
    fn go_on_with_user(&mut self, budget: &mut u32) -> bool {
        let Policy { rules, users, trees, .. } = &mut self.policy;
        let Some(user) = rules.users.get(self.user) else { return true };
        if *budget == 0 {
            return false;
        }
        let number = self.user as u32;
        let (place, tree) = match users.get(user.name.as_str()) {
            Some(known) => *known,
            None => {
                *budget -= 1;
                let tree = (!user.access.is_empty()).then(|| {
                    trees.push(Tree::new());
                    (trees.len() - 1) as u32
                });
                users.insert(user.name.as_str().into(), (number, tree));
                (number, tree)
            }
        };
        if place != number {
            // Of two with the same name the first counts.
            *budget = budget.saturating_sub(1);
            return true;
        }
        let Some(tree) = tree else { return true };
        let Some(tree) = trees.get_mut(tree as usize) else { return true };
        tree.grow(&user.access, &mut self.place, budget)
    }
}

impl Policy {
    /// Frees what is no longer in force while the budget lasts; whether all is gone.
    pub(crate) fn take_apart(&mut self, budget: &mut u32) -> bool {
        while let Some(tree) = self.trees.last_mut() {
            if !tree.shrink(budget) {
                return false;
            }
            self.trees.pop();
        }
        if !self.common.shrink(budget) {
            return false;
        }
        let Rules { users, access, .. } = &mut self.rules;
        while let Some(user) = users.last_mut() {
            if *budget == 0 {
                return false;
            }
            *budget -= 1;
            if user.access.pop().is_none() {
                users.pop();
            }
        }
        while *budget > 0 && access.pop().is_some() {
            *budget -= 1;
        }
        access.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Who;
    use crate::{Access, AccessRule, Act, User};

    fn rules() -> Rules {
        let rule = |number: usize, pattern: String| AccessRule {
            verdict: if number.is_multiple_of(3) { Access::Allow } else { Access::Deny },
            act: [Act::Publish, Act::Subscribe, Act::Both][number % 3],
            topics: pattern.try_into().unwrap(),
        };
        let user = |number: usize| User {
            // Some names stand twice.
            name: format!("user{}", number % 40),
            access: (0..number % 4).map(|part| rule(number + part, format!("own/{part}/%u/#"))).collect(),
            ..User::default()
        };
        let patterns = ["a/+", "a/b/#", "%c/set", "own/+/+/x", "#"];
        let common = (0..).zip(patterns).map(|(number, pattern)| rule(number, pattern.to_owned()));
        Rules { users: (0..60).map(user).collect(), access: common.collect(), ..Rules::default() }
    }

    /// What users may not do, and what they have in common.
    fn decisions(policy: &Policy) -> Vec<Option<String>> {
        let mut decisions = vec![Some(format!("{} {}", policy.guards_publishing, policy.guards_reading))];
        for number in 0..41 {
            let user = format!("user{number}");
            let who = Who { client_id: "me", user: Some(&user) };
            decisions.push(policy.user(&user).map(|user| user.access.len().to_string()));
            for topic in
                ["a/b", "a/b/c", "me/set", &format!("own/1/{user}/x"), &format!("own/2/{user}/y"), "z"]
            {
                for act in [Act::Publish, Act::Subscribe] {
                    decisions.push(policy.forbids_to(&who, act, topic).map(AccessRule::to_string));
                }
            }
        }
        decisions
    }

    #[test]
    fn the_size_of_the_steps_changes_nothing() {
        let compiled = |step: u32| {
            let mut compiling = Compiling::new(rules());
            let mut steps = 1;
            while !compiling.go_on(&mut step.clone()) {
                steps += 1;
            }
            (steps, compiling.into_policy(1))
        };
        let (steps, whole) = compiled(u32::MAX);
        assert_eq!(steps, 1);
        for step in [1, 2, 7, 100] {
            let (steps, mut policy) = compiled(step);
            assert!(steps > 300 / step, "{steps} steps of {step}");
            assert_eq!(decisions(&policy), decisions(&whole), "{step}");
            let mut steps = 1;
            while !policy.take_apart(&mut step.clone()) {
                steps += 1;
            }
            assert!(steps > 300 / step, "{steps} steps of {step} to take it apart");
        }
    }
}
