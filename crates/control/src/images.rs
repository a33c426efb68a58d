//! Images on their way between a broker and its operators: taken out in pieces, and brought in in pieces.

use std::fmt;

use lacewing_broker::{
    Broker, Contents, ImageError, ImageReader, ImageWriter, Now, Record, Restore, RestoreStep, image_memory,
};

use crate::{OperatorId, Response};

/// The most bytes of an image that goes this way: it is in memory as a whole.
const MAXIMUM: u64 = 256 << 20;
/// The most memory that a broker made of one may take, about, in bytes: there are two of them for a while.
const MEMORY: u64 = 1 << 30;
/// The most bytes of one piece.
const PIECE: usize = 256 << 10;
/// Records put together in one step.
const STEP: u32 = 4096;

/// What is on its way: one image out and one in.
#[derive(Debug, Default)]
pub(crate) struct Images {
    export: Option<Export>,
    import: Option<Import>,
}

#[derive(Debug)]
struct Export {
    to: OperatorId,
    /// `None` while the host takes it.
    taken: Option<Taken>,
}

/// An image that is being taken, record by record.
#[derive(Debug, Default)]
pub struct Taking {
    image: ImageWriter,
    bytes: Vec<u8>,
}

/// An image as a whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What is in it.
    pub contents: Contents,
}

#[derive(Debug)]
struct Import {
    from: OperatorId,
    taken: u64,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// It comes.
    Reading(Box<ImageReader>, Box<Restore>),
    /// It is there, and a broker is made of it.
    Building(Box<Restore>, Contents),
    /// The broker is there.
    Built(Box<Broker>, Contents),
    /// The broker is at work, and its host makes it last.
    Keeping(Contents),
}

impl Images {
    /// Begins to export an image to an operator, and forgets the last one. The host is to say [`taken`](Self::taken).
    pub(crate) fn begin(&mut self, to: OperatorId) -> Result<(), String> {
        if self.export.as_ref().is_some_and(|export| export.taken.is_none() && export.to != to) {
            return Err(
                "Another image is being exported at this moment: try again when that is done.".to_owned()
            );
        }
        self.export = Some(Export { to, taken: None });
        Ok(())
    }

    /// The image that an export waits for was taken, or not; the first piece of it, and for whom.
    pub(crate) fn taken(
        &mut self,
        taken: Result<Taken, String>,
    ) -> Option<(OperatorId, Result<Response, String>)> {
        let export = self.export.as_mut().filter(|export| export.taken.is_none())?;
        let to = export.to;
        match taken {
            Ok(taken) => {
                export.taken = Some(taken);
                Some((to, self.export(to, 0)))
            }
            Err(why) => {
                self.export = None;
                Some((to, Err(why)))
            }
        }
    }

    /// The piece of the image that begins at `from`.
    pub(crate) fn export(&mut self, to: OperatorId, from: u64) -> Result<Response, String> {
        let export = self.export.as_ref().filter(|export| export.to == to);
        let taken = export.and_then(|export| export.taken.as_ref());
        let rest = taken.and_then(|taken| taken.bytes.get(usize::try_from(from).ok()?..));
        let (Some(taken), Some(rest)) = (taken, rest) else {
            return Err("The image is not there any more: export it again.".to_owned());
        };
        let bytes = rest[..rest.len().min(PIECE)].to_vec();
        let (of, contents, is_last) = (taken.bytes.len() as u64, taken.contents, bytes.len() == rest.len());
        if is_last {
            self.export = None;
        }
        Ok(Response::Exported { from, of, bytes, contents })
    }

    /// Takes the piece of an image that begins at `from`, of `of` bytes. At 0 an import begins, and the operator's last one
    /// is forgotten.
    pub(crate) fn import(
        &mut self,
        now: Now,
        operator: OperatorId,
        (from, of): (u64, u64),
        bytes: &[u8],
        broker: &Broker,
    ) -> Result<Response, String> {
        if self.import.as_ref().is_some_and(|import| import.from != operator || import.is_settled()) {
            return Err(
                "Another image is being imported at this moment: try again when that is done.".to_owned()
            );
        }
        if of > MAXIMUM {
            let most = MAXIMUM >> 20;
            return Err(format!(
                "An image may have at most {most} MB here. A larger one goes into the folder of a broker that is not running: \
                 lacewing image import FILE --data DIR."
            ));
        }
        if from == 0 {
            let restore = broker.successor(now).within(image_memory(of).min(MEMORY));
            let reading = Stage::Reading(Box::default(), Box::new(restore));
            self.import = Some(Import { from: operator, taken: 0, stage: reading });
        }
        let result = match self.import.take() {
            Some(import) if import.taken == from => import.take(bytes, of),
            _ => Err("A part of the image is missing: import it again.".to_owned()),
        };
        let import = result?;
        let taken = import.taken;
        self.import = Some(import);
        Ok(Response::Importing { taken })
    }

    /// Goes on putting a broker together, if one is; who is to be told that it does not work.
    pub(crate) fn go_on(&mut self, now: Now) -> Option<(OperatorId, String)> {
        let Some(Import { stage: Stage::Building(..), .. }) = self.import else { return None };
        let Import { from, taken, stage } = self.import.take()?;
        let Stage::Building(restore, contents) = stage else { return None };
        let stage = match restore.step(now, STEP) {
            Ok(RestoreStep::More(more)) => Stage::Building(Box::new(more), contents),
            Ok(RestoreStep::Done(broker)) => Stage::Built(broker, contents),
            Err(error) => return Some((from, in_full(error.into()))),
        };
        self.import = Some(Import { from, taken, stage });
        None
    }

    /// Whether a broker is being put together, or waits to be [taken](Self::built).
    pub(crate) fn is_building(&self) -> bool {
        matches!(self.import, Some(Import { stage: Stage::Building(..) | Stage::Built(..), .. }))
    }

    /// The broker that was put together, once.
    pub(crate) fn built(&mut self) -> Option<Box<Broker>> {
        let stage = &mut self.import.as_mut()?.stage;
        let Stage::Built(_, contents) = stage else { return None };
        let contents = *contents;
        match std::mem::replace(stage, Stage::Keeping(contents)) {
            Stage::Built(broker, _) => Some(broker),
            _ => None,
        }
    }

    /// The broker lasts; who is to be told, and what is in it.
    pub(crate) fn kept(&mut self) -> Option<(OperatorId, Contents)> {
        let Some(Import { from, stage: Stage::Keeping(contents), .. }) = self.import else { return None };
        self.import = None;
        Some((from, contents))
    }

    /// An operator is gone, and with it what is not whole.
    pub(crate) fn leave(&mut self, operator: OperatorId) {
        self.export = self.export.take().filter(|export| export.to != operator);
        self.import = self.import.take().filter(|import| import.from != operator || import.is_settled());
    }
}

impl Taking {
    /// Takes the next record, in the order in which a store or a broker gives them.
    ///
    /// # Errors
    /// The image is larger than one may be that goes this way.
    pub fn push(&mut self, record: &Record) -> Result<(), String> {
        self.image.push(record);
        self.bytes.append(&mut self.image.take());
        if self.bytes.len() as u64 <= MAXIMUM {
            return Ok(());
        }
        let most = MAXIMUM >> 20;
        Err(format!(
            "The image has more than {most} MB, which is too much here. Stop the broker and export it from its folder: \
             lacewing image export FILE --data DIR."
        ))
    }

    /// All were taken.
    pub fn finish(self) -> Taken {
        let Self { image, mut bytes } = self;
        let (mut rest, contents) = image.finish();
        bytes.append(&mut rest);
        Taken { bytes, contents }
    }
}

impl Taken {
    /// The image of a broker that keeps nothing else, at one go: it stands still meanwhile.
    pub(crate) fn of(broker: &Broker) -> Result<Self, String> {
        let mut taking = Taking::default();
        for record in broker.image() {
            taking.push(&record)?;
        }
        Ok(taking.finish())
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taken").field("contents", &self.contents).finish_non_exhaustive()
    }
}

impl Import {
    /// Whether all of it came: then it does not depend on the operator any more.
    fn is_settled(&self) -> bool {
        !matches!(self.stage, Stage::Reading(..))
    }

    fn take(mut self, bytes: &[u8], of: u64) -> Result<Self, String> {
        let Stage::Reading(mut image, mut restore) = self.stage else { return Ok(self) };
        self.taken += bytes.len() as u64;
        image.push(bytes);
        while let Some(record) = image.next().map_err(in_full)? {
            restore.push(record).map_err(|error| in_full(error.into()))?;
        }
        self.stage = if self.taken < of {
            Stage::Reading(image, restore)
        } else {
            Stage::Building(restore, image.finish().map_err(in_full)?)
        };
        Ok(self)
    }
}

fn in_full(error: ImageError) -> String {
    format!("The image cannot be used: {error}. {}", error.advice())
}
