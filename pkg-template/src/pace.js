// What a client knows of one limit of the server, and whether a request may go: src/pace/bucket.rs in JavaScript, which has the reasons.
// Both do what tests/cases/pacing.json says. Times are in seconds.
export const RESERVE = 0.1;
const PATIENCE = 60;
const BELIEVED = 86400;
const PROBE = 1;
export const TINY = 1e-6;

export class Bucket {
  limit = 0;
  level = 0;
  at = 0;
  speed = 0;
  steps = false;
  flows = false;
  fullAt = Infinity;
  fullAfter = 0;
  blockedUntil = 0;
  taken = 0;
  known = 0;
  refusals = 0;
  caution = 0;
  waited = false;
  silent = false;
  anchor;
  last;
  ahead;

  get idle() {
    return this.taken <= this.known;
  }

  get current() {
    return this.steps ? 0 : this.speed;
  }

  // The least that the level can be.
  get floor() {
    return 0;
  }

  // The level from which on a request may go.
  wanted(bulk, share) {
    if (!bulk) return 1;
    const reserve = Math.max(Math.min(Math.max(this.limit * share, 0.5), (this.limit - 1) / 2), 0);
    return 1 + Math.min(reserve + this.caution, this.limit - 1);
  }

  advance(now) {
    const passed = now - this.at;
    if (passed < 0) {
      this.fullAt += passed;
      this.blockedUntil += passed;
      this.anchor = this.last = this.ahead = undefined;
    } else this.level = Math.min(this.level + passed * this.current, this.limit);
    this.at = now;
    if (now >= this.fullAt) {
      this.level = Math.min(Math.max(this.level, this.limit - (this.taken - this.fullAfter)), this.limit);
      this.fullAt = Infinity;
    }
  }

  // Gives a ticket, or `{ wait }`, or `{ wait, blocked: true }`.
  ask(bulk, share, now) {
    this.advance(now);
    if (this.blockedUntil > now) return { wait: this.blockedUntil - now, blocked: true };
    if (!this.limit) return bulk && !this.silent && !this.idle ? { wait: PATIENCE } : this.take(now);
    const missing = this.wanted(bulk, share) - this.level;
    if (missing <= TINY) return this.take(now);
    this.waited = true;
    const speed = this.current;
    let wait = Math.min(speed > 0 ? missing / speed : PATIENCE, this.fullAt - now, PATIENCE);
    if ((!this.flows || !speed) && this.idle) {
      const since = this.last ? now - this.last.received : PROBE;
      if (this.level >= 1 && !this.steps) wait = Math.min(wait, PROBE / 4 - since);
      else if (this.fullAt === Infinity) wait = Math.min(wait, PROBE - since);
    }
    return wait <= TINY ? this.take(now) : { wait };
  }

  take(now) {
    this.taken++;
    const ticket = { sent: now, known: this.known, number: this.taken, waited: this.waited };
    this.waited = false;
    this.level = Math.max(this.level - 1, this.floor);
    return ticket;
  }

  adopt({ sent }) {
    this.taken++;
    return { sent, known: this.known, number: this.taken, waited: false };
  }

  lost() {
    this.known++;
  }

  // `seen`: refused, limit, remaining, reset, date, retryIn; what the answer does not say is undefined.
  told(ticket, { refused, limit, remaining, reset, date = NaN, retryIn }, now) {
    this.advance(now);
    this.known++;
    const written = Number.isNaN(date) ? now : date;
    const least = written - now;
    this.ahead = this.ahead !== undefined && this.ahead <= written + 1 - ticket.sent ? Math.max(this.ahead, least) : least;
    let resetIn = reset === undefined ? undefined : reset - now - this.ahead;
    if (resetIn < 0) resetIn = undefined;
    if (limit === undefined) {
      if (refused) this.#refused(retryIn ?? resetIn, now);
      else if (!this.limit) this.silent = true;
      return;
    }
    const others = Math.max(this.taken - ticket.known - 1, 0);
    if (limit !== this.limit) {
      this.limit = limit;
      this.level = Math.max(remaining - others, this.floor);
      this.speed = 0;
      this.steps = this.flows = false;
      this.anchor = this.last = undefined;
    }
    if (!refused && resetIn <= PATIENCE) {
      this.fullAt = now + resetIn;
      this.fullAfter = ticket.known + 1;
    }
    if (refused) return this.#refused(retryIn ?? resetIn, now);
    this.caution *= 0.99;
    if (this.level > remaining + 1 + this.current * (now - ticket.sent) + TINY) {
      this.level = Math.max(remaining - others, this.floor);
      this.speed *= 0.9;
      this.anchor = undefined;
    }
    this.level = Math.max(this.level, remaining - others);
    this.#measure({ sent: ticket.sent, received: now, remaining, spent: this.taken - this.refusals }, others, ticket.waited);
  }

  #measure(sample, others, waited) {
    const { last } = this;
    if (!last) {
      this.last = this.anchor = sample;
      return;
    }
    if (last.sent > sample.sent) return;
    const full = sample.remaining + others >= this.limit - 1;
    const back = (from) => sample.remaining - from.remaining + sample.spent - from.spent - others;
    if (!full && back(last) >= 1) {
      this.flows = true;
      this.steps = false;
    }
    if (full && !this.flows) {
      if (waited && !this.steps) this.speed = Math.max(this.speed * 1.5, 0.5);
      this.anchor = undefined;
    }
    if (this.anchor) {
      const speed = (back(this.anchor) - 1) / (sample.received - this.anchor.sent);
      if (Number.isFinite(speed)) this.speed = Math.max(this.speed, speed);
    } else this.anchor = sample;
    this.last = sample;
  }

  #refused(wait, now) {
    this.refusals++;
    this.level = 0;
    if (this.flows) {
      this.speed *= 0.9;
      this.caution++;
    } else this.steps = true;
    this.anchor = undefined;
    this.blockedUntil = Math.max(this.blockedUntil, now + (wait <= BELIEVED ? wait : PROBE));
  }
}
