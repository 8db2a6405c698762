//! Which events may be delivered now: in order within a lane, lanes side by side.
//!
//! A module with one worker has one lane. With several, the events of one request share a lane and so keep their
//! order. An event that waits for its next attempt blocks its lane and no other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use module::{EventId, RequestId};

/// The place of a module in the sequence of events.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Every event up to here is dealt with.
    pub(super) cursor: EventId,
    /// Events beyond the cursor that are dealt with already: other lanes were ahead of the one that blocks.
    ahead: BTreeSet<EventId>,
    /// Events that failed: deliveries so far, and when the next is due. As in the database.
    waiting: BTreeMap<EventId, (u32, Timestamp)>,
    /// Events that the module could not be told of at all: how often in a row, and when to try again.
    held: BTreeMap<EventId, (u32, Timestamp)>,
}

impl Place {
    pub(super) fn at(cursor: EventId) -> Self {
        Self { cursor, ..Self::default() }
    }

    /// How many events beyond the cursor are dealt with: a window must reach past them.
    pub(super) fn ahead(&self) -> usize {
        self.ahead.len()
    }

    /// Deals `behind` (events behind the cursor that are due) and `window` (wanted events after it), each lowest first,
    /// into at most `lanes` lists of those that may be delivered now.
    pub(super) fn deal<T>(
        &self,
        behind: Vec<T>,
        window: Vec<T>,
        key: impl Fn(&T) -> (EventId, Option<RequestId>),
        lanes: usize,
        now: Timestamp,
    ) -> Vec<Vec<T>> {
        let mut dealt: Vec<(bool, Vec<T>)> = (0..lanes.max(1)).map(|_| (false, Vec::new())).collect();
        let lane =
            |request: Option<RequestId>| request.map_or(0, |request| request.0.unsigned_abs() as usize % lanes.max(1));
        for item in behind {
            let (_, request) = key(&item);
            if let Some((_, list)) = dealt.get_mut(lane(request)) {
                list.push(item);
            }
        }
        for item in window {
            let (id, request) = key(&item);
            if id <= self.cursor || self.ahead.contains(&id) {
                continue;
            }
            if let Some((blocked, list)) = dealt.get_mut(lane(request)) {
                *blocked |= self.due(id).is_some_and(|due| due > now);
                if !*blocked {
                    list.push(item);
                }
            }
        }
        dealt.into_iter().map(|(_, list)| list).filter(|list| !list.is_empty()).collect()
    }

    /// Deliveries of an event that failed.
    pub(super) fn attempts(&self, id: EventId) -> u32 {
        self.waiting.get(&id).map_or(0, |(attempts, _)| *attempts)
    }

    /// How often in a row the module could not be told of an event.
    pub(super) fn refusals(&self, id: EventId) -> u32 {
        self.held.get(&id).map_or(0, |(refusals, _)| *refusals)
    }

    /// When an event is due that is not to be delivered at once.
    fn due(&self, id: EventId) -> Option<Timestamp> {
        let due = |of: &BTreeMap<EventId, (u32, Timestamp)>| of.get(&id).map(|(_, due)| *due);
        due(&self.waiting).max(due(&self.held))
    }

    /// An event failed, so many times now.
    pub(super) fn wait(&mut self, id: EventId, attempts: u32, due: Timestamp) {
        self.held.remove(&id);
        self.waiting.insert(id, (attempts, due));
    }

    /// The module could not be told of an event.
    pub(super) fn hold(&mut self, id: EventId, refusals: u32, due: Timestamp) {
        self.held.insert(id, (refusals, due));
    }

    /// What waits according to the database. What waited and does not any more was dropped by hand; what was held is
    /// tried at once.
    pub(super) fn replace_waiting(&mut self, waiting: BTreeMap<EventId, (u32, Timestamp)>) {
        self.held.clear();
        for id in std::mem::replace(&mut self.waiting, waiting).into_keys() {
            if !self.waiting.contains_key(&id) {
                self.settle(id);
            }
        }
    }

    /// Nothing waits beyond this moment.
    pub(super) fn wait_at_most(&mut self, latest: Timestamp) {
        for (_, due) in self.waiting.values_mut().chain(self.held.values_mut()) {
            *due = latest.min(*due);
        }
    }

    /// An event is dealt with: delivered, parked or dropped.
    pub(super) fn settle(&mut self, id: EventId) {
        self.waiting.remove(&id);
        self.held.remove(&id);
        if id > self.cursor {
            self.ahead.insert(id);
        }
    }

    /// Moves the cursor over what is dealt with. `window` are the wanted events after the cursor, lowest first, and
    /// `end` is where it ends: there is no other wanted event up to there.
    pub(super) fn advance(&mut self, window: &[EventId], end: EventId) {
        let first_open = window.iter().find(|id| !self.ahead.contains(id));
        let cursor = first_open.map_or(end, |id| EventId(id.0 - 1)).max(self.cursor);
        self.cursor = cursor;
        self.ahead = self.ahead.split_off(&EventId(cursor.0 + 1));
    }

    /// Events behind the cursor that are due.
    pub(super) fn due_behind(&self, now: Timestamp) -> impl Iterator<Item = EventId> {
        let behind = self.waiting.range(..=self.cursor).map(|(id, _)| *id);
        behind.filter(move |id| self.due(*id).is_some_and(|due| due <= now))
    }

    /// When the first event beyond the cursor that waits is due, if that lies ahead.
    pub(super) fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        let beyond = |of: &BTreeMap<EventId, _>| of.range(EventId(self.cursor.0 + 1)..).next().map(|(id, _)| *id);
        let first = beyond(&self.waiting).into_iter().chain(beyond(&self.held)).min()?;
        self.due(first).filter(|due| *due > now)
    }

    /// When the next waiting event is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.waiting.keys().chain(self.held.keys()).filter_map(|id| self.due(*id)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: u64, request: i64) -> (EventId, Option<RequestId>) {
        (EventId(id), (request != 0).then_some(RequestId(request)))
    }

    fn ids(lanes: &[Vec<(EventId, Option<RequestId>)>]) -> Vec<Vec<u64>> {
        lanes.iter().map(|lane| lane.iter().map(|(id, _)| id.0).collect()).collect()
    }

    #[test]
    fn one_lane_stops_at_the_event_that_waits() {
        let now = Timestamp::UNIX_EPOCH;
        let later = Timestamp::MAX;
        let mut place = Place::at(EventId(10));
        let window = vec![item(11, 1), item(12, 2), item(14, 3)];
        assert_eq!(ids(&place.deal(Vec::new(), window.clone(), |item| *item, 1, now)), [[11, 12, 14]]);

        place.settle(EventId(11));
        place.wait(EventId(12), 1, later);
        assert!(place.deal(Vec::new(), window.clone(), |item| *item, 1, now).is_empty());
        place.advance(&[EventId(11), EventId(12), EventId(14)], EventId(20));
        assert_eq!(place.cursor, EventId(11));

        place.wait(EventId(12), 2, now);
        assert_eq!(ids(&place.deal(Vec::new(), window, |item| *item, 1, now)), [[12, 14]]);
    }

    #[test]
    fn lanes_keep_the_order_of_a_request_and_pass_a_blocked_one() {
        let now = Timestamp::UNIX_EPOCH;
        let mut place = Place::at(EventId(0));
        let window = vec![item(1, 2), item(2, 3), item(3, 2), item(4, 3), item(5, 0)];
        place.wait(EventId(1), 1, Timestamp::MAX);
        // Lane 0 holds request 2 and the event without a request; it is blocked. Lane 1 goes on.
        assert_eq!(ids(&place.deal(Vec::new(), window.clone(), |item| *item, 2, now)), [[2, 4]]);
        place.settle(EventId(2));
        place.settle(EventId(4));
        let all: Vec<EventId> = window.iter().map(|(id, _)| *id).collect();
        place.advance(&all, EventId(5));
        assert_eq!((place.cursor, place.ahead()), (EventId(0), 2));

        place.settle(EventId(1));
        assert_eq!(ids(&place.deal(Vec::new(), window, |item| *item, 2, now)), [[3, 5]]);
        place.settle(EventId(3));
        place.settle(EventId(5));
        place.advance(&all, EventId(9));
        assert_eq!((place.cursor, place.ahead()), (EventId(9), 0));
    }

    #[test]
    fn the_cursor_never_moves_back() {
        let mut place = Place::at(EventId(7));
        place.advance(&[], EventId(3));
        assert_eq!(place.cursor, EventId(7));
    }

    #[test]
    fn what_is_told_again_by_hand_goes_before_what_happened_later_to_its_request() {
        let mut place = Place::at(EventId(10));
        place.wait(EventId(4), 3, Timestamp::UNIX_EPOCH);
        place.wait(EventId(5), 3, Timestamp::MAX);
        assert_eq!(place.due_behind(Timestamp::UNIX_EPOCH).collect::<Vec<_>>(), [EventId(4)]);
        let window = vec![item(11, 2), item(12, 3)];
        let lanes = place.deal(vec![item(4, 3)], window, |item| *item, 2, Timestamp::UNIX_EPOCH);
        assert_eq!(ids(&lanes), [vec![11], vec![4, 12]]);
    }

    #[test]
    fn an_event_that_is_held_blocks_like_one_that_waits_and_was_not_attempted() {
        let now = Timestamp::UNIX_EPOCH;
        let mut place = Place::at(EventId(0));
        place.hold(EventId(1), 1, Timestamp::MAX);
        assert!(place.deal(Vec::new(), vec![item(1, 1), item(2, 2)], |item| *item, 1, now).is_empty());
        assert_eq!((place.blocked_until(now), place.next_due()), (Some(Timestamp::MAX), Some(Timestamp::MAX)));
        assert_eq!((place.attempts(EventId(1)), place.refusals(EventId(1))), (0, 1));
        let soon = Timestamp::from_second(60).unwrap_or_default();
        place.wait_at_most(soon);
        assert_eq!(place.blocked_until(now), Some(soon));
        place.replace_waiting(BTreeMap::new());
        assert_eq!((place.blocked_until(now), place.next_due()), (None, None));
    }
}
