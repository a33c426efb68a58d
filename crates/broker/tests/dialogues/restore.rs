//! A broker is put together from its records in steps.

use lacewing_broker::{Broker, Change, Config, Progress, Record, Restore, RestoreStep, Table};
use lacewing_protocol::{Connect, Packet, QoS};

use crate::story::*;

/// Sessions with all that a session can have, and what a crash can leave over.
fn eventful() -> Story {
    let story = Story::durable();
    let sender = story.client("sender");
    for number in 0..20 {
        let client_id = format!("c{number}");
        let (client, _) = story.enter(Connect {
            will: Some(will("gone", &client_id)),
            clean_start: false,
            ..expiring(&client_id, 1000 + number)
        });
        for filter in ["news/+", "$share/g/jobs", &format!("own/{number}")] {
            client.subscribe(filter, QoS::ExactlyOnce);
        }
        client.send(Packet::Publish(with_qos(
            retained(&format!("state/{number}"), "on"),
            QoS::ExactlyOnce,
            1,
        )));
        if number % 2 == 0 {
            client.vanishes();
        }
    }
    for number in 0..10 {
        for topic in ["news/a", "jobs"] {
            let qos = if number % 2 == 0 { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
            sender.send(Packet::Publish(with_qos(message(topic, "x"), qos, 100 + number)));
            sender.rest();
        }
    }
    // As if their sessions had ended just before the crash.
    let mut sessions = 0;
    story.world().store.retain(|(table, _), _| {
        sessions += u32::from(*table == Table::Session);
        *table != Table::Session || sessions % 5 != 0
    });
    story
}

fn pushed(story: &Story) -> Restore {
    let world = story.world();
    let mut restore = Broker::restore(Config { durable: true, ..Config::default() }, 7, world.now);
    for ((table, key), value) in &world.store {
        let change = Change::Put(value.clone());
        restore.push(Record { table: *table, key: key.clone(), change }).unwrap();
    }
    restore
}

#[test]
fn steps_are_bounded_and_their_size_changes_nothing() {
    let story = eventful();
    let now = story.world().now;
    let records = story.world().store.len();
    assert!(records > 300, "{records}");
    let whole = format!("{:?}", pushed(&story).finish(now).unwrap());
    for budget in [1, 2, 17, 100] {
        let (mut restore, mut steps) = (pushed(&story), 0);
        let mut before = Progress::default();
        let broker = loop {
            steps += 1;
            match restore.step(now, budget).unwrap() {
                RestoreStep::Done(broker) => break broker,
                RestoreStep::More(more) => restore = more,
            }
            let progress = restore.progress();
            let done = progress.done - before.done;
            assert!(done <= u64::from(budget), "{done} done with a budget of {budget}");
            assert!(progress.done <= progress.of && progress.of >= before.of);
            before = progress;
        };
        assert!(steps >= records / budget as usize, "{steps} steps of {budget}");
        assert!(before.of - before.done <= u64::from(budget), "{before:?} before the last step");
        assert_eq!(format!("{broker:?}"), whole, "steps of {budget}");
    }
}

#[test]
fn a_store_without_records_is_one_step() {
    let now = Story::durable().world().now;
    let restore = Broker::restore(Config::default(), 7, now);
    assert!(matches!(restore.step(now, 1), Ok(RestoreStep::Done(_))));
}
