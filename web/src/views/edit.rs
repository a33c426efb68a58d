mod add;
mod file;
mod room;

use lacewing_control::{Edit as Change, HomeCommand};
use yew::prelude::*;

use crate::components::SheetFrame;
use crate::hooks::{Page, focus, focused, marked, use_page};
use crate::model::editing;
use crate::state::{StateAction, Undo};
use crate::wire::{Action, HouseView};
use add::AddRoom;
use file::HomeFile;
use room::{EditRoom, NameField};

/// The sheet in which the simulated home is changed: its rooms and devices in words, the library, and the home's file.
#[component]
pub(crate) fn Edit() -> Html {
    let page = use_page();
    let absence = editing::absence(&page.state.status, page.state.home_file.is_some());
    let house = page.state.house.clone().unwrap_or_default();
    let onward = page.state.onward.clone();
    use_effect_with(onward.clone(), |onward| {
        // Who writes meanwhile is left alone.
        let writes = focused()
            .is_some_and(|at| at.matches("input:not(#new-room), textarea, select").unwrap_or_default());
        if let Some(onward) = onward.as_ref().filter(|_| !writes) {
            focus(&marked("id", &onward.element));
        }
    });
    html! {
        <SheetFrame title="Edit the house">
            <Undone />
            <p class="hidden" role="status">{ onward.map(|onward| onward.says) }</p>
            if let Some(why) = absence {
                <p class="why">{ why }</p>
            } else {
                { house_form(&page, &house) }
            }
        </SheetFrame>
    }
}

fn house_form(page: &Page, house: &HouseView) -> Html {
    let rename = {
        let page = page.clone();
        Callback::from(move |name: String| change(&page, Change::Rename { name }, None))
    };
    html! {
        <div class="edit">
            <label class="field">{ "Name of the house" }
                <NameField id="name" name={house.name.clone()} label="Name of the house" {rename} /></label>
            <p class="hint">{ "A new name changes no topic: ids and topics stay. What is removed clears its retained messages, and every browser and Home \
                Assistant forget it." }</p>
            { for editing::floors(house).into_iter().map(|floor| html! {
                <section key={floor.number}>
                    <h2>{ &floor.name }</h2>
                    { for floor.rooms.iter().map(|room| html! {
                        <EditRoom key={room.id.clone()} room={(*room).clone()} rooms={names(house)} />
                    }) }
                </section>
            }) }
            <AddRoom floors={house.rooms.iter().map(|room| room.floor).max().unwrap_or_default()} />
            <HomeFile name={house.name.clone()} />
        </div>
    }
}

/// Every room's id and name.
fn names(house: &HouseView) -> Vec<(String, String)> {
    house.rooms.iter().map(|room| (room.id.clone(), room.name.clone())).collect()
}

/// Asks for a change. Where `told` says what it destroys, it can be undone once it is done.
fn change(page: &Page, edit: Change, told: Option<String>) {
    let before = page.state.home_file.clone();
    let undo = told.zip(before).map(|(text, file)| Undo { text, file });
    page.dispatch.emit(StateAction::Undoable(undo));
    page.act(Action::Home(HomeCommand::Edit(edit)));
}

/// What was destroyed last, with a way back. It stays until it is dismissed, also while the sheet is closed.
#[component]
fn Undone() -> Html {
    let page = use_page();
    let dismiss = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| {
            page.dispatch.emit(StateAction::Forget);
            focus("#name");
        })
    };
    html! {
        <div class="undo" role="status">
            { for page.state.undo.as_ref().map(|undo| {
                let back = {
                    let (page, file) = (page.clone(), undo.file.clone());
                    Callback::from(move |_: MouseEvent| {
                        page.dispatch.emit(StateAction::Forget);
                        change(&page, Change::Replace { home: file.to_string() }, None);
                    })
                };
                html! {
                    <p>
                        <span>{ &undo.text }</span>
                        <button onclick={back}>{ "Undo" }</button>
                        <button class="quiet" onclick={dismiss}>{ "Dismiss" }</button>
                    </p>
                }
            }) }
        </div>
    }
}
