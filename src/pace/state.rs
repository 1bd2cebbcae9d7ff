//! Which request belongs to which limit, and what is told to whom.

use super::bucket::{Need, Seen, Ticket};
use super::fleet::Heard;
use super::limiter::Permit;
use super::queue::Lane;
use std::collections::HashMap;

/// So many limits are remembered; then those that are not in use are forgotten.
const MOST: usize = 64;

#[derive(Default)]
pub(super) struct State {
    pub(super) lanes: Vec<Lane>,
    /// By place and operation: which of the limits of the place it has.
    limits: HashMap<String, u64>,
    pub(super) next_id: u64,
}

/// What a request is, as far as limits go.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// An origin, and for the Authentication API the operation: each of its endpoints has a limit.
    pub(super) place: String,
    pub(super) operation: String,
    /// Limits of this place are told apart by their number.
    pub(super) grouped: bool,
}

impl Route {
    /// From the URL of a request and the name of its operation.
    pub(crate) fn new(url: &str, operation: &str, is_management: bool) -> Self {
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let place = if is_management { origin } else { [&origin, " ", operation].concat() };
        Self { place, operation: operation.to_owned(), grouped: is_management }
    }

    fn key(&self) -> String {
        [&self.place, " ", &self.operation].concat()
    }
}

impl State {
    pub(super) fn leave(&mut self, lane: u64, need: Need, id: u64) {
        if let Some(lane) = self.lanes.iter_mut().find(|known| known.id == lane) {
            lane.leave(need, id);
        }
    }

    /// The place's lane for a limit, made if there is none.
    pub(super) fn lane(&mut self, place: &str, limit: Option<u64>) -> usize {
        if let Some(index) = self.lanes.iter().position(|lane| lane.place == place && lane.limit == limit) {
            return index;
        }
        if self.lanes.len() >= MOST {
            // The oldest half of those that nobody would miss.
            let mut spare = MOST / 2;
            self.lanes.retain(|lane| {
                let goes = spare > 0 && lane.is_idle();
                spare -= usize::from(goes);
                !goes
            });
        }
        self.next_id += 1;
        self.lanes.push(Lane::new(self.next_id, place, limit));
        self.lanes.len() - 1
    }

    pub(super) fn lane_of(&mut self, route: &Route, shared: bool) -> usize {
        let limit = self.limits.get(&route.key()).copied().filter(|_| route.grouped);
        if limit.is_none() {
            // A tenant has one limit for most of its operations: one that is new is taken to have it too.
            let mut of_place = self.lanes.iter().enumerate().filter(|(_, lane)| lane.place == route.place);
            if let Some((index, _)) = of_place.next()
                && (shared || of_place.next().is_none())
            {
                return index;
            }
        }
        self.lane(&route.place, limit)
    }

    pub(super) fn told(&mut self, permit: &Permit, seen: Option<&Seen>, now: f64, shared: bool) {
        let Permit { route, lane, of, ticket, .. } = permit;
        let (lane, of) = (*lane, *of);
        let Some(mut index) = self.lanes.iter().position(|known| known.id == lane) else { return };
        if shared {
            self.hear(route, index, of, ticket, seen, now);
            return;
        }
        let Some(seen) = seen else {
            self.lanes[index].bucket.lost();
            self.lanes[index].call();
            return;
        };
        let limit = seen.left.map(|(limit, _)| limit as u64).filter(|_| route.grouped);
        let mut ticket = *ticket;
        if limit.is_some() && limit != self.lanes[index].limit {
            let known = self.lanes.iter().any(|lane| lane.place == route.place && lane.limit == limit);
            if self.lanes[index].limit.is_none() && !known {
                // Now it is known which one this is.
                self.lanes[index].limit = limit;
            } else {
                self.lanes[index].bucket.lost();
                self.lanes[index].call();
                index = self.lane(&route.place, limit);
                ticket = self.lanes[index].bucket.adopt(&ticket);
            }
        }
        if let Some(limit) = limit {
            self.limits.insert(route.key(), limit);
        }
        self.lanes[index].bucket.told(&ticket, seen, now);
        // Also those who stand in the line of a lane that is no longer theirs.
        self.lanes.iter_mut().filter(|lane| lane.place == route.place).for_each(Lane::call);
    }
}

impl State {
    /// As `told`, for the next slice; what goes on alone until then is told at once as well.
    pub(super) fn hear(
        &mut self,
        route: &Route,
        index: usize,
        of: Option<u64>,
        ticket: &Ticket,
        seen: Option<&Seen>,
        now: f64,
    ) {
        let limit = seen.and_then(|seen| seen.left).map(|(limit, _)| limit as u64).filter(|_| route.grouped);
        let lane = &mut self.lanes[index];
        // Before it is known which limit this is, the others have to hear it under the same key.
        if let Some(limit) = limit.filter(|_| lane.limit.is_some()) {
            self.limits.insert(route.key(), limit);
        }
        let alone = now.max(lane.bucket.at()) < lane.slice.alone_until;
        // The store has not given this request out, or not for this limit.
        let strays = alone || of != lane.limit || (limit.is_some() && lane.limit.is_some() && limit != lane.limit);
        match seen {
            Some(seen) if !strays => {
                if seen.refused {
                    lane.slice.give_up();
                }
                lane.slice.hear(Heard::Answer(*ticket, *seen, now));
                lane.bucket.told(ticket, seen, now.max(lane.bucket.at()));
            }
            Some(seen) if alone => lane.bucket.told(ticket, seen, now.max(lane.bucket.at())),
            _ if of != lane.limit => {}
            _ => {
                if !alone {
                    lane.slice.hear(Heard::Nothing);
                }
                lane.bucket.lost();
            }
        }
        if let (true, Some(seen)) = (strays, seen) {
            let other = if limit.is_some() { self.lane(&route.place, limit) } else { index };
            self.lanes[other].slice.hear(Heard::Stray(*ticket, *seen));
        }
        self.lanes.iter_mut().filter(|lane| lane.place == route.place).for_each(Lane::call);
    }
}
