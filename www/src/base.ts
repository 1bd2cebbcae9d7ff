/** Where this page is, without what stands behind it: it may be in a folder of a static host. */
export const base = new URL(".", location.href);
