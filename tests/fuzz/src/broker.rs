//! A broker in bad company: the input is a dialogue of clients, host, operator and time, most of them misbehaving.
//!
//! Whatever happens: nothing panics, limits hold, all that is transmitted is MQTT in the receiver's version and within
//! its Maximum Packet Size, a store that the broker wrote can be read again, work comes to an end, and a client that
//! behaves (the witness) is served as if it were alone.

mod grammar;
mod peer;
mod world;

use lacewing_broker::{Access, AccessRule, Act, Config, Rules};

use crate::choices::Choices;
use world::World;

/// How many steps are taken at most: longer dialogues are slow and say little more.
const STEPS: u32 = 400;

/// One dialogue: a byte for the configuration, then steps, each a byte and what it needs.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let mut world = World::new(config(choices.byte()));
    for _ in 0..STEPS {
        if choices.is_empty() {
            break;
        }
        step(&mut world, &mut choices);
        world.check_limits();
    }
    world.check_witness();
}

fn step(world: &mut World, choices: &mut Choices<'_>) {
    let kind = choices.byte();
    let slot = usize::from(kind >> 5) % world::PEERS;
    match kind & 31 {
        0 => world.open(slot),
        1..=4 => {
            world.open(slot);
            let packet = grammar::connect(choices);
            world.say(slot, &packet, choices);
        }
        5..=14 => {
            let packet = grammar::packet(choices, world.version(slot));
            world.say(slot, &packet, choices);
        }
        15 => {
            let bytes = choices.bytes(63).to_vec();
            world.receive(slot, &bytes);
        }
        16 => world.hang_up(slot),
        17 | 18 => world.sleep(choices.byte()),
        19 | 20 => world.answer(choices.byte()),
        21 | 22 => {
            let command = grammar::command(choices);
            world.command(command);
        }
        23 => world.command(grammar::reconfiguration(choices, world.config())),
        24 | 25 => world.commit(choices.byte()),
        26 => world.take(slot, choices.byte()),
        27 => world.toggle_reading(slot),
        28 | 29 => world.drain(),
        30 => world.crash(),
        _ => world.ask(choices),
    }
}

/// What the first byte stands for: whether there is a store, whether the host is asked, and how tight the limits are.
fn config(choice: u8) -> Config {
    let has_all = choice & 32 == 0;
    let config = Config {
        durable: choice & 1 != 0,
        authenticate: choice & 2 != 0,
        topic_aliases_sent: u16::from(choice >> 4 & 1) * 2,
        response_information: Some("answers".to_owned()),
        server_reference: Some("elsewhere".to_owned()),
        report_full_queues: has_all,
        wildcard_subscriptions: has_all,
        shared_subscriptions: has_all,
        subscription_identifiers: has_all,
        ..Config::default()
    };
    if choice & 4 != 0 {
        return config;
    }
    Config {
        connections: 5,
        maximum_packet_size: 600,
        receive_maximum: 3,
        topic_alias_maximum: 2,
        topic_alias_bytes: 8,
        client_id_length: 12,
        topic_levels: 4,
        sessions: 5,
        session_expiry_maximum: if choice & 8 != 0 { 100 } else { u32::MAX },
        subscriptions: 3,
        subscription_bytes: 300,
        inflight: 3,
        queue_messages: 4,
        queue_bytes: 2000,
        outgoing_bytes: 1024,
        held_bytes: 700,
        retained_messages: 3,
        retained_bytes: 2000,
        events: 16,
        ..config
    }
}

/// Rules of which some forbid something.
fn rules(choice: u8) -> Rules {
    let Ok(topics) = "a/%c".to_owned().try_into() else { return Rules::default() };
    let verdict = if choice & 1 == 0 { Access::Deny } else { Access::Allow };
    let act = [Act::Publish, Act::Subscribe, Act::Both][usize::from(choice >> 1) % 3];
    Rules { access: vec![AccessRule { verdict, act, topics }], ..Rules::default() }
}
