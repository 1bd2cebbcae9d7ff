//! Buckets against servers that are reckoned: whole jobs in no time, and what comes of them is always the same.

use super::bucket::{Bucket, Need, RESERVE, Seen, Ticket, Verdict};
use serde_json::{Value, json};

/// 2026-01-01T00:00:00.25Z
pub(super) const START: f64 = 1_767_225_600.25;

/// Random numbers that are the same each time (xorshift64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A server's limit, with the headers that it sends.
#[derive(Clone)]
pub(super) enum Server {
    Tokens { size: f64, speed: f64, level: f64, at: f64 },
    Window { size: f64, length: f64, start: f64, used: f64 },
}

impl Server {
    pub(super) fn tokens(size: f64, speed: f64) -> Self {
        Self::Tokens { size, speed, level: size, at: START }
    }

    fn window(size: f64, length: f64) -> Self {
        Self::Window { size, length, start: START, used: 0.0 }
    }

    pub(super) fn answer(&mut self, now: f64) -> Seen {
        let (allowed, size, remaining, reset, wait) = match self {
            Self::Tokens { size, speed, level, at } => {
                *level = (*level + (now - *at) * *speed).min(*size);
                *at = now;
                let allowed = *level >= 1.0;
                *level -= f64::from(u8::from(allowed));
                (allowed, *size, level.floor(), now + (*size - *level) / *speed, (1.0 - *level) / *speed)
            }
            Self::Window { size, length, start, used } => {
                if now - *start >= *length {
                    (*start, *used) = (now, 0.0);
                }
                let allowed = *used < *size;
                *used += f64::from(u8::from(allowed));
                let end = *start + *length;
                (allowed, *size, *size - *used, end, end - now)
            }
        };
        Seen {
            refused: !allowed,
            left: Some((size, remaining)),
            reset: Some(reset.ceil()),
            date: Some(now.floor()),
            retry_in: (!allowed).then_some(wait.ceil()),
        }
    }
}

/// A job, and where it runs.
#[derive(Clone, Copy)]
struct Job {
    items: u32,
    /// So many at once.
    workers: u32,
    /// From sending to the answer, in seconds, more or less.
    latency: f64,
    /// So late may one be who waits.
    late: f64,
    /// Requests a second that others send.
    others: f64,
}

const JOB: Job = Job { items: 5000, workers: 10, latency: 0.02, late: 0.005, others: 0.0 };

#[derive(Debug)]
enum Event {
    Arrives(Ticket, u32),
    Answered(Ticket, u32, Seen),
    Again,
    Other,
}

/// Runs a job. Gives the seconds it took, how often it was refused, and each step when there is somebody to look at them.
fn run(mut server: Server, job: Job, mut trace: Option<&mut Vec<Value>>) -> (f64, u32) {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut bucket = Bucket::new();
    let mut events: Vec<(f64, Event)> = Vec::new();
    let (mut now, mut next_try, mut last_arrival) = (START, START, 0.0f64);
    let (mut left, mut busy, mut done, mut refused, mut sent) = (job.items, 0, 0, 0, 0);
    let mut record = |step: Value| {
        if let Some(trace) = &mut trace {
            trace.push(step);
        }
    };
    if job.others > 0.0 {
        events.push((now, Event::Other));
    }
    while done < job.items {
        while left > 0 && busy < job.workers && now >= next_try {
            let verdict = bucket.ask(Need::Spare, RESERVE, now);
            match verdict {
                Verdict::Go(ticket) => {
                    sent += 1;
                    record(json!({"at": now, "ask": "spare", "go": sent}));
                    (left, busy) = (left - 1, busy + 1);
                    // One connection keeps the order.
                    last_arrival = last_arrival.max(now + job.latency * (0.5 + random.next()) / 2.0);
                    events.push((last_arrival, Event::Arrives(ticket, sent)));
                }
                Verdict::Wait(wait) | Verdict::Blocked(wait) => {
                    let name = if matches!(verdict, Verdict::Wait(_)) { "wait" } else { "blocked" };
                    record(json!({"at": now, "ask": "spare", name: wait}));
                    next_try = now + wait + job.late * random.next();
                }
            }
        }
        let first = events.iter().enumerate().min_by(|(_, a), (_, b)| a.0.total_cmp(&b.0));
        let (index, time) = first.map_or((0, f64::INFINITY), |(index, event)| (index, event.0));
        if left > 0 && busy < job.workers && next_try < time {
            now = now.max(next_try);
            continue;
        }
        now = now.max(time);
        match events.remove(index).1 {
            Event::Arrives(ticket, number) => {
                let seen = server.answer(now);
                refused += u32::from(seen.refused);
                events.push((now + job.latency * (0.5 + random.next()) / 2.0, Event::Answered(ticket, number, seen)));
            }
            Event::Answered(ticket, number, seen) => {
                bucket.told(&ticket, &seen, now);
                record(json!({"at": now, "answer": number, "seen": seen_json(&seen)}));
                next_try = now;
                match seen.retry_in {
                    Some(wait) => events.push((now + wait * 1.05, Event::Again)),
                    None => (busy, done) = (busy - 1, done + 1),
                }
            }
            Event::Again => (busy, left, next_try) = (busy - 1, left + 1, now),
            Event::Other => {
                server.answer(now);
                events.push((now - (1.0 - random.next()).ln() / job.others, Event::Other));
            }
        }
    }
    (now - START, refused)
}

pub(super) fn seen_json(seen: &Seen) -> Value {
    let (limit, remaining) = seen.left.unzip();
    let all = json!({"refused": seen.refused, "limit": limit, "remaining": remaining, "reset": seen.reset, "date": seen.date, "retryIn": seen.retry_in});
    let Value::Object(mut members) = all else { return all };
    members.retain(|_, value| !value.is_null() && *value != json!(false));
    Value::Object(members)
}

/// Auth0's tiers: free, non-production, self-service and enterprise, private cloud.
const TIERS: [(f64, f64); 4] = [(2.0, 2.0), (10.0, 2.0), (50.0, 16.0), (50.0, 50.0)];

#[test]
fn a_job_alone_takes_the_time_that_the_bucket_needs_and_is_hardly_ever_refused() {
    for (size, speed) in TIERS {
        for workers in [1, 10, 50] {
            for (latency, late) in [(0.005, 0.002), (0.005, 0.05), (0.1, 0.002), (0.1, 0.05)] {
                let job = Job { workers, latency, late, ..JOB };
                let (time, refused) = run(Server::tokens(size, speed), job, None);
                let by_limit = (f64::from(job.items) - size) / speed;
                let ideal = by_limit.max(f64::from(job.items) * latency / f64::from(workers));
                let name = format!("{size} at {speed}/s, {workers} workers, {latency} s, late by {late} s");
                assert!(time / ideal <= 1.05, "{name}: {:.3} of the ideal time", time / ideal);
                assert!(refused < 25, "{name}: {refused} refused");
            }
        }
    }
}

#[test]
fn a_job_leaves_others_what_they_take() {
    for (size, speed) in &TIERS[1..] {
        let job = Job { others: speed / 4.0, ..JOB };
        let (time, refused) = run(Server::tokens(*size, *speed), job, None);
        let ideal = (f64::from(job.items) - size) / (speed - job.others);
        assert!(time / ideal <= 1.05, "{size} at {speed}/s: {:.3} of the ideal time", time / ideal);
        assert!(refused < 75, "{size} at {speed}/s: {refused} refused");
    }
    // Of a bucket of two there is nothing to spare: it goes on, and more slowly.
    let (time, refused) = run(Server::tokens(2.0, 2.0), Job { others: 0.5, ..JOB }, None);
    assert!(time < 6000.0 && refused < 300, "{time} s, {refused} refused");
}

#[test]
fn a_window_is_told_from_a_bucket() {
    for (size, length, slack) in [(10.0, 1.0, 1.3), (100.0, 10.0, 0.2), (5.0, 60.0, 0.05)] {
        let (time, refused) = run(Server::window(size, length), Job { items: 500, ..JOB }, None);
        let ideal = (500.0 / size - 1.0) * length;
        // The end of a window is told in whole seconds.
        assert!(time / ideal <= 1.0 + slack, "{size} in {length} s: {:.3} of the ideal time", time / ideal);
        assert!(refused <= 2, "{size} in {length} s: {refused} refused");
    }
}

/// Asks until it may go, and gives the seconds until then.
fn until_allowed(bucket: &mut Bucket, need: Need, mut now: f64) -> f64 {
    let start = now;
    loop {
        match bucket.ask(need, RESERVE, now) {
            Verdict::Go(_) => return now - start,
            Verdict::Wait(wait) | Verdict::Blocked(wait) => now += wait,
        }
    }
}

fn go(bucket: &mut Bucket, need: Need, now: f64) -> Ticket {
    match bucket.ask(need, RESERVE, now) {
        Verdict::Go(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn left(limit: f64, remaining: f64) -> Seen {
    Seen { left: Some((limit, remaining)), ..Seen::default() }
}

#[test]
fn headers_that_make_no_sense_hold_nothing_up_for_long() {
    for seen in [
        Seen::default(),
        left(1.0, 0.0),
        left(10.0, 0.0),
        Seen { reset: Some(START * 2.0), ..left(10.0, 0.0) },
        Seen { reset: Some(5.0), ..left(10.0, 0.0) },
        Seen { reset: Some(START + 3600.0), date: Some(0.0), ..left(10.0, 0.0) },
        Seen { date: Some(START * 9.0), reset: Some(0.0), ..left(3.0, 0.0) },
        Seen { refused: true, ..Seen::default() },
        Seen { refused: true, retry_in: Some(1e12), ..Seen::default() },
        Seen { refused: true, reset: Some(START * 2.0), ..left(10.0, 0.0) },
    ] {
        let mut bucket = Bucket::new();
        let mut now = START;
        for _ in 0..50 {
            let ticket = match bucket.ask(Need::Spare, RESERVE, now) {
                Verdict::Go(ticket) => ticket,
                Verdict::Wait(wait) | Verdict::Blocked(wait) => {
                    assert!(wait > 0.0 && wait <= 60.0, "{seen:?}: {wait}");
                    now += wait;
                    continue;
                }
            };
            now += 0.01;
            bucket.told(&ticket, &seen, now);
        }
        assert!(now - START < 60.0, "{seen:?}: 50 steps take {} s", now - START);
        // And what makes sense counts at once.
        let wait = until_allowed(&mut bucket, Need::One, now);
        let ticket = bucket.adopt(&go(&mut Bucket::new(), Need::One, now + wait));
        bucket.told(&ticket, &left(50.0, 40.0), now + wait);
        assert_eq!(until_allowed(&mut bucket, Need::Spare, now + wait), 0.0, "{seen:?}");
    }
}

#[test]
fn an_answer_that_never_comes_holds_nothing_up() {
    let mut bucket = Bucket::new();
    go(&mut bucket, Need::Spare, START);
    assert!(matches!(bucket.ask(Need::Spare, RESERVE, START), Verdict::Wait(_)), "one goes to see");
    bucket.lost();
    go(&mut bucket, Need::Spare, START);
}

#[test]
fn what_is_reserved_is_for_interactive_requests() {
    let mut bucket = Bucket::new();
    let ticket = go(&mut bucket, Need::Spare, START);
    bucket.told(&ticket, &left(50.0, 6.0), START);
    let now = START + 0.001;
    go(&mut bucket, Need::Spare, now);
    assert!(matches!(bucket.ask(Need::Spare, RESERVE, now), Verdict::Wait(_)));
    for _ in 0..5 {
        go(&mut bucket, Need::One, now);
    }
    assert!(matches!(bucket.ask(Need::One, RESERVE, now), Verdict::Wait(_)));
}

#[test]
fn a_refusal_stops_everything_for_as_long_as_it_asks() {
    let mut bucket = Bucket::new();
    let ticket = go(&mut bucket, Need::One, START);
    bucket.told(&ticket, &Seen { refused: true, retry_in: Some(7200.0), ..left(10.0, 0.0) }, START);
    assert_eq!(bucket.ask(Need::One, RESERVE, START + 200.0), Verdict::Blocked(7000.0));
    go(&mut bucket, Need::One, START + 7200.0);
}

#[test]
fn a_clock_that_jumps_costs_seconds_and_no_more() {
    for jump in [-86_400.0, -5.0, 5.0, 86_400.0] {
        let (mut bucket, mut server) = (Bucket::new(), Server::tokens(10.0, 2.0));
        let (mut offset, mut now, mut gone, mut refused) = (0.0, START, 0, 0);
        while now < START + 60.0 {
            if now > START + 30.0 {
                offset = jump;
            }
            match bucket.ask(Need::Spare, RESERVE, now + offset) {
                Verdict::Go(ticket) => {
                    gone += 1;
                    let seen = server.answer(now);
                    refused += u32::from(seen.refused);
                    bucket.told(&ticket, &seen, now + offset + 0.01);
                    now += 0.01;
                }
                Verdict::Wait(wait) | Verdict::Blocked(wait) => now += wait,
            }
        }
        assert!(gone >= 120 && refused <= 1, "{jump} s: {gone} requests in a minute, {refused} refused");
    }
}

/// `tests/cases/pacing.json` is what this bucket does; JavaScript does the same. `BLESS_CASES=1` writes the file.
#[test]
fn the_cases_are_what_this_bucket_does() {
    let few = Job { items: 30, workers: 4, ..JOB };
    let cases = [
        ("free", Server::tokens(2.0, 2.0), few),
        ("non-production, with others", Server::tokens(10.0, 2.0), Job { others: 1.5, ..few }),
        ("enterprise", Server::tokens(50.0, 16.0), Job { items: 75, ..few }),
        (
            "private cloud, slow answers",
            Server::tokens(50.0, 50.0),
            Job { items: 60, latency: 0.3, workers: 20, ..few },
        ),
        ("a window", Server::window(10.0, 5.0), few),
        ("a bucket of one", Server::tokens(1.0, 1.0), Job { items: 8, ..few }),
    ];
    let cases: Vec<Value> = cases
        .into_iter()
        .map(|(name, server, job)| {
            let mut steps = Vec::new();
            run(server, job, Some(&mut steps));
            json!({"name": name, "share": RESERVE, "steps": steps})
        })
        .collect();
    let about = "What a bucket decides (src/pace/bucket.rs), written by its test with BLESS_CASES=1: each request that asks, with what it is told or its number, and each answer with the number of its request";
    let lines: Vec<String> = cases
        .iter()
        .map(|case| {
            let steps: Vec<String> = case["steps"].as_array().into_iter().flatten().map(Value::to_string).collect();
            let (name, share) = (&case["name"], &case["share"]);
            format!("{{\"name\":{name},\"share\":{share},\"steps\":[\n{}\n]}}", steps.join(",\n"))
        })
        .collect();
    let text = format!("{{\"about\":{},\"cases\":[\n{}\n]}}\n", json!(about), lines.join(",\n"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/pacing.json");
    if std::env::var_os("BLESS_CASES").is_some() {
        std::fs::write(path, &text).expect("written");
    }
    assert!(std::fs::read_to_string(path).expect("the cases") == text, "BLESS_CASES=1 writes what it is now");
}
