import type { SagaResponse } from '../../sagas/view';
import { type Outline, titleOf } from './declared-diagrams';

type StepResponse = SagaResponse['steps'][number];

/** A phase of a step in a saga: its execution or its compensation. */
export interface Visit {
  /** The step's name, after `undo_` for its compensation. */
  readonly name: string;
  readonly step: string;
  readonly activity: string;
  readonly outcome: 'done' | 'failed' | 'undone' | 'skipped' | 'at work';
  /** The outcome for people, such as `done after 3 attempts` or `stuck after 8 attempts, The ledger is away.`. */
  readonly label: string;
}

/** Returns the phases of a saga in order: executions, compensations in reverse, then follow-ups. */
export function visitsOf(saga: SagaResponse, outline: Outline): Visit[] {
  const own = saga.steps.filter(({ follow_up }) => !follow_up);
  const started = own.filter(({ state }) => state !== 'pending');
  const isBack = started.some(({ state, phase }) => state === 'failed' || phase === 'compensate');
  // Compensation began at the last step that had started.
  const failed = isBack ? started.at(-1) : undefined;
  const activityOf = (name: string, phase: 'execute' | 'compensate'): string =>
    [...outline.steps, ...outline.followUps].find((step) => step.name === name)?.[phase] ?? name;

  const forward = (step: StepResponse): Visit => {
    const visit = { name: step.name, step: step.name, activity: activityOf(step.name, 'execute') };
    if (step === failed) return { ...visit, outcome: 'failed', label: failure(step) };
    if (step.phase === 'compensate') return { ...visit, outcome: 'done', label: 'done' };
    if (step.state === 'done') return { ...visit, outcome: 'done', label: `done${after(step)}` };
    return { ...visit, outcome: 'at work', label: atWork(step) };
  };

  const back = (step: StepResponse): Visit => {
    const visit = { name: `undo_${step.name}`, step: step.name, activity: activityOf(step.name, 'compensate') };
    const { state } = step;
    if (state === 'undone') return { ...visit, outcome: 'undone', label: `undone${after(step)}` };
    if (state === 'skipped') return { ...visit, outcome: 'skipped', label: `skipped by an operator${after(step)}` };
    return { ...visit, outcome: 'at work', label: atWork(step) };
  };

  const followUps = saga.steps.filter(({ follow_up, state }) => follow_up && state !== 'pending');
  return [
    ...started.map(forward),
    ...started
      .filter(({ phase }) => phase === 'compensate')
      .toReversed()
      .map(back),
    ...followUps.map(forward),
  ];
}

/** The number of attempts, if it is more than one. */
const after = ({ attempts }: StepResponse): string => (attempts > 1 ? ` after ${attempts} attempts` : '');

/** Returns a compensation's own error, which it has only after more than one attempt. */
function failure({ state, error, attempts }: StepResponse): string {
  if (state === 'failed') return plain(`failed${attempts > 1 ? ` after ${attempts} attempts` : ''}`, error);
  return plain('failed', attempts > 1 ? null : error);
}

function atWork({ phase, attempts, error, stuck }: StepResponse): string {
  const state = stuck ? 'stuck' : phase === 'compensate' ? 'undoing' : 'running';
  const next = stuck?.next_attempt_at ? `next attempt at ${stuck.next_attempt_at}` : null;
  return plain(`${state}${attempts > 0 ? `, attempts ${attempts}` : ''}`, error, next);
}

const MAX_LABEL = 160;

/** Joins texts into one line without the characters that have a meaning in Mermaid's labels. */
export const plain = (...parts: readonly (string | null)[]): string =>
  parts
    .filter((part) => part !== null)
    .join(', ')
    .replace(/[\p{Cc}]+/gu, ' ')
    .replace(/(\d):(?=\d)/g, '$1.')
    .replace(/[:;#]+/g, ',')
    .slice(0, MAX_LABEL);

/** Draws a sequence diagram (Mermaid) of the calls of one saga and their outcomes. */
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

/** Draws a phase. A failure is a dashed line with a cross; a step at work has no response yet. */
function draw({ step, activity, outcome, label }: Visit): string[] {
  const asked = `    saga->>${step}: ${activity}`;
  if (outcome === 'at work') return [asked, `    Note over ${step}: ${label}`];
  return [asked, `    ${step}${outcome === 'failed' ? '--x' : '-->>'}saga: ${label}`];
}

/** Draws a state diagram (Mermaid) of the states of one saga, with what led from each to the next. */
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
