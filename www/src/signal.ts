// A value that components watch.
import { useEffect, useState } from "preact/hooks";

export interface Signal<T> {
  get(): T;
  set(value: T): void;
  watch(listener: () => void): () => void;
}

export const signal = <T,>(value: T): Signal<T> => {
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      value = next;
      for (const listener of [...listeners]) listener();
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

export const useSignal = <T,>(source: Signal<T>): T => {
  const [, redraw] = useState(0);
  useEffect(() => source.watch(() => redraw((count) => count + 1)), [source]);
  return source.get();
};

/** A function that draws the component again. */
export const useRedraw = (): (() => void) => {
  const [, redraw] = useState(0);
  return () => redraw((count) => count + 1);
};
