import { type Outline, stepsToPivot } from './outline';

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
