import { createHash } from 'node:crypto';

/**
 * A key under which something happens once. One mechanism, three key makers below; each key is a row
 * of `idempotency_key`, written in the transaction of the effect.
 */
export interface Once {
  readonly scope: string;
  readonly key: string;
  /** Of the request's content: another content under the same key is refused. */
  readonly fingerprint?: string;
  /** Where it came from, for people: `topic/partition/offset`. */
  readonly source?: string;
  readonly ttlMs: number;
  /** For a compensation: the key of the step it undoes. See {@link undoOnce}. */
  readonly undoes?: string;
  /** There is something to undo also when the step was never recorded. See {@link undoAlwaysOnce}. */
  readonly always?: true;
}

const HOUR_MS = 3_600_000;
/** Longer than any replay of Kafka or Temporal; older events are not replayed from the log. */
export const REPLAY_WINDOW_MS = 90 * 24 * HOUR_MS;

/** HTTP `Idempotency-Key`: scoped to API key and route, kept for 24 hours. */
export const requestOnce = (apiKeyId: string, route: string, key: string, body: unknown): Once => ({
  scope: `http/${apiKeyId}/${route}`,
  key,
  fingerprint: createHash('sha256').update(JSON.stringify(body)).digest('base64url'),
  ttlMs: 24 * HOUR_MS,
});

/** A saga's forward step: retried at will, done once. */
export const stepOnce = (sagaId: string, step: string): Once => ({
  scope: sagaId,
  key: step,
  ttlMs: REPLAY_WINDOW_MS,
});

/**
 * A saga's compensation. Its transaction first puts the step's own key into the inbox as undone if it
 * is not there: then the step never happened, the compensation does nothing, and a late attempt of
 * the step finds the key and does nothing either.
 */
export const undoOnce = (sagaId: string, step: string): Once => ({
  scope: sagaId,
  key: `undo/${step}`,
  undoes: step,
  ttlMs: REPLAY_WINDOW_MS,
});

/**
 * A compensation that has work to do also when its step never happened: the step called something outside, which may
 * have happened unrecorded, or what it would have taken over is there.
 */
export const undoAlwaysOnce = (sagaId: string, step: string): Once => ({ ...undoOnce(sagaId, step), always: true });

/** An event that a consumer group applies. */
export const eventOnce = (group: string, eventId: string, source: string): Once => ({
  scope: group,
  key: eventId,
  source,
  ttlMs: REPLAY_WINDOW_MS,
});
