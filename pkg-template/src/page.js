import { invalid, rawResponseOf } from "./errors.js";

// One page of a list, and the way to the rest.
export class Page {
  static name = "Page";

  #operation;
  #load;
  #problem;
  #loading;
  #answer;

  // `load` gets the next Page, undefined at the end. `problem` says why there can be no next page although the list has
  // not ended: told when it is asked for, so that this page is not lost.
  constructor(operation, load, problem, data, response, answer) {
    this.#operation = operation;
    this.#set(load, problem, data, response, answer);
  }

  #set(load, problem, data, response, answer) {
    this.#load = load;
    this.#problem = problem;
    this.data = data;
    this.response = response;
    this.#answer = answer;
  }

  // Made when it is asked for.
  get rawResponse() {
    return rawResponseOf(this.#answer);
  }

  hasNextPage() {
    return !!(this.#load || this.#problem);
  }

  // The next page as a Page of its own; undefined at the end.
  async #following() {
    if (this.#problem) throw this.#problem;
    return this.#load?.();
  }

  // Moves this page to the next one and returns it. Two calls at a time are one.
  getNextPage() {
    return (this.#loading ??= this.#following()
      .then((page) => {
        if (!page) throw invalid(this.#operation, "this is the last page, there is no next one");
        this.#set(page.#load, page.#problem, page.data, page.response, page.#answer);
        return this;
      })
      .finally(() => {
        this.#loading = undefined;
      }));
  }

  // This page and all that follow, each a Page of its own.
  async *pages() {
    // A copy: getNextPage on this page does not disturb the walk.
    let page = new Page(this.#operation, this.#load, this.#problem, this.data, this.response, this.#answer);
    for (; page; page = await page.#following()) yield page;
  }

  // All items of this page and of those that follow.
  async *[Symbol.asyncIterator]() {
    for await (const page of this.pages()) yield* page.data;
  }
}
