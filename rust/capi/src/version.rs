//! Versions.

use std::ffi::c_char;

use crate::constants::m531x_status;
use crate::guard::guard;
use crate::marshal::TextBuffer;

/// The version of this header as major * 1000000 + minor * 1000 + patch.
pub const M531X_VERSION_NUMBER: u32 = 1_000;

/// The major version of this header.
pub const M531X_VERSION_MAJOR: u32 = 0;

/// The minor version of this header.
pub const M531X_VERSION_MINOR: u32 = 1;

/// The patch level of this header.
pub const M531X_VERSION_PATCH: u32 = 0;

/// The version of this header as a text, to compare with that of m531x_version_string.
pub const M531X_VERSION_STRING: &str = "0.1.0";

/// The ABI of this header; a library with another number must not be used with it.
pub const M531X_ABI_VERSION: u32 = 0;

/// The version of the library, to compare with M531X_VERSION_NUMBER.
///
/// @return major * 1000000 + minor * 1000 + patch.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_version_number() -> u32 {
    M531X_VERSION_NUMBER
}

/// The version of the library as a text, such as "0.1.0".
///
/// @param text      [out] Buffer for the NUL-terminated text; may be NULL if capacity is 0.
/// @param capacity  [in] Its size in bytes.
/// @param needed    [out] The size that the text needs, with its final NUL; may be NULL.
/// @return M531X_OK, M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_version_string(
    text: *mut c_char,
    capacity: u32,
    needed: *mut u32,
) -> m531x_status {
    guard(|| {
        // SAFETY: the caller passes NULL or a buffer of that capacity, and NULL or a place.
        let buffer = unsafe { TextBuffer::new(text, capacity, needed, "text") }?;
        buffer.write(env!("CARGO_PKG_VERSION"))
    })
}

/// The ABI of the library, to compare with M531X_ABI_VERSION.
///
/// @return The number; it changes when a program must be compiled anew.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_abi_version() -> u32 {
    M531X_ABI_VERSION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_and_the_text_are_the_same_version() {
        let part = |text: &str| text.parse::<u32>().unwrap();
        let number = part(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
            + part(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
            + part(env!("CARGO_PKG_VERSION_PATCH"));
        assert_eq!(M531X_VERSION_NUMBER, number);
        let parts = [
            M531X_VERSION_MAJOR,
            M531X_VERSION_MINOR,
            M531X_VERSION_PATCH,
        ];
        assert_eq!(
            parts.map(|part| part.to_string()).join("."),
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(M531X_VERSION_STRING, env!("CARGO_PKG_VERSION"));
    }
}
