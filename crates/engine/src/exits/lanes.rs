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
    /// Events that failed: deliveries so far, and when the next is due.
    pub(super) waiting: BTreeMap<EventId, (u32, Timestamp)>,
}

impl Place {
    pub(super) fn at(cursor: EventId) -> Self {
        Self { cursor, ..Self::default() }
    }

    /// How many events beyond the cursor are dealt with: a window must reach past them.
    pub(super) fn ahead(&self) -> usize {
        self.ahead.len()
    }

    /// Deals `window` (wanted events after the cursor, lowest first) into at most `lanes` lists of those that may be
    /// delivered now.
    pub(super) fn deal<T>(
        &self,
        window: Vec<T>,
        key: impl Fn(&T) -> (EventId, Option<RequestId>),
        lanes: usize,
        now: Timestamp,
    ) -> Vec<Vec<T>> {
        let mut dealt: Vec<(bool, Vec<T>)> = (0..lanes.max(1)).map(|_| (false, Vec::new())).collect();
        for item in window {
            let (id, request) = key(&item);
            if id <= self.cursor || self.ahead.contains(&id) {
                continue;
            }
            let lane = request.map_or(0, |request| request.0.unsigned_abs() as usize % lanes.max(1));
            if let Some((blocked, list)) = dealt.get_mut(lane) {
                *blocked |= self.waiting.get(&id).is_some_and(|(_, due)| *due > now);
                if !*blocked {
                    list.push(item);
                }
            }
        }
        dealt.into_iter().map(|(_, list)| list).filter(|list| !list.is_empty()).collect()
    }

    /// An event is dealt with: delivered, parked or dropped.
    pub(super) fn settle(&mut self, id: EventId) {
        self.waiting.remove(&id);
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

    /// When the first event beyond the cursor that waits is due, if that lies ahead.
    pub(super) fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        let beyond = self.waiting.range(EventId(self.cursor.0 + 1)..).next();
        beyond.map(|(_, (_, due))| *due).filter(|due| *due > now)
    }

    /// When the next waiting event is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.waiting.values().map(|(_, due)| *due).min()
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
        assert_eq!(ids(&place.deal(window.clone(), |item| *item, 1, now)), [[11, 12, 14]]);

        place.settle(EventId(11));
        place.waiting.insert(EventId(12), (1, later));
        assert!(place.deal(window.clone(), |item| *item, 1, now).is_empty());
        place.advance(&[EventId(11), EventId(12), EventId(14)], EventId(20));
        assert_eq!(place.cursor, EventId(11));

        place.waiting.insert(EventId(12), (2, now));
        assert_eq!(ids(&place.deal(window, |item| *item, 1, now)), [[12, 14]]);
    }

    #[test]
    fn lanes_keep_the_order_of_a_request_and_pass_a_blocked_one() {
        let now = Timestamp::UNIX_EPOCH;
        let mut place = Place::at(EventId(0));
        let window = vec![item(1, 2), item(2, 3), item(3, 2), item(4, 3), item(5, 0)];
        place.waiting.insert(EventId(1), (1, Timestamp::MAX));
        // Lane 0 holds request 2 and the event without a request; it is blocked. Lane 1 goes on.
        assert_eq!(ids(&place.deal(window.clone(), |item| *item, 2, now)), [[2, 4]]);
        place.settle(EventId(2));
        place.settle(EventId(4));
        let all: Vec<EventId> = window.iter().map(|(id, _)| *id).collect();
        place.advance(&all, EventId(5));
        assert_eq!((place.cursor, place.ahead()), (EventId(0), 2));

        place.settle(EventId(1));
        assert_eq!(ids(&place.deal(window, |item| *item, 2, now)), [[3, 5]]);
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
}
