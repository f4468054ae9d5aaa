import type { SagaResponse } from '../../sagas/view/saga-view';
import { type Outline, titleOf } from './outline';
import { plain, type Visit, visitsOf } from './saga-run';

/** Mermaid: who asked whom in one saga, and what came of it. */
export function runSequenceDiagram(saga: SagaResponse, outline: Outline): string {
  return [
    'sequenceDiagram',
    `    participant saga as ${saga.type} saga ${plain(saga.saga_id)}`,
    ...saga.steps.map(({ name }) => `    participant ${name} as ${titleOf(name)}`),
    ...visitsOf(saga, outline).flatMap(draw),
    `    Note over saga: ${plain(saga.state, saga.reason)}`,
    '',
  ].join('\n');
}

/** A dashed line with a cross is a failure; a step at work has not answered. */
function draw({ step, activity, outcome, label }: Visit): string[] {
  const asked = `    saga->>${step}: ${activity}`;
  if (outcome === 'at work') return [asked, `    Note over ${step}: ${label}`];
  return [asked, `    ${step}${outcome === 'failed' ? '--x' : '-->>'}saga: ${label}`];
}
