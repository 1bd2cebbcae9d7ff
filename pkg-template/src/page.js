import { invalid, rawResponseOf } from "./errors.js";

// One page of a list, and the way to the rest.
export class Page {
  static name = "Page";

  #operation;
  #follow;
  #way;
  #loading;
  #answer;

  // `follow` says how the list goes on: `load`, which gets the next Page, or `problem`, why there can be none although the list
  // has not ended; neither at the end. It is asked once, and only when somebody wants to know.
  constructor(operation, follow, data, response, answer) {
    this.#operation = operation;
    this.#set(follow, undefined, data, response, answer);
  }

  #set(follow, way, data, response, answer) {
    this.#follow = follow;
    this.#way = way;
    this.data = data;
    this.response = response;
    this.#answer = answer;
  }

  #next() {
    return (this.#way ??= this.#follow());
  }

  // Made when it is asked for.
  get rawResponse() {
    return rawResponseOf(this.#answer);
  }

  hasNextPage() {
    const { load, problem } = this.#next();
    return !!(load || problem);
  }

  // The next page as a Page of its own; undefined at the end.
  async #following() {
    const { load, problem } = this.#next();
    // Told when the next page is asked for, so that this one is not lost.
    if (problem) throw problem;
    return load?.();
  }

  // Moves this page to the next one and returns it. Two calls at a time are one.
  getNextPage() {
    return (this.#loading ??= this.#following()
      .then((page) => {
        if (!page) throw invalid(this.#operation, "this is the last page, there is no next one");
        this.#set(page.#follow, page.#way, page.data, page.response, page.#answer);
        return this;
      })
      .finally(() => {
        this.#loading = undefined;
      }));
  }

  // This page and all that follow, each a Page of its own.
  async *pages() {
    // A copy: getNextPage on this page does not disturb the walk.
    let page = new Page(this.#operation, this.#follow, this.data, this.response, this.#answer);
    for (; page; page = await page.#following()) yield page;
  }

  // All items of this page and of those that follow.
  async *[Symbol.asyncIterator]() {
    for await (const page of this.pages()) yield* page.data;
  }
}
