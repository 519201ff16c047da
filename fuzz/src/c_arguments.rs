//! The C ABI, called with whatever C permits: any handle, text, length and number, and NULL.

mod arguments;
mod calls;
mod counted;
mod functions;
mod held;

use crate::script::acts;
use calls::Caller;
use held::Held;

/// Acts are calls: a letter for the function, a digit for the handle, and arguments between `|`. In the end
/// everything is closed, and nothing may be left.
pub fn c_arguments(input: &[u8]) {
    let before = Held::now();
    let mut caller = Caller::new();
    for act in acts(input).take(40) {
        caller.call(act);
    }
    if caller.close_all() {
        before.comes_back();
    }
}
