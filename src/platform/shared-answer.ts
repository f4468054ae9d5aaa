/**
 * One answer for all who ask while it is made, and for `freshMs` after. However many ask, it is made once
 * in that time. A failure is shared by those who wait for it, and not kept.
 */
export function shareAnswer<T>(freshMs: number, make: () => Promise<T>): () => Promise<T> {
  let last: { readonly answer: Promise<T>; until: number } | undefined;
  return function shared() {
    if (last && performance.now() < last.until) return last.answer;
    const made = { answer: make(), until: Infinity };
    last = made;
    made.answer.then(
      () => (made.until = performance.now() + freshMs),
      () => (made.until = 0),
    );
    return made.answer;
  };
}
