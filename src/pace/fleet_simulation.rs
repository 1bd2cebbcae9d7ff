//! Fleets under one limit, reckoned: machines with their lanes, a store that takes its time, and a server.

use super::bucket::{Bucket, Need, RESERVE, Seen, Ticket, Verdict};
use super::fleet::{self, Heard};
use super::queue::Turn;
use super::simulation::{Random, START, Server, seen_json};
use super::state::{Route, State};
use serde_json::{Value, json};

/// A fleet and what it does.
#[derive(Clone, Copy, Debug)]
struct Fleet {
    machines: usize,
    /// Requests of each machine.
    each: u32,
    /// So many at once, in each.
    workers: u32,
    /// From sending to the answer.
    latency: f64,
    /// From asking the store to its answer.
    store: f64,
    /// So much the clocks may differ.
    skew: f64,
}

/// What comes of it.
struct Outcome {
    time: f64,
    refused: u32,
    /// How often the store was asked.
    asked: u32,
}

const FLEET: Fleet = Fleet { machines: 4, each: 50, workers: 4, latency: 0.02, store: 0.002, skew: 0.0 };

#[derive(Debug)]
enum Event {
    Poll,
    /// The store is read, or a text put there.
    Read(u64, String, Vec<Heard>, Need, u32),
    Swap(u64, String, Vec<Heard>, Need, u32, Option<String>, Box<fleet::Served>),
    Arrives(u64, Option<u64>, Ticket),
    Answered(u64, Option<u64>, Ticket, Seen),
    Ready,
}

struct Machine {
    state: State,
    line: std::collections::VecDeque<u64>,
    /// Items not begun yet.
    left: u32,
    wakes_at: f64,
    /// By how much its clock is ahead.
    ahead: f64,
}

fn run(server: Server, fleet: Fleet) -> Outcome {
    traced(server, fleet, None)
}

/// The same, with each turn to the store.
fn traced(mut server: Server, fleet: Fleet, mut trace: Option<&mut Vec<Value>>) -> Outcome {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let route = Route::new("https://tenant.us.auth0.com/api/v2/users", "users.update", true);
    let mut kept: std::collections::HashMap<String, String> = Default::default();
    let mut events: Vec<(f64, usize, Event)> = Vec::new();
    let mut next_id = 0;
    let machine = |number: usize| Machine {
        state: State::default(),
        line: Default::default(),
        left: fleet.each,
        wakes_at: f64::INFINITY,
        ahead: fleet.skew * (number % 3) as f64 / 2.0,
    };
    let mut machines: Vec<Machine> = (0..fleet.machines).map(machine).collect();
    for (index, machine) in machines.iter_mut().enumerate() {
        for _ in 0..fleet.workers.min(fleet.each) {
            next_id += 1;
            machine.left -= 1;
            machine.line.push_back(next_id);
        }
        events.push((START + 0.05 * random.next(), index, Event::Poll));
    }
    let (mut now, mut done, mut refused, mut asked) = (START, 0, 0, 0);
    let mut steps = 0;
    while done < fleet.machines as u32 * fleet.each {
        let first = events.iter().enumerate().min_by(|(_, a), (_, b)| a.0.total_cmp(&b.0)).map(|(index, _)| index);
        let (time, who, event) = events.swap_remove(first.expect("somebody goes on"));
        now = now.max(time);
        steps += 1;
        assert!(steps < 2_000_000, "nobody goes on at {now}: {kept:?}");
        let machine = &mut machines[who];
        let mut poll = true;
        match event {
            Event::Poll => poll = machine.wakes_at <= now || machine.wakes_at == f64::INFINITY,
            Event::Read(lane, key, heard, need, tries) => {
                asked += 1;
                let old = kept.get(&key).cloned();
                let served = fleet::reckon(old.as_deref(), &heard, need, RESERVE, now + machine.ahead);
                if let Some(trace) = &mut trace {
                    trace.push(turn(old.as_deref(), &heard, now + machine.ahead, &served));
                }
                // Without a text to be put there, it is over.
                let at = if served.text.is_some() { now + fleet.store * (0.5 + random.next()) } else { now };
                events.push((at, who, Event::Swap(lane, key, heard, need, tries, old, Box::new(served))));
                poll = false;
            }
            Event::Swap(lane, key, heard, need, tries, old, served) => {
                asked += u32::from(served.text.is_some());
                let late = kept.get(&key) != old.as_ref();
                let served = if late && tries > fleet::TRIES { Box::new(served.crowded_out()) } else { served };
                if served.text.is_none() || kept.get(&key) == old.as_ref() {
                    let lane = machine.state.lanes.iter_mut().find(|known| known.id == lane).expect("a lane");
                    match &served.text {
                        Some(text) => drop(kept.insert(key, text.clone())),
                        None => drop(lane.slice.heard.splice(0..0, heard)),
                    }
                    lane.served(*served, need, now + machine.ahead);
                    lane.slice.busy_until = 0.0;
                } else {
                    let at = now + fleet.store * (0.5 + random.next());
                    events.push((at, who, Event::Read(lane, key, heard, need, tries + 1)));
                    poll = false;
                }
            }
            Event::Arrives(lane, of, ticket) => {
                let seen = server.answer(now);
                refused += u32::from(seen.refused);
                let at = now + fleet.latency * (0.5 + random.next()) / 2.0;
                events.push((at, who, Event::Answered(lane, of, ticket, seen)));
                poll = false;
            }
            Event::Answered(lane, of, ticket, seen) => {
                let index = machine.state.lanes.iter().position(|known| known.id == lane).expect("a lane");
                machine.state.hear(&route, index, of, &ticket, Some(&seen), now + machine.ahead);
                match seen.retry_in {
                    Some(wait) => {
                        machine.left += 1;
                        events.push((now + wait * 1.05, who, Event::Ready));
                    }
                    None => {
                        done += 1;
                        events.push((now, who, Event::Ready));
                    }
                }
            }
            Event::Ready => {
                if machine.left > 0 {
                    next_id += 1;
                    machine.left -= 1;
                    machine.line.push_back(next_id);
                }
            }
        }
        while poll && let Some(&id) = machine.line.front() {
            let index = machine.state.lane_of(&route, true);
            let lane = &mut machine.state.lanes[index];
            lane.leave(Need::Spare, id);
            lane.join(Need::Spare, id);
            let of = lane.limit;
            match lane.ask(Need::Spare, id, RESERVE, now + machine.ahead, true) {
                Turn::Go(ticket) => {
                    machine.line.pop_front();
                    let lane = lane.id;
                    events.push((
                        now + fleet.latency * (0.5 + random.next()) / 2.0,
                        who,
                        Event::Arrives(lane, of, ticket),
                    ));
                    continue;
                }
                Turn::Fetch(lane, key, heard, need) => {
                    events.push((
                        now + fleet.store * (0.5 + random.next()),
                        who,
                        Event::Read(lane, key, heard, need, 1),
                    ));
                    machine.wakes_at = f64::INFINITY;
                }
                Turn::Wait(None) => machine.wakes_at = f64::INFINITY,
                Turn::Wait(Some(wait)) | Turn::Blocked(wait) => {
                    machine.wakes_at = now + wait + 0.002 * random.next();
                    events.push((machine.wakes_at, who, Event::Poll));
                }
            }
            break;
        }
    }
    Outcome { time: now - START, refused, asked }
}

fn ticket_json(ticket: &Ticket) -> Value {
    json!({"sent": ticket.sent, "known": ticket.known, "number": ticket.number, "waited": ticket.waited})
}

fn turn(old: Option<&str>, heard: &[Heard], now: f64, served: &fleet::Served) -> Value {
    let heard: Vec<Value> = heard
        .iter()
        .map(|one| match one {
            Heard::Answer(ticket, seen, received) => {
                json!({"ticket": ticket_json(ticket), "seen": seen_json(seen), "received": received})
            }
            Heard::Stray(ticket, seen) => {
                json!({"ticket": ticket_json(ticket), "seen": seen_json(seen), "stray": true})
            }
            Heard::Nothing => json!({}),
        })
        .collect();
    let slice = match &served.slice {
        Ok(tickets) => json!({"tickets": tickets.iter().map(ticket_json).collect::<Vec<_>>()}),
        Err(Verdict::Blocked(wait)) => json!({"wait": wait, "blocked": true}),
        Err(Verdict::Wait(wait)) => json!({"wait": wait}),
        Err(Verdict::Go(ticket)) => ticket_json(ticket),
    };
    json!({"old": old, "heard": heard, "now": now, "slice": slice, "text": served.text})
}

/// `tests/cases/fleet.json` is what comes of turns to the store; JavaScript does the same. `BLESS_CASES=1` writes the file.
#[test]
fn the_cases_are_what_a_fleet_does() {
    let cases =
        [("free", 2.0, 2.0, 4, 0.0), ("enterprise", 50.0, 16.0, 25, 0.3)].map(|(name, size, speed, each, skew)| {
            let mut turns = Vec::new();
            traced(Server::tokens(size, speed), Fleet { machines: 3, each, skew, ..FLEET }, Some(&mut turns));
            let lines: Vec<String> = turns.iter().map(Value::to_string).collect();
            format!("{{\"name\":\"{name}\",\"share\":{RESERVE},\"turns\":[\n{}\n]}}", lines.join(",\n"))
        });
    let about = "What comes of turns to the store of a shared limit (src/pace/fleet.rs), written by its test with BLESS_CASES=1: what was kept, what a machine had heard, when; and the slice that bulk work is given, and what is kept then";
    let text = format!("{{\"about\":{},\"cases\":[\n{}\n]}}\n", json!(about), cases.join(",\n"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/fleet.json");
    if std::env::var_os("BLESS_CASES").is_some() {
        std::fs::write(path, &text).expect("written");
    }
    assert!(std::fs::read_to_string(path).expect("the cases") == text, "BLESS_CASES=1 writes what it is now");
}

#[test]
fn a_fleet_takes_the_time_that_the_bucket_needs_and_is_hardly_ever_refused() {
    for (size, speed) in [(2.0, 2.0), (10.0, 2.0), (50.0, 16.0)] {
        for machines in [4, 20, 50] {
            for (store, latency) in [(0.002, 0.02), (0.03, 0.1)] {
                let fleet = Fleet { machines, each: 600 / machines as u32, store, latency, ..FLEET };
                let total = machines as f64 * f64::from(fleet.each);
                let ideal = (total - size) / speed;
                let Outcome { time, refused, asked } = run(Server::tokens(size, speed), fleet);
                let name = format!("{size} at {speed}/s, {machines} machines, store {store} s");
                // What it takes until the speed is known does not grow with the job.
                assert!(time <= ideal * 1.05 + 30.0, "{name}: {:.3} of the ideal time", time / ideal);
                assert!(f64::from(refused) <= total * 0.005 + 3.0, "{name}: {refused} refused");
                assert!(f64::from(asked) <= total * 25.0, "{name}: the store was asked {asked} times for {total}");
            }
        }
    }
}

#[test]
fn machines_that_come_and_go_do_not_hold_a_tiny_bucket_up() {
    // Each makes three requests and ends, with what it last heard untold.
    for (machines, store) in [(20, 0.002), (20, 0.03), (50, 0.002), (50, 0.03)] {
        let fleet = Fleet { machines, each: 3, store, ..FLEET };
        let ideal = (machines as f64 * 3.0 - 2.0) / 2.0;
        let Outcome { time, refused, .. } = run(Server::tokens(2.0, 2.0), fleet);
        assert!(time <= ideal + 20.0, "{machines} machines: {time} s in the place of {ideal}");
        assert!(refused <= 5, "{machines} machines: {refused} refused");
    }
}

#[test]
fn clocks_that_differ_by_less_than_they_may_cost_little() {
    for skew in [0.5, 3.0] {
        let fleet = Fleet { machines: 8, each: 30, skew, ..FLEET };
        let ideal = (8.0 * 30.0 - 2.0) / 2.0;
        let Outcome { time, refused, .. } = run(Server::tokens(2.0, 2.0), fleet);
        assert!(time <= ideal * 1.1 + 8.0, "{skew} s: {time} s in the place of {ideal}");
        assert!(refused <= 6, "{skew} s: {refused} refused");
    }
}

#[test]
fn what_is_promised_to_bulk_work_leaves_room_for_others() {
    let mut bucket = Bucket::new();
    let mut server = Server::tokens(50.0, 10.0);
    let mut now = START;
    // Until it is empty, and its speed is known.
    for _ in 0..120 {
        match bucket.ask(Need::Spare, RESERVE, now) {
            Verdict::Go(ticket) => {
                let seen = server.answer(now);
                now += 0.01;
                bucket.told(&ticket, &seen, now);
            }
            Verdict::Wait(wait) | Verdict::Blocked(wait) => now += wait,
        }
    }
    let mut promised = Vec::new();
    while let Verdict::Go(ticket) = bucket.book(Need::Spare, RESERVE, 1.0, now) {
        promised.push(ticket.sent - now);
    }
    assert!((8..=11).contains(&promised.len()), "{promised:?}");
    assert!(promised.is_sorted() && promised.iter().all(|wait| (0.0..=1.0).contains(wait)), "{promised:?}");
    assert!(matches!(bucket.book(Need::Spare, RESERVE, 1.0, now), Verdict::Wait(wait) if wait > 0.0 && wait < 0.2));
    // The reserve is there at once, and what comes after it has to wait behind the promises.
    let at_once = (0..8)
        .map(|_| bucket.book(Need::One, RESERVE, 5.0, now))
        .filter(|verdict| matches!(verdict, Verdict::Go(ticket) if ticket.sent <= now));
    assert!((4..=6).contains(&at_once.count()));
    let Verdict::Go(last) = bucket.book(Need::One, RESERVE, 5.0, now) else { panic!("not promised") };
    assert!(last.sent > now + 1.0 && last.sent < now + 2.0, "{}", last.sent - now);
    // A clock that is set back takes the promises with it.
    bucket.book(Need::One, RESERVE, 5.0, now - 100.0);
    assert!(bucket.booked_until() < now - 90.0);
}
