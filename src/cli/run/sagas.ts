import { restartSaga } from '../../payments/restart-saga';
import { createDecideStep } from '../../sagas/operate';
import { getSaga, listSagas } from '../../sagas/queries';
import { findSaga } from '../../sagas/saga';
import type { SagaResponse } from '../../sagas/view';
import type { StepResolution } from '../../temporal-contract';
import { asOperator } from '../operator';
import type { JsonOptions, PageOptions } from '../options';
import { say, sayJson, table } from '../output';

type StepResponse = SagaResponse['steps'][number];

/** The options of `paysaga sagas ls`. */
export interface ListOptions extends PageOptions {
  readonly state?: SagaResponse['state'];
  readonly type?: SagaResponse['type'];
}

/** The options of a decision about a saga. */
export interface DecisionOptions extends JsonOptions {
  readonly reason: string;
  readonly actor?: string;
}

/** Prints one saga with its steps. */
export async function show(sagaId: string, { json }: JsonOptions): Promise<void> {
  print(await asOperator(undefined, (send) => send(getSaga({ saga_id: sagaId }))), json);
}

/** Sends a decision about a stuck step, and prints the saga. */
export async function decide(
  resolution: StepResolution,
  sagaId: string,
  step: string,
  { reason, actor, json }: DecisionOptions,
): Promise<void> {
  const saga = await asOperator(actor, async (send, temporal, operator) => {
    await send(findSaga({ saga_id: sagaId }));
    await createDecideStep(temporal)(sagaId, resolution, { step, actor: operator, reason });
    return send(getSaga({ saga_id: sagaId }));
  });
  print(saga, json);
}

/** Prints a page of sagas. */
export async function list({ json, ...filter }: ListOptions): Promise<void> {
  const page = await asOperator(undefined, (send) => send(listSagas(filter)));
  if (json) return sayJson(page);
  if (page.data.length === 0) return say('There is no such saga.');
  const rows = page.data.map(({ saga_id, type, state, reason, steps_done, steps_total, steps }) => {
    const atWork = steps.find((step) => step.stuck) ?? steps.find(isAtWork);
    return [
      saga_id,
      type,
      state,
      `${steps_done} of ${steps_total}`,
      atWork?.name,
      atWork?.attempts,
      atWork?.stuck?.next_attempt_at,
      atWork?.error ?? reason,
    ];
  });
  say(table(['SAGA', 'TYPE', 'STATE', 'STEPS DONE', 'AT WORK', 'ATTEMPTS', 'NEXT ATTEMPT', 'ERROR'], rows));
  if (page.next_cursor !== null) say(`\nThere are more: --cursor ${page.next_cursor}`);
}

const isAtWork = ({ state }: StepResponse): boolean => state === 'running' || state === 'undoing';

/** Restarts a compensated payment saga, and prints the new saga's id. */
export async function restart(sagaId: string, { reason, actor, json }: DecisionOptions): Promise<void> {
  const { saga_id } = await asOperator(actor, (send) => send(restartSaga({ saga_id: sagaId, reason })));
  if (json) sayJson({ status: 'pending', saga_id });
  else say(`${saga_id} is recorded; a worker starts it within seconds.`);
}

function print(saga: SagaResponse, json = false): void {
  if (json) return sayJson(saga);
  const { saga_id, type, state, reason, steps_done, steps_total, steps, workflow_url } = saga;
  say(`${saga_id}: ${type} saga, ${state}, ${steps_done} of ${steps_total} steps done${reason ? `: ${reason}` : ''}`);
  if (workflow_url) say(workflow_url);
  const rows = steps.map((step) => [
    step.follow_up ? `${step.name} (follow-up)` : step.name,
    step.state,
    step.attempts,
    step.ended_at,
    step.stuck?.next_attempt_at,
    step.error,
  ]);
  say(`\n${table(['STEP', 'STATE', 'ATTEMPTS', 'ENDED', 'NEXT ATTEMPT', 'ERROR'], rows)}`);
  steps.forEach(printStuck);
}

function printStuck({ name, phase, attempts, stuck }: StepResponse): void {
  if (!stuck) return;
  const what = phase === 'compensate' ? `The compensation of ${name}` : name;
  const next = stuck.next_attempt_at
    ? `The next attempt is at ${stuck.next_attempt_at}.`
    : 'It is tried every 5 minutes.';
  say(`\n${what} is stuck after ${attempts} attempts. ${next} To try it now:\n  ${stuck.command}`);
}
