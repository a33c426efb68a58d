//! The street beside the house: the cabinet at the kerb, and a post with a sign for each real client.

use super::{Area, EAVES, House, Wire};
use crate::wire::HouseView;

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
    /// Where one more would hang, while there is room for it.
    pub free: Option<Area>,
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
const SIGN: (f64, f64) = (38.0, 6.0);
/// How high above the ground the lowest sign begins, over the cabinet and its label.
const FOOT: f64 = 88.0;
/// How much of the sky above the street belongs to the controls of day and clock.
const CONTROLS: f64 = 128.0;

impl Street {
    /// The street of `house` with signs for the clients of these ids.
    pub fn lay_out(house: &House, clients: &[String]) -> Self {
        let ground = house.ground();
        let left = house.walls.right() + EAVES;
        let right = house.stage.right();
        let x = left + 6.0;
        let cabinet = Area { x: x + 14.0, y: ground - 58.0, width: 44.0, height: 58.0 };
        let (out, lane) = (house.broker.right(), house.cellar.y + 16.0);
        let cable = vec![
            (out - 20.0, house.broker.y),
            (out - 20.0, lane),
            (cabinet.center().0, lane),
            (cabinet.center().0, ground),
        ];
        let row = |n: usize| {
            let y = ground - FOOT - (n + 1) as f64 * (SIGN.0 + SIGN.1);
            Area { x: x + 10.0, y, width: right - x - 18.0, height: SIGN.0 }
        };
        let most = ((ground - CONTROLS - FOOT) / (SIGN.0 + SIGN.1)).max(0.0) as usize;
        let signs: Vec<Sign> = clients
            .iter()
            .take(most.min(HouseView::PASSERS))
            .enumerate()
            .map(|(n, id)| {
                let area = row(n);
                // Its wire comes down the post, and goes through the cabinet.
                let (down, into) = (x - 3.0 + n as f64 * 1.25, cabinet.y + 14.0 + n as f64 * 4.0);
                let middle = area.center().1;
                let post = [(area.x, middle), (down, middle), (down, into), (cabinet.center().0, into)];
                let corners = post.into_iter().chain(cable.iter().rev().copied()).collect();
                Sign { area, wire: Wire { device: id.clone(), corners } }
            })
            .collect();
        let free = row(signs.len());
        let free = (free.y > CONTROLS).then_some(free);
        let top = free.or(signs.last().map(|sign| sign.area)).map_or(ground - 84.0, |area| area.y) - 8.0;
        let phone = vec![(right, lane + 5.0), (out - 28.0, lane + 5.0), (out - 28.0, house.broker.y)];
        let air = Wire { device: PHONE.into(), corners: phone };
        let cable = Wire { device: String::new(), corners: cable };
        Self { cabinet, cable, post: [(x, ground), (x, top)], signs, free, air }
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
