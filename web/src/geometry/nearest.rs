//! Which device an arrow key leads to.

use super::Area;

/// The way an arrow points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Upwards.
    Up,
    /// Downwards.
    Down,
}

/// The nearest of `others` that lies this way from `here`, by its place in the list. What lies straight ahead
/// is preferred to what lies aslant.
pub fn nearest(here: &Area, others: &[Area], direction: Direction) -> Option<usize> {
    let (x, y) = here.center();
    let distance = |other: &Area| {
        let (dx, dy) = (other.center().0 - x, other.center().1 - y);
        let (ahead, aside) = match direction {
            Direction::Left => (-dx, dy.abs()),
            Direction::Right => (dx, dy.abs()),
            Direction::Up => (-dy, dx.abs()),
            Direction::Down => (dy, dx.abs()),
        };
        (ahead > 1.0).then_some(ahead + 2.0 * aside)
    };
    let all = others.iter().enumerate().filter_map(|(index, other)| Some((distance(other)?, index)));
    all.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, index)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> Area {
        Area { x, y, width: 48.0, height: 48.0 }
    }

    #[test]
    fn an_arrow_leads_to_what_lies_straight_ahead() {
        let others = [at(100.0, 0.0), at(60.0, 90.0), at(0.0, 100.0), at(-300.0, 0.0)];
        let here = at(0.0, 0.0);
        assert_eq!(nearest(&here, &others, Direction::Right), Some(0));
        assert_eq!(nearest(&here, &others, Direction::Down), Some(2));
        assert_eq!(nearest(&here, &others, Direction::Left), Some(3));
        assert_eq!(nearest(&here, &others, Direction::Up), None);
    }
}
