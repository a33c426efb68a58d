use std::rc::Rc;

use lacewing_control::HomeCommand;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::hooks::{Actions, use_actions};
use crate::state::{Sheet, StateAction};
use crate::wire::{Action, HouseView};

/// How fast the house's clock may go: house seconds in a second.
const SPEEDS: [(u16, &str); 4] = [(0, "Stop"), (1, "1×"), (60, "60×"), (600, "600×")];

#[derive(Properties)]
pub(crate) struct ControlsProps {
    pub(crate) house: Rc<HouseView>,
    /// The time in the house, "08:31", where there is a clock.
    pub(crate) clock: Option<String>,
    /// Whether nothing is to move.
    pub(crate) still: bool,
    /// Whether the house's clock may be set from here.
    pub(crate) operator: bool,
}

impl PartialEq for ControlsProps {
    /// What is shown of the house here is the same.
    fn eq(&self, other: &Self) -> bool {
        let names = |house: &HouseView| house.rooms.iter().map(|room| room.name.clone()).collect::<Vec<_>>();
        let of = |house: &HouseView| (house.speed, house.scene.clone(), house.cat.clone());
        self.still == other.still
            && self.clock == other.clock
            && self.operator == other.operator
            && of(&self.house) == of(&other.house)
            && names(&self.house) == names(&other.house)
    }
}

/// What can be done about the day, the cat and the movement of the house, in the sky beside the roof.
#[component]
pub(crate) fn Controls(props: &ControlsProps) -> Html {
    let actions = use_actions();
    let ControlsProps { house, clock, still, operator } = props;
    let (still, operator) = (*still, *operator);
    let dispatch = actions.dispatch.clone();
    let pause = Callback::from(move |_: MouseEvent| dispatch.emit(StateAction::Still(!still)));
    let scene = |scene: &'static str, name: &'static str| {
        let onclick = actions.acting::<MouseEvent>(Action::Scene { scene: scene.into() });
        html! { <button {onclick} aria-pressed={pressed(house.scene.as_deref() == Some(scene))}>{ name }</button> }
    };
    html! {
        <div class="controls" role="group" aria-label="Day, cat and movement">
            { for clock.as_ref().map(|clock| html! {
                <p class="time"><b>{ clock }</b><span>{ "in the house" }</span></p>
            }) }
            if let (Some(speed), true) = (house.speed, operator) {
                <div class="speeds" role="group" aria-label="Speed of the house's clock">
                    { for SPEEDS.map(|(wanted, name)| html! {
                        <button onclick={actions.acting::<MouseEvent>(Action::Home(HomeCommand::Speed(wanted)))}
                            aria-pressed={pressed(speed == wanted)}>{ name }</button>
                    }) }
                </div>
            }
            if house.scene.is_some() {
                <div class="scenes">{ scene("morning", "Morning") }{ scene("night", "Night") }</div>
            }
            { for house.cat.as_ref().map(|cat| send_cat(&actions, house, cat)) }
            <button class="motion" onclick={pause} title="Whether anything travels in the drawing; all else goes on">
                { if still { "Resume movement" } else { "Pause movement" } }
            </button>
            <button class="link" onclick={actions.opening(Some(Sheet::Edit))}>{ "Edit the house" }</button>
        </div>
    }
}

fn pressed(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

/// Where the cat is, and where it shall go: the motion sensors there will notice.
fn send_cat(actions: &Actions, house: &HouseView, cat: &str) -> Html {
    let act = actions.act.clone();
    let onchange = Callback::from(move |event: Event| {
        if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
            act.emit(Action::SendCat { room: select.value() });
        }
    });
    html! {
        <label class="send" title="A motion sensor notices it">
            <span>{ "Cat" }</span>
            <select {onchange}>
                { for house.rooms.iter().map(|room| html! {
                    <option value={room.id.clone()} selected={room.id == cat}>{ &room.name }</option>
                }) }
            </select>
        </label>
    }
}
