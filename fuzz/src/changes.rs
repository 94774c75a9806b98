//! Any bytes as the body of `POST /v1/terminals/{n}/changes`, from a terminal that has gone mad,
//! and as a hub's answer: the hub answers at once or refuses, and can still be asked afterwards; no
//! answer makes a terminal hurry.

use passerby_protocol::bounded;
use passerby_protocol::changes::{ChangesReply, PAUSE_MS_MAX, PAUSE_MS_MIN};
use passerby_protocol::limits::ANSWER_TEXT_BYTES_MAX;

use crate::scan::with_stand;

/// Answers that a terminal understands; see docs/protocol.md.
const STATUSES: [u16; 3] = [200, 400, 413];
/// Versions are seconds or little more; none that a terminal claims may lead out of this century.
const VERSION_MAX: u64 = 4_200_000_000;
const SOUND: &[u8] = br#"{"heartbeat":{"software":"0.1.0","manifest_version":0,"clock_trusted":true,"plays_waiting":0,"screen_px":[1,1],"disk_free_bytes":9}}"#;

/// Sends the bytes twice, and a sound request after them; reads them as an answer.
pub fn run(bytes: &[u8]) {
    if let Ok(reply) = bounded::json::<ChangesReply>(bytes, ANSWER_TEXT_BYTES_MAX) {
        for random in [0, 1, u64::MAX] {
            let pause_ms = reply.pace.pause_ms(random);
            assert!((PAUSE_MS_MIN..=PAUSE_MS_MAX).contains(&pause_ms));
            assert!(reply.pace.return_ms(random) <= PAUSE_MS_MAX);
        }
    }
    with_stand(|stand| {
        let mut app = stand.fresh_hub();
        let (status, said) = stand.send_changes(&mut app, bytes);
        assert!(STATUSES.contains(&status), "{status}: {said}");
        assert_eq!(stand.send_changes(&mut app, bytes).0, status, "{said}");
        let (status, said) = stand.send_changes(&mut app, SOUND);
        assert_eq!(status, 200, "{said}");
        let reply: ChangesReply = serde_json::from_str(&said).expect("an answer");
        assert!(reply.manifest.version < VERSION_MAX, "{reply:?}");
    });
}
