import { once } from 'node:events';
import type { Context, MiddlewareHandler } from 'hono';
import { z } from 'zod';

/** A refusal by the test provider or carrier. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: 402 | 404 | 409 | 422,
    readonly code: string,
  ) {
    super(code);
  }
}

/** Reads and checks a body. @throws Refused `validation_failed` */
export async function readBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await c.req.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  throw new Refused(422, 'validation_failed');
}

/** How a party responds: as it should, with 503, never, or never although it did what was requested. */
export const behaviours = ['normal', 'unavailable', 'hang', 'lose_answers'] as const;
/** A behaviour of a party. */
export type Behaviour = (typeof behaviours)[number];

/** A change of behaviour for the next `times` requests, or without `times` until the next change. */
export const behaviourChange = z.strictObject({ behaviour: z.enum(behaviours), times: z.int().min(1).optional() });
/** The change as JSON. */
export type BehaviourChange = z.infer<typeof behaviourChange>;

/** The behaviour of a party, which tests can change. */
export interface BehaviourSwitch {
  set(change: BehaviourChange): void;
  readonly middleware: MiddlewareHandler;
}

/** Creates the switch of a party, which behaves normally at first. */
export function createBehaviourSwitch(): BehaviourSwitch {
  let behaviour: Behaviour = 'normal';
  let left = Infinity;

  function take(): Behaviour {
    if (left < 1) behaviour = 'normal';
    left -= 1;
    return behaviour;
  }

  return {
    set(change) {
      behaviour = change.behaviour;
      left = change.times ?? Infinity;
    },
    async middleware(c, next) {
      const now = take();
      switch (now) {
        case 'normal':
          return next();
        case 'unavailable':
          return c.json({ code: 'unavailable' }, 503);
        case 'hang':
          return hang(c);
        case 'lose_answers':
          await next();
          c.res = await hang(c);
          return;
        default:
          return now satisfies never;
      }
    },
  };
}

/** Sends no response. Resolves when the client has disconnected. */
export async function hang(c: Context): Promise<Response> {
  const { signal } = c.req.raw;
  if (!signal.aborted) await once(signal, 'abort');
  return c.body(null, 504);
}
