//! Keeps the library loaded: its threads would run code that is gone once a program has unloaded it.

/// From now on unloading the library has no effect. Harmless when repeated.
#[cfg(windows)]
pub(crate) fn pin_library() {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };

    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    let mut module = std::ptr::null_mut();
    // SAFETY: with this flag the name is any address in the library, such as that of this function, and `module` is alive.
    // It cannot fail for an address in a module; if it did, the library would be as unloadable as before.
    unsafe { GetModuleHandleExW(flags, pin_library as fn() as *const u16, &raw mut module) };
}

/// Elsewhere the linker marks the library as one that is never unloaded (build.rs).
#[cfg(not(windows))]
pub(crate) fn pin_library() {}
