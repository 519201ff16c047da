//! TLS towards the broker.

use std::path::PathBuf;

/// Which broker certificates are accepted.
///
/// The modules encrypt without looking at the broker's certificate, and so does this by default: it
/// protects against nobody in the middle, exactly like the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsPolicy {
    /// Any certificate, as the module does.
    #[default]
    AcceptAny,
    /// Certificates signed by one of the authorities in this PEM file, for the name connected to.
    Verify(PathBuf),
}
