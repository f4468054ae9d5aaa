/** Whoever asks while an answer is made, or is still fresh, gets that one. */
export function cached<T>(freshMs: number, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly answer: Promise<T>; readonly until: number } | undefined;
  return () => {
    if (!last || performance.now() > last.until) last = { answer: read(), until: performance.now() + freshMs };
    return last.answer;
  };
}
