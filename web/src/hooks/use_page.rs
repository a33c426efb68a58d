use std::rc::Rc;

use yew::prelude::*;

use super::Actions;
use crate::state::{Route, Sheet, State, StateAction};
use crate::wire::{Action, Window};

/// What every component may read and do: the state, and the ways to change it.
#[derive(Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) state: Rc<State>,
    pub(crate) dispatch: Callback<StateAction>,
    pub(crate) act: Callback<Action>,
}

impl Page {
    /// Asks the worker to do something.
    pub(crate) fn act(&self, action: Action) {
        self.act.emit(action);
    }

    /// The ways alone.
    pub(crate) fn actions(&self) -> Actions {
        Actions { dispatch: self.dispatch.clone(), act: self.act.clone() }
    }

    /// A callback that asks the worker to do something, whatever event it is given.
    pub(crate) fn acting<E: 'static>(&self, action: Action) -> Callback<E> {
        self.actions().acting(action)
    }

    /// A callback that opens or closes a sheet.
    pub(crate) fn opening<E: 'static>(&self, sheet: Option<Sheet>) -> Callback<E> {
        self.actions().opening(sheet)
    }

    /// Looks at another part of the stream.
    pub(crate) fn look(&self, window: Window) {
        self.dispatch.emit(StateAction::Look(window));
    }

    /// A callback that goes somewhere on the page.
    pub(crate) fn going<E: 'static>(&self, route: Route) -> Callback<E> {
        self.actions().going(route)
    }
}

/// Goes somewhere on the page: the address bar changes, and the page follows it.
pub(crate) fn go(route: &Route) {
    if let Some(window) = web_sys::window() {
        // A fragment can always be set.
        let _ = window.location().set_hash(&route.fragment());
    }
}

/// The page around this component.
///
/// # Panics
/// Outside of the page, which is a mistake in the program.
#[hook]
#[expect(clippy::expect_used, reason = "every component is inside the page")]
pub(crate) fn use_page() -> Page {
    use_context::<Page>().expect("a component inside the page")
}
