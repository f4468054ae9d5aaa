import { Refusal } from '../../platform/refusal';
import type { Behaviour } from '../behaviour';
import type { Principal, Role } from '../message';

/** The role may send this message; whose data it may touch is the handler's to check (`maySee`). */
export const authorization: Behaviour = async function authorization({ definition, principal }, next) {
  assertRole(principal, definition.roles);
  return next();
};

/** @throws Refusal `forbidden` when the principal has none of the roles, and is not the system */
export function assertRole(principal: Principal, roles: readonly Role[]): void {
  if (principal.role === 'system' || roles.includes(principal.role)) return;
  throw new Refusal('forbidden', `A ${principal.role} key may not do this; it takes ${roles.join(' or ')}.`);
}
