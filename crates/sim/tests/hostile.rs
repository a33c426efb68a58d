//! A home whose host and broker do anything in any order.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use lacewing_sim::plan::DeviceKind;
use lacewing_sim::{Command, DeviceId, Edit, Home, Input, Output, Power, Setup};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Move {
    Connect(u32),
    Close(u32),
    Bytes(u32, Vec<u8>),
    Power(u32, Power),
    Use(u32),
    HandOver(u32, bool),
    Remove(u32),
    Bring(u32, &'static str),
    Edit(Edit),
    Speed(u16),
    Pass(u32),
    Transmit(u32),
}

fn any_move() -> impl Strategy<Value = Move> {
    // Few devices, so that moves meet, and now and then one that is not there.
    let device = || prop_oneof![30 => 0_u32..3, 3 => 26_u32..30, 1 => any::<u32>()];
    let room = || prop_oneof![Just("hall"), Just("kitchen"), Just("attic")];
    let edit = prop_oneof![
        Just(Edit::Reset),
        Just(Edit::AddRoom { name: "Attic".into(), floor: 2 }),
        room().prop_map(|room| Edit::RemoveRoom { room: room.into() }),
        room().prop_map(|room| Edit::AddDevice {
            room: room.into(),
            kind: DeviceKind::Chime,
            name: String::new()
        }),
    ];
    let power = prop_oneof![Just(Power::On), Just(Power::Off), Just(Power::Crashed), Just(Power::Cut)];
    // CONNACKs of both versions, which let the client go on, and noise.
    let bytes = prop_oneof![
        Just(vec![0x20, 2, 0, 0]),
        Just(vec![0x20, 3, 0, 0, 0]),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop_oneof![
        4 => device().prop_map(Move::Connect),
        2 => device().prop_map(Move::Close),
        4 => (device(), bytes).prop_map(|(device, bytes)| Move::Bytes(device, bytes)),
        3 => (device(), power).prop_map(|(device, power)| Move::Power(device, power)),
        1 => device().prop_map(Move::Use),
        1 => (device(), any::<bool>()).prop_map(|(device, over)| Move::HandOver(device, over)),
        1 => device().prop_map(Move::Remove),
        1 => (device(), room()).prop_map(|(device, room)| Move::Bring(device, room)),
        2 => edit.prop_map(Move::Edit),
        1 => (0_u16..200).prop_map(Move::Speed),
        4 => (0_u32..20_000_000).prop_map(Move::Pass),
        4 => device().prop_map(Move::Transmit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn the_home_never_panics_and_asks_for_one_connection_at_a_time(
        seed: u64,
        moves in prop::collection::vec(any_move(), 0..80),
    ) {
        let mut now = 0;
        let mut home = Home::new(Setup { seed, second_of_day: 86_399, blueprint: None }, now);
        // What the home asked for: none, to dial, or to close.
        let mut asked: BTreeMap<DeviceId, &str> = BTreeMap::new();
        let name = |home: &Home, device: u32| home.name(DeviceId(device)).unwrap_or("nobody").to_owned();
        for step in moves {
            while let Some(output) = home.poll_output() {
                match output {
                    Output::Dial { device } => {
                        prop_assert_eq!(asked.insert(device, "dial"), None, "a second connection");
                    }
                    Output::Close { device } | Output::Crash { device } => {
                        prop_assert_eq!(asked.insert(device, "close"), Some("dial"), "nothing to close");
                    }
                    Output::Ready { device } => prop_assert!(asked.contains_key(&device)),
                }
            }
            match step {
                Move::Connect(device) => home.handle(now, Input::Connected { device: DeviceId(device) }),
                Move::Close(device) => {
                    asked.remove(&DeviceId(device));
                    home.handle(now, Input::Closed { device: DeviceId(device) });
                }
                Move::Bytes(device, bytes) => {
                    let bytes = Bytes::from(bytes);
                    home.handle(now, Input::Received { device: DeviceId(device), bytes });
                }
                // What cannot be done is refused, and that is all.
                Move::Power(device, power) => {
                    let device = name(&home, device);
                    let _ = home.command(now, Command::Power { device, power });
                }
                Move::Use(device) => {
                    let device = name(&home, device);
                    let _ = home.command(now, Command::Use { device });
                }
                Move::HandOver(device, over) => {
                    let (device, to) = (name(&home, device), over.then(|| "esp32".to_owned()));
                    let _ = home.command(now, Command::HandOver { device, to });
                }
                Move::Remove(device) => {
                    let edit = Edit::RemoveDevice { device: name(&home, device) };
                    let _ = home.command(now, Command::Edit(edit));
                }
                Move::Bring(device, room) => {
                    let edit = Edit::MoveDevice { device: name(&home, device), room: room.to_owned() };
                    let _ = home.command(now, Command::Edit(edit));
                }
                Move::Edit(edit) => drop(home.command(now, Command::Edit(edit))),
                Move::Speed(speed) => drop(home.command(now, Command::Speed(speed))),
                Move::Pass(duration) => {
                    now += u64::from(duration);
                    home.handle(now, Input::Tick);
                }
                Move::Transmit(device) => {
                    home.transmit(now, DeviceId(device), 100, &mut BytesMut::new());
                }
            }
        }
    }
}
