//! Handles: numbers that go stale instead of dangling.
//!
//! A handle is a kind (2 bits), a slot (14 bits) and the generation of its value (16 bits, never 0). A
//! handle that was closed, or is of the other kind, or was never given, is recognised by these
//! numbers alone; nothing behind it is touched. A forked child has tables of its own, whose
//! generations go on from the parent's, so that there every handle of the parent is stale.

#[cfg(all(test, loom))]
use loom::sync::RwLock;
#[cfg(not(all(test, loom)))]
use std::sync::RwLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use m531x_core::{Error, ErrorCode, OfThisProcess};

use crate::last_error::LastError;
use crate::open_modem::OpenModem;
use crate::settings::Settings;

const KIND_SHIFT: u32 = 30;
const SLOT_SHIFT: u32 = 16;
const SLOT_MASK: u32 = 0x3FFF;
const GENERATION_MASK: u32 = 0xFFFF;

/// The open modems of this process.
pub(crate) fn modems() -> &'static Table<OpenModem> {
    static TABLE: OfThisProcess<Table<OpenModem>> =
        OfThisProcess::new(|before| Table::after(before, "modem", 1));
    TABLE.get()
}

/// The sets of options of this process.
pub(crate) fn option_sets() -> &'static Table<OptionSet> {
    static TABLE: OfThisProcess<Table<OptionSet>> =
        OfThisProcess::new(|before| Table::after(before, "set of options", 3));
    TABLE.get()
}

/// Options of m531x_options_new.
#[derive(Default)]
pub(crate) struct OptionSet {
    settings: Mutex<Settings>,
    pub(crate) last_error: LastError,
}

impl OptionSet {
    pub(crate) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep_error(&self, handle: u32, result: Result<(), Error>) -> Result<(), Error> {
        self.last_error.keep(handle, &result);
        result
    }
}

/// The things of one kind that are behind handles.
pub(crate) struct Table<T> {
    what: &'static str,
    kind: u32,
    /// The last one given.
    generation: AtomicU32,
    slots: RwLock<Vec<Slot<T>>>,
}

struct Slot<T> {
    generation: u32,
    value: Option<Arc<T>>,
}

impl<T> Table<T> {
    /// An empty table; `kind` is 1 to 3 and different from every other table's. It gives no handle again that the
    /// one of the parent process has given.
    pub(crate) fn after(before: Option<&Self>, what: &'static str, kind: u32) -> Self {
        let given = before.map_or(0, |before| before.generation.load(Ordering::Relaxed));
        Self {
            what,
            kind,
            generation: AtomicU32::new(given),
            slots: RwLock::new(Vec::new()),
        }
    }

    /// Puts a value behind a new handle.
    pub(crate) fn insert(&self, value: Arc<T>) -> Result<u32, Error> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let index = match slots.iter().position(|slot| slot.value.is_none()) {
            Some(free) => free,
            None if slots.len() <= SLOT_MASK as usize => {
                slots.push(Slot {
                    generation: 0,
                    value: None,
                });
                slots.len() - 1
            }
            None => {
                return Err(Error::new(
                    ErrorCode::Busy,
                    format!("{} handles are open: close some", slots.len()),
                ));
            }
        };
        // Under the lock, so that no other thread changes it.
        let last = self.generation.load(Ordering::Relaxed);
        let generation = last % GENERATION_MASK + 1;
        self.generation.store(generation, Ordering::Relaxed);
        slots[index] = Slot {
            generation,
            value: Some(value),
        };
        Ok(self.handle(index, generation))
    }

    fn handle(&self, index: usize, generation: u32) -> u32 {
        let index = u32::try_from(index).unwrap_or(SLOT_MASK);
        self.kind << KIND_SHIFT | index << SLOT_SHIFT | generation
    }

    /// What is behind a handle.
    pub(crate) fn get(&self, handle: u32) -> Result<Arc<T>, Error> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots
            .get(self.index(handle)?)
            .filter(|slot| slot.generation == handle & GENERATION_MASK)
            .and_then(|slot| slot.value.clone())
            .ok_or_else(|| self.stale(handle))
    }

    /// All handles that lead to something now.
    pub(crate) fn handles(&self) -> Vec<u32> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let taken = slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.value.is_some());
        taken
            .map(|(index, slot)| self.handle(index, slot.generation))
            .collect()
    }

    /// Takes what is behind a handle; from now on the handle is stale.
    pub(crate) fn remove(&self, handle: u32) -> Result<Arc<T>, Error> {
        let index = self.index(handle)?;
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots
            .get_mut(index)
            .filter(|slot| slot.generation == handle & GENERATION_MASK)
            .and_then(|slot| slot.value.take())
            .ok_or_else(|| self.stale(handle))
    }

    fn index(&self, handle: u32) -> Result<usize, Error> {
        if handle >> KIND_SHIFT == self.kind {
            Ok((handle >> SLOT_SHIFT & SLOT_MASK) as usize)
        } else {
            Err(self.stale(handle))
        }
    }

    fn stale(&self, handle: u32) -> Error {
        Error::new(
            ErrorCode::StaleHandle,
            format!(
                "{handle} is not an open {} of this process: it was closed, or never was one",
                self.what
            ),
        )
    }
}

#[cfg(test)]
impl<T> Table<T> {
    fn new(what: &'static str, kind: u32) -> Self {
        Self::after(None, what, kind)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_handle_leads_to_its_value_until_it_is_removed() {
        let table = Table::new("thing", 1);
        let handle = table.insert(Arc::new(7)).unwrap();
        assert_ne!(handle, 0);
        assert_eq!(*table.get(handle).unwrap(), 7);
        assert_eq!(*table.remove(handle).unwrap(), 7);
        for stale in [table.get(handle), table.remove(handle)] {
            assert_eq!(stale.unwrap_err().code(), ErrorCode::StaleHandle);
        }
    }

    #[test]
    fn a_slot_used_again_gives_another_handle() {
        let table = Table::new("thing", 1);
        let first = table.insert(Arc::new(1)).unwrap();
        table.remove(first).unwrap();
        let second = table.insert(Arc::new(2)).unwrap();
        assert_ne!(first, second);
        assert!(table.get(first).is_err());
    }

    #[test]
    fn a_handle_of_another_kind_and_any_made_up_number_are_refused() {
        let (ours, theirs) = (Table::new("thing", 1), Table::new("other", 2));
        let foreign = theirs.insert(Arc::new(0)).unwrap();
        ours.insert(Arc::new(0)).unwrap();
        for handle in [0, 1, u32::MAX, foreign] {
            assert!(ours.get(handle).is_err(), "{handle}");
        }
    }

    #[test]
    fn the_handles_of_a_parent_are_stale_in_a_child() {
        let parents = Table::new("thing", 1);
        let theirs = parents.insert(Arc::new(1)).unwrap();
        let ours = Table::after(Some(&parents), "thing", 1);
        assert!(ours.get(theirs).is_err());
        let first = ours.insert(Arc::new(2)).unwrap();
        assert_ne!(first, theirs);
        assert!(ours.get(theirs).is_err());
    }

    #[test]
    fn generations_come_round_without_a_handle_of_zero() {
        let table = Table::new("thing", 1);
        for _ in 0..=GENERATION_MASK + 2 {
            let handle = table.insert(Arc::new(())).unwrap();
            assert_ne!(handle & GENERATION_MASK, 0);
            table.remove(handle).unwrap();
        }
    }
}

/// Under the model checker (`make test-loom`), which tries every order of the threads.
#[cfg(all(test, loom))]
mod models {
    use loom::thread;

    use super::*;

    fn with_threads(model: impl Fn(&Arc<Table<u32>>) + Send + Sync + 'static) {
        loom::model(move || model(&Arc::new(Table::new("thing", 1))));
    }

    #[test]
    fn of_two_threads_that_remove_a_handle_one_gets_the_value() {
        with_threads(|table| {
            let handle = table.insert(Arc::new(7)).unwrap();
            let other = thread::spawn({
                let table = Arc::clone(table);
                move || table.remove(handle).is_ok()
            });
            let mine = table.remove(handle).is_ok();
            assert!(mine != other.join().unwrap());
            assert!(table.get(handle).is_err());
        });
    }

    #[test]
    fn a_handle_never_leads_to_what_took_its_slot() {
        with_threads(|table| {
            let old = table.insert(Arc::new(1)).unwrap();
            let other = thread::spawn({
                let table = Arc::clone(table);
                move || {
                    table.remove(old).unwrap();
                    let new = table.insert(Arc::new(2)).unwrap();
                    assert_eq!(table.get(new).map(|value| *value), Ok(2));
                }
            });
            for _ in 0..2 {
                if let Ok(value) = table.get(old) {
                    assert_eq!(*value, 1);
                }
            }
            other.join().unwrap();
            assert!(table.get(old).is_err());
        });
    }

    #[test]
    fn threads_that_insert_at_once_get_handles_of_their_own() {
        with_threads(|table| {
            let other = thread::spawn({
                let table = Arc::clone(table);
                move || table.insert(Arc::new(1)).unwrap()
            });
            let mine = table.insert(Arc::new(2)).unwrap();
            let theirs = other.join().unwrap();
            assert_eq!(
                (*table.get(theirs).unwrap(), *table.get(mine).unwrap()),
                (1, 2)
            );
        });
    }
}
