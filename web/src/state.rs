//! What the page knows: one reducer for everything on it.

use std::collections::VecDeque;
use std::rc::Rc;

use yew::Reducible;

use crate::model::editing::{self, Line, Onward};
pub(crate) use crate::route::Route;
use crate::settings::Settings;
use crate::wire::{
    Bead, ClientsView, Draft, HouseView, MessagesView, Notice, Posted, Status, Tone, Trouble, Window,
    WorkerToPage,
};

/// The most notices shown at once, and beads drawn at once.
const NOTICES: usize = 3;
const BEADS: usize = 12;

/// Everything the page shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) route: Route,
    pub(crate) sheet: Option<Sheet>,
    pub(crate) status: Status,
    pub(crate) house: Option<Rc<HouseView>>,
    pub(crate) messages: Option<Rc<MessagesView>>,
    pub(crate) clients: Option<Rc<ClientsView>>,
    /// What part of the stream is looked at.
    pub(crate) window: Window,
    pub(crate) beads: VecDeque<Bead>,
    /// What the corner tells, each with a number of its own, newest last.
    pub(crate) notices: VecDeque<(u64, Notice)>,
    /// What the composer starts from: the last message it published, or the one it was opened with.
    pub(crate) draft: Rc<Draft>,
    /// What became of what the composer published last.
    pub(crate) posted: Option<Posted>,
    /// Topics for what is typed into a topic field.
    pub(crate) topics: Rc<[String]>,
    /// The file of the home, where this page may change it.
    pub(crate) home_file: Option<Rc<str>>,
    /// All that the broker kept when it was last exported.
    pub(crate) image: Option<Rc<Vec<u8>>>,
    /// The way back from what the editor destroyed last, until it is dismissed.
    pub(crate) undo: Option<Undo>,
    /// The same for what was asked for and is not done yet.
    undo_next: Option<Undo>,
    /// What the editor listed before the change that was asked for, and where one goes on now that it was made.
    listed: Option<Vec<Line>>,
    pub(crate) onward: Option<Onward>,
    /// Why the broker of this tab does not run, where a person has to say how it goes on.
    pub(crate) no_broker: Option<(Trouble, String)>,
    /// What the worker or the page said when it stopped.
    pub(crate) stopped: Option<String>,
    /// The window invites to be opened until it was once.
    pub(crate) invited: bool,
    /// Whether nothing in the drawing is to move.
    pub(crate) still: bool,
    /// Whether a device was crashed, and whether a real client came: the second and the third of what there is to try.
    pub(crate) has_crashed: bool,
    pub(crate) has_connected: bool,
    next: u64,
}

/// The way back from a change of the home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Undo {
    /// What was done, in a sentence.
    pub(crate) text: String,
    /// The home's file before.
    pub(crate) file: Rc<str>,
}

/// A sheet over the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sheet {
    /// How to connect a device.
    Connect,
    /// The simulated home, to be changed.
    Edit,
    /// How the broker is, and the way to another.
    Broker,
    /// Publish a message, with this topic to start from; empty for the last one.
    Compose(String),
    /// The keyboard's shortcuts.
    Keys,
}

/// Everything that can happen to the page.
#[derive(Debug)]
pub(crate) enum StateAction {
    /// The worker said something.
    Heard(WorkerToPage),
    /// The address bar changed.
    Went(Route),
    /// A sheet opens, or closes.
    Sheet(Option<Sheet>),
    /// A change of the home is asked for: the way back from it, where it destroys something.
    Undoable(Option<Undo>),
    /// The way back is not needed any more.
    Forget,
    /// The composer opens with this message.
    Compose(Draft),
    /// The composer published this.
    Drafted(Draft),
    /// Another part of the stream is looked at.
    Look(Window),
    /// A notice was read, answered, or has had its time.
    Dismiss(u64),
    /// The invitation was followed.
    Followed,
    /// Nothing is to move in the drawing, or it may again.
    Still(bool),
    /// A device was crashed.
    Crashed,
}

impl State {
    /// The page as it opens.
    pub(crate) fn new(settings: &Settings, route: Route, invited: bool, draft: Draft) -> Self {
        let Settings { still, has_crashed, has_connected, .. } = *settings;
        let draft = Rc::new(draft);
        let window = Window { rows: 60, ..Window::default() };
        let mut state = Self { invited, still, has_crashed, has_connected, draft, window, ..Self::default() };
        state.go(route);
        state
    }

    /// What is remembered for the next time.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            place: self.route.fragment(),
            still: self.still,
            has_crashed: self.has_crashed,
            has_connected: self.has_connected,
        }
    }

    fn go(&mut self, route: Route) {
        // What travelled while one looked elsewhere has arrived.
        if !route.is_beside(&self.route) {
            self.beads.clear();
        }
        if let Route::Messages(filter) = &route
            && *filter != self.window.filter
        {
            self.window = Window { filter: filter.clone(), from: 0, until: None, ..self.window.clone() };
        }
        self.route = route;
    }

    fn look(&mut self, window: Window) {
        if matches!(self.route, Route::Messages(_)) {
            self.route = Route::Messages(window.filter.clone());
        }
        self.window = window;
    }

    fn hear(&mut self, message: WorkerToPage) {
        match message {
            WorkerToPage::Status(status) => self.status = status,
            WorkerToPage::House(house) => {
                self.beads.extend(house.beads.iter().cloned());
                while self.beads.len() > BEADS {
                    self.beads.pop_front();
                }
                self.has_connected |= house.pavement.iter().any(|passer| !passer.page);
                if let Some(onward) =
                    self.listed.as_ref().and_then(|before| editing::onward(before, &editing::lines(&house)))
                {
                    self.onward = Some(onward);
                    self.listed = None;
                }
                self.house = Some(Rc::from(house));
            }
            WorkerToPage::Messages(messages) => self.messages = Some(Rc::new(messages)),
            WorkerToPage::Clients(clients) => self.clients = Some(Rc::new(clients)),
            WorkerToPage::Notice(notice) => self.notify(notice),
            WorkerToPage::Image(image) => self.image = Some(Rc::new(image)),
            WorkerToPage::Topics(topics) => self.topics = topics.into(),
            WorkerToPage::Posted(posted) => match (&self.sheet, posted.well) {
                (Some(Sheet::Compose(_)), _) => self.posted = Some(posted),
                (_, true) => self.notify(Notice::done(posted.text)),
                (_, false) => self.notify(Notice::problem(posted.text)),
            },
            WorkerToPage::Blueprint { file, .. } => {
                self.home_file = Some(Rc::from(file));
                if let Some(undo) = self.undo_next.take() {
                    self.undo = Some(undo);
                }
            }
            // The page's own affair, before it comes here.
            WorkerToPage::RoadLost | WorkerToPage::HomeDamaged => {}
            WorkerToPage::NoBroker(trouble) => self.no_broker = trouble,
            WorkerToPage::Stopped { report } => drop(self.stopped.get_or_insert(report)),
        }
    }

    fn notify(&mut self, notice: Notice) {
        if self.notices.iter().any(|(_, known)| *known == notice) {
            return;
        }
        self.next += 1;
        self.notices.push_back((self.next, notice));
        if self.notices.len() > NOTICES {
            // What was done can be missed; what was not, or waits for an answer, less so.
            let passing = self.notices.iter().position(|(_, notice)| notice.tone == Tone::Done);
            self.notices.remove(passing.unwrap_or(0));
        }
    }
}

impl Reducible for State {
    type Action = StateAction;

    fn reduce(self: Rc<Self>, action: StateAction) -> Rc<Self> {
        let mut state = Rc::unwrap_or_clone(self);
        match action {
            StateAction::Heard(message) => state.hear(message),
            StateAction::Went(route) => state.go(route),
            StateAction::Sheet(sheet) => {
                state.sheet = sheet;
                state.onward = None;
                state.posted = None;
            }
            StateAction::Undoable(undo) => {
                state.undo_next = undo;
                state.listed = state.house.as_deref().map(editing::lines);
                state.onward = None;
            }
            StateAction::Forget => state.undo = None,
            StateAction::Compose(draft) => {
                state.draft = Rc::new(draft);
                state.posted = None;
                state.sheet = Some(Sheet::Compose(String::new()));
            }
            StateAction::Drafted(draft) => {
                state.draft = Rc::new(draft);
                state.posted = None;
            }
            StateAction::Look(window) => state.look(window),
            StateAction::Dismiss(number) => state.notices.retain(|(known, _)| *known != number),
            StateAction::Followed => state.invited = false,
            StateAction::Still(still) => state.still = still,
            StateAction::Crashed => state.has_crashed = true,
        }
        Rc::new(state)
    }
}
