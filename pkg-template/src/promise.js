// The promise that a method returns: of the data, and on demand of the data with the response around it.
export class HttpResponsePromise extends Promise {
  static name = "HttpResponsePromise";

  #result;

  // `result` is a promise of { data, rawResponse }.
  constructor(result) {
    // Derived promises are plain ones (see species); this one's own state is never used, because `then` is overridden:
    // the result is the one promise that can go unhandled, however it is looked at.
    super(() => {});
    this.#result = result;
  }

  static get [Symbol.species]() {
    return Promise;
  }

  then(fulfilled, rejected) {
    return this.#result.then(({ data }) => data).then(fulfilled, rejected);
  }

  withRawResponse() {
    return this.#result;
  }
}

// What a list returns: also iterable at once, `for await (const user of client.users.list())`.
export class PagePromise extends HttpResponsePromise {
  static name = "PagePromise";

  async *[Symbol.asyncIterator]() {
    yield* await this;
  }
}
