import type { SagaType } from '../../temporal-contract';
/** A step with the names of the activities that it calls, by phase. */
export interface Step {
  readonly name: string;
  readonly execute?: string;
  readonly fallback?: string;
  readonly compensate?: string;
  readonly confirm?: string;
}

/** The steps and follow-ups of a saga. */
export interface Outline {
  readonly steps: readonly Step[];
  readonly followUps: readonly Step[];
}

/** Returns a name with spaces, for people. */
export const titleOf = (name: string): string => name.replaceAll('_', ' ');

/** Returns the steps that may fail: those up to the pivot, or all without a pivot. */
export function stepsToPivot({ steps }: Outline): readonly Step[] {
  const pivot = steps.findIndex((step) => step.confirm !== undefined);
  return pivot < 0 ? steps : steps.slice(0, pivot + 1);
}

/** Draws a sequence diagram (Mermaid) of a saga's calls, for success and for failure. */
export function sequenceDiagram(saga: string, outline: Outline): string {
  const { steps, followUps } = outline;
  const pivot = steps.find((step) => step.confirm !== undefined);
  const undone = stepsToPivot(outline).toReversed();
  return [
    'sequenceDiagram',
    `    participant saga as ${titleOf(saga)} saga`,
    ...[...steps, ...followUps].map(({ name }) => `    participant ${name} as ${titleOf(name)}`),
    '    alt every step succeeds',
    ...steps.flatMap(forward),
    `    else ${pivot ? `a step up to ${titleOf(pivot.name)} fails, or it is cancelled before` : 'a step fails, or it is cancelled'}`,
    ...(pivot?.confirm
      ? optional(`${titleOf(pivot.name)} was tried`, ask(pivot.name, `${pivot.confirm}: did it happen?`, 'no'))
      : []),
    ...undone.flatMap(({ name, compensate }) => (compensate ? ask(name, compensate, 'undone') : [])),
    ...followUps.flatMap(({ name, execute = name }) => ask(name, execute, 'done')),
    '    end',
    '',
  ].join('\n');
}

function forward({ name, execute = name, fallback, confirm }: Step): string[] {
  return [
    ...ask(name, execute, 'done'),
    ...(fallback ? optional('instead, when its circuit is open', ask(name, fallback, 'done')) : []),
    ...(confirm ? [`        Note over saga,${name}: pivot, from here on the saga only goes forward`] : []),
  ];
}

const ask = (name: string, activity: string, answer: string): string[] => [
  `        saga->>${name}: ${activity}`,
  `        ${name}-->>saga: ${answer}`,
];

const optional = (when: string, lines: readonly string[]): string[] => [
  `        opt ${when}`,
  ...lines.map((line) => `    ${line}`),
  '        end',
];

const STUCK = 'stuck after 8 attempts, then every 5 minutes or by an operator';

/** Draws a state diagram (Mermaid) of a saga's steps, compensations and ends. */
export function stateDiagram(saga: string, outline: Outline): string {
  const { steps, followUps } = outline;
  const mayFail = stepsToPivot(outline);
  const wayBack = [
    ...mayFail
      .toReversed()
      .flatMap(({ name, compensate }) => (compensate ? [{ state: `undo_${name}`, compensate }] : [])),
    ...followUps.map(({ name, execute = name }) => ({ state: name, compensate: execute })),
  ];

  /** Returns the state after a failed step: its own compensation, or that of the last step before it that has one. */
  function undoing(index: number): string {
    const started = mayFail.slice(0, index + 1).findLast(({ compensate }) => compensate !== undefined);
    return started ? `undo_${started.name}` : (followUps[0]?.name ?? 'compensated');
  }

  const transitions = [
    ['[*]', steps[0]?.name ?? 'completed'],
    ...steps.map(({ name, execute = name }, index) => [name, steps[index + 1]?.name ?? 'completed', execute]),
    ...steps.flatMap(({ name, fallback }) => (fallback ? [[name, name, `${fallback}, when its circuit is open`]] : [])),
    ...mayFail.map(({ name, confirm }, index) => [
      name,
      undoing(index),
      confirm ? `refused or timed out, and ${confirm} says no` : 'refused, timed out or cancelled',
    ]),
    ...steps.slice(mayFail.length).map(({ name }) => [name, name, STUCK]),
    ...wayBack.flatMap(({ state, compensate }, index) => [
      [state, wayBack[index + 1]?.state ?? 'compensated', compensate],
      [state, state, state.startsWith('undo_') ? `${STUCK}, who may skip it` : STUCK],
    ]),
    ['completed', '[*]'],
    ['compensated', '[*]'],
  ];
  const lines = transitions.map(([from, to, label]) => `    ${from} --> ${to}${label ? `: ${label}` : ''}`);
  return ['---', `title: ${saga} saga`, '---', 'stateDiagram-v2', ...lines, ''].join('\n');
}

/** Reads the steps of every type of saga. */
export type ReadOutlines = () => Promise<Readonly<Record<SagaType, Outline>>>;
