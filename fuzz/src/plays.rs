//! Any bytes as the body of `POST /v1/terminals/{n}/plays`, from a terminal that has gone mad: they
//! are taken or refused by the hub's own router, plainly or packed, and the same bytes sent again
//! change nothing.

use passerby_protocol::plays::PlayBatch;

use crate::scan::with_stand;

/// Answers that a terminal understands; see docs/protocol.md.
const STATUSES: [u16; 5] = [200, 400, 409, 413, 422];

/// Sends the bytes as they are and packed with zstd, each twice.
pub fn run(bytes: &[u8]) {
    if let Ok(batch) = serde_json::from_slice::<PlayBatch>(bytes) {
        check_batch(&batch);
    }
    let packed = zstd::stream::encode_all(bytes, 1).expect("packed");
    with_stand(|stand| {
        for body in [bytes, packed.as_slice()] {
            let mut app = stand.fresh_hub();
            let (status, reply) = stand.send_plays(&mut app, body);
            assert!(STATUSES.contains(&status), "{status}: {reply}");
            let total = stand.plays_total();
            assert!(
                status == 200 || total == 0,
                "{status}, and {total} plays are stored"
            );
            let (again, reply_again) = stand.send_plays(&mut app, body);
            assert_eq!(again, status, "{reply} and then {reply_again}");
            assert_eq!(stand.plays_total(), total, "{reply} and then {reply_again}");
        }
    });
}

/// What can be unpacked can be packed, and says the same.
fn check_batch(batch: &PlayBatch) {
    let Ok(plays) = batch.unpack() else {
        return;
    };
    let packed = PlayBatch::pack(batch.epoch, &plays, batch.anchors.clone());
    if !plays.is_empty() {
        assert_eq!(packed.unpack().expect("our own batch"), plays);
    }
}
