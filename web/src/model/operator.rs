//! What the broker's host says to an operator, and what it is asked to tell.

use lacewing_control::{Event, EventKind, Request, Response, Watch};

use super::{Effect, Model, inquiry, missed, standing, takeover};
use crate::wire::{Bridge, Devices, Journey, MessageDetail, Notice, Operator, Saving, Screen, WorkerToPage};

/// Messages a second from which on nobody is told of each one's way; half of it and they are again.
const TOO_MANY: f32 = 1_000.0;

impl Model {
    /// What the host of the broker said.
    pub fn control(&mut self, now: u64, response: Response) {
        match response {
            Response::Hello { saving, .. } => {
                self.status.operator = Operator::Yes;
                self.saving(saving);
                self.watch = None;
                self.watch_host();
            }
            Response::Clients(clients) => {
                self.roster.list(now, clients);
            }
            Response::Client(detail) => self.roster.detail(detail),
            Response::Events { events, missed } => {
                let told = events.len().max(1) as u64;
                let weight = u32::try_from((told + missed).div_ceil(told)).unwrap_or(u32::MAX);
                if missed > 0 {
                    self.traffic.missed(events.first().map_or(now, |event| event.at));
                }
                events.iter().for_each(|event| self.event(now, event, weight));
            }
            Response::Metrics(metrics) => {
                self.status.clients = Some(metrics.clients);
                let count: u64 = metrics.published.iter().sum();
                if let Some(last) = self.counted {
                    self.rate.add(now, count.saturating_sub(last));
                }
                self.counted = Some(count);
            }
            Response::Home(devices) => self.house.powered(now, devices),
            Response::Blueprint { file, standard } => {
                self.kept.retain(|kept| *kept == WorkerToPage::HomeDamaged);
                self.kept.push(WorkerToPage::Blueprint { file, standard });
            }
            Response::HomeDamaged { why } => {
                self.kept.push(WorkerToPage::HomeDamaged);
                self.problem(format!(
                    "The home that was kept could not be read, so this is the Lacewing house; the file is set aside. {why}"
                ));
            }
            Response::Saving(saving) => self.saving(saving),
            Response::Bridge(bridge) => {
                self.status.devices =
                    if bridge == Bridge::Elsewhere { Devices::OtherTab } else { Devices::Here };
                if let (Bridge::Lost { .. } | Bridge::Elsewhere, Bridge::Linked(_)) =
                    (&self.status.bridge, &bridge)
                {
                    self.notify(Notice::done("The bridge is linked again: real devices reach this broker."));
                }
                self.status.bridge = bridge;
            }
            Response::Users { required, name } => {
                self.status.user = required.then(|| name.unwrap_or_else(|| "NAME".into()));
            }
            Response::Explained { client_id, topic, explanation } => {
                self.house.excuse_client(&client_id, inquiry::no_answer(&explanation, &topic));
                self.inquiries.answered(client_id, topic, explanation);
            }
            Response::RulesReloaded { what } => self.notify(Notice::done(what)),
            Response::Exported { from, of, bytes, contents } => self.exported(from, of, &bytes, contents),
            Response::Importing { taken } => self.importing(taken),
            Response::Imported { contents } => self.imported(contents),
            Response::Refused { why } => {
                self.moved(None);
                self.problem(why);
            }
        }
    }

    fn saving(&mut self, saving: Saving) {
        let before = std::mem::replace(&mut self.status.saving, saving);
        match (&before, &self.status.saving) {
            (Saving::NoRoom { .. }, Saving::Everything) => {
                self.notify(Notice::done("There is room again: everything is saved."));
            }
            (Saving::Everything, Saving::NoRoom { .. }) => self.problem(standing::NO_ROOM.to_owned()),
            _ => {}
        }
    }

    /// There is no control channel, or no longer; `why` is a sentence.
    pub fn control_closed(&mut self, why: &str) {
        self.status.operator = Operator::No { why: why.into() };
        self.moved(None);
        self.status.clients = None;
        self.counted = None;
        self.watch = None;
        self.roster.forget();
        self.traffic.forget();
        self.inquiries.forget();
        self.arrivals.forget();
        self.rivals.forget();
        self.house.powered(0, Vec::new());
    }

    /// Tells the host what is on screen, if it changed.
    pub(super) fn watch_host(&mut self) {
        if self.status.operator != Operator::Yes {
            return;
        }
        let (client, list) = match &self.screen {
            Screen::Clients { client } => (client.clone(), true),
            Screen::Home { device } => {
                let client =
                    device.as_deref().map(|id| self.house.device(id).map_or(id, |device| device.client_id()));
                // The pavement shows who is there.
                (client.map(str::to_owned), true)
            }
            // Of an open message one can ask why some client is not among those who got it.
            Screen::Messages(window) => (None, window.open.is_some()),
        };
        let watch = Watch { clients: list, client, events: !self.overloaded, metrics: true, home: true };
        if self.watch.as_ref() != Some(&watch) {
            self.watch = Some(watch.clone());
            self.effects.push_back(Effect::Control(Request::Watch(watch)));
        }
    }

    /// Whether the host tells what happens at the broker.
    pub(super) fn is_told_of_events(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.events)
    }

    /// Stops asking for each message's way while there are too many of them.
    pub(super) fn weigh(&mut self) {
        let limit = if self.overloaded { TOO_MANY / 2.0 } else { TOO_MANY };
        let overloaded = self.status.rate > limit;
        if overloaded != self.overloaded {
            self.overloaded = overloaded;
            self.watch_host();
        }
    }

    /// What becomes of a wish that got no answer is asked of the broker, who got the message that is open, and what a person asks.
    pub(super) fn inquire(&mut self, now: u64) {
        if self.status.operator != Operator::Yes {
            return;
        }
        let mut questions = self.house.unanswered(now);
        if let Screen::Messages(window) = &self.screen
            && let Some((at, topic, payload)) = window.open.and_then(|number| self.stream.message_at(number))
            && let Some(traced) = self.traffic.find(at, topic, payload)
        {
            let missed = traced.journey.receivers.iter().filter(|one| one.failed);
            questions.extend(missed.map(|one| (one.client_id.clone(), topic.to_owned())));
        }
        questions.extend(self.asked().cloned());
        for (client_id, topic) in questions {
            let request = self.inquiries.ask(now, &client_id, &topic);
            self.effects.extend(request.map(Effect::Control));
        }
    }

    /// The client and the topic that a person asks about, while what is on screen is about one of them.
    fn asked(&self) -> Option<&(String, String)> {
        self.asked.as_ref().filter(|(client_id, topic)| match &self.screen {
            Screen::Messages(window) => {
                let open = window.open.and_then(|number| self.stream.message_at(number));
                open.is_some_and(|(_, of, _)| of == topic)
            }
            Screen::Clients { client } => client.as_ref() == Some(client_id),
            Screen::Home { .. } => false,
        })
    }

    /// What a person asked about, the client on the card or the topic of the message left out, and the answer. It is about the message where
    /// that was traced, and else about what is published to the topic now.
    pub(super) fn answer(&self) -> Option<(String, String)> {
        let (client_id, topic) = self.asked()?;
        let open = match &self.screen {
            Screen::Messages(window) => window.open.and_then(|number| self.stream.message_at(number)),
            _ => None,
        };
        let traced = open.and_then(|(at, topic, payload)| self.traffic.find(at, topic, payload));
        let says = match (self.inquiries.answer(client_id, topic), traced) {
            (None, _) => "Asking the broker.".into(),
            (Some(answer), Some(traced)) => {
                missed::this_one(answer, client_id, traced, self.roster.find(client_id))
            }
            (Some(answer), None) => missed::now(answer),
        };
        Some((if open.is_some() { client_id } else { topic }.clone(), says))
    }

    /// Adds to an open message who got it, who did not, and why.
    pub(super) fn trace(&self, detail: &mut MessageDetail) {
        detail.journey = self.journey(detail.number);
        if self.status.operator == Operator::Yes {
            let got = detail.journey.as_ref().map_or(&[][..], |journey| &journey.receivers);
            detail.others = Some(self.roster.others(|id| got.iter().any(|one| one.client_id == id)));
            detail.answer = self.answer();
        }
    }

    /// Who sent a message of the stream, who got it and why.
    fn journey(&self, number: u64) -> Result<Journey, String> {
        if let Operator::No { why } = &self.status.operator {
            return Err(format!(
                "Who got it, and why another did not, only the broker's own page can tell. {why}"
            ));
        }
        let unknown =
            "It came before this page looked, or was kept by the broker: who got it was not recorded.";
        let (at, topic, payload) = self.stream.message_at(number).ok_or(unknown)?;
        let mut journey = self.traffic.find(at, topic, payload).ok_or(unknown)?.journey.clone();
        for receiver in journey.receivers.iter_mut().filter(|one| one.failed) {
            let why = self.inquiries.answer(&receiver.client_id, topic).and_then(inquiry::by_which_rule);
            if let Some(why) = why {
                receiver.how = format!("{}, {why}", receiver.how);
            }
        }
        Ok(journey)
    }

    /// Whether a client is known not to be connected.
    pub(super) fn has_left(&self, client_id: &str) -> bool {
        self.status.operator == Operator::Yes && self.roster.has_left(client_id)
    }

    /// An event, which stands for `weight` of them where the host left some out.
    fn event(&mut self, now: u64, event: &Event, weight: u32) {
        if let EventKind::Published { topic, retain, payload, .. } = &event.kind {
            self.house.published(topic, *retain, payload.len == 0);
        }
        let own = [self.phone.id.as_str(), self.messages.id.as_str()];
        match &event.kind {
            EventKind::Connected { .. } | EventKind::Disconnected { .. } => {
                self.roster.event(event.at, &event.kind);
            }
            EventKind::Published { from: Some(from), topic, .. } => {
                self.seen.topic(topic);
                let is_simulated = |id: &str| self.house.is_running(id) || own.contains(&id);
                let plan = self.house.drawn();
                let rivalled = self.rivals.published(event.at, plan, from, topic, is_simulated);
                let question = rivalled.map(|device| takeover::question(plan, device, from, topic));
                question.into_iter().for_each(|question| self.notify(question));
            }
            EventKind::Refused { client_id: Some(id), why, .. } if own.contains(&id.as_str()) => {
                self.refused(why);
            }
            _ => {}
        }
        self.traffic.event(event);
        let own = [self.phone.id.as_str(), self.messages.id.as_str()];
        let arrived = self.arrivals.event(event, &own);
        arrived.into_iter().for_each(|says| self.notify(Notice::done(says)));
        self.narrator.event(now, &event.kind, weight);
    }
}
