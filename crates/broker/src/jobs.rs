//! Work that is too much for one call.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::access::Policy;
use crate::message::Message;
use crate::reload::Reload;
use crate::retained::{Cursor, Step};
use crate::retained_expiry::Sweep;
use crate::routing::SessionKey;
use crate::shared::HandOver;
use crate::subscribe::SubscriptionChange;
use crate::{Broker, CloseReason, Ending};

use lacewing_protocol::ReasonCode;

/// Work that goes on with each tick until it is done.
#[derive(Debug)]
pub(crate) enum Job {
    /// The messages of a client, or of the broker and its operator, go to the rest of their receivers.
    FanOut(Option<Rc<str>>),
    /// A SUBSCRIBE or UNSUBSCRIBE goes on with the rest of its filters.
    Subscriptions(Box<SubscriptionChange>),
    /// An ended session is cleared away.
    TakeApart(SessionKey),
    /// What a member of a shared subscription left behind goes to others.
    HandOver(Box<HandOver>),
    /// Retained messages go to new subscriptions of a session.
    Retained(SessionKey),
    /// Values of `$SYS` go to those who are subscribed.
    Sys(VecDeque<Rc<Message>>),
    /// Retained messages are cleared.
    DropRetained(Box<Cursor>),
    /// Retained messages whose time is over are cleared.
    Sweep(Box<Sweep>),
    /// Connections are closed, from this place in the slab on.
    Shutdown(u32),
    /// Clients are sent elsewhere, from this place in the slab on.
    Redirect(u32),
    /// Users and rules are compiled.
    Compile,
    /// Clients that other users and rules shut out are disconnected.
    Reload(Box<Reload>),
    /// Users and rules that never came into force are freed.
    Forget(Box<Policy>),
}

/// How many entries one step of a job looks at.
pub(crate) const ENTRIES: u32 = 256;

impl Broker {
    /// Goes on with all jobs in turn while the budget lasts.
    pub(crate) fn run_jobs(&mut self) {
        for _ in 0..self.jobs.len() {
            if self.budget == 0 {
                return;
            }
            let Some(job) = self.jobs.pop_front() else { return };
            if let Some(job) = self.run_job(job) {
                self.jobs.push_back(job);
            }
        }
    }

    /// One part of a job; the job again if it is not done.
    fn run_job(&mut self, mut job: Job) -> Option<Job> {
        let done = match &mut job {
            Job::FanOut(client) => self.go_on_fanning_out(client),
            Job::Subscriptions(change) => self.go_on_changing(change),
            Job::TakeApart(session_key) => self.take_apart(*session_key),
            Job::HandOver(hand_over) => self.go_on_handing_over(hand_over),
            Job::Retained(session_key) => {
                let session = self.sessions.get_mut(session_key.0 as usize);
                if let Some(transit) = session.and_then(|session| session.transit.as_mut()) {
                    transit.pumping = false;
                }
                self.pump_retained(*session_key);
                true
            }
            Job::Sys(changed) => self.go_on_publishing_sys(changed),
            Job::DropRetained(cursor) => self.drop_retained(cursor),
            Job::Sweep(sweep) => self.go_on_sweeping(sweep),
            Job::Shutdown(next) => self.shut_down_from(next),
            Job::Compile => self.go_on_compiling(),
            Job::Reload(reload) => self.go_on_reloading(reload),
            Job::Forget(policy) => policy.take_apart(&mut self.budget),
            Job::Redirect(next) => self.go_on_redirecting(next),
        };
        (!done).then_some(job)
    }

    fn drop_retained(&mut self, cursor: &mut Cursor) -> bool {
        let mut topics = Vec::new();
        let mut scan = self.retained.scan(cursor, ENTRIES);
        let done = loop {
            match scan.next() {
                Step::Found(retained) => topics.push(retained.message.topic.clone()),
                Step::Paused => break false,
                Step::Done => break true,
            }
        };
        self.spend(ENTRIES);
        for topic in topics {
            self.clear_retained(&topic);
        }
        done
    }

    fn shut_down_from(&mut self, next: &mut u32) -> bool {
        // Nothing is added any more, and removals leave places as they are.
        while (*next as usize) < self.connections.capacity() {
            if self.budget == 0 {
                return false;
            }
            let key = crate::connection::ConnKey(*next);
            *next += 1;
            let Some(connection) = self.connections.get(key.0 as usize) else { continue };
            if matches!(connection.phase, crate::connection::Phase::Closing) {
                continue;
            }
            self.spend(8);
            self.say_goodbye(key, ReasonCode::ServerShuttingDown, "");
            self.part(key, Ending::Shutdown, ReasonCode::ServerShuttingDown);
            self.close(key, CloseReason::Shutdown);
        }
        true
    }
}
