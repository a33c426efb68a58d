/// What the host does for the device, which may lag behind what the device wants.
#[derive(Debug, Default)]
pub(super) struct Cable {
    pub(super) line: Line,
    /// Whether the line belongs to the client's current attempt, and not to one that it knows nothing of any more.
    pub(super) attached: bool,
    /// Whether the cable is cut: nothing gets through in either direction.
    pub(super) cut: bool,
    /// Whether it will be cut as soon as what waits is transmitted.
    pub(super) cutting: bool,
    /// Whether to dial as soon as the old line is closed.
    pub(super) dial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Line {
    #[default]
    Closed,
    Dialing,
    Open,
    Closing,
}

impl Cable {
    /// Cuts the cable now if it is to be cut.
    pub(super) fn finish_cut(&mut self) {
        if std::mem::take(&mut self.cutting) {
            self.cut = true;
            self.dial = false;
            self.attached = false;
        }
    }
}
