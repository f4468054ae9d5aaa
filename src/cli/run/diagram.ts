import { getSaga } from '../../sagas/queries';
import type { SagaType } from '../../temporal-contract';
import { asOperator } from '../operator';
import { type DiagramOptions, UsageError } from '../options';
import { say, sayJson } from '../output';
import { type ReadOutlines, sequenceDiagram, stateDiagram } from './declared-diagrams';
import { runSequenceDiagram, runStateDiagram } from './run-diagrams';

/** The kinds of diagrams, with their functions for declared sagas. */
export const DIAGRAMS = { sequence: sequenceDiagram, state: stateDiagram } as const;
const RUN_DIAGRAMS = { sequence: runSequenceDiagram, state: runStateDiagram } as const;

/** Prints a diagram of a type of saga or of one saga. @throws UsageError unless exactly one of them is given */
export async function draw(
  type: SagaType | undefined,
  { kind, saga: sagaId, json }: DiagramOptions,
  outlines: ReadOutlines,
): Promise<void> {
  if ((type === undefined) === (sagaId === undefined)) throw new UsageError('Give either a type or --saga.');
  const declared = await outlines();
  const print = (saga: string, diagram: string): void =>
    json ? sayJson({ saga, kind, diagram: diagram.trimEnd() }) : say(diagram.trimEnd());
  if (type !== undefined) return print(type, DIAGRAMS[kind](type, declared[type]));
  const run = await asOperator(undefined, (send) => send(getSaga({ saga_id: sagaId ?? '' })));
  print(run.saga_id, RUN_DIAGRAMS[kind](run, declared[run.type]));
}
