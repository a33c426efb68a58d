//! An image is taken: all that a broker keeps, as the records it is rebuilt from.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::broker::WallTimer;
use crate::jobs::Job;
use crate::message::Message;
use crate::records::{self, Stage};
use crate::routing::{GroupKey, SessionKey};
use crate::session::{Session, Transit};
use crate::window::Sent;
use crate::{Broker, Now, Record, Restore};

/// A record, and the message that it refers to.
type Referring<'a> = (Record, Option<&'a Rc<Message>>);

impl Broker {
    /// The broker's image: the records from which [`Restore`] makes another one like it, its connections lost at this
    /// moment. A durable broker and one in memory have the same.
    ///
    /// Nothing can happen to the broker meanwhile, so this is one moment; as many records as it keeps messages, sessions and
    /// subscriptions.
    pub fn image(&self) -> impl Iterator<Item = Record> + '_ {
        let sessions = self
            .sessions
            .iter()
            .flat_map(|(key, session)| self.session_image(SessionKey(key as u32), session));
        let mut written = BTreeSet::new();
        let sessions = sessions.chain(self.left_behind()).flat_map(move |(record, message)| {
            let body = message.filter(|message| written.insert(message.number));
            body.map(|message| records::message(message)).into_iter().chain([record])
        });
        let retained = self.retained.after(&[]).map(|(_, retained)| records::retained(retained));
        sessions.chain(retained)
    }

    /// Starts to rebuild another broker from an image, with the limits of this one, that is to take its place.
    pub fn successor(&self, now: Now) -> Restore {
        // Another seed, so that the identifiers it gives to clients are not those that this one gave.
        let seed = self.seed.rotate_left(1) ^ now.wall;
        Self::restore(self.config.clone(), seed, now)
    }

    fn session_image<'a>(
        &'a self,
        key: SessionKey,
        session: &'a Session,
    ) -> impl Iterator<Item = Referring<'a>> {
        let lasts = session.durable || session.expiry > 0;
        // Of one that has ended, or ends with its connection, only what it leaves to its shared subscriptions means something.
        let goes_on = session.expiry > 0 && !session.ended;
        let due = self.wall_timers.deadline(WallTimer::Will(key));
        // One that is held back after a crash is held back again.
        let due = due.filter(|_| session.will.as_ref().is_some_and(|will| !will.crashed));
        let will = if session.ended { None } else { records::will(session, due) };
        let head = goes_on.then(|| records::session(session));
        let transit = session.transit.as_deref().filter(|_| lasts);
        let subscriptions = session.subscriptions.iter().map(move |(filter, subscription)| {
            let delivery = transit.and_then(|transit| transit.retained.get(filter));
            let owed = delivery.and_then(|delivery| delivery.owed());
            records::subscription(session.serial, filter, *subscription, owed)
        });
        let incoming = transit.into_iter().flat_map(|transit| transit.incoming.iter());
        let incoming = incoming
            .filter(move |id| !self.is_given_out(key, session, *id))
            .map(|id| records::incoming(session.serial, id));
        let state = subscriptions.chain(incoming).filter(move |_| goes_on);
        let outgoing = transit.into_iter().flat_map(|transit| self.outgoing_image(session, transit));
        let outgoing = outgoing.filter(move |(_, group, _)| goes_on || group.is_some());
        let outgoing = outgoing.map(|(record, _, message)| (record, message));
        head.into_iter().chain(will).chain(state).map(|record| (record, None)).chain(outgoing)
    }

    /// What is on its way to a client, the share that each came by, and its message.
    fn outgoing_image<'a>(
        &'a self,
        session: &'a Session,
        transit: &'a Transit,
    ) -> impl Iterator<Item = (Record, Option<GroupKey>, Option<&'a Rc<Message>>)> {
        let share = |group: Option<GroupKey>| group.and_then(|group| self.subscriptions.shared_filter(group));
        let sent = transit.window.iter().filter_map(move |(id, sent)| {
            let Sent { released, group, message, .. } = sent;
            let (stage, number) = match message {
                _ if *released => (Stage::Released(id), 0),
                Some(message) => (Stage::Sent(id), message.number),
                // What is never sent again.
                None => return None,
            };
            let record = records::sent(session.serial, stage, sent, number, share(*group));
            Some((record, *group, message.as_ref()))
        });
        let waiting = transit.queue.iter().map(move |waiting| {
            let record = records::waiting(session.serial, waiting, share(waiting.group));
            (record, waiting.group, Some(&waiting.message))
        });
        sent.chain(waiting)
    }

    /// What is on its way from one member of a shared subscription to others, as if from a session that is gone.
    fn left_behind(&self) -> impl Iterator<Item = Referring<'_>> {
        let hand_overs = self.jobs.iter().filter_map(|job| match job {
            Job::HandOver(hand_over) => Some(hand_over),
            _ => None,
        });
        let serial = self.last_serial + 1;
        (0..).zip(hand_overs.flat_map(|hand_over| hand_over.iter())).filter_map(
            move |(order, (group, message))| {
                let share = self.subscriptions.shared_filter(group)?;
                Some((records::left_behind(serial, order, message, share), Some(message)))
            },
        )
    }
}
