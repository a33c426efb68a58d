//! An image on its way out of the broker, or into it, piece by piece.

use lacewing_control::{Contents, Request};

use super::{Effect, Model};
use crate::wire::{Notice, WorkerToPage};

/// The most bytes of one piece.
const PIECE: usize = 256 << 10;

/// What is on its way.
#[derive(Debug, Default)]
pub(super) enum Moving {
    #[default]
    Nothing,
    /// What came out of the broker so far.
    Out(Vec<u8>),
    /// What goes into it.
    In(Vec<u8>),
}

impl Model {
    /// Has the broker give its image.
    pub(super) fn export(&mut self) -> Effect {
        self.moving = Moving::Out(Vec::new());
        self.status.moving = Some("The image is taken.".into());
        Effect::Control(Request::Export { from: 0 })
    }

    /// Gives the broker an image in place of its state.
    pub(super) fn import(&mut self, image: Vec<u8>) -> Effect {
        self.moving = Moving::In(image);
        self.piece(0)
    }

    /// A piece of the image came.
    pub(super) fn exported(&mut self, from: u64, of: u64, bytes: &[u8], contents: Contents) {
        let Moving::Out(image) = &mut self.moving else { return };
        if image.len() as u64 != from {
            return;
        }
        image.extend_from_slice(bytes);
        let done = image.len() as u64;
        if done < of && !bytes.is_empty() {
            self.status.moving = Some(format!("{} of the image is here.", percent(done, of)));
            return self.effects.push_back(Effect::Control(Request::Export { from: done }));
        }
        let image = std::mem::take(image);
        self.moved(Some(format!("The image is ready. It has {contents}.")));
        self.kept.push(WorkerToPage::Image(image));
    }

    /// So much of the image has come to the broker.
    pub(super) fn importing(&mut self, taken: u64) {
        let Moving::In(image) = &self.moving else { return };
        if taken < image.len() as u64 {
            let next = self.piece(taken as usize);
            return self.effects.push_back(next);
        }
        self.status.moving = Some("All of the image is there. The broker starts with it.".into());
    }

    /// The broker is another one.
    pub(super) fn imported(&mut self, contents: Contents) {
        self.moved(None);
        self.notify(Notice::done(format!("The broker goes on with the image: {contents}.")));
    }

    /// Nothing is on its way any more.
    pub(super) fn moved(&mut self, words: Option<String>) {
        self.moving = Moving::Nothing;
        self.status.moving = words;
    }

    fn piece(&mut self, from: usize) -> Effect {
        let image = if let Moving::In(image) = &self.moving { &image[..] } else { &[] };
        let of = image.len() as u64;
        let rest = image.get(from..).unwrap_or_default();
        let bytes = rest[..rest.len().min(PIECE)].to_vec();
        self.status.moving = Some(format!("{} of the image is at the broker.", percent(from as u64, of)));
        Effect::Control(Request::Import { from: from as u64, of, bytes })
    }
}

fn percent(done: u64, of: u64) -> String {
    format!("{} %", done * 100 / of.max(1))
}

#[cfg(test)]
mod tests {
    use lacewing_control::Response;

    use super::*;
    use crate::wire::Action;

    const CONTENTS: Contents = Contents {
        sessions: 2,
        subscriptions: 3,
        queued: 1,
        retained: 4,
        wills: 0,
        messages: 1,
        incoming: 0,
    };

    fn model() -> Model {
        let mut model = Model::new("phone", "messages");
        let hello = Response::Hello {
            version: lacewing_control::VERSION,
            host: lacewing_control::HostKind::Native,
            saving: lacewing_control::Saving::Everything,
            home: false,
        };
        model.control(0, hello);
        while model.poll_effect().is_some() {}
        model
    }

    fn asked(model: &mut Model) -> Option<Request> {
        match model.poll_effect()? {
            Effect::Control(request) => Some(request),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_image_is_put_together_of_its_pieces() {
        let mut model = model();
        model.action(0, Action::Export);
        assert_eq!(asked(&mut model), Some(Request::Export { from: 0 }));
        for (from, bytes) in [(0, vec![1, 2, 3]), (3, vec![4, 5]), (5, vec![6])] {
            model.control(0, Response::Exported { from, of: 6, bytes, contents: CONTENTS });
        }
        let next = [asked(&mut model), asked(&mut model), asked(&mut model)];
        assert_eq!(next, [Some(Request::Export { from: 3 }), Some(Request::Export { from: 5 }), None]);
        let views = model.views(0);
        assert!(views.contains(&WorkerToPage::Image(vec![1, 2, 3, 4, 5, 6])), "{views:?}");
        assert!(model.status.moving.as_ref().is_some_and(|words| words.contains("2 sessions")));
    }

    #[test]
    fn an_image_goes_to_the_broker_in_pieces_and_it_is_told_when_it_is_at_work() {
        let mut model = model();
        let image: Vec<u8> = (0..PIECE + 10).map(|n| n as u8).collect();
        model.action(0, Action::Import { image: image.clone() });
        let of = image.len() as u64;
        let first = Request::Import { from: 0, of, bytes: image[..PIECE].to_vec() };
        assert_eq!(asked(&mut model), Some(first));
        model.control(0, Response::Importing { taken: PIECE as u64 });
        let second = Request::Import { from: PIECE as u64, of, bytes: image[PIECE..].to_vec() };
        assert_eq!(asked(&mut model), Some(second));
        model.control(0, Response::Importing { taken: of });
        assert_eq!(asked(&mut model), None);
        model.control(0, Response::Imported { contents: CONTENTS });
        let told = model.views(0).into_iter().find_map(|view| match view {
            WorkerToPage::Notice(notice) => Some(notice.text),
            _ => None,
        });
        assert!(told.is_some_and(|text| text.contains("4 retained messages")));
        assert_eq!(model.status.moving, None);
    }

    #[test]
    fn an_image_that_is_refused_is_not_on_its_way_any_more() {
        let mut model = model();
        model.action(0, Action::Import { image: vec![1] });
        model.control(0, Response::Refused { why: "It is damaged.".into() });
        assert_eq!(model.status.moving, None);
        while model.poll_effect().is_some() {}
        model.control(0, Response::Importing { taken: 0 });
        assert_eq!(asked(&mut model), None);
    }
}
