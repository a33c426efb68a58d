//! The home, from an operator's click to the file that the page keeps.

use lacewing_control::{Edit, HomeCommand, standard_home};

use super::*;
use crate::wire::{HouseView, Notice};

fn house(world: &World) -> HouseView {
    let view = world.told.iter().rev().find_map(|message| match message {
        WorkerToPage::House(house) => Some((**house).clone()),
        _ => None,
    });
    view.expect("the house is on screen")
}

fn file(world: &World) -> (String, bool) {
    let kept = world.told.iter().rev().find_map(|message| match message {
        WorkerToPage::Blueprint { file, standard } => Some((file.clone(), *standard)),
        _ => None,
    });
    kept.expect("the page has the home's file")
}

fn at_home(home: Option<String>) -> World {
    let mut world = World::with_home(home);
    world.page(PageToWorker::Watch(Screen::Home { device: None }));
    world.pass(2);
    world
}

fn edit(world: &mut World, edit: Edit) {
    world.page(PageToWorker::Action(Action::Home(HomeCommand::Edit(edit))));
    world.pass(2);
}

#[test]
fn an_edit_is_drawn_and_its_file_kept_and_the_file_brings_it_back() {
    let mut world = at_home(None);
    assert_eq!(file(&world), (standard_home().to_json(), true));
    edit(&mut world, Edit::RemoveRoom { room: "kitchen".into() });
    assert!(!house(&world).rooms.iter().any(|room| room.id == "kitchen"));
    let (kept, standard) = file(&world);
    assert!(!standard);
    let again = at_home(Some(kept));
    assert!(!house(&again).rooms.iter().any(|room| room.id == "kitchen"));
    assert!(house(&again).rooms.iter().any(|room| room.id == "study"));
}

#[test]
fn what_cannot_be_done_is_told_in_words() {
    let mut world = at_home(None);
    edit(&mut world, Edit::RemoveRoom { room: "hall".into() });
    let told = Notice::problem("The hub is in this room: move it to another one first.");
    assert!(world.told.contains(&WorkerToPage::Notice(told)));
}

#[test]
fn a_damaged_file_is_set_aside_before_the_house_that_stands_in_for_it_is_kept() {
    let world = at_home(Some("{".into()));
    let place = |wanted: fn(&WorkerToPage) -> bool| world.told.iter().position(wanted).unwrap();
    let damaged = place(|message| *message == WorkerToPage::HomeDamaged);
    assert!(damaged < place(|message| matches!(message, WorkerToPage::Blueprint { .. })));
    assert_eq!(house(&world).rooms.len(), 6);
}

#[test]
fn the_cat_is_sent_and_the_night_begun_by_messages() {
    let mut world = at_home(None);
    assert_eq!(house(&world).cat.as_deref(), Some("livingroom"));
    world.page(PageToWorker::Action(Action::SendCat { room: "study".into() }));
    world.pass(12);
    assert_eq!(house(&world).cat.as_deref(), Some("study"));
    world.page(PageToWorker::Action(Action::Scene { scene: "night".into() }));
    world.pass(2);
    let house = house(&world);
    assert_eq!(house.scene.as_deref(), Some("night"));
    let clock = world.told.iter().rev().find_map(|message| match message {
        WorkerToPage::Status(status) => status.clock.as_deref(),
        _ => None,
    });
    assert_eq!(clock, Some("22:30"));
}

#[test]
fn a_device_that_is_handed_over_is_drawn_as_a_real_one() {
    let mut world = at_home(None);
    let hand = HomeCommand::HandOver { device: "sim-study-light".into(), to: Some("esp32".into()) };
    world.page(PageToWorker::Action(Action::Home(hand)));
    world.pass(2);
    let house = house(&world);
    let light =
        house.rooms.iter().flat_map(|room| &room.devices).find(|device| device.id == "sim-study-light");
    let light = light.expect("it is still in the house");
    assert_eq!((light.simulated, light.handed_to.as_deref()), (false, Some("esp32")));
}
