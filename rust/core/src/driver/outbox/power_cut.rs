//! The power goes at any moment, and the disk changes bytes: what is left is what was committed, or
//! an error, and never a panic.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;

use super::StoredMessage;
use super::store::Store;
use crate::{ErrorCode, QoS};

/// One change of the file.
#[derive(Clone, Debug)]
enum Change {
    Append(u8),
    RemoveOldest(u8),
    SetAsideOldest,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (1_u8..20).prop_map(Change::Append),
        2 => (1_u8..20).prop_map(Change::RemoveOldest),
        1 => Just(Change::SetAsideOldest),
    ]
}

fn message(id: u64) -> StoredMessage {
    StoredMessage {
        id,
        topic: format!("meters/{id}"),
        payload: vec![u8::try_from(id % 251).unwrap(); usize::try_from(id * 37 % 900).unwrap()],
        qos: QoS::AtLeastOnce,
        retain: id % 2 == 0,
        stored_at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_000 + id),
        set_aside: None,
    }
}

fn contents(store: &Store) -> Vec<StoredMessage> {
    let mut messages = Vec::new();
    store.each(|message| messages.push(message)).unwrap();
    messages
}

/// A file with its write-ahead log, as they lie on the disk at one moment.
struct Snapshot {
    folder: TempDir,
}

impl Snapshot {
    fn of(path: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for suffix in ["", "-wal", "-journal"] {
            let from = PathBuf::from(format!("{}{suffix}", path.display()));
            if from.exists() {
                fs::copy(from, folder.path().join(format!("outbox{suffix}"))).unwrap();
            }
        }
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("outbox")
    }

    fn wal(&self) -> PathBuf {
        self.folder.path().join("outbox-wal")
    }
}

/// Carries the changes out and gives what the file held after each, the oldest state first.
fn carry_out(path: &Path, changes: &[Change]) -> (Store, Vec<Vec<StoredMessage>>) {
    let mut store = Store::open(path).unwrap();
    let mut states: Vec<Vec<StoredMessage>> = vec![Vec::new()];
    for change in changes {
        let before = states.last().unwrap();
        let waiting = || before.iter().filter(|message| message.set_aside.is_none());
        match change {
            Change::Append(count) => {
                let new: Vec<_> = (0..*count).map(|_| message(store.take_id())).collect();
                store.append(&new.iter().collect::<Vec<_>>()).unwrap();
            }
            Change::RemoveOldest(count) => {
                let ids: Vec<_> = waiting().take((*count).into()).map(|m| m.id).collect();
                store.remove(&ids).unwrap();
            }
            Change::SetAsideOldest => {
                if let Some(oldest) = waiting().next() {
                    store.set_aside(oldest.id, "refused").unwrap();
                }
            }
        }
        states.push(contents(&store));
    }
    (store, states)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_process_that_dies_leaves_all_that_was_committed(
        changes in prop::collection::vec(change(), 1..20),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox");
        let (store, states) = carry_out(&path, &changes);
        let snapshot = Snapshot::of(&path);
        let again = Store::open(&snapshot.path()).unwrap();
        prop_assert_eq!(&contents(&again), states.last().unwrap());
        prop_assert_eq!(again.contents(), store.contents());
    }

    #[test]
    fn a_log_that_was_cut_off_leaves_what_was_committed_before_the_cut(
        changes in prop::collection::vec(change(), 1..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox");
        let (_store, states) = carry_out(&path, &changes);
        let snapshot = Snapshot::of(&path);
        let wal = fs::read(snapshot.wal()).unwrap_or_default();
        if !wal.is_empty() {
            fs::write(snapshot.wal(), &wal[..cut.index(wal.len())]).unwrap();
        }
        let found = contents(&Store::open(&snapshot.path()).unwrap());
        prop_assert!(states.contains(&found), "{found:?}");
    }

    #[test]
    fn a_changed_byte_is_an_error_or_changes_nothing_that_is_read(
        changes in prop::collection::vec(change(), 1..20),
        closed in any::<bool>(),
        place in any::<prop::sample::Index>(),
        bits in 1_u8..,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox");
        let (store, states) = carry_out(&path, &changes);
        if closed {
            drop(store);
        }
        let snapshot = Snapshot::of(&path);
        let mut bytes = fs::read(snapshot.path()).unwrap();
        let wal = fs::read(snapshot.wal()).unwrap_or_default();
        let length = bytes.len();
        bytes.extend(&wal);
        let place = place.index(bytes.len());
        bytes[place] ^= bits;
        fs::write(snapshot.path(), &bytes[..length]).unwrap();
        if !wal.is_empty() {
            fs::write(snapshot.wal(), &bytes[length..]).unwrap();
        }
        match Store::open(&snapshot.path()) {
            Ok(store) => {
                let found = contents(&store);
                prop_assert!(states.contains(&found), "{place}: {found:?}");
            }
            Err(error) => {
                let known = matches!(
                    error.code(),
                    ErrorCode::OutboxCorrupt | ErrorCode::OutboxFailed
                );
                prop_assert!(known, "{place}: {error}");
                prop_assert!(error.to_string().contains("outbox"), "{place}: {error}");
            }
        }
    }

    #[test]
    fn a_file_of_any_length_is_an_error_or_what_was_committed(
        changes in prop::collection::vec(change(), 1..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox");
        let (store, states) = carry_out(&path, &changes);
        drop(store);
        let bytes = fs::read(&path).unwrap();
        let length = cut.index(bytes.len());
        fs::write(&path, &bytes[..length]).unwrap();
        match Store::open(&path) {
            Ok(store) => prop_assert!(states.contains(&contents(&store)), "{length}"),
            Err(error) => prop_assert!(error.to_string().contains("outbox"), "{length}: {error}"),
        }
    }

    #[test]
    fn any_bytes_are_no_outbox_and_stay_as_they_are(
        bytes in prop::collection::vec(any::<u8>(), 1..2000),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox");
        fs::write(&path, &bytes).unwrap();
        let error = Store::open(&path).unwrap_err();
        prop_assert_eq!(error.code(), ErrorCode::OutboxCorrupt);
        prop_assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_file_of_one_byte_is_no_outbox_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    fs::write(&path, [0]).unwrap();
    assert_eq!(
        Store::open(&path).unwrap_err().code(),
        ErrorCode::OutboxCorrupt
    );
    assert_eq!(fs::read(&path).unwrap(), [0]);
}
