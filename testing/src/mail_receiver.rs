//! A mail server of Debian's: takes what is sent to it and tells of each message.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::programs::required_file;

/// Whatever a test waits for has come by then, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

const PROGRAM: &str = r#"
import asyncio, email, email.policy, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

certificate, key = sys.argv[1:3]

class Handler:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            "to": envelope.rcpt_tos, "from": envelope.mail_from, "subject": message["subject"],
            "id": message["message-id"], "text": message.get_content(), "encrypted": session.ssl is not None,
            "user": session.auth_data,
            "leaves": message["list-unsubscribe"], "leaves_by": message["list-unsubscribe-post"],
        }), flush=True)
        if envelope.rcpt_tos == ["nobody@hub.example"]:
            return "550 nobody of this name"
        return "250 taken"

def authenticate(server, session, envelope, mechanism, data):
    if mechanism not in ("LOGIN", "PLAIN"):
        return AuthResult(success=False, handled=False)
    is_right = (data.login, data.password) == (b"hub", b"open sesame")
    return AuthResult(success=is_right, auth_data=data.login.decode())

context = None
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

def connection():
    return SMTP(Handler(), tls_context=context, require_starttls=context is not None,
                auth_required=context is not None, authenticator=authenticate, auth_require_tls=True)

async def serve():
    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(serve())
"#;

/// The server, on a free port of loopback.
#[derive(Debug)]
pub struct MailReceiver {
    child: Child,
    /// Where it listens.
    pub port: u16,
    lines: Receiver<String>,
}

impl MailReceiver {
    /// Starts one; with the files of a certificate and its key it takes nothing without STARTTLS
    /// and a password.
    ///
    /// # Panics
    /// What it is made of is not installed, or it does not start.
    pub fn start(certificate: Option<(&Path, &Path)>) -> Self {
        let (certificate, key) = certificate.unzip();
        let path =
            |path: Option<&Path>| path.map_or(String::new(), |path| path.display().to_string());
        required_file("/usr/lib/python3/dist-packages/aiosmtpd/smtp.py");
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", PROGRAM])
            .args([path(certificate), path(key)])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let (tell, lines) = channel();
        let out = BufReader::new(child.stdout.take().expect("piped"));
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // The test may be over.
                let _ = tell.send(line);
            }
        });
        let port = lines
            .recv_timeout(PATIENCE)
            .expect("the mail server starts");
        Self {
            child,
            port: port.parse().expect("a number"),
            lines,
        }
    }

    /// Waits for the next message.
    ///
    /// # Panics
    /// None comes.
    pub fn next(&self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("mail comes");
        serde_json::from_str(&line).expect("JSON")
    }

    /// Returns a message that has come and was not told of yet, if there is one.
    ///
    /// # Panics
    /// What it is told of is no JSON.
    pub fn waiting(&self) -> Option<Value> {
        let line = self.lines.try_recv().ok()?;
        Some(serde_json::from_str(&line).expect("JSON"))
    }
}

impl Drop for MailReceiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
