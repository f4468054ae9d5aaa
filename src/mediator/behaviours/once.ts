import { claimKey } from '../../inbox/claim';
import { storedAnswer } from '../../inbox/stored-answer';
import type { Behaviour } from '../behaviour';

/**
 * The innermost behaviour: the handler runs only when its once-key is new, and its writes, its answer
 * and the key are one transaction. A refusal rolls the key back, so it stores nothing.
 *
 * For a one-statement command the key is part of that statement; see `transaction`.
 */
export const once: Behaviour = async function once({ definition, options, uow, context }, next) {
  if (options.once && definition.mode === 'query') throw new Error(`${definition.name} is a query: no once.`);
  if (!uow || !('tx' in uow)) return next();
  const { tx } = uow;
  const now = context.occurred_at;
  const { once: key, step } = options;
  if (!key) {
    const result = await next();
    await uow.write(tx);
    return result;
  }

  const claimed = await claimKey(tx, key, now);
  if (!claimed.isNew) {
    options.onRepeat?.();
    return storedAnswer(key, claimed.row);
  }
  const { neverHappened } = claimed;
  const result = neverHappened ? null : await next();

  const record = step && !neverHappened ? { step: { record: step, now } } : {};
  await uow.write(tx, { onceResult: { once: key, result }, ...record });
  return result;
};
