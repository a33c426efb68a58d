//! The street beside the house: the cabinet at the kerb, and a post with a sign for each real client.

use super::{Area, EAVES, House, Wire};

/// The street of one house.
#[derive(Clone, Debug, PartialEq)]
pub struct Street {
    /// The cabinet of the bridge.
    pub cabinet: Area,
    /// The cable from the broker to the cabinet.
    pub cable: Wire,
    /// The post that carries the signs: its foot and its top.
    pub post: [(f64, f64); 2],
    /// The signs that fit, from the lowest up.
    pub signs: Vec<Sign>,
    /// The way to the phone beside the house.
    pub air: Wire,
}

/// The sign of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Sign {
    /// Where its id stands.
    pub area: Area,
    /// From the client to the broker.
    pub wire: Wire,
}

/// The height of a sign and what lies between two.
const SIGN: (f64, f64) = (40.0, 6.0);
/// How much of the sky above the street belongs to the controls of day and clock.
const CONTROLS: f64 = 128.0;
/// The most signs.
const SIGNS: usize = 6;

impl Street {
    /// The street of `house` with signs for the clients of these ids.
    pub fn lay_out(house: &House, clients: &[String]) -> Self {
        let ground = house.ground();
        let left = house.walls.right() + EAVES;
        let right = house.stage.right();
        let cabinet = Area { x: left + 4.0, y: ground - 58.0, width: 44.0, height: 58.0 };
        // The street lies under the kerb: the cable in one lane, each client's wire in its own below.
        let out = house.broker.right();
        let lane = |n: usize| house.cellar.y + 16.0 + n as f64 * 4.0;
        let cable = vec![
            (out - 20.0, house.broker.y),
            (out - 20.0, lane(0)),
            (cabinet.center().0, lane(0)),
            (cabinet.center().0, ground),
        ];
        let x = cabinet.right() + 16.0;
        let most = ((ground - CONTROLS - 76.0) / (SIGN.0 + SIGN.1)).max(0.0) as usize;
        let signs: Vec<Sign> = clients
            .iter()
            .take(most.min(SIGNS))
            .enumerate()
            .map(|(n, id)| {
                let y = ground - 76.0 - (n + 1) as f64 * (SIGN.0 + SIGN.1) + SIGN.1;
                let area = Area { x: x + 10.0, y, width: right - x - 18.0, height: SIGN.0 };
                // Its wire comes down the post, and goes through the cabinet.
                let down = x - 4.0 + n as f64 * 1.5;
                let corners = vec![
                    (area.x, y + SIGN.0 / 2.0),
                    (down, y + SIGN.0 / 2.0),
                    (down, cabinet.y + 12.0 + n as f64 * 4.0),
                    (cabinet.right(), cabinet.y + 12.0 + n as f64 * 4.0),
                ];
                let cable = cable.iter().rev().copied();
                let inside = [(cabinet.center().0, cabinet.y + 12.0 + n as f64 * 4.0)];
                let corners = corners.into_iter().chain(inside).chain(cable).collect();
                Sign { area, wire: Wire { device: id.clone(), corners } }
            })
            .collect();
        let top = signs.last().map_or(ground - 84.0, |sign| sign.area.y) - 10.0;
        let middle = house.broker.y + 26.0;
        let air = Wire { device: PHONE.into(), corners: vec![(right, middle), (out, middle)] };
        let cable = Wire { device: String::new(), corners: cable };
        Self { cabinet, cable, post: [(x, ground), (x, top)], signs, air }
    }
}

/// The name under which the phone beside the house has its wire. No client id of a device begins so.
pub(super) const PHONE: &str = "#phone";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_stand_on_the_street_above_each_other_and_below_the_controls() {
        let house = House::lay_out(&[], 988.0, 788.0);
        let clients: Vec<String> = (0..20).map(|n| format!("client-{n}")).collect();
        let street = Street::lay_out(&house, &clients);
        assert!(street.signs.len() >= 3);
        for (index, sign) in street.signs.iter().enumerate() {
            assert!(sign.area.x > house.walls.right() && sign.area.right() <= house.stage.right());
            assert!(sign.area.y > CONTROLS && sign.area.bottom() < house.ground());
            assert!(street.signs[index + 1..].iter().all(|other| !other.area.is_near(&sign.area, 0.0)));
            for other in &street.signs {
                for pair in sign.wire.corners.windows(2) {
                    assert!(!crate::geometry::wiring::segment(pair[0], pair[1]).is_near(&other.area, -0.1));
                }
            }
        }
    }
}
