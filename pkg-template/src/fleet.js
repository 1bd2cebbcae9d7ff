// One limit for many isolates, in a store that they share: src/pace/fleet.rs and booking.rs in JavaScript, which have the reasons. What is kept
// is the same text, so that Rust and JavaScript may share it. Times are in seconds.
import { Bucket, TINY } from "./pace.js";

const PATIENCE = 1;
const ALONE = 5;
const SKEW = 5;
const SLICE = 0.25;
const AHEAD = 1;
const AHEAD_OF_BULK = 5;
const FRESH = 1;
const FORGOTTEN = 2;
const GONE = 2;
const CROWD = 2;
const FAST = 8;
const REMEMBERED = 32;
const MOST_HEARD = 256;
const TRIES = 8;
const CROWDED = 0.25;
const LIFE = 3600;

const SAMPLE = ["sent", "received", "remaining", "spent"];
const NUMBERS = ["limit", "level", "at", "speed", "steps", "flows", "fullAt", "fullAfter", "blockedUntil", "taken", "known", "refusals", "ahead", "waited", "caution", "silent", "bookedUntil"];
const FLAGS = new Set(["steps", "flows", "waited", "silent"]);
const LOOSE = new Set(["level", "fullAt", "ahead"]);

// As Rust writes them.
const written = (number) => (number === Infinity ? "inf" : String(number));
const readNumber = (word) => (word === "inf" ? Infinity : word === "NaN" ? NaN : /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(word) ? Number(word) : undefined);

class SharedBucket extends Bucket {
  bookedUntil = 0;

  get floor() {
    return this.bookedUntil > this.at ? -this.limit : 0;
  }

  get learned() {
    return this.flows && this.current > 0;
  }

  get fast() {
    return this.flows && this.current > FAST;
  }

  advance(now) {
    if (now < this.at) this.bookedUntil = Math.max(this.bookedUntil + now - this.at, 0);
    super.advance(now);
  }

  forget(taken) {
    this.known = Math.max(this.known, Math.min(taken, this.taken));
  }

  goAlone() {
    this.forget(Infinity);
    this.bookedUntil = 0;
    this.level = Math.max(this.level, 0);
  }

  book(bulk, share, ahead, now) {
    this.advance(now);
    const speed = this.current;
    const spare = this.level + Math.max(this.bookedUntil - now, 0) * speed;
    if (!bulk && this.limit && this.blockedUntil <= now && spare >= 1 && this.level < 1) return this.take(now);
    const verdict = this.ask(bulk, share, now);
    if (verdict.wait === undefined || verdict.blocked || !this.flows || !speed) return verdict;
    const due = now + (this.wanted(bulk, share) - this.level) / speed;
    if (this.level - 1 < -this.limit) return { wait: 1 / speed };
    if (due - now > ahead) return { wait: Math.min(verdict.wait, Math.max(due - now - ahead, TINY * 2)) };
    this.bookedUntil = Math.max(this.bookedUntil, due);
    return this.take(due);
  }

  toText() {
    const own = NUMBERS.map((name) => Number(this[name] ?? NaN));
    const samples = [this.anchor, this.last].flatMap((sample) => SAMPLE.map((name) => sample?.[name] ?? NaN));
    return ["v1", ...[...own, ...samples].map(written)].join(" ");
  }

  static fromText(text) {
    const [version, ...words] = text.split(" ");
    const numbers = words.map(readNumber);
    if (version !== "v1" || numbers.length !== NUMBERS.length + 2 * SAMPLE.length || numbers.includes(undefined)) return undefined;
    const bucket = new SharedBucket();
    for (const [index, name] of NUMBERS.entries()) {
      const number = numbers[index];
      if (!LOOSE.has(name) && !FLAGS.has(name) && !(Number.isFinite(number) && number >= 0)) return undefined;
      bucket[name] = FLAGS.has(name) ? number !== 0 : number;
    }
    if (Number.isNaN(bucket.fullAt) || !(Math.abs(bucket.level) <= bucket.limit)) return undefined;
    if (Number.isNaN(bucket.ahead)) bucket.ahead = undefined;
    const sample = (from) => {
      const values = numbers.slice(from, from + SAMPLE.length);
      return values.some(Number.isNaN) ? undefined : Object.fromEntries(SAMPLE.map((name, index) => [name, values[index]]));
    };
    bucket.anchor = sample(NUMBERS.length);
    bucket.last = sample(NUMBERS.length + SAMPLE.length);
    return bucket;
  }
}

// What the store holds: the bucket, since when so many had been taken, and when the last ones were to go.
class Kept {
  constructor(bucket, markedAt, marked, dues) {
    Object.assign(this, { bucket, markedAt, marked, dues });
  }

  static read(text, now) {
    const [first, second, ...rest] = (text ?? "").split("\n");
    const numbers = (second ?? "").split(" ").map(readNumber);
    const [markedAt, marked, ...dues] = numbers;
    const sound = !rest.length && Number.isFinite(markedAt) && Number.isFinite(marked) && !dues.includes(undefined) && dues.length <= REMEMBERED;
    const bucket = sound ? SharedBucket.fromText(first) : undefined;
    // Garbage, another version, a clock that nobody believes: it is learned anew.
    return bucket && bucket.at <= now + SKEW ? new Kept(bucket, markedAt, marked, dues) : new Kept(new SharedBucket(), now, 0, []);
  }

  write() {
    return `${this.bucket.toText()}\n${[this.markedAt, this.marked, ...this.dues].map(written).join(" ")}`;
  }

  #promised(due) {
    this.dues.push(due);
    if (this.dues.length > REMEMBERED) this.dues.shift();
  }

  #before(ticket, sent, received) {
    const later = Math.max(this.bucket.taken - ticket.number, 0);
    const older = Math.max(this.dues.length - later - 1, 0);
    const near = this.dues.slice(0, older).filter((due) => due > sent - (received - sent)).length;
    return Math.max(ticket.number - 1 - near, ticket.known);
  }

  serve(heard, bulk, share, here) {
    const { bucket } = this;
    const now = Math.max(here, bucket.at);
    for (const { ticket, seen, received, stray } of heard) {
      if (!seen) bucket.lost();
      else if (stray) {
        this.#promised(ticket.sent);
        bucket.told(bucket.adopt(ticket), seen, now);
      } else if (bucket.taken - ticket.number < this.dues.length || seen.refused) {
        const [sent, came] = [ticket.sent, received].map((time) => now - Math.max(here - time, 0));
        bucket.told({ ...ticket, sent, known: this.#before(ticket, sent, came) }, seen, now);
      } else bucket.lost();
    }
    if (now - this.markedAt >= FORGOTTEN && !bucket.idle) {
      bucket.forget(this.marked);
      [this.markedAt, this.marked] = [Math.max(now, bucket.bookedUntil), bucket.taken];
    }
    const tickets = [];
    const size = Math.max(1, Math.floor(Math.max(bucket.current * SLICE, bucket.level / 8)));
    while (tickets.length < size) {
      const verdict = bucket.book(bulk, share, bulk ? AHEAD : AHEAD_OF_BULK, now);
      if (verdict.wait !== undefined) return tickets.length ? { tickets } : verdict;
      this.#promised(verdict.sent);
      tickets.push({ ...verdict, sent: here + (verdict.sent - now) });
    }
    return { tickets };
  }
}

/** Tells what was heard, and takes the next slice, of what was kept. Without a `text` nothing is to be kept, and nothing was told. */
export const reckon = (old, heard, bulk, share, now) => {
  const kept = Kept.read(old, now);
  const { markedAt } = kept;
  const slice = kept.serve(heard, bulk, share, now);
  const told = kept.bucket.fast ? heard.some(({ seen }) => seen?.refused) : heard.length > 0;
  const changed = old === undefined || told || slice.tickets || kept.markedAt !== markedAt;
  return { bucket: kept.bucket, slice, text: changed ? kept.write() : undefined };
};

const bad = (what) => new TypeError(`auth0-sdk/bulk: ${what}`);

/** Turns to the store, and gives up what takes too long. `now` is the clock. */
export const fleetOver = (store, report, now) => {
  for (const name of ["get", "swap"]) if (typeof store?.[name] !== "function") throw bad(`the store of the limiter has no ${name}()`);
  const serve = async (key, heard, bulk, share) => {
    for (let tries = 0; ; tries++) {
      const found = (await store.get(key)) ?? undefined;
      const served = reckon(found, heard, bulk, share, now());
      if (served.text === undefined || (await store.swap(key, found, served.text, LIFE))) return served;
      // Others were faster, again and again: it is left to them for a while, and nothing was told or given.
      if (tries === TRIES) return { ...served, slice: { wait: CROWDED }, text: undefined };
    }
  };
  return async (...all) => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(bad("the store of the limiter did not answer within 1 s")), PATIENCE * 1000);
    });
    try {
      return await Promise.race([serve(...all), late]);
    } catch (problem) {
      // What the hook throws is its own.
      (async () => report?.(problem))().catch(() => {});
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  };
};

/** The part of a limit that an isolate has. */
export class Share {
  bucket = new SharedBucket();
  #tickets = [];
  #bulk = false;
  #heard = [];
  // A Worker's request that is cancelled ends without a word: who has not ended by then has gone.
  #busyUntil = 0;
  #aloneUntil = 0;
  #vain = 0;
  #empty;

  get idle() {
    return this.bucket.idle && !this.#heard.length && !this.#busyUntil;
  }

  isAlone(at) {
    return Math.max(at, this.bucket.at) < this.#aloneUntil;
  }

  hear(heard) {
    if (this.#heard.length < MOST_HEARD) this.#heard.push(heard);
  }

  giveUp() {
    for (const ticket of this.#tickets.splice(0)) this.hear({ ticket });
  }

  #take(bulk, now) {
    while (this.#tickets.length && (this.#tickets[0].sent + FRESH < now || this.#tickets[0].sent > now + AHEAD_OF_BULK + FRESH)) this.hear({ ticket: this.#tickets.shift() });
    if (!this.#tickets.length) return undefined;
    const wait = this.#tickets[0].sent - now;
    if (wait > TINY) return bulk || !this.#bulk ? { wait } : undefined;
    return { ...this.#tickets.shift(), sent: now };
  }

  // As the bucket's own `ask`; `{ fetch: true }` when the store is to be asked.
  ask(bulk, share, now) {
    if (now < this.#aloneUntil && this.#aloneUntil <= now + ALONE) return this.bucket.ask(bulk, share, Math.max(now, this.bucket.at));
    const taken = this.#take(bulk, now);
    if (taken) return taken;
    if (now < this.#busyUntil && this.#busyUntil <= now + GONE) return { wait: this.#busyUntil - now };
    const { until, blocked, forAll } = this.#empty ?? {};
    if (until > now && (!this.#heard.length || this.bucket.fast) && (blocked || forAll || bulk)) return { wait: until - now, blocked };
    return { fetch: true };
  }

  /** Gets the next slice under a key. Says whether it is known now which limit this is. */
  async fetch(serve, key, bulk, share, clock) {
    const mine = (this.#busyUntil = clock() + GONE);
    const heard = this.#heard.splice(0);
    const served = await serve(key, heard, bulk, share);
    const now = clock();
    if (this.#busyUntil === mine) this.#busyUntil = 0;
    if (!served?.text) this.#heard.unshift(...heard);
    if (!served) {
      this.bucket.goAlone();
      this.#aloneUntil = now + ALONE;
      return undefined;
    }
    this.#aloneUntil = 0;
    this.#empty = undefined;
    const { bucket, slice } = served;
    this.bucket = bucket;
    if (slice.tickets) {
      this.#vain = 0;
      this.#bulk = bulk;
      this.#tickets.push(...slice.tickets);
      this.#tickets.sort((one, other) => one.sent - other.sent);
    } else {
      let { wait } = slice;
      if (!slice.blocked) {
        wait = bucket.learned && wait < CROWD ? Math.min(wait * 2 ** this.#vain, CROWD) : Math.min(wait, 1);
        this.#vain = Math.min(this.#vain + 1, 4);
      }
      this.#empty = { until: now + wait, blocked: slice.blocked, forAll: !bulk };
    }
    return bucket.limit || undefined;
  }

  /** What there is of the limit stands under another key: it is begun anew. */
  reset() {
    this.bucket = new SharedBucket();
    this.#tickets = [];
    this.#empty = undefined;
  }
}
