use yew::prelude::*;

use crate::hooks::{focus, use_page};
use crate::state::StateAction;
use crate::timer::after;
use crate::wire::{Notice, Tone};

/// How long a notice of something done is shown that cannot be undone, in milliseconds.
const READING_MS: u32 = 8_000;

/// The corner in which the page says what was done, with *Undo* where that can be, what was not, and what it asks.
#[component]
pub(crate) fn Notices() -> Html {
    let page = use_page();
    let of = |problem: bool| {
        let notices = page.state.notices.iter();
        notices
            .filter(move |(_, notice)| (notice.tone == Tone::Problem) == problem)
            .map(|(number, notice)| html! { <Told key={*number} number={*number} notice={notice.clone()} /> })
            .collect::<Html>()
    };
    html! {
        <div class="notices">
            <div role="alert">{ of(true) }</div>
            <div role="status">{ of(false) }</div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ToldProps {
    number: u64,
    notice: Notice,
}

/// One notice. Something done goes by itself; a problem stays until it is read, a question until it is answered.
#[component]
fn Told(props: &ToldProps) -> Html {
    let page = use_page();
    let ToldProps { number, notice } = props;
    let dismiss = {
        let (dispatch, number) = (page.dispatch.clone(), *number);
        Callback::from(move |()| dispatch.emit(StateAction::Dismiss(number)))
    };
    {
        let dismiss = dismiss.clone();
        let time = match (notice.tone, &notice.offer) {
            (Tone::Done, None) => Some(READING_MS),
            (Tone::Done, Some(_)) => Some(Notice::DECIDING_MS),
            _ => None,
        };
        use_effect_with(time, move |time| {
            if let Some(time) = *time {
                // One that is gone by then is dismissed again, which changes nothing.
                after(time, move || dismiss.emit(()));
            }
        });
    }
    // What was pressed is gone with the notice.
    let answered = dismiss.reform(|()| {
        focus("#view");
    });
    let (class, close) = match notice.tone {
        Tone::Done => ("done", "Close"),
        Tone::Problem => ("problem", "Dismiss"),
        Tone::Question => ("question", "Not now"),
    };
    html! {
        <p class={class}>
            <span>{ &notice.text }</span>
            { for notice.offer.as_ref().map(|offer| {
                let (act, action, answered) = (page.act.clone(), offer.action.clone(), answered.clone());
                html! {
                    <button class={(notice.tone == Tone::Question).then_some("primary")} onclick={move |_| {
                        act.emit(action.clone());
                        answered.emit(());
                    }}>{ &offer.label }</button>
                }
            }) }
            <button class="quiet" onclick={move |_| answered.emit(())}>{ close }</button>
        </p>
    }
}
