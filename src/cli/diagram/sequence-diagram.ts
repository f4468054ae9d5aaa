import { type Outline, type Step, stepsToPivot, titleOf } from './outline';

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
