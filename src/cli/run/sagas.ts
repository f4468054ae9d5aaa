import type { StepVerdict } from '../../contract';
import { createDecideStep } from '../../sagas/decide/decide-step';
import { findStep } from '../../sagas/decide/find-step';
import { getSaga } from '../../sagas/view/get-saga';
import { listSagas } from '../../sagas/view/list-sagas';
import { restartSaga } from '../../payments/restart-saga';
import type { SagaView } from '../../sagas/view/saga-view';
import { asOperator } from '../operator';
import type { JsonOptions, PageOptions } from '../options';
import { say, sayJson, table } from '../output';

export interface ListOptions extends PageOptions {
  readonly state?: SagaView['state'];
  readonly type?: SagaView['type'];
}

export interface DecisionOptions extends JsonOptions {
  readonly reason: string;
  readonly actor?: string;
}

export async function show(sagaId: string, { json }: JsonOptions): Promise<void> {
  tell(await asOperator(undefined, (send) => send(getSaga({ saga_id: sagaId }))), json);
}

export async function decide(
  verdict: StepVerdict,
  sagaId: string,
  step: string,
  { reason, actor, json }: DecisionOptions,
): Promise<void> {
  const saga = await asOperator(actor, async (send, temporal) => {
    const found = await send(findStep({ saga_id: sagaId, step }));
    await createDecideStep(temporal)(sagaId, verdict, { step, actor: found.actor, reason });
    return send(getSaga({ saga_id: sagaId }));
  });
  tell(saga, json);
}

export async function list({ json, ...filter }: ListOptions): Promise<void> {
  const page = await asOperator(undefined, (send) => send(listSagas(filter)));
  if (json) return sayJson(page);
  if (page.data.length === 0) return say('There is no such saga.');
  const rows = page.data.map(({ saga_id, type, state, reason, steps }) => {
    const done = steps.filter((step) => step.state === 'done').length;
    const atWork = steps.find((step) => step.state === 'running' || step.state === 'undoing');
    return [
      saga_id,
      type,
      state,
      `${done} of ${steps.length}`,
      atWork?.name,
      atWork?.attempts,
      atWork?.error ?? reason,
    ];
  });
  say(table(['SAGA', 'TYPE', 'STATE', 'STEPS DONE', 'AT WORK', 'ATTEMPTS', 'ERROR'], rows));
  if (page.next_cursor !== null) say(`\nThere are more: --cursor ${page.next_cursor}`);
}

export async function restart(sagaId: string, { reason, actor, json }: DecisionOptions): Promise<void> {
  const { saga_id } = await asOperator(actor, (send) => send(restartSaga({ saga_id: sagaId, reason })));
  if (json) sayJson({ status: 'pending', saga_id });
  else say(`${saga_id} is recorded; a worker starts it within seconds.`);
}

function tell(saga: SagaView, json = false): void {
  if (json) return sayJson(saga);
  say(
    `${saga.saga_id}: ${saga.type} saga, ${saga.state}${saga.reason === null ? '' : `: ${saga.reason}`}${saga.workflow_url ? `\n${saga.workflow_url}` : ''}\n`,
  );
  const rows = saga.steps.map(({ name, state, attempts, ended_at, error }) => [name, state, attempts, ended_at, error]);
  say(table(['STEP', 'STATE', 'ATTEMPTS', 'ENDED', 'ERROR'], rows));
}
