import type { z } from 'zod';
import { Refusal } from '../../platform/refusal';
import type { Behaviour } from '../behaviour';

export interface ValidationError {
  /** RFC 6901 JSON Pointer to the member that is wrong. */
  readonly pointer: string;
  readonly message: string;
}

/** Whoever sends it, a message has the shape it declares. @throws Refusal `validation_failed` */
export const validation: Behaviour = async function validation(dispatch, next) {
  const parsed = dispatch.definition.input.safeParse(dispatch.data);
  if (!parsed.success) throw validationFailed(parsed.error.issues);
  dispatch.data = parsed.data;
  return next();
};

export function validationFailed(issues: readonly z.core.$ZodIssue[]): Refusal {
  const errors = issues.flatMap(validationErrors);
  return new Refusal('validation_failed', 'The request does not have the expected shape; see `errors`.', { errors });
}

function validationErrors(issue: z.core.$ZodIssue): ValidationError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), message: 'unknown field' }));
  }
  return [{ pointer: pointerTo(issue.path), message: issue.message }];
}

const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
