//! How much work that takes long people may have under way at one time.
//!
//! Invariants: no more is under way than [`Places`] has places, and one person has only some of
//! them, so that others find one; who waits to have a draft looked at takes no place of those that
//! answer phones and terminals, and at most [`WAITING_MAX`] wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::people::Actor;

/// Most uploads that are read and taken in at one time, and most of one person.
const UPLOADS: (usize, usize) = (8, 4);
/// The same of archives that go out, until they are read to their end: each is a file on the disk.
const ARCHIVES: (usize, usize) = (8, 2);
/// Most drafts that wait to be looked at, and most of one person.
const WAITING_MAX: (usize, usize) = (16, 4);
/// Most drafts that are made into folders for previews at one time.
const FOLDERS_MAX: usize = 4;

/// By the number of a person; 0 is whoever is none.
type Taken = Arc<Mutex<HashMap<i64, usize>>>;

/// Places for one kind of work.
#[derive(Debug)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    of_one_max: usize,
    taken: Taken,
}

/// One of them, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    person: i64,
    taken: Taken,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    fn new((all, of_one_max): (usize, usize)) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            of_one_max,
            taken: Taken::default(),
        }
    }

    /// Takes a place for somebody; `None` when there is none, or they have as many as they may.
    pub(crate) fn take(&self, actor: &Actor) -> Option<Place> {
        let person = actor.person_id().unwrap_or_default();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.get(&person).copied().unwrap_or_default();
        if count >= self.of_one_max {
            return None;
        }
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        taken.insert(person, count + 1);
        Some(Place {
            person,
            taken: Arc::clone(&self.taken),
            _permit: permit,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.person);
            }
        }
    }
}

/// What people have under way.
#[derive(Debug)]
pub(crate) struct WorkOfPeople {
    /// Uploads, until what came is taken in.
    pub(crate) uploads: Places,
    /// Archives that go out.
    pub(crate) archives: Places,
    waiting: Places,
    look: Arc<Semaphore>,
    folders: Arc<Semaphore>,
}

/// The turn to have a draft looked at, or published, until this is dropped.
#[derive(Debug)]
pub(crate) struct LookTurn {
    _place: Place,
    _look: OwnedSemaphorePermit,
}

impl Default for WorkOfPeople {
    fn default() -> Self {
        Self {
            uploads: Places::new(UPLOADS),
            archives: Places::new(ARCHIVES),
            waiting: Places::new(WAITING_MAX),
            look: Arc::new(Semaphore::new(1)),
            folders: Arc::new(Semaphore::new(FOLDERS_MAX)),
        }
    }
}

impl WorkOfPeople {
    /// Waits for the turn to have a draft looked at; `None` when too many wait already.
    pub(crate) async fn look_turn(&self, actor: &Actor) -> Option<LookTurn> {
        let place = self.waiting.take(actor)?;
        let look = Arc::clone(&self.look).acquire_owned().await.ok()?;
        Some(LookTurn {
            _place: place,
            _look: look,
        })
    }

    /// Waits until a draft may be made into a folder.
    pub(crate) async fn folder_turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.folders).acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use crate::people::{Role, Scope};

    use super::*;

    fn person(id: i64) -> Actor {
        Actor::person(id, "somebody".to_owned(), Role::Contributor, Scope::ALL)
    }

    #[test]
    fn one_person_leaves_places_for_others_and_all_together_take_no_more_than_there_are() {
        let places = Places::new((8, 4));
        let mut held: Vec<_> = (0..4).map(|_| places.take(&person(1)).unwrap()).collect();
        assert!(places.take(&person(1)).is_none());
        held.extend((0..3).map(|_| places.take(&person(2)).unwrap()));
        held.push(places.take(&person(3)).unwrap());
        assert!(places.take(&person(4)).is_none());
        held.remove(0);
        held.push(places.take(&person(4)).unwrap());
        held.clear();
        assert!(places.taken.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn one_draft_is_looked_at_at_a_time_and_no_more_wait_than_may() {
        let work = Arc::new(WorkOfPeople::default());
        let first = work.look_turn(&person(1)).await.unwrap();
        let others: Vec<_> = (0..WAITING_MAX.1 - 1)
            .map(|_| {
                let work = Arc::clone(&work);
                tokio::spawn(async move { work.look_turn(&person(1)).await.is_some() })
            })
            .collect();
        while work.waiting.taken.lock().unwrap()[&1] < WAITING_MAX.1 {
            tokio::task::yield_now().await;
        }
        assert!(work.look_turn(&person(1)).await.is_none());
        drop(first);
        for other in others {
            assert!(other.await.unwrap());
        }
    }
}
