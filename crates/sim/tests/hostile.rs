//! A home whose host and broker do anything in any order.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use bytes::{Bytes, BytesMut};
use lacewing_sim::{Command, DeviceId, Home, Input, Output, Power, Setup};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Move {
    Connect(u16),
    Close(u16),
    Bytes(u16, Vec<u8>),
    Power(u16, Power),
    Speed(u16),
    Pass(u32),
    Transmit(u16),
}

fn any_move() -> impl Strategy<Value = Move> {
    // Few devices, so that moves meet, and now and then one that is not there.
    let device = || prop_oneof![30 => 0_u16..3, 1 => any::<u16>()];
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
        let mut home = Home::new(Setup { seed, second_of_day: 86_399 }, now);
        // What the home asked for: none, to dial, or to close.
        let mut asked = vec![None; home.plan().devices.len()];
        let name = |home: &Home, device: u16| home.name(DeviceId(device)).unwrap_or("nobody").to_owned();
        for step in moves {
            while let Some(output) = home.poll_output() {
                match output {
                    Output::Dial { device } => {
                        let asked = &mut asked[usize::from(device.0)];
                        prop_assert_eq!(asked.take(), None, "a second connection");
                        *asked = Some("dial");
                    }
                    Output::Close { device } | Output::Crash { device } => {
                        let asked = &mut asked[usize::from(device.0)];
                        prop_assert_eq!(asked.take(), Some("dial"), "nothing to close");
                        *asked = Some("close");
                    }
                    Output::Ready { device } => prop_assert!(asked[usize::from(device.0)].is_some()),
                }
            }
            match step {
                Move::Connect(device) => home.handle(now, Input::Connected { device: DeviceId(device) }),
                Move::Close(device) => {
                    if let Some(asked) = asked.get_mut(usize::from(device)) {
                        *asked = None;
                    }
                    home.handle(now, Input::Closed { device: DeviceId(device) });
                }
                Move::Bytes(device, bytes) => {
                    let bytes = Bytes::from(bytes);
                    home.handle(now, Input::Received { device: DeviceId(device), bytes });
                }
                Move::Power(device, power) => {
                    let device = name(&home, device);
                    home.handle(now, Input::Command(Command::Power { device, power }));
                }
                Move::Speed(speed) => home.handle(now, Input::Command(Command::Speed(speed))),
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
