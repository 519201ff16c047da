//! TLS towards the broker.

use std::path::PathBuf;

/// Which broker certificates are accepted.
///
/// The modules encrypt without looking at the broker's certificate, and so does this by default: it
/// does not protect against a man in the middle, exactly like the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsPolicy {
    /// Any certificate, as the module does.
    #[default]
    AcceptAny,
    /// Certificates signed by one of the authorities in this PEM file, for the name connected to.
    Verify(PathBuf),
}

#[cfg(feature = "tls")]
pub(super) use enabled::TlsSession;

#[cfg(not(feature = "tls"))]
pub(super) use disabled::TlsSession;

#[cfg(feature = "tls")]
mod enabled {
    use std::io::{self, Read, Write};
    use std::net::TcpStream;
    use std::path::Path;
    use std::sync::Arc;

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::CryptoProvider;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{
        ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    };

    use super::TlsPolicy;

    /// The client's side of one TLS connection, over a non-blocking stream.
    #[derive(Debug)]
    pub(in crate::mqtt_client) struct TlsSession {
        connection: ClientConnection,
    }

    impl TlsSession {
        pub(in crate::mqtt_client) fn new(host: &str, policy: &TlsPolicy) -> Result<Self, String> {
            let name = ServerName::try_from(host.to_owned())
                .map_err(|_| format!("{host:?} is no name that TLS can ask for"))?;
            let config = client_config(policy)?;
            let connection = ClientConnection::new(Arc::new(config), name)
                .map_err(|error| format!("TLS: {error}"))?;
            Ok(Self { connection })
        }

        pub(in crate::mqtt_client) fn is_handshaking(&self) -> bool {
            self.connection.is_handshaking()
        }

        pub(in crate::mqtt_client) fn wants_write(&self) -> bool {
            self.connection.wants_write()
        }

        /// Sends what the TLS layer has ready; `WouldBlock` when the stream takes no more.
        pub(in crate::mqtt_client) fn flush(&mut self, stream: &mut TcpStream) -> io::Result<()> {
            while self.connection.wants_write() {
                self.connection.write_tls(stream)?;
            }
            Ok(())
        }

        /// Encrypts bytes; how many were taken (the rest when some have been flushed).
        pub(in crate::mqtt_client) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.connection.writer().write(bytes)
        }

        /// Takes one portion from the stream; the number of plain bytes added to `out`, `None` at
        /// the peer's end.
        pub(in crate::mqtt_client) fn read(
            &mut self,
            stream: &mut TcpStream,
            out: &mut Vec<u8>,
        ) -> io::Result<Option<usize>> {
            let ended = self.connection.read_tls(stream)? == 0;
            let state = self.connection.process_new_packets().map_err(|error| {
                // The alert names the reason to the broker; a failure to send it changes nothing.
                let _ = self.connection.write_tls(stream);
                io::Error::new(io::ErrorKind::InvalidData, format!("TLS: {error}"))
            })?;
            let mut plain = vec![0; state.plaintext_bytes_to_read()];
            self.connection.reader().read_exact(&mut plain)?;
            out.extend_from_slice(&plain);
            let over = plain.is_empty() && (ended || state.peer_has_closed());
            Ok((!over).then_some(plain.len()))
        }

        pub(in crate::mqtt_client) fn close(&mut self, stream: &mut TcpStream) {
            self.connection.send_close_notify();
            // Best effort: the connection ends either way.
            let _ = self.flush(stream);
        }
    }

    fn client_config(policy: &TlsPolicy) -> Result<ClientConfig, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?;
        Ok(match policy {
            TlsPolicy::AcceptAny => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate { provider }))
                .with_no_client_auth(),
            TlsPolicy::Verify(path) => builder
                .with_root_certificates(authorities(path)?)
                .with_no_client_auth(),
        })
    }

    fn authorities(path: &Path) -> Result<RootCertStore, String> {
        let unreadable = |error: &dyn std::fmt::Display| {
            format!("cannot read certificates from {}: {error}", path.display())
        };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unreadable(&e))? {
            let certificate = certificate.map_err(|e| unreadable(&e))?;
            roots.add(certificate).map_err(|e| unreadable(&e))?;
        }
        if roots.is_empty() {
            return Err(unreadable(&"the file holds none"));
        }
        Ok(roots)
    }

    /// Accepts any certificate and signature: without a check of the certificate, a signature with
    /// its key proves nothing.
    #[derive(Debug)]
    struct AnyCertificate {
        provider: Arc<CryptoProvider>,
    }

    impl ServerCertVerifier for AnyCertificate {
        fn verify_server_cert(
            &self,
            _end_entity: &CertificateDer<'_>,
            _intermediates: &[CertificateDer<'_>],
            _server_name: &ServerName<'_>,
            _ocsp_response: &[u8],
            _now: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _message: &[u8],
            _cert: &CertificateDer<'_>,
            _dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _message: &[u8],
            _cert: &CertificateDer<'_>,
            _dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.provider
                .signature_verification_algorithms
                .supported_schemes()
        }
    }
}

#[cfg(not(feature = "tls"))]
mod disabled {
    use std::io;
    use std::net::TcpStream;

    use super::TlsPolicy;

    /// Stands in where TLS is not built in: there is no value of it.
    #[derive(Debug)]
    pub(in crate::mqtt_client) enum TlsSession {}

    impl TlsSession {
        pub(in crate::mqtt_client) fn new(
            _host: &str,
            _policy: &TlsPolicy,
        ) -> Result<Self, String> {
            Err("TLS is not built in: build with the feature tls".to_owned())
        }

        pub(in crate::mqtt_client) fn is_handshaking(&self) -> bool {
            match *self {}
        }

        pub(in crate::mqtt_client) fn wants_write(&self) -> bool {
            match *self {}
        }

        pub(in crate::mqtt_client) fn flush(&mut self, _stream: &mut TcpStream) -> io::Result<()> {
            match *self {}
        }

        pub(in crate::mqtt_client) fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            match *self {}
        }

        pub(in crate::mqtt_client) fn read(
            &mut self,
            _stream: &mut TcpStream,
            _out: &mut Vec<u8>,
        ) -> io::Result<Option<usize>> {
            match *self {}
        }

        pub(in crate::mqtt_client) fn close(&mut self, _stream: &mut TcpStream) {
            match *self {}
        }
    }
}
