//! A house and a list with more messages than anyone can follow.

use super::*;

#[test]
fn too_many_messages_and_nobody_is_told_of_each_ones_way() {
    let mut model = with_operator(at_home());
    model.watch(Screen::Messages(Window::default()));
    drain(&mut model);
    model.status.rate = 5_000.0;
    model.tick(SECOND);
    let watches = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Control(Request::Watch(watch)) => Some(watch.events),
            _ => None,
        })
    };
    assert_eq!(watches(drain(&mut model)), Some(false));
    model.status.rate = 700.0;
    model.tick(SECOND);
    assert_eq!(watches(drain(&mut model)), None, "not back and forth");
    model.status.rate = 20.0;
    model.tick(SECOND);
    assert_eq!(watches(drain(&mut model)), Some(true));
}

#[test]
fn a_house_with_too_many_messages_for_beads_shows_their_number_and_is_drawn_less_often() {
    let mut model = at_home();
    for _ in 0..30 {
        tell(&mut model, SECOND, "home/livingroom/temperature", "20.4");
    }
    let drawn = house(&mut model, SECOND);
    assert_eq!((drawn.busy, drawn.beads), (vec![(SENSOR.to_owned(), 30)], Vec::new()));
    tell(&mut model, SECOND, "home/livingroom/temperature", "20.5");
    let houses = |model: &mut Model, now| {
        model.views(now).into_iter().filter(|view| matches!(view, WorkerToPage::House(_))).count()
    };
    assert_eq!((houses(&mut model, SECOND + 100_000), model.is_behind()), (0, true));
    assert_eq!((houses(&mut model, SECOND + 900_000), model.is_behind()), (1, false));
}

#[test]
fn what_a_person_asked_for_is_drawn_at_once_however_many_messages_come() {
    let mut model = at_home();
    for _ in 0..30 {
        tell(&mut model, SECOND, "home/livingroom/temperature", "20.4");
    }
    house(&mut model, SECOND);
    let is_asked = |model: &mut Model, now| {
        model.views(now).into_iter().find_map(|view| match view {
            WorkerToPage::House(house) => Some(device(&house, LAMP).asked.is_some()),
            _ => None,
        })
    };
    model.action(SECOND, Action::Control { device: LAMP.into(), control: Control::Switch(true) });
    assert_eq!(is_asked(&mut model, SECOND + 100_000), Some(true));
    tell(&mut model, SECOND + 200_000, "home/livingroom/light/state", "ON");
    assert_eq!(is_asked(&mut model, SECOND + 200_000), Some(false));
}

#[test]
fn a_house_whose_messages_are_not_told_of_one_by_one_counts_those_that_come_to_it() {
    let mut model = with_operator(at_home());
    model.status.rate = 5_000.0;
    model.tick(SECOND);
    for _ in 0..30 {
        tell(&mut model, SECOND, "home/livingroom/temperature", "20.4");
    }
    let phone = model.phone.id.clone();
    let busy = house(&mut model, SECOND).busy;
    assert!(busy.contains(&(SENSOR.to_owned(), 30)) && busy.contains(&(phone, 30)), "{busy:?}");
    assert!(model.is_hurried(SECOND + 100_000), "it is drawn less often");
}

#[test]
fn a_list_that_nobody_can_follow_is_drawn_less_often_but_at_once_when_it_is_paused() {
    let mut model = at_home();
    model.watch(Screen::Messages(Window::default()));
    let come = |model: &mut Model, count| {
        (0..count).for_each(|_| model.message(SECOND, Who::Messages, &publish("a", "1", false)));
    };
    come(&mut model, 3_000);
    let lists = |model: &mut Model, now| {
        model.views(now).into_iter().filter(|view| matches!(view, WorkerToPage::Messages(_))).count()
    };
    assert_eq!(lists(&mut model, 2 * SECOND), 1);
    come(&mut model, 1);
    assert_eq!(lists(&mut model, 2 * SECOND + 100_000), 0);
    model.action(2 * SECOND, Action::PauseMessages(true));
    assert_eq!(lists(&mut model, 2 * SECOND + 200_000), 1);
}
