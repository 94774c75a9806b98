//! TLS to PostgreSQL.
//!
//! Invariant: an address that insists on TLS (`sslmode=require`) leads only to a server whose
//! certificate goes back to a root that this machine trusts and is for the host of the address.
//! Without that word TLS is used where the server has it and its certificate is compared with
//! nothing, as programs of PostgreSQL do it: whoever could show another certificate could as well
//! say that there is no TLS, and many servers have a certificate that nobody has issued.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Returns how TLS is begun with a server whose address says this of it.
pub(super) fn tls(mode: SslMode) -> MakeRustlsConnect {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions");
    let config = match mode {
        SslMode::Disable | SslMode::Prefer => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate::new(&provider)))
            .with_no_client_auth(),
        // What is to come insists as well.
        _ => builder
            .with_root_certificates(roots())
            .with_no_client_auth(),
    };
    MakeRustlsConnect::new(config)
}

fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // What is not a certificate is skipped: the others may do.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Takes any certificate of whoever has its key: SCRAM binds the password's exchange to it where
/// the server offers that.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl AnyCertificate {
    fn new(provider: &CryptoProvider) -> Self {
        Self(provider.signature_verification_algorithms)
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use passerby_testing::postgres::PostgresServer;
    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream, UnixStream};
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::database::PostgresConnection;
    use crate::database::postgres_address::config_of;

    /// A certificate that nobody else has issued, as Debian gives each PostgreSQL.
    fn own_certificate() -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["some.machine".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Says of a server that listens in a folder what one with TLS would say, on a port.
    async fn pass_on(mut client: TcpStream, acceptor: TlsAcceptor, socket: String) {
        let mut asked = [0; 8];
        client.read_exact(&mut asked).await.unwrap();
        client.write_all(b"S").await.unwrap();
        // Whoever refuses the certificate ends here.
        let Ok(mut client) = acceptor.accept(client).await else {
            return;
        };
        let mut server = UnixStream::connect(socket).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }

    /// Listens until the test program ends.
    fn with_tls(address: &str) -> SocketAddr {
        let folder = address.split("host=").nth(1).unwrap();
        let folder = folder.split('&').next().unwrap();
        let socket = format!("{folder}/.s.PGSQL.5432");
        let acceptor = own_certificate();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let listens = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(pass_on(client, acceptor.clone(), socket.clone()));
                }
            });
        });
        listens
    }

    #[test]
    fn a_certificate_that_nobody_issued_is_refused_only_where_the_address_insists_on_tls() {
        let address = PostgresServer::shared().new_database();
        let name = address.split('?').next().unwrap().rsplit('/').next();
        let listens = with_tls(&address);
        let address = format!("postgres://hub@{listens}/{}", name.unwrap());
        let open = |address: &str| PostgresConnection::open(&config_of(address).unwrap(), false);
        for address in [&address, &format!("{address}?sslmode=prefer")] {
            let connection = open(address).unwrap();
            let used = connection.simple("SELECT 'answered'").unwrap();
            assert_eq!(used.as_deref(), Some("answered"));
        }
        let said = open(&format!("{address}?sslmode=require"));
        let said = said.err().unwrap().to_string();
        assert!(said.contains("invalid peer certificate"), "{said}");
        assert!(said.contains("must lead to a root"), "{said}");
    }
}
