//! What the page is told to show: what changed of what is on its screen, and not more often than anyone can read it.

use lacewing_sim::plan::Role;

use super::caption::Cast;
use super::{Model, card, drawing};
use crate::wire::{HouseView, Reading, Screen, Status, WorkerToPage};

/// What was posted last, so that only a change is posted.
#[derive(Debug, Default)]
pub(super) struct Last {
    status: Option<Status>,
    pub(super) screen: Option<WorkerToPage>,
    /// In which second the rate was last looked at.
    second: Option<u64>,
    /// When the house was last drawn.
    drawn_at: u64,
    /// Whether what changed since waits for its turn.
    behind: bool,
}

/// How long a drawing stays while messages are too many to be told one by one, in microseconds.
const GLANCE: u64 = 800_000;

impl Model {
    /// What changed of what is on screen. Call it at most ten times a second, and again soon while the page [is behind](Self::is_behind).
    pub fn views(&mut self, now: u64) -> Vec<WorkerToPage> {
        let mut views = std::mem::take(&mut self.kept);
        views.extend(self.notices.drain(..).map(WorkerToPage::Notice));
        views.extend(self.posted.drain(..));
        // The whole page is looked through when the status changes: a number that nobody can read faster changes once a second.
        if self.last.second.replace(now / 1_000_000) != Some(now / 1_000_000) {
            self.status.rate = self.rate.per_second(now);
        }
        self.status.arrivals = self.arrivals.view(now);
        self.status.clock = self.clock(now);
        if self.last.status.as_ref() != Some(&self.status) {
            self.last.status = Some(self.status.clone());
            views.push(WorkerToPage::Status(self.status.clone()));
        }
        let cast = Cast { plan: self.house.drawn(), phone: &self.phone.id, messages: &self.messages.id };
        self.narrator.go_on(now, cast);
        self.last.behind = self.is_hurried(now);
        if self.last.behind {
            return views;
        }
        let screen = self.screen_view(now);
        if self.last.screen.as_ref() != Some(&screen) {
            self.last.screen = Some(screen.clone());
            views.push(screen);
        }
        views
    }

    /// Whether the last views left out what may have changed.
    pub fn is_behind(&self) -> bool {
        self.last.behind
    }

    /// Whether what is on screen was drawn just now, changes faster than it can be read, and nobody waits for what changed.
    pub(super) fn is_hurried(&mut self, now: u64) -> bool {
        let awaited = self.house.take_awaited();
        let hurries = match &self.screen {
            Screen::Home { .. } => self.narrator.is_busy(now),
            Screen::Messages(_) => self.stream.is_flood(now),
            Screen::Clients { .. } => false,
        };
        if hurries
            && !awaited
            && self.last.screen.is_some()
            && now.saturating_sub(self.last.drawn_at) < GLANCE
        {
            return true;
        }
        self.last.drawn_at = now;
        false
    }

    fn screen_view(&mut self, now: u64) -> WorkerToPage {
        match &self.screen {
            Screen::Home { device } => {
                let device = device.clone();
                WorkerToPage::House(Box::new(self.house_view(now, device.as_deref())))
            }
            Screen::Messages(window) => {
                let mut view = self.stream.view(now, window);
                view.overloaded = self.overloaded;
                if let Some(detail) = &mut view.detail {
                    self.trace(detail);
                }
                WorkerToPage::Messages(view)
            }
            Screen::Clients { client } => {
                let own = [self.phone.id.as_str(), self.messages.id.as_str()];
                let answer = self.answer();
                let mut view = self.roster.view(now, client.as_deref(), &own);
                // One that came and went between two lists is in neither.
                for row in view.rows.iter_mut().filter(|row| row.listener.is_empty()) {
                    row.listener = self.arrivals.from(&row.client_id).unwrap_or_default();
                }
                if let Some(card) = &mut view.card {
                    let id = &card.row.client_id;
                    card.last = self.traffic.of(now, id);
                    card.answer = answer;
                    card.ending = self.ending.iter().any(|(_, ending)| ending == id);
                }
                WorkerToPage::Clients(view)
            }
        }
    }

    /// The time in the house, as its clock shows it.
    fn clock(&self, now: u64) -> Option<String> {
        let (second, _) = self.house.clock(now)?;
        Some(format!("{:02}:{:02}", second / 3_600, second / 60 % 60))
    }

    fn house_view(&mut self, now: u64, open: Option<&str>) -> HouseView {
        let clock = self.house.clock(now);
        let cast = Cast { plan: self.house.drawn(), phone: &self.phone.id, messages: &self.messages.id };
        let (pavement, more_passers) =
            self.roster.passers(now, HouseView::PASSERS, |client| cast.is_outside(client));
        HouseView {
            source: self.house.source(),
            name: self.house.drawn().name.clone(),
            speed: self.house.speed(),
            cat: self.house.hub(Role::Cat),
            scene: self.house.hub(Role::Scene),
            outside: clock.map(|(_, degrees)| Reading {
                value: format!("{degrees:.1}"),
                unit: "°C".into(),
                stale: false,
            }),
            rooms: drawing::rooms(&self.house, now, |client| self.has_left(client)),
            phone: drawing::phone(&self.house, &self.phone.id, self.phone.connected),
            captions: self.narrator.captions(),
            beads: self.narrator.beads(now, cast),
            busy: self.narrator.busy(now, cast),
            passed: self.narrator.passed(now),
            pavement,
            more_passers,
            detail: open.and_then(|id| self.house.device(id)).map(|device| {
                let known = card::Known {
                    house: &self.house,
                    roster: &self.roster,
                    traffic: &self.traffic,
                    rivals: &self.rivals,
                    operator: &self.status.operator,
                };
                card::card(&known, now, device)
            }),
        }
    }
}
