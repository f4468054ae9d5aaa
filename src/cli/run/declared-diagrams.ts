/** A step with the name of the activity that each of its phases calls. */
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

/** A name as people read it. */
export const titleOf = (name: string): string => name.replaceAll('_', ' ');

/** The steps that may fail: up to the pivot, or all. */
export function stepsToPivot({ steps }: Outline): readonly Step[] {
  const pivot = steps.findIndex((step) => step.confirm !== undefined);
  return pivot < 0 ? steps : steps.slice(0, pivot + 1);
}

/** Mermaid: who asks whom in which order, when all goes well and when it does not. */
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

/** Mermaid: where a saga can be, and how it gets from there to one of its two ends. */
export function stateDiagram(saga: string, outline: Outline): string {
  const { steps, followUps } = outline;
  const mayFail = stepsToPivot(outline);
  const wayBack = [
    ...mayFail
      .toReversed()
      .flatMap(({ name, compensate }) => (compensate ? [{ state: `undo_${name}`, compensate }] : [])),
    ...followUps.map(({ name, execute = name }) => ({ state: name, compensate: execute })),
  ];

  /** Where a failed step goes: to its own compensation, or to that of the last one before it that has one. */
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
