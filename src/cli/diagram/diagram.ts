import { Argument, type Command, Option } from 'commander';
import type { SagaType } from '../../contract';
import { choices } from '../choices';
import { jsonOption, type JsonOptions } from '../options';
import { say, sayJson } from '../output';
import type { Outline } from './outline';
import { sequenceDiagram } from './sequence-diagram';
import { stateDiagram } from './state-diagram';

const DIAGRAMS = { sequence: sequenceDiagram, state: stateDiagram } as const;

interface DiagramOptions extends JsonOptions {
  readonly kind: keyof typeof DIAGRAMS;
}

/** Reads the steps of all sagas. */
export type ReadOutlines = () => Promise<Readonly<Record<SagaType, Outline>>>;

/** @param outlines called only when a diagram is drawn, because it loads the workflows */
export function addDiagramCommand(program: Command, outlines: ReadOutlines): void {
  program
    .command('diagram')
    .description('print a saga as a Mermaid diagram, drawn from its declared steps')
    .addArgument(new Argument('<saga>', 'the type of the saga').choices(choices.sagaTypes))
    .addOption(new Option('--kind <kind>', 'the kind of diagram').choices(Object.keys(DIAGRAMS)).default('sequence'))
    .addOption(jsonOption())
    .action(async (saga: SagaType, { kind, json }: DiagramOptions) => {
      const diagram = DIAGRAMS[kind](saga, (await outlines())[saga]).trimEnd();
      if (json) sayJson({ saga, kind, diagram });
      else say(diagram);
    });
}
