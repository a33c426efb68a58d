use yew::prelude::*;

use crate::state::{Sheet, StateAction};
use crate::wire::Action;

use super::go;
use crate::state::Route;

/// What a component may do. Unlike [`super::Page`] it never changes, so that who only acts is not drawn again
/// whenever anything on the page is.
#[derive(Clone, PartialEq)]
pub(crate) struct Actions {
    pub(crate) dispatch: Callback<StateAction>,
    pub(crate) act: Callback<Action>,
}

impl Actions {
    /// A callback that asks the worker to do something, whatever event it is given.
    pub(crate) fn acting<E: 'static>(&self, action: Action) -> Callback<E> {
        let act = self.act.clone();
        Callback::from(move |_| act.emit(action.clone()))
    }

    /// A callback that opens or closes a sheet.
    pub(crate) fn opening<E: 'static>(&self, sheet: Option<Sheet>) -> Callback<E> {
        let dispatch = self.dispatch.clone();
        Callback::from(move |_| dispatch.emit(StateAction::Sheet(sheet.clone())))
    }

    /// A callback that goes somewhere on the page.
    pub(crate) fn going<E: 'static>(&self, route: Route) -> Callback<E> {
        Callback::from(move |_| go(&route))
    }
}

/// What may be done from this component.
///
/// # Panics
/// Outside of the page, which is a mistake in the program.
#[hook]
#[expect(clippy::expect_used, reason = "every component is inside the page")]
pub(crate) fn use_actions() -> Actions {
    use_context::<Actions>().expect("a component inside the page")
}
