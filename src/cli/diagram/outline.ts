/** A step with the name of the activity that each of its phases calls. */
export interface Step {
  readonly name: string;
  readonly execute?: string;
  readonly fallback?: string;
  readonly compensate?: string;
  readonly confirm?: string;
}

/** The steps and follow-ups of a saga. */
export interface Outline {
  readonly steps: readonly Step[];
  readonly followUps: readonly Step[];
}

/** A name as people read it. */
export const titleOf = (name: string): string => name.replaceAll('_', ' ');

/** The steps that may fail: up to the pivot, or all. */
export function stepsToPivot({ steps }: Outline): readonly Step[] {
  const pivot = steps.findIndex((step) => step.confirm !== undefined);
  return pivot < 0 ? steps : steps.slice(0, pivot + 1);
}
