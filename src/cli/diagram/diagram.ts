import { Argument, type Command, Option } from 'commander';
import { sagaSteps, type SagaType } from '../../contract';
import { say } from '../output';
import type { Outline } from './outline';
import { sequenceDiagram } from './sequence-diagram';
import { stateDiagram } from './state-diagram';

const DIAGRAMS = { sequence: sequenceDiagram, state: stateDiagram } as const;

interface DiagramOptions {
  readonly kind: keyof typeof DIAGRAMS;
}

/** @param outlines reads the sagas' steps; only when they are wanted, because that loads the workflows */
export function addDiagramCommand(
  program: Command,
  outlines: () => Promise<Readonly<Record<SagaType, Outline>>>,
): void {
  program
    .command('diagram')
    .description('print a saga as a Mermaid diagram, drawn from its declared steps')
    .addArgument(new Argument('<saga>', 'which').choices(Object.keys(sagaSteps)))
    .addOption(new Option('--kind <kind>', 'which').choices(Object.keys(DIAGRAMS)).default('sequence'))
    .action(async (saga: SagaType, { kind }: DiagramOptions) => {
      say(DIAGRAMS[kind](saga, (await outlines())[saga]).trimEnd());
    });
}
