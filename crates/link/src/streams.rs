//! The table of streams: ids are places in it, used again when a stream is done.

use std::fmt;

use crate::stream::Stream;
use crate::{LinkError, Open, Side};

/// A stream of one link. Never used again by that link, though its number on the wire is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    generation: u32,
    number: u32,
}

impl StreamId {
    pub(crate) fn number(self) -> u32 {
        self.number
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.number, self.generation)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamId({self})")
    }
}

/// Numbers of streams opened by the dialler are even, those of the acceptor odd.
#[derive(Debug)]
pub(crate) struct Streams {
    side: Side,
    opened_here: Vec<Place>,
    opened_there: Vec<Place>,
    /// Indices in `opened_here` that no stream has.
    free: Vec<u32>,
    open: u32,
}

#[derive(Debug, Default)]
struct Place {
    /// Of the stream that has or last had the place.
    generation: u32,
    /// The generation whose events the host no longer wants, 0 for none.
    muted: u32,
    stream: Option<Stream>,
}

impl Streams {
    pub(crate) fn new(side: Side) -> Self {
        Self { side, opened_here: Vec::new(), opened_there: Vec::new(), free: Vec::new(), open: 0 }
    }

    /// Streams whose numbers are taken.
    pub(crate) fn len(&self) -> u32 {
        self.open
    }

    /// Opens a stream of ours, if one of `max` places is free.
    pub(crate) fn open_here(&mut self, open: Open, max: u32) -> Option<StreamId> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.opened_here.len() < max as usize => {
                self.opened_here.push(Place::default());
                self.opened_here.len() as u32 - 1
            }
            None => return None,
        };
        let number = index * 2 + self.side.parity();
        self.occupy(number, Stream::new(Some(open)))
    }

    /// Opens the peer's stream `number`.
    pub(crate) fn open_there(&mut self, number: u32, max: u32) -> Result<StreamId, LinkError> {
        let bad = LinkError::BadStream { stream: number };
        if self.is_opened_here(number) {
            return Err(bad);
        }
        let index = (number / 2) as usize;
        if index >= max as usize {
            return Err(LinkError::TooManyStreams { max });
        }
        // The next number after those used before: the table never grows faster than streams are opened.
        if index == self.opened_there.len() {
            self.opened_there.push(Place::default());
        }
        self.occupy(number, Stream::new(None)).ok_or(bad)
    }

    fn occupy(&mut self, number: u32, stream: Stream) -> Option<StreamId> {
        let place = self.place_mut(number)?;
        if place.stream.is_some() {
            return None;
        }
        place.generation = place.generation.wrapping_add(1).max(1);
        place.stream = Some(stream);
        let generation = place.generation;
        self.open += 1;
        Some(StreamId { generation, number })
    }

    /// Frees a number for its next stream.
    pub(crate) fn free(&mut self, number: u32) {
        let Some(place) = self.place_mut(number) else { return };
        if place.stream.take().is_none() {
            return;
        }
        self.open -= 1;
        if self.is_opened_here(number) {
            self.free.push(number / 2);
        }
    }

    pub(crate) fn find(&self, id: StreamId) -> Option<&Stream> {
        let place = self.place(id.number)?;
        if place.generation == id.generation { place.stream.as_ref() } else { None }
    }

    pub(crate) fn find_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        let place = self.place_mut(id.number)?;
        if place.generation == id.generation { place.stream.as_mut() } else { None }
    }

    /// The stream that has `number` now.
    pub(crate) fn numbered(&mut self, number: u32) -> Option<(StreamId, &mut Stream)> {
        let place = self.place_mut(number)?;
        let id = StreamId { generation: place.generation, number };
        Some((id, place.stream.as_mut()?))
    }

    /// The stream that the peer means by `number`: one that it opened, or whose OPEN was sent to it.
    pub(crate) fn known(&mut self, number: u32) -> Result<(StreamId, &mut Stream), LinkError> {
        self.numbered(number)
            .filter(|(_, stream)| stream.opening.is_none())
            .ok_or(LinkError::UnknownStream { stream: number })
    }

    pub(crate) fn is_opened_here(&self, number: u32) -> bool {
        number % 2 == self.side.parity()
    }

    /// Whether the peer has used `number` before.
    pub(crate) fn was_opened_there(&self, number: u32) -> bool {
        !self.is_opened_here(number) && self.place(number).is_some()
    }

    /// The host wants no further events of this stream.
    pub(crate) fn mute(&mut self, id: StreamId) {
        if let Some(place) = self.place_mut(id.number)
            && place.generation == id.generation
        {
            place.muted = id.generation;
        }
    }

    pub(crate) fn is_muted(&self, id: StreamId) -> bool {
        self.place(id.number).is_some_and(|place| place.muted == id.generation)
    }

    fn place(&self, number: u32) -> Option<&Place> {
        let table = if self.is_opened_here(number) { &self.opened_here } else { &self.opened_there };
        table.get((number / 2) as usize)
    }

    fn place_mut(&mut self, number: u32) -> Option<&mut Place> {
        let table = if self.is_opened_here(number) { &mut self.opened_here } else { &mut self.opened_there };
        table.get_mut((number / 2) as usize)
    }
}
