import type { SagaResponse } from '../../sagas/view/saga-view';
import type { Outline } from './outline';
import { plain, visitsOf } from './saga-run';

/** Mermaid: the states that one saga has been in, with what led from each to the next. */
export function runStateDiagram(saga: SagaResponse, outline: Outline): string {
  const visits = visitsOf(saga, outline);
  const end = saga.state === 'completed' || saga.state === 'compensated' ? saga.state : undefined;
  const transitions = [
    ['[*]', visits[0]?.name ?? end],
    ...visits.flatMap(({ name, outcome, label }, index) => {
      const next = visits[index + 1]?.name ?? end;
      if (outcome === 'at work') return [[name, name, label], ...(next ? [[name, next, 'meanwhile']] : [])];
      return next ? [[name, next, label]] : [[name, saga.state, label]];
    }),
    ...(end ? [[end, '[*]']] : []),
  ].filter(([, to]) => to !== undefined);
  return [
    '---',
    `title: ${saga.type} saga ${plain(saga.saga_id)}, ${plain(saga.state, saga.reason)}`,
    '---',
    'stateDiagram-v2',
    ...transitions.map(([from, to, label]) => `    ${from} --> ${to}${label ? `: ${label}` : ''}`),
    '',
  ].join('\n');
}
