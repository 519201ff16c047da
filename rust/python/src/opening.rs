//! An opening that can be given up.

use m531x_core::OpenCancel;

use crate::options::ModemOptions;

/// Ends the opening when it is dropped, so that the port is free soon; of no effect afterwards.
pub(crate) struct EndsOpening(OpenCancel);

impl Drop for EndsOpening {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

pub(crate) fn cancellable(options: &ModemOptions) -> (m531x_core::ModemOptions, EndsOpening) {
    let cancel = OpenCancel::default();
    let mut core = options.core.clone();
    core.open_cancel = Some(cancel.clone());
    (core, EndsOpening(cancel))
}
