/** What a diagram has to know of a step: the activity that does each of its acts. */
export interface Step {
  readonly name: string;
  readonly run?: string;
  readonly fallback?: string;
  readonly compensate?: string;
  readonly pivot?: string;
}

export interface Outline {
  readonly steps: readonly Step[];
  readonly remedies: readonly Step[];
}

export const titleOf = (name: string): string => name.replaceAll('_', ' ');

/** The steps that may fail: up to the pivot, or all. */
export function stepsToPivot({ steps }: Outline): readonly Step[] {
  const pivot = steps.findIndex((step) => step.pivot !== undefined);
  return pivot < 0 ? steps : steps.slice(0, pivot + 1);
}
