// A page of the tenant in this page, as a dialog: what a browser would show in a window of its own.
import { useEffect, useRef } from "preact/hooks";
import { shown, type Shown } from "./inpage";
import { Icon } from "./parts";
import { useSignal } from "./signal";

const Window = ({ page, go, cancel }: Shown) => {
  const dialog = useRef<HTMLDialogElement>(null);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // Gives the focus back to where it was.
    return () => element?.close();
  }, []);
  useEffect(() => {
    // Its styles are not this page's, whose policy would refuse them already where they are read.
    const parsed = new DOMParser().parseFromString(page.html.replace(/<style[^]*?<\/style>/g, ""), "text/html");
    const main = parsed.querySelector("main") ?? parsed.body;
    for (const script of main.querySelectorAll("script")) script.remove();
    const title = main.querySelector("h1");
    // The dialog has its own place in the outline of this page.
    if (title) {
      const heading = parsed.createElement("h2");
      heading.id = "visit-title";
      heading.textContent = title.textContent;
      title.replaceWith(heading);
    }
    place.current?.replaceChildren(...[...main.childNodes].map((node) => document.importNode(node, true)));
    place.current?.querySelector<HTMLElement>("[autofocus], input:not([type=hidden]), button")?.focus();
  }, [page]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const data = new URLSearchParams([...new FormData(form, event.submitter)].map(([name, value]): [string, string] => [name, String(value)]));
    const to = new URL(form.getAttribute("action") ?? page.url, page.url);
    if (form.method === "get") go(`${to.origin}${to.pathname}?${data}`);
    else go(to.href, data);
  };
  const click = (event: MouseEvent) => {
    const link = (event.target as Element).closest("a");
    if (!link) return;
    event.preventDefault();
    go(new URL(link.getAttribute("href") ?? "", page.url).href);
  };
  return (
    <dialog ref={dialog} class="visit" onCancel={cancel} aria-labelledby="visit-title">
      <div class="address">
        <code>{page.url.replace(/\?.*/, "")}</code>
        <button type="button" class="quiet round end" aria-label="Close the login" onClick={cancel}>
          <Icon name="cross" />
        </button>
      </div>
      <div ref={place} class="content" onSubmit={submit} onClick={click} />
    </dialog>
  );
};

export const Visit = () => {
  const current = useSignal(shown);
  return current ? <Window {...current} /> : null;
};
