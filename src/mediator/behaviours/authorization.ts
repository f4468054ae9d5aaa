import { Refusal } from '../../platform/refusal';
import type { Behaviour } from '../behaviour';

/** The role may send this message; whose data it may touch is the handler's to check (`maySee`). */
export const authorization: Behaviour = async function authorization({ definition, principal }, next) {
  if (principal.role !== 'system' && !definition.roles.includes(principal.role)) {
    throw new Refusal(
      'forbidden',
      `A ${principal.role} key may not do this; it takes ${definition.roles.join(' or ')}.`,
    );
  }
  return next();
};
