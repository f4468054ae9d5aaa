import { Argument, type Command, Option } from 'commander';
import { sagaSteps, type SagaType } from '../../contract';
import { getSaga } from '../../sagas/view/get-saga';
import { asOperator } from '../operator';
import { say } from '../output';
import { UsageError } from '../usage-error';
import type { Outline } from './outline';
import { runSequenceDiagram } from './run-sequence-diagram';
import { runStateDiagram } from './run-state-diagram';
import { sequenceDiagram } from './sequence-diagram';
import { stateDiagram } from './state-diagram';

const DIAGRAMS = { sequence: sequenceDiagram, state: stateDiagram } as const;
const RUN_DIAGRAMS = { sequence: runSequenceDiagram, state: runStateDiagram } as const;

interface DiagramOptions {
  readonly kind: keyof typeof DIAGRAMS;
  readonly saga?: string;
}

/** @param outlines reads the sagas' steps; only when they are wanted, because that loads the workflows */
export function addDiagramCommand(
  program: Command,
  outlines: () => Promise<Readonly<Record<SagaType, Outline>>>,
): void {
  program
    .command('diagram')
    .description('print a type of saga, or one run, as a Mermaid diagram')
    .addArgument(new Argument('[type]', 'draw its declared steps').choices(Object.keys(sagaSteps)))
    .option('--saga <saga_id>', 'draw what happened in this saga so far')
    .addOption(new Option('--kind <kind>', 'calls or states').choices(Object.keys(DIAGRAMS)).default('sequence'))
    .action(async (type: SagaType | undefined, { kind, saga: sagaId }: DiagramOptions) => {
      if ((type === undefined) === (sagaId === undefined)) throw new UsageError('Give either a type or --saga.');
      const declared = await outlines();
      if (type !== undefined) return say(DIAGRAMS[kind](type, declared[type]).trimEnd());
      const saga = await asOperator(undefined, (send) => send(getSaga({ saga_id: sagaId ?? '' })));
      say(RUN_DIAGRAMS[kind](saga, declared[saga.type]).trimEnd());
    });
}
